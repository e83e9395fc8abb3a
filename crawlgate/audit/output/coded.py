"""Columns of values that repeat, as dictionaries that depend on their rows alone: in the order of first appearance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int32]
TEXT = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("us", "UTC")


def by_appearance(codes: Codes, count: int) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Codes (of `count` possible ones; -1 is none) numbered anew in the order in which they turn up, and which old code
    each new one was."""
    first = np.full(count + 1, len(codes), np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of several places the last one written stays: the first
    used = np.flatnonzero(first[:count] < len(codes))
    used = used[np.argsort(first[used], kind="stable")]
    places = np.full(count + 1, -1, np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    return places[codes], used


def dictionary(codes: Codes, values: list[str]) -> Any:
    """A dictionary column: `values` may hold one twice, the column does not. A code of -1 is null."""
    distinct = list(dict.fromkeys(values))
    place = {value: n for n, value in enumerate(distinct)}
    table = np.array([*(place[value] for value in values), -1], np.int32)
    found = table[codes]
    return pa.DictionaryArray.from_arrays(pa.array(found, mask=found < 0), pa.array(distinct, pa.string()))


def coded(codes: Codes, count: int, value: Callable[[int], str]) -> Any:
    """A dictionary column of the values behind codes."""
    fresh, used = by_appearance(codes, count)
    return dictionary(fresh, [value(int(code)) for code in used])
