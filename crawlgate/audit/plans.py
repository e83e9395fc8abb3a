"""What is in force for one host in one interval: the site as read, the notices, the age of the evidence.

Plans are shared. Two hosts whose policy files are the same bytes, and of which no list speaks, have one plan.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fnmatch import fnmatchcase

from .. import url as urls
from ..blocklist import knowledge
from ..blocklist.match import HostNotices, Listing, Lists
from ..criteria.facts import CLOCK_SKEW, MAX_AGE
from ..flow import TDMREP_PATH, replay, survey
from ..model import Declaration, Evidence, RegisterEntry
from ..policy.overrides import Overrides
from ..register import Register
from ..signals.agents import AgentCatalogue
from ..signals.robots_agents import tokens
from ..site import Site
from .book import MICROSECOND, EvidenceBook, Version, instant, micros
from .timeline import BEGINNING

ROBOTS_PATH = "/robots.txt"
NO_EVIDENCE = -1
_ANYWHERE = (ROBOTS_PATH, TDMREP_PATH)
_AGENT_LINE = re.compile(r"^\s*user[- ]?agent[a-z-]*\s*:?\s*([^\r\n#]*)", re.IGNORECASE | re.MULTILINE)
_SPEAKS_FOR = MAX_AGE // MICROSECOND
_SKEW = CLOCK_SKEW // MICROSECOND


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One host's (or many alike hosts') state in an interval that begins at `at`.

    `age` is that of robots.txt, no more exact than what follows from it; `since` says which of the collector's own
    dates have come; `by_itself` that something speaks of this host alone, `exact` that it may speak of each page
    otherwise, `decided` that people decided something about it.
    """

    number: int
    site: Site
    at: datetime
    age: timedelta | None
    since: tuple[bool, ...]
    notices: HostNotices | None
    register: tuple[RegisterEntry, ...]
    by_itself: bool
    exact: bool
    decided: bool = False

    def notices_key(self) -> object:
        """What the notices come to on every page of the host: equal keys, equal findings. None where pages differ."""
        if self.notices is None:
            return ()
        if self.notices.path_dependent:
            return None
        return tuple(
            (relation, knowledge.status(n, self.at), n.scope, n.issuer, n.issuer_kind, n.issuer_verified, n.source)
            for n, relation in self.notices.anywhere
        )


