"""The ledger's writer: one segment file for one process, one write(2) for one record, and no way around a failure.

A record counts once its bytes are with the kernel, so that it survives the death of the process; `sync` and
`close` bring it to the disk. Whatever fails, fails closed: the segment is abandoned as it is, and every later
record is refused.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import hashlib
import os
import threading
import weakref
from binascii import hexlify
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from ..errors import LedgerError
from ..model import Basis
from . import segments
from .record import (
    KINDS,
    MAX_LINE,
    RESERVED,
    ZERO,
    RecordError,
    Table,
    basis_table,
    clean,
    dump,
    plain,
    recovery_table,
    seal_table,
    segment_table,
    timestamp,
)

_OWN_KINDS = frozenset({"segment", "basis", "seal"})
_MEMO_OBJECTS = 16_384
_MEMO_CONTENTS = 131_072
_FULL_TIME = len('"2026-11-23T09:00:00.000000Z"')
_UTC_Z = orjson.OPT_UTC_Z

_writers: weakref.WeakSet[LedgerWriter] = weakref.WeakSet()


class LedgerWriter:
    """Appends records to a segment of its own in `directory`. Safe to share between threads.

    `head` is what every segment says of the conditions of its decisions (declaration, profile, versions);
    `now` gives the time of the head and the seal, in UTC. `os_write` and `os_fsync` stand in for the system's
    calls, for tests. After a fork the child goes on in a segment of its own.

    Raises `LedgerError` where the directory cannot keep records, and from every method once something went
    wrong: a decision that cannot be recorded must not be given out.
    """

    def __init__(
        self,
        directory: Path,
        head: Mapping[str, object],
        *,
        now: Callable[[], datetime],
        os_write: Callable[[int, bytes], int] = os.write,
        os_fsync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._fd = -1
        self._pid = -1
        self._size = 0
        self._seq = 0
        self._prev = ZERO.encode()
        self._objects: dict[int, tuple[int, Basis]] = {}
        self._contents: dict[bytes, int] = {}
        self._trouble: str | None = None
        self._lock = threading.Lock()
        self._directory = self._path = Path(directory)
        self._name = ""
        self._head: Table = plain(head)
        declared = self._head.get("declaration")
        self._declared = declared.get("user_agent") if isinstance(declared, dict) else None
        self._now = now
        self._os_write = os_write
        self._os_fsync = os_fsync
        self._open()
        _writers.add(self)

    @property
    def segment(self) -> str:
        """The name of the segment that is being written."""
        return self._name

    @property
    def path(self) -> Path:
        """The file of that segment."""
        return self._path

    # -- records ------------------------------------------------------------------------------------

    def append(self, kind: str, table: Mapping[str, object]) -> int:
        """Write one record; its number in the segment. Times, tuples and enums in `table` are converted.

        Raises `RecordError` for a table that cannot be written; nothing is written then.
        """
        if kind not in KINDS or kind in _OWN_KINDS:
            raise RecordError("value", f"records of kind {kind!r} are not appended this way")
        if not RESERVED.isdisjoint(table):
            raise RecordError("reserved", f"a table may not set any of {', '.join(sorted(RESERVED))}")
        ready: Table = plain(table)
        with self._lock:
            self._ready()
            return self._put(kind, ready)

    def append_decision(
        self,
        at: datetime,
        url: str,
        basis: Basis,
        enforced: bool = True,
        problem: str | None = None,
        user_agent: str | None = None,
        hop_of: str | None = None,
    ) -> tuple[str, int]:
        """Write a decision, and its basis before it where this segment lacks it; segment and number.

        The same bytes as `append` with a `decision_table`, some times faster. `user_agent` is left out where
        it is the declared one.
        """
        moment = orjson.dumps(at, option=_UTC_Z)
        if len(moment) != _FULL_TIME or at.tzinfo is not UTC:
            moment = b'"%b"' % timestamp(at).encode()
        try:
            quoted = orjson.dumps(url)
        except TypeError:
            quoted = orjson.dumps(clean(url))
        with self._lock:
            if self._fd < 0:  # also after a fork; asking for the process id would cost a system call
                self._ready()
            known = self._objects.get(id(basis))
            number = known[0] if known is not None else self._basis(basis)
            if enforced and problem is None and user_agent is None and hop_of is None:
                line = b"".join(
                    (b'{"at":', moment, b',"basis":', b"%d" % number, b',"kind":"decision","prev":"', self._prev,
                     b'","seq":', b"%d" % self._seq, b',"url":', quoted, b"}")
                )  # fmt: skip
            else:
                line = b'{"at":%b,"basis":%d%b%b,"kind":"decision","prev":"%b"%b,"seq":%d,"url":%b%b}' % (
                    moment,
                    number,
                    b"" if enforced else b',"enforced":false',
                    _member(b"hop_of", hop_of),
                    self._prev,
                    _member(b"problem", problem),
                    self._seq,
                    quoted,
                    _member(b"user_agent", None if user_agent == self._declared else user_agent),
                )
            return self._name, self._emit(line)

    def basis(self, basis: Basis) -> int:
        """The id of a basis in this segment, which is the number of its record; written at its first use."""
        with self._lock:
            self._ready()
            known = self._objects.get(id(basis))
            return known[0] if known is not None else self._basis(basis)

    # -- lifetime -----------------------------------------------------------------------------------

    def sync(self) -> None:
        """Bring everything written so far to the disk."""
        with self._lock:
            self._ready()
            self._fsync()

    def close(self) -> None:
        """Seal the segment and bring it to the disk. Later records are refused; closing again does nothing."""
        with self._lock:
            if self._fd >= 0 and self._pid == os.getpid():
                self._put("seal", plain(seal_table(self._now(), self._seq)))
                self._fsync()
            self._drop()
            if self._trouble is None:
                self._trouble = f"the ledger segment {self._path} is closed"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A seal is a courtesy here: without it the segment is whole, it only looks as if its writer died.
        with contextlib.suppress(Exception):
            self.close()

    # -- one line -----------------------------------------------------------------------------------

    def _put(self, kind: str, table: Table) -> int:
        return self._emit(dump({**table, "kind": kind, "prev": self._prev.decode(), "seq": self._seq}))

    def _emit(self, line: bytes) -> int:
        """One line to the kernel; only then does it count."""
        data = line + b"\n"
        size, seq = self._size, self._seq
        if len(data) > MAX_LINE:
            raise RecordError("too_long", f"a record of {len(data)} bytes; {MAX_LINE} is the limit")
        digest = hexlify(hashlib.sha256(line).digest())
        try:
            try:
                written = self._os_write(self._fd, data)
            except InterruptedError:
                written = 0
            if written != len(data):
                self._finish(data, written)
            self._prev = digest
            self._size = size + len(data)
            self._seq = seq + 1
        except OSError as error:
            raise self._abandon(error) from None
        except BaseException:
            self._settle(data, digest, size, seq)
            raise
        return seq

    def _finish(self, data: bytes, done: int) -> None:
        """The rest of a line of which the system took only a part."""
        while done < len(data):
            try:
                written = self._os_write(self._fd, data[done:])
            except InterruptedError:
                continue
            if written <= 0:
                raise OSError(errno.EIO, "nothing more was written")
            done += written

    def _settle(self, data: bytes, digest: bytes, size: int, seq: int) -> None:
        """After an interrupt (Ctrl-C) in the middle: ask the file whether the line is there."""
        try:
            there = os.fstat(self._fd).st_size
        except OSError as error:
            self._abandon(error)
            return
        if there == size + len(data):
            self._prev, self._size, self._seq = digest, there, seq + 1
        elif there == size:
            self._size, self._seq = size, seq
        else:
            self._abandon(OSError(errno.EINTR, "interrupted within a record"))

    def _fsync(self) -> None:
        try:
            self._os_fsync(self._fd)
        except OSError as error:
            # The kernel may have dropped the pages and call the next fsync good; never believe it.
            raise self._abandon(error) from None

    def _abandon(self, error: OSError) -> LedgerError:
        """Give the segment up for good."""
        told = segments.failure("write the ledger segment", self._path, error)
        self._trouble = str(told)
        self._drop()
        return told

    def _drop(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    # -- bases --------------------------------------------------------------------------------------

    def _basis(self, basis: Basis) -> int:
        table: Table = plain(basis_table(basis, 0))
        key = hashlib.sha256(dump(table)).digest()
        number = self._contents.get(key)
        if number is None:
            number = self._put("basis", {**table, "id": self._seq})
            if len(self._contents) >= _MEMO_CONTENTS:
                self._contents.clear()
            self._contents[key] = number
        if len(self._objects) >= _MEMO_OBJECTS:
            self._objects.clear()
        # The object is kept, or another could come to live at its address.
        self._objects[id(basis)] = (number, basis)
        return number

    # -- opening ------------------------------------------------------------------------------------

    def _ready(self) -> None:
        """Make sure that there is a segment of this process to write to."""
        if self._trouble is not None:
            raise LedgerError(self._trouble, str(self._path))
        if self._fd < 0 or self._pid != os.getpid():
            self._drop()
            self._open()

    def _open(self) -> None:
        self._objects = {}
        self._contents = {}
        self._size = 0
        self._seq = 0
        self._prev = ZERO.encode()
        self._pid = os.getpid()
        self._path = self._directory
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with self._opening():
                self._begin()
        except OSError as error:
            raise self._abandon(error) from None

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        """One writer opens at a time, so that names are in order and no half-begun segment is taken for a dead one."""
        lock = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _begin(self) -> None:
        """Create the file and write its head, and what was found of writers that died."""
        others = segments.segments(self._directory)
        previous, cuts = segments.link(others), segments.unnoted_cuts(others)
        at = self._now()
        self._name = segments.new_name(at, self._pid, others)
        head = plain(segment_table(self._head, at=at, name=self._name, pid=self._pid, previous=previous))
        self._path = self._directory / (self._name + segments.SUFFIX)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            self._put("segment", head)
            for cut in cuts:
                self._put("recovery", plain(recovery_table(at, cut.segment, offset=cut.offset, lost=cut.lost)))
            self._keep_name()
        except BaseException:
            # Nothing in it was acknowledged yet.
            self._path.unlink(missing_ok=True)
            self._drop()
            raise

    def _keep_name(self) -> None:
        """Bring the directory's entry to the disk; the file is of no use without its name."""
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._os_fsync(folder)
        finally:
            os.close(folder)

    def _forked(self) -> None:
        """In the child: the parent's segment and its lock are not ours."""
        self._lock = threading.Lock()
        self._drop()


def _member(key: bytes, value: str | None) -> bytes:
    return b"" if value is None else b',"%b":%b' % (key, orjson.dumps(clean(value)))


def _after_fork() -> None:
    for writer in list(_writers):
        writer._forked()


def _at_exit() -> None:
    for writer in list(_writers):
        with contextlib.suppress(Exception):
            writer.close()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
