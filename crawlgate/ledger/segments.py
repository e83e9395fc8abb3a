"""Segment files as found on disk: their names, their locks, their lines. Nothing here alters a segment.

A segment's name is `<UTC time>-<pid>-<6 hex>`; its file adds `.jsonl`, and `.zst` once it is sealed and compressed.
Names sort in the order in which segments were opened, even if the clock was set back in between.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from ..errors import LedgerError
from . import compressed
from .canonical import MAX_LINE, RecordError, Table, decode
from .compressed import Damaged, Frames

SUFFIX = ".jsonl"
PACKED = ".jsonl.zst"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_WAYS_OUT = {
    errno.ENOSPC: "free space on that disk",
    errno.EDQUOT: "raise the quota or free space",
    errno.EROFS: "mount it writable or choose another directory",
    errno.EACCES: "make it writable or choose another directory",
    errno.EPERM: "make it writable or choose another directory",
    errno.ENOTDIR: "choose a directory",
    errno.EEXIST: "choose a directory",
    errno.EIO: "check that disk",
    errno.ENOLCK: "choose a file system with flock",
    errno.EOPNOTSUPP: "choose a file system with flock",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One place of a ledger that is not as it should be. `line` counts from 1, `offset` in bytes from 0 (in a
    compressed segment, of the lines before compression)."""

    segment: str
    line: int
    offset: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.segment} line {self.line} (byte {self.offset}): {self.message} [{self.code}]"


def failure(action: str, path: Path, error: OSError) -> LedgerError:
    """A `LedgerError` that names the path, the reason and the way out."""
    way_out = _WAYS_OUT.get(error.errno or 0, "choose another directory")
    return LedgerError(f"cannot {action} {path}: {error.strerror or error}; {way_out}, then start again", str(path))


# -- names ----------------------------------------------------------------------------------------------


def name_of(path: Path) -> str:
    """The name of the segment in a file."""
    return path.name.removesuffix(".zst").removesuffix(SUFFIX)


def segments(directory: Path) -> list[Path]:
    """The segment files of a directory, oldest first; where one is there plain and compressed, the plain one.

    What has the name of a segment and is no file is left out; `odd_files` finds it. Raises `LedgerError` where
    the directory cannot be read.
    """
    found: dict[str, Path] = {}
    for entry in _entries(directory):
        if entry.is_file():
            path = directory / entry.name
            if entry.name.endswith(SUFFIX) or name_of(path) not in found:
                found[name_of(path)] = path
    return [found[name] for name in sorted(found)]


def odd_files(directory: Path) -> list[str]:
    """Names of segments that are no files: directories, pipes, links to nowhere. None of them is opened."""
    return sorted(entry.name for entry in _entries(directory) if not entry.is_file())


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return [e for e in entries if e.name.endswith((SUFFIX, PACKED)) and not e.name.startswith(".")]
    except FileNotFoundError as error:
        raise LedgerError(f"there is no ledger at {directory}: {error.strerror}", str(directory)) from None
    except OSError as error:
        raise failure("read the ledger", directory, error) from None


def some_segments(directory: Path) -> list[Path]:
    """As `segments`; a directory without any is a `LedgerError` as well."""
    paths = segments(directory)
    if not paths:
        raise LedgerError(f"the ledger at {directory} is empty: it holds no segment", str(directory))
    return paths


def find(directory: Path, name: str) -> Path | None:
    """The file of a segment, plain or compressed."""
    if os.sep in name:
        return None
    for suffix in (SUFFIX, PACKED):
        path = directory / (name + suffix)
        if path.is_file():
            return path
    return None


def new_name(at: datetime, pid: int, others: Sequence[Path]) -> str:
    """A name for a segment opened at `at`, later than every other name."""
    stamp = at.astimezone(UTC).strftime(_STAMP)
    newest = others[-1].name.partition("-")[0] if others else ""
    if stamp <= newest:
        try:
            stamp = (datetime.strptime(newest, _STAMP) + timedelta(microseconds=1)).strftime(_STAMP)  # noqa: DTZ007
        except ValueError:  # a file that is no segment of ours
            stamp = max(stamp, newest)
    return f"{stamp}-{pid}-{secrets.token_hex(3)}"


# -- lines ----------------------------------------------------------------------------------------------


