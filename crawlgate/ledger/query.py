"""Reading a ledger: records in the order of segments, decisions joined with what they rest on.

A reader never loses a good line because of a bad one: what cannot be read is reported and passed over.
Whether a ledger is what was written is `verify`'s question.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from . import segments
from .canonical import MAX_LINE, RecordError, Table, decode, micros, moment
from .compressed import Damaged
from .record import KINDS, REFERENCES
from .segments import Fault, Segment

_log = logging.getLogger(__name__)
_TABLES = 4_096
_NO_BASIS: Mapping[str, Any] = {}
_ALWAYS, _EVER = -(2**80), 2**80


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `at` is None for records without a time of their own (a basis).

    `seq` is its number, `offset` the byte where its line begins (before compression): `read_at` finds it again.
    `table` is the record as written, but for references to records of its own segment, which are spelled out.
    """

    segment: str
    seq: int
    kind: str
    at: datetime | None
    table: Mapping[str, Any]
    offset: int = 0

    @property
    def id(self) -> str:
        """`segment:number`, the name of a record everywhere."""
        return f"{self.segment}:{self.seq}"


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision as recorded, with the table of its basis (empty if that cannot be read, which is reported)."""

    segment: str
    seq: int
    at: datetime
    url: str
    basis: Mapping[str, Any]
    problem: str | None = None
    enforced: bool = True
    user_agent: str | None = None
    hop_of: str | None = None

    @property
    def record(self) -> str:
        """Where it stands: `segment:seq`, as in `Decision.record`."""
        return f"{self.segment}:{self.seq}"

    @property
    def verdict(self) -> str | None:
        """allow, review or deny; None if the basis cannot be read."""
        return self.basis.get("verdict")


Report = Callable[[Fault], None]


def records(
    directory: Path,
    *,
    kinds: Collection[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    report: Report | None = None,
) -> Iterator[Record]:
    """Every record, segments in the order in which they were opened.

    `kinds` selects; `since` (inclusive) and `until` (exclusive) select by `at` and leave records without one
    in. `report` is called for each place that cannot be read; without it the place is logged as a warning.
    Raises `LedgerError` for a directory that is missing, empty or cannot be read.
    """
    low, high = _bounds(since, until)
    for path in segments.some_segments(Path(directory)):
        with _opened(path) as segment:
            for seq, offset, table in _tables(segment, report or _logged, kinds=kinds):
                at = table.get("at")
                if (kinds is None or table["kind"] in kinds) and (at is None or low <= at < high):
                    yield as_record(segment.name, seq, offset, table)


def records_of(path: Path, *, start: int = 0, seq: int = 0, report: Report | None = None) -> Iterator[Record]:
    """The records of one segment file, from the line at byte `start` on, whose number is `seq`."""
    with _opened(path) as segment:
        for number, offset, table in _tables(segment, report or _logged, start, seq):
            yield as_record(segment.name, number, offset, table)


def read_at(directory: Path, name: str, seq: int, offset: int) -> Record | None:
    """One record where an index says that it is; None if no record stands there."""
    path = segments.find(Path(directory), name)
    if path is None:
        return None
    with _opened(path) as segment:
        try:
            table = decode(segment.line(offset)[:-1])
            usable(table)
        except (RecordError, Damaged):
            return None
    return as_record(name, seq, offset, table)


def decisions(
    directory: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    report: Report | None = None,
) -> Iterator[DecisionRecord]:
    """Every decision with its basis; arguments and errors as for `records`."""
    low, high = _bounds(since, until)
    report = report or _logged
    for path in segments.some_segments(Path(directory)):
        with _opened(path) as segment, _opened(path) as again:
            bases = _Bases(again)
            for seq, offset, table in _tables(segment, report):
                kind = table["kind"]
                if kind == "basis":
                    bases.add(table, offset)
                elif kind == "decision" and low <= table["at"] < high:
                    basis = bases.get(table["basis"])
                    if basis is None:
                        message = f"basis {table['basis']} cannot be read"
                        report(Fault(segment.name, seq + 1, offset, "basis", message))
                    yield _decision(segment.name, seq, table, basis or _NO_BASIS)


class _Bases:
    """The bases of one segment: the recent ones decoded, the others where they stand."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._offsets: dict[int, int] = {}
        self._recent: OrderedDict[int, Table] = OrderedDict()

    def add(self, table: Table, offset: int) -> None:
        number = table.get("id")
        if isinstance(number, int):
            self._offsets[number] = offset
            self._keep(number, table)

    def get(self, number: int) -> Table | None:
        table = self._recent.get(number)
        if table is not None:
            self._recent.move_to_end(number)
            return table
        offset = self._offsets.get(number)
        if offset is None:
            return None
        table = decode(self._segment.line(offset)[:-1])
        self._keep(number, table)
        return table

    def _keep(self, number: int, table: Table) -> None:
        self._recent[number] = table
        if len(self._recent) > _TABLES:
            self._recent.popitem(last=False)


