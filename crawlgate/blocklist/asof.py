"""The lists as they were known at a time, ready to be asked: one index for each state of knowledge."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

from ..domains import Suffixes
from ..model import Notice, NoticeMatch, NoticeRelation
from ..url import Url
from .history import History
from .knowledge import NoticeStatus, status
from .match import Listing, Lists, NoticeIndex

_STATES = 32


class Covering(NamedTuple):
    """A notice that covers a URL, and how it stood to the time asked for."""

    notice: Notice
    status: NoticeStatus


@dataclass(frozen=True, slots=True)
class ReceivedListing:
    """One version of a long list, compiled: its entries are all dated with its own receipt."""

    list: str
    received_at: datetime
    listing: Listing


class KnowledgeIndex:
    """A `History`, and long lists beside it, asked by URL and time. What was received later is found too, and its
    status says so. Of a long list the version of the time answers, so what was known is right at every time; an entry
    that an earlier version named already bears the date of the later one."""

    def __init__(self, history: History, suffixes: Suffixes, long: Iterable[ReceivedListing] = ()) -> None:
        self._claims = history.claims
        self._suffixes = suffixes
        self._long = sorted(long, key=lambda version: version.received_at)
        bounds = {statement.since for claim in self._claims for statement in claim.statements}
        self._bounds = sorted(bounds | {version.received_at for version in self._long})
        self._index = lru_cache(_STATES)(self._built)

    @property
    def empty(self) -> bool:
        """True if nothing was ever received."""
        return not self._bounds

    def ever(self, url: Url) -> bool:
        """True if any notice ever received covers the URL; cheap, and false for nearly all."""
        return any(match.relation is NoticeRelation.COVERS for match in self._all.matches(url))

    def covering(self, url: Url, at: datetime) -> tuple[Covering, ...]:
        """The notices that cover a URL, by what was known at `at`; those that no list named any more are left out, and
        those out of which an exception known by then carves the URL."""
        index = self._index(bisect_right(self._bounds, at))
        return tuple(
            Covering(match.notice, status(match.notice, at))
            for match in index.matches(url)
            if match.relation is NoticeRelation.COVERS and not _carved(match, at)
        )

    @cached_property
    def _all(self) -> Lists:
        claims = NoticeIndex((claim.notice for claim in self._claims if not claim.notice.exception), self._suffixes)
        return Lists([claims, *(version.listing for version in self._long)])

    def _built(self, place: int) -> Lists:
        """The index of the state that holds before the bound of that number."""
        at = self._bounds[place - 1] if place else datetime.min.replace(tzinfo=UTC)
        notices = (claim.at(at) for claim in self._claims)
        known = NoticeIndex((notice for notice in notices if notice is not None), self._suffixes)
        newest: dict[str, Listing] = {}
        for version in self._long:  # the newest received by then, or the first that came later
            if version.received_at <= at or version.list not in newest:
                newest[version.list] = version.listing
        return Lists([known, *newest.values()])


def _carved(match: NoticeMatch, at: datetime) -> bool:
    return any(status(notice, at).counts for notice in match.exceptions)
