"""Evidence on disk as WARC, so that any archive tool opens it: one file for one process, whole records only.

The forms of the records stand in `warc`, reading them in `read`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import LedgerError
from ..model import Evidence
from .read import EvidenceReader, Location, failure
from .warc import Exchange, date, warcinfo

__all__ = ["EvidenceStore", "Location"]

_MEMO = 65_536

_stores: weakref.WeakSet[EvidenceStore] = weakref.WeakSet()


class EvidenceStore:
    """Keeps evidence in WARC files below `directory`. Safe to share between threads; a forked child goes on in
    a file of its own.

    `now` names the file; `os_write` and `os_fsync` stand in for the system's calls, for tests. Raises
    `LedgerError` where the directory cannot keep evidence, and from every `put` once a write failed.
    """

    def __init__(
        self,
        directory: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        os_write: Callable[[int, bytes], int] = os.write,
        os_fsync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._fd = -1
        self._pid = os.getpid()
        self._trouble: str | None = None
        self._lock = threading.Lock()
        self._directory = Path(directory)
        self._reader = EvidenceReader(self._directory)
        self._path = self._directory
        self._now = now
        self._os_write = os_write
        self._os_fsync = os_fsync
        self._size = 0
        self._seen: dict[bytes, tuple[int, str]] = {}
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            if not os.access(self._directory, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "it cannot be written")
        except OSError as error:
            raise self._abandon(error) from None
        _stores.add(self)

    @property
    def path(self) -> Path | None:
        """The file that is being written; None before the first `put`."""
        return self._path if self._fd >= 0 else None

    def ready(self) -> None:
        """Raises `LedgerError` where nothing is kept any more."""
        if self._trouble is not None:
            raise LedgerError(self._trouble, str(self._path))

    def put(self, evidence: Evidence) -> Location:
        """Keep evidence. Its records are whole and with the kernel when this returns. Raises `LedgerError`."""
        with self._lock:
            self._ready()
            digest = hashlib.sha256(evidence.body).digest()
            key = hashlib.sha256(evidence.final_url.encode("utf-8", "surrogatepass") + b"\n" + digest).digest()
            fetched = date(evidence.fetched_at)
            warc = Exchange(evidence, digest.hex(), fetched)
            if evidence.status is None:
                part = warc.resource() if evidence.body else b""
                return self._write(part + warc.metadata())
            seen = self._seen.get(key) if evidence.body else None
            if seen is not None:
                return self._write(warc.revisit(*seen) + warc.request())
            location = self._write(warc.response() + warc.request())
            if len(self._seen) >= _MEMO:
                self._seen.clear()
            self._seen[key] = (location.offset, fetched)
            return location

    def get(self, location: Location) -> bytes:
        """The body of stored evidence; see `EvidenceReader.body`."""
        return self._reader.body(location)

    def close(self) -> None:
        """Bring the file to the disk and close it. A later `put` raises `LedgerError`; closing again is fine."""
        with self._lock:
            if self._fd >= 0 and self._pid == os.getpid():
                try:
                    self._os_fsync(self._fd)
                except OSError as error:
                    raise self._abandon(error) from None
            self._drop()
            self._trouble = self._trouble or (
                f"nothing is kept any more: the evidence store at {self._directory} was closed, with its gate or by "
                "close(); open a new gate, and close it after its last client"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._drop()

    # -- writing ------------------------------------------------------------------------------------

    def _write(self, raw: bytes) -> Location:
        offset, done = self._size, 0
        try:
            while done < len(raw):
                try:
                    written = self._os_write(self._fd, raw[done:] if done else raw)
                except InterruptedError:
                    continue
                if written <= 0:
                    raise OSError(errno.EIO, "nothing was written")
                done += written
            self._size = offset + done
        except OSError as error:
            raise self._abandon(error) from None
        except BaseException:
            # Interrupted (Ctrl-C): part of a record may stand there. The next one gets a new file.
            self._drop()
            raise
        return Location(self._path.name, offset, len(raw), hashlib.sha256(raw).hexdigest())

    def _ready(self) -> None:
        self.ready()
        if self._fd < 0 or self._pid != os.getpid():
            self._drop()
            self._open()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._size = 0
        self._seen = {}
        at = self._now()
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        self._path = self._directory / f"{stamp}-{self._pid}-{secrets.token_hex(3)}.warc.gz"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd = os.open(self._path, flags, 0o644)
        except OSError as error:
            raise self._abandon(error) from None
        self._write(warcinfo(self._path.name, date(at)))

    def _abandon(self, error: OSError) -> LedgerError:
        told = failure("keep evidence in", self._path, error)
        self._trouble = str(told)
        self._drop()
        return told

    def _drop(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _forked(self) -> None:
        """In the child: the parent's file is not ours."""
        self._lock = threading.Lock()
        self._drop()


def _after_fork() -> None:
    for store in list(_stores):
        store._forked()


os.register_at_fork(after_in_child=_after_fork)
