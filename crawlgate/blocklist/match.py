"""Which notices bear on a URL, and how: several lists asked as one, and notices in memory.

`listing` has what all kinds of lists do alike; `compiled` holds long lists on disk.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from ..model import Notice, NoticeMatch
from ..url import Url
from . import knowledge, lookup
from .listing import NOTHING, HostNotices, Listing, Told
from .lookup import MIN_RELATED_LABEL
from .target import (
    CIDR,
    HOST,
    IP,
    PATH_PREFIX,
    REGISTRABLE_DOMAIN,
    SCOPES,
    SUBDOMAIN,
    EntryError,
    address,
    host_and_prefix,
    network,
    normalise_host,
    shown,
)

if TYPE_CHECKING:
    from ..domains import Suffixes

__all__ = ["MIN_RELATED_LABEL", "HostNotices", "Listing", "Lists", "NoticeIndex", "Told"]

_HASHED = (
    "id",
    "issuer",
    "issuer_verified",
    "scope",
    "value",
    "path_prefix",
    "exception",
    "reason",
    "listed_at",
    "received_at",
    "expires_at",
    "withdrawn_at",
    "source",
)


class Lists:
    """Several listings, asked as one. Immutable, and safe to share between threads."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self.listings = tuple(listings)

    def __len__(self) -> int:
        return sum(map(len, self.listings))

    def for_host(self, host: str) -> HostNotices:
        """As `Listing.for_host`."""
        parts = tuple(part for listing in self.listings if (part := listing.part(host)) is not None)
        return HostNotices(parts) if parts else NOTHING

    def changes(self) -> Iterator[datetime]:
        """As `Listing.changes`."""
        for listing in self.listings:
            yield from listing.changes()

    def matches(self, url: Url) -> tuple[NoticeMatch, ...]:
        """As `Listing.matches`."""
        return self.for_host(url.host).matches(url)


class NoticeIndex(Listing):
    """Notices in memory, ready to be asked. Immutable, and safe to share between threads.

    `registrable_domain` and `subdomain` cover the name and every host below it; `host` that host alone;
    `path_prefix` the prefix, up to a segment's end, on the host and its `www.` twin; `url` that URL over http and
    https; `ip` and `cidr` URLs whose host is such an address. Notices made by hand are normalised here as those of a
    list are; what is no target is an `EntryError`.
    """

    def __init__(self, notices: Iterable[Notice], suffixes: Suffixes) -> None:
        self.suffixes = suffixes
        self._notices = tuple(notices)
        self._entries: defaultdict[str, list[int]] = defaultdict(list)
        for number, notice in enumerate(self._notices):
            for key in keys_of_notice(notice, suffixes):
                self._entries[key].append(number)
        self._lengths = {mark: sorted({len(key) for key in self._entries if key[0] == mark}) for mark in ("/", "#")}

    def __reduce__(self) -> tuple[type[NoticeIndex], tuple[tuple[Notice, ...], Suffixes]]:
        return NoticeIndex, (self._notices, self.suffixes)

    def __len__(self) -> int:
        return len(self._notices)

    @property
    def name(self) -> str:
        return ", ".join(sorted({notice.source for notice in self._notices}))

    @property
    def has_places(self) -> bool:
        return bool(self._lengths["/"]) or any(key[0] == "=" for key in self._entries)

    @cached_property
    def version(self) -> str:
        """A hash over the entries, whatever their order. When they were loaded is left out: the same lists
        have the same version in every run."""
        leaves = sorted(
            hashlib.sha256(
                orjson.dumps({name: getattr(n, name) for name in _HASHED}, option=orjson.OPT_SORT_KEYS)
            ).digest()
            for n in self._notices
        )
        return hashlib.sha256(b"".join(leaves)).hexdigest()

    def get(self, key: str) -> Sequence[int]:
        return self._entries.get(key, ())

    def beginnings(self, text: str) -> Iterable[str]:
        # One slice per distinct length, not one per slash: a path may be nothing but slashes, thousands of them.
        return [
            key for length in self._lengths[text[0]] if length <= len(text) and (key := text[:length]) in self._entries
        ]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._entries)

    def keys_from(self, beginning: str) -> Iterator[str]:
        for key in islice(self._sorted, bisect_left(self._sorted, beginning), None):
            if not key.startswith(beginning):
                return
            yield key

    def scope(self, number: int) -> str:
        return self._notices[number].scope

    def is_exception(self, number: int) -> bool:
        return self._notices[number].exception

    def terms(self, number: int) -> Hashable:
        n = self._notices[number]
        dates = n.listed_at, n.received_at, n.effective_at, n.expires_at, n.withdrawn_at
        return n.issuer, n.issuer_verified, n.issuer_kind, n.source, dates

    def notice(self, number: int) -> Notice:
        return self._notices[number]

    def changes(self) -> Iterator[datetime]:
        for notice in self._notices:
            yield from knowledge.changes(notice)

    def list_of(self, number: int) -> str:
        return self._notices[number].source.partition("@sha256:")[0].partition(" version ")[0]


def keys_of_notice(notice: Notice, suffixes: Suffixes) -> tuple[str, ...]:
    """The keys of a notice, made by hand or read from a list. Raises `EntryError` for what is no target."""
    value, prefix = notice.value, notice.path_prefix
    if notice.scope not in SCOPES:
        raise EntryError("unknown_scope", f"notice {shown(notice.id)}: scope {shown(notice.scope)} is unknown")
    if notice.scope in (REGISTRABLE_DOMAIN, SUBDOMAIN, HOST):
        value = normalise_host(value)
    elif notice.scope == PATH_PREFIX:
        value, prefix = host_and_prefix(value, prefix or "")
    elif notice.scope == CIDR:
        value = network(value)
    elif notice.scope == IP:
        value = address(value)
    # One made by hand may call a name registrable that is not.
    scope = SUBDOMAIN if notice.scope == REGISTRABLE_DOMAIN else notice.scope
    return lookup.keys_of(scope, value, prefix, suffixes)
