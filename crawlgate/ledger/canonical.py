"""Canonical JSON: one value has one spelling, so that bytes can be compared and hashed.

An object on one line, keys sorted, no blanks, UTF-8, whole numbers of 64 bits and no others. Written and read
here; the reader takes nothing that the writer would have written differently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ..errors import CrawlgateError

Table = dict[str, Any]

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line, newline included. Bounds what a reader holds in memory; a head with long lists fits."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SORTED = orjson.OPT_SORT_KEYS
_SMALLEST, _GREATEST = -(2**63), 2**64 - 1


class RecordError(CrawlgateError):
    """A value that cannot stand in a record, or bytes that are no record.

    `code` is one of `float`, `value`, `too_long`, `reserved` (encoding), `not_json`, `not_object`, `float`,
    `duplicate_key`, `not_canonical` (decoding). `offset` is the first bad byte of the line, where it is known.
    """

    def __init__(self, code: str, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.offset = offset

    def __reduce__(self) -> tuple[type[RecordError], tuple[str, str, int]]:
        return type(self), (self.code, str(self), self.offset)


def micros(at: datetime) -> int:
    """`at` as the `at` of a record: microseconds since 1970 in UTC, leap seconds not counted (POSIX time).

    A time without a zone is refused: nobody knows when it was.
    """
    try:
        since = at - EPOCH
    except TypeError:
        raise RecordError("value", f"time {at.isoformat()} has no time zone; records are in UTC") from None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(at: int) -> datetime:
    """The time of a record's `at`. Raises `ValueError` beyond the calendar."""
    try:
        return EPOCH + timedelta(microseconds=at)
    except OverflowError:
        raise ValueError(f"{at} microseconds since 1970 are beyond the calendar") from None


def timestamp(at: datetime) -> str:
    """`at` as `2026-11-23T09:00:00.000000Z`, the form of times that stand inside a record."""
    if at.tzinfo is None:
        raise RecordError("value", f"time {at.isoformat()} has no time zone; records are in UTC")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def clean(text: str) -> str:
    """The text as it can stand in a record; lone surrogates become visible escapes (`\\udc80`)."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return text.encode("utf-8", "backslashreplace").decode()
    return str.__str__(text)


def plain(value: Any) -> Any:
    """The value in the types of JSON. Floats, bytes and objects raise `RecordError`, never guesswork."""
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not _SMALLEST <= value <= _GREATEST:
            raise RecordError("value", f"number {value} does not fit in 64 bits; write it as text")
        return int(value)
    if isinstance(value, float):
        raise RecordError(
            "float", f"number {value!r} is a float; records hold whole numbers, write another unit or text"
        )
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        return plain_mapping(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise RecordError("value", f"a value of type {type(value).__name__} cannot stand in a record")


def plain_mapping(value: Mapping[Any, Any]) -> Table:
    """As `plain`, for the whole table of a record."""
    table: Table = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise RecordError("value", f"key {key!r} is not text")
        name = clean(key)
        if name in table:
            raise RecordError("value", f"key {name!r} stands twice once it is made printable")
        table[name] = plain(item)
    return table


def encode(table: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a table, without a newline. Raises `RecordError`."""
    return dump(plain_mapping(table))


def dump(table: Table) -> bytes:
    """The canonical bytes of a table that is `plain` already."""
    try:
        return orjson.dumps(table, option=_SORTED)
    except TypeError as error:  # nested too deeply is all that is left
        raise RecordError("value", f"cannot stand in a record: {error}") from None


def decode(line: bytes) -> Table:
    """The table of one line (without its newline), only if the line is exactly what `encode` makes of it.

    Raises `RecordError`; its `code` tells doubled keys from other spellings.
    """
    try:
        table = orjson.loads(line)
    except ValueError as error:
        raise RecordError("not_json", f"not JSON: {error}", _broken_at(line, error)) from None
    if not isinstance(table, dict):
        raise RecordError("not_object", "not a JSON object")
    if _has_float(table.values()):
        raise RecordError("float", "holds a number that is not a whole number of 64 bits", _float_at(line))
    again = orjson.dumps(table, option=_SORTED)
    if again != line:
        offset = next((n for n, pair in enumerate(zip(again, line, strict=False)) if pair[0] != pair[1]), len(again))
        name = _doubled(line)
        if name is not None:
            raise RecordError("duplicate_key", f"key {name!r} stands twice in one object; the readings differ", offset)
        raise RecordError(
            "not_canonical", "not in canonical form: key order, blanks, escapes or numbers differ", offset
        )
    return table


def _broken_at(line: bytes, error: ValueError) -> int:
    """The byte at which a line stops being JSON."""
    try:
        text = line.decode()
    except UnicodeDecodeError as bad:
        return bad.start
    return len(text[: getattr(error, "pos", 0)].encode())


def _float_at(line: bytes) -> int:
    """The byte at which the first number stands that is no whole number of 64 bits."""
    for token in _TOKEN.finditer(line):
        number = token[0]
        if number[:1] != b'"' and (not _WHOLE.fullmatch(number) or not _SMALLEST <= int(number) <= _GREATEST):
            return token.start()
    return 0


def _has_float(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind is float:
            return True
        if kind is dict and _has_float(value.values()):
            return True
        if kind is list and _has_float(value):
            return True
    return False


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*')
_WHOLE = re.compile(rb"-?[0-9]{1,20}")


class _Doubled(Exception):
    pass


def _doubled(line: bytes) -> str | None:
    """A key that stands twice in one object, or None."""

    def pairs(items: list[tuple[str, Any]]) -> None:
        seen = set()
        for key, _ in items:
            if key in seen:
                raise _Doubled(key)
            seen.add(key)

    try:
        json.loads(line, object_pairs_hook=pairs)
    except _Doubled as doubled:
        return str(doubled)
    except (ValueError, RecursionError):
        return None
    return None
