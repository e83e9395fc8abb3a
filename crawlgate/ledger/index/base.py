"""The file `state.sqlite`: opened, locked, made anew where it cannot be relied on.

Whoever uses it holds a shared lock on `state.lock`; whoever replaces it holds that lock alone, so that nobody ever
sees a file change under an open connection. Readers and writers beside each other are SQLite's business (WAL).
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import LedgerError
from .schema import APPLICATION, INDEXES, NAME, TABLES, VERSION

LOCK = "state.lock"
WAIT = 600.0
"""Seconds to wait for another process that is making the index anew."""

_BUSY = 120.0
_PART = f"{NAME}.part-"
_DISK = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM}
)


class Unusable(Exception):
    """The file is damaged, of another version, or no index of ours: it is made anew."""


class IndexFile:
    """The index file of one directory, with the lock held shared from `open` to `close`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self._lock_path = directory / LOCK
        self._lock = -1
        self.db: sqlite3.Connection | None = None

    def acquire(self) -> None:
        """Hold the lock shared. Raises `LedgerError`, and `OSError` where the directory cannot be written."""
        if self._lock < 0:
            self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._flock(fcntl.LOCK_SH)

    def open(self) -> sqlite3.Connection:
        """The connection. Raises `Unusable` for a file that must be made anew, or that is not there."""
        if self.db is None:
            if not self.path.is_file():
                raise Unusable("there is none")
            with told(self.path):
                db = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
                try:
                    _checked(db)
                except BaseException:
                    db.close()
                    raise
                self.db = db
                self._forgotten = weakref.finalize(self, db.close)
                self._forgotten.atexit = False
        return self.db

    def close(self) -> None:
        """Let go of the file and the lock."""
        self.disconnect()
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)

    def disconnect(self) -> None:
        """Close the connection only."""
        db, self.db = self.db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()
            self._forgotten.detach()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The lock held by nobody else; shared again afterwards."""
        self.disconnect()
        self._flock(fcntl.LOCK_EX)
        try:
            yield
        finally:
            self._flock(fcntl.LOCK_SH)

    @contextmanager
    def replacement(self) -> Iterator[sqlite3.Connection]:
        """An empty index that takes the place of the old one when the block ends well. Only while `alone`."""
        for old in self.path.parent.glob(f"{_PART}*"):
            old.unlink(missing_ok=True)
        part = self.path.with_name(f"{_PART}{os.getpid()}")
        with told(self.path):
            db = sqlite3.connect(part, isolation_level=None, check_same_thread=False)
            try:
                db.execute("PRAGMA journal_mode = OFF")
                db.execute("PRAGMA synchronous = OFF")
                db.execute("PRAGMA cache_size = -65536")
                db.executescript(TABLES)
                yield db
                db.executescript(INDEXES)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {VERSION}")
                db.execute("PRAGMA journal_mode = WAL")
                db.close()
                _to_disk(part)
                for name in ("", "-wal", "-shm"):
                    self.path.with_name(f"{NAME}{name}").unlink(missing_ok=True)
                part.replace(self.path)
            finally:
                db.close()
                for name in ("", "-wal", "-shm"):
                    part.with_name(f"{part.name}{name}").unlink(missing_ok=True)

    def _flock(self, how: int) -> None:
        until = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(self._lock, how | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= until:
                    message = (
                        f"the index {self.path} is in use by another process for {WAIT:g} s; wait for it, or end it"
                    )
                    raise LedgerError(message, str(self.path)) from None
            time.sleep(0.05)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """SQLite's errors: `Unusable` where the file is to blame, `LedgerError` where the disk or another process is."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _DISK:
            raise LedgerError(
                f"cannot use the index {path}: {error}; free space or make the directory writable", str(path)
            ) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise LedgerError(f"the index {path} is in use by another process: {error}; try again", str(path)) from None
        raise Unusable(str(error)) from None


def unwritable(error: OSError) -> bool:
    """True where a directory cannot be written, so that an index has to stand elsewhere."""
    return error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)


def _checked(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise Unusable("it is no index of ours")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        raise Unusable(f"it is of version {version}, not {VERSION}")
    db.execute("PRAGMA cell_size_check = ON")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA cache_size = -32768")
    db.execute("SELECT count(*) FROM meta").fetchone()


def _to_disk(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