def as_record(segment: str, seq: int, offset: int, table: Table) -> Record:
    """A decoded line that is `usable`, as a record."""
    at = table.get("at")
    for key in REFERENCES:
        if type(table.get(key)) is int:
            table[key] = f"{segment}:{table[key]}"
    return Record(segment, seq, table["kind"], None if at is None else moment(at), table, offset)


def decision_of_record(record: Record, basis: Mapping[str, Any]) -> DecisionRecord:
    """A record of kind `decision` joined with the table of its basis."""
    return _decision(record.segment, record.seq, dict(record.table), basis)


def _decision(segment: str, seq: int, table: Table, basis: Mapping[str, Any]) -> DecisionRecord:
    hop_of = table.get("hop_of")
    return DecisionRecord(
        segment,
        seq,
        moment(table["at"]),
        table["url"],
        basis,
        table.get("problem"),
        table.get("enforced", True),
        table.get("user_agent"),
        f"{segment}:{hop_of}" if type(hop_of) is int else hop_of,
    )


def _tables(
    segment: Segment, report: Report, start: int = 0, seq: int = 0, kinds: Collection[str] | None = None
) -> Iterator[tuple[int, int, Table]]:
    """The readable lines of a segment with their numbers and offsets; with `kinds`, lines of other kinds are passed
    over unread where they say so."""
    wanted, others = _markers(kinds)
    offset = start
    try:
        being_written = segment.held
        for number, raw in enumerate(segment.lines(start), start=seq):
            if raw[-1:] != b"\n" and len(raw) < MAX_LINE:
                if not being_written:
                    message = f"the last line is cut after {len(raw)} bytes"
                    report(Fault(segment.name, number + 1, offset, "cut", message))
                return
            if others and not any(mark in raw for mark in wanted) and any(mark in raw for mark in others):
                offset += len(raw)
                continue
            try:
                table = decode(raw[:-1])
                usable(table)
            except RecordError as error:
                report(Fault(segment.name, number + 1, offset, error.code, str(error)))
            else:
                yield number, offset, table
            offset += len(raw)
    except Damaged as error:
        report(Fault(segment.name, 0, offset, "damaged", f"the compressed file {error}"))
    except OSError as error:
        raise segments.failure("read the ledger segment", segment.path, error) from None


def _markers(kinds: Collection[str] | None) -> tuple[list[bytes], list[bytes]]:
    """What a line of these kinds holds, and a line of another: a quote within text would stand escaped."""
    if kinds is None:
        return [], []
    others = [kind for kind in ("decision", "outcome", "tree", "basis", *sorted(KINDS)) if kind not in kinds]
    return [f'"kind":"{kind}"'.encode() for kind in kinds], [f'"kind":"{kind}"'.encode() for kind in others]


def usable(table: Table) -> None:
    """Refuse a line whose fields cannot be handed out under their names."""
    at = table.get("at")
    usable = isinstance(table.get("kind"), str) and (at is None or type(at) is int)
    if usable and table["kind"] == "decision":
        usable = at is not None and isinstance(table.get("url"), str) and type(table.get("basis")) is int
    if usable and at is not None:
        try:
            moment(at)
        except ValueError:
            usable = False
    if not usable:
        raise RecordError("fields", "lacks a field that every record of its kind has")


def _bounds(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    return (_ALWAYS if since is None else micros(since)), (_EVER if until is None else micros(until))


def _opened(path: Path) -> Segment:
    try:
        return Segment(path)
    except OSError as error:
        raise segments.failure("read the ledger segment", path, error) from None


def _logged(fault: Fault) -> None:
    _log.warning("ledger: %s", fault)
