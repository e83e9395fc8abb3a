"""Content codings undone with a bound on what comes out (RFC 9110 8.4).

A gzip body of a few hundred bytes can decode to gigabytes, and a coding applied twice squares that. Here
output never exceeds the cap whatever comes in, at most one coding is undone, and only codings that were
asked for or that every server may send: identity, gzip, deflate.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

_BLOCK = 16 * 1024
"""Bytes handed to zlib at once: bounds the copying of left-overs when a body is many tiny gzip members."""

_GZIP = zlib.MAX_WBITS | 16
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"
_SUPPORTED = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class Inflated(NamedTuple):
    """What came out: at most `cap` bytes, whether the cap cut them, and `error` as in `Inflater.error`."""

    body: bytes
    truncated: bool
    error: str | None


class Inflater:
    """Undoes one content coding piece by piece.

    `coding` is the value of `Content-Encoding`, several header lines joined with commas, None or empty for
    none; `cap` is the most bytes ever returned, over all calls together (0 or more).

    After each call: `truncated` tells that the cap cut something (further input is ignored), `error` is None
    or text that begins with a stable code:

    - `encoding_refused`: more than one coding, or one that is not gzip, x-gzip (RFC 9110 8.4.1.3) or deflate
      (8.4.1.2; zlib format, and the raw format that some servers send). Set from the start; nothing decodes.
    - `incomplete`: the stream is corrupt or ended early; what was returned until then is what it held.
    """

    __slots__ = ("_cap", "_coding", "_decoder", "_done", "_head", "_length", "_over", "error", "truncated")

    def __init__(self, coding: str | None, cap: int) -> None:
        if cap < 0:
            raise ValueError(f"cap {cap} is below 0")
        self._cap = cap
        self._length = 0
        self._head = b""
        self._decoder: zlib._Decompress | None = None
        self._done = False  # one stream has come to its end
        self._over = False  # no further stream follows it
        self.truncated = False
        self._coding, self.error = _choose(coding)

    def feed(self, chunk: bytes) -> bytes:
        """Take the next wire bytes, return the bytes they decode to. Never raises for what is in them."""
        if self._coding is None:
            return self._cut(chunk) if self.error is None else b""
        out = []
        view = memoryview(chunk)
        for start in range(0, len(view), _BLOCK):
            if self._stopped:
                break
            out.append(self._block(bytes(view[start : start + _BLOCK])))
        return b"".join(out)

    def finish(self) -> None:
        """Say that the input is over, so that a stream that ended early shows in `error`.

        No input at all is an empty body, not an error: 304 and HEAD answers name a coding without having one.
        """
        if self._stopped or self._coding is None:
            return
        if self._decoder is None:
            if self._head and not self._done:
                self.error = f"incomplete: {self._coding} stream of one byte"
        else:
            self.error = f"incomplete: {self._coding} stream ended early, after {self._length} decoded bytes"

    @property
    def _stopped(self) -> bool:
        return self._over or self.truncated or self.error is not None

    def _cut(self, data: bytes) -> bytes:
        room = self._cap - self._length
        if len(data) > room:
            self.truncated = True
            data = data[:room]
        self._length += len(data)
        return bytes(data)

    def _block(self, data: bytes) -> bytes:
        out = b""
        while data and not self._stopped:
            if self._decoder is None:
                data = self._head + data
                self._head = b""
                if not self._open(data):
                    break
            decoder = self._decoder
            assert decoder is not None  # noqa: S101 - _open has just set it
            out += self._decode(decoder, data)
            if not decoder.eof:
                break
            self._decoder, self._done = None, True
            data = decoder.unused_data
        return out

    def _open(self, data: bytes) -> bool:
        """Start a stream on its first two bytes; False where there are fewer, or no further stream.

        A gzip body is a series of members (RFC 1952 2.2). Other bytes behind the last one are padding or a
        stray line end, which clients ignore.
        """
        if self._done and (self._coding != "gzip" or not _GZIP_MAGIC.startswith(data[:2])):
            self._over = True
            return False
        if len(data) < 2:
            self._head = data
            return False
        if self._coding == "gzip":
            bits = _GZIP
        else:
            bits = _ZLIB if data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0 else _RAW
        self._decoder = zlib.decompressobj(bits)
        return True

    def _decode(self, decoder: zlib._Decompress, data: bytes) -> bytes:
        before = decoder.copy()
        try:
            return self._cut(decoder.decompress(data, self._cap + 1 - self._length))
        except zlib.error as problem:
            salvaged = self._cut(_salvage(before, data, self._cap + 1 - self._length))
            self.error = f"incomplete: {self._coding} stream is corrupt after {self._length} decoded bytes ({problem})"
            return salvaged


def inflate(chunks: Iterable[bytes], coding: str | None, cap: int) -> Inflated:
    """Undo `coding` (as for `Inflater`) over a whole body; stops reading `chunks` when the cap is passed."""
    inflater = Inflater(coding, cap)
    out = []
    for chunk in chunks:
        if inflater.truncated or inflater.error is not None:
            break
        out.append(inflater.feed(chunk))
    inflater.finish()
    return Inflated(b"".join(out), inflater.truncated, inflater.error)


def _choose(value: str | None) -> tuple[str | None, str | None]:
    """The coding to undo (None: identity) and an error."""
    named = [part.strip().lower() for part in (value or "").split(",")]
    codings = [name for name in named if name not in ("", "identity")]
    if not codings:
        return None, None
    shown = ", ".join(codings)[:80]
    if len(codings) > 1:
        return None, f"encoding_refused: {len(codings)} content codings ({shown}); one is undone"
    coding = _SUPPORTED.get(codings[0])
    if coding is None:
        return None, f"encoding_refused: content coding {shown!r} was not asked for"
    return coding, None


def _salvage(decoder: zlib._Decompress, data: bytes, room: int) -> bytes:
    """What a corrupt block decodes to before the corrupt place; zlib drops it when it meets the fault."""
    out = bytearray()
    try:
        for at in range(len(data)):
            out += decoder.decompress(data[at : at + 1], room - len(out))
            if len(out) >= room:
                break
    except zlib.error:
        pass
    return bytes(out)
