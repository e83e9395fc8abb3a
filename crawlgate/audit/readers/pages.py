"""Damaged row groups of Parquet, page by page: a page that cannot be read costs its own rows.

Arrow reads the pages of a column one behind the other and stops at the first that is damaged. So each page of such a
column is read as a file of its own: its bytes behind those of the dictionary, and a footer that tells of it alone.
Where pages stand is told by the page index, or else by the pages' own heads; behind a head that is damaged the rest of
the column is lost (parquet-format: `FileMetaData`, `PageHeader`, `OffsetIndex`). Columns of lists, maps and structs are
not read so: their rows are not told apart.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from .. import thrift
from ..thrift import Elements, Field, Struct
from .source import Source

_I32, _I64, _LIST, _STRUCT = 5, 6, 9, 12
_DICTIONARY = 2
_DATA = (0, 3)  # of the first version and of the second
_REPEATED = 2
_LONGEST_HEAD = 1 << 16
_BROKEN = (OSError, pa.ArrowException, ValueError, MemoryError, KeyError, IndexError, TypeError, AttributeError)


class Lost(NamedTuple):
    """Rows that cannot be read: the first of the row group, how many, the column, and why."""

    first: int
    rows: int
    column: str
    reason: str


class _Page(NamedTuple):
    offset: int
    size: int
    first: int
    rows: int


def good_rows(path: Source, file: Any, group: int, columns: Sequence[str]) -> Iterator[tuple[int, Any] | Lost]:
    """The stretches of a damaged row group that are lost, and the others as tables, each with the number of its first
    row in the group. Raises one of Arrow's errors, `OSError` or `ValueError` where pages cannot be told apart."""
    size = file.metadata.row_group(group).num_rows
    good = np.ones(size, np.bool_)
    whole: dict[str, Any] = {}
    lost: list[Lost] = []
    with path.open("rb") as opened:
        for name in columns:
            try:
                whole[name] = file.read_row_group(group, columns=[name])[name]
            except _BROKEN:
                whole[name], gone = _column(opened, file, group, name, size)
                lost += gone
                for one in gone:
                    good[one.first : one.first + one.rows] = False
    table = pa.table(whole)
    yield from sorted(_merged(lost, good), key=lambda one: one[0])
    for start, end in _stretches(good):
        yield start, table.slice(start, end - start)


def _merged(lost: Sequence[Lost], good: npt.NDArray[np.bool_]) -> Iterator[Lost]:
    """Each stretch of lost rows once, with the first reason."""
    for start, end in _stretches(~good):
        why = next(one for one in sorted(lost) if one.first < end and one.first + one.rows > start)
        yield Lost(start, end - start, why.column, why.reason)


