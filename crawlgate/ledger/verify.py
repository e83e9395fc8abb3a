"""Is this ledger what was written? Reads every byte once, in flat memory, and alters nothing.

What it can see: any edited, deleted, repeated or moved line before a root that the segment keeps, cut and missing
segments, doubled keys, other spellings, checkpoints that do not fit. What it cannot see by itself: the removal of
the newest records of a segment that nothing later speaks of, or a ledger rewritten as a whole with its key;
checkpoints kept elsewhere show that (`checkpoints`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import LedgerInvalid
from ..signed_note import VerifierKey
from . import segments
from .canonical import Table, moment
from .checkpoint import Checkpoint, encode_hash
from .examine import Examination
from .packing import same_lines
from .segments import Fault, Opening, Segment


@dataclass(frozen=True, slots=True)
class Deleted:
    """A segment that was removed, and the deletion is on record: a gap that is known."""

    segment: str
    records: int
    at: datetime
    by: str
    reason: str
    root: str = ""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `verify` found.

    `segments` were read, `records` counted by kind. `problems` are the first within each segment, and links
    between segments that do not hold; `warnings` a segment still open, or a cut tail that a later one noted.
    `keys` are the verifier keys under which checkpoints were found good, with their number; `last` is the head of the
    newest segment's tree: keep it, and a later look can tell whether it still stands.
    `deleted` are segments that were removed on record.
    """

    directory: Path
    segments: int
    records: Mapping[str, int]
    problems: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    keys: Mapping[str, int]
    last: Checkpoint | None
    deleted: tuple[Deleted, ...]

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


def verify(
    directory: Path, *, keys: Collection[VerifierKey] = (), checkpoints: Collection[Checkpoint] = ()
) -> VerifyReport:
    """Check every segment of a ledger and the links between them.

    `keys` are those whose checkpoints are believed; without any, each segment is checked against the key that its own
    head names. `checkpoints` were kept elsewhere (their signatures checked by the caller): the ledger must still
    hold what they speak of. Raises `LedgerError` for a directory that is missing, empty or cannot be read; all else
    is in the report. A segment without a seal is a warning (its writer lives, or died); one whose last line is cut is
    a problem until a later segment has noted the cut.
    """
    directory = Path(directory)
    paths = segments.some_segments(directory)
    records: Counter[str] = Counter()
    signed: Counter[str] = Counter()
    odd = "has the name of a segment and is no file"
    problems = [Fault(name, 1, 0, "odd_file", odd) for name in segments.odd_files(directory)]
    warnings: list[Fault] = []
    last: Checkpoint | None = None
    deletions: list[Table] = []
    try:
        links = _Links(paths)
        kept: defaultdict[str, list[Checkpoint]] = defaultdict(list)
        for checkpoint in checkpoints:
            kept[checkpoint.segment].append(checkpoint)
        for path in paths:
            with Segment(path) as segment:
                found = Examination(segment, links.closed.get(segment.name), kept.pop(segment.name, ()), keys)
                found.read()
                twice = path.with_name(segment.name + segments.PACKED)
                if not segment.packed and twice.is_file():
                    same = same_lines(segment, twice)
                    message = "is there plain and compressed, " + (
                        "with the same records" if same else "and they differ"
                    )
                    (warnings if same else problems).append(Fault(segment.name, 1, 0, "twice", message))
            records.update(found.records)
            signed.update(found.signed)
            problems += found.problems
            warnings += found.warnings
            deletions += found.deletions
            last = found.head
    except OSError as error:
        raise segments.failure("read the ledger segment", Path(error.filename or directory), error) from None
    deleted = _deleted(deletions)
    for name in kept.keys() - deleted.keys():
        for checkpoint in kept[name]:
            message = f"a checkpoint of {checkpoint.size} records speaks of this segment, which is not here"
            problems.append(Fault(checkpoint.segment, 1, 0, "missing_segment", message))
    for name in kept.keys() & deleted.keys():
        problems += [fault for checkpoint in kept[name] if (fault := _contradicted(checkpoint, deleted[name]))]
    problems += links.faults(deleted)
    for name in sorted(deleted.keys() & {segments.name_of(path) for path in paths}):
        warnings.append(Fault(name, 1, 0, "still_here", "is on record as deleted, and is still here"))
    problems.sort(key=lambda fault: fault.segment)
    return VerifyReport(
        directory,
        len(paths),
        dict(records),
        tuple(problems),
        tuple(warnings),
        dict(signed),
        last,
        tuple(deleted[name] for name in sorted(deleted)),
    )


