"""The segment that is being written: one write(2) for a record, or for those that belong together; no way around a
failure.

A record counts once its bytes are with the kernel, so that it survives the death of the process; `commit` brings
what was written to the disk. Whatever fails ends the segment: it stays as it is, and nothing more goes into it.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import signed_note
from ..errors import LedgerError
from ..model import Basis
from ..signed_note import SigningKey
from . import segments
from .canonical import MAX_LINE, RecordError, Table, dump
from .checkpoint import Checkpoint, encode_hash, origin_of
from .merkle import Tree
from .record import REFERENCES, basis_table, row

TREE_EVERY = 255
"""Records between two tree records at most."""

FINGERPRINT = 2
"""Bytes of each leaf's hash that a tree record keeps, so that a reader can tell which line is not the one written."""

_GATHER, _GATHER_MOST = 0.0002, 25
_MEMO_OBJECTS = 16_384
_MEMO_CONTENTS = 131_072
_sha256 = hashlib.sha256
# The size of the file goes to the disk with it; its times need not.
_SYNC: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


def fingerprints(hashes: Iterable[bytes]) -> str:
    """The `leaves` of a record that keeps a root."""
    return base64.b64encode(b"".join([each[:FINGERPRINT] for each in hashes])).decode()


def _bounded(line: bytes) -> bytes:
    """The line. Raises `RecordError` for one that no reader would take."""
    if len(line) > MAX_LINE:
        raise RecordError("too_long", f"a record of {len(line)} bytes; {MAX_LINE} is the limit")
    return line


@dataclass(frozen=True, slots=True)
class System:
    """The system's calls; tests put their own in."""

    write: Callable[[int, bytes], int] = os.write
    sync: Callable[[int], None] = _SYNC
    sync_directory: Callable[[int], None] = os.fsync


class _Round:
    """Those who wait for one commit."""

    __slots__ = ("over", "size")

    def __init__(self) -> None:
        self.over = threading.Event()
        self.size = 0


