"""One pass over a ledger, record by record, into the tables of an export. Memory stays flat: a few thousand rows, and
of each segment the gist of its bases."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import ConfigError
from ...home import Home
from ...ledger import segments
from ...ledger.compressed import Damaged
from ...ledger.index.catchup import Progress
from ...ledger.query import Record, read_at, records
from ...ledger.segments import Fault
from ..coverage import Coverage
from ..inquiry import Inquiry
from .rows import NO_GIST, BasisRows, Gist, SegmentRow, decision_row, gist_of, plain_row
from .schema import TABLES, VERSION
from .sinks import SINKS, Batches, files_of, time_text

FORMATS = tuple(SINKS)
PERIODIC = frozenset({"decision", "outcome", "attempt"})
"""Kinds that the period selects. Evidence and what people and lists said stand whole: answers rest on them."""

_KEPT_BASES = 4_096
_STEP = 10_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows by table, the files, and lines of the ledger that cannot be read."""

    rows: dict[str, int]
    files: tuple[Path, ...]
    unreadable: int


def export(
    home: Path,
    out: Path,
    form: str,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    force: bool = False,
    report: Progress | None = None,
) -> Exported:
    """Write the ledger of `home` as tables: `out` is a file for `sqlite`, a folder for `parquet` and `csv`.

    `since` (inclusive) and `until` (exclusive) select decisions, outcomes and attempts by their time, and of the bases
    those that a selected decision rests on. What is there stays unless `force`; files get their names once all is
    written. `report` is told bytes read and in all, first of what the index has to read.

    Raises `ConfigError` for a format, a period or a place that cannot be, `LedgerError` without a ledger.
    """
    if form not in SINKS:
        raise ConfigError(f"format {form!r} is unknown; use one of {', '.join(FORMATS)}")
    if since is not None and until is not None and until <= since:
        raise ConfigError(f"the period ends ({until.isoformat()}) before it begins ({since.isoformat()})")
    with Inquiry(home, since=since, until=until, report=report) as inquiry:  # first, for there may be no ledger
        covered = inquiry.coverage()
    _prepared(form, out, force)
    try:
        sink = SINKS[form](out)
        try:
            run = _Run(Home(home).ledger, Batches(sink), since, until, report)
            run.about(home, now)
            run.ledger()
            run.coverage(covered)
            run.batches.flush()
            files = sink.finish()
        except BaseException:
            sink.abandon()
            raise
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{out} cannot be written: {reason}; free space or choose another place") from None
    return Exported(run.batches.counts, files, run.unreadable)


def _prepared(form: str, out: Path, force: bool) -> None:
    """Make the folder, and refuse to write over what is there."""
    folder = out.parent if form == "sqlite" else out
    if form == "sqlite" and out.is_dir():
        raise ConfigError(f"{out} is a directory; sqlite writes one file, name one")
    if form != "sqlite" and out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; {form} writes one file a table, name a directory")
    there = [place for place in files_of(form, out) if place.exists()]
    if there and not force:
        raise ConfigError(f"{there[0]} is there already; --force writes over it, or choose another place")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made: {error.strerror}; choose another place") from None


