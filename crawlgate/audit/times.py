"""A column of times as microseconds since 1970 UTC. A time without a zone is no time: nobody knows when it was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import ConfigError
from .book import EPOCH, MICROSECOND, micros
from .texts import encoded, plain
from .timeline import BEGINNING

_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})\Z")
_NUMBER = re.compile(r"(?:[0-9]{9,13}|[0-9]{15,16})(?:\.[0-9]+)?\Z")
_FARTHEST = 2**62
_USUAL = pa.timestamp("us", "UTC")
_HOUR = timedelta(hours=1) // MICROSECOND
_EARLIEST = micros(datetime(1990, 1, 1, tzinfo=UTC))


class Times(NamedTuple):
    """`at` by row; `refused` are rows whose time cannot be used: a code and a message."""

    at: npt.NDArray[np.int64]
    refused: dict[int, tuple[str, str]]


def read_times(column: Any, *, latest: datetime, zone: tzinfo | None = None) -> Times:
    """Read timestamps with a zone, numbers (seconds, milliseconds or microseconds since 1970, by their size), and
    text: RFC 3339, such numbers, or the fourteen digits of web archives (UTC by definition). Times without a zone are
    of `zone`, and refused without it. Times before the web or after `latest` are refused."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    refused: dict[int, tuple[str, str]] = {}
    kind = column.type
    if not pa.types.is_dictionary(kind) or pa.types.is_temporal(kind.value_type):
        column = plain(column)
        kind = column.type
    last = micros(latest)
    if kind == _USUAL and not column.null_count and len(column):
        at = column.view(pa.int64()).to_numpy()
        if at.min() >= _EARLIEST and at.max() <= last:
            return Times(at, refused)
    if pa.types.is_timestamp(kind):
        at = _of_timestamps(column, refused, zone)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        at = _of_numbers(column)
    else:
        at = _of_texts(column, refused, zone)
    odd = (at < _EARLIEST) | (at > last)
    if column.null_count:
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        refused.update((row, ("no_time", "the time is missing")) for row in np.flatnonzero(nulls).tolist())
        odd &= ~nulls
    for row in np.flatnonzero(odd).tolist():
        if row not in refused:
            refused[row] = (
                "time_out_of_range",
                f"{_shown(column[row])} is before 1990 or after {latest:%Y-%m-%d}",
            )
    return Times(at, refused)


def _shown(value: Any) -> str:
    try:
        return str(value)
    except (ValueError, OverflowError):  # Python has no date for it
        return f"{value.value} ({value.type})"


def zone_named(name: str) -> tzinfo:
    """A zone by its name, or by its offset. Raises `ConfigError`."""
    try:
        return datetime.fromisoformat(f"2024-01-01T00:00:00{'Z' if name == 'UTC' else name}").tzinfo or ZoneInfo(name)
    except ValueError:
        pass
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ConfigError(f"{name}: not a zone; write UTC, an offset like +09:00, or a name like Asia/Tokyo") from None


def _of_timestamps(column: Any, refused: dict[int, tuple[str, str]], zone: tzinfo | None) -> npt.NDArray[np.int64]:
    if column.type.tz is None and zone is not None:
        return _in_zone(_micros(column), zone)
    if column.type.tz is None:
        message = "the column's times have no zone; write them with one, or say which they have (--zone)"
        refused.update((row, ("no_zone", message)) for row in range(len(column)))
        return np.zeros(len(column), np.int64)
    return _micros(column)


def _micros(column: Any) -> npt.NDArray[np.int64]:
    """Timestamps of any unit, by their own zone's clock or UTC; what is beyond the range of 64 bits is at its end."""
    values = _numbers(column.view(pa.int64()))
    if column.type.unit == "ns":
        return values // 1000
    scale = {"s": 1_000_000, "ms": 1000, "us": 1}[column.type.unit]
    return np.clip(values, -_FARTHEST // scale, _FARTHEST // scale) * scale


def _in_zone(local: npt.NDArray[np.int64], zone: tzinfo) -> npt.NDArray[np.int64]:
    """Times of a zone's clocks as times of UTC; what its offset is, is looked up once an hour."""
    hours, codes = np.unique(local // _HOUR, return_inverse=True)
    shifts = [_shift(int(hour), zone) for hour in hours.tolist()]
    found: npt.NDArray[np.int64] = local - np.array(shifts or [0], np.int64)[codes]
    return found


def _shift(hour: int, zone: tzinfo) -> int:
    try:
        at = (EPOCH + hour * _HOUR * MICROSECOND).replace(tzinfo=zone)
        return (at.utcoffset() or timedelta()) // MICROSECOND
    except OverflowError:
        return 0  # refused as out of range anyway


def _of_numbers(column: Any) -> npt.NDArray[np.int64]:
    values = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
    scale = np.where(np.abs(values) < 1e11, 1e6, np.where(np.abs(values) < 1e14, 1e3, 1.0))
    with np.errstate(invalid="ignore", over="ignore"):
        found: npt.NDArray[np.int64] = np.clip(np.nan_to_num(values * scale), -9e18, 9e18).astype(np.int64)
    for row in np.flatnonzero((values >= 19900101000000) & (values < 22000101000000)).tolist():
        digits = _of_text(f"{values[row]:.0f}")  # fourteen digits of archives; as milliseconds it were the year 2600
        if isinstance(digits, int):
            found[row] = digits
    return found


def _of_texts(column: Any, refused: dict[int, tuple[str, str]], zone: tzinfo | None) -> npt.NDArray[np.int64]:
    """Times repeat or not; each spelling is read once."""
    coded = encoded(column)
    read = [_of_text(text, zone) for text in coded.dictionary.to_pylist()]
    at = np.array([value if isinstance(value, int) else BEGINNING for value in read] or [0], np.int64)
    codes = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    bad = np.array([isinstance(value, tuple) for value in read] or [False], np.bool_)[codes]
    for row in np.flatnonzero(bad).tolist():
        value = read[codes[row]]
        if isinstance(value, tuple):
            refused[row] = value
    found: npt.NDArray[np.int64] = at[codes]
    return found


def _of_text(text: str | None, zone: tzinfo | None = None) -> int | tuple[str, str]:
    if text is None:
        return "no_time", "the time is missing"
    shown = repr(text[:60])
    if _NUMBER.match(text):
        return int(_of_numbers(pa.array([float(text)]))[0])
    digits = _DIGITS.match(text.strip())
    try:
        # fromisoformat reads both once the digits are parted.
        parted = "{}-{}-{}T{}:{}:{}Z".format(*digits.groups()) if digits else text.strip()
        at = datetime.fromisoformat(parted)
    except ValueError:
        return "bad_time", f"{shown} is no time; write RFC 3339 (2024-05-01T12:00:00Z) or the 14 digits of archives"
    if at.tzinfo is None and zone is not None and ":" in parted:
        at = at.replace(tzinfo=zone)
    if at.tzinfo is None:
        return "no_zone", f"{shown} has no zone; write Z or an offset, or say which it is (--zone)"
    try:
        return micros(at)
    except OverflowError:
        return "time_out_of_range", f"{shown} is out of range"


def _numbers(column: Any) -> npt.NDArray[np.int64]:
    column = column.fill_null(0) if column.null_count else column
    found: npt.NDArray[np.int64] = column.to_numpy(zero_copy_only=False)
    return found
