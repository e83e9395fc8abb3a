"""Where fetches of a log led, and what lists say of it: a hop to a listed site counts, although the page's own host is
on no list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import url as urls
from ..blocklist.match import HostNotices, Listing, Lists
from ..errors import UrlError
from ..model import NoticeMatch, NoticeRelation
from ..url import Url
from .columns import UrlColumn, read_urls
from .interning import Spans
from .rows import Particulars
from .texts import texts


class Redirects:
    """Finds the rows that led to listed sites. Each host is looked up once."""

    def __init__(self, notices: Listing | Lists) -> None:
        self._notices = notices
        self._origins = Spans()
        self._about: list[HostNotices | None] = []

    def particulars(
        self, asked: Any, targets: Any, statuses: npt.NDArray[np.int32] | None, known: Mapping[int, Particulars]
    ) -> Mapping[int, Particulars]:
        """`known` with the hops of rows of which `targets` (absolute URLs, or references) lead to a listed site.

        Where content came (2xx, or no status), it came from the target, which was fetched: notices cover it as they
        would the URL itself. A redirect that the log does not say was followed leads to it.
        """
        column = read_urls(texts(targets), self._origins)
        self._learn()
        listed = np.array([about is not None for about in self._about] + [False], np.bool_)
        rows = np.flatnonzero(listed[column.origins]).tolist()
        rows += [row for row in column.refused if column.rows[row].startswith("//")]
        found = dict(known)
        for row in rows:
            hops = self._hops(
                str(asked[row].as_py() or ""), column, row, None if statuses is None else int(statuses[row])
            )
            before = found.get(row, Particulars())
            if hops and hops[0].relation is NoticeRelation.REDIRECTS_TO:
                found[row] = replace(before, links=before.links + hops)
            elif hops:
                found[row] = replace(before, hops=hops)
        return found

    def _learn(self) -> None:
        for code in range(len(self._about), self._origins.count):
            about = self._notices.for_host(urls.parse(self._origins.text(code) + "/").host)
            self._about.append(None if about.empty else about)

    def _hops(self, asked: str, column: UrlColumn, row: int, status: int | None) -> tuple[NoticeMatch, ...]:
        try:
            start = urls.parse(urls.without_userinfo(asked))
            target = self._target(start, column, row)
        except UrlError:
            return ()
        if target.host == start.host:
            return ()
        matches = self._notices.matches(target)
        if status is None or not 300 <= status < 400:
            return matches
        covering = (match for match in matches if match.relation is NoticeRelation.COVERS)
        return tuple(replace(match, relation=NoticeRelation.REDIRECTS_TO) for match in covering)

    @staticmethod
    def _target(start: Url, column: UrlColumn, row: int) -> Url:
        return column.url(row) if row not in column.refused else urls.join(start, column.rows[row])
