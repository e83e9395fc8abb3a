"""Files of text and archives without some of their rows: what stays is copied byte for byte."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa

from ...errors import ConfigError
from ..output.decisions import row_numbers
from ..readers import Batch, Source, Told, kind, read
from ..readers.packed import Damage, codec_of, pieces
from ..readers.records import records
from .checked import Check
from .chosen import Going

_BLOCK = 1 << 20
_BESIDE = ("request", "metadata")


class Span(NamedTuple):
    """A stretch of a file that goes."""

    start: int
    end: int | None
    """None: to the end of the file."""


def without_lines(source: Source, target: Path, going: Going, told: Told, check: Check) -> int:
    """Write a file of lines (CSV, JSON lines, logs), packed as it was, without rows; how many there were."""
    rows = 0
    spans: list[Span] = []
    open_at: int | None = None
    gone = set(going.rows.tolist())
    for batch in read(source, told):
        begins = _begins(source, batch)
        rows += rows_of(batch)
        for offset, number in begins:
            if open_at is not None:
                spans.append(Span(open_at, offset))
                open_at = None
            if number in gone:
                open_at = offset
        _check(batch, going, check)
    if open_at is not None:
        spans.append(Span(open_at, None))
    with source.open("rb") as file, _packed_like(file, target) as to:
        array = kind(source, told).name == "json"
        _copy(source, _unpacked(source, file, maybe_array=array), to, spans, lines=True)
    return rows


def without_records(source: Source, target: Path, going: Going, told: Told, check: Check) -> tuple[int, int]:
    """Write a WARC or ARC file without records; how many answers there were, and how many records went with the others
    because they only speak of one that goes (requests, metadata)."""
    rows = 0
    gone: set[int] = set()
    for batch in read(source, told):
        rows += rows_of(batch)
        first = {number: place for place, number in enumerate(row_numbers(batch).tolist())}
        places = [first[row] for row in going.rows.tolist() if row in first]
        gone.update(batch.offsets[place] for place in places)
        _check(batch, going, check)
    with source.open("rb") as file:
        known = [(found.offset, *_names(found.record)) for found in records(file)]
    ids = {own for offset, _, own, _ in known if offset in gone and own}
    beside = {offset for offset, what, _, other in known if what in _BESIDE and other in ids} - gone
    starts = sorted({offset for offset, *_ in known})
    going_too = gone | beside
    spans = [Span(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True) if start in going_too]
    with source.open("rb") as file, target.open("wb") as to:
        if codec_of(file.read(6)) is not None and not all(_is_member(file, span.start) for span in spans):
            raise ConfigError(f"{source}: its records are not packed one by one; pack them so, and audit it again")
        file.seek(0)
        _copy(source, iter(lambda: file.read(_BLOCK), b""), to, spans, lines=False)
    return rows, len(beside)


def _is_member(file: Any, offset: int) -> bool:
    file.seek(offset)
    return bool(file.read(2) == b"\x1f\x8b")


def rows_of(batch: Batch) -> int:
    """The rows of a batch, those that could not be read among them."""
    return len(batch.rows) + sum(reject.row is not None for reject in batch.rejects)


def _names(record: Any) -> tuple[str, str, str]:
    if record is None:
        return "", "", ""
    headers = record.rec_headers
    return (
        str(record.rec_type),
        headers.get_header("WARC-Record-ID") or "",
        headers.get_header("WARC-Concurrent-To") or "",
    )


def _begins(source: Source, batch: Batch) -> list[tuple[int, int | None]]:
    """Where each row of a batch begins in the unpacked text, with its number, and each stretch that is none."""
    if len(batch.offsets) < len(batch.rows):
        raise ConfigError(f"{source}: rows of this kind of file have no place of their own; they cannot be taken out")
    numbers = row_numbers(batch).tolist()
    found: list[tuple[int, int | None]] = [(batch.offsets[place], number) for place, number in enumerate(numbers)]
    found += [(reject.offset, reject.row) for reject in batch.rejects if reject.offset is not None]
    return sorted(found, key=lambda one: one[0])


def _check(batch: Batch, going: Going, check: Check) -> None:
    numbers = row_numbers(batch)
    here = np.flatnonzero(np.isin(numbers, going.rows))
    if len(here):
        found = batch.rows[batch.columns.url].take(pa.array(here)).to_pylist()
        check.seen(numbers[here].tolist(), found)


def _unpacked(source: Source, file: Any, *, maybe_array: bool) -> Iterator[bytes]:
    begun = not maybe_array
    for piece in pieces(file):
        if isinstance(piece, Damage):
            raise ConfigError(f"{source}: {piece.reason}; a damaged file cannot be copied, repair it first")
        if not begun and piece.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            raise ConfigError(f"{source}: rows of a JSON array cannot be taken out; write it as JSON lines")
        begun = True
        yield piece


@contextmanager
def _packed_like(file: Any, target: Path) -> Iterator[Any]:
    """The target, packed as the file is; equal content gives equal bytes."""
    codec = codec_of(file.read(6))
    file.seek(0)
    with ExitStack() as stack:
        if codec is None:
            yield stack.enter_context(target.open("wb"))
        elif codec.name == "zstd":
            yield stack.enter_context(pa.CompressedOutputStream(pa.OSFile(str(target), "wb"), "zstd"))
        else:
            raw = stack.enter_context(target.open("wb"))
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0)
            yield stack.enter_context(io.BufferedWriter(cast(Any, packed), _BLOCK))


def _copy(source: Source, given: Iterator[bytes], to: Any, spans: list[Span], *, lines: bool) -> None:
    """Copy what is in no span. Of lines, a span begins where one does; else the places are not those of the file."""
    waiting = iter(spans)
    span = next(waiting, None)
    at = 0
    last = b"\n"
    for data in given:
        view, start = memoryview(data), 0
        while span is not None and span.start < at + len(data):
            cut = max(span.start - at, 0)
            if lines and span.start >= at and (data[cut - 1 : cut] if cut else last) not in (b"\n", b"\xbf"):
                raise ConfigError(f"{source}: no row begins at byte {span.start}; its places are not those of the text")
            to.write(view[start:cut] if cut > start else b"")
            if span.end is None or span.end >= at + len(data):
                start = len(data)
                if span.end is None or span.end > at + len(data):
                    break
            else:
                start = span.end - at
            span = next(waiting, None)
        to.write(view[start:])
        at += len(data)
        last = data[-1:] or last
