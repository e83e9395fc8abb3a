"""MISP warninglists: one JSON document with a `list` of values and the `type` by which they are compared.

`hostname` values stand for themselves and what is below, `string` values for themselves alone, `cidr` for networks.
`substring` and `regex` are rejected: a site is never found by a part of its name. Items count from 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...domains import Suffixes
from ...errors import FeedError
from ..entry import Entry, EntryError
from ..lines import ListText
from ..target import NAME, shown
from . import addresses
from .items import Item
from .jsonlines import no_duplicates
from .plain import bare_name, exact_host, place


def read(text: ListText, suffixes: Suffixes) -> Iterator[Item]:
    """The items of a warninglist. Raises `FeedError` for what is none."""
    table = _document(text)
    kind = table.get("type", "string")
    reader = {"hostname": bare_name, "string": _exact, "cidr": _network}.get(kind)
    for number, value in enumerate(table["list"], 1):
        shown_text = value if isinstance(value, str) else json.dumps(value)[:400]
        entry: Entry | EntryError
        if not isinstance(value, str):
            entry = EntryError("bad_field", f"{shown(value)} is no text")
        elif reader is None:
            entry = EntryError("pattern", f"values of type {shown(kind)} are compared as patterns; they are not read")
        else:
            try:
                entry = reader(value.strip(), suffixes)
            except EntryError as error:
                entry = error
        yield Item(number, shown_text, entry)


def _document(text: ListText) -> dict[str, Any]:
    try:
        table = json.loads(text.whole(), object_pairs_hook=no_duplicates)
    except (ValueError, RecursionError) as error:
        raise FeedError(
            f"list {text.name} is no JSON document: {str(error)[:120]}; is it a MISP warninglist?"
        ) from None
    if not isinstance(table, dict) or not isinstance(table.get("list"), list):
        raise FeedError(f"list {text.name} holds no `list`; a MISP warninglist has one")
    return table


def _exact(value: str, suffixes: Suffixes) -> Entry:
    if "/" in value:
        return place(value, suffixes)
    return exact_host(value, suffixes) if NAME.match(value.lower()) else bare_name(value, suffixes)


def _network(value: str, suffixes: Suffixes) -> Entry:
    (entry,) = addresses.read_line(value, suffixes)
    if isinstance(entry, EntryError):
        raise entry
    return entry
