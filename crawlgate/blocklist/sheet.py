"""What a publisher writes: a spreadsheet's CSV with named columns, or JSON lines. Rows with their line numbers.

Nothing is judged here (`lint` does); what cannot be read as a table at all is a `FeedError`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..declaration import suggestion
from ..errors import ConfigError, FeedError
from .entries import FIELDS
from .files import read_bounded
from .lines import MAX_BYTES, MAX_LINE, lines
from .readers import jsonlines

LISTS = ("works", "evidence")
"""Fields that hold several texts; in a cell they stand on lines of their own, or between `|`."""

ENCODINGS = ("utf-8", "utf-16", "cp932")
"""How a CSV may be written: UTF-8 with or without BOM, Excel's "Unicode text", and Excel in Japanese."""

_TIMES = ("listed_at", "expires_at", "withdrawn_at")
# 2026/4/1, 2026.04.01, 20260401, 2026年4月1日: year first, so that month and day are in no doubt.
_DATE = re.compile(r"(\d{4})(?:[/.年](\d{1,2})[/.月](\d{1,2})日?|(\d\d)(\d\d))\Z")
_DOUBTFUL = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\Z")
# What Python's cp932 makes of bytes that Shift_JIS does not have.
_NOT_WRITTEN = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
_YES = {"yes": True, "true": True, "x": True, "1": True, "no": False, "false": False, "0": False}
_AGAIN = re.compile(r"[|\n]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins on (from 1), and its table, or the reason why there is none."""

    line: int
    table: Mapping[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A source of entries. `unread` are columns that no field has; `encoding` is how the file was written."""

    name: str
    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()
    encoding: str = "utf-8"


def read_sheet(path: str | Path, *, encoding: str | None = None) -> Sheet:
    """Read a CSV, TSV or JSONL file of entries. Raises `FeedError` and, for the path, `ConfigError`."""
    place = Path(path)
    try:
        data = read_bounded(place, MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}; name a CSV or JSONL file") from None
    if data is None:
        raise ConfigError(f"{path} is not there; name a CSV or JSONL file")
    if len(data) > MAX_BYTES:
        raise FeedError(f"{path} is longer than {MAX_BYTES} bytes; split it")
    if place.suffix in (".jsonl", ".ndjson"):
        return Sheet(name=place.name, rows=tuple(_json_rows(data)))
    text, used = decoded(data, encoding, place.name)
    return read_csv(text, place.name, encoding=used)


def _json_rows(data: bytes) -> Iterator[Row]:
    for line, _, table in jsonlines.rows(lines(io.BytesIO(data))):
        yield Row(line, {}, table) if isinstance(table, str) else Row(line, table)


def decoded(data: bytes, encoding: str | None, name: str) -> tuple[str, str]:
    """The text of a CSV and how it was written. Raises `FeedError`."""
    if encoding is None:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
    if b"\x00" in data and encoding != "utf-16":
        raise FeedError(f"{name} is binary, no CSV; in the spreadsheet, choose Save as, CSV UTF-8")
    for tried in [encoding] if encoding else ["utf-8", "cp932"]:
        try:
            text = data.decode("utf-8-sig" if tried == "utf-8" else tried)
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise ConfigError(f"encoding {tried!r} is unknown; use one of {', '.join(ENCODINGS)}") from None
        if tried != "cp932" or not _NOT_WRITTEN.search(text):
            return text, tried
    tried = encoding or "UTF-8 nor in Shift_JIS (cp932)"
    raise FeedError(f"{name} is not written in {tried}; in the spreadsheet, choose Save as, CSV UTF-8")


def read_csv(
    text: str, name: str, *, encoding: str = "utf-8", names: Callable[[list[str]], list[str]] | None = None
) -> Sheet:
    """The rows of a CSV. `names` may give the columns other names, which are then looked for among the fields.
    Raises `FeedError`."""
    delimiter = _delimiter(text)
    rows = _records(text, delimiter, name)
    line, header = next(rows, (1, []))
    columns = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in header]
    if names is not None:
        columns = names(columns)
    known = [column for column in columns if column in FIELDS]
    if "value" not in known:
        shown = ", ".join(cell.strip() for cell in header if cell.strip())[:200] or "nothing"
        raise FeedError(
            f"{name}, line {line}: no column is named value (columns: {shown}); the first row names the columns, of "
            f"{', '.join(FIELDS)}"
        )
    doubled = next((column for column in known if known.count(column) > 1), None)
    if doubled:
        raise FeedError(f"{name}, line {line}: two columns are named {doubled}; keep one")
    unread = tuple(f"{column}{suggestion(column, FIELDS)}" for column in columns if column and column not in FIELDS)
    found = [_row(line, columns, cells) for line, cells in rows if any(cell.strip() for cell in cells)]
    return Sheet(name=name, rows=tuple(found), unread=unread, encoding=encoding)


def _delimiter(text: str) -> str:
    first = text[:MAX_LINE].partition("\n")[0]
    return max(",;\t", key=first.count)


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin on; a quoted cell may span lines."""
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise FeedError(
            f"{name}, line {reader.line_num}: {error}; a cell that holds quotes or line breaks stands in quotes"
        ) from None


def _row(line: int, columns: list[str], cells: list[str]) -> Row:
    if any(cell.strip() for cell in cells[len(columns) :]):
        return Row(line, {}, f"{len(cells)} cells under {len(columns)} columns; put a cell that holds commas in quotes")
    table: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=False):
        text = cell.strip()
        if column not in FIELDS or not text:
            continue
        if text[0] in "=@" and len(text) > 1:
            return Row(line, {}, f"{column} is a formula; paste its value")
        if column == "exception":
            table[column] = _YES.get(text.lower(), text)
        elif column in LISTS:
            table[column] = [part.strip() for part in _AGAIN.split(text) if part.strip()]
        else:
            table[column] = _date(text) if column in _TIMES else text
    return Row(line, table)


def _date(text: str) -> str:
    match = _DATE.match(text)
    if match is None:
        return text
    month, day = (match[2], match[3]) if match[2] else (match[4], match[5])
    return f"{match[1]}-{int(month):02}-{int(day):02}"


def doubtful_date(text: str) -> bool:
    """True for a date in which month and day could be either way round."""
    return _DOUBTFUL.match(text) is not None
