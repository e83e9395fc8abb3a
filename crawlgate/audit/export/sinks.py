"""Where rows go: a SQLite file, a folder of Parquet files, a folder of CSV files. Each holds a few thousand rows at
most, and gives its files their names at the end, so that what is there is whole."""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

from ...errors import ConfigError
from .schema import TABLES, Table

BATCH = 5_000
"""Rows that are held before they are written."""

_PART = ".part"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


class Sink(Protocol):
    """Takes rows. `finish` puts the result in its place, `abandon` leaves nothing behind."""

    def put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None: ...
    def finish(self) -> tuple[Path, ...]: ...
    def abandon(self) -> None: ...


class SqliteSink:
    """One SQLite file with a table for each table and an index where one helps. Times are RFC 3339 text."""

    def __init__(self, out: Path) -> None:
        self._out, self._part = out, _beside(out)
        self._part.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._part, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("BEGIN")
        self._insert: dict[str, str] = {}
        types = {"integer": "INTEGER", "boolean": "INTEGER"}
        for table in TABLES:
            columns = ", ".join(f'"{column.name}" {types.get(column.type, "TEXT")}' for column in table.columns)
            self._db.execute(f'CREATE TABLE "{table.name}" ({columns})')
            marks = ", ".join("?" * len(table.columns))
            self._insert[table.name] = f'INSERT INTO "{table.name}" VALUES ({marks})'  # noqa: S608 (our own names)

    def put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.executemany(self._insert[table], [tuple(map(_told, row)) for row in rows])

    def finish(self) -> tuple[Path, ...]:
        for table in TABLES:
            keys = (("record",) if "record" in table.names else ()) + table.indexed
            for column in dict.fromkeys(keys):
                self._db.execute(f'CREATE INDEX "{table.name}_{column}" ON "{table.name}" ("{column}")')
        self._db.execute("COMMIT")
        self._db.close()
        self._part.replace(self._out)
        return (self._out,)

    def abandon(self) -> None:
        self._db.close()
        self._part.unlink(missing_ok=True)


class ParquetSink:
    """A folder of Parquet files, zstd; times are timestamps in microseconds, UTC. Needs pyarrow."""

    def __init__(self, out: Path) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise ConfigError(
                "Parquet needs pyarrow: pip install 'crawlgate[audit]'; sqlite and csv need nothing"
            ) from None
        kinds = {"integer": pa.int64(), "boolean": pa.bool_(), "time": pa.timestamp("us", tz="UTC")}
        self._pa = pa
        self._out = out
        self._schemas = {
            table.name: pa.schema([(column.name, kinds.get(column.type, pa.string())) for column in table.columns])
            for table in TABLES
        }
        self._files: dict[str, Any] = {}
        for table in TABLES:
            place = _beside(out / f"{table.name}.parquet")
            self._files[table.name] = parquet.ParquetWriter(place, self._schemas[table.name], compression="zstd")

    def put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        schema = self._schemas[table]
        columns = [
            self._pa.array(values, type=field.type)
            for values, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        self._files[table].write_batch(self._pa.record_batch(columns, schema=schema))

    def finish(self) -> tuple[Path, ...]:
        for file in self._files.values():
            file.close()
        return _placed(self._out, "parquet")

    def abandon(self) -> None:
        for file in self._files.values():
            with suppress(Exception):
                file.close()
        _dropped(self._out, "parquet")


class CsvSink:
    """A folder of CSV files, UTF-8 with a byte order mark, so that spreadsheets read Japanese.

    A cell that a spreadsheet would take for a formula begins with an apostrophe, and so does one that began with an
    apostrophe: taking one away gives the text as recorded.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._files: dict[str, IO[str]] = {}
        self._writers: dict[str, Any] = {}
        for table in TABLES:
            place = _beside(out / f"{table.name}.csv")
            self._files[table.name] = file = place.open("w", encoding="utf-8-sig", newline="")
            self._writers[table.name] = csv.writer(file)
            self._writers[table.name].writerow(table.names)

    def put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._writers[table].writerows([_cell(value) for value in row] for row in rows)

    def finish(self) -> tuple[Path, ...]:
        for file in self._files.values():
            file.close()
        return _placed(self._out, "csv")

    def abandon(self) -> None:
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        _dropped(self._out, "csv")


SINKS: dict[str, Callable[[Path], Sink]] = {"csv": CsvSink, "parquet": ParquetSink, "sqlite": SqliteSink}


def files_of(form: str, out: Path) -> tuple[Path, ...]:
    """The files that an export in a format writes."""
    return (out,) if form == "sqlite" else tuple(out / f"{table.name}.{form}" for table in TABLES)


class Batches:
    """Gathers rows and hands them on in batches."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: dict[str, list[tuple[Any, ...]]] = {table.name: [] for table in TABLES}
        self.counts: dict[str, int] = dict.fromkeys(self._waiting, 0)

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        waiting = self._waiting[table]
        waiting.append(row)
        if len(waiting) >= BATCH:
            self._hand_on(table)

    def flush(self) -> None:
        for table in self._waiting:
            self._hand_on(table)

    def _hand_on(self, table: str) -> None:
        rows = self._waiting[table]
        if rows:
            self._sink.put(table, rows)
            self.counts[table] += len(rows)
            self._waiting[table] = []


def time_text(at: datetime) -> str:
    """A time as SQLite and CSV have it: one length, so that text sorts as time does."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at.year >= 1000 else at.isoformat(timespec="microseconds")


def _told(value: Any) -> Any:
    return time_text(value) if isinstance(value, datetime) else value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    value = _told(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}{_PART}")


def _placed(out: Path, form: str) -> tuple[Path, ...]:
    places = files_of(form, out)
    for place in places:
        _beside(place).replace(place)
    return places


def _dropped(out: Path, form: str) -> None:
    for place in files_of(form, out):
        _beside(place).unlink(missing_ok=True)


__all__ = ["BATCH", "SINKS", "Batches", "Sink", "Table", "files_of", "time_text"]
