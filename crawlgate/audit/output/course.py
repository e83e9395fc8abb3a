"""How far a run is: the share of its input that is read, by bytes, as far as that can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from ..readers import Batch, Source

_PACKED = (".gz", ".zst")
_RECORDS = (".warc.gz", ".arc.gz")


@dataclass(frozen=True, slots=True)
class Moment:
    """A run under way: rows judged in this run and before it, the share of the input (0 to 1), and the file at hand."""

    rows: int
    share: float
    file: str


class Watch(Protocol):
    """Who is told how a run goes."""

    def phase(self, name: str) -> None:
        """Something else begins: `digests`, `behaviour`, `rows`, `outputs`."""

    def moment(self, moment: Moment) -> None:
        """A batch is done."""


class Course:
    """The way through some files of known sizes."""

    def __init__(self, paths: Sequence[Source], sizes: Sequence[int]) -> None:
        self._sizes = list(sizes)
        self._paths = list(paths)
        self._total = max(sum(sizes), 1)
        self._before = 0
        self._file = -1
        self._rows = 0

    def at(self, file: int, batch: Batch | None, rows: int) -> Moment:
        """After a batch of the file of that number; None: the file is done."""
        if file != self._file:
            self._file, self._before = file, sum(self._sizes[:file])
            self._rows = _rows_of(self._paths[file])
        part = 1.0 if batch is None else self._part(batch, self._sizes[file])
        share = (self._before + part * self._sizes[file]) / self._total
        return Moment(rows, min(share, 1.0), self._paths[file].name)

    def _part(self, batch: Batch, size: int) -> float:
        """The share of a file that is read: by rows where their number is known, by place where places are of the file
        as it is; 0 where neither is."""
        if self._rows:
            return (batch.first + len(batch.rows)) / self._rows
        name = batch.path.name.lower()
        if not batch.offsets or (name.endswith(_PACKED) and not name.endswith(_RECORDS)):
            return 0.0
        return max(batch.offsets.values()) / max(size, 1)


def _rows_of(path: Any) -> int:
    """The rows of a Parquet file; 0 for others."""
    if not str(path).lower().endswith((".parquet", ".pq")):
        return 0
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException, TypeError):
        return 0
