"""Which notices bear on a URL, and how. Time is not judged here (`knowledge.status` does): all are returned.

Names are compared label by label, never as strings, and look-ups are walks over keys (`lookup`): what a query costs
depends on its host and path, not on the number of entries. `NoticeIndex` holds notices in memory; `compiled` holds
long lists on disk; `Lists` asks several.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ..model import Notice, NoticeMatch, NoticeRelation
from ..url import Url
from . import knowledge, lookup
from .lookup import MIN_RELATED_LABEL
from .popular import is_popular
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

__all__ = ["MIN_RELATED_LABEL", "HostNotices", "Listing", "Lists", "NoticeIndex"]

MAX_RELATED_KEYS = 256
"""Listed names looked at for one spelling of a related label. Project choice: one is enough to suspect."""

_PER_GROUP = 64
# Which of two targets that cover one URL says more; an address is said of a URL that names no host.
_RANK = {CIDR: 0, REGISTRABLE_DOMAIN: 0, SUBDOMAIN: 0, IP: 1, HOST: 1, PATH_PREFIX: 2}
_DIGITS = "0123456789"
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


Told = tuple[str, str, str, str | None]
"""The id, scope, value and path prefix of an entry."""


class Listing(ABC):
    """The entries of one list (or of some that are held together), by number, found under the keys of `lookup`."""

    suffixes: Suffixes

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def get(self, key: str) -> Sequence[int]:
        """The entries under a key."""

    @abstractmethod
    def beginnings(self, text: str) -> Iterable[str]:
        """The keys with which `text` begins."""

    @abstractmethod
    def keys_from(self, beginning: str) -> Iterator[str]:
        """The keys that begin so."""

    @abstractmethod
    def scope(self, number: int) -> str: ...

    @abstractmethod
    def is_exception(self, number: int) -> bool: ...

    @abstractmethod
    def terms(self, number: int) -> Hashable:
        """What the entry shares with others beside its target: who says it, and its dates."""

    @abstractmethod
    def notice(self, number: int) -> Notice: ...

    @abstractmethod
    def changes(self) -> Iterator[datetime]:
        """The instants at which some entry begins or ends to count; one may come several times."""

    def bears(self, number: int) -> Hashable:
        """What findings about an entry rest on beside its target: who says it, of how much, and its dates."""
        n = self.notice(number)
        who = n.issuer, n.issuer_kind, n.issuer_verified, n.vouched_by, n.source
        return *who, n.scope, n.listed_at, n.received_at, n.effective_at, n.expires_at, n.withdrawn_at

    def told(self, number: int) -> Told:
        """What the entry is called and what it names, without the rest."""
        notice = self.notice(number)
        return notice.id, notice.scope, notice.value, notice.path_prefix

    @property
    @abstractmethod
    def name(self) -> str:
        """The list and its version, as `Notice.source`."""

    @abstractmethod
    def list_of(self, number: int) -> str:
        """Which list the entry is of; an exception carves out of its own list only."""

    @property
    @abstractmethod
    def has_places(self) -> bool:
        """True if some entry names a path or a URL."""

    def covering_each(self, hosts: Iterable[str | None]) -> Iterator[tuple[int, Sequence[int]]]:
        """`covering` for many: the position of each host that is covered, and its entries. None is no host."""
        for position, host in enumerate(hosts):
            found = self.covering(host) if host else None
            if found:
                yield position, found

    def covering(self, host: str) -> Sequence[int]:
        """The entries that cover every URL of `host` (as `Url.host` has it), exceptions among them."""
        found: list[int] = []
        name, dot = host, "."
        while dot:
            found += [number for number in self.get(name) if name == host or self.scope(number) != HOST]
            _, dot, name = name.partition(".")
        bits = lookup.address_bits(host)
        if bits:
            for key in self.beginnings(bits):
                found += self.get(key)
        return found

    def carved(self, where: str, found: Sequence[int]) -> Iterator[NoticeMatch]:
        """Of the entries that cover `where`, those that are no exceptions, each with the exceptions of its list that
        name no more than it does."""
        exceptions = [(self.notice(n), self.list_of(n)) for n in found if self.is_exception(n)]
        for number in found:
            if self.is_exception(number):
                continue
            notice, carving = self.notice(number), tuple[Notice, ...]()
            if exceptions:
                own, rank = self.list_of(number), _rank(notice)
                carving = tuple(e for e, its in exceptions if its == own and _rank(e) >= rank)
            yield NoticeMatch(notice=notice, relation=NoticeRelation.COVERS, url=where, exceptions=carving)

    def for_host(self, host: str) -> HostNotices:
        """What there is about `host` (as `Url.host` gives it)."""
        part = self._part(host)
        return _EMPTY if part is None else HostNotices((part,))

    def matches(self, url: Url) -> tuple[NoticeMatch, ...]:
        """The notices that bear on `url`, and how."""
        return self.for_host(url.host).matches(url)

    def _part(self, host: str) -> _Part | None:
        anywhere = self.covering(host)
        places = bool(self.get(f"/{lookup.bare(host)}") or self.get(f"={host}"))
        related = self._related(host)
        return _Part(self, host, anywhere, related, places) if anywhere or places or related else None

    def _related(self, host: str) -> list[_Bearing]:
        """Entries that name the label of `host` under another suffix, or that it looks like a successor of."""
        registrable = self.suffixes.registrable(host)
        if registrable is None or is_popular(registrable):
            return []
        label, _, suffix = registrable.partition(".")
        label = lookup.unicode_label(label)
        stem = lookup.base(label)
        if len(stem) < MIN_RELATED_LABEL:
            return []
        own = f"{label}.{suffix}"
        beginnings = [f"{label}."]
        if stem != label:
            beginnings += [f"{stem}.", f"{stem}-", *(stem + digit for digit in _DIGITS)]
        same: list[int] = []
        successor: list[int] = []
        for mark in ("", "^") if stem.isascii() else ("^",):
            for beginning in beginnings:
                for key in islice(self.keys_from(mark + beginning), MAX_RELATED_KEYS):
                    listed = key[len(mark) :]
                    listed_label = listed.partition(".")[0]
                    if listed == own or lookup.base(listed_label) != stem:
                        continue
                    if not mark and self.suffixes.registrable(listed) != listed:
                        continue
                    (same if listed_label == label else successor).extend(self.get(key))
        bearing = [_Bearing(n, NoticeRelation.SAME_LABEL) for n in _one_each(same, self.terms, self.is_exception)]
        return bearing + [
            _Bearing(n, NoticeRelation.SUCCESSOR) for n in _one_each(successor, self.terms, self.is_exception)
        ]


class _Bearing(NamedTuple):
    number: int
    relation: NoticeRelation


class _Part:
    """What one listing says about one host."""

    __slots__ = ("_anywhere", "_groups", "_host", "_listing", "_related", "places")

    def __init__(
        self, listing: Listing, host: str, anywhere: Sequence[int], related: list[_Bearing], places: bool
    ) -> None:
        self._listing = listing
        self._host = host
        self._anywhere = anywhere
        self._related = related
        self.places = places
        self._groups: list[list[int]] | None = None

    @property
    def empty(self) -> bool:
        exception = self._listing.is_exception
        return not (self.places or self._related or any(not exception(number) for number in self._anywhere))

    @property
    def excepts(self) -> bool:
        """True if something is carved out that covers the host whole."""
        return any(map(self._listing.is_exception, self._anywhere))

    def terms(self) -> Iterator[Hashable]:
        listing = self._listing
        for number in self._anywhere:
            if not listing.is_exception(number):
                yield listing, NoticeRelation.COVERS, listing.bears(number)
        for number, relation in self._related:
            yield listing, relation, listing.bears(number)

    def anywhere(self) -> Iterator[tuple[Notice, NoticeRelation]]:
        listing = self._listing
        for number in self._anywhere:
            if not listing.is_exception(number):
                yield listing.notice(number), NoticeRelation.COVERS
        for number, relation in self._related:
            yield listing.notice(number), relation

    def notices(self) -> Iterator[Notice]:
        listing = self._listing
        for number in (*self._anywhere, *(bearing.number for bearing in self._related)):
            yield listing.notice(number)
        seen: set[Hashable] = set()
        for number in self._places():
            terms = listing.terms(number)
            if terms not in seen:
                seen.add(terms)
                yield listing.notice(number)

    def bearing(self, url: Url) -> Iterator[NoticeMatch]:
        listing = self._listing
        found = self._anywhere
        if self.places:
            found = [*found, *self._covering_places(url)]
        yield from listing.carved(url.href, found)
        for number, relation in self._related:
            yield NoticeMatch(notice=listing.notice(number), relation=relation, url=url.href)
        if self.places:
            seen = set(found)
            for group in self._other_places():
                other = next((number for number in group if number not in seen), None)
                if other is not None:
                    yield NoticeMatch(notice=listing.notice(other), relation=NoticeRelation.OTHER_PATH, url=url.href)

    def _covering_places(self, url: Url) -> list[int]:
        listing, text = self._listing, lookup.path_text(url)
        found: list[int] = []
        host = f"/{lookup.bare(self._host)}"
        for key in listing.beginnings(text):
            # The key of all paths of a host is a beginning, too, and so is that of a host with a shorter name.
            if len(key) > len(host) and lookup.ends_segment(key, text):
                found += listing.get(key)
        return found + list(listing.get(lookup.url_key(url)))

    def _other_places(self) -> list[list[int]]:
        """Places on the host, those of like terms together, so that a platform with a million of them has few."""
        if self._groups is None:
            listing, groups = self._listing, defaultdict[Hashable, list[int]](list)
            for number in self._places():
                group = groups[listing.terms(number)]
                if len(group) < _PER_GROUP and not listing.is_exception(number):
                    group.append(number)
            self._groups = [group for group in groups.values() if group]
        return self._groups

    def _places(self) -> Iterator[int]:
        if self.places:
            for key in (f"/{lookup.bare(self._host)}", f"={self._host}"):
                yield from self._listing.get(key)


class HostNotices:
    """What the notices say about one host; valid as long as the index is, so it may be kept per origin."""

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[_Part, ...] = ()) -> None:
        self._parts = parts

    @property
    def empty(self) -> bool:
        """True if no notice bears on any URL of the host."""
        return all(part.empty for part in self._parts)

    @property
    def path_dependent(self) -> bool:
        """True if the answer may differ between URLs of the host, or is not told by `anywhere` alone."""
        return any(part.places or part.excepts for part in self._parts)

    @property
    def anywhere(self) -> tuple[tuple[Notice, NoticeRelation], ...]:
        """The notices that bear on every URL of the host, and how; without those that carve out."""
        return tuple(bearing for part in self._parts for bearing in part.anywhere())

    @property
    def terms(self) -> Hashable:
        """What findings about all URLs rest on, for a host that is not `path_dependent`: of hosts of equal terms the
        same is said, at any time."""
        return tuple(each for part in self._parts for each in part.terms())

    def notices(self) -> Iterator[Notice]:
        """Notices that bear on some URL of the host: of those about single places, one for each set of dates."""
        for part in self._parts:
            yield from part.notices()

    def matches(self, url: Url) -> tuple[NoticeMatch, ...]:
        """The notices that bear on a URL of this host: first those that cover it, then the others.

        Each covering one comes with the exceptions of its list that carve the URL out. Of related names and of
        other places on the host, one is named for each set of dates and issuer.
        """
        found = [match for part in self._parts for match in part.bearing(url)]
        found.sort(key=lambda match: match.relation is not NoticeRelation.COVERS)
        return tuple(found)


_EMPTY = HostNotices()


class Lists:
    """Several listings, asked as one. Immutable, and safe to share between threads."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self.listings = tuple(listings)

    def __len__(self) -> int:
        return sum(map(len, self.listings))

    def for_host(self, host: str) -> HostNotices:
        """As `Listing.for_host`."""
        parts = tuple(part for listing in self.listings if (part := listing._part(host)) is not None)
        return HostNotices(parts) if parts else _EMPTY

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


def _one_each(
    numbers: Iterable[int], terms: Callable[[int], Hashable], is_exception: Callable[[int], bool]
) -> Iterator[int]:
    seen: set[Hashable] = set()
    for number in numbers:
        if (its := terms(number)) not in seen and not is_exception(number):
            seen.add(its)
            yield number


def _rank(notice: Notice) -> tuple[int, int]:
    return _RANK.get(notice.scope, 3), len(notice.path_prefix or notice.value)
