"""Deleting old segments, never under a legal hold, and never in silence.

A hold is a record: who ordered it, why, for which time; it stands until a record releases it. A deletion is a record
too, on the disk before the first file goes: which segments, how many records, their roots. So `verify` knows the gap,
and a checkpoint kept elsewhere still tells what the deleted segments were. Whole segments go; a single record cannot.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import ConfigError, LedgerError
from . import segments
from .canonical import RecordError, Table, decode, moment, timestamp
from .checkpoint import encode_hash
from .compressed import Damaged
from .merkle import Tree, leaf_hash
from .packing import alone
from .query import records
from .segments import Segment
from .writer import LedgerWriter

DELETABLE = frozenset(
    {"segment", "basis", "evidence", "decision", "outcome", "attempt", "client", "tree", "checkpoint", "closed", "seal"}
)
"""Kinds that a deleted segment may hold. What people decided, what rights holders said, holds and deletions stay."""

OpenWriter = Callable[[], LedgerWriter]
"""Opens a segment for a record; nothing is opened where nothing is to be written."""

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold in force: nothing recorded from `since` to `until` (None: open) is deleted.

    `record` is the one that ordered it, `segment:number`. Ledgers that came together may each have a hold of that name.
    """

    record: str
    name: str
    by: str
    reason: str
    at: datetime
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, first: datetime, last: datetime) -> bool:
        """True if it keeps records of that time."""
        return (self.until is None or first <= self.until) and (self.since is None or last >= self.since)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that may be deleted: what a deletion says of it."""

    path: Path
    segment: str
    ledger: str
    records: int
    root: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deletion would do: the segments that go, and those that are old enough but stay, with the reason.

    `leftover` are files of segments that are on record as deleted: of a deletion that was interrupted, or of another
    home of which they were merged again. A hold keeps them like all others.
    """

    before: datetime
    going: tuple[Candidate, ...]
    staying: tuple[tuple[str, str], ...]
    leftover: tuple[Candidate, ...] = ()


def holds(directory: Path) -> list[Hold]:
    """The holds in force, oldest first. A release ends the hold whose record it names, and no other of that name."""
    found: dict[str, Hold] = {}
    released: set[str] = set()
    for record in records(directory, kinds={"hold"}):
        table = record.table
        if table["action"] == "add" and record.at is not None:
            since, until = _time(table, "from"), _time(table, "to")
            found[record.id] = Hold(record.id, table["name"], table["by"], table["reason"], record.at, since, until)
        elif table["action"] == "release":
            released.add(str(table.get("hold")))
    return [hold for name, hold in found.items() if name not in released]


