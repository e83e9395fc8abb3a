"""WARC and ARC files without some of their records: what stays is copied byte for byte, or packed anew where many
records share one member or frame."""

from __future__ import annotations

import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ..output.decisions import row_numbers
from ..readers import Source, Told, read
from ..readers.packed import Damage, codec_of, head_of, members, zstandard
from ..readers.records import records
from .checked import Check
from .chosen import Going
from .copying import BLOCK, Span, check_rows, copy, rows_of

_BESIDE = ("request", "metadata")
# What recorders keep of a page besides its answer: its text, pictures of it.
_OF_PAGE = re.compile(r"urn:[A-Za-z][A-Za-z-]*:(https?://.+)", re.DOTALL)


@dataclass(slots=True)
class Cut:
    """What became of an archive: rows before, records that went because they only speak of one that goes, the times of
    captures that went and how many stay by URL, and where each record stands now (None: it is gone). `moved` is None
    where places are not kept track of."""

    rows: int = 0
    beside: int = 0
    gone: dict[str, set[str]] = field(default_factory=dict)
    kept: Counter[str] = field(default_factory=Counter)
    moved: dict[int, int | None] | None = None


def without_records(
    source: Source, target: Path, going: Going, told: Told, check: Check, *, first: int = 0, name: object = None
) -> Cut:
    """Write a WARC or ARC file without records. `first` is the number of its first row in the input that it is of, and
    `name` what messages call it. Raises `ConfigError` for a file that cannot be copied."""
    with source.open("rb") as file:
        codec = codec_of(head_of(file, 6))
        whole = codec is not None and (codec.name == "zstd" or not _one_by_one(file))
    if whole:
        return _of_frames(source, target, going, told, check, first, name or source)
    cut = Cut()
    spans, starts = _spans(source, going, told, check, first, cut)
    with source.open("rb") as file, target.open("wb") as to:
        copy(source, iter(lambda: file.read(BLOCK), b""), to, spans, lines=False)
    cut.moved = _moved(starts, spans)
    return cut


def _one_by_one(file: Any) -> bool:
    """True if each record of a gzip file is a member of its own."""
    for found in records(file):
        if found.record is None:
            continue
        here = file.tell()
        file.seek(found.offset)
        member = file.read(2) == b"\x1f\x8b"
        file.seek(here)
        if not member:
            return False
    return True


def _spans(
    source: Source, going: Going, told: Told, check: Check, first: int, cut: Cut
) -> tuple[list[Span], list[int]]:
    """The stretches of a file that go, and where all of its records begin."""
    gone: set[int] = set()
    wanted = set(going.rows.tolist())
    try:
        for batch in read(source, told):
            cut.rows += rows_of(batch)
            for place, number in enumerate(row_numbers(batch).tolist()):
                if number + first in wanted:
                    gone.add(batch.offsets[place])
            check_rows(batch, going, check, first)
    except ConfigError:
        if gone or cut.rows:
            raise  # an archive without a page has no row; its records stay
    with source.open("rb") as file:
        known = [_Known.of(found.offset, found.record) for found in records(file)]
    ids = {one.own for one in known if one.offset in gone and one.own}
    ids |= {other for one in known if one.offset in gone for other in one.others}
    for one in known:
        if one.offset in gone:
            cut.gone.setdefault(one.url, set()).add(one.at)
        elif one.kind in ("response", "revisit", "resource", "conversion"):
            cut.kept[one.url] += 1
    beside = {one.offset for one in known if one.offset not in gone and one.goes_with(ids, cut)}
    cut.beside = len(beside)
    going_too = gone | beside
    starts = sorted({one.offset for one in known})
    pairs = zip(starts, [*starts[1:], None], strict=True)
    return [Span(start, end) for start, end in pairs if start in going_too], starts


