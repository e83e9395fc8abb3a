"""What answers of a log said beyond their own page: data for sale and words for a whole site, and redirects between
listed sites and others. It counts for the rows behind them, as a gate learns on its way (`core.learn`,
`conduct.redirected`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from .. import url as urls
from ..blocklist import knowledge
from ..blocklist.match import Listing, Lists
from ..blocklist.popular import is_popular
from ..domains import Suffixes
from ..errors import UrlError
from ..known import joined_offers, joined_texts
from ..market import entries_from
from ..model import NoticeMatch, NoticeRelation, RegisterEntry, Signal
from ..signals.access import REDIRECTS
from ..signals.dataset import PaidOffer
from ..signals.reading import Reading
from ..url import Url
from .book import instant
from .rows import Particulars

Place = tuple[int, int]
"""Time (microseconds) and place in the log."""


class _Said(NamedTuple):
    at: Place
    offers: tuple[PaidOffer, ...]
    texts: tuple[Signal, ...]


class Lore:
    """Everything of the kind in a log. `note` all of it, then `settle`, then `look`."""

    def __init__(self, notices: Listing | Lists | None, suffixes: Suffixes) -> None:
        self._notices = notices
        self._suffixes = suffixes
        self._by_origin: dict[str, list[_Said]] = {}
        self._entries: dict[str, list[tuple[Place, RegisterEntry]]] = {}
        self._led: dict[str, list[tuple[Place, tuple[NoticeMatch, ...]]]] = {}
        self._leading: dict[str, list[tuple[Place, tuple[NoticeMatch, ...]]]] = {}
        self._hosts: set[str] = set()
        self._listed: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._hosts or self._entries)

    def note(self, url: Url, at: Place, reading: Reading) -> None:
        """Take in what an answer said."""
        if reading.offers or reading.of_site:
            self._by_origin.setdefault(url.origin, []).append(_Said(at, reading.offers, reading.of_site))
        for entry in () if reading.silent else entries_from(url, reading, instant(at[0])):
            self._entries.setdefault(self._site(url.host), []).append((at, entry))

    def redirects(self, asked: Any, led: Any, statuses: Any, places: Iterable[Place]) -> None:
        """Take in where the rows of a batch were led."""
        if self._notices is None:
            return
        rows = np.flatnonzero(np.isin(statuses, REDIRECTS))
        places = list(places)
        for row in rows.tolist():
            location = led[row].as_py()
            if location:
                self._redirect(str(asked[row].as_py() or ""), str(location), places[row])

    def _redirect(self, asked: str, location: str, at: Place) -> None:
        try:
            url = urls.parse(urls.without_userinfo(asked))
            target = urls.join(url, location)
        except UrlError:
            return
        if target.host == url.host or not (self._is_listed(url.host) or self._is_listed(target.host)):
            return
        then = instant(at[0])
        leading = self.covering(url, then, NoticeRelation.REDIRECTED_FROM)
        if leading and not is_popular(target.host):
            self._led.setdefault(target.host, []).append((at, leading))
        leads_to = self.covering(target, then, NoticeRelation.REDIRECTS_TO)
        if leads_to:
            self._leading.setdefault(url.href, []).append((at, leads_to))

    def settle(self) -> None:
        """All was noted: put it in the order of its times."""
        for table in (self._by_origin, self._entries, self._led, self._leading):
            for found in table.values():
                found.sort(key=lambda one: one[0])
        self._hosts = {urls.parse(origin).host for origin in self._by_origin}
        self._hosts.update(self._led, (urls.parse(url).host for url in self._leading))

    def concerns(self, host: str) -> bool:
        """True if there may be something to say of rows of a host."""
        return host in self._hosts or self._site(host) in self._entries

    def add_to(self, url: Url, at: Place, known: Particulars) -> Particulars:
        """`known` of a row, with what the rows before it told. An offer counts from its own page on."""
        offers: tuple[PaidOffer, ...] = ()
        texts: tuple[Signal, ...] = ()
        for said in self._by_origin.get(url.origin, ()):
            if said.at > at:
                break
            offers = joined_offers(offers, said.offers)
            if said.at < at:
                texts = joined_texts(texts, said.texts)
        entries = tuple(entry for when, entry in self._entries.get(self._site(url.host), ()) if when < at)
        notices = [m for when, found in self._led.get(url.host, ())[:1] if when < at for m in found]
        before = [found for when, found in self._leading.get(url.href, ()) if when < at]
        notices += before[-1] if before else ()
        if not (offers or texts or entries or notices):
            return known
        return replace(
            known,
            offers=offers,
            elsewhere=texts,
            register=entries,
            links=known.links + tuple(notices),
        )

    def covering(self, url: Url, at: datetime, relation: NoticeRelation) -> tuple[NoticeMatch, ...]:
        """Notices that cover a page, as far as there were any at that time, as a link to it."""
        return () if self._notices is None else linked(self._notices, url, at, relation)

    def _is_listed(self, host: str) -> bool:
        known = self._listed.get(host)
        if known is None:
            known = self._listed[host] = self._notices is not None and not self._notices.for_host(host).empty
        return known

    def _site(self, host: str) -> str:
        return self._suffixes.registrable(host) or host


def linked(notices: Listing | Lists, url: Url, at: datetime, relation: NoticeRelation) -> tuple[NoticeMatch, ...]:
    """Notices that cover `url`, as a link of another page to it. One that was not there yet covers nothing."""
    return tuple(
        replace(match, relation=relation)
        for match in notices.matches(url)
        if match.relation is NoticeRelation.COVERS
        and knowledge.status(match.notice, at) is not knowledge.NoticeStatus.LATER
    )


__all__ = ["Lore", "linked"]
