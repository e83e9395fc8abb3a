"""Where a C2PA manifest store stands in a file, and what is in its active manifest (JUMBF, ISO/IEC 19566-5).

The store is found in its place (PNG `caBX`, JPEG APP11, ISO BMFF `uuid`) or else by its mark anywhere in the bytes.
Only the active manifest counts, the last of the store. Boxes are walked within bounds; nothing is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..model import Lint
from . import media
from .media import Part
from .statement import note

MAX_UPDATES = 100
"""Update manifests that are passed over on the way to the manifest they update."""

MAX_STORES = 16
"""Manifest stores of one file that are read; there should be one."""

_TYPE = b"\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"  # the end of every type UUID of C2PA's boxes
_STORE, _ASSERTIONS = b"c2pa" + _TYPE, b"c2as" + _TYPE
_MANIFEST, _UPDATE, _COMPRESSED = b"c2ma" + _TYPE, b"c2um" + _TYPE, b"c2cm" + _TYPE
_UUID_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
LIKE_LABEL = re.compile(r"training[-_. ]?(?:and[-_. ]?)?(?:data[-_. ]?)?mining", re.IGNORECASE)
_MAX_LABEL = 256


class Place(NamedTuple):
    """A byte range to be read; `in_file` is False where it was put together, `cut` says that its end is missing."""

    data: bytes
    start: int
    end: int
    in_file: bool = True
    cut: bool = False


class Box(NamedTuple):
    """A JUMBF superbox: its type, its label, and the byte range of the boxes behind its description."""

    type: bytes
    label: str
    start: int
    end: int


def places(data: bytes) -> Iterator[Place]:
    """Every manifest store: in the place its container has for it, or else wherever its mark stands."""
    found = False
    for place in _contained(data):
        for box in media.boxes(place.data, place.start, place.end):
            superbox = _superbox(place.data, box)
            if superbox is not None and superbox.type in (_STORE, _MANIFEST, _UPDATE, _COMPRESSED):
                found = True
                # A manifest without a store around it is read as a store of one.
                yield place._replace(
                    start=superbox.start if superbox.type == _STORE else place.start,
                    end=superbox.end,
                    cut=box.cut,
                )
                break
    if not found:
        yield from _by_mark(data)


def _contained(data: bytes) -> Iterator[Place]:
    if data.startswith(media.PNG):
        yield from (Place(data, part.start, part.end) for part in media.png_chunks(data) if part.kind == b"caBX")
    elif data.startswith(media.JPEG):
        yield from _app11(data)
    elif media.is_bmff(data):
        for box in media.boxes(data):
            if box.kind == b"uuid" and data.startswith(_UUID_BOX, box.start):
                # Version and flags, a purpose that ends with a zero, the offset of the first auxiliary box.
                purpose = box.start + 16 + 4
                start = data.find(b"\x00", purpose, min(box.end, purpose + _MAX_LABEL)) + 1
                if start and data[purpose : start - 1] in (b"manifest", b"original", b"update"):
                    yield Place(data, start + 8, box.end)
    elif data[4:8] == b"jumb":
        yield Place(data, 0, len(data))


def _app11(data: bytes) -> Iterator[Place]:
    """JUMBF boxes of a JPEG; one longer than a segment goes on in the next (ISO/IEC 19566-5 D.2).

    A segment: `JP`, the box's number (2 octets), the segment's number from 1 (4), then the box's header, which
    every segment of one box repeats, and what it adds to the content.
    """
    pieces: dict[bytes, list[tuple[int, Part]]] = {}
    for part in media.jpeg_segments(data):
        if part.kind == b"\xeb" and data.startswith(b"JP", part.start) and part.end - part.start > 16:
            number = int.from_bytes(data[part.start + 4 : part.start + 8], "big")
            piece = part._replace(start=part.start + 8)
            pieces.setdefault(data[part.start + 2 : part.start + 4], []).append((number, piece))
    for numbered in pieces.values():
        first, *others = [part for _, part in sorted(numbered)]
        if not others:
            yield Place(data, first.start, first.end)
            continue
        long = data[first.start : first.start + 4] == b"\x00\x00\x00\x01"
        skip = 16 if long else 8
        body = b"".join((data[first.start : first.end], *(data[part.start + skip : part.end] for part in others)))
        yield Place(body, 0, len(body), in_file=False)


def _by_mark(data: bytes) -> Iterator[Place]:
    at = 0
    for _ in range(MAX_STORES):
        mark = data.find(b"jumd" + _STORE, at)
        if mark < 0:
            return
        at = mark + 1
        if data[mark - 8 : mark - 4] != b"jumb" or mark < 12:
            continue
        box = next(media.boxes(data, mark - 12), None)
        superbox = _superbox(data, box) if box is not None else None
        if box is not None and superbox is not None:
            at = max(at, superbox.end)
            yield Place(data, superbox.start, superbox.end, cut=box.cut)


def _superbox(data: bytes, box: Part) -> Box | None:
    """The description of a `jumb` box (ISO/IEC 19566-5 A.3): type, flags, label."""
    if box.kind != b"jumb":
        return None
    described = next(media.boxes(data, box.start, box.end), None)
    if described is None or described.kind != b"jumd" or described.end - described.start < 17:
        return None
    label = b""
    if data[described.start + 16] & 0x02:
        start = described.start + 17
        end = data.find(b"\x00", start, min(described.end, start + _MAX_LABEL))
        label = data[start : end if end >= 0 else min(described.end, start + _MAX_LABEL)]
    return Box(data[described.start : described.start + 16], label.decode("utf-8", "replace"), described.end, box.end)


def assertions(place: Place, lint: list[Lint] | None) -> Iterator[tuple[Box, str | None]]:
    """The training assertions of the active manifest, each with the doubt about it.

    An update manifest adds to the one before it without touching the content (C2PA 11.2), so that a reservation
    made before it still stands.
    """
    manifests = [box for box in _children(place) if box.type in (_MANIFEST, _UPDATE, _COMPRESSED)]
    if not manifests:
        note(lint, "no_manifest", "the manifest store has no manifest")
        return
    doubt: str | None = None
    for number, manifest in enumerate(reversed(manifests)):
        if number == MAX_UPDATES:
            note(lint, "updates_cut", f"more than {MAX_UPDATES} update manifests; the rest was not read")
            return
        if manifest.type == _COMPRESSED:
            note(lint, "compressed_manifest", "the active manifest is compressed and was not read")
            return
        found = [
            box
            for store in _children(place._replace(start=manifest.start, end=manifest.end))
            if store.type == _ASSERTIONS
            for box in _children(place._replace(start=store.start, end=store.end))
            if LIKE_LABEL.search(box.label)
        ]
        yield from ((box, doubt) for box in found)
        if found or manifest.type != _UPDATE:
            return
        doubt = "update_manifest"


def _children(place: Place) -> Iterator[Box]:
    for part in media.boxes(place.data, place.start, place.end):
        box = _superbox(place.data, part)
        if box is not None:
            yield box
