"""Where XMP packets stand in a file (ISO 16684-1; XMP specification part 3).

Packets are found by scanning, whatever the file is; those in pieces (extended JPEG), compressed (PNG) or in wide
characters are put together first.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from . import media

MAX_XML = 512 * 1024
"""Bytes of XML that are read in one file; what follows is looked through for the words alone. Project choice;
the standard packet of a JPEG is at most 65,502."""

WORDS = (b"DataMining", b"tdmrep", b"rslstandard.org")
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_START = re.compile(rb"<(?:\?xpacket begin|(?:[A-Za-z_][\w.-]{0,31}:)?(?:xmpmeta|xapmeta|RDF)[\s>])")
_ENDS = {
    b"?": re.compile(rb"<\?xpacket end"),
    b"m": re.compile(rb"</(?:[\w.-]{1,32}:)?(?:xmpmeta|xapmeta)\s{0,16}>"),
    b"R": re.compile(rb"</(?:[\w.-]{1,32}:)?RDF\s{0,16}>"),
}


class Packet(NamedTuple):
    """A packet: a byte range of UTF-8. `whole` is False where the source is not the file as it stands."""

    source: bytes
    start: int
    end: int
    whole: bool = True

    @property
    def span(self) -> tuple[int, int] | None:
        return (self.start, self.end) if self.whole else None

    def says_something(self) -> bool:
        return any(self.source.find(word, self.start, self.end) >= 0 for word in WORDS)


def packets(data: bytes) -> Iterator[Packet]:
    if any(word in data for word in WORDS):
        extended = list(_extended(data)) if data.startswith(media.JPEG) else []
        nothing = True
        for packet in _scan(data, [part for parts in extended for part in parts]):
            nothing = False
            yield packet
        for parts in extended:
            nothing = False
            yield from _elsewhere(b"".join(data[part.start : part.end] for part in parts))
        if nothing and data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            yield Packet(data, 0, len(data))
    if data.startswith(media.PNG):
        yield from _inflated(data)
    for encoding in _WIDE:
        wide = data.find("xmpmeta".encode(encoding))
        if wide >= 0:
            width = len("x".encode(encoding))
            start = wide - min(wide // width, 256) * width
            text = data[start : wide + width * MAX_XML].decode(encoding, "replace")
            yield from _elsewhere(text.encode("utf-8", "replace"))


def _elsewhere(body: bytes) -> Iterator[Packet]:
    """Packets of bytes that do not stand in the file like this."""
    return (packet._replace(whole=False) for packet in _scan(body, ()))


def _scan(data: bytes, without: Iterable[media.Part]) -> Iterator[Packet]:
    """Packets in one piece: from the header, or else the outermost element, to where it ends."""
    holes = sorted(((part.start, part.end) for part in without), reverse=True)
    missing: set[bytes] = set()  # ends that do not come any more
    at = 0
    while (start := _START.search(data, at)) is not None:
        at = start.end()
        while holes and holes[-1][1] <= start.start():
            holes.pop()
        if holes and holes[-1][0] <= start.start():
            at = holes[-1][1]
            continue
        kind = b"?" if start[0].startswith(b"<?") else (b"R" if start[0][:-1].endswith(b"RDF") else b"m")
        end = None if kind in missing else _ENDS[kind].search(data, at)
        if end is not None:
            at = end.end()
            yield Packet(data, start.start(), end.start() if kind == b"?" else at)
        elif kind != b"?":  # an open element is read as far as it goes; a header alone says nothing
            yield Packet(data, start.start(), len(data))
            return
        else:
            missing.add(kind)


def _extended(data: bytes) -> Iterator[list[media.Part]]:
    """The pieces of each extended packet of a JPEG in order (XMP specification part 3, 1.1.3.1)."""
    head = b"http://ns.adobe.com/xmp/extension/\x00"
    skip = len(head) + 32 + 4 + 4  # then the packet's digest, its length and this piece's offset
    packets: dict[bytes, list[tuple[int, media.Part]]] = {}
    for part in media.jpeg_segments(data):
        if part.kind == b"\xe1" and part.end - part.start > skip and data.startswith(head, part.start):
            digest = data[part.start + len(head) : part.start + len(head) + 32]
            body = part.start + skip
            offset = int.from_bytes(data[body - 4 : body], "big")
            packets.setdefault(digest, []).append((offset, part._replace(start=body)))
    for pieces in packets.values():
        yield [part for _, part in sorted(pieces)]


def _inflated(data: bytes) -> Iterator[Packet]:
    """The packet of a PNG that is compressed (iTXt with the compression flag, PNG 3rd edition 11.3.3.4)."""
    key = b"XML:com.adobe.xmp\x00\x01\x00"
    for part in media.png_chunks(data):
        if part.kind != b"iTXt" or not data.startswith(key, part.start):
            continue
        after = part.start + len(key)
        for _ in range(2):  # language tag and translated keyword
            after = data.find(b"\x00", after, part.end) + 1 or part.end
        try:
            inflater = zlib.decompressobj()
            body = inflater.decompress(data[after : part.end], MAX_XML)
        except zlib.error:
            continue
        yield from _elsewhere(body)
        return