class Planner:
    """Makes plans from what is on record. Hosts are numbered by the caller; `origin_of` gives a number's origin."""

    def __init__(
        self,
        declaration: Declaration,
        book: EvidenceBook,
        notices: Listing | Lists | None,
        catalogue: AgentCatalogue,
        origin_of: Callable[[int], str],
        *,
        register: Register | None = None,
        people: Overrides | None = None,
    ) -> None:
        self.people = people or Overrides()
        self._declaration = declaration
        self._book = book
        self._notices = notices
        self._catalogue = catalogue
        self._origin_of = origin_of
        self._register = register
        self._always = sorted(_times_of(declaration))
        # The host part of each scope; `*` in it is any run of characters.
        self._licensed_hosts = {
            scope.partition("://")[2].partition("/")[0].partition(":")[0].lower()
            for licence in declaration.held
            for scope in licence.scope
        }
        self._named: dict[str, list[int]] = {}
        self._sites: dict[object, Site] = {}
        self._numbers: dict[object, int] = {}
        self.plans: list[Plan] = []
        self.robots: list[Evidence] = []

    def breaks(self, host: int) -> list[int]:
        """The instants at which something changes for a host."""
        origin = self._origin_of(host)
        received = self._book.times(origin)
        found = list(self._always)
        for at in received:
            found += (at - _SKEW, at + _SPEAKS_FOR + 1)
            robots = next((v for path, v in self._book.in_force(origin, at) if path == ROBOTS_PATH), None)
            if robots is not None:
                found += [day for day in self._days(robots) if day > at]
        name = urls.parse(origin + "/").host
        about = self._about(name)
        if about is not None:
            found += [micros(at) for notice in about.notices() for at in knowledge.changes(notice)]
        for entry in self._entries(name):
            found += [micros(at) for at in (entry.first_seen, entry.ended_at) if at is not None]
        if self.people.speak_of(name):
            found += [micros(at) for override in self.people for at in override.changes()]
        return found

    def resolve(self, host: int, at: int) -> tuple[int, int]:
        """The number of the plan for a host from the instant `at` on, and that of its robots.txt (-1: none)."""
        origin = self._origin_of(host)
        known = self._book.in_force(origin, at + _SKEW)
        robots = next((version for path, version in known if path == ROBOTS_PATH), None)
        evidence = NO_EVIDENCE
        if robots is not None:
            evidence = len(self.robots)
            self.robots.append(robots.evidence)
        name = urls.parse(origin + "/").host
        about, entries = self._about(name), self._entries(name)
        decided = self.people.speak_of(name)
        exact = bool(entries) or decided or self._licensed(name)
        by_itself = about is not None or exact
        reading = tuple((path, version.content) for path, version in known)
        # Only robots.txt and tdmrep.json say the same wherever they stand.
        here = origin if any(path not in _ANYWHERE for path, _ in known) else ""
        epoch = bisect_right(self._days(robots), at) if robots is not None else 0
        stale = robots is not None and at - robots.at > _SPEAKS_FOR
        state = tuple(at >= instant for instant in self._always)
        key = (reading, here, epoch, stale, state, (origin, at) if by_itself else None)
        number = self._numbers.get(key)
        if number is None:
            site = self._sites.get((reading, here, epoch))
            if site is None:
                site = self._sites[reading, here, epoch] = self._read(origin, at)
            number = self._numbers[key] = len(self.plans)
            age = None if robots is None else MAX_AGE + MICROSECOND if stale else timedelta(0)
            self.plans.append(Plan(number, site, instant(at), age, state, about, entries, by_itself, exact, decided))
        return number, evidence

    def _days(self, robots: Version) -> list[int]:
        """The days on which agents that a robots.txt names became known, as instants, ascending."""
        sha = robots.evidence.sha256
        days = self._named.get(sha)
        if days is None:
            days = self._named[sha] = sorted({micros(day) for day in self._days_of(robots.evidence.body)})
        return days

    def _days_of(self, body: bytes) -> Iterator[datetime]:
        for value in _AGENT_LINE.findall(body.decode("utf-8", "replace")):
            for name in tokens(value):
                agent = self._catalogue.get(name)
                if agent is not None:
                    yield datetime.combine(self._catalogue.known_from(agent), time(), UTC)

    def _read(self, origin: str, at: int) -> Site:
        token = self._declaration.token
        flow = survey(urls.parse(origin + "/"), token)
        known = replay(flow, lambda fetch: self._book.answer(fetch, at + _SKEW))
        return Site(known, token, self._catalogue.as_of(instant(at)))

    def _entries(self, host: str) -> tuple[RegisterEntry, ...]:
        return () if self._register is None else self._register.of(host)

    def _about(self, host: str) -> HostNotices | None:
        if self._notices is None:
            return None
        about = self._notices.for_host(host)
        return None if about.empty else about

    def _licensed(self, host: str) -> bool:
        """True if the scope of some licence may cover a page of the host."""
        return any(fnmatchcase(host, scope) for scope in self._licensed_hosts)


def _times_of(declaration: Declaration) -> set[int]:
    """When something begins or ends that the collector says of itself."""
    found = set()
    if isinstance(declaration.published_since, datetime):
        found.add(micros(declaration.published_since))
    for licence in declaration.held:
        if licence.valid_from is not None:
            found.add(micros(licence.valid_from))
        if licence.valid_to is not None:
            found.add(micros(licence.valid_to) + 1)
    return found


__all__ = ["BEGINNING", "Plan", "Planner"]
