"""Files of text without some of their rows: what stays is copied byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...errors import ConfigError
from ..output.decisions import row_numbers
from ..readers import Batch, Source, Told, read
from ..readers.cdx import BEGINS
from ..readers.json_array import Element, elements
from .checked import Check
from .chosen import Going
from .copying import Span, check_rows, copy, packed_like, rows_of, unpacked


def without_lines(source: Source, target: Path, going: Going, told: Told, check: Check, *, index: bool = False) -> int:
    """Write a file of lines (CSV, JSON lines, logs, an `index` of an archive), packed as it was, without rows; how
    many there were."""
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
        check_rows(batch, going, check)
    if open_at is not None:
        spans.append(Span(open_at, None))
    with source.open("rb") as file, packed_like(file, target) as to:
        copy(source, unpacked(source, file, BEGINS if index else None), to, spans, lines=True)
    return rows


def _begins(source: Source, batch: Batch) -> list[tuple[int, int | None]]:
    """Where each row of a batch begins in the unpacked text, with its number, and each stretch that is none."""
    if len(batch.offsets) < len(batch.rows):
        raise ConfigError(f"{source}: rows of this kind of file have no place of their own; they cannot be taken out")
    numbers = row_numbers(batch).tolist()
    found: list[tuple[int, int | None]] = [(batch.offsets[place], number) for place, number in enumerate(numbers)]
    found += [(reject.offset, reject.row) for reject in batch.rejects if reject.offset is not None]
    return sorted(found, key=lambda one: one[0])


def without_elements(source: Source, target: Path, going: Going, told: Told, check: Check) -> int:
    """Write a JSON array, packed as it was, without elements; how many there were. What was an array stays one: with an
    element goes the comma behind it, or with the last ones that before them."""
    rows = 0
    for batch in read(source, told):
        rows += rows_of(batch)
        check_rows(batch, going, check)
    spans = _spans(elements(source), frozenset(going.rows.tolist()))
    with source.open("rb") as file, packed_like(file, target) as to:
        copy(source, unpacked(source, file), to, spans, lines=False)
    return rows


def _spans(found: Iterator[Element], gone: frozenset[int]) -> Iterator[Span]:
    """The stretches that go, as the elements come."""
    run: tuple[int, int, int] | None = None  # array, begin and end of the elements at hand that go
    kept: tuple[int, int] = 0, 0  # array and end of the last element that stays
    for one in _and_end(found):
        if run is not None and (one is None or one.array != run[0]):
            yield Span(kept[1] if kept[0] == run[0] else run[1], run[2])
            run = None
        if one is None:
            return
        if one.number in gone:
            run = (one.array, one.offset if run is None else run[1], one.end)
            continue
        if run is not None:
            yield Span(run[1], one.offset)
            run = None
        kept = one.array, one.end


def _and_end(found: Iterator[Element]) -> Iterator[Element | None]:
    yield from found
    yield None
