"""What is in force for one host in one interval: the site as read, the notices, the age of the evidence.

Plans are shared. Two hosts whose policy files are the same bytes, and of which no list speaks, have one plan.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from .. import url as urls
from ..blocklist import knowledge
from ..blocklist.listing import HostNotices, Listing
from ..blocklist.match import Lists
from ..criteria.facts import CLOCK_SKEW, MAX_AGE
from ..flow import TDMREP_PATH, Document, Documents, Fetch, replay, survey
from ..model import Declaration, Evidence, NoticeRelation, RegisterEntry
from ..policy.overrides import Overrides
from ..register import Register
from ..signals.agents import AgentCatalogue
from ..site import Site
from ..url import Url
from . import kernels
from .agent_days import AgentDays
from .book import MICROSECOND, ROBOTS_PATH, Content, EvidenceBook, instant, micros
from .candidates import maybe_listed
from .growing import Growing
from .interning import Spans
from .on_record import RobotsOnRecord
from .outlines import Outlines
from .plan_table import Plan, Plans
from .texts import Texts
from .timeline import BEGINNING
from .voices import SILENT, Voices

NO_EVIDENCE = -1
_SEVERAL = -2
_HOSTS_KEPT = 1 << 16  # what lists say of hosts, asked again when an interval is worked out
_ANYWHERE = (ROBOTS_PATH, TDMREP_PATH)
_SPEAKS_FOR = MAX_AGE // MICROSECOND
_SKEW = CLOCK_SKEW // MICROSECOND


class _Key(NamedTuple):
    """Plans of equal keys are one."""

    reading: tuple[tuple[str, Content], ...]
    here: str
    epoch: int
    stale: bool
    since: int
    alone: tuple[str, int] | None = None


class Planner:
    """Makes plans from what is on record. Hosts are numbered by the caller: a host's number is that of its origin."""

    def __init__(
        self,
        declaration: Declaration,
        book: EvidenceBook,
        notices: Listing | Lists | None,
        catalogue: AgentCatalogue,
        origins: Spans,
        *,
        register: Register | None = None,
        people: Overrides | None = None,
    ) -> None:
        self.people = people or Overrides()
        self._declaration = declaration
        self._book = book
        self._notices = notices
        self._catalogue = catalogue
        self._origins = origins
        self._origin_of = origins.text
        self._register = register
        self._always = sorted(_times_of(declaration))
        # The host part of each scope; `*` in it is any run of characters.
        self._licensed_hosts = {
            scope.partition("://")[2].partition("/")[0].partition(":")[0].lower()
            for licence in declaration.held
            for scope in licence.scope
        }
        self.outlines = Outlines(declaration, catalogue, book)
        self._days = AgentDays(book, catalogue, self.outlines)
        # By host: the only robots.txt on record (`NO_EVIDENCE`: nothing is), or `_SEVERAL`.
        self._received, self._alone = Growing(np.int64), Growing(np.int32)
        self._heard: dict[str, HostNotices] = {}
        self._sites: dict[object, Site] = {}
        self._numbers: dict[object, int] = {}
        # Plans that rest on one robots.txt, by its content and the rest of `_Key`.
        self._simple: dict[tuple[int, int, bool, int], int] = {}
        # By host: the number of what lists say of all its pages, `_SILENT` where they say nothing.
        self._voice_of, self._voices = Growing(np.int32), Voices()
        self.plans = Plans(lambda host: self._about(_host(self._origin_of(host))), self._voices)
        self.robots = RobotsOnRecord(book, origins.text)

    def breaks(self, first: int, end: int) -> tuple[Any, Any]:
        """See `timeline.Intervals`."""
        column = self._origins.between(first, end)
        origins = column.ascii()
        simple, received, contents = self._book.alone(origins)
        voices = self._hear(column, origins, simple)
        contents[~simple] = _SEVERAL
        self._received.add(received)
        self._alone.add(contents)
        self._voice_of.add(voices)
        counts, breaks = self._simple_breaks(received, contents, voices)
        if simple.all():
            return counts, breaks
        theirs: list[int] = []
        own = np.repeat(simple, counts)
        for place in np.flatnonzero(~simple).tolist():
            found = sorted({BEGINNING, *self._breaks_of(origins[place])})
            counts[place] = len(found)
            theirs += found
        merged = np.empty(int(counts.sum()), np.int64)
        of_simple = np.repeat(simple, counts)
        merged[of_simple], merged[~of_simple] = breaks[own], theirs
        return counts, merged

    def resolve(self, hosts: Any, at: Any) -> tuple[Any, Any]:
        """See `timeline.Intervals`."""
        contents, received = self._alone.array[hosts], self._received.array[hosts]
        there = (contents >= 0) & (at + _SKEW >= received)
        evidence = np.full(len(hosts), NO_EVIDENCE, np.int32)
        evidence[there] = self.robots.add(hosts[there], contents[there], received[there])
        epochs, stale = np.zeros(len(hosts), np.int64), there & (at - received > _SPEAKS_FOR)
        asked = np.where(there, contents, NO_EVIDENCE)
        kernels.count_days(asked, at, *self._days.columns, epochs)
        since = np.searchsorted(self._always, at, "right")
        keys = ((asked.astype(np.int64) + 1) * (epochs.max(initial=0) + 1) + epochs) * 2 + stale
        keys = keys * (len(self._always) + 1) + since
        keys[contents == _SEVERAL] = -1
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
        found = []
        for place in first.tolist():
            if keys[place] < 0:
                found.append(-1)
                continue
            known = (int(asked[place]), int(epochs[place]), bool(stale[place]), int(since[place]))
            number = self._simple.get(known)
            if number is None:
                content, epoch, old, begun = known
                reading = () if content < 0 else ((ROBOTS_PATH, self._book.contents[content]),)
                key = _Key(reading, "", epoch, old, begun)
                number = self._plan(key, self._origin_of(int(hosts[place])), int(at[place]))
                self._simple[known] = number
            found.append(number)
        plans: Any = np.array(found, np.int32)[which]
        voices = self._voice_of.array[hosts]
        spoken = np.flatnonzero((voices != SILENT) & (plans >= 0))
        plans[spoken] = self.plans.add_twins(plans[spoken], hosts[spoken], at[spoken], voices[spoken])
        for place in np.flatnonzero(plans < 0).tolist():
            plans[place], evidence[place] = self._resolve(int(hosts[place]), int(at[place]))
        return plans, evidence

    def documents(self, plan: Plan, page: Url, wanted: Iterable[Document], at: datetime) -> dict[str, Evidence | None]:
        """The licences and policies that the answer for `page` names, as they stood at a time, by URL; None is one that
        the robots.txt of its place keeps us out of. What is not on record is not there."""
        latest = micros(at) + _SKEW
        survey = plan.site.survey
        missing: set[str] = set()

        def answer(fetch: Fetch) -> Evidence:
            found = self._book.answer(fetch, latest)
            if found.error == "no_evidence":
                missing.add(fetch.url.origin)
            return found

        def avoid(url: Url) -> bool:
            about = self._about(url.host)
            return about is not None and any(
                match.relation is NoticeRelation.COVERS
                and match.notice.issuer_verified
                and knowledge.status(match.notice, at).counts
                for match in about.matches(url)
            )

        documents = Documents(self._declaration.token, own={page.origin: survey.file}, avoid=avoid)
        if survey.origin == page.origin:  # hosts with equal files share a site
            documents.found.update(survey.documents)
        asked = list(wanted)
        replay(documents.ask(asked), answer)
        return {
            url.href: documents.found[url.href]
            for url, _ in asked
            if url.href in documents.found and url.origin not in missing
        }

    def _hear(self, column: Texts, origins: list[str], simple: Any) -> Any:
        """The voice of each origin. Those are not `simple` of whose host a list speaks page by page, or of which the
        register, people or a licence may say something."""
        voices = np.full(len(origins), SILENT, np.int32)
        if self._register is not None or self._licensed_hosts or self.people:
            simple[[n for n, origin in enumerate(origins) if self._named(_host(origin))]] = False
        if self._notices is None:
            return voices
        for place in maybe_listed(self._notices, column, lambda place: _host(origins[place])):
            about = self._about(_host(origins[place])) if simple[place] else None
            if about is None:
                continue
            if about.path_dependent:
                simple[place] = False
            else:
                voices[place] = self._voices.number(about)
        return voices

    def _simple_breaks(self, received: Any, contents: Any, voices: Any) -> tuple[Any, Any]:
        self._days.learn(contents)
        days, bounds = self._days.columns
        asked = contents >= 0
        most = int((bounds[contents[asked], 1] - bounds[contents[asked], 0]).sum())
        # What changes for all hosts, and for those of a voice.
        distinct, voice = np.unique(voices, return_inverse=True)
        each = [sorted({*self._always, *self._voices.changes(one)}) for one in distinct.tolist()]
        ends = np.cumsum([0, *map(len, each)])
        always = np.array([at for one in each for at in one], np.int64)
        most += int(np.diff(ends)[voice].sum())
        counts = np.zeros(len(contents), np.int64)
        breaks = np.zeros(most + len(contents) * 3, np.int64)
        asked_of, lasts = np.where(asked, contents, NO_EVIDENCE), _SPEAKS_FOR + 1
        used = kernels.fill_breaks(
            received, asked_of, _SKEW, lasts, days, bounds, always, ends, voice, BEGINNING, counts, breaks
        )
        return counts, breaks[:used]

    def _breaks_of(self, origin: str) -> list[int]:
        received = self._book.times(origin)
        found = list(self._always)
        for at in received:
            found += (at - _SKEW, at + _SPEAKS_FOR + 1)
            robots = next((v for path, v in self._book.in_force(origin, at) if path == ROBOTS_PATH), None)
            if robots is not None:
                found += [day for day in self._days.of(self._book.number(robots.content)) if day > at]
        name = _host(origin)
        about = self._about(name)
        if about is not None:
            found += [micros(at) for notice in about.notices() for at in knowledge.changes(notice)]
        for entry in self._entries(name):
            found += [micros(at) for at in (entry.first_seen, entry.ended_at) if at is not None]
        if self.people.speak_of(name):
            found += [micros(at) for override in self.people for at in override.changes()]
        return found

    def _resolve(self, host: int, at: int) -> tuple[int, int]:
        """The number of the plan for a host from the instant `at` on, and that of its robots.txt (-1: none)."""
        origin = self._origin_of(host)
        known = self._book.in_force(origin, at + _SKEW)
        robots = next((version for path, version in known if path == ROBOTS_PATH), None)
        evidence, epoch, stale = NO_EVIDENCE, 0, False
        if robots is not None:
            content = self._book.number(robots.content)
            evidence = int(self.robots.add([host], [content], [robots.at])[0])
            epoch = bisect_right(self._days.of(content), at)
            stale = at - robots.at > _SPEAKS_FOR
        name = _host(origin)
        about, entries = self._about(name), self._entries(name)
        decided = self.people.speak_of(name)
        exact = bool(entries) or decided or self._licensed(name)
        alone = (origin, at) if about is not None or exact else None
        reading = tuple((path, version.content) for path, version in known)
        # Only robots.txt and tdmrep.json say the same wherever they stand.
        here = origin if any(path not in _ANYWHERE for path, _ in known) else ""
        key = _Key(reading, here, epoch, stale, bisect_right(self._always, at), alone)
        return self._plan(key, origin, at, about, entries, exact=exact, decided=decided), evidence

    def _plan(
        self,
        key: _Key,
        origin: str,
        at: int,
        about: HostNotices | None = None,
        entries: tuple[RegisterEntry, ...] = (),
        *,
        exact: bool = False,
        decided: bool = False,
    ) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.plans)
            contents = dict(key.reading)
            robots = contents.pop(ROBOTS_PATH, None)
            age = None if robots is None else MAX_AGE + MICROSECOND if key.stale else timedelta(0)
            beside = contents.pop(TDMREP_PATH, None)
            absent = beside is not None and _is_absent(beside)
            alone = robots is not None and not contents and (beside is None or absent)

            def read() -> Site:
                site = self._sites.get(key[:3])
                if site is None:
                    site = self._sites[key[:3]] = self._read(origin, at)
                return site

            self.plans.add(
                Plan(
                    number=number,
                    at=instant(at),
                    age=age,
                    since=tuple(at >= instant for instant in self._always),
                    notices=about,
                    register=entries,
                    by_itself=key.alone is not None,
                    exact=exact,
                    decided=decided,
                    said=key[:3],
                    robots=self._book.number(robots) if robots is not None and alone else None,
                    beside=TDMREP_PATH if absent else "",
                    octets=sum(len(self._book.body(content.sha256) or b"") for _, content in key.reading),
                    read=read,
                )
            )
        return number

    def _read(self, origin: str, at: int) -> Site:
        token = self._declaration.token
        flow = survey(urls.parse(origin + "/"), token)
        known = replay(flow, lambda fetch: self._book.answer(fetch, at + _SKEW))
        return Site(known, token, self._catalogue.as_of(instant(at)))

    def _entries(self, host: str) -> tuple[RegisterEntry, ...]:
        return () if self._register is None else self._register.of(host)

    def _named(self, host: str) -> bool:
        """True if the register, people, or a licence of our own speak of a host."""
        return bool(self._entries(host)) or self.people.speak_of(host) or self._licensed(host)

    def _about(self, host: str) -> HostNotices | None:
        if self._notices is None:
            return None
        about = self._heard.get(host)
        if about is None:
            about = self._notices.for_host(host)
            if len(self._heard) >= _HOSTS_KEPT:
                self._heard.clear()
            self._heard[host] = about
        return None if about.empty else about

    def _licensed(self, host: str) -> bool:
        """True if the scope of some licence may cover a page of the host."""
        return any(fnmatchcase(host, scope) for scope in self._licensed_hosts)


def _host(origin: str) -> str:
    """The host of an origin, which is in its one form."""
    host = origin.partition("://")[2]
    return host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]


def _is_absent(content: Content) -> bool:
    """True if an answer says that there is no such file."""
    status = content.status
    return status is not None and 400 <= status < 500 and content.error is None and not content.location


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
