"""What readers hand on: rows in a table, what is particular about some of them, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...errors import ConfigError
from ...url import without_userinfo
from ..columns import NOT_TEXT
from ..rows import Particulars
from ..tables import Columns
from .lines import Trouble
from .source import Source

ROW_NUMBER = "crawlgate_row"
"""The column in which rows of text carry their number, because rejected rows leave gaps."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says of the inputs: names of columns, our product token, rows of a batch; the kind of all files
    (`form`, else it is found), the host that requests without one went to, and
    whether `pages` are read where an archive has them."""

    token: str
    columns: Mapping[str, str | None] = field(default_factory=dict)
    batch: int = 1_000_000
    form: str | None = None
    host: str | None = None
    pages: bool = True

    def bare(self) -> Told:
        """The same, for a look at the rows alone: what stands in pages is left unread."""
        return replace(self, pages=False)

    def reading(self) -> dict[str, str]:
        """What was said beside the names of columns, where something was."""
        said = {"input_format": self.form, "host": self.host}
        return {name: value for name, value in said.items() if value is not None}


BESIDE = ("evidence", "file", "unknown_kind")
"""Codes of rejects that are no rows, records or stretches of an input: evidence that cannot be used, whole files."""


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
            "url": without_userinfo(self.url)[:2000],
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one file. `first` is the number of the first row in it; `offsets` are places in the file by row, where
    the file has such; `rejects` did not become rows; `names` are all columns that the file was found to have."""

    path: Source
    first: int
    rows: Any
    columns: Columns
    particulars: Mapping[int, Particulars] = field(default_factory=dict)
    offsets: Mapping[int, int] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The number of each row in its file."""
        if ROW_NUMBER in self.rows.column_names:
            found: npt.NDArray[np.int64] = self.rows[ROW_NUMBER].to_numpy()
            return found
        return np.arange(len(self.rows)) + self.first


NOTHING = Columns("url", "time")


def nothing(path: Source, rejects: Iterable[Reject]) -> Batch:
    """A batch of rejects alone."""
    empty = pa.table({"url": pa.array([], pa.large_string()), "time": pa.array([], pa.large_string())})
    return Batch(path, 0, empty, NOTHING, rejects=tuple(rejects))


Row = tuple[int, int, Mapping[str, Any] | str]
"""Number, offset, and the row by column, or why there is none."""


def told(path: Source, troubles: Iterable[Trouble], code: str = "not_read") -> list[Reject]:
    """Lines that cannot be read, as rejects."""
    return [Reject(str(path), one.number, one.offset, code, one.reason) for one in troubles]


def columns_in(path: Source, names: Sequence[str], said: Told) -> Columns:
    """The columns of a file that has these. Raises `ConfigError` that names the file."""
    try:
        return Columns.find(names, **said.columns)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def row_batches(path: Source, said: Told, rows: Iterable[Row]) -> Iterator[Batch]:
    """Rows of text as batches; columns are found among those of all rows read so far, as a row may leave out what
    others say. Raises `ConfigError` where there is no row at all, or none that can be read."""
    names: dict[str, None] = {}
    last: Any = None
    kept: list[tuple[int, int, Mapping[str, Any]]] = []
    rejects: list[Reject] = []
    seen = False
    for number, offset, row in rows:
        seen = True
        if isinstance(row, str):
            rejects.append(Reject(str(path), number, offset, "not_read", row))
        else:
            if row.keys() != last:
                last = row.keys()
                names.update(dict.fromkeys(row))
            kept.append((number, offset, row))
        if names and len(kept) + len(rejects) >= said.batch:
            yield _batch(path, columns_in(path, list(names), said), names, kept, rejects)
            kept, rejects = [], []
    if not seen:
        raise ConfigError(f"{path}: there is no row in it")
    if last is None:
        raise ConfigError(f"{path}: no row can be read; the first: {rejects[0].reason}")
    if kept or rejects:
        yield _batch(path, columns_in(path, list(names), said), names, kept, rejects)


def exact_batch(path: Source, columns: Columns, rows: Iterable[Row]) -> Batch:
    """All of some rows as one batch."""
    kept: list[tuple[int, int, Mapping[str, Any]]] = []
    rejects: list[Reject] = []
    for number, offset, row in rows:
        if isinstance(row, str):
            rejects.append(Reject(str(path), number, offset, "not_read", row))
        else:
            kept.append((number, offset, row))
    return _batch(path, columns, columns.names, kept, rejects)


def _batch(
    path: Source,
    columns: Columns,
    names: Iterable[str],
    kept: list[tuple[int, int, Mapping[str, Any]]],
    rejects: list[Reject],
) -> Batch:
    good = []
    for number, offset, row in kept:
        url = row.get(columns.url)
        if isinstance(url, str) and ("\ufffd" in url or "\x00" in url):
            rejects.append(Reject(str(path), number, offset, "not_text", NOT_TEXT, url))
        else:
            good.append((number, offset, row))
    table = pa.table(
        {name: pa.array([_text(row.get(name)) for _, _, row in good], pa.large_string()) for name in columns.names}
    )
    table = table.append_column(ROW_NUMBER, pa.array([number for number, _, _ in good], pa.int64()))
    offsets = {n: offset for n, (_, offset, _) in enumerate(good)}
    return Batch(path, 0, table, columns, offsets=offsets, rejects=tuple(rejects), names=tuple(names))


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