def _deleted(deletions: Sequence[Table]) -> dict[str, Deleted]:
    found: dict[str, Deleted] = {}
    for table in deletions:
        for one in table["segments"]:
            if isinstance(one, dict) and isinstance(name := one.get("segment"), str):
                records = one.get("records")
                count = records if type(records) is int else 0
                root = str(one.get("root", ""))
                found[name] = Deleted(name, count, moment(table["at"]), table["by"], table["reason"], root)
    return found


def _contradicted(checkpoint: Checkpoint, deleted: Deleted) -> Fault | None:
    """A checkpoint that was kept of a segment, if it is not of the one that is on record as deleted."""
    who = f"a checkpoint of {checkpoint.size} records kept elsewhere"
    if checkpoint.size > deleted.records:
        message = f"{who} speaks of more than the {deleted.records} records that are on record as deleted"
    elif checkpoint.size == deleted.records and encode_hash(checkpoint.root) != deleted.root:
        message = f"{who} has another root than the records that are on record as deleted"
    else:
        return None
    return Fault(deleted.segment, 1, 0, "checkpoint", message)


class _Links:
    """What segments say of one another, gathered from how they begin before anything else is read.

    `closed` maps a segment to the record that closed it, and the segment that record stands in.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.closed: dict[str, tuple[Table, str]] = {}
        self._faults: list[Fault] = []
        self._known = {segments.name_of(path) for path in paths}
        self._openings: list[tuple[str, Opening]] = []
        for path in paths:
            with Segment(path) as segment:
                opening = segments.opening(segment)
            self._openings.append((segment.name, opening))
            for record in opening.closed:
                if record["segment"] < segment.name:
                    self.closed.setdefault(record["segment"], (record, segment.name))

    def faults(self, deleted: Collection[str]) -> list[Fault]:
        """Links that do not hold; segments that are on record as deleted are not missed."""
        self._known |= set(deleted)
        newest: dict[str, str] = {}
        for name, opening in self._openings:
            for record in opening.closed:
                if record["segment"] not in self._known or record["segment"] >= name:
                    self._missing(name, record["segment"])
            head = opening.head
            if head is not None and isinstance(ledger := head.get("ledger"), str):
                self._head(head, name, newest.get(ledger), deleted)
                newest[ledger] = name
        return self._faults

    def _head(self, head: Table, name: str, before: str | None, deleted: Collection[str]) -> None:
        previous, still_open = head.get("previous"), head.get("open")
        if not (previous is None or isinstance(previous, str)) or not isinstance(still_open, list):
            self._faults.append(Fault(name, 1, 0, "fields", "says of the segments before it something unreadable"))
            return
        if previous is None:
            if before is not None:
                message = f"says that no segment came before it, but {before} did"
                self._faults.append(Fault(name, 1, 0, "unlinked", message))
        elif previous not in self._known:
            self._missing(name, previous)
        elif previous != before and previous not in deleted:
            message = f"names {previous} as the segment before it, but {before} is: one was added, or names changed"
            self._faults.append(Fault(name, 1, 0, "unlinked", message))
        for other in still_open:
            if other not in self._known and other != previous:
                self._missing(name, str(other))

    def _missing(self, name: str, segment: str) -> None:
        message = f"names the earlier segment {segment}, which is not here"
        fault = Fault(name, 1, 0, "missing_segment", message)
        if fault not in self._faults[-8:]:
            self._faults.append(fault)
