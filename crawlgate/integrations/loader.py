"""Any iterable of rows behind the gate, in front of a training loader; needs no package of its own.

    for row in allowed_rows(rows, gate):                          # dicts with a URL
        ...
    DataLoader(Stream(allowed_rows(rows, gate)), num_workers=4)   # rows of an IterableDataset: each worker has its gate

Rows are judged in batches and come out in their order. What was dropped and why is in `gate.tally`, and in the log when
the rows are at their end; in a worker process both are of that worker alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from ..errors import ConfigError

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
        from ..audit.frames import of_rows

        self._taken, self._skip = self._skip, 0
        rest = islice(iter(self.rows), self._taken, None)
        while batch := list(islice(rest, self.batch_size)):
            mask = self.gate.passing(*of_rows(batch, self.gate.columns)).tolist()
            for row, passes in zip(batch, mask, strict=True):
                self._taken += 1
                if passes:
                    yield row
        self.gate.log_tally("loader")

    def state_dict(self) -> Place:
        """Where the passage is, for `load_state_dict`: every row that was handed out is behind it."""
        return {"taken": self._taken}

    def load_state_dict(self, place: Place) -> None:
        """Let the next passage begin there. The source has to give the same rows in the same order; those that are
        behind are read again, and neither judged nor counted again."""
        self._skip = place["taken"]


def allowed_rows(rows: Iterable[Row], gate: TableGate, *, batch_size: int = _BATCH) -> AllowedRows[Row]:
    """The rows that are allowed, to be passed through as often as the source can be.

    URL, time, status and user agent are keys of a row, under their usual names or those that the gate names; a row
    without a URL is dropped and counted. `batch_size` rows wait in memory. Raises `ConfigError` where no row of a batch
    has a time, and the gate does not judge as of one instant.
    """
    return AllowedRows(rows, gate, batch_size=batch_size)
