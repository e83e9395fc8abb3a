"""Opening a home's ledger for writing, with the home's key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from . import segments
from .closing import chain
from .keys import home_key, load
from .upkeep import Upkeep
from .writer import LedgerWriter

_UPKEEP = Upkeep()
CHECKPOINT = "checkpoint"
"""`written_by` of a segment that was opened for its checkpoint only."""


def open_ledger(
    directory: Path,
    keys: Path,
    head: Mapping[str, object],
    *,
    now: Callable[[], datetime],
    key_file: Path | None = None,
    upkeep: Upkeep = _UPKEEP,
    tidy: bool = True,
    ended: Sequence[Path] = (),
) -> LedgerWriter:
    """A writer for the ledger `directory` of a home whose keys are in `keys`; `key_file` names another key.

    The home's key is made at its first use. Raises `ConfigError` for a key, `LedgerError` for a directory that
    cannot be used.
    """
    key = load(key_file) if key_file is not None else home_key(keys)
    return LedgerWriter(directory, head, now=now, key=key, upkeep=upkeep, tidy=tidy, ended=ended)


def covering_checkpoint(
    directory: Path,
    keys: Path,
    head: Mapping[str, object],
    *,
    now: Callable[[], datetime],
    key_file: Path | None = None,
) -> bytes:
    """A signed checkpoint that covers every segment that nobody writes any more, and the records so far of those that
    are written, up to their own last checkpoint: that of a short segment which notes their ends.

    If the newest segment is such a one, and nothing came after, it is its checkpoint. Raises as `open_ledger`.
    """
    key = load(key_file) if key_file is not None else home_key(keys)
    directory.mkdir(parents=True, exist_ok=True)
    paths = segments.segments(directory)
    before = chain(paths, key.name)
    if before.previous is not None and [segments.name_of(path) for path in before.ended] == [before.previous]:
        note = _own_note(before.ended[0])
        if note is not None:
            return note
    notes: list[bytes] = []
    upkeep = Upkeep(anchors=[notes.append])
    with LedgerWriter(directory, {**head, "written_by": CHECKPOINT}, now=now, key=key, upkeep=upkeep):
        pass
    return notes[-1]


def _own_note(path: Path) -> bytes | None:
    """The note of a sealed segment that was written for its checkpoint only."""
    with segments.Segment(path) as segment:
        head = segments.opening(segment).head
        last = segments.last_line(segment)
    if head is None or head.get("written_by") != CHECKPOINT or last is None or last[1].get("kind") != "seal":
        return None
    note = last[1].get("note")
    return note.encode() if isinstance(note, str) else None
