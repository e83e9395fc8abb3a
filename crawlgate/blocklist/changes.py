"""What differs between two versions of a feed, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


def changes(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    """The entries that differ, by id. `removed` are gone without a word; `withdrawn` say so. Both sides are sorted by
    id, as entries of a feed are, so that two versions of millions are compared without holding them."""
    old, new = iter(before), iter(after)
    first, second = next(old, None), next(new, None)
    while first is not None or second is not None:
        one = None if first is None else str(first["id"])
        two = None if second is None else str(second["id"])
        if two is None or (one is not None and one < two):
            yield Change("removed", str(one), first, None)
            first = next(old, None)
        elif one is None or two < one:
            yield Change("added", two, None, second)
            second = next(new, None)
        else:
            if first != second:
                gone = second is not None and second.get("withdrawn_at")
                said = first is not None and first.get("withdrawn_at")
                yield Change("withdrawn" if gone and not said else "changed", two, first, second)
            first, second = next(old, None), next(new, None)
