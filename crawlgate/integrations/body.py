"""Holding back the beginning of a page until it can be judged, whatever the client.

The bytes pass through unchanged; only a bounded copy is decoded to look at the head.
"""

from __future__ import annotations

import hashlib

from ..evidence.inflate import Inflater
from ..permit import Permit

# What the gate can decode within bounds; a client behind it asks for nothing else.
ACCEPT_ENCODING = "gzip, deflate"

_WIRE_SLACK = 64 * 1024
"""Wire bytes beyond the head's limit that are held back: no honest coding grows a page by more."""

_LOOKED = 8
"""How many times a head's limit is read, over all looks at what has come so far; then a look is made only when
an eighth more is there. A server may send a tag in each chunk."""


class HeadReader:
    """Collects raw chunks of a page until its head can be judged, in bounded memory and time.

    For a permit that has seen the headers. `decoded`: the client undoes content codings before the gate sees a byte.
    """

    __slots__ = (
        "_beginning",
        "_inflater",
        "_length",
        "_look_at",
        "_looked",
        "_permit",
        "_tag_ended",
        "_wire",
        "chunks",
    )

    def __init__(self, permit: Permit, *, decoded: bool = False) -> None:
        self._permit = permit
        self._length = None if decoded else _length_sent(permit)
        self._inflater = Inflater(None if decoded else permit.header("content-encoding"), permit.head_limit)
        self._beginning = bytearray()
        self._wire = self._looked = self._look_at = 0
        self._tag_ended = False
        self.chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> bool:
        """Take a raw chunk; True when enough is there, or when no more of it would help."""
        self.chunks.append(chunk)
        self._wire += len(chunk)
        fresh = self._inflater.feed(chunk)
        self._beginning += fresh
        self._tag_ended = self._tag_ended or b">" in fresh  # a head ends with a tag
        return self._stuck or self._inflater.truncated or self._wire == self._length or self._enough()

    def judge(self, *, whole: bool, tallied: bool = False) -> bool:
        """Show the permit what was collected; the gate completes it. `tallied` asks that what was read of the body be
        recorded with the answer, if the chunks are all of it; True if that is so, and no tally is to be kept."""
        whole = whole or self._wire == self._length
        tallied = tallied and whole
        if tallied:
            self._permit.has_whole(self.chunks)
        if whole:
            self._inflater.finish()
            whole = not self._inflater.truncated
        beginning = bytes(self._beginning)
        if self._stuck and not self._permit.enough(beginning):
            self._permit.see_unreadable_page()
        else:
            self._permit.see_page(beginning, whole=whole and not self._stuck)
        return tallied

    def _enough(self) -> bool:
        size = len(self._beginning)
        if size >= self._permit.head_limit:
            return True
        if not self._tag_ended or size < self._look_at:
            return False
        self._tag_ended = False
        self._looked += size
        if self._looked > _LOOKED * self._permit.head_limit:
            self._look_at = size + size // 8
        return self._permit.enough(bytes(self._beginning))

    @property
    def _stuck(self) -> bool:
        """The coding is refused or corrupt, or decodes to next to nothing."""
        return self._inflater.error is not None or self._wire > self._permit.head_limit + _WIRE_SLACK


def _length_sent(permit: Permit) -> int | None:
    """How long the body is on the wire; unknown where it comes in chunks, whatever else is told (RFC 9112 6.3)."""
    length = permit.header("content-length")
    chunked = permit.header("transfer-encoding") is not None
    return int(length) if length and length.isdecimal() and not chunked else None


class Tally:
    """Digest and size of a released body as it passes, recorded once when it ends or is dropped."""

    __slots__ = ("_digest", "_open", "_permit", "size")

    def __init__(self, permit: Permit) -> None:
        self._permit = permit
        self._digest = hashlib.sha256()
        self._open = True
        self.size = 0

    def add(self, chunk: bytes) -> bytes:
        self._digest.update(chunk)
        self.size += len(chunk)
        return chunk

    def end(self, *, complete: bool) -> None:
        if self._open:
            self._open = False
            self._permit.done(sha256=self._digest.hexdigest(), size=self.size, complete=complete)
