"""What is in force for one host in one interval: the site as read, the notices, the age of the evidence.

Plans are shared. Two hosts whose policy files are the same bytes, and of which no list speaks, have one plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .. import url as urls
from ..blocklist import knowledge
from ..blocklist.match import HostNotices, NoticeIndex
from ..flow import replay, survey
from ..model import Declaration, Evidence
from ..signals.agents import AgentCatalogue
from ..site import Site
from .book import EPOCH, EvidenceBook, micros
from .timeline import BEGINNING

_MICROSECOND = timedelta(microseconds=1)
# RFC 9309 2.4: a copy of robots.txt speaks for a day.
_SPEAKS_FOR = timedelta(hours=24) // _MICROSECOND


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One host's (or many alike hosts') state in an interval. `robots` is the evidence for robots.txt, if any;
    `at` an instant of the interval."""

    number: int
    site: Site
    notices: HostNotices | None
    at: datetime
    robots: Evidence | None
    stale: bool

    def notices_key(self) -> object:
        """What the notices come to on every page of the host: equal keys, equal findings. None where pages differ."""
        if self.notices is None:
            return ()
        if self.notices.path_dependent:
            return None
        return tuple(
            (relation, knowledge.status(n, self.at), n.scope, n.issuer, n.issuer_verified, n.source)
            for n, relation in self.notices.anywhere
        )


class Planner:
    """Makes plans from what is on record. Hosts are numbered by the caller; `origin_of` gives a number's origin."""

    def __init__(
        self,
        declaration: Declaration,
        book: EvidenceBook,
        notices: NoticeIndex | None,
        catalogue: AgentCatalogue,
        origin_of: Any,
    ) -> None:
        self._declaration = declaration
        self._book = book
        self._notices = notices
        self._catalogue = catalogue
        self._origin_of = origin_of
        self._always = sorted(_licence_times(declaration))
        self._sites: dict[object, Site] = {}
        self._numbers: dict[object, int] = {}
        self.plans: list[Plan] = []

    def breaks(self, host: int) -> list[int]:
        """The instants at which something changes for a host."""
        origin = self._origin_of(host)
        received = self._book.times(origin)
        found = [*self._always, *received]
        found += [at + _SPEAKS_FOR + 1 for at in received]
        about = self._about(origin)
        if about is not None:
            found += [micros(at) for notice in about.notices() for at in knowledge.changes(notice)]
        return found

    def resolve(self, host: int, at: int) -> int:
        """The number of the plan for a host from the instant `at` on."""
        origin = self._origin_of(host)
        known = self._book.in_force(origin, at)
        about = self._about(origin)
        robots = next((version for path, version in known if path == "/robots.txt"), None)
        stale = robots is not None and at - robots.at > _SPEAKS_FOR
        when = EPOCH + max(at, 0) * _MICROSECOND
        catalogue = self._catalogue.as_of(when)
        reading = (tuple((path, version.content) for path, version in known), catalogue.version)
        alone = origin if any(path not in ("/robots.txt", "/.well-known/tdmrep.json") for path, _ in known) else ""
        state = tuple(at >= instant for instant in self._always)
        key = (reading, alone, stale, state, None if about is None else (origin, at))
        number = self._numbers.get(key)
        if number is None:
            site = self._sites.get((reading, alone))
            if site is None:
                site = self._sites[reading, alone] = self._read(origin, at, catalogue)
            number = self._numbers[key] = len(self.plans)
            evidence = robots.evidence if robots is not None else None
            self.plans.append(Plan(number, site, about, when, evidence, stale))
        return number

    def _read(self, origin: str, at: int, catalogue: AgentCatalogue) -> Site:
        token = self._declaration.token
        url = urls.parse(origin + "/")
        return Site(replay(survey(url, token), lambda fetch: self._book.answer(fetch, at)), token, catalogue)

    def _about(self, origin: str) -> HostNotices | None:
        if self._notices is None:
            return None
        about = self._notices.for_host(urls.parse(origin + "/").host)
        return None if about.empty else about


def _licence_times(declaration: Declaration) -> set[int]:
    found = set()
    for licence in declaration.held:
        if licence.valid_from is not None:
            found.add(micros(licence.valid_from))
        if licence.valid_to is not None:
            found.add(micros(licence.valid_to) + 1)
    return found


__all__ = ["BEGINNING", "Plan", "Planner"]
