"""What readers hand on: rows in a table, what is particular about some of them, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..rows import Particulars
from ..tables import Columns


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says of the inputs: names of columns, our product token, rows of a batch."""

    token: str
    columns: Mapping[str, str | None] = field(default_factory=dict)
    batch: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Reject:
    """One row, record or stretch of a file that could not be judged: where it stands, and why. `row` counts from 0,
    `offset` is in bytes; None where the kind of file has none."""

    file: str
    row: int | None
    offset: int | None
    code: str
    reason: str
    url: str = ""

    def table(self) -> dict[str, Any]:
        """As a line of `rejects.jsonl`."""
        return {
            "code": self.code,
            "file": self.file,
            "offset": self.offset,
            "reason": self.reason[:400],
            "row": self.row,
            "url": self.url[:2000],
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one file. `first` is the number of the first row in it; `offsets` are places in the file by row, where
    the file has such; `rejects` did not become rows."""

    path: Path
    first: int
    rows: Any
    columns: Columns
    particulars: Mapping[int, Particulars] = field(default_factory=dict)
    offsets: Mapping[int, int] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()
