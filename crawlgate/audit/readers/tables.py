"""Tables: Parquet, Arrow, CSV and TSV, JSON lines, plain or compressed."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from ...errors import ConfigError
from ..tables import Columns
from .batch import Batch, Reject, Told

_PARQUET = (".parquet", ".pq")
_ARROW = (".arrow", ".feather", ".ipc")
_COMPRESSED = ("", ".gz", ".zst")
_CSV = tuple(f".{kind}{packed}" for kind in ("csv", "tsv") for packed in _COMPRESSED)
_JSON = tuple(f".{kind}{packed}" for kind in ("jsonl", "ndjson", "jl") for packed in _COMPRESSED)
ENDINGS = (*_PARQUET, *_ARROW, *_CSV, *_JSON)

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a longer one is rejected, and the reading goes on behind it."""


def read_table(path: Path, told: Told) -> Iterator[Batch]:
    """The rows of a table. Raises `ConfigError` where it cannot be opened, or has no column of URLs."""
    name = path.name.lower()
    try:
        if name.endswith(_PARQUET):
            yield from _parquet(path, told)
        elif name.endswith(_ARROW):
            yield from _arrow(path, told)
        else:
            yield from _lines(path, told, text_rows(path))
    except (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0][:200]}") from None


def _parquet(path: Path, told: Told) -> Iterator[Batch]:
    with pq.ParquetFile(path) as file:
        columns = Columns.find(file.schema_arrow.names, **told.columns)
        wanted = columns.names
        first = 0
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            try:
                table = file.read_row_group(group, columns=wanted)
            except (OSError, pa.ArrowInvalid) as error:  # a damaged page: its group is lost, the others are not
                why = f"row group {group} ({size} rows) cannot be read: {str(error).splitlines()[0][:200]}"
                empty = file.schema_arrow.empty_table().select(wanted)
                yield Batch(path, first, empty, columns, rejects=(Reject(str(path), first, None, "damaged", why),))
            else:
                for start in range(0, size, told.batch):
                    yield Batch(path, first + start, table.slice(start, told.batch), columns)
            first += size


def _arrow(path: Path, told: Told) -> Iterator[Batch]:
    with pa.OSFile(str(path)) as source:
        try:
            reader = pa.ipc.open_file(source)
            batches = (reader.get_batch(n) for n in range(reader.num_record_batches))
        except pa.ArrowInvalid:
            source.seek(0)
            reader = pa.ipc.open_stream(source)
            batches = iter(reader)
        columns = Columns.find(reader.schema.names, **told.columns)
        first = 0
        for batch in batches:
            table = pa.Table.from_batches([batch])
            for start in range(0, len(table), told.batch):
                yield Batch(path, first + start, table.slice(start, told.batch), columns)
            first += len(table)


Row = tuple[int, int, Mapping[str, Any] | str]
"""Number, offset, and the row by column, or why there is none."""


def _lines(path: Path, told: Told, rows: Iterator[Row]) -> Iterator[Batch]:
    """Rows of text as batches; columns are found in the first row that can be read."""
    columns: Columns | None = None
    kept: list[tuple[int, int, Mapping[str, Any]]] = []
    rejects: list[Reject] = []
    seen = False
    for number, offset, row in rows:
        seen = True
        if isinstance(row, str):
            rejects.append(Reject(str(path), number, offset, "not_read", row))
        else:
            if columns is None:
                columns = Columns.find(list(row), **told.columns)
            kept.append((number, offset, row))
        if columns is not None and len(kept) + len(rejects) >= told.batch:
            yield _batch(path, columns, kept, rejects)
            kept, rejects = [], []
    if not seen:
        raise ConfigError(f"{path}: there is no row in it")
    if columns is None:
        raise ConfigError(f"{path}: no row can be read; the first: {rejects[0].reason}")
    if kept or rejects:
        yield _batch(path, columns, kept, rejects)


def _batch(
    path: Path, columns: Columns, kept: list[tuple[int, int, Mapping[str, Any]]], rejects: list[Reject]
) -> Batch:
    table = pa.table(
        {name: pa.array([_text(row.get(name)) for _, _, row in kept], pa.large_string()) for name in columns.names}
    )
    table = table.append_column(ROW_NUMBER, pa.array([number for number, _, _ in kept], pa.int64()))
    offsets = {n: offset for n, (_, offset, _) in enumerate(kept)}
    return Batch(path, 0, table, columns, offsets=offsets, rejects=tuple(rejects))


ROW_NUMBER = "crawlgate_row"
"""The column in which rows of text carry their number, because rejected rows leave gaps."""


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def text_rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV, TSV or JSON lines file: number, offset, and the row by column or why there is none."""
    return _json_rows(path) if path.name.lower().endswith(_JSON) else _csv_rows(path)


def _json_rows(path: Path) -> Iterator[Row]:
    for number, (offset, line, problem) in enumerate(_text_lines(path)):
        if problem:
            yield number, offset, problem
        elif line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, offset, f"not JSON: {str(error)[:120]}"
                continue
            yield number, offset, row if isinstance(row, dict) else "not a JSON object"


def _csv_rows(path: Path) -> Iterator[Row]:
    """Rows of a CSV file; a field in quotes may hold line breaks."""
    tab = ".tsv" in path.suffixes
    offsets: list[int] = []

    def lines() -> Iterator[str]:
        for offset, line, problem in _text_lines(path, keep_ends=True):
            offsets.append(offset)
            yield "" if problem else line.replace("\x00", "\ufffd")

    reader = csv.reader(lines(), delimiter="\t" if tab else ",", strict=True)
    header: list[str] | None = None
    number = 0
    while True:
        before = len(offsets)
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, offsets[min(before, len(offsets) - 1)], f"not CSV: {error}"
            number += 1
            continue
        if not row:
            continue
        if header is None:
            header = [name.lstrip("\ufeff").strip() for name in row]
            continue
        place = offsets[before]
        if len(row) != len(header):
            yield number, place, f"{len(row)} fields where the head has {len(header)}"
        else:
            yield number, place, dict(zip(header, row, strict=True))
        number += 1


def _text_lines(path: Path, *, keep_ends: bool = False) -> Iterator[tuple[int, str, str | None]]:
    """Offset (in the unpacked text), line, and what is wrong with it."""
    offset = 0
    with _opened(path) as file:
        while True:
            try:
                line = file.readline(MAX_LINE)
            except (OSError, EOFError, ValueError) as error:
                yield offset, "", f"the compressed data are damaged from here on: {error}"
                return
            if not line:
                return
            start, problem = offset, None
            offset += len(line)
            while not line.endswith(b"\n") and len(line) == MAX_LINE:
                problem = f"the line is longer than {MAX_LINE} bytes"
                rest = file.readline(MAX_LINE)
                offset += len(rest)
                if not rest or rest.endswith(b"\n"):
                    break
            text = line.decode("utf-8", "replace")
            yield start, text if keep_ends else text.rstrip("\r\n"), problem


def _opened(path: Path) -> BinaryIO:
    name = path.name.lower()
    if name.endswith(".gz"):
        return cast(BinaryIO, gzip.open(path, "rb"))
    if name.endswith(".zst"):
        return cast(BinaryIO, io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")))
    return path.open("rb")
