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
from typing import Any, BinaryIO

from . import segments
from .record import RecordError, Table, decode, timestamp
from .segments import Fault

_log = logging.getLogger(__name__)
_TABLES = 4_096
_NO_BASIS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """One record as written. `at` is None for records without a time of their own (a basis)."""

    segment: str
    seq: int
    kind: str
    at: datetime | None
    table: Mapping[str, Any]


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
        with _opened(path) as file:
            for _, table in _tables(path, file, report or _logged):
                at = table.get("at")
                if (kinds is None or table["kind"] in kinds) and (at is None or _within(at, low, high)):
                    yield Record(path.stem, table["seq"], table["kind"], at and datetime.fromisoformat(at), table)


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
        with _opened(path) as file, _opened(path) as again:
            bases = _Bases(again)
            for offset, table in _tables(path, file, report):
                kind = table["kind"]
                if kind == "basis":
                    bases.add(table, offset)
                elif kind == "decision" and _within(table["at"], low, high):
                    basis = bases.get(table["basis"])
                    if basis is None:
                        message = f"basis {table['basis']} cannot be read"
                        report(Fault(path.stem, table["seq"] + 1, offset, "basis", message))
                    yield _decision(path.stem, table, basis or _NO_BASIS)


class _Bases:
    """The bases of one segment: the recent ones decoded, the others where they stand."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
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
        self._file.seek(offset)
        table = decode(self._file.readline()[:-1])
        self._keep(number, table)
        return table

    def _keep(self, number: int, table: Table) -> None:
        self._recent[number] = table
        if len(self._recent) > _TABLES:
            self._recent.popitem(last=False)


def _decision(segment: str, table: Table, basis: Mapping[str, Any]) -> DecisionRecord:
    return DecisionRecord(
        segment,
        table["seq"],
        datetime.fromisoformat(table["at"]),
        table["url"],
        basis,
        table.get("problem"),
        table.get("enforced", True),
        table.get("user_agent"),
        table.get("hop_of"),
    )


def _tables(path: Path, file: BinaryIO, report: Report) -> Iterator[tuple[int, Table]]:
    """The readable lines of a segment with their offsets."""
    being_written = segments.held(file)
    offset = 0
    for number, raw in enumerate(segments.lines(file), start=1):
        if raw[-1:] != b"\n":
            if not being_written:
                report(Fault(path.stem, number, offset, "cut", f"the last line is cut after {len(raw)} bytes"))
            return
        try:
            table = decode(raw[:-1])
            _usable(table)
        except RecordError as error:
            report(Fault(path.stem, number, offset, error.code, str(error)))
        else:
            yield offset, table
        offset += len(raw)


def _usable(table: Table) -> None:
    """Refuse a line whose fields cannot be handed out under their names."""
    at = table.get("at")
    usable = isinstance(table.get("kind"), str) and type(table.get("seq")) is int
    if usable and table["kind"] == "decision":
        usable = at is not None and isinstance(table.get("url"), str) and type(table.get("basis")) is int
    if usable and at is not None:
        try:
            datetime.fromisoformat(at)
        except (TypeError, ValueError):
            usable = False
    if not usable:
        raise RecordError("fields", "lacks a field that every record of its kind has")


def _bounds(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    # Times have one width and one zone, so that their text sorts as they do.
    return ("" if since is None else timestamp(since)), ("~" if until is None else timestamp(until))


def _within(at: str, low: str, high: str) -> bool:
    return low <= at < high


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise segments.failure("read the ledger segment", path, error) from None


def _logged(fault: Fault) -> None:
    _log.warning("ledger: %s", fault)
