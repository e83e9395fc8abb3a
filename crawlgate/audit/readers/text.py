"""Tables of text: CSV and TSV, JSON lines and JSON arrays, plain or packed."""

from __future__ import annotations

import csv
import json
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

import orjson

from ...errors import ConfigError
from .batch import Batch, Row, Told, row_batches
from .json_array import elements, is_array
from .lines import MAX_LINE, blocks
from .source import Source


def read_csv(path: Source, said: Told) -> Iterator[Batch]:
    """The rows of a CSV or TSV file; a field in quotes may hold line breaks."""
    return row_batches(path, said, csv_rows(path))


def read_json(path: Source, said: Told) -> Iterator[Batch]:
    """The objects of a file of JSON lines, or of an array."""
    return row_batches(path, said, json_rows(path))


def text_rows(path: Source) -> Iterator[Row]:
    """The rows of a CSV, TSV or JSON file, by its name."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return csv_rows(path) if name.endswith((".csv", ".tsv")) else json_rows(path)


def json_rows(path: Source) -> Iterator[Row]:
    """Objects: number of the line, or of the element of an array; offset; and the object or what is wrong."""
    try:
        array = is_array(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if array:
        for number, offset, _, _, value in elements(path):
            yield number, offset, _object(value) if isinstance(value, bytes) else value
        return
    for block in blocks(path):
        yield from ((one.number, one.offset, one.reason) for one in block.troubles)
        for number, offset, line in block.lines():
            line = line.strip()
            if line:
                yield number, offset, _object(line)


def _object(line: bytes) -> dict[str, Any] | str:
    try:
        row = orjson.loads(line)
    except ValueError:  # orjson takes UTF-8 and finite numbers only
        try:
            row = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            return f"not JSON: {str(error)[:120]}"
    if not isinstance(row, dict):
        return "not a JSON object"
    if any(line.count(b'"%b"' % key.encode("utf-8", "replace")) > 1 for key in row):
        twice = _twice(line)
        if twice is not None:
            return f"the name {twice[:60]!r} stands twice in the object; which value is meant cannot be told"
    return row


def _twice(line: bytes) -> str | None:
    """A name that stands twice in the outermost object of a line of JSON."""
    found: list[list[tuple[str, Any]]] = []
    json.loads(line.decode("utf-8", "replace"), object_pairs_hook=found.append)  # the outermost comes last
    counted = Counter(name for name, _ in found[-1])
    return next((name for name, count in counted.items() if count > 1), None)


def csv_rows(path: Source) -> Iterator[Row]:
    """Rows: their number, offset, and fields by the names in the head, or what is wrong.

    A quote that is never closed would swallow what follows: the line in which it stands is told, and reading goes on
    with the next one.
    """
    lines = _Lines(path)
    tab = lines.first.count("\t") > lines.first.count(",")
    header: list[str] | None = None
    number = 0
    reader = _csv(lines, tab)
    while True:
        problem: str | None = None
        row: list[str] | None = []
        try:
            row = next(iter(reader), None)
        except csv.Error as error:
            problem = f"not CSV: {error}"
        for offset, reason in lines.damage():
            yield number, offset, reason
            number += 1
        if row is None:
            return
        if header is None and problem is None:
            header = _apart([name.strip() for name in row])
            lines.taken.clear()
            continue
        if problem is None and len(row) != len(header or ()):
            problem = f"{len(row)} fields where the head has {len(header or ())}"
        yield number, lines.taken[0][0], problem or dict(zip(header or (), row, strict=True))
        number += 1
        if problem is not None and len(lines.taken) > 1:
            lines.again()
            reader = _csv(lines, tab)
        lines.taken.clear()


def _apart(names: list[str]) -> list[str]:
    """The names of a head; those that stand in it more than once get a number, so that none hides another."""
    taken, found = set(names), []
    turns: dict[str, int] = {}
    for name in names:
        if names.count(name) > 1:
            turn = turns.get(name, 0) + 1
            while (numbered := f"{name}#{turn}") in taken:
                turn += 1
            turns[name] = turn
            taken.add(numbered)
            name = numbered
        found.append(name)
    return found


def _csv(lines: Iterator[str], tab: bool) -> Any:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))  # Python's own is 128 KiB: shorter than texts of pages
    return csv.reader(lines, delimiter="\t" if tab else ",", strict=True)


class _Lines:
    """The lines of a file for the CSV reader: those that it took for the row at hand can be given again."""

    def __init__(self, path: Source) -> None:
        self._troubles: list[tuple[int, str]] = []
        self._rest = self._read(path)
        self._back: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []
        self.first = next(self, "")
        if self.taken:
            self._back.append(self.taken.pop())

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._rest)
        self.taken.append(line)
        return line[1]

    def again(self) -> None:
        """Give all lines of the row at hand again but the first."""
        self._back.extendleft(reversed(self.taken[1:]))

    def damage(self) -> list[tuple[int, str]]:
        """What could not be read so far: offset and reason; told once."""
        found, self._troubles = self._troubles, []
        return found

    def _read(self, path: Source) -> Iterator[tuple[int, str]]:
        for block in blocks(path):
            self._troubles += [(one.offset, one.reason) for one in block.troubles]
            for _, offset, line in block.lines():
                if line:
                    yield offset, line.decode("utf-8", "replace").replace("\x00", "\ufffd") + "\n"
