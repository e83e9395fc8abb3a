"""Rows over time: hours, days, months or years, so that there are few enough to read; none is left out between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from ..gist import Answer
from .account import Period

_MOST = 62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def periods(hours: Mapping[tuple[int, Answer], int]) -> tuple[str, tuple[Period, ...]]:
    """The unit (`hour`, `day`, `month` or `year`) and the periods, from rows by hour since 1970 and answer."""
    if not hours:
        return "day", ()
    first, last = min(hour for hour, _ in hours), max(hour for hour, _ in hours)
    unit = next((name for name in _UNITS if len(list(_between(name, first, last))) <= _MOST), "year")
    name_of = _UNITS[unit]
    counts: dict[str, Counter[Answer]] = {name: Counter() for name in _between(unit, first, last)}
    for (hour, answer), rows in hours.items():
        counts[name_of(_at(hour))][answer] += rows
    return unit, tuple(Period(name, dict(found)) for name, found in counts.items())


_UNITS: Mapping[str, Callable[[datetime], str]] = {
    "hour": lambda at: at.strftime("%Y-%m-%d %H:00"),
    "day": lambda at: at.strftime("%Y-%m-%d"),
    "month": lambda at: f"{at.year:04}-{at.month:02}",
    "year": lambda at: f"{at.year:04}",
}


def _at(hour: int) -> datetime:
    return _EPOCH + timedelta(hours=hour)


def _between(unit: str, first: int, last: int) -> Iterator[str]:
    """The names of all periods from one hour to another; gives up soon after there are too many to be shown."""
    at, end = _at(first), _at(last)
    name_of, told = _UNITS[unit], 0
    name = ""
    while at <= end and told <= _MOST * 4:
        if name_of(at) != name:
            name, told = name_of(at), told + 1
            yield name
        at = _next(unit, at)
    if name_of(end) != name and told <= _MOST * 4:
        yield name_of(end)


def _next(unit: str, at: datetime) -> datetime:
    if unit == "hour":
        return at + timedelta(hours=1)
    if unit == "day":
        return at + timedelta(days=1)
    if unit == "month":
        return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
    return datetime(at.year + 1, 1, 1, tzinfo=UTC)
