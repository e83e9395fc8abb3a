"""JSON lines: the entries of a feed, one object a line. A key that stands twice has no one meaning and is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from ...domains import Suffixes
from ...errors import FeedError
from ..entry import EntryError, entry_from_table
from ..lines import Line, ListText
from ..target import shown
from .items import Item

SCHEMA = 1
"""The version of the feed's entries that is read; an entry without `schema` is of this version."""


class DuplicateKey(ValueError):
    """A key stands twice in one object."""


def read(text: ListText, suffixes: Suffixes) -> Iterator[Item]:
    """The items of a feed's entries. Raises `FeedError` for a schema that is not known."""
    for number, line, table in rows(text.lines()):
        if isinstance(table, str):
            yield Item(number, line, EntryError("not_json", table))
            continue
        schema = table.get("schema", SCHEMA)
        if schema != SCHEMA or isinstance(schema, bool):
            raise FeedError(
                f"list {text.name}, line {number}: schema {shown(schema)} is unknown; this version reads {SCHEMA}. "
                "Update crawlgate, or ask the issuer for a feed of that version"
            )
        try:
            yield Item(number, line, entry_from_table(table, suffixes))
        except EntryError as error:
            yield Item(number, line, error)


def rows(found: Iterable[Line]) -> Iterator[tuple[int, str, Mapping[str, Any] | str]]:
    """Each line: number, text, and its object or the reason there is none."""
    for number, text, problem in found:
        yield number, text, problem or _object(text)


def _object(text: str) -> Mapping[str, Any] | str:
    table = _canonical(text)
    if table is None:
        try:
            table = json.loads(text, object_pairs_hook=no_duplicates, parse_constant=_no_constant)
        except DuplicateKey as error:
            return str(error)
        except (ValueError, RecursionError) as error:
            return f"not JSON: {str(error)[:120] or type(error).__name__}"
    return table if isinstance(table, dict) else "not a JSON object; an entry is one object a line"


def _canonical(text: str) -> Any:
    """The value of a line in its one spelling, which no key can stand in twice; None for any other line."""
    try:
        table = orjson.loads(text)
        return table if orjson.dumps(table, option=orjson.OPT_SORT_KEYS) == text.encode() else None
    except (ValueError, TypeError, RecursionError):
        return None


def doubled_key(text: str) -> str | None:
    """Which key stands twice in a line of JSON, as a sentence; None if none does."""
    try:
        json.loads(text, object_pairs_hook=no_duplicates)
    except DuplicateKey as error:
        return str(error)
    except (ValueError, RecursionError):
        return None
    return None


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An `object_pairs_hook` that raises `DuplicateKey`."""
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            raise DuplicateKey(f"key {shown(name)} stands twice; two readers would take two different values")
        table[name] = value
    return table


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
