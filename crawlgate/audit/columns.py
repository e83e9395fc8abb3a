"""A column of URLs read as a whole: which origin each row belongs to, and where its target stands.

Clean URLs are read by a kernel; the few others go one by one through the one normalisation of `crawlgate.url`, so
that both ways mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import url as urls
from ..errors import UrlError
from ..limits import DEFAULT_LIMITS
from ..url import Url
from . import url_kernels as kernels
from .interning import Spans
from .texts import Texts, joined

ONE_SPELLING = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._~?=&:@!'(),;+-[]"
"""The bytes that have one spelling only in what patterns are compared with (`signals.pathmatch`)."""

BYTE_CLASSES = kernels.character_classes(bytes(set(range(256)) - set(ONE_SPELLING)))
"""What each octet is in a URL: see `url_kernels.character_classes`."""


@dataclass(frozen=True, slots=True)
class UrlColumn:
    """`origins` numbers the origin of each row (-1: the row is no URL); `starts` is where its target begins.

    `state` is CLEAN where `rows` itself holds the target as it is compared, ENCODED where the exact code has to
    look, UNCLEAN where there is nothing to look at. `read` holds the URLs that went through the parser, `refused`
    why a row is no URL: a code and a message.
    """

    rows: Texts
    starts: npt.NDArray[np.int32]
    state: npt.NDArray[np.uint8]
    origins: npt.NDArray[np.int32]
    read: dict[int, Url]
    refused: dict[int, tuple[str, str]]

    def url(self, row: int) -> Url:
        """The URL of a row that is one."""
        return self.read.get(row) or urls.parse(self.rows[row], DEFAULT_LIMITS.url_length)


PLAIN = np.isin(np.arange(256), np.frombuffer(ONE_SPELLING, np.uint8))
"""`ONE_SPELLING` by byte."""


class Targets(NamedTuple):
    """Paths and queries of some rows, as the parser wrote them; `rows` says whose they are."""

    rows: npt.NDArray[np.int64]
    texts: Texts


def parsed_targets(column: UrlColumn) -> Targets:
    """The targets of the rows that went through the parser: they do not stand in the column."""
    found = joined([url.target for url in column.read.values()])
    return Targets(np.fromiter(column.read, np.int64, len(found)), found)


def parsed(text: str) -> Url | None:
    """The URL of a row; None where it is none."""
    try:
        return _parsed(text)
    except UrlError:
        return None


def read_urls(rows: Texts, origins: Spans) -> UrlColumn:
    """Read a column; `origins` learns the origins that are new."""
    starts, state, codes = origins.read(rows, BYTE_CLASSES, DEFAULT_LIMITS.url_length)
    read: dict[int, Url] = {}
    refused: dict[int, tuple[str, str]] = {}
    for row in np.flatnonzero(state == kernels.UNCLEAN).tolist():
        if rows.nulls is not None and rows.nulls[row]:
            refused[row] = ("null", "the URL is missing")
            continue
        try:
            read[row] = _parsed(rows[row])
        except UrlError as error:
            refused[row] = (error.code, str(error))
    if read:
        which = np.fromiter(read, np.int64, len(read))
        codes[which] = _origins([url.origin for url in read.values()], origins)
        state[which] = [kernels.ALONE if url.target == "/robots.txt" else kernels.ENCODED for url in read.values()]
    return UrlColumn(rows, starts, state, codes, read, refused)


NOT_TEXT = "the URL holds bytes that are no UTF-8, or NUL; which page was meant cannot be told"


def _parsed(text: str) -> Url:
    """The URL of a past fetch. A name and a password in it say nothing of the page, and are not kept; with NUL, or what
    stands in place of bytes that were no UTF-8, it is not the URL that was fetched."""
    if "\x00" in text or "\ufffd" in text:
        raise UrlError("not_text", NOT_TEXT, repr(urls.without_userinfo(text))[:200])
    try:
        return urls.parse(text, DEFAULT_LIMITS.url_length)
    except UrlError as error:
        if error.code != "userinfo":
            raise
        return urls.parse(urls.without_userinfo(text), DEFAULT_LIMITS.url_length)


def _origins(names: list[str], origins: Spans) -> Any:
    encoded = [name.encode() for name in names]
    lengths = np.array([len(name) for name in encoded], np.int32)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    return origins.codes(Texts(np.frombuffer(b"".join(encoded), np.uint8), offsets, None))
