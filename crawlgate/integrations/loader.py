"""Any iterable of rows behind the gate, in front of a training loader; needs no package of its own.

    for row in allowed_rows(rows, gate):                          # dicts with a URL
        ...

As rows of an `IterableDataset` of torch each worker has its gate, and is given its own share (docs/pipelines.md).

Rows are judged in batches and come out in their order. What was dropped and why is in `gate.tally` after each batch,
and of one passage in the log when it ends, at the last row or where it is left; in a worker both are of that worker.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from ..errors import ConfigError
from ..tally import Tally

if TYPE_CHECKING:
    from ..batch import TableGate

_BATCH = 1_000
Row = TypeVar("Row", bound=Mapping[str, Any])


class Place(TypedDict):
    """How far a passage is: rows taken from the source whose fate is known to the caller."""

    taken: int


class AllowedRows(Generic[Row]):
    """The rows of `rows` that are allowed; see `allowed_rows`."""

    def __init__(self, rows: Iterable[Row], gate: TableGate, *, batch_size: int = _BATCH) -> None:
        if batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size}; it is 1 or more")
        self.rows, self.gate, self.batch_size = rows, gate, batch_size
        self._skip = self._taken = 0

    def __iter__(self) -> Iterator[Row]:
        from ..audit.frames import RowReader, first

        begun, self._skip = self._skip, 0
        self._taken = begun
        rest, read, told = islice(iter(self.rows), begun, None), RowReader(self.gate.columns), Tally()
        try:
            while batch := list(islice(rest, self.batch_size)):
                columns = read(batch)
                own = self.gate.apart()
                mask = own.passing(*columns).tolist()
                taken = 0
                try:
                    for row, passes in zip(batch, mask, strict=True):
                        taken += 1
                        self._taken = begun + taken
                        if passes:
                            yield row
                finally:
                    # Rows that waited when the passage was left are asked of again when it continues.
                    if taken < len(batch) and not sys.is_finalizing():
                        own = self.gate.apart()
                        own.passing(*first(taken, *columns))
                    begun += taken
                    told += own.tally
                    self.gate.count(own.tally)
        finally:
            self.gate.log_tally("loader", told)

    def state_dict(self) -> Place:
        """Where the passage is, for `load_state_dict`: every row that was handed out is behind it."""
        return {"taken": self._taken}

    def load_state_dict(self, place: Place) -> None:
        """Let the next passage begin there. The source has to give the same rows in the same order; those that are
        behind are read again, and neither judged nor counted again. Raises `ConfigError` for what is no place."""
        taken = place.get("taken") if isinstance(place, Mapping) else None
        if not isinstance(taken, int) or taken < 0:
            raise ConfigError(f"{place!r:.200} is no place in a passage; pass what state_dict() gave")
        self._skip = self._taken = taken


def allowed_rows(rows: Iterable[Row], gate: TableGate, *, batch_size: int = _BATCH) -> AllowedRows[Row]:
    """The rows that are allowed, to be passed through as often as the source can be.

    URL, time, status and user agent are keys of a row, under their usual names or those that the gate names; a row
    without a URL is dropped and counted. `batch_size` rows wait in memory. Raises `ConfigError` where no row of the
    first batch has a time, and the gate does not judge as of one instant.
    """
    return AllowedRows(rows, gate, batch_size=batch_size)