def _stretches(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of true begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _column(opened: BinaryIO, file: Any, group: int, name: str, size: int) -> tuple[Any, list[Lost]]:
    """A column with nulls where pages are lost."""
    footer = _footer(opened)
    element = _element(footer, name)
    chunk = _chunk(footer, group, name)
    kind = file.schema_arrow.field(name).type
    about: Struct = chunk[3].value
    head, pages = _pages(opened, chunk, size)
    parts: list[Any] = []
    lost: list[Lost] = []
    at = 0
    for page in pages:
        at = page.first + page.rows
        try:
            opened.seek(page.offset)
            data = opened.read(page.size)
            found = _read(head, data, page.rows, footer, element, about)
            parts.append(found.cast(kind))
        except _BROKEN as error:
            lost.append(Lost(page.first, page.rows, name, (str(error).splitlines() or [type(error).__name__])[0]))
            parts.append(pa.nulls(page.rows, kind))
    if at < size:
        lost.append(Lost(at, size - at, name, "the head of a page is damaged, so that those behind it are not found"))
        parts.append(pa.nulls(size - at, kind))
    chunks = [piece for part in parts for piece in (part.chunks if isinstance(part, pa.ChunkedArray) else [part])]
    return pa.chunked_array(chunks, kind), lost


def _footer(opened: BinaryIO) -> Struct:
    end = opened.seek(0, io.SEEK_END)
    opened.seek(end - 8)
    size = int.from_bytes(opened.read(4), "little")
    opened.seek(end - 8 - size)
    return thrift.read(opened.read(size))


def _element(footer: Struct, name: str) -> Struct:
    """The schema's element of a flat column."""
    elements: list[Struct] = footer[2].value.values
    at = 1
    while at < len(elements):
        one = elements[at]
        if one[4].value == name.encode() and not _children(one) and one[3].value != _REPEATED:
            return one
        inside = 1
        while inside:  # over what is below it
            inside += _children(elements[at]) - 1
            at += 1
    raise ValueError(f"the column {name} is no flat one")


def _children(element: Struct) -> int:
    return int(element[5].value) if 5 in element else 0


def _chunk(footer: Struct, group: int, name: str) -> Struct:
    for one in footer[4].value.values[group][1].value.values:
        if one[3].value[3].value.values == [name.encode()]:
            found: Struct = one
            return found
    raise ValueError(f"the column {name} is no flat one")


def _pages(opened: BinaryIO, chunk: Struct, size: int) -> tuple[bytes, list[_Page]]:
    """The dictionary's page, and where data pages stand and which rows they hold."""
    about: Struct = chunk[3].value
    data = int(about[9].value)
    first = min(data, int(about[11].value)) if 11 in about and about[11].value > 0 else data
    end = first + int(about[7].value)
    indexed = _of_index(opened, chunk, size)
    if indexed is not None:
        opened.seek(first)
        return opened.read(max(indexed[0].offset - first, 0)) if indexed else b"", indexed
    head, pages, rows, at = b"", list[_Page](), 0, first
    while at < end and rows < size:
        opened.seek(at)
        raw = opened.read(_LONGEST_HEAD)
        try:
            said, length = thrift.read_sized(raw)
            whole = length + int(said[3].value)
            kind = said[1].value
            count = int(said[8 if kind == _DATA[1] else 5].value[1].value) if kind in _DATA else 0
        except (ValueError, KeyError, TypeError):
            break
        if whole <= length or at + whole > end or rows + count > size:
            break
        if kind == _DICTIONARY:
            opened.seek(at)
            head = opened.read(whole)
        elif kind in _DATA:
            pages.append(_Page(at, whole, rows, count))
            rows += count
        at += whole
    return head, pages


def _of_index(opened: BinaryIO, chunk: Struct, size: int) -> list[_Page] | None:
    """Pages by the page index; None without one, or where it makes no sense."""
    if 4 not in chunk or 5 not in chunk:
        return None
    try:
        opened.seek(int(chunk[4].value))
        places = thrift.read(opened.read(int(chunk[5].value)))[1].value.values
        firsts = [*(int(one[3].value) for one in places), size]
        pages = [
            _Page(int(one[1].value), int(one[2].value), first, after - first)
            for one, first, after in zip(places, firsts, firsts[1:], strict=False)
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return pages if pages and firsts[0] == 0 and all(page.rows > 0 and page.size > 0 for page in pages) else None


def _read(head: bytes, data: bytes, rows: int, footer: Struct, element: Struct, about: Struct) -> Any:
    """The values of one page, read as a file of its own."""
    begin = 4 + len(head)
    kept: Mapping[int, Field] = {number: about[number] for number in (1, 2, 3, 4, 6) if number in about}
    told: Struct = {
        **kept,
        5: Field(_I64, rows),
        7: Field(_I64, len(head) + len(data)),
        9: Field(_I64, begin),
        **({11: Field(_I64, 4)} if head else {}),
    }
    column: Struct = {2: Field(_I64, 4), 3: Field(_STRUCT, told)}
    root = {**footer[2].value.values[0], 5: Field(_I32, 1)}
    made: Struct = {
        1: footer[1],
        2: Field(_LIST, Elements(_STRUCT, [root, element])),
        3: Field(_I64, rows),
        4: Field(
            _LIST,
            Elements(
                _STRUCT,
                [
                    {
                        1: Field(_LIST, Elements(_STRUCT, [column])),
                        2: Field(_I64, len(head) + len(data)),
                        3: Field(_I64, rows),
                    }
                ],
            ),
        ),
    }
    footing = thrift.write(made)
    whole = b"".join([b"PAR1", head, data, footing, len(footing).to_bytes(4, "little"), b"PAR1"])
    with pq.ParquetFile(pa.BufferReader(whole), page_checksum_verification=True) as file:
        found = file.read(use_threads=False).column(0)
    if len(found) != rows:
        raise ValueError(f"the page holds {len(found)} values, not {rows}")
    found.validate(full=True)
    return found