class _Run:
    def __init__(
        self, ledger: Path, batches: Batches, since: datetime | None, until: datetime | None, report: Progress | None
    ) -> None:
        self._ledger, self.batches, self._report = ledger, batches, report
        self._since, self._until = since, until
        self._all = since is None and until is None
        self._basis_rows = BasisRows()
        self._gists: dict[Gist, Gist] = {}
        self.unreadable = 0

    def about(self, home: Path, now: datetime) -> None:
        """What this export is."""
        facts: dict[str, Any] = {
            "version": VERSION,
            "program": f"crawlgate {__version__}",
            "home": str(home),
            "since": self._since,
            "until": self._until,
            "exported_at": now,
        }
        for name, value in facts.items():
            told = time_text(value) if isinstance(value, datetime) else value
            self.batches.add("about", (name, None if told is None else str(told)))
        for table in TABLES:
            for column in table.columns:
                self.batches.add("columns", (table.name, column.name, column.type, column.meaning))

    def ledger(self) -> None:
        """Every record."""
        segment: SegmentRow | None = None
        bases = _Bases()
        sizes = _sizes(self._ledger) if self._report is not None else {}
        total, before = sum(sizes.values()), 0
        for count, record in enumerate(records(self._ledger, report=self._fault)):
            if segment is None or record.segment != segment.name:
                if segment is not None:
                    self.batches.add(*segment.row())
                    before += sizes.get(segment.name, 0)
                segment, bases = SegmentRow(record.segment), _Bases()
            segment.take(record)
            self._take(record, bases)
            if self._report is not None and count % _STEP == 0:
                self._report(before + record.offset, total)
        if segment is not None:
            self.batches.add(*segment.row())

    def _take(self, record: Record, bases: _Bases) -> None:
        kind = record.kind
        if kind == "segment":
            return
        if kind == "basis":
            gist = gist_of(record.table)
            bases.add(record, self._gists.setdefault(gist, gist), waiting=not self._all)
            if self._all:
                self._basis(record)
            return
        if kind in PERIODIC and not self._within(record.at):
            return
        if kind != "decision":
            self.batches.add(*plain_row(record))
            return
        number = record.table["basis"]
        waiting = bases.first_use(number)
        if waiting is not None:
            seq, offset = waiting
            basis = bases.recent(number) or read_at(self._ledger, record.segment, seq, offset)
            if basis is not None:
                self._basis(basis)
        self.batches.add(*decision_row(record, bases.gist(number)))

    def _basis(self, record: Record) -> None:
        for table, row in self._basis_rows(record.id, record.table):
            self.batches.add(table, row)

    def _within(self, at: datetime | None) -> bool:
        if at is None or self._all:
            return True
        return (self._since is None or at >= self._since) and (self._until is None or at < self._until)

    def _fault(self, fault: Fault) -> None:
        self.unreadable += 1
        said = f"byte {fault.offset}: {fault.message} [{fault.code}]"
        self.batches.add("coverage", ("unreadable", fault.segment, None, None, fault.line, said))

    def coverage(self, covered: Coverage) -> None:
        """What is known to be missing, and what a person said of other collections."""

        def add(
            what: str,
            segment: str | None = None,
            *,
            since: datetime | None = None,
            until: datetime | None = None,
            count: int | None = None,
            detail: str = "",
        ) -> None:
            self.batches.add("coverage", (what, segment, since, until, count, detail))

        for begin, end in covered.gaps:
            add("gap", since=begin, until=end, detail="no record in this span")
        if covered.more_gaps:
            add("gap", count=covered.more_gaps, detail="more gaps, shorter than these")
        for outside in covered.outside:
            add("outside", since=outside.since, until=outside.until, detail=f"{outside.name}: {outside.reason}")
        for deletion in covered.deletions:
            for name in deletion.segments:
                add("deleted", name, until=deletion.at, detail=f"{deletion.by}: {deletion.reason}")
        for name in covered.missing:
            add("missing", name, detail="another segment names it, and it is not here")
        for name, lost in covered.lost:
            add("lost", name, count=lost, detail="a line was cut when its writer ended")
        for name in covered.open:
            add("open", name, detail="not sealed: being written, or its writer died")
        for file in covered.evidence_files:
            add("evidence_file", detail=file)


def _sizes(ledger: Path) -> dict[str, int]:
    """Bytes of the lines of each segment, as far as that can be told."""
    found = {}
    for path in segments.some_segments(ledger):
        with suppress(OSError, Damaged), segments.Segment(path) as segment:
            found[segment.name] = segment.size
    return found


class _Bases:
    """The bases of one segment: their gists, and with a period those that no selected decision has used so far."""

    def __init__(self) -> None:
        self._gists: dict[int, Gist] = {}
        self._waiting: dict[int, tuple[int, int]] = {}
        self._recent: OrderedDict[int, Record] = OrderedDict()

    def add(self, record: Record, gist: Gist, *, waiting: bool) -> None:
        number = record.table.get("id")
        if type(number) is not int:
            return
        self._gists[number] = gist
        if waiting:
            self._waiting[number] = record.seq, record.offset
            self._recent[number] = record
            if len(self._recent) > _KEPT_BASES:
                self._recent.popitem(last=False)

    def gist(self, number: int) -> Gist:
        return self._gists.get(number, NO_GIST)

    def first_use(self, number: int) -> tuple[int, int] | None:
        return self._waiting.pop(number, None)

    def recent(self, number: int) -> Record | None:
        return self._recent.get(number)


__all__ = ["FORMATS", "Exported", "export"]
