"""A column of response headers: what they say, row by row; most say nothing, and share one answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..signals import response
from ..signals.reading import Reading
from .rows import NO_STATUS, PAGE_NOT_SEEN, Particulars

Pairs = list[tuple[Any, Any]]


class HeaderRows(NamedTuple):
    """`said` is true for rows whose headers are there and were looked at; `particulars` are of those that say
    something."""

    said: npt.NDArray[np.bool_]
    particulars: dict[int, Particulars]


def read_headers(
    asked: Any,
    column: Any,
    statuses: npt.NDArray[np.int32] | None,
    token: str,
    known: Mapping[int, Particulars],
) -> HeaderRows:
    """Read a column of headers: maps, structs or lists of pairs; JSON of these; or the lines as they were received.

    What cannot be read as headers counts as not there. Rows with a reading of their own (an archive's) keep it.
    """
    said = np.zeros(len(column), np.bool_)
    found = dict(known)
    silent: dict[int, Reading] = {}
    for row, value in enumerate(column.to_pylist()):
        pairs = None if value is None or (row in found and found[row].reading is not None) else _pairs(value)
        if not pairs:
            continue
        status = 200 if statuses is None or statuses[row] == NO_STATUS else int(statuses[row])
        if status < 100:  # nothing was answered
            continue
        try:
            url = urls.parse(urls.without_userinfo(str(asked[row].as_py() or "")))
        except UrlError:
            continue
        said[row] = True
        reading = response.read_headers(status, Headers(pairs), url=url, token=token)
        if status not in silent:
            silent[status] = response.read_headers(status, Headers(), url=url, token=token)
        if _gist(reading) != _gist(silent[status]) or "headers" in reading.not_looked:
            reading = replace(reading, not_looked=reading.not_looked | PAGE_NOT_SEEN)
            found[row] = replace(found.get(row, Particulars()), reading=reading)
    return HeaderRows(said, found)


def _gist(reading: Reading) -> tuple[Any, ...]:
    kinds = tuple((signal.kind, signal.raw) for signal in reading.signals)
    return kinds, reading.tdm_header, reading.open_licences, reading.licences


def _pairs(value: Any) -> Pairs | None:
    """Header lines of one row, from whatever holds them."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        text = value.lstrip()
        if not text.startswith(("{", "[")):
            return _of_lines(text.splitlines())
        try:
            value = orjson.loads(text)
        except ValueError:
            return None
    if isinstance(value, Mapping):
        return [(name, line) for name, line in value.items() if line is not None]
    return _of_items(value) if isinstance(value, list) else None


def _of_lines(lines: Iterable[Any]) -> Pairs:
    parted = (str(line).partition(":") for line in lines)
    return [(name.strip(), text.strip()) for name, colon, text in parted if colon]


def _of_items(items: list[Any]) -> Pairs | None:
    """Pairs, lines, or objects with a name and a value."""
    found: Pairs = []
    for item in items:
        if isinstance(item, Mapping):
            name = item.get("name") or item.get("key")
            if name is not None and item.get("value") is not None:
                found.append((name, item["value"]))
        elif isinstance(item, (list, tuple)) and len(item) == 2:
            found.append((item[0], item[1]))
        elif isinstance(item, str):
            found += _of_lines([item])
    return found or None
