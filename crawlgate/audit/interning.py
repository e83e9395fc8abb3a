"""Numbers for values that repeat: hosts in a column of URLs, and 64-bit keys. Both grow as they learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import kernels
from .texts import Texts

_Codes = npt.NDArray[np.int32]


class Spans:
    """Distinct beginnings of rows, numbered from 0 in the order of their first appearance."""

    def __init__(self, expected: int = 1024) -> None:
        self._table = np.zeros(_power(4 * expected), np.uint64)
        self._arena = np.zeros(32 * expected, np.uint8)
        self._ends = np.zeros(expected + 2, np.int64)
        self.count = 0

    def codes(self, rows: Texts, lengths: Any, state: Any, hashes: Any) -> _Codes:
        """The number of the first `lengths` bytes of each row; -1 where `state` is `UNCLEAN`."""
        codes = np.full(len(rows), -1, np.int32)
        done = 0
        while done < len(rows):
            self.count, more = kernels.intern_spans(
                rows.data,
                rows.offsets[done:],
                lengths[done:],
                state[done:],
                hashes[done:],
                self._table,
                self._arena,
                self._ends,
                self.count,
                codes[done:],
            )
            done += more
            if done < len(rows):
                self._grow(int(rows.offsets[done + 1] - rows.offsets[done]))
        return codes

    @property
    def index(self) -> tuple[Any, Any, Any]:
        """Index, spans and their ends, cut to what is known: see `kernels.intern_spans`."""
        return self._table, self._arena, self._ends[: self.count + 1]

    def text(self, code: int) -> str:
        """What is numbered `code`."""
        begin, end = self._ends[code : code + 2].tolist()
        return self._arena[begin:end].tobytes().decode("ascii", "replace")

    def _grow(self, needed: int) -> None:
        if 2 * self.count >= len(self._table):
            self._table = np.zeros(4 * len(self._table), np.uint64)
            kernels.index_anew(self._arena, self._ends, self.count, self._table)
        if self.count + 2 > len(self._ends):
            self._ends = np.concatenate([self._ends, np.zeros(len(self._ends), np.int64)])
        if self._ends[self.count] + needed > len(self._arena):
            self._arena = np.concatenate([self._arena, np.zeros(len(self._arena) + needed, np.uint8)])


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
    def index(self) -> tuple[Any, Any]:
        """Index and values: see `kernels.intern_keys`."""
        return self._table, self._values[: self.count]

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
