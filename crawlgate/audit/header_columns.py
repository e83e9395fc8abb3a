"""What columns say of answers (headers, where they led), row by row; most say nothing, and share one answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..signals import access, answer, response
from ..signals.reading import Reading
from .rows import HEADED_FILE, HEADED_PAGE, NO_HEADERS, NO_STATUS, NOT_HEADED, QUIET, Particulars
from .texts import readable

Pairs = list[tuple[Any, Any]]


class HeaderRows(NamedTuple):
    """`headed` says where headers are there and were looked at (`rows.HEADED_PAGE`, `rows.HEADED_FILE`); `particulars`
    are of rows whose answer says something."""

    headed: npt.NDArray[np.uint8] | None
    particulars: Mapping[int, Particulars]


def read_answers(
    asked: Any,
    headers: Any,
    led: Any,
    bodies: Any,
    statuses: npt.NDArray[np.int32] | None,
    token: str,
    known: Mapping[int, Particulars],
) -> HeaderRows:
    """Read a column of headers (maps, structs or lists of pairs; JSON of these; or the lines as they were received), a
    column of `bodies` (text, or bytes as they came), and where a column `led` says that an answer redirected, which may
    be to a login.

    What cannot be read as headers counts as not there. Rows with a reading of their own (an archive's) keep it.
    """
    headed = None if headers is None else np.zeros(len(asked), np.uint8)
    rows = _Answers(asked, statuses, token, dict(known))
    redirected = _redirected(led, statuses)
    if bodies is not None:
        headed = np.zeros(len(asked), np.uint8) if headed is None else headed
        rows.take_bodies(bodies, headers, redirected, headed)
    if headers is not None and headed is not None:
        for row, value in enumerate(headers.to_pylist()):
            pairs = None if value is None or rows.has(row) else _pairs(value)
            if not pairs:
                continue
            found = Headers(pairs)
            if row in redirected and "location" not in found:
                found = Headers([*pairs, ("location", redirected[row])])
            headed[row] = rows.take(row, found)
    for row, target in redirected.items():
        if (headed is None or not headed[row]) and not rows.has(row):
            rows.take(row, Headers((("location", target),)), whole=False)
    return HeaderRows(headed, rows.found)


class _Answers:
    """The rows of a table whose answers say something, as they come."""

    def __init__(self, asked: Any, statuses: Any, token: str, found: dict[int, Particulars]) -> None:
        self._asked, self._statuses, self._token = asked, statuses, token
        self._silent: dict[tuple[int, int], Reading] = {}
        self.found = found

    def has(self, row: int) -> bool:
        """True for a row whose answer was read before."""
        return row in self.found and self.found[row].reading is not None

    def take_bodies(self, bodies: Any, headers: Any, redirected: Mapping[int, str], headed: Any) -> None:
        """Take the rows in whose bodies are there, with their headers where these are."""
        for row in np.flatnonzero(bodies.is_valid().to_numpy(zero_copy_only=False)).tolist():
            value = bodies[row].as_py()
            if self.has(row) or not isinstance(value, str | bytes):
                continue
            body = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            pairs = None if headers is None else _pairs_of(headers[row].as_py())
            found = Headers(pairs or ())
            if row in redirected and "location" not in found:
                found = Headers([*(pairs or ()), ("location", redirected[row])])
            status = self._status(row)
            url = self._url(row)
            if status < 100 or url is None:
                continue
            most = answer.body_limit(status, found)
            reading = answer.read(status, found, body[:most], url=url, token=self._token, whole=len(body) <= most)
            if pairs is None:
                reading = replace(reading, not_looked=reading.not_looked | NO_HEADERS)
            else:
                headed[row] = HEADED_PAGE if response.is_page(status, found) else HEADED_FILE
            looked = answer.looked_into(status, found, body[:most])
            self.found[row] = replace(self.found.get(row, Particulars()), reading=reading, looked=looked)

    def _status(self, row: int) -> int:
        return 200 if self._statuses is None or self._statuses[row] == NO_STATUS else int(self._statuses[row])

    def _url(self, row: int) -> urls.Url | None:
        try:
            return urls.parse(urls.without_userinfo(str(self._asked[row].as_py() or "")))
        except UrlError:
            return None

    def take(self, row: int, headers: Headers, *, whole: bool = True) -> int:
        """Take the headers of a row in; what is to be said of them in `headed`. `whole` False: the log shows but some
        of them."""
        status, url = self._status(row), self._url(row)
        if status < 100 or url is None:  # nothing was answered, or nobody knows what
            return NOT_HEADED
        kind = HEADED_PAGE if response.is_page(status, headers) or not 200 <= status < 300 else HEADED_FILE
        reading = answer.read(status, headers, None, url=url, token=self._token)
        silent = self._silent.get((status, kind))
        if silent is None:
            silent = answer.read(status, QUIET[kind], None, url=url, token=self._token)
            self._silent[status, kind] = silent
        if _gist(reading) != _gist(silent):
            if not whole:
                reading = replace(reading, not_looked=reading.not_looked | NO_HEADERS)
            self.found[row] = replace(self.found.get(row, Particulars()), reading=reading)
        return kind


def _redirected(led: Any, statuses: npt.NDArray[np.int32] | None) -> dict[int, str]:
    """Where answers that redirect send the reader, as far as that may be to a login."""
    if led is None or statuses is None:
        return {}
    rows = np.isin(statuses, access.REDIRECTS)
    if not rows.any():
        return {}
    chosen = np.flatnonzero(rows)
    targets = readable(led.combine_chunks() if isinstance(led, pa.ChunkedArray) else led)
    targets = targets.cast(pa.large_string()).take(pa.array(chosen))
    maybe = pc.fill_null(pc.match_substring_regex(targets, access.MAY_BE_LOGIN, ignore_case=True), False)
    return {int(chosen[n]): targets[int(n)].as_py() for n in np.flatnonzero(maybe.to_numpy(zero_copy_only=False))}


def _gist(reading: Reading) -> tuple[Any, ...]:
    kinds = tuple((signal.kind, signal.raw) for signal in reading.signals)
    return kinds, reading.tdm_header, reading.open_licences, reading.licences, reading.not_looked


def _pairs_of(value: Any) -> Pairs | None:
    return None if value is None else _pairs(value)


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
