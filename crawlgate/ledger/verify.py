"""Is this ledger what was written? Reads every byte once, in flat memory, and alters nothing.

What it can see: any edited, deleted, repeated or moved line, a cut or missing segment, doubled keys, other
spellings. What it cannot see by itself: the removal of the newest records of the newest segment, or a ledger
rewritten as a whole.
"""

from __future__ import annotations

import hashlib
import os
import re
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from ..errors import LedgerInvalid
from . import segments
from .record import KINDS, MAX_LINE, ZERO, RecordError, Table, decode
from .segments import Cut, Fault

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_NEEDED: Mapping[str, tuple[tuple[str, type], ...]] = {
    "segment": (("at", str), ("segment", str), ("format", int)),
    "basis": (("id", int), ("verdict", str), ("findings", dict)),
    "evidence": (("at", str), ("id", str), ("url", str)),
    "decision": (("at", str), ("basis", int), ("url", str)),
    "outcome": (("at", str), ("decision", str)),
    "override": (("at", str), ("by", str), ("effect", str), ("findings", dict), ("until", str)),
    "revocation": (("at", str), ("by", str), ("override", str)),
    "list": (("at", str),),
    "recovery": (("at", str), ("segment", str), ("offset", int), ("lost", int)),
    "seal": (("at", str), ("records", int)),
}


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `verify` found.

    `segments` were read, `records` counted by kind. `problems` are the first within each segment, and links
    between segments that do not hold; `warnings` a segment still open, or a cut tail that a later one noted.
    """

    directory: Path
    segments: int
    records: Mapping[str, int]
    problems: tuple[Fault, ...]
    warnings: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """True if there is no problem; warnings do not count."""
        return not self.problems

    def require(self) -> None:
        """Raise `LedgerInvalid` naming the first problem, if there is one."""
        if self.problems:
            first = self.problems[0]
            path = self.directory / (first.segment + segments.SUFFIX)
            raise LedgerInvalid(f"the ledger at {self.directory} does not verify: {first}", str(path))


def verify(directory: Path) -> VerifyReport:
    """Check every segment of a ledger and the links between them.

    Raises `LedgerError` for a directory that is missing, empty or cannot be read; all else is in the report.
    A segment without a seal is a warning (its writer lives, or died); one whose last line is cut is a problem
    until a later segment's `recovery` record has noted the cut.
    """
    directory = Path(directory)
    paths = segments.some_segments(directory)
    run = _Run()
    try:
        links = _Links(paths)
        for path in paths:
            with path.open("rb") as file:
                _Segment(path, file, links, run).read()
    except OSError as error:
        raise segments.failure("read the ledger segment", Path(error.filename or directory), error) from None
    run.problems += links.faults
    run.problems.sort(key=lambda fault: fault.segment)
    return VerifyReport(directory, len(paths), dict(run.records), tuple(run.problems), tuple(run.warnings))


class _Run:
    """What is counted across segments."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self.problems: list[Fault] = []
        self.warnings: list[Fault] = []


class _Links:
    """What segments say of one another, gathered from their heads before anything else is read."""

    def __init__(self, paths: list[Path]) -> None:
        self.faults: list[Fault] = []
        self.cuts: dict[str, tuple[Cut, str]] = {}
        # segment -> [(seq, sha256, segment that says so)]
        self.claims: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
        names = [path.stem for path in paths]
        known = set(names)
        for index, path in enumerate(paths):
            head, cuts = segments.opening(path)
            for number, cut in enumerate(cuts, start=2):
                if cut.segment not in known or cut.segment >= path.stem:
                    self._missing(path.stem, number, cut.segment)
                else:
                    self.cuts.setdefault(cut.segment, (cut, path.stem))
            if head is not None and head.get("kind") == "segment":
                self._previous(head, path.stem, known, names[index - 1] if index else None)

    def _previous(self, head: Table, name: str, known: set[str], before: str | None) -> None:
        previous = head.get("previous")
        if previous is None:
            if before is not None:
                message = f"says that no segment came before it, but {before} did"
                self.faults.append(Fault(name, 1, 0, "unlinked", message))
            return
        if not (
            isinstance(previous, dict)
            and isinstance(segment := previous.get("segment"), str)
            and isinstance(seq := previous.get("seq"), int)
            and isinstance(digest := previous.get("sha256"), str)
        ):
            self.faults.append(Fault(name, 1, 0, "fields", "says of the segment before it something unreadable"))
        elif segment not in known:
            self._missing(name, 1, segment)
        elif segment != before:
            message = f"names {segment} as the segment before it, but {before} is: one was added, or names changed"
            self.faults.append(Fault(name, 1, 0, "unlinked", message))
        elif seq >= 0:
            self.claims[segment].append((seq, digest, name))

    def _missing(self, name: str, line: int, segment: str) -> None:
        message = f"names the earlier segment {segment}, which is not here"
        self.faults.append(Fault(name, line, 0, "missing_segment", message))


class _Stop(Exception):
    """The first fault of a segment was found."""