def add_hold(
    open_writer: OpenWriter,
    directory: Path,
    name: str,
    *,
    at: datetime,
    by: str,
    reason: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> str:
    """Put a hold on record, and on the disk; the record. Raises `ConfigError` for a name that is in force."""
    with retention_lock(directory):
        if any(hold.name == name for hold in holds(directory)):
            raise ConfigError(f"a hold {name!r} is in force; choose another name, or release that one first")
        table = {"at": at, "action": "add", "name": name, "by": by, "reason": reason}
        table |= {key: value for key, value in (("from", since), ("to", until)) if value is not None}
        return _put(open_writer, "hold", table)


def release_hold(open_writer: OpenWriter, directory: Path, name: str, *, at: datetime, by: str, reason: str) -> str:
    """Put the release of a hold on record; the record. `name` is its name, or the record that ordered it.

    Raises `ConfigError` if there is no such hold, or if merged ledgers each have one of that name.
    """
    with retention_lock(directory):
        in_force = holds(directory)
        meant = [hold for hold in in_force if name in (hold.name, hold.record)]
        if not meant:
            known = ", ".join(hold.name for hold in in_force)
            raise ConfigError(f"no hold {name!r} is in force; in force: {known or 'none'}")
        if len(meant) > 1:
            told = ", ".join(f"{hold.record} by {hold.by}" for hold in meant)
            raise ConfigError(f"{len(meant)} holds {name!r} are in force; name the record of the one that ends: {told}")
        hold = meant[0]
        table = {"at": at, "action": "release", "hold": hold.record, "name": hold.name, "by": by, "reason": reason}
        return _put(open_writer, "hold", table)


def deleted_segments(directory: Path) -> set[str]:
    """Names of the segments that are on record as deleted; none where there is no ledger."""
    if not segments.segments(directory):
        return set()
    told = (record.table["segments"] for record in records(directory, kinds={"deletion"}))
    return {
        name
        for tables in told
        for one in tables
        if isinstance(one, dict) and isinstance(name := one.get("segment"), str)
    }


def plan(directory: Path, before: datetime) -> Plan:
    """Which segments end before `before` and may go. Raises `LedgerError` where the ledger cannot be read."""
    paths = segments.some_segments(directory)
    in_force = holds(directory)
    gone = deleted_segments(directory)
    looked = [_look(path) for path in paths]
    newest = {look.ledger: look.path for look in looked}
    going: list[Candidate] = []
    staying: list[tuple[str, str]] = []
    leftover: list[Candidate] = []
    for look in looked:
        name = segments.name_of(look.path)
        why, deleted = look.why, name in gone
        if why is None and look.last is not None and look.last >= before and not deleted:
            continue
        hold = next((h for h in in_force if look.first and look.last and h.covers(look.first, look.last)), None)
        if why is None and newest[look.ledger] == look.path and not deleted:
            why = "the newest segment of its ledger"
        if why is None and hold is not None:
            why = f"held: {hold.name} ({hold.by}: {hold.reason})"
        if why is not None or look.first is None or look.last is None:
            if look.last is None or look.last < before or deleted:
                staying.append((name, why or "it has no record with a time"))
            continue
        candidate = Candidate(look.path, name, look.ledger, look.records, look.root, look.first, look.last)
        (leftover if deleted else going).append(candidate)
    going, kept = _closers_stay(going, looked)
    return Plan(before, tuple(going), tuple(staying + kept), tuple(leftover))


def delete(
    open_writer: OpenWriter, directory: Path, decided: Plan, *, at: datetime, by: str, reason: str
) -> str | None:
    """Put the deletion on record, and on the disk, and then remove the files; the record, None if nothing was to go.

    Holds are looked at once more. Raises `ConfigError` if one came meanwhile, `LedgerError` where a file cannot be
    removed (running the same again removes the rest).
    """
    with retention_lock(directory):
        record = None
        for hold in holds(directory):
            for candidate in (*decided.going, *decided.leftover):
                if hold.covers(candidate.first, candidate.last):
                    raise ConfigError(f"the hold {hold.name!r} came meanwhile; look at the plan again")
        if decided.going:
            table = {"at": at, "by": by, "reason": reason, "before": timestamp(decided.before)}
            record = _put(open_writer, "deletion", {**table, "segments": [_told(one) for one in decided.going]})
        with alone(directory):
            for candidate in (*decided.going, *decided.leftover):
                for form in (segments.SUFFIX, segments.PACKED):  # it may have been compressed since it was looked at
                    _unlink(directory / (candidate.segment + form))
        return record


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise segments.failure("delete the ledger segment", path, error) from None


def _told(candidate: Candidate) -> Table:
    return {
        "first": timestamp(candidate.first),
        "last": timestamp(candidate.last),
        "ledger": candidate.ledger,
        "records": candidate.records,
        "root": candidate.root,
        "segment": candidate.segment,
    }


@dataclass(slots=True)
class _Look:
    """A segment read for a plan; `why` it has to stay, if that is so already."""

    path: Path
    ledger: str = ""
    records: int = 0
    root: str = ""
    first: datetime | None = None
    last: datetime | None = None
    why: str | None = None
    sealed: bool = False
    closes: tuple[str, ...] = ()


def _look(path: Path) -> _Look:
    look, tree, waiting = _Look(path), Tree(), []
    low: int | None = None
    high: int | None = None
    closes: list[str] = []
    try:
        with Segment(path) as segment:
            if segment.held:
                look.why = "it is being written"
            for raw in segment.lines():
                if raw[-1:] != b"\n":
                    break
                table = decode(raw[:-1])
                kind, at = table["kind"], table.get("at")
                if kind not in DELETABLE:
                    look.why = look.why or f"it holds a record of kind {kind}, which stays"
                if look.records == 0:
                    look.ledger = str(table.get("ledger", ""))
                if kind == "closed":
                    closes.append(table["segment"])
                look.sealed = look.sealed or kind == "seal"
                look.records += 1
                if not look.sealed:
                    waiting.append(leaf_hash(raw[:-1]))
                    if len(waiting) == _BATCH:
                        tree.extend(waiting)
                        waiting.clear()
                if type(at) is int:
                    low, high = at if low is None else min(low, at), at if high is None else max(high, at)
    except OSError as error:
        raise segments.failure("read the ledger segment", path, error) from None
    except (RecordError, Damaged, KeyError) as error:
        look.why = f"it cannot be read: {error}"
    tree.extend(waiting)
    look.records, look.root, look.closes = tree.size, encode_hash(tree.root()), tuple(closes)
    if low is not None and high is not None:
        look.first, look.last = moment(low), moment(high)
    return look


def _closers_stay(going: list[Candidate], looked: Sequence[_Look]) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """A segment that notes the end of one without a seal stays as long as that one does."""
    by_name = {segments.name_of(look.path): look for look in looked}
    kept: list[tuple[str, str]] = []
    for candidate in sorted(going, key=lambda one: one.segment):
        names = {one.segment for one in going}
        for name in by_name[candidate.segment].closes:
            if name in by_name and not by_name[name].sealed and name not in names:
                going = [one for one in going if one is not candidate]
                kept.append((candidate.segment, f"it notes the end of {name}, which stays and has no seal"))
                break
    return going, kept


def _put(open_writer: OpenWriter, kind: str, table: Mapping[str, Any]) -> str:
    with open_writer() as writer:
        segment, number = writer.append(kind, table)
        writer.commit(segment, number)
    return f"{segment}:{number}"


def _time(table: Mapping[str, Any], key: str) -> datetime | None:
    value = table.get(key)
    return None if value is None else datetime.fromisoformat(value)


@contextmanager
def retention_lock(directory: Path) -> Iterator[None]:
    """Holds and deletions one after the other. Raises `LedgerError` where there is no ledger."""
    path = directory / ".retention"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LedgerError(f"cannot lock {path}: {error.strerror}", str(path)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
