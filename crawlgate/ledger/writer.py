"""The ledger's writer: what the gate calls. It keeps a current segment for this process, and begins another when
that one is full, failed, or belongs to the parent of this process."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from ..errors import LedgerError
from ..model import Basis
from ..signed_note import SigningKey
from . import segments
from .answers import Outcome, Received
from .canonical import Table, clean, micros, plain_mapping
from .closing import chain, closed
from .current import CurrentSegment, System
from .record import KINDS, OWN_KINDS, RESERVED, RecordError, row, segment_table
from .upkeep import Keeper, Upkeep

LOCAL = "local"
"""The ledger's name where none is given and no key has one."""

_SYSTEM = System()
_UPKEEP = Upkeep()
_FAILURES_KEPT = 1_000
_writers: weakref.WeakSet[LedgerWriter] = weakref.WeakSet()


class LedgerWriter:
    """Appends records to a segment of its own in `directory`. Safe to share between threads.

    `head` is what every segment says of the conditions of its decisions (declaration, profile, versions); `now` gives
    the time of heads and checkpoints, in UTC. `key` signs checkpoints; without one the roots stand unsigned.
    `upkeep` says how often what happens; `tidy` False leaves that to the caller (`tend`). `ended` are segments of
    other ledgers whose end is to be noted. `system` stands in for the system's calls, for tests. After a fork the
    child goes on in a segment of its own.

    Raises `LedgerError` where the directory cannot keep records, and from every method whose record could not be
    written: a decision that cannot be recorded must not be given out. The segment is then left as it is, and the
    next record begins another.
    """

    def __init__(
        self,
        directory: Path,
        head: Mapping[str, object],
        *,
        now: Callable[[], datetime],
        key: SigningKey | None = None,
        upkeep: Upkeep = _UPKEEP,
        tidy: bool = True,
        ended: Sequence[Path] = (),
        system: System = _SYSTEM,
    ) -> None:
        self._current: CurrentSegment | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._directory = self._path = Path(directory)
        self._head: Table = plain_mapping(head)
        declared = self._head.get("declaration")
        self._declared = declared.get("user_agent") if isinstance(declared, dict) else None
        self._now = now
        self._key = key
        self._ledger = LOCAL if key is None else key.name
        self._system = system
        self._upkeep = upkeep
        self._tidy = tidy
        self._ended = list(ended)
        self._keeper: Keeper | None = None
        # Segments that failed: why, and how many of their records reached the disk.
        self._given_up: dict[str, str] = {}
        self._short: dict[str, tuple[int, LedgerError]] = {}
        self._opened = self._checkpointed = 0.0
        self._last = ""
        self._open()
        _writers.add(self)

    @property
    def segment(self) -> str:
        """The name of the segment that is being written, or was last."""
        return segments.name_of(self._path)

    @property
    def path(self) -> Path:
        """The file of that segment."""
        return self._path

    def restate(self, head: Mapping[str, object]) -> None:
        """What segments begun from now on say of the conditions of their decisions; this one keeps its head."""
        ready = plain_mapping(head)
        with self._lock:
            self._head = ready

    # -- records ------------------------------------------------------------------------------------

    def append(self, kind: str, table: Mapping[str, object]) -> tuple[str, int]:
        """Write one record; its segment and number. Times, tuples and enums in `table` are converted.

        Raises `RecordError` for a table that cannot be written; nothing is written then.
        """
        if kind not in KINDS or kind in OWN_KINDS:
            raise RecordError("value", f"records of kind {kind!r} are not appended this way")
        if not RESERVED.isdisjoint(table):
            raise RecordError("reserved", f"a table may not set any of {', '.join(sorted(RESERVED))}")
        made = row(kind, table)
        with self._lock:
            current = self._current
            if current is None or current.over:
                current = self._ready()
            return current.name, current.put_row(made)

    def append_decision(
        self,
        at: datetime,
        url: str,
        basis: Basis,
        enforced: bool = True,
        problem: str | None = None,
        user_agent: str | None = None,
        hop_of: str | None = None,
        outcome: Outcome | None = None,
        received: Received | None = None,
    ) -> tuple[str, int]:
        """Write a decision, and its basis before it where this segment lacks it; segment and number.

        The same bytes as `append` with a `decision_table`, some times faster. `user_agent` is left out where
        it is the declared one. `outcome` is what became of the response, and `received` its body where that is in
        hand already; they are written with the decision or not at all.
        """
        moment = micros(at)
        try:
            quoted = orjson.dumps(url)
        except TypeError:
            quoted = orjson.dumps(clean(url))
        with self._lock:
            current = self._current
            if current is None or current.over:
                current = self._ready()
            known = current.objects.get(id(basis))
            middle = known[0] if known is not None else current.basis(basis)
            if enforced and problem is None and user_agent is None and hop_of is None:
                line = b'{"at":%d%b%b}\n' % (moment, middle, quoted)
            else:
                table: Table = {"at": moment, "basis": int(middle[9 : middle.index(b",", 1)]), "kind": "decision"}
                table["url"] = clean(url)
                if not enforced:
                    table["enforced"] = False
                if problem is not None:
                    table["problem"] = clean(problem)
                if user_agent is not None and user_agent != self._declared:
                    table["user_agent"] = clean(user_agent)
                if hop_of is not None:
                    table["hop_of"] = clean(hop_of)
                line = current.line(table)
            if outcome is None:
                return current.name, current.emit(line)
            number = current.next_of(3)
            lines = (line, outcome.line(number))
            return current.name, current.emit_all(lines if received is None else (*lines, received.line(at, number)))

    def append_received(self, at: datetime, decision: tuple[str, int], received: Received) -> tuple[str, int]:
        """Write what was read of the body that a decision (segment and number) released; segment and number."""
        segment, number = decision
        with self._lock:
            current = self._current
            if current is None or current.over:
                current = self._ready()
            if current.name == segment:
                return current.name, current.emit(received.line(at, number))
        table = {
            "disposition": "read",
            "sha256": received.sha256,
            "bytes": received.size,
            "complete": received.complete,
        }
        return self.append("outcome", {"at": at, "decision": f"{segment}:{number}", **table})

    # -- lifetime -----------------------------------------------------------------------------------

    def commit(self, segment: str, number: int) -> None:
        """Return once that record, which this writer wrote, is on the disk. Raises `LedgerError` if it is not."""
        current = self._current
        if current is not None and current.name == segment:
            current.commit(number)
        elif segment in self._short and number >= self._short[segment][0]:
            raise self._short[segment][1]

    def committed(self, segment: str, number: int) -> bool:
        """True if that record, which this writer wrote, is known to be on the disk."""
        current = self._current
        if current is not None and current.name == segment:
            return current.committed > number
        return segment not in self._short or number < self._short[segment][0]

    def sync(self) -> None:
        """Bring everything written so far to the disk."""
        with self._lock:
            current = self._ready()
        current.commit(current.seq - 1)

    def checkpoint(self) -> bytes | None:
        """Write a checkpoint of all records so far, and hand it to the anchors; the note. None without a key, or if
        nothing was written since the last."""
        with self._lock:
            current = self._ready()
            if self._key is None or current.seq == current.checkpointed:
                return None
            note = current.checkpoint(self._now())
            self._checkpointed = time.monotonic()
        if self._keeper is not None:
            self._keeper.later(note)
        return note

    def tend(self) -> None:
        """What is due now: a commit, a checkpoint, a new segment. Raises `LedgerError` as they do."""
        current, now = self._current, time.monotonic()
        if current is None or current.over:
            return
        if current.seq > current.committed:
            if not current.still_ours():
                raise current.lost()
            current.commit(current.seq - 1)
        if now - self._opened >= self._upkeep.segment_age:
            current.over = True
        elif now - self._checkpointed >= self._upkeep.checkpoint_interval:
            self.checkpoint()

    def close(self) -> None:
        """Seal the segment and bring it to the disk. Later records are refused; closing again does nothing."""
        with self._lock:
            self._closed = True
            keeper, self._keeper = self._keeper, None
            current = self._current
            try:
                if current is not None:
                    self._end(current, keeper)
            finally:
                self._current = None
        if keeper is not None:
            keeper.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A seal is a courtesy here: without it the segment is whole, it only looks as if its writer died.
        with contextlib.suppress(Exception):
            self._forget()

    def _forget(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.forget()
        self.close()

    # -- opening ------------------------------------------------------------------------------------

    def _ready(self) -> CurrentSegment:
        """A segment of this process to write to."""
        if self._closed:
            raise LedgerError(
                f"nothing is recorded any more: the ledger segment {self._path} was closed, with its gate or by "
                "close(); open a new gate, and close it after its last client",
                str(self._path),
            )
        current = self._current
        if current is not None and not current.over:
            return current
        if current is not None:
            # If it cannot be sealed it stays as it is; what comes next does not depend on it.
            with contextlib.suppress(LedgerError):
                self._end(current, self._keeper)
            self._current = None
        return self._open()

    def _end(self, current: CurrentSegment, keeper: Keeper | None) -> None:
        """Seal a segment, or note why it failed. It stays the current one until it is on the disk, for `commit`."""
        try:
            if current.done is None:
                note = current.seal()
                if keeper is not None:
                    keeper.later(note, current.path)
        finally:
            if current.done is not None:
                self._given_up[current.name] = str(current.done)
                self._short[current.name] = current.committed, current.done
                while len(self._short) > _FAILURES_KEPT:
                    del self._short[next(iter(self._short))]
            current.drop()

    def _open(self) -> CurrentSegment:
        self._path = self._directory
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with self._opening():
                return self._begin()
        except OSError as error:
            raise segments.failure("write the ledger segment", self._path, error) from None

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        """One writer opens at a time, so that names are in order and no half-begun segment is taken for a dead one."""
        lock = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _begin(self) -> CurrentSegment:
        """Create the file and write its head, and what became of segments that nobody writes any more."""
        others = segments.segments(self._directory)
        before = chain(others, self._ledger)
        previous = max(before.previous or "", self._last) or None  # a segment of ours that somebody removed is missed
        at = self._now()
        name = segments.new_name(at, os.getpid(), others)
        self._path = self._directory / (name + segments.SUFFIX)
        current = CurrentSegment(self._path, self._ledger, self._key, self._system, self._upkeep.segment_bytes)
        try:
            current.put(
                "segment",
                segment_table(
                    self._head,
                    at=at,
                    name=name,
                    pid=os.getpid(),
                    ledger=self._ledger,
                    key=None if self._key is None else str(self._key.verifier),
                    previous=previous,
                    still_open=list(before.still_open),
                ),
            )
            ended = sorted({*before.ended, *self._ended})
            for path in ended:
                current.put("closed", closed(path, at, self._key, self._given_up.get(segments.name_of(path))))
            self._keep_name()
        except BaseException:
            current.withdraw()
            raise
        self._given_up.clear()
        self._ended.clear()
        self._current, self._last = current, name
        self._opened = self._checkpointed = time.monotonic()
        if self._tidy and self._keeper is None:
            self._keeper = Keeper(self, self._upkeep)
        if self._keeper is not None:
            self._keeper.later(*ended)
        return current

    def _keep_name(self) -> None:
        """Bring the directory's entry to the disk; the file is of no use without its name."""
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._system.sync_directory(folder)
        finally:
            os.close(folder)

    def _forked(self) -> None:
        """In the child: the parent's segment and its lock are not ours."""
        self._lock = threading.Lock()
        self._keeper = None  # threads do not cross a fork
        self._last = ""
        current, self._current = self._current, None
        if current is not None:
            current.forget()


def _before_fork() -> None:
    # A thread that holds a lock at the moment of the fork would leave it locked in the child for good.
    for writer in list(_writers):
        if writer._keeper is not None:
            writer._keeper.pause()


def _after_fork_in_parent() -> None:
    for writer in list(_writers):
        if writer._keeper is not None:
            writer._keeper.start()


def _after_fork_in_child() -> None:
    for writer in list(_writers):
        writer._forked()


def _at_exit() -> None:
    for writer in list(_writers):
        with contextlib.suppress(Exception):
            writer.close()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
