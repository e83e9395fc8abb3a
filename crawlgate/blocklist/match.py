"""Which notices bear on a URL, and how. Time is not judged here (`knowledge.status` does): all are returned.

Names are compared label by label, never as strings, and look-ups are dictionary walks: what a query costs
depends on the labels of its host, not on the number of entries.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import ada_url
import orjson

from ..model import Notice, NoticeMatch, NoticeRelation
from ..url import Url
from .entry import (
    HOST,
    PATH_PREFIX,
    REGISTRABLE_DOMAIN,
    URL,
    EntryError,
    canonical,
    host_and_prefix,
    normalise_host,
    read_url,
    shown,
)

if TYPE_CHECKING:
    from ..domains import Suffixes

MIN_RELATED_LABEL = 6
"""Characters a listed label must have, without a number at its end, for other domains to be related to it.
Short labels are generic (`manga`, `anime`, `free`): strangers bear them under other suffixes. Project choice."""

_HASHED = (
    "id",
    "issuer",
    "issuer_verified",
    "scope",
    "value",
    "path_prefix",
    "reason",
    "listed_at",
    "received_at",
    "expires_at",
    "withdrawn_at",
    "source",
)

_Bearing = tuple[Notice, NoticeRelation]


class HostNotices:
    """What the notices say about one host; valid as long as the index is, so it may be kept per origin."""

    __slots__ = ("_anywhere", "_paths", "_urls")

    def __init__(
        self,
        anywhere: tuple[_Bearing, ...] = (),
        paths: _Paths | None = None,
        urls: _Urls | None = None,
    ) -> None:
        self._anywhere = anywhere
        self._paths = paths
        self._urls = urls

    @property
    def empty(self) -> bool:
        """True if no notice bears on any URL of the host."""
        return not (self._anywhere or self.path_dependent)

    @property
    def path_dependent(self) -> bool:
        """True if the answer differs between URLs of the host."""
        return self._paths is not None or self._urls is not None

    @property
    def anywhere(self) -> tuple[tuple[Notice, NoticeRelation], ...]:
        """The notices that bear on every URL of the host, and how."""
        return self._anywhere

    def notices(self) -> Iterator[Notice]:
        """Every notice that bears on some URL of the host."""
        yield from (notice for notice, _ in self._anywhere)
        for some in (self._paths, self._urls):
            if some is not None:
                yield from some.notices()

    def matches(self, url: Url) -> tuple[NoticeMatch, ...]:
        """The notices that bear on a URL of this host: first those that cover it, then the others."""
        bearing = list(self._anywhere)
        if self._paths is not None:
            bearing += self._paths.bearing(url)
        if self._urls is not None:
            bearing += self._urls.bearing(url)
        bearing.sort(key=lambda b: b[1] is not NoticeRelation.COVERS)
        return tuple(NoticeMatch(notice=notice, relation=relation, url=url.href) for notice, relation in bearing)


_EMPTY = HostNotices()


class NoticeIndex:
    """Notices, ready to be asked. Immutable, and safe to share between threads.

    `registrable_domain` covers the domain and every host below it; `host` that host alone; `path_prefix` the
    prefix, up to a segment's end, on the host and its `www.` twin; `url` that URL over http and https.
    Notices made by hand are normalised here as those of a list are; what is no host is an `EntryError`.
    """

    def __init__(self, notices: Iterable[Notice], suffixes: Suffixes) -> None:
        self._notices = tuple(notices)
        self._suffixes = suffixes
        self._domains: defaultdict[str, list[Notice]] = defaultdict(list)
        self._hosts: defaultdict[str, list[Notice]] = defaultdict(list)
        self._paths: defaultdict[str, _Paths] = defaultdict(_Paths)
        self._urls: defaultdict[str, _Urls] = defaultdict(_Urls)
        self._related: defaultdict[str, list[tuple[str, str, Notice]]] = defaultdict(list)
        for notice in self._notices:
            self._add(notice)

    def __len__(self) -> int:
        return len(self._notices)

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

    def matches(self, url: Url) -> tuple[NoticeMatch, ...]:
        """The notices that bear on `url`, and how."""
        return self.for_host(url.host).matches(url)

    def for_host(self, host: str) -> HostNotices:
        """What there is about `host` (as `Url.host` gives it)."""
        anywhere: list[_Bearing] = [(n, NoticeRelation.COVERS) for n in self._hosts.get(host, ())]
        name, dot = host, "."
        while dot:
            anywhere += [(n, NoticeRelation.COVERS) for n in self._domains.get(name, ())]
            _, dot, name = name.partition(".")
        anywhere += self._relatives(host)
        paths, urls = self._paths.get(_bare(host)), self._urls.get(host)
        if not anywhere and paths is None and urls is None:
            return _EMPTY
        return HostNotices(tuple(anywhere), paths, urls)

    def _add(self, notice: Notice) -> None:
        if notice.scope == REGISTRABLE_DOMAIN or notice.scope == HOST:
            host = normalise_host(notice.value)
            (self._domains if notice.scope == REGISTRABLE_DOMAIN else self._hosts)[host].append(notice)
            registrable, label = self._suffixes.registrable(host), self._suffixes.label(host)
            if registrable and label and len(base := _base(label)) >= MIN_RELATED_LABEL:
                self._related[base].append((label, registrable, notice))
        elif notice.scope == PATH_PREFIX:
            host, prefix = host_and_prefix(notice.value, notice.path_prefix or "")
            self._paths[_bare(host)].add(notice, prefix)
        elif notice.scope == URL:
            url = read_url(notice.value)
            self._urls[url.host].add(notice, url)
        else:
            raise EntryError("unknown_scope", f"notice {shown(notice.id)}: scope {shown(notice.scope)} is unknown")

    def _relatives(self, host: str) -> list[_Bearing]:
        # Most hosts bear no listed label at all; only the others are worth the question where the suffix is.
        if not any(_base(label) in self._related for label in host.split(".")):
            return []
        label, registrable = self._suffixes.label(host), self._suffixes.registrable(host)
        if label is None:
            return []
        numbered = _base(label) != _unicode(label)
        found: list[_Bearing] = []
        for listed, domain, notice in self._related.get(_base(label), ()):
            if listed == label and domain != registrable:
                found.append((notice, NoticeRelation.SAME_LABEL))
            elif listed != label and numbered:
                found.append((notice, NoticeRelation.SUCCESSOR))
        return sorted(found, key=lambda bearing: bearing[1] is NoticeRelation.SUCCESSOR)


class _Paths:
    """The `path_prefix` notices of one host."""

    __slots__ = ("_by_prefix", "_lengths", "_notices")

    def __init__(self) -> None:
        self._notices: list[Notice] = []
        self._by_prefix: defaultdict[str, list[int]] = defaultdict(list)
        self._lengths: set[int] = set()

    def add(self, notice: Notice, prefix: str) -> None:
        self._by_prefix[prefix].append(len(self._notices))
        self._lengths.add(len(prefix))
        self._notices.append(notice)

    def notices(self) -> Iterator[Notice]:
        return iter(self._notices)

    def bearing(self, url: Url) -> list[_Bearing]:
        path = canonical(url.target).partition("?")[0]
        covering: set[int] = set()
        # One slice per distinct length, not one per slash: a path may be nothing but slashes, thousands of them.
        for length in self._lengths:
            if length > len(path) or not (length == len(path) or path[length - 1] == "/" or path[length] == "/"):
                continue
            covering.update(self._by_prefix.get(path[:length], ()))
        return [
            (notice, NoticeRelation.COVERS if number in covering else NoticeRelation.OTHER_PATH)
            for number, notice in enumerate(self._notices)
        ]


class _Urls:
    """The `url` notices of one host."""

    __slots__ = ("_notices",)

    def __init__(self) -> None:
        self._notices: list[tuple[str, Notice]] = []

    def add(self, notice: Notice, url: Url) -> None:
        self._notices.append((_key(url), notice))

    def notices(self) -> Iterator[Notice]:
        return (notice for _, notice in self._notices)

    def bearing(self, url: Url) -> list[_Bearing]:
        asked = _key(url)
        return [
            (notice, NoticeRelation.COVERS if key == asked else NoticeRelation.OTHER_PATH)
            for key, notice in self._notices
        ]


def _key(url: Url) -> str:
    """A URL without its scheme: http and https show the same page."""
    return url.origin.partition("://")[2] + canonical(url.target)


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _base(label: str) -> str:
    """A label in Unicode without a number at its end: `mangasky` for `mangasky-2`."""
    # Digits at the end of an A-label belong to its encoding, so it is decoded first.
    return _unicode(label).rstrip("0123456789").rstrip("-")


def _unicode(label: str) -> str:
    return ada_url.idna_to_unicode(label) if label.startswith("xn--") else label
