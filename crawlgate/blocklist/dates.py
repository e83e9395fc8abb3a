"""When each entry of a feed was first received: one date for most of them, and those that differ by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .entry import EntryError, entry_from_table
from .journal import text_of, time_of


@dataclass(frozen=True, slots=True)
class Dates:
    """First receipts. `usual` holds for every entry that is not in `others`."""

    usual: datetime
    others: Mapping[str, datetime] = field(default_factory=dict)

    def of(self, entry: str) -> datetime:
        """When the entry of that id, with its present target, was first received."""
        return self.others.get(entry, self.usual)

    def table(self) -> dict[str, Any]:
        """For a file: each date once."""
        times = sorted(set(self.others.values()))
        places = {at: place for place, at in enumerate(times)}
        return {
            "others": {entry: places[at] for entry, at in self.others.items()},
            "times": [text_of(at) for at in times],
            "usual": text_of(self.usual),
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Dates:
        """Raises `KeyError`, `TypeError`, `ValueError` or `IndexError` for what `table` did not write."""
        times = [time_of(text) for text in table["times"]]
        return cls(time_of(table["usual"]), {entry: times[place] for entry, place in table["others"].items()})


def following(
    before: Iterable[Mapping[str, Any]],
    dates: Dates | None,
    after: Iterable[Mapping[str, Any]],
    received_at: datetime,
) -> Dates:
    """First receipts for the entries `after`, received at `received_at`, given those `before` it and theirs. An entry
    keeps its date while each version names it with the same target."""
    targets = {str(table["id"]): _target(table) for table in before}
    found: dict[str, datetime] = {}
    for table in after:
        entry = str(table["id"])
        known = dates is not None and entry in targets and _same(targets[entry], _target(table))
        found[entry] = dates.of(entry) if known and dates is not None else received_at
    usual = Counter(found.values()).most_common(1)
    if not usual:
        return Dates(received_at)
    at = usual[0][0]
    return Dates(at, {entry: other for entry, other in found.items() if other != at})


_Target = tuple[Any, Any, Any]


def _target(table: Mapping[str, Any]) -> _Target:
    return table.get("scope"), table.get("value"), table.get("path_prefix")


def _same(one: _Target, other: _Target) -> bool:
    if one == other:
        return True
    try:  # the same in another spelling?
        return _normalised(one) == _normalised(other)
    except EntryError:
        return False


def _normalised(target: _Target) -> _Target:
    names = ("scope", "value", "path_prefix")
    entry = entry_from_table({name: part for name, part in zip(names, target, strict=True) if part is not None})
    return entry.scope, entry.value, entry.path_prefix