class Segment:
    """A segment opened for reading, plain or compressed. Offsets are those of the lines before compression.

    Raises `OSError` where it cannot be opened. Something that is no plain file is never waited for.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, name_of(path)
        self.packed = path.name.endswith(".zst")
        try:
            descriptor = _open(path)
        except FileNotFoundError:
            if self.packed:
                raise
            self.path, self.packed = path.with_name(self.name + PACKED), True  # compressed meanwhile
            descriptor = _open(self.path)
        self.file: BinaryIO = os.fdopen(descriptor, "rb")
        self._frames: Frames | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    @property
    def held(self) -> bool:
        """True if a live writer holds the segment."""
        if self.packed:
            return False
        try:
            fcntl.flock(self.file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self.file, fcntl.LOCK_UN)
        return False

    @property
    def size(self) -> int:
        """Bytes of its lines. Raises `Damaged` for a compressed file whose table of frames is broken."""
        return self.frames.size if self.packed else os.fstat(self.file.fileno()).st_size

    @property
    def frames(self) -> Frames:
        """The table of a compressed file. Raises `Damaged` if it is broken."""
        if self._frames is None:
            self._frames = Frames(self.file)
        return self._frames

    def lines(self, start: int = 0) -> Iterator[bytes]:
        """The lines from offset `start` on, with their newline, none longer than `MAX_LINE`; the last may lack its
        newline. A damaged compressed file raises `Damaged`."""
        if not self.packed:
            self.file.seek(start)
            yield from iter(lambda: self.file.readline(MAX_LINE), b"")
            return
        place, first = self.frames.locate(start) if start else (0, 0)
        self.file.seek(place)
        for line in compressed.lines(self.file, MAX_LINE):
            if first >= start:
                yield line
            elif first + len(line) > start:
                yield line[start - first :]
            first += len(line)

    def blocks(self, start: int, size: int) -> Iterator[bytes]:
        """The bytes from offset `start` on, about `size` at a time, for readers of many lines. A damaged compressed
        file raises `Damaged`."""
        if not self.packed:
            self.file.seek(start)
            yield from iter(lambda: self.file.read(size), b"")
            return
        place, first = self.frames.locate(start) if start else (0, 0)
        self.file.seek(place)
        for block in compressed.blocks(self.file, size):
            if first + len(block) > start:
                yield block[max(start - first, 0) :]
            first += len(block)

    def line(self, offset: int) -> bytes:
        """The line at `offset`, with its newline; empty at the end."""
        return next(iter(self.lines(offset)), b"")


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file")
    return descriptor


# -- ends and beginnings --------------------------------------------------------------------------------


def last_line(segment: Segment) -> tuple[int, Table] | None:
    """Offset and table of the last line, if that is whole and can be read."""
    try:
        size = segment.size
    except Damaged:
        return None
    span = 4096
    while True:
        start = max(0, size - span)
        if segment.packed:  # a frame is whole lines
            start = segment.frames.locate(max(0, size - 1))[1]
        try:
            block = b"".join(segment.lines(start))
        except Damaged:
            return None
        if block[-1:] != b"\n":
            return None
        begin = block.rfind(b"\n", 0, -1) + 1
        if begin > 0 or start == 0 or segment.packed:
            try:
                return size - len(block) + begin, decode(block[begin:-1])
            except RecordError:
                return None
        if span > 2 * MAX_LINE:
            return None
        span *= 8


@dataclass(frozen=True, slots=True)
class Opening:
    """How a segment begins: its head (None if it cannot be read) and what it says of segments closed before it."""

    head: Table | None
    closed: tuple[Table, ...] = ()


def opening(segment: Segment) -> Opening:
    """Read a segment's head and the `closed` records that follow it at once."""
    head: Table | None = None
    closed: list[Table] = []
    with suppress(RecordError, Damaged):
        for raw in segment.lines():
            table = decode(raw[:-1])
            if head is None:
                if table.get("kind") != "segment":
                    break
                head = table
            elif table.get("kind") == "closed" and is_closed(table):
                closed.append(table)
            else:
                break
    return Opening(head, tuple(closed))


def is_closed(table: Table) -> bool:
    """True if a `closed` record has its fields."""
    whole = (type(table.get(key)) is int for key in ("records", "bytes", "lost"))
    return all(whole) and isinstance(table.get("segment"), str) and isinstance(table.get("root"), str)
