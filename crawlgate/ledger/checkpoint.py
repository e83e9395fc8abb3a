"""Checkpoints: three lines that say how many records a segment had and which root they give (C2SP tlog-checkpoint).

    crawlgate-ledger/6b1f0c2d9a/20261123T090000000250Z-4711-a1b2c3      the segment's tree
    1024                                                                its first records
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=                        their root

Signed, they are a note (`signed_note`). Every segment is a tree of its own, so its origin ends in its name.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from .. import signed_note
from ..signed_note import NoteError

ROOT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` records of the tree `origin` have this `root`."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines."""
        return f"{self.origin}\n{self.size}\n{encode_hash(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note. Lines beyond the third are refused: nothing of ours writes them, and they are
        not part of the tree. Raises `NoteError` (`malformed`)."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise NoteError("malformed", "a checkpoint has three lines: origin, number of records, root")
        origin, size, root = lines[:3]
        if not (size.isascii() and size.isdecimal() and str(int(size[:19])) == size):
            raise NoteError("malformed", f"{size[:40]!r} is no number of records")
        if not origin:
            raise NoteError("malformed", "the origin is empty")
        return cls(origin, int(size), decode_hash(root))

    @property
    def ledger(self) -> str:
        """The ledger the segment belongs to."""
        return self.origin.rpartition("/")[0]

    @property
    def segment(self) -> str:
        """The segment's name."""
        return self.origin.rpartition("/")[2]


def origin_of(ledger: str, segment: str) -> str:
    """The name of a segment's tree."""
    return f"{ledger}/{segment}"


def read(note: bytes | str) -> Checkpoint:
    """What a note says, its signatures not looked at. Raises `NoteError`."""
    return Checkpoint.parse(signed_note.parse(note.encode() if isinstance(note, str) else note).text)


def head_of(table: dict[str, Any]) -> tuple[int | None, bytes]:
    """Number of records (None: those before it) and root that a tree, checkpoint or seal record keeps.

    Raises `NoteError` for what cannot be read.
    """
    note = table.get("note")
    if isinstance(note, str):
        checkpoint = read(note)
        return checkpoint.size, checkpoint.root
    return None, decode_hash(table.get("root"))


def encode_hash(value: bytes) -> str:
    """A hash as checkpoints and proofs write it."""
    return base64.b64encode(value).decode()


def decode_hash(text: object) -> bytes:
    """The hash of its base64. Raises `NoteError`."""
    try:
        value = base64.b64decode(text.encode(), validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != ROOT_BYTES or encode_hash(value) != text:
        raise NoteError("malformed", f"{str(text)[:60]!r} is no SHA-256 in base64")
    return value
