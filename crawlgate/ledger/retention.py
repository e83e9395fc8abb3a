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
from .query import records
from .segments import Segment
from .writer import LedgerWriter

DELETABLE = frozenset(
    {"segment", "basis", "evidence", "decision", "outcome", "attempt", "tree", "checkpoint", "closed", "seal"}
)
"""Kinds that a deleted segment may hold. What people decided, what rights holders said, holds and deletions stay."""

OpenWriter = Callable[[], LedgerWriter]
"""Opens a segment for a record; nothing is opened where nothing is to be written."""

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold in force: nothing recorded from `since` to `until` (None: open) is deleted."""

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
    """What a deletion would do: the segments that go, and those that are old enough but stay, with the reason."""

    before: datetime
    going: tuple[Candidate, ...]
    staying: tuple[tuple[str, str], ...]
    leftover: tuple[Path, ...] = ()


def holds(directory: Path) -> list[Hold]:
    """The holds in force, oldest first."""
    found: dict[str, Hold] = {}
    for record in records(directory, kinds={"hold"}):
        table, name = record.table, str(record.table["name"])
        if table["action"] == "add" and record.at is not None:
            found[name] = Hold(name, table["by"], table["reason"], record.at, _time(table, "from"), _time(table, "to"))
        elif table["action"] == "release":
            found.pop(name, None)
    return list(found.values())


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
    """Put the release of a hold on record; the record. Raises `ConfigError` if there is no such hold."""
    with retention_lock(directory):
        known = [hold.name for hold in holds(directory)]
        if name not in known:
            raise ConfigError(f"no hold {name!r} is in force; in force: {', '.join(known) or 'none'}")
        return _put(open_writer, "hold", {"at": at, "action": "release", "name": name, "by": by, "reason": reason})


def plan(directory: Path, before: datetime) -> Plan:
    """Which segments end before `before` and may go. Raises `LedgerError` where the ledger cannot be read."""
    paths = segments.some_segments(directory)
    in_force = holds(directory)
    gone = {one["segment"] for record in records(directory, kinds={"deletion"}) for one in record.table["segments"]}
    looked = [_look(path) for path in paths]
    newest = {look.ledger: look.path for look in looked}
    going: list[Candidate] = []
    staying: list[tuple[str, str]] = []
    leftover: list[Path] = []
    for look in looked:
        name = segments.name_of(look.path)
        if name in gone:
            leftover.append(look.path)
            continue
        why = look.why
        if why is None and look.last is not None and look.last >= before:
            continue
        hold = next((h for h in in_force if look.first and look.last and h.covers(look.first, look.last)), None)
        if why is None and newest[look.ledger] == look.path:
            why = "the newest segment of its ledger"
        if why is None and hold is not None:
            why = f"held: {hold.name} ({hold.by}: {hold.reason})"
        if why is not None or look.first is None or look.last is None:
            if look.last is None or look.last < before:
                staying.append((name, why or "it has no record with a time"))
            continue
        going.append(Candidate(look.path, name, look.ledger, look.records, look.root, look.first, look.last))
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
        if decided.going:
            for hold in holds(directory):
                for candidate in decided.going:
                    if hold.covers(candidate.first, candidate.last):
                        raise ConfigError(f"the hold {hold.name!r} came meanwhile; look at the plan again")
            table = {"at": at, "by": by, "reason": reason, "before": timestamp(decided.before)}
            record = _put(open_writer, "deletion", {**table, "segments": [_told(one) for one in decided.going]})
        for path in [*(candidate.path for candidate in decided.going), *decided.leftover]:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise segments.failure("delete the ledger segment", path, error) from None
        return record


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
