"""Compressing sealed segments. At every moment a segment is there, plain or compressed; its lines stay as they were."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import segments
from .compressed import Damaged, compress
from .segments import PACKED, Segment, last_line, name_of

PACK_FROM = 32 * 1024
"""Bytes from which a segment is compressed when it is sealed; smaller ones stay readable as they are."""


def pack(path: Path, *, smallest: int = 0) -> Path | None:
    """Compress a sealed segment and remove the plain file; the new file.

    None, and nothing done, for one that is written, not sealed, smaller than `smallest` bytes, or compressed already.
    Raises `LedgerError` where that fails; the plain file is then left as it was.
    """
    if path.name.endswith(".zst"):
        return None
    packed = path.with_name(name_of(path) + PACKED)
    temporary = path.with_name(f".{packed.name}")
    try:
        with alone(path.parent):
            return _pack(path, packed, temporary, smallest)
    except OSError as error:
        raise segments.failure("compress the ledger segment", path, error) from None


def _pack(path: Path, packed: Path, temporary: Path, smallest: int) -> Path | None:
    if not path.is_file():
        return None
    try:
        with Segment(path) as segment:
            if segment.packed or segment.held or segment.size < smallest or not _sealed(segment):
                return None
            if packed.exists():  # an earlier time ended before the plain file went
                if not same_lines(segment, packed):
                    raise OSError(None, f"{packed.name} is there already, with other records")
                path.unlink()
                return packed
            with temporary.open("wb") as file:
                for piece in compress(segment.lines()):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            if not same_lines(segment, temporary):  # read back before the plain file goes
                raise OSError(None, "the compressed file does not hold what was written")
            temporary.replace(packed)
        _sync(path.parent)
        path.unlink(missing_ok=True)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return packed


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One compression at a time in a ledger, whichever process does it."""
    lock = os.open(directory / ".packing", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _sealed(segment: Segment) -> bool:
    last = last_line(segment)
    return last is not None and last[1].get("kind") == "seal"


def same_lines(segment: Segment, path: Path) -> bool:
    """True if the segment file at `path` holds the lines of `segment`."""
    try:
        with Segment(path) as other:
            return _digest(segment) == _digest(other)
    except Damaged:
        return False


def _digest(segment: Segment) -> bytes:
    digest = hashlib.sha256()
    for line in segment.lines():
        digest.update(line)
    return digest.digest()


def _sync(directory: Path) -> None:
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
