"""What differs between two judgements of the same cases: verdicts, findings and reasons, case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..criteria import CATALOGUE

CHANGES_SCHEMA = "crawlgate.changes/1"

Judgement = Mapping[str, Any]
"""A line of `crawlgate judge`."""

_COMPARED = ("verdict", "temporary", "error", "not_judged")


def changes(before: Judgement | None, after: Judgement | None) -> dict[str, Any] | None:
    """How one case's judgement differs, as a table of pairs (before, after); None if it does not.

    A judgement is a line of `crawlgate judge`, None where there is none for the case. `findings` holds the
    criteria whose outcome differs, None for one that was not assessed; `reasons` stand whole where the criteria
    that decided differ.
    """
    old, new = before or {}, after or {}
    table: dict[str, Any] = {key: [old.get(key), new.get(key)] for key in _COMPARED if old.get(key) != new.get(key)}
    outcomes = _mapping(old.get("findings")), _mapping(new.get("findings"))
    names = sorted(outcomes[0].keys() | outcomes[1].keys())
    found = {
        name: [outcomes[0].get(name), outcomes[1].get(name)]
        for name in names
        if outcomes[0].get(name) != outcomes[1].get(name)
    }
    if found:
        table["findings"] = found
    reasons = _texts(old.get("reasons")), _texts(new.get("reasons"))
    if _decided(reasons[0]) != _decided(reasons[1]):
        table["reasons"] = [*reasons]
    if not table and (before is None) == (after is None):
        return None
    known = old.get("id") or new.get("id")
    return {"schema": CHANGES_SCHEMA, "id": known, "in": [before is not None, after is not None], **table}


def _decided(reasons: list[str]) -> list[str]:
    """The criteria that decided; their sentences may be in different languages."""
    return [reason.partition(":")[0] for reason in reasons]


def _mapping(value: Any) -> Mapping[str, Any]:
    """`value` if it is an object; otherwise an empty one."""
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def paired(
    before: Iterable[Judgement], after: Iterable[Judgement]
) -> Iterator[tuple[Judgement | None, Judgement | None]]:
    """Judgements of two runs by the case's id, in the order of the first; what only the second has comes last. An
    id that stands several times is paired in order."""
    later = dict(_keyed(after))
    for key, judgement in _keyed(before):
        yield judgement, later.pop(key, None)
    for judgement in later.values():
        yield None, judgement


def _keyed(judgements: Iterable[Judgement]) -> Iterator[tuple[tuple[str, int], Judgement]]:
    seen: Counter[str] = Counter()
    for judgement in judgements:
        name = str(judgement.get("id"))
        yield (name, seen[name]), judgement
        seen[name] += 1


def criteria_changed(table: Mapping[str, Any]) -> list[str]:
    """The criteria that differ in a table of `changes`, in the catalogue's order."""
    named = set(_mapping(table.get("findings")))
    for reasons in table.get("reasons", []):
        named.update(_decided(reasons))
    return [name for name in CATALOGUE.criteria if name in named]


__all__ = ["CHANGES_SCHEMA", "Judgement", "changes", "criteria_changed", "paired"]