class _Segment:
    """One segment, line by line."""

    def __init__(self, path: Path, file: BinaryIO, links: _Links, run: _Run) -> None:
        self._name = path.stem
        self._file = file
        self._run = run
        # Asked before reading: a writer that seals and goes meanwhile must not look like one that died.
        self._held = segments.held(file)
        self._cut: Cut | None
        self._cut, self._noted_by = links.cuts.get(self._name, (None, ""))
        self._claims = {seq: (digest, by) for seq, digest, by in links.claims[self._name]}
        self._line = 0
        self._offset = 0
        self._before = 0
        self._prev = ZERO
        self._bases = array("Q")
        self._sealed = False

    def read(self) -> None:
        file = self._file
        file.seek(0)
        try:
            while raw := file.readline(MAX_LINE):
                if self._cut is not None and self._offset == self._cut.offset:
                    self._cut_noted()
                    return
                self._take(raw)
            self._end()
        except _Stop:
            return

    def _take(self, raw: bytes) -> None:
        if self._sealed:
            self._fail("after_seal", "a record, or a part of one, after the seal")
        if raw[-1:] != b"\n":
            self._unfinished(raw)
        line = raw[:-1]
        try:
            table = decode(line)
        except RecordError as error:
            self._fail(error.code, str(error))
        self._chain(table, line)
        self._meaning(table)
        self._run.records[table["kind"]] += 1
        self._prev = hashlib.sha256(line).hexdigest()
        claim = self._claims.pop(self._line, None)
        if claim is not None and claim[0] != self._prev:
            self._fail("previous", f"not the line whose hash the segment {claim[1]} keeps")
        self._line += 1
        self._before, self._offset = self._offset, self._offset + len(raw)

    def _chain(self, table: Table, line: bytes) -> None:
        seq, prev = table.get("seq"), table.get("prev")
        if type(seq) is not int or not isinstance(prev, str) or not isinstance(table.get("kind"), str):
            self._fail("fields", "lacks kind, seq or prev")
        if seq > self._line:
            if self._stands_later(self._line):
                self._fail("reordered", f"record {seq} stands where record {self._line} belongs, which follows later")
            self._fail("deleted", f"record {seq} stands where record {self._line} belongs, which is not in the segment")
        if seq < self._line:
            if hashlib.sha256(line).hexdigest() == self._prev:
                self._fail("duplicated", f"record {seq} stands here a second time")
            self._fail("reordered", f"record {seq} stands where record {self._line} belongs")
        if prev != self._prev:
            if self._line == 0:
                self._fail("edited", "the first line's prev is not 64 zeros")
            self._fail(
                "edited",
                f"line {self._line + 1} keeps another hash of line {self._line}: one of the two was changed",
                line=self._line,
                offset=self._before,
            )

    def _meaning(self, table: Table) -> None:
        kind = table["kind"]
        if kind not in KINDS:
            self._fail("kind", f"kind {kind!r} is unknown; a newer program may have written it")
        if (kind == "segment") != (self._line == 0):
            self._fail("head", "a segment's head stands on its first line, and only there")
        for key, wanted in _NEEDED[kind]:
            if type(table.get(key)) is not wanted:
                self._fail("fields", f"a record of kind {kind} lacks {key!r}, or it is of another type")
        at = table.get("at")
        if at is not None and not (isinstance(at, str) and _TIME.fullmatch(at)):
            self._fail("time", f"time {at!r} is not in the form of records")
        if kind == "decision":
            index = bisect_left(self._bases, max(table["basis"], 0))
            if index == len(self._bases) or self._bases[index] != table["basis"]:
                self._fail("basis", f"refers to basis {table['basis']}, which does not stand before it")
        elif kind == "basis":
            if table["id"] != self._line:
                self._fail("basis", f"a basis says that it is {table['id']}, but is record {self._line}")
            self._bases.append(self._line)
        elif kind == "segment" and table["segment"] != self._name:
            self._fail("swapped", f"this is the segment {table['segment']!r} under another name")
        elif kind == "seal":
            if table["records"] != self._line:
                self._fail("seal", f"the seal counts {table['records']} records, {self._line} stand before it")
            self._sealed = True

    def _end(self) -> None:
        """The file ended after a whole line, or is empty."""
        if self._claims:
            seq, (_, by) = max(self._claims.items())
            self._fail("truncated", f"ends before record {seq}, whose hash the segment {by} keeps")
        if self._cut is not None:
            if self._offset == self._cut.offset and self._cut.lost == 0:
                self._cut_noted()
                return
            self._fail("truncated", f"does not end in the cut that {self._noted_by} noted at byte {self._cut.offset}")
        if self._held:
            self._warn("open", "is being written")
        elif self._line == 0:
            self._fail("cut", "is empty: its writer died before the first line")
        elif not self._sealed:
            self._warn("open", "has no seal: its writer died or was killed")

    def _cut_noted(self) -> None:
        assert self._cut is not None  # noqa: S101
        size = os.fstat(self._file.fileno()).st_size
        if size != self._cut.offset + self._cut.lost or self._sealed:
            self._fail("cut", f"was changed after {self._noted_by} noted its cut tail")
        if self._claims:
            seq, (_, by) = max(self._claims.items())
            self._fail("truncated", f"ends before record {seq}, whose hash the segment {by} keeps")
        self._warn("cut", f"the last line is cut, {self._cut.lost} bytes; {self._noted_by} noted it")

    def _unfinished(self, raw: bytes) -> NoReturn:
        if len(raw) >= MAX_LINE:
            self._fail("too_long", f"a line of more than {MAX_LINE} bytes")
        if self._held:
            self._warn("open", "is being written")
            raise _Stop
        self._fail("cut", f"the last line is cut after {len(raw)} bytes, and no later segment notes it")

    def _stands_later(self, seq: int) -> bool:
        while raw := self._file.readline(MAX_LINE):
            try:
                if decode(raw.rstrip(b"\n")).get("seq") == seq:
                    return True
            except RecordError:
                continue
        return False

    def _warn(self, code: str, message: str) -> None:
        self._run.warnings.append(Fault(self._name, self._line + 1, self._offset, code, message))

    def _fail(self, code: str, message: str, *, line: int | None = None, offset: int | None = None) -> NoReturn:
        where = self._line + 1 if line is None else line
        self._run.problems.append(Fault(self._name, where, self._offset if offset is None else offset, code, message))
        raise _Stop
