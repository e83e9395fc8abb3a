"""The licensor register: which sites sell data for analysis, or did, and since when the collector knows (ST08, ST22).

Entries are made by people, or from what pages say as a crawl goes on. Knowledge is dated: an entry bears on a fetch
from the time on at which it was first seen, never on an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from .domains import Suffixes
from .model import Product, RegisterEntry
from .signals import dataset
from .signals.dataset import PaidOffer
from .url import Url

# A host of this name serves the product, not pages about it.
_PRODUCT_HOSTS = {
    Product.API: ("api",),
    Product.DOWNLOAD: ("data", "dataset", "datasets", "download", "downloads", "bulk"),
}
_ENTRIES_PER_SITE = 64


class Register:
    """Entries by site. A host's site is its registrable domain, so that what `data.press.example` sells bears on
    `www.press.example` too; below a shared suffix each name is a site of its own."""

    def __init__(self, entries: Iterable[RegisterEntry] = (), suffixes: Suffixes | None = None) -> None:
        self._suffixes = suffixes or Suffixes()
        self._sites: dict[str, list[RegisterEntry]] = {}
        for entry in entries:
            self.add(entry)

    def __reduce__(self) -> tuple[type[Register], tuple[list[RegisterEntry], Suffixes]]:
        return Register, ([entry for site in sorted(self._sites) for entry in self._sites[site]], self._suffixes)

    def add(self, entry: RegisterEntry) -> bool:
        """Take an entry in; False if one like it is known already (same site, product, place and source, not later)."""
        known = self._sites.setdefault(self.site(entry.host), [])
        for number, other in enumerate(known):
            if _same(other, entry):
                if not _earlier(entry, other):
                    return False
                known[number] = entry
                return True
        if len(known) >= _ENTRIES_PER_SITE:
            return False
        known.append(entry)
        return True

    def site(self, host: str) -> str:
        """The name under which a host's entries are kept."""
        return self._suffixes.registrable(host) or host

    def of(self, host: str) -> tuple[RegisterEntry, ...]:
        """Everything that is known of the site of `host`, whenever it became known."""
        return tuple(self._sites.get(self.site(host), ()))

    def __iter__(self) -> Iterator[RegisterEntry]:
        for site in sorted(self._sites):
            yield from self._sites[site]

    def __len__(self) -> int:
        return sum(map(len, self._sites.values()))


def known(entries: Iterable[RegisterEntry], at: datetime) -> tuple[RegisterEntry, ...]:
    """The entries as they were known at `at`. An offer that had ended by then is a sale of the past."""
    from dataclasses import replace

    found = []
    for entry in entries:
        if entry.first_seen is not None and entry.first_seen > at:
            continue
        ended = entry.ended_at is not None and entry.ended_at <= at
        found.append(replace(entry, past=True) if ended and not entry.past else entry)
    return tuple(found)


def is_product(entry: RegisterEntry, url: Url) -> bool:
    """True if `url` is what the entry says is sold: one of its URLs or below one, or on a host that serves nothing
    else (`api.press.example` for an API)."""
    if entry.past:
        return False
    if entry.urls:
        return dataset.covers(PaidOffer(page=entry.urls[0], content_urls=entry.urls), url)
    return url.host == entry.host and url.host.partition(".")[0] in _PRODUCT_HOSTS.get(entry.product, ())


def _same(one: RegisterEntry, other: RegisterEntry) -> bool:
    return (one.host, one.product, one.urls, one.source, one.past) == (
        other.host,
        other.product,
        other.urls,
        other.source,
        other.past,
    )


def _earlier(one: RegisterEntry, other: RegisterEntry) -> bool:
    """True if `one` is an older knowledge of the same, or the end of an offer that `other` does not know."""
    if one.ended_at != other.ended_at:
        return one.ended_at is not None
    if other.first_seen is None:
        return False
    return one.first_seen is None or one.first_seen < other.first_seen
