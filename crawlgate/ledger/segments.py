"""Segment files as found on disk: their names, their locks, their tails. Nothing here alters a segment.

A segment's name is `<UTC time>-<pid>-<6 hex>`, its file adds `.jsonl`. Names sort in the order in which
segments were opened, even if the clock was set back in between.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import LedgerError
from .record import MAX_LINE, ZERO, RecordError, Table, decode

SUFFIX = ".jsonl"
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
    """One place of a ledger that is not as it should be. `line` counts from 1, `offset` in bytes from 0."""

    segment: str
    line: int
    offset: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.segment} line {self.line} (byte {self.offset}): {self.message} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a segment: `good` bytes of `size` are whole lines, `line` is the last of them.

    `table` is that line decoded, None if there is none.
    """

    size: int
    good: int
    line: bytes
    table: Table | None

    @property
    def cut(self) -> bool:
        """True if the last line is cut, or if there is none at all."""
        return self.good < self.size or self.table is None

    @property
    def sealed(self) -> bool:
        """True if the last line is a seal."""
        return not self.cut and self.table is not None and self.table.get("kind") == "seal"


@dataclass(frozen=True, slots=True)
class Cut:
    """A segment whose last line is cut at `offset`, with `lost` bytes after it."""

    segment: str
    offset: int
    lost: int


def failure(action: str, path: Path, error: OSError) -> LedgerError:
    """A `LedgerError` that names the path, the reason and the way out."""
    way_out = _WAYS_OUT.get(error.errno or 0, "choose another directory")
    return LedgerError(f"cannot {action} {path}: {error.strerror or error}; {way_out}, then start again", str(path))


def segments(directory: Path) -> list[Path]:
    """The segment files of a directory, oldest first. Raises `LedgerError` where it cannot be read."""
    try:
        found = [entry.name for entry in os.scandir(directory) if entry.name.endswith(SUFFIX)]
    except FileNotFoundError as error:
        raise LedgerError(f"there is no ledger at {directory}: {error.strerror}", str(directory)) from None
    except OSError as error:
        raise failure("read the ledger", directory, error) from None
    return [directory / name for name in sorted(found)]


def some_segments(directory: Path) -> list[Path]:
    """As `segments`; a directory without any is a `LedgerError` as well."""
    paths = segments(directory)
    if not paths:
        raise LedgerError(f"the ledger at {directory} is empty: it holds no segment", str(directory))
    return paths


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


def held(file: BinaryIO) -> bool:
    """True if a live writer holds the segment."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def read_tail(file: BinaryIO) -> Tail:
    """The end of a segment, read from behind. A last line that does not decode counts as cut."""
    size = file.seek(0, os.SEEK_END)
    span = 4096
    while True:
        start = max(0, size - span)
        file.seek(start)
        block = file.read(size - start)
        if start == 0 or block.count(b"\n") > 2 or span > 2 * MAX_LINE:
            break
        span *= 8
    # The first piece is a whole line only if it begins the file.
    *whole, rest = block.split(b"\n")
    if start > 0:
        whole = whole[1:]
    good = size - len(rest)
    for line in reversed(whole[-2:]):
        try:
            return Tail(size, good, line, decode(line))
        except RecordError:
            # Only the very last line may be bad and count as cut; before it, a bad line is a changed one.
            good = min(good, size - len(rest) - len(whole[-1]) - 1)
    return Tail(size, good, b"", None)


def link(paths: Sequence[Path]) -> dict[str, Any] | None:
    """What a new segment says of the newest other one: its name, and `seq` and hash of its last whole line."""
    if not paths:
        return None
    with paths[-1].open("rb") as file:
        tail = read_tail(file)
    seq = tail.table.get("seq") if tail.table is not None else None
    if type(seq) is not int:
        return {"segment": paths[-1].stem, "seq": -1, "sha256": ZERO}
    return {"segment": paths[-1].stem, "seq": seq, "sha256": hashlib.sha256(tail.line).hexdigest()}


def unnoted_cuts(paths: Sequence[Path]) -> list[Cut]:
    """Segments that nobody writes any more, whose last line is cut, and of which no segment speaks yet."""
    cuts = []
    for path in paths:
        with path.open("rb") as file:
            if held(file):
                continue
            tail = read_tail(file)
        if tail.cut:
            cuts.append(Cut(path.stem, tail.good, tail.size - tail.good))
    if not cuts:
        return []
    noted = {cut.segment for path in paths for cut in opening(path)[1]}
    return [cut for cut in cuts if cut.segment not in noted]


def opening(path: Path) -> tuple[Table | None, list[Cut]]:
    """A segment's head (None if it cannot be read) and the recoveries that follow it at once."""
    head: Table | None = None
    cuts: list[Cut] = []
    with path.open("rb") as file:
        for raw in lines(file):
            try:
                table = decode(raw[:-1])
            except RecordError:
                break
            if head is None:
                head = table
            elif table.get("kind") == "recovery":
                cuts += _cut(table)
            else:
                break
    return head, cuts


def lines(file: BinaryIO) -> Iterable[bytes]:
    """The lines of a segment with their newline, none longer than `MAX_LINE`; the last may lack its newline."""
    while raw := file.readline(MAX_LINE):
        yield raw


def _cut(table: Table) -> list[Cut]:
    segment, offset, lost = table.get("segment"), table.get("offset"), table.get("lost")
    if isinstance(segment, str) and isinstance(offset, int) and isinstance(lost, int):
        return [Cut(segment, offset, lost)]
    return []
