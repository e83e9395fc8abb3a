"""Lines of CDX and CDXJ in their usual form, a block at once. What is not quite usual is left to the exact code."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .batch import ROW_NUMBER
from .lines import Block

NAMES = ("url", "time", "status", "digest", "shard", "offset")
_CDXJ = r'^[^ ]+ [0-9]{14} \{"[^\\]*"\}$'
_FIELDS = {
    "url": r'"url": ?"(?P<found>[^"\\]+)"',
    "status": r'"status": ?"?(?P<found>[0-9]{3})[",}]',
    "digest": r'"digest": ?"(?P<found>[^"\\]+)"',
    "shard": r'"filename": ?"(?P<found>[^"\\]+)"',
    "offset": r'"offset": ?"?(?P<found>[0-9]+)[",}]',
}


class Taken(NamedTuple):
    """The rows that were read, with their numbers; the places of their lines; and which lines are left (true)."""

    table: Any
    starts: npt.NDArray[np.int64]
    left: npt.NDArray[np.bool_]


def take(block: Block, letters: list[str] | None, names: dict[str, str]) -> Taken:
    """Read the usual lines of a block. `letters` are those of the head line, `names` the columns of letters."""
    lines, starts = block.column()
    lines = pc.utf8_rtrim(lines, "\r\n")
    numbers = np.arange(len(lines)) + block.number
    json_lines = _mask(pc.match_substring_regex(lines, _CDXJ))
    tables = [_of_json(lines.filter(pa.array(json_lines)), numbers[json_lines])]
    if letters is not None:
        field_lines = ~json_lines & _mask(pc.invert(pc.match_substring_regex(lines, r"^$|^!| \{|^.CDX ")))
        tables.append(_of_fields(lines.filter(pa.array(field_lines)), numbers[field_lines], letters, names))
    table = pa.concat_tables(tables)
    url = table["url"]
    good = pc.and_(pc.match_substring(url, "://"), pc.invert(pc.match_substring_regex(url, "\ufffd|\\x00")))
    table = table.filter(pc.fill_null(good, False))
    rows = table[ROW_NUMBER].to_numpy() - block.number
    left = np.ones(len(lines), np.bool_)
    left[rows] = False
    return Taken(table, starts[rows] + block.offset, left)


def _of_json(lines: Any, numbers: Any) -> Any:
    found = {name: pc.struct_field(pc.extract_regex(lines, pattern), "found") for name, pattern in _FIELDS.items()}
    unread = pc.and_(pc.match_substring_regex(lines, r'"(?:status|hsc)":'), pc.is_null(found["status"]))
    found["url"] = pc.if_else(unread, None, found["url"])  # the exact code says what it is
    found["time"] = pc.struct_field(pc.extract_regex(lines, r"^[^ ]+ (?P<found>[0-9]{14}) "), "found")
    return _table(found, numbers)


def _of_fields(lines: Any, numbers: Any, letters: list[str], names: dict[str, str]) -> Any:
    parts = pc.split_pattern(lines, " ")
    whole = pc.equal(pc.list_value_length(parts), len(letters))
    parts, numbers = parts.filter(whole), numbers[_mask(whole)]
    flat = pc.list_flatten(parts)
    places = np.arange(len(parts)) * len(letters)
    found = {}
    for place, letter in enumerate(letters):
        if names.get(letter) in NAMES:
            column = flat.take(pa.array(places + place))
            found[names[letter]] = pc.if_else(pc.equal(column, "-"), None, column)
    return _table(found, numbers)


def _table(found: dict[str, Any], numbers: Any) -> Any:
    nothing = pa.nulls(len(numbers), pa.large_string())
    columns = {name: found.get(name, nothing).cast(pa.large_string()) for name in NAMES}
    return pa.table({**columns, ROW_NUMBER: pa.array(numbers, pa.int64())})


def _mask(column: Any) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return found
