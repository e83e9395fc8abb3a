"""Other views of refused pages across a log: AMP, print, the same page on another host of the site; and visitors who
say that a search engine sent them, after a refusal. A second one is a habit (`watch.other_views`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .. import url as urls
from .. import watch
from ..signals.archives import MARKS, is_side_host, may_be_view, views_of
from ..url import Url
from .behaviour import Attempts, Codes
from .shown import NOTHING, OTHER_ROUTE, RANK, VIEW, VIEW_AGAIN
from .texts import readable

Told = Callable[[Sequence[Url], Sequence[tuple[int, int]]], npt.NDArray[np.bool_]]
"""For pages and a time and place in the log of each: whether it was refused by then."""


class _Candidate(NamedTuple):
    site: int
    at: int
    seq: int
    url: Url
    sent: bool
    """The request said that a search engine or a social network led here."""


class Views:
    """The rows that may be such views. `note` all of them, then `settle`, then ask for `codes`."""

    def __init__(self) -> None:
        self._candidates: list[_Candidate] = []
        self._sides: list[bool] = []
        self._codes: dict[int, int] = {}

    def note(self, rows: Attempts, asked: Any, referrers: Any, origin_of: Callable[[int], str]) -> None:
        """Note the rows of a batch that may be views, with their places in the log."""
        column = rows.column
        for code in range(len(self._sides), int(column.origins.max(initial=-1)) + 1):
            self._sides.append(is_side_host(urls.parse(origin_of(code) + "/").host))
        maybe = np.array([*self._sides, False], np.bool_)[column.origins]
        marked = pc.fill_null(pc.match_substring_regex(_plain(asked), MARKS), False)
        maybe |= marked.to_numpy(zero_copy_only=False)
        sent = _sent(referrers, len(rows.seq))
        for row in np.flatnonzero((maybe | sent) & (rows.site >= 0)).tolist():
            place = int(rows.site[row]), int(rows.time[row]), int(rows.seq[row])
            self._candidates.append(_Candidate(*place, column.url(row), bool(sent[row])))

    def settle(self, refused: Told, kept_out: Told) -> None:
        """All was noted: find the views of refused pages, in the order of the log. `refused` tells of the log,
        `kept_out` of robots.txt."""
        self._candidates.sort(key=lambda one: one[:3])
        pages: list[Url] = []
        places: list[tuple[int, int]] = []
        of: list[tuple[int, bool]] = []
        for number, one in enumerate(self._candidates):
            views = views_of(one.url) if is_side_host(one.url.host) or may_be_view(one.url) else ()
            for page in (*((one.url,) if one.sent else ()), *views):
                pages.append(page)
                places.append((one.at, one.seq))
                of.append((number, page is one.url))
        if not pages:
            return
        by_log, by_robots = refused(pages, places), kept_out(pages, places)
        seen: dict[int, set[str]] = {}
        for n, (number, itself) in enumerate(of):
            one = self._candidates[number]
            known = self._codes.get(one.seq)
            if not (by_log[n] or (by_robots[n] and not itself)) or (known is not None and not itself):
                continue
            if not itself and watch.elsewhere(one.url, pages[n]):
                code = OTHER_ROUTE
            else:
                habit = seen.setdefault(one.site, set())
                habit.add(one.url.href)
                code = VIEW_AGAIN if len(habit) > 1 else VIEW
            self._codes[one.seq] = code
        self._candidates.clear()

    def codes(self, rows: Attempts, codes: Codes | None) -> Codes | None:
        """`codes` of the rows of a batch, with those of views where nothing graver is told of them."""
        if not self._codes:
            return codes
        own = np.fromiter((self._codes.get(seq, NOTHING) for seq in rows.seq.tolist()), np.uint8, len(rows.seq))
        if codes is None:
            return own
        return np.where(RANK[own] > RANK[codes], own, codes).astype(np.uint8)


def _sent(referrers: Any, count: int) -> npt.NDArray[np.bool_]:
    if referrers is None:
        return np.zeros(count, np.bool_)
    found = pc.fill_null(pc.match_substring_regex(_plain(referrers), watch.SENDERS), False)
    told: npt.NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    return told.copy()


def _plain(column: Any) -> Any:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return readable(column).cast(pa.large_string())