class CurrentSegment:
    """An open segment file. Not safe between threads but for `commit`: the writer holds its lock around the rest.

    `over` says that nothing more should go into it: it is full (`most` bytes), or failed, and then `done` says why.
    """

    __slots__ = (
        "_commit_lock",
        "_contents",
        "_crowd",
        "_key",
        "_most",
        "_origin",
        "_pending",
        "_prefix",
        "_round",
        "_round_lock",
        "_system",
        "_tree",
        "_write",
        "checkpointed",
        "committed",
        "done",
        "fd",
        "name",
        "objects",
        "over",
        "path",
        "seq",
        "size",
    )

    def __init__(self, path: Path, ledger: str, key: SigningKey | None, system: System, most: int) -> None:
        self.path, self.name = path, segments.name_of(path)
        self.seq = self.size = 0
        self.committed = 0
        self.checkpointed = 0
        self.over = False
        self.done: LedgerError | None = None
        self._most = most
        # The line's middle for each basis; the object is kept, or another could come to live at its address.
        self.objects: dict[int, tuple[bytes, Basis]] = {}
        self._contents: dict[bytes, int] = {}
        self._pending: list[bytes] = []
        self._tree = Tree()
        self._origin = origin_of(ledger, self.name)
        self._prefix = self.name + ":"
        self._key = key
        self._system = system
        self._write = system.write
        self._commit_lock = threading.Lock()
        self._round_lock = threading.Lock()
        self._round: _Round | None = None
        self._crowd = 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self.fd = os.open(path, flags, 0o644)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX)
        except BaseException:
            self.withdraw()
            raise

    # -- records ------------------------------------------------------------------------------------

    def put(self, kind: str, table: Mapping[str, Any]) -> int:
        """Write one record; its number."""
        return self.put_row(row(kind, table))

    def put_row(self, made: Table) -> int:
        """Write a table that is ready. A reference to a record of this segment becomes its number."""
        return self.emit(self.line(made))

    def line(self, made: Table) -> bytes:
        """The line of a table that is ready."""
        for key in REFERENCES:
            reference = made.get(key)
            if isinstance(reference, str) and reference.startswith(self._prefix):
                number = reference[len(self._prefix) :]
                if number.isdecimal():
                    made[key] = int(number)
        return dump(made) + b"\n"

    def emit(self, data: bytes) -> int:
        """One line, with its newline, to the kernel; only then does it count. Its number."""
        if len(self._pending) >= TREE_EVERY:
            self._plant({"kind": "tree"})
        return self._emit(_bounded(data))

    def next_of(self, lines: int) -> int:
        """The number of the next line, if at most `lines` are written together; a tree record that is due is written
        before."""
        if len(self._pending) > TREE_EVERY - lines:
            self._plant({"kind": "tree"})
        return self.seq

    def emit_all(self, lines: tuple[bytes, ...]) -> int:
        """Lines with one call of the system, all or an error; the number of the first, as `next_of` gave it."""
        for line in lines:
            _bounded(line)
        return self._emit(b"".join(lines), lines)

    def _emit(self, data: bytes, lines: tuple[bytes, ...] = ()) -> int:
        """Write `data`: one line, or these `lines`."""
        size, seq = self.size, self.seq
        try:
            try:
                written = self._write(self.fd, data)
            except InterruptedError:
                written = 0
            if written != len(data):
                self._finish(data, written)
        except OSError as error:
            raise self.abandon(error) from None
        except BaseException:
            self._settle(lines or (data,), size)
            raise
        if lines:
            self._pending.extend(lines)
        else:
            self._pending.append(data)
        self.size = size + len(data)
        self.seq = seq + (len(lines) or 1)
        return seq

    def _finish(self, data: bytes, done: int) -> None:
        """The rest of a line of which the system took only a part."""
        while done < len(data):
            try:
                written = self._write(self.fd, data[done:])
            except InterruptedError:
                continue
            if written <= 0:
                raise OSError(errno.EIO, "nothing more was written")
            done += written

    def _settle(self, lines: tuple[bytes, ...], size: int) -> None:
        """After an interrupt (Ctrl-C) in the middle: ask the file whether the lines are there."""
        try:
            there = os.fstat(self.fd).st_size
        except OSError as error:
            self.abandon(error)
            return
        if there == size + sum(map(len, lines)):
            self._pending.extend(lines)
            self.size, self.seq = there, self.seq + len(lines)
        elif there != size:
            self.abandon(OSError(errno.EINTR, "interrupted within a record"))

    # -- bases --------------------------------------------------------------------------------------

    def basis(self, basis: Basis) -> bytes:
        """The middle of a decision's line, with the number of its basis, which is written at its first use."""
        table = row("basis", basis_table(basis, 0))
        key = _sha256(dump(table)).digest()
        number = self._contents.get(key)
        if number is None:
            if len(self._pending) >= TREE_EVERY:
                self._plant({"kind": "tree"})
            number = self._emit(_bounded(dump({**table, "id": self.seq}) + b"\n"))
            if len(self._contents) >= _MEMO_CONTENTS:
                self._contents.clear()
            self._contents[key] = number
        if len(self.objects) >= _MEMO_OBJECTS:
            self.objects.clear()
        middle = b',"basis":%d,"kind":"decision","url":' % number
        self.objects[id(basis)] = (middle, basis)
        return middle

    # -- the tree -----------------------------------------------------------------------------------

    def _plant(self, table: Table) -> None:
        """Write a record that keeps the root of all records before it, and a fingerprint of each since the last."""
        hashes = [_sha256(b"\0" + data[:-1]).digest() for data in self._pending]
        self._tree.extend(hashes)
        self._pending.clear()
        head = Checkpoint(self._origin, self._tree.size, self._tree.root())
        table["leaves"] = fingerprints(hashes)
        if self._key is not None and table["kind"] != "tree":
            table["note"] = signed_note.write(head.text, [self._key]).decode()
        else:
            table["root"] = encode_hash(head.root)
        self._emit(_bounded(dump(table) + b"\n"))
        if self.size >= self._most:
            self.over = True

    def checkpoint(self, at: datetime) -> bytes:
        """Write a signed checkpoint of all records so far; the note. Only for a segment with a key."""
        table = row("checkpoint", {"at": at, "leaves": "", "note": ""})
        self._plant(table)
        self.checkpointed = self.seq
        note: str = table["note"]
        return note.encode()

    def seal(self) -> bytes | None:
        """Write the last record, bring all of it to the disk, and close the file; the note, if there is a key.

        Nothing stands after a seal that could keep its hash, so it holds nothing that its own root does not prove.
        """
        table = row("seal", {"leaves": "", "records": self.seq})
        self._plant(table)
        self.commit(self.seq - 1)
        self.drop()
        note = table.get("note")
        return note.encode() if isinstance(note, str) else None

    # -- the disk -----------------------------------------------------------------------------------

    def commit(self, number: int) -> None:
        """Return once record `number` is on the disk. Who comes while a commit is under way shares the next one.
        Raises `LedgerError` if the disk failed."""
        while self.committed <= number:
            if self.fd < 0 or self.done is not None:
                raise self.done or LedgerError(f"the ledger segment {self.path} is closed", str(self.path))
            with self._round_lock:
                leads = self._round is None
                shared = self._round = self._round or _Round()
                shared.size += 1
            if leads:
                self._lead(shared)
            else:
                shared.over.wait()

    def _lead(self, shared: _Round) -> None:
        """One commit for all who joined before it began."""
        try:
            with self._commit_lock:
                self._gather(shared)
                with self._round_lock:
                    self._round = None
                self._crowd = shared.size
                if self.fd < 0 or self.done is not None:
                    return
                upto = self.seq
                try:
                    self._system.sync(self.fd)
                    self.committed = upto
                except OSError as error:
                    # The kernel may have dropped the pages and call the next one good; it is never believed.
                    self._fail(segments.failure("bring to the disk the ledger segment", self.path, error))
        finally:
            with self._round_lock:
                if self._round is shared:
                    self._round = None
            shared.over.set()

    def _gather(self, shared: _Round) -> None:
        """Where a crowd shared the last commit, let it come back before the next one begins, while it does."""
        for _ in range(_GATHER_MOST):
            seen = shared.size
            if seen >= self._crowd:
                return
            time.sleep(_GATHER)
            if shared.size == seen:
                return

    def still_ours(self) -> bool:
        """True if the file is still in its place and the lock still ours: what is written elsewhere is lost."""
        try:
            there, here = self.path.stat(), os.fstat(self.fd)
            if (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
                return False
            with segments.Segment(self.path) as reader:
                return reader.held
        except OSError:
            return False

    # -- its end ------------------------------------------------------------------------------------

    def abandon(self, error: OSError) -> LedgerError:
        """Give the segment up for good, as it is."""
        told = segments.failure("write the ledger segment", self.path, error)
        self._fail(told)
        self.drop()
        return told

    def lost(self) -> LedgerError:
        """Give the segment up because its file or its lock is not ours any more."""
        told = LedgerError(
            f"the ledger segment {self.path} was moved, removed, or is locked by another: "
            "leave the files of a ledger alone while it is written",
            str(self.path),
        )
        self._fail(told)
        return told

    def _fail(self, told: LedgerError) -> None:
        self.done = self.done or told
        self.over = True

    def drop(self) -> None:
        """Close the file."""
        with self._commit_lock:
            fd, self.fd = self.fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    def withdraw(self) -> None:
        """Remove the file: nothing in it was acknowledged."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.drop()

    def forget(self) -> None:
        """In a forked child: close the descriptor without waiting for a lock that a thread of the parent held."""
        self._commit_lock, self._round_lock, self._round = threading.Lock(), threading.Lock(), None
        self.drop()
