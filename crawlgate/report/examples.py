"""A bounded number of examples, from different sites and statements before the same ones again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from ..criteria import CATALOGUE
from ..model import Outcome
from .gist import Gist, mapping, sequence, text, whole

_RECENT = 64
_USES = 3
_QUOTED = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One answer that rests on a finding. `reason` and `params` make its sentence; `statement` (a kind of
    signal), `name`, `line` and `raw` say what was read where, as far as the finding rests on a signal."""

    url: str
    at: datetime
    stage: str
    record: str
    criterion: str
    outcome: Outcome
    reason: str
    params: Mapping[str, str]
    statement: str = ""
    name: str = ""
    line: int | None = None
    raw: str = ""
    evidence: str = ""


class Shelf:
    """Up to `limit` examples for each key that is offered."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[object, dict[tuple[str, str], Example]] = {}
        self._spare: dict[object, list[Example]] = {}

    def offer(self, key: object, site: str, example: Example) -> None:
        """Keep the example if there is still room for it."""
        kept = self._kept.setdefault(key, {})
        source = (site, example.statement or example.reason)
        if source not in kept and len(kept) < self._limit:
            kept[source] = example
            return
        spare = self._spare.setdefault(key, [])
        if len(spare) < self._limit and all(example.url != other.url for other in chain(kept.values(), spare)):
            spare.append(example)

    def examples(self, key: object) -> tuple[Example, ...]:
        """What was kept for a key, in the order of the ledger."""
        found = [*self._kept.get(key, {}).values(), *self._spare.get(key, [])]
        return tuple(sorted(found[: self._limit], key=lambda example: example.at))


class Recent:
    """The last few bases in full, each for a few decisions: enough to take examples from, and no more."""

    def __init__(self) -> None:
        self._tables: OrderedDict[tuple[str, int], tuple[Mapping[str, Any], list[int]]] = OrderedDict()

    def add(self, segment: str, table: Mapping[str, Any]) -> None:
        """Remember a basis record."""
        self._tables[segment, whole(table.get("id"))] = (table, [_USES])
        if len(self._tables) > _RECENT:
            self._tables.popitem(last=False)

    def take(self, segment: str, number: int) -> Mapping[str, Any] | None:
        """The basis of that id, unless it has served often enough or is too long ago."""
        found = self._tables.get((segment, number))
        if found is None:
            return None
        table, uses = found
        uses[0] -= 1
        if uses[0] <= 0:
            del self._tables[segment, number]
        return table


def examples(url: str, at: datetime, record: str, gist: Gist, basis: Mapping[str, Any]) -> Iterator[Example]:
    """One example for each finding of an answer that says more than "looked, nothing there"."""
    findings = mapping(basis.get("findings"))
    for criterion, outcome in gist.outcomes:
        if outcome is Outcome.NOT_MET and criterion not in gist.reasons:
            continue
        if criterion not in CATALOGUE.criteria:
            continue
        finding = mapping(findings.get(criterion))
        signal = mapping(next(iter(sequence(finding.get("signals"), 1)), None))
        line = signal.get("line")
        yield Example(
            url=url,
            at=at,
            stage=gist.stage,
            record=record,
            criterion=criterion,
            outcome=outcome,
            reason=text(finding.get("reason")),
            params={text(key): text(value, _QUOTED) for key, value in mapping(finding.get("params")).items()},
            statement=text(signal.get("kind")),
            name=text(signal.get("name")),
            line=line if type(line) is int else None,
            raw=text(signal.get("raw"), _QUOTED),
            evidence=text(signal.get("evidence")),
        )
