"""The gate's own ledger as a log: what was asked, as whom, and what came of it, judged again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...errors import ConfigError, LedgerError
from ...ledger.query import Record, records_of
from ...ledger.segments import Fault
from ...model import Stage
from ..rows import NO_ANSWER
from ..tables import Columns
from ..taken import TAKEN
from .batch import ROW_NUMBER, Batch, Reject, Told
from .source import Source

_COLUMNS = Columns("url", "time", "status", "user_agent", proxy="proxy")


def read_ledger(path: Source, said: Told) -> Iterator[Batch]:
    """One row for each fetch that was asked about: a decision before it, with what its attempt and outcome say. The
    row's number is that of its record. Raises `ConfigError` for a segment that cannot be read at all."""
    if not isinstance(path, Path):
        raise ConfigError(f"{path}: a ledger is read from a disk; copy the home directory first")
    faults: list[Fault] = []
    rows = _Rows()
    try:
        for record in records_of(path, report=faults.append):
            rows.take(record)
    except LedgerError as error:
        raise ConfigError(str(error)) from None
    rejects = tuple(Reject(str(path), fault.line - 1, fault.offset, fault.code, fault.message) for fault in faults)
    table = rows.table()
    first = 0
    while first < len(table) or (first == 0 and rejects):
        part = table.slice(first, said.batch)
        offsets = dict(enumerate(rows.offsets[first : first + said.batch]))
        yield Batch(path, 0, part, _COLUMNS, offsets=offsets, rejects=rejects if first == 0 else ())
        first += said.batch


class _Rows:
    """Fetches, as the records of a segment tell of them one after another."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self.offsets: list[int] = []
        self._declared: str | None = None
        self._stages: dict[int, str] = {}
        self._of_record: dict[str, int] = {}
        self._latest: dict[str, int] = {}

    def take(self, record: Record) -> None:
        table = record.table
        if record.kind == "segment":
            declaration = table.get("declaration")
            self._declared = declaration.get("user_agent") if isinstance(declaration, dict) else None
        elif record.kind == "basis":
            self._stages[record.seq] = str(table.get("stage"))
        elif record.kind == "decision":
            self._decision(record)
        elif record.kind == "attempt":
            self._attempt(record)
        elif record.kind == "outcome":
            self._outcome(table)

    def _decision(self, record: Record) -> None:
        url = record.table["url"]
        row = self._latest.get(url)
        if row is None or self._stages.get(record.table["basis"]) != Stage.POST_FETCH:
            row = self._add(record, url, NO_ANSWER)
        self._of_record[record.id] = row

    def _attempt(self, record: Record) -> None:
        table = record.table
        row = self._of_record.get(str(table.get("decision")))
        if row is None:
            row = self._add(record, str(table.get("url")), NO_ANSWER)
        status = table.get("status")
        known = self._rows[row]
        known["user_agent"] = table.get("user_agent") or known["user_agent"]
        known["proxy"] = table.get("proxy")
        if isinstance(status, int):
            known["status"] = status

    def _outcome(self, table: Any) -> None:
        row = self._of_record.get(str(table.get("decision")))
        if row is None:
            return
        status, known = table.get("status"), self._rows[row]
        taken = table.get("disposition") in TAKEN
        if isinstance(status, int) and (taken or not 200 <= status < 300):
            known["status"] = status
        elif taken and known["status"] == NO_ANSWER:
            known["status"] = None  # it came, nobody says how

    def _add(self, record: Record, url: str, status: int) -> int:
        row = len(self._rows)
        agent = record.table.get("user_agent") or self._declared
        self._rows.append(
            {
                "url": url,
                "time": record.at,
                "status": status,
                "user_agent": agent,
                "proxy": None,
                ROW_NUMBER: record.seq,
            }
        )
        self.offsets.append(record.offset)
        self._latest[url] = row
        return row

    def table(self) -> Any:
        return pa.Table.from_pylist(
            self._rows,
            schema=pa.schema(
                [
                    ("url", pa.large_string()),
                    ("time", pa.timestamp("us", "UTC")),
                    ("status", pa.int32()),
                    ("user_agent", pa.large_string()),
                    ("proxy", pa.large_string()),
                    (ROW_NUMBER, pa.int64()),
                ]
            ),
        )
