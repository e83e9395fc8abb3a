"""Other ways to a page: kept copies (archives, caches, mirrors), pages that name another one as their original,
parts of a page on another host. What was refused there, and what lists say of it, bears on the row (B5, C2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .. import url as urls
from ..blocklist.match import Listing, Lists
from ..errors import UrlError
from ..model import NoticeRelation, Verdict
from ..signals.archives import COPY_HOSTS, asked_first, keeps_copies
from ..url import Url
from .book import instant
from .copy_kernels import may_be_copies, packed_ending
from .engine import Engine
from .lore import linked
from .rows import Particulars, Rows
from .shown import OTHER_ROUTE, graver
from .texts import Texts, readable, texts

_ENDINGS = np.array([packed_ending(name) for name in COPY_HOSTS], np.int64)
Refused = Callable[[Sequence[int], Sequence[Url]], npt.NDArray[np.bool_]]
"""For rows and another page of each: whether the log shows that it was refused before."""


class _Way(NamedTuple):
    row: int
    other: Url
    relation: NoticeRelation
    inside: bool = False
    """The other page is of the same origin, so that nothing was gone round."""


class OtherWays:
    """Finds such rows. `asking` is an engine that says whether a page may be fetched."""

    def __init__(self, asking: Engine, notices: Listing | Lists | None) -> None:
        self._asking = asking
        self._notices = notices

    @staticmethod
    def maybe(asked: Texts) -> npt.NDArray[np.int64]:
        """The rows that may be kept copies; few of them are not."""
        found = np.zeros(len(asked), np.bool_)
        may_be_copies(asked.data, asked.offsets, _ENDINGS, found)
        return np.flatnonzero(found)

    def look(
        self,
        asked: Texts,
        times: npt.NDArray[np.int64],
        referrers: Any,
        particulars: Mapping[int, Particulars],
        shown: npt.NDArray[np.uint8] | None,
        refused: Refused | None,
    ) -> tuple[Mapping[int, Particulars], npt.NDArray[np.uint8] | None]:
        """`particulars` and `shown` with what follows of other pages for the rows of a batch."""
        ways = [*self._copies(asked), *self._parts(asked, referrers), *_originals(asked, particulars)]
        if not ways:
            return particulars, shown
        told = dict(particulars)
        if self._notices is not None:
            for row, other, relation, _ in ways:
                links = linked(self._notices, other, instant(int(times[row])), relation)
                if links:
                    known = told.get(row, Particulars())
                    told[row] = replace(known, links=known.links + links)
        against = self._against(ways, times, refused)
        if against.any():
            rows = [way.row for way, so in zip(ways, against.tolist(), strict=True) if so]
            shown = graver(shown, rows, OTHER_ROUTE, len(asked))
        return told, shown

    def kept_out(self, pages: Sequence[Url], times: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Whether a robots.txt on record by then keeps the collector out of each page."""
        found: npt.NDArray[np.bool_] = self._asked(pages, times)[0]
        return found

    def _copies(self, asked: Texts) -> list[_Way]:
        """Rows whose URL carries another one, or that stand on hosts which keep copies."""
        found = []
        for row in self.maybe(asked).tolist():
            url = _parsed(asked[row])
            if url is None or not (keeps_copies(url.host) or "/http" in url.target):
                continue
            original = asked_first(url)
            if original is not None:
                found.append(_Way(row, original, NoticeRelation.COPY_OF))
        return found

    def _parts(self, asked: Texts, referrers: Any) -> list[_Way]:
        """Rows that another page led to; one of the same origin counts for what a list says of parts of it."""
        if referrers is None:
            return []
        column = readable(referrers.combine_chunks() if isinstance(referrers, pa.ChunkedArray) else referrers)
        found = []
        for row, text in enumerate(column.cast(pa.large_string()).to_pylist()):
            if not text:
                continue
            inside = text.split("/", 3)[:3] == asked[row].split("/", 3)[:3]
            if inside and self._notices is None:
                continue
            named, url = _parsed(text), _parsed(asked[row])
            if named is not None and url is not None:
                found.append(_Way(row, named, NoticeRelation.EMBEDDED_BY, named.origin == url.origin))
        return found

    def _against(
        self, ways: list[_Way], times: npt.NDArray[np.int64], refused: Refused | None
    ) -> npt.NDArray[np.bool_]:
        """Whether the other page was refused. Of a copy, the gate asks about the original as if it were to be fetched;
        of others, what robots.txt and the log say of them counts."""
        kept_out, denied = self._asked([way.other for way in ways], [int(times[way.row]) for way in ways])
        copies = np.array([way.relation is NoticeRelation.COPY_OF for way in ways], np.bool_)
        inside = np.array([way.inside for way in ways], np.bool_)
        found: npt.NDArray[np.bool_] = np.where(copies, denied, kept_out) & ~inside
        others = np.flatnonzero(~copies & ~inside)
        if refused is not None and len(others):
            pages = [ways[n].other for n in others.tolist()]
            found[others] |= refused([ways[n].row for n in others.tolist()], pages)
        return found

    def _asked(self, pages: Sequence[Url], times: Sequence[int]) -> tuple[Any, Any]:
        column = texts(pa.array([page.href for page in pages], pa.large_string()))
        judged = self._asking.judge(Rows(column, np.array(times, np.int64)))
        classes = [one.verdict is Verdict.DENY and not one.temporary for one in self._asking.classes] + [False]
        return judged.lines > 0, np.array(classes, np.bool_)[judged.classes]


def _originals(asked: Texts, particulars: Mapping[int, Particulars]) -> list[_Way]:
    """Rows whose page names a page on another host as its original."""
    found = []
    for row, one in particulars.items():
        if one.reading is None or not one.reading.original:
            continue
        named, url = _parsed(one.reading.original), _parsed(asked[row])
        if named is not None and url is not None:
            found.append(_Way(row, named, NoticeRelation.CANONICAL, named.origin == url.origin))
    return found


def _parsed(text: str) -> Url | None:
    try:
        return urls.parse(urls.without_userinfo(text))
    except UrlError:
        return None
