"""What one list says about one host, found under the keys of `lookup`: the face that every kind of list has.

Names are compared label by label, never as strings, and look-ups are walks over keys: what a query costs depends on its
host and path, not on the number of entries. Time is not judged here (`knowledge.status` does): all are returned.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ..model import Notice, NoticeMatch, NoticeRelation
from ..url import Url
from . import lookup
from .lookup import MIN_RELATED_LABEL
from .popular import is_popular
from .target import (
    CIDR,
    HOST,
    IP,
    PATH_PREFIX,
    REGISTRABLE_DOMAIN,
    SUBDOMAIN,
)

if TYPE_CHECKING:
    from ..domains import Suffixes

__all__ = ["MAX_RELATED_KEYS", "HostNotices", "Listing", "Told"]

MAX_RELATED_KEYS = 256
"""Listed names looked at for one spelling of a related label. Project choice: one is enough to suspect."""

_PER_GROUP = 64
# Which of two targets that cover one URL says more; an address is said of a URL that names no host.
_RANK = {CIDR: 0, REGISTRABLE_DOMAIN: 0, SUBDOMAIN: 0, IP: 1, HOST: 1, PATH_PREFIX: 2}
_DIGITS = "0123456789"


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
        part = self.part(host)
        return NOTHING if part is None else HostNotices((part,))

    def matches(self, url: Url) -> tuple[NoticeMatch, ...]:
        """The notices that bear on `url`, and how."""
        return self.for_host(url.host).matches(url)

    def part(self, host: str) -> Part | None:
        """What this list says about `host`, None if nothing."""
        anywhere = self.covering(host)
        places = self._names_places_on(host)
        related = self._related(host)
        return Part(self, host, anywhere, related, places) if anywhere or places or related else None

    def _names_places_on(self, host: str) -> bool:
        return bool(self.get(f"/{lookup.bare(host)}") or self.get(f"={host}"))

    @property
    def has_aliases(self) -> bool:
        """False if surely no entry is found by its label in Unicode."""
        return True

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
            if mark and not self.has_aliases:
                continue
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


class Part:
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

    def __init__(self, parts: tuple[Part, ...] = ()) -> None:
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


NOTHING = HostNotices()
"""Nothing bears on the host."""


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
