"""The `[limits]` of a profile: figures that a project sets itself, each with owner, date and reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ..criteria.limits import LIMITS, KnownLimit
from ..declaration import suggestion
from ..errors import ConfigError
from ..model import NamedLimit

_KEYS = ("value", "unit", "owner", "date", "reason")


def read_limits(table: Any, where: str) -> Mapping[str, NamedLimit]:
    """The limits of a profile by name. Raises `ConfigError` with the key path, the reason and a suggestion."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table")
    return {name: _limit(name, entry, f"{where}.{name}") for name, entry in sorted(table.items())}


def _limit(name: str, entry: Any, where: str) -> NamedLimit:
    known = LIMITS.get(name)
    if known is None:
        raise ConfigError(f"{where} is no limit{suggestion(name, LIMITS)}; known: {', '.join(LIMITS)}")
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} must be a table with {', '.join(_KEYS)}")
    for key in entry:
        if key not in _KEYS:
            raise ConfigError(f"{where}.{key} is unknown{suggestion(key, _KEYS)}")
    for key in _KEYS:
        if key not in entry:
            raise ConfigError(f"{where}.{key} is missing; a limit needs {', '.join(_KEYS)}")
    if entry["unit"] != known.unit:
        raise ConfigError(f"{where}.unit: {entry['unit']!r} is not its unit; write {known.unit!r}")
    return NamedLimit(
        name=name,
        value=_value(entry["value"], known, f"{where}.value"),
        unit=known.unit,
        owner=_words(entry["owner"], f"{where}.owner", "the person who answers for this figure"),
        date=_day(entry["date"], f"{where}.date"),
        reason=_words(entry["reason"], f"{where}.reason", "why it is this figure"),
    )


def _value(value: Any, known: KnownLimit, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{where} must be a whole number of {known.unit} above 0, not {value!r}")
    if known.unit == "percent" and value > 100:
        raise ConfigError(f"{where}: {value} is more than 100 percent")
    return value


def _words(value: Any, where: str, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where} is empty; say {what}")
    return value.strip()


def _day(value: Any, where: str) -> date:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ConfigError(f"{where}: {value!r} is not a day; write 2026-04-01") from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ConfigError(f"{where} must be a day, as in 2026-04-01, not {value!r}")
    return value
