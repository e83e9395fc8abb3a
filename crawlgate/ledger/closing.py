"""What a new segment says of those that nobody writes any more: how many good lines they have, and their root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import signed_note
from ..signed_note import NoteError, SigningKey
from .canonical import RecordError, Table, decode
from .checkpoint import Checkpoint, decode_hash, encode_hash, head_of, origin_of
from .compressed import Damaged
from .current import fingerprints
from .merkle import Tree, leaf_hash
from .record import ROOTED, closed_table
from .segments import Segment, failure, last_line, name_of, opening

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Chain:
    """What a new segment follows.

    `previous` is the segment opened before it in its ledger; `still_open` those that live writers hold; `ended`
    those that nobody writes any more and of which no segment speaks yet.
    """

    previous: str | None
    still_open: tuple[str, ...]
    ended: tuple[Path, ...]


def chain(paths: Sequence[Path], ledger: str) -> Chain:
    """Look back from the newest segment to the newest of this ledger; it names those that were open then.

    A segment whose head cannot be read belongs to no ledger: its writer died at its first line. Raises
    `LedgerError` where a segment cannot be read.
    """
    by_name = {name_of(path): path for path in paths}
    candidates: list[str] = []
    previous: str | None = None
    for path in reversed(paths):
        try:
            with Segment(path) as segment:
                head = opening(segment).head
        except OSError as error:
            raise failure("read the ledger segment", path, error) from None
        if head is None:
            candidates.append(name_of(path))
        elif head.get("ledger") == ledger:
            previous = name_of(path)
            candidates.append(previous)
            candidates += [name for name in head.get("open") or () if isinstance(name, str)]
            break
    still_open, ended = [], []
    for name in sorted(set(candidates) & by_name.keys()):
        with Segment(by_name[name]) as segment:
            if segment.held:
                still_open.append(name)
            else:
                ended.append(by_name[name])
    return Chain(previous, tuple(still_open), tuple(ended))


def closed(path: Path, at: datetime, key: SigningKey | None = None, problem: str | None = None) -> Table:
    """The `closed` record of a segment that nobody writes any more; with a checkpoint if it has none of its own and
    is of the ledger of `key`."""
    with Segment(path) as segment:
        found = _sealed(segment) or _unsealed(segment)
        if key is not None and not found["sealed"] and found["records"]:
            head = opening(segment).head
            if head is not None and head.get("ledger") == key.name:
                origin = origin_of(key.name, segment.name)
                checkpoint = Checkpoint(origin, found["records"], decode_hash(found["root"]))
                found["note"] = signed_note.write(checkpoint.text, [key]).decode()
        return closed_table(at, segment.name, problem=problem, **found)


def _sealed(segment: Segment) -> dict[str, Any] | None:
    last = last_line(segment)
    if last is None or last[1].get("kind") != "seal":
        return None
    offset, seal = last
    records = seal.get("records")
    try:
        size, root = head_of(seal)
    except NoteError:
        return None
    if type(records) is not int or size not in (None, records):
        return None
    return {"records": records, "root": encode_hash(root), "size": offset, "sealed": True, "lost": 0}


def _unsealed(segment: Segment) -> dict[str, Any]:
    """Read all of it, up to the first line that is none."""
    tree = Tree()
    since: list[bytes] = []
    good = 0
    try:
        for raw in segment.lines():
            if raw[-1:] != b"\n":
                break
            kind = decode(raw[:-1]).get("kind")
            if kind in ROOTED or len(since) == _BATCH:
                tree.extend(since)
                since.clear()
            since.append(leaf_hash(raw[:-1]))
            good += len(raw)
    except (RecordError, Damaged):
        pass
    tree.extend(since)
    return {
        "records": tree.size,
        "root": encode_hash(tree.root()),
        "size": good,
        "sealed": False,
        "lost": 0 if segment.packed else segment.size - good,
        "leaves": fingerprints(since),
    }