@dataclass(frozen=True, slots=True)
class _Known:
    """What a record says of itself."""

    offset: int
    kind: str = ""
    own: str = ""
    others: tuple[str, ...] = ()
    url: str = ""
    at: str = ""

    @classmethod
    def of(cls, offset: int, record: Any) -> _Known:
        if record is None:
            return cls(offset)
        headers = record.rec_headers
        others = tuple(value for name, value in headers.headers if name.lower() == "warc-concurrent-to")
        url = (headers.get_header("WARC-Target-URI") or "").strip("<>")
        own, at = headers.get_header("WARC-Record-ID") or "", headers.get_header("WARC-Date") or ""
        return cls(offset, str(record.rec_type), own, others, url, at)

    def goes_with(self, ids: set[str], cut: Cut) -> bool:
        """True for a record that only speaks of one that goes: its request, what is told about it, text and pictures
        of a page of which no capture stays."""
        if self.kind in _BESIDE:
            return self.own in ids or not ids.isdisjoint(self.others)
        page = _OF_PAGE.match(self.url)
        return page is not None and page[1] in cut.gone and not cut.kept[page[1]]


def _moved(starts: Iterable[int], spans: Iterable[Span]) -> dict[int, int | None]:
    going = {span.start: span for span in spans}
    moved: dict[int, int | None] = {}
    less = 0
    for start in starts:
        span = going.get(start)
        moved[start] = start - less if span is None else None
        if span is not None and span.end is not None:
            less += span.end - span.start
    return moved


# -- many records in one member or frame ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """A member or frame: where it stands in the file, and what of the text it holds."""

    packed: tuple[int, int]
    text: tuple[int, int]


def _of_frames(source: Source, target: Path, going: Going, told: Told, check: Check, first: int, name: object) -> Cut:
    """Of a packed file the frames of which nothing goes are copied byte for byte, the others packed anew."""
    cut = Cut()
    with tempfile.TemporaryDirectory(dir=target.parent) as aside:
        plain = Path(aside) / source.name.removesuffix(".gz").removesuffix(".zst")
        frames = _unpack(source, plain, name)
        spans, starts = _spans(plain, going, told, check, first, cut)
        ends = dict(zip(starts, [*starts[1:], frames[-1].text[1] if frames else 0], strict=True))
        gone = [(span.start, span.end if span.end is not None else ends[span.start]) for span in spans]
        with source.open("rb") as file, plain.open("rb") as text, target.open("wb") as to:
            codec = codec_of(file.read(6))
            for frame in frames:
                left = _left(frame.text, gone)
                if left == [frame.text] or frame.text[0] == frame.text[1]:
                    file.seek(frame.packed[0])
                    _copy_part(file, to, frame.packed[1] - frame.packed[0])
                elif left:
                    _pack(text, left, to, zstd=codec is not None and codec.name == "zstd")
    return cut


def _unpack(source: Source, plain: Path, name: object) -> list[_Frame]:
    frames: list[_Frame] = []
    packed = text = begun = 0
    with source.open("rb") as file, plain.open("wb") as to:
        for piece in members(file):
            if isinstance(piece, Damage):
                raise ConfigError(f"{name}: {piece.reason}; a damaged file cannot be copied, repair it first")
            if isinstance(piece, int):
                frames.append(_Frame((packed, piece), (begun, text)))
                packed, begun = piece, text
            else:
                to.write(piece)
                text += len(piece)
    return frames


def _left(text: tuple[int, int], gone: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What stays of a stretch of text."""
    left, at = [], text[0]
    for start, end in gone:
        if end <= at or start >= text[1]:
            continue
        if start > at:
            left.append((at, start))
        at = min(end, text[1])
    return [*left, (at, text[1])] if at < text[1] else left


def _pack(text: Any, left: Iterable[tuple[int, int]], to: Any, *, zstd: bool) -> None:
    """Write stretches of a text as one frame or member."""
    machine = zstandard().ZstdCompressor() if zstd else zlib.compressobj(6, zlib.DEFLATED, 31)  # 31: gzip, no time
    for start, end in left:
        text.seek(start)
        while start < end and (block := text.read(min(end - start, BLOCK))):
            to.write(machine.compress(block))
            start += len(block)
    to.write(machine.flush())


def _copy_part(file: Any, to: Any, size: int) -> None:
    while size > 0 and (block := file.read(min(size, BLOCK))):
        to.write(block)
        size -= len(block)
