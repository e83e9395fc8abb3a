"""Other ways to a page: kept copies (archives, caches, mirrors), pages that name another one as their original,
parts of a page on another host. What was refused there, and what lists say of it, bears on the row (B5, C2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .. import url as urls
from ..blocklist.match import Listing, Lists
from ..errors import UrlError
from ..model import NoticeRelation, Verdict
from ..signals.archives import asked_first, keeps_copies
from ..url import Url
from .book import instant
from .columns import UrlColumn
from .engine import Engine
from .lore import linked
from .rows import Particulars, Rows
from .shown import OTHER_ROUTE, graver
from .texts import readable, texts

Refused = Callable[[Sequence[int], Sequence[Url]], npt.NDArray[np.bool_]]
"""For rows and another page of each: whether the log shows that it was refused before."""


class _Way(NamedTuple):
    row: int
    other: Url
    relation: NoticeRelation
    inside: bool = False
    """The other page is of the same origin, so that nothing was gone round."""


class OtherWays:
    """Finds such rows. `asking` is an engine that says whether a page may be fetched; `origin_of` names the origins
    that columns of URLs number."""

    def __init__(self, asking: Engine, notices: Listing | Lists | None, origin_of: Callable[[int], str]) -> None:
        self._asking = asking
        self._notices = notices
        self._origin_of = origin_of
        self._keeping: list[bool] = []  # hosts that keep copies, by the number of an origin
        self._listed: dict[int, bool] = {}

    def look(
        self,
        asked: Any,
        column: UrlColumn,
        times: npt.NDArray[np.int64],
        referrers: Any,
        particulars: Mapping[int, Particulars],
        shown: npt.NDArray[np.uint8] | None,
        refused: Refused | None,
    ) -> tuple[Mapping[int, Particulars], npt.NDArray[np.uint8] | None]:
        """`particulars` and `shown` with what follows of other pages for the rows of a batch; `column` are the URLs
        `asked`, as read."""
        ways = [*self._copies(asked, column), *self._parts(column, referrers), *_originals(column, particulars)]
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

    def _copies(self, asked: Any, column: UrlColumn) -> list[_Way]:
        """Rows whose URL carries another one, or that stand on hosts which keep copies."""
        for code in range(len(self._keeping), int(column.origins.max(initial=-1)) + 1):
            self._keeping.append(keeps_copies(urls.parse(self._origin_of(code) + "/").host))
        maybe = np.array([*self._keeping, False], np.bool_)[column.origins]
        carried = pc.fill_null(pc.match_substring(_text(asked), "/http"), False)
        maybe |= carried.to_numpy(zero_copy_only=False)
        found = []
        for row in np.flatnonzero(maybe & (column.origins >= 0)).tolist():
            original = asked_first(column.url(row))
            if original is not None:
                found.append(_Way(row, original, NoticeRelation.COPY_OF))
        return found

    def _parts(self, column: UrlColumn, referrers: Any) -> list[_Way]:
        """Rows that another page led to; one of the same origin counts for what a list says of parts of it."""
        if referrers is None:
            return []
        found = []
        for row, text in enumerate(_text(referrers).to_pylist()):
            if not text or column.origins[row] < 0:
                continue
            inside = text.startswith(self._origin_of(int(column.origins[row])) + "/")
            if inside and not self._is_listed(int(column.origins[row])):
                continue
            named = _parsed(text)
            if named is not None:
                found.append(_Way(row, named, NoticeRelation.EMBEDDED_BY, inside))
        return found

    def _is_listed(self, code: int) -> bool:
        known = self._listed.get(code)
        if known is None:
            host = urls.parse(self._origin_of(code) + "/").host
            known = self._listed[code] = self._notices is not None and not self._notices.for_host(host).empty
        return known

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


def _originals(column: UrlColumn, particulars: Mapping[int, Particulars]) -> list[_Way]:
    """Rows whose page names a page on another host as its original."""
    found = []
    for row, one in particulars.items():
        if one.reading is None or not one.reading.original or column.origins[row] < 0:
            continue
        named = _parsed(one.reading.original)
        if named is not None:
            found.append(_Way(row, named, NoticeRelation.CANONICAL, named.origin == column.url(row).origin))
    return found


def _text(column: Any) -> Any:
    column = readable(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
    plain = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return column if plain else column.cast(pa.large_string())


def _parsed(text: str) -> Url | None:
    try:
        return urls.parse(urls.without_userinfo(text))
    except UrlError:
        return None
