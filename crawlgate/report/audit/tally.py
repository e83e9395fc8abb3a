"""Decisions counted in one pass, row group by row group: by basis, by hour, by host, by list, by file.

Only codes are read, never addresses. What is kept grows with hosts and kinds of decisions, not with rows.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .outputs import Outputs

_BATCH = 1 << 19
_MERGED_FROM = 1 << 21
HOUR = 3_600_000_000
"""An hour in microseconds."""

_Numbers = npt.NDArray[np.int64]


class Sums:
    """How often each key turned up, and where first: keys are whole numbers, places count rows from 0."""

    def __init__(self) -> None:
        self._parts: list[tuple[_Numbers, _Numbers, _Numbers]] = []
        self._waiting = 0

    def add(self, keys: _Numbers, first: int) -> None:
        """Count the keys of rows that begin at place `first`."""
        found, where, counts = np.unique(keys, return_index=True, return_counts=True)
        self._parts.append((found, counts, where + first))
        self._waiting += len(found)
        if self._waiting > _MERGED_FROM:
            self._merge()

    def all(self) -> tuple[_Numbers, _Numbers, _Numbers]:
        """Keys in ascending order, their counts, and the first place of each."""
        self._merge()
        return self._parts[0]

    def _merge(self) -> None:
        empty = np.zeros(0, np.int64)
        parts = self._parts or [(empty, empty, empty)]
        keys, counts, first = (np.concatenate(column) for column in zip(*parts, strict=True))
        found, places = np.unique(keys, return_inverse=True)
        totals, places_of = np.zeros(len(found), np.int64), np.full(len(found), np.iinfo(np.int64).max)
        np.add.at(totals, places, counts)
        np.minimum.at(places_of, places, first)
        self._parts = [(found, totals, places_of)]
        self._waiting = 0


class Tally:
    """The numbers of an audit.

    `bases` counts rows by basis, `files` and `lists` by (name, basis), `notices` by (list, notice), and
    `without_robots` by basis those for which no robots.txt was on record. `of_hours` are columns: hour since 1970,
    basis, rows; so are `of_hosts`: number of the host in `hosts`, basis, rows, and the place of the first row. `first`
    and `last` are times.
    """

    def __init__(self, outputs: Outputs) -> None:
        self.rows = 0
        self.bases: Counter[int] = Counter()
        self.files: Counter[tuple[str, int]] = Counter()
        self.lists: Counter[tuple[str, int]] = Counter()
        self.notices: Counter[tuple[str, str]] = Counter()
        self.without_robots: Counter[int] = Counter()
        self.first: int | None = None
        self.last: int | None = None
        self._width = max(outputs.bases, default=0) + 1
        self._names: dict[str, int] = {}
        hosts, hours = Sums(), Sums()
        with outputs.decisions() as file:
            columns = ["file", "host", "time", "basis", "robots", "list", "notice"]
            for batch in file.iter_batches(_BATCH, columns=columns):
                if len(batch):
                    self._count(batch, hosts, hours)
        self.hosts = list(self._names)
        keys, counts, places = hosts.all()
        self.of_hosts = (keys // self._width, keys % self._width, counts, places)
        keys, counts, _ = hours.all()
        self.of_hours = (keys // self._width, keys % self._width, counts)
        in_all = np.bincount(keys % self._width, counts).astype(np.int64)
        self.bases = Counter({int(basis): int(in_all[basis]) for basis in np.flatnonzero(in_all)})

    def _count(self, batch: Any, hosts: Sums, hours: Sums) -> None:
        basis = whole(batch["basis"])
        codes, names = codes_of(batch["host"])
        numbers = np.array([self._names.setdefault(name, len(self._names)) for name in names] or [0], np.int64)
        hosts.add(numbers[codes] * self._width + basis, self.rows)
        at = whole(batch["time"].cast(pa.int64()))
        hours.add(at // HOUR * self._width + basis, self.rows)
        low, high = int(at.min()), int(at.max())
        self.first = low if self.first is None else min(low, self.first)
        self.last = high if self.last is None else max(high, self.last)
        for column, to in (("file", self.files), ("list", self.lists)):
            codes, names = codes_of(batch[column])
            told = codes >= 0
            if told.any():
                keys, counts = np.unique(codes[told] * self._width + basis[told], return_counts=True)
                for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
                    to[names[key // self._width], key % self._width] += count
        bare = np.bincount(basis[batch["robots"].is_null().to_numpy(zero_copy_only=False)])
        self.without_robots.update({number: int(bare[number]) for number in np.flatnonzero(bare).tolist()})
        self._count_notices(batch.filter(pc.is_valid(batch["notice"])))
        self.rows += len(batch)

    def _count_notices(self, batch: Any) -> None:
        if not len(batch):
            return
        (lists, sources), (notices, names) = codes_of(batch["list"]), codes_of(batch["notice"])
        keys, counts = np.unique(lists * len(names) + notices, return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            self.notices[sources[key // len(names)], names[key % len(names)]] += count


def whole(column: Any) -> _Numbers:
    """A column of whole numbers without nulls."""
    numbers: _Numbers = column.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def codes_of(column: Any) -> tuple[_Numbers, list[str]]:
    """A column of names as numbers (-1: none) and the names behind them; only those that occur."""
    coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    codes = whole(coded.indices.fill_null(-1))
    used = np.flatnonzero(np.bincount(codes + 1, minlength=1)[1:])
    places = np.full(len(coded.dictionary) + 1, -1, np.int64)
    places[used] = np.arange(len(used))
    return places[codes], coded.dictionary.take(pa.array(used)).to_pylist()
