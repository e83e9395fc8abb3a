"""Holding back the beginning of a page until it can be judged, whatever the client.

The bytes pass through unchanged; only a bounded copy is decoded to look at the head.
"""

from __future__ import annotations

import hashlib

from ..evidence.inflate import Inflater
from ..permit import Permit

# What the gate can decode within bounds; a client behind it asks for nothing else.
ACCEPT_ENCODING = "gzip, deflate"


class HeadReader:
    """Collects raw chunks of a page until its head can be judged."""

    __slots__ = ("_beginning", "_inflater", "_permit", "chunks")

    def __init__(self, permit: Permit, content_encoding: str | None) -> None:
        self._permit = permit
        self._inflater = Inflater(content_encoding, permit.head_limit)
        self._beginning = bytearray()
        self.chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> bool:
        """Take a raw chunk; True when enough is there."""
        self.chunks.append(chunk)
        self._beginning += self._inflater.feed(chunk)
        return self._refused or self._inflater.truncated or self._permit.enough(bytes(self._beginning))

    def judge(self, *, whole: bool) -> None:
        """Judge what was collected; raises `Denied` or `Held` where the gate enforces."""
        if self._refused:
            self._permit.see_unreadable_page()
        else:
            self._permit.see_page(bytes(self._beginning), whole=whole)
        self._permit.enforce()

    @property
    def _refused(self) -> bool:
        return (self._inflater.error or "").startswith("encoding_refused")


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
