"""A file of happenings: one canonical JSON object a line, oldest first, added to and never rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ..errors import ConfigError
from .files import read_bounded

_LONGEST = 256 * 1024 * 1024


def read_journal(place: Path) -> tuple[dict[str, Any], ...]:
    """The lines of a file of happenings; a last line that was cut was never acknowledged. Raises `ConfigError`."""
    try:
        data = read_bounded(place, _LONGEST)
    except OSError as error:
        raise ConfigError(f"{place} cannot be read: {error.strerror or error}") from None
    whole, _, _ = (data or b"").rpartition(b"\n")
    lines = []
    for number, text in enumerate(whole.split(b"\n") if whole else (), 1):
        try:
            line = orjson.loads(text)
            if not isinstance(line["event"], str):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            if text.startswith(b"{") and not text.endswith(b"}"):
                continue  # cut by a crash, closed when the next line was written
            raise ConfigError(
                f"{place}, line {number}, cannot be read; it dates what was received, so restore it from a copy, or "
                "run `crawlgate blocklist rebuild`"
            ) from None
        lines.append(line)
    return tuple(lines)


def merged(lines: Iterable[Mapping[str, Any]], place: Path) -> list[Mapping[str, Any]]:
    """`lines`, and those of the file at `place` that are not among them, where they can be read. Lines without a
    record of the ledger, as those about first loads, count as the same where they say the same."""
    found = list(lines)
    known = {_identity(line) for line in found}
    try:
        there = read_journal(place)
    except ConfigError:
        return found
    return found + [line for line in there if _identity(line) not in known]


def _identity(line: Mapping[str, Any]) -> tuple[str, str]:
    name = line.get("record") or line.get("n") or line.get("id")
    return str(line["event"]), str(name)


def canonical_line(line: Mapping[str, Any]) -> bytes:
    """A line of a file of happenings."""
    return orjson.dumps(dict(line), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def text_of(at: datetime) -> str:
    """A time as records write it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def time_of(text: str) -> datetime:
    """A time from a record. Raises `ValueError`, also where it has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return at.astimezone(UTC)
