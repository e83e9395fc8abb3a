"""A column of statuses: what was answered, by the log's own word. A status that is none is an error, never silence."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .rows import NO_ANSWER, NO_STATUS, ROBOTS_PRECLUDED
from .texts import encoded

_STATUS = re.compile(r"\s*(?:HTTP/[0-9.]+ +)?(?P<status>[1-9][0-9]{2}|0+|-9998)(?:\.0*|\s.*)?\s*\Z", re.DOTALL)
_NOTHING = ("", "nan")  # pandas writes a gap among numbers as one that is none
BAD_STATUS = "bad_status"


class Statuses(NamedTuple):
    """`codes` by row: a status of HTTP, `NO_ANSWER`, `ROBOTS_PRECLUDED`, or `NO_STATUS` where the log says none;
    `refused` are rows with something else: a code and a message."""

    codes: npt.NDArray[np.int32]
    refused: dict[int, tuple[str, str]]


def read_statuses(column: Any) -> Statuses:
    """Read numbers, text that is one (`401`, `401.0`) or a status line (`HTTP/1.1 401 Unauthorized`, with or without
    what stands around the number); 0 is "no answer". Nulls, empty text and NaN say none. Numbers below 100 or above
    999, fractions and other text are refused."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _of_numbers(column)
    coded = encoded(column)
    read = [_of_text(text) for text in coded.dictionary.to_pylist()]
    table = np.array([*(NO_STATUS if code is None else code for code in read), NO_STATUS], np.int32)
    places = coded.indices.fill_null(len(read)).to_numpy(zero_copy_only=False).astype(np.int64)
    bad = np.array([*(code is None for code in read), False], np.bool_)[places]
    refused = {row: refusal(coded.dictionary[int(places[row])].as_py()) for row in np.flatnonzero(bad).tolist()}
    return Statuses(table[places], refused)


def status_of(value: Any) -> int | None:
    """One status as `read_statuses` reads it; `NO_STATUS` where none is said, None for what is none."""
    if value is None:
        return NO_STATUS
    return _of_text(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def refusal(value: Any) -> tuple[str, str]:
    """Code and message for a status that is none."""
    return BAD_STATUS, (
        f"{str(value)[:60]!r} is no status; write a number (200), a status line (HTTP/1.1 200 OK), 0 where nothing was "
        "answered, or leave it empty where it is not known"
    )


def _of_text(text: str | None) -> int | None:
    if text is None or text.strip().lower() in _NOTHING:
        return NO_STATUS
    found = _STATUS.match(text)
    return None if found is None else int(found["status"])


def _of_numbers(column: Any) -> Statuses:
    if pa.types.is_uint64(column.type):
        column = column.cast(pa.float64(), safe=False)
    elif pa.types.is_unsigned_integer(column.type):
        column = column.cast(pa.int64())
    missing = np.zeros(0, np.bool_)
    if pa.types.is_floating(column.type):
        unsaid = pc.is_null(column, nan_is_null=True)
        missing, column = unsaid.to_numpy(zero_copy_only=False), column.cast(pa.float64())
        values = np.where(missing, NO_ANSWER, column.fill_null(NO_ANSWER).to_numpy(zero_copy_only=False))
        good = (values >= 100) & (values <= 999) & (values == np.floor(values))
    else:
        if column.null_count:
            missing = column.is_null().to_numpy(zero_copy_only=False)
            column = column.fill_null(NO_ANSWER)
        values = column.to_numpy(zero_copy_only=False)
        if not len(missing) and len(values) and values.min() >= 100 and values.max() <= 999:
            return Statuses(values.astype(np.int32), {})
        good = (values >= 100) & (values <= 999)
    good |= (values == NO_ANSWER) | (values == ROBOTS_PRECLUDED)
    codes = np.where(good, values, NO_STATUS).astype(np.int32)
    if len(missing):
        codes[missing] = NO_STATUS
    return Statuses(codes, {row: refusal(values[row]) for row in np.flatnonzero(~good).tolist()})
