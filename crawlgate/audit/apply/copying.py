"""Bytes copied but for some stretches, packed as they were; and what the copies of all kinds of files share."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa

from ...errors import ConfigError
from ..output.decisions import row_numbers
from ..readers import Batch, Source
from ..readers.packed import Damage, codec_of, pieces
from .checked import Check
from .chosen import Going

BLOCK = 1 << 20


class Span(NamedTuple):
    """A stretch of a file that goes."""

    start: int
    end: int | None
    """None: to the end of the file."""


def rows_of(batch: Batch) -> int:
    """The rows of a batch, those that could not be read among them."""
    return len(batch.rows) + sum(reject.row is not None for reject in batch.rejects)


def check_rows(batch: Batch, going: Going, check: Check, first: int = 0) -> None:
    """Show `check` the rows of a batch that go; `first` is the number of the file's first row."""
    numbers = row_numbers(batch) + first
    here = np.flatnonzero(np.isin(numbers, going.rows))
    if len(here):
        found = batch.rows[batch.columns.url].take(pa.array(here)).to_pylist()
        check.seen(numbers[here].tolist(), found)


def unpacked(source: Source, file: Any, line: Any = None) -> Iterator[bytes]:
    """The text of a file. Raises `ConfigError` where it is damaged."""
    for piece in pieces(file, line):
        if isinstance(piece, Damage):
            raise ConfigError(f"{source}: {piece.reason}; a damaged file cannot be copied, repair it first")
        yield piece


@contextmanager
def packed_like(file: Any, target: Path) -> Iterator[Any]:
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
            yield stack.enter_context(io.BufferedWriter(cast(Any, packed), BLOCK))


def copy(source: Source, given: Iterator[bytes], to: Any, spans: Iterable[Span], *, lines: bool) -> None:
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
