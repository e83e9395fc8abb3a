"""Numbers for values that repeat: hosts in a column of URLs, and 64-bit keys. Both grow as they learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import kernels, url_kernels
from .kernel_arrays import Hosts
from .texts import Texts
from .url_kernels import FIRST_PLACE

_Codes = npt.NDArray[np.int32]


class Spans:
    """Distinct beginnings of rows, numbered from 0 in the order of their first appearance."""

    def __init__(self, expected: int = 1024) -> None:
        self._table = np.zeros(_power(4 * expected), np.uint64)
        self._arena = np.zeros(40 * expected, np.uint8)
        self._places = np.zeros(expected + 2, np.int64)
        self._places[0] = FIRST_PLACE
        self.count = 0

    def codes(self, rows: Texts) -> _Codes:
        """The number of each row."""
        codes = np.empty(len(rows), np.int32)
        done = 0
        while done < len(rows):
            index = (self._table, self._arena, self._places)
            self.count, done = url_kernels.intern_spans(rows.data, rows.offsets, done, *index, self.count, codes)
            if done < len(rows):
                self._grow(int(rows.offsets[done + 1] - rows.offsets[done]))
        return codes

    def read(self, rows: Texts, classes: Any, longest: int) -> tuple[npt.NDArray[np.int32], Any, _Codes]:
        """Read a column of URLs (`url_kernels.read_urls`): where targets begin, states, and the numbers of origins."""
        size = len(rows)
        starts, state, codes = np.empty(size, np.int32), np.empty(size, np.uint8), np.empty(size, np.int32)
        done = 0
        while done < size:
            index = (self._table, self._arena, self._places)
            self.count, done = url_kernels.read_urls(
                rows.data, rows.offsets, classes, longest, done, *index, self.count, starts, state, codes
            )
            if done < size:
                self._grow(int(starts[done]))
        return starts, state, codes

    @property
    def index(self) -> Hosts:
        """Table and arena, for kernels that look spans up."""
        return Hosts(self._table, self._arena)

    def text(self, code: int) -> str:
        """What is numbered `code`."""
        return url_kernels.span(self._arena, int(self._places[code])).decode("ascii", "replace")

    def between(self, first: int, end: int) -> Texts:
        """Those numbered `first` to `end`, as a column."""
        data, offsets = url_kernels.gather(self._arena, self._places, first, end)
        return Texts(data, offsets, None)

    def _grow(self, needed: int) -> None:
        if 2 * self.count >= len(self._table):
            self._table = np.zeros(4 * len(self._table), np.uint64)
            url_kernels.index_anew(self._arena, self._places, self.count, self._table)
        if self.count + 2 > len(self._places):
            self._places = np.concatenate([self._places, np.zeros(len(self._places), np.int64)])
        if self._places[self.count] + needed + url_kernels.MARGIN > len(self._arena):
            more = np.zeros(len(self._arena) + needed + url_kernels.MARGIN, np.uint8)
            self._arena = np.concatenate([self._arena, more])


class Keys:
    """Distinct 64-bit keys, numbered from 0 in the order of their first appearance."""

    def __init__(self, expected: int = 1024) -> None:
        self._table = np.full(_power(4 * expected), -1, np.int32)
        self._values = np.zeros(expected, np.int64)
        self.count = 0

    def codes(self, keys: npt.NDArray[np.int64]) -> _Codes:
        """The number of each key."""
        codes = np.empty(len(keys), np.int32)
        done = 0
        while done < len(keys):
            self.count, more = kernels.intern_keys(keys[done:], self._table, self._values, self.count, codes[done:])
            done += more
            if done < len(keys):
                self._grow()
        return codes

    @property
    def index(self) -> tuple[_Codes, npt.NDArray[np.int64]]:
        """Table and values, for kernels that look keys up."""
        return self._table, self._values

    def __getitem__(self, code: int) -> int:
        return int(self._values[code])

    def _grow(self) -> None:
        if self.count >= len(self._values):
            self._values = np.concatenate([self._values, np.zeros(len(self._values), np.int64)])
        if 2 * self.count >= len(self._table):
            self._table = np.full(2 * len(self._table), -1, np.int32)
            known = self._values[: self.count].copy()
            kernels.intern_keys(known, self._table, self._values, 0, np.empty(self.count, np.int32))


def _power(least: int) -> int:
    return 1 << max(4, (least - 1).bit_length())
