"""What a gate remembers of a site across its hosts: refusals, its own denies, identities shown, cookies received.

Bounded in every direction. Refusals are shared with the other gates of the home (`state.State`); the rest is of this
process alone.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime

from .domains import Suffixes
from .model import Basis, Refusal, Verdict
from .state import State

_DENIED_PER_SITE = 512
_COOKIES_PER_SITE = 256
_ROUTES_PER_SITE = 16

# Names under which sites keep a login, and names that look so and keep none.
_SESSION = re.compile(
    r"sess|(?:\A|[._-])s?sid\Z|auth|login|logged|remember|jwt|access|refresh|token|passport|sso|member|account"
    r"|(?:\A|[._-])user|identity|credential|laravel|asp\.net",
    re.IGNORECASE,
)
_NO_SESSION = re.compile(r"csrf|xsrf|consent|cookie_?accept|_ga|gtm|utm|lang|locale|theme", re.IGNORECASE)
# Cookies by which a vendor of challenges lets through who has answered one.
_CLEARANCE = re.compile(r"\A(?:cf_clearance|aws-waf-token|reese84|datadome|__ddg\w*|px\w*|_abck)\Z", re.IGNORECASE)


class SiteMemory:
    """One site (a registrable domain). `stirred` says that something was refused here, so that
    an attempt has to be compared with it."""

    __slots__ = ("_cookies", "denied", "name", "refusals", "routes", "stamp", "stirred", "variants")

    def __init__(self, name: str, refusals: tuple[Refusal, ...], stamp: int) -> None:
        self.name = name
        self.refusals = refusals
        self.stamp = stamp
        self.stirred = bool(refusals)
        # URL -> record of our own deny; a later allow takes it out again.
        self.denied: dict[str, tuple[str, int]] = {}
        # Names of proxies, in the order in which they were first used.
        self.routes: OrderedDict[str, None] = OrderedDict()
        # Other views of refused pages that were asked for.
        self.variants: OrderedDict[str, None] = OrderedDict()
        self._cookies: OrderedDict[bytes, None] = OrderedDict()

    def answered(self, url: str, basis: Basis, segment: str, seq: int) -> None:
        """Remember an own deny, with its record; a later answer takes it back. A deny that only waits for evidence is
        no refusal."""
        if basis.verdict is not Verdict.DENY or basis.temporary:
            self.denied.pop(url, None)
            return
        self.stirred = True
        self.denied[url] = (segment, seq)
        if len(self.denied) > _DENIED_PER_SITE:
            del self.denied[next(iter(self.denied))]

    def route(self, proxy: str) -> None:
        """Remember a route that was used."""
        self.routes[proxy] = None
        if len(self.routes) > _ROUTES_PER_SITE:
            self.routes.popitem(last=False)

    def variant(self, url: str) -> bool:
        """Remember another view of a refused page; True if it is not the first one."""
        self.variants[url] = None
        if len(self.variants) > _ROUTES_PER_SITE:
            self.variants.popitem(last=False)
        return len(self.variants) > 1

    # -- cookies ------------------------------------------------------------------------------------

    def received(self, lines: Iterable[str]) -> None:
        """Remember cookies that the site gave to a request without login, from its `Set-Cookie` lines."""
        for line in lines:
            name, equals, value = line.partition(";")[0].partition("=")
            if equals:
                self._cookies[_digest(name, value)] = None
        while len(self._cookies) > _COOKIES_PER_SITE:
            self._cookies.popitem(last=False)

    def brought(self, header: str) -> tuple[str | None, str | None]:
        """What a `Cookie` header brings along that this site did not give to the anonymous crawler: the name of a
        session, and of a cleared challenge. Values are never kept, only digests of what was received."""
        session = clearance = None
        for pair in header.split(";")[:_COOKIES_PER_SITE]:
            name, equals, value = pair.partition("=")
            name = name.strip()
            if not equals or _digest(name, value) in self._cookies:
                continue
            if _CLEARANCE.match(name):
                clearance = clearance or name
            elif _SESSION.search(name) and not _NO_SESSION.search(name):
                session = session or name
        return session, clearance


def _digest(name: str, value: str) -> bytes:
    return hashlib.blake2b(f"{name.strip()}={value.strip()}".encode("utf-8", "surrogatepass"), digest_size=12).digest()


class Memory:
    """The sites of a gate, the oldest forgotten first. Safe to share between threads."""

    def __init__(self, state: State, suffixes: Suffixes, at_most: int) -> None:
        self._state = state
        self._suffixes = suffixes
        self._at_most = at_most
        self._sites: OrderedDict[str, SiteMemory] = OrderedDict()
        self._lock = threading.Lock()

    def site(self, host: str, now: datetime) -> SiteMemory:
        """The memory of the site of `host`."""
        name = self._suffixes.registrable(host) or host
        with self._lock:
            found = self._sites.get(name)
            if found is not None:
                self._sites.move_to_end(name)
                return found
        fresh = SiteMemory(name, self._state.refusals(name, now), self._state.stamp)
        with self._lock:
            found = self._sites.setdefault(name, fresh)
            if len(self._sites) > self._at_most:
                self._sites.popitem(last=False)
        return found

    def refresh(self, site: SiteMemory, now: datetime) -> None:
        """Look for refusals that other gates of the home have met since, and forget those that are too old."""
        stamp = self._state.stamp
        if stamp != site.stamp or (site.refusals and site.refusals[-1].at < now - self._state.keep):
            site.refusals, site.stamp = self._state.refusals(site.name, now), stamp
            site.stirred = site.stirred or bool(site.refusals)

    def refused(self, site: SiteMemory, refusal: Refusal) -> None:
        """Remember a refusal, here and for the other gates of the home."""
        self._state.add_refusal(refusal)
        site.refusals = self._state.refusals(site.name, refusal.at)
        site.stirred = True
