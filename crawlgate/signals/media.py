"""The containers that media files keep metadata in: JPEG segments, PNG chunks, boxes of ISO base media files.

Only headers are walked and nothing is decoded: a reader of statements needs byte ranges, not pixels, and image
libraries inflate pixels or refuse a file that is cut off. What overruns the data is cut at its end, so that the
beginning of a file can be read too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAX_PARTS = 10_000
"""Segments, chunks or boxes of one walk that are read; metadata stands before or right behind the content."""

JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"

_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # JPEG markers without a length
_SCAN = frozenset((0xD9, 0xDA))  # end of image, start of scan: coded data follows


class Part(NamedTuple):
    """One segment, chunk or box: its kind and the byte range of its content; `cut` where a box says it is longer."""

    kind: bytes
    start: int
    end: int
    cut: bool = False


def is_bmff(data: bytes) -> bool:
    """True for an ISO base media file (MP4, MOV, HEIF, AVIF, JPEG XL): its first box says what kind."""
    return data[4:8] in (b"ftyp", b"styp", b"JXL ", b"jP  ")


def jpeg_segments(data: bytes) -> Iterator[Part]:
    """Marker segments before the first scan (ITU T.81 B.1.1); `kind` is the marker's second octet."""
    at, size = 2, len(data)
    for _ in range(MAX_PARTS):
        if at + 4 > size or data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:  # a fill octet
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _SCAN:
            return
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if end < at + 4:
                return
            yield Part(data[at + 1 : at + 2], at + 4, min(end, size))
            at = end


def png_chunks(data: bytes) -> Iterator[Part]:
    """Chunks of a PNG datastream (PNG 3rd edition 5.3), checksums unchecked."""
    at, size = len(PNG), len(data)
    for _ in range(MAX_PARTS):
        if at + 8 > size:
            return
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        yield Part(data[at + 4 : at + 8], at + 8, min(end, size))
        at = end + 4


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Part]:
    """Boxes side by side in a byte range (ISO/IEC 14496-12 4.2; JUMBF has the same, ISO/IEC 19566-5 A.2)."""
    at = start
    size = len(data) if end is None else min(end, len(data))
    for _ in range(MAX_PARTS):
        if at + 8 > size:
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        content = at + 8
        if length == 1 and at + 16 <= size:
            length, content = struct.unpack_from(">Q", data, at + 8)[0], at + 16
        elif length == 0:  # up to the end of what holds it
            length = size - at
        if at + length < content:
            return
        yield Part(kind, content, min(at + length, size), at + length > size)
        at += length
