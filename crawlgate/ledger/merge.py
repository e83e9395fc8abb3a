"""Bringing the ledgers of several homes together: segments are copied as they are, and the copying is on record.

Each home's ledger stays a chain of its own, under its own name and key; in one directory they are verified, asked and
proved together. Nothing is renumbered, so every record keeps its name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import LedgerError, LedgerInvalid
from . import segments
from .closing import closed
from .compressed import Damaged
from .retention import deleted_segments
from .segments import Segment
from .verify import verify
from .writer import LedgerWriter


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied from one ledger: segments new here, those that were here already, those being written, and
    those that are on record here as deleted, which do not come back."""

    source: Path
    new: tuple[str, ...]
    known: tuple[str, ...]
    written: tuple[str, ...]
    deleted: tuple[str, ...] = ()


def copy_in(target: Path, source: Path) -> Copied:
    """Copy the segments of the ledger `source` that are not in `target` yet.

    Raises `LedgerInvalid` for a source that does not verify, or with a segment that is here under the same name with
    other content; nothing is copied then. Segments that are being written are left out: merge again later. So are
    those that were deleted here.
    """
    report = verify(source)
    if any(fault.code != "cut" for fault in report.problems):
        report.require()
    target.mkdir(parents=True, exist_ok=True)
    gone = deleted_segments(target)
    new: list[Path] = []
    deleted: list[Path] = []
    known: list[str] = []
    written: list[str] = []
    for path in segments.segments(source):
        name = segments.name_of(path)
        here = segments.find(target, name)
        with Segment(path) as segment:
            if segment.held:
                written.append(name)
                continue
            if here is None:
                (deleted if name in gone else new).append(path)
                continue
            known.append(name)
            if _digest(segment) != _digest_of(here):
                raise LedgerInvalid(f"the segment {name} is in {target} with other content than in {source}", str(here))
    for path in new:
        _copy(path, target / path.name)
    return Copied(
        source, tuple(map(segments.name_of, new)), tuple(known), tuple(written), tuple(map(segments.name_of, deleted))
    )


def merge(
    target: Path, sources: Sequence[Path], *, now: Callable[[], datetime], open_writer: Callable[[], LedgerWriter]
) -> list[Copied]:
    """Copy from each source and put that on record in the ledger `target`. Raises as `copy_in`.

    The record tells each segment's size and root; the end of those that died without a seal is noted with it.
    """
    copied = [copy_in(target, source) for source in sources]
    names = [name for each in copied for name in each.new]
    if names:
        told = []
        for name in names:
            path = segments.find(target, name)
            if path is not None:
                table = closed(path, now())
                told.append({"records": table["records"], "root": table["root"], "segment": name})
        with open_writer() as writer:
            writer.append("merge", {"at": now(), "segments": told})
    return copied


def unsealed(target: Path) -> list[Path]:
    """Segments that nobody writes, without a seal, whose end no segment has noted."""
    noted: set[str] = set()
    found: list[Path] = []
    for path in segments.segments(target):
        with Segment(path) as segment:
            noted |= {table["segment"] for table in segments.opening(segment).closed}
            last = segments.last_line(segment)
            if not segment.held and (last is None or last[1].get("kind") != "seal"):
                found.append(path)
    return [path for path in found if segments.name_of(path) not in noted]


def _copy(path: Path, target: Path) -> None:
    """A whole file under its name, or none."""
    temporary = target.with_name(f".{target.name}")
    try:
        with path.open("rb") as source, temporary.open("wb") as file:
            while block := source.read(1 << 20):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise segments.failure("copy the ledger segment to", target, error) from None


def _digest_of(path: Path) -> bytes:
    with Segment(path) as segment:
        return _digest(segment)


def _digest(segment: Segment) -> bytes:
    digest = hashlib.sha256()
    try:
        for line in segment.lines():
            digest.update(line)
    except Damaged as error:
        raise LedgerError(f"the segment {segment.path} {error}", str(segment.path)) from None
    return digest.digest()
