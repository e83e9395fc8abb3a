"""What differs between two versions of a feed, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_TARGET = ("scope", "value", "path_prefix")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that differs. `what` is `added`, `changed`, `withdrawn` or `removed`; `fields` are those that differ,
    with `before` and `after` (None: the entry or field was not there)."""

    what: str
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def fields(self) -> tuple[str, ...]:
        before, after = self.before or {}, self.after or {}
        return tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))

    @property
    def moved(self) -> bool:
        """True if one id names another target than before: a new claim under an old name."""
        before, after = self.before, self.after
        return before is not None and after is not None and any(before.get(n) != after.get(n) for n in _TARGET)


def changes(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """The entries that differ, by id. `removed` are gone without a word; `withdrawn` say so."""
    old = {str(table["id"]): table for table in before}
    new = {str(table["id"]): table for table in after}
    found = []
    for name in sorted(old.keys() | new.keys()):
        first, second = old.get(name), new.get(name)
        if first == second:
            continue
        if second is None:
            what = "removed"
        elif first is None:
            what = "added"
        else:
            what = "withdrawn" if second.get("withdrawn_at") and not first.get("withdrawn_at") else "changed"
        found.append(Change(what, name, first, second))
    return tuple(found)
