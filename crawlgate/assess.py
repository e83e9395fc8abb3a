"""One URL of a surveyed site, before or after its fetch: from observed signals to what a decision rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .blocklist.match import HostNotices
from .criteria import Facts, evaluate
from .criteria.facts import CorpusFacts, Later, Trace
from .model import AS_DECLARED, Attempt, Basis, Declaration, NoticeMatch, Override, RegisterEntry, Signal, Stage
from .policy import Profile, decide
from .register import is_product, known
from .signals import dataset
from .signals.dataset import PaidOffer
from .signals.reading import SILENCE, Reading
from .signals.response import not_read
from .site import Answer, Site
from .url import Url

_BEFORE = (("page", "not_assessed.before_fetch"), ("terms", "not_assessed.before_fetch"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known about a fetch beside what its site says: the collector's own log, register, corpus, later facts.

    The fields are those of `Facts`, but for these: `signals` are statements that answers before this one made,
    `elsewhere` texts of the site (terms, price lists), `register` the entries of the site, whenever they became
    known, `unseen` checks that were not made, with the reason.
    """

    signals: tuple[Signal, ...] = ()
    elsewhere: tuple[Signal, ...] = ()
    traces: tuple[Trace, ...] = ()
    notices: tuple[NoticeMatch, ...] = ()
    register: tuple[RegisterEntry, ...] = ()
    corpus: CorpusFacts | None = None
    later: Later | None = None
    stored: bool | None = None
    fetched: bool = False
    sent_on_record: bool = True
    robots_undated: bool = False
    robots_unread: bool = False
    unseen: tuple[tuple[str, str], ...] = ()


NOTHING_ELSE = Circumstances()
"""The usual case: nothing is known but the declaration, the site and the response."""


class Assessor:
    """Declaration and profile, asked about one URL after another. Pure: time and evidence come as arguments.

    `looked` are checks that count as made although this code did not make them (a case file states what
    was known); `lists_loaded` False makes C1 and C2 not assessed; `stale_lists` names feeds whose issuers have not
    renewed them in time.
    """

    def __init__(
        self,
        declaration: Declaration,
        profile: Profile,
        *,
        lists_loaded: bool,
        looked: frozenset[str] = frozenset(),
        stale_lists: tuple[str, ...] = (),
    ) -> None:
        self.declaration = declaration
        self.profile = profile
        self.looked = looked
        self.stale_lists = stale_lists
        self._after: tuple[tuple[str, str], ...] = () if lists_loaded else (("lists", "not_assessed.no_list"),)
        if stale_lists:
            self._after += (("list_updates", "not_assessed.lists_stale"),)
        self._before = (*self._after, *_BEFORE)

    def before(
        self,
        site: Site,
        answer: Answer,
        url: Url,
        at: datetime,
        *,
        stage: Stage = Stage.PRE_FETCH,
        notices: HostNotices | None = None,
        offers: tuple[PaidOffer, ...] = (),
        attempt: Attempt = AS_DECLARED,
        circumstances: Circumstances = NOTHING_ELSE,
        overrides: tuple[Override, ...] = (),
    ) -> Basis:
        """The basis for asking before the fetch; `answer` is what `site` says about `url`, `overrides` are what
        people decided that covers it at this time."""
        facts = self.facts(stage, site, answer, url, at, notices, offers, attempt, circumstances)
        return decide(evaluate(facts), self.profile, stage, site.evidence, overrides)

    def after(
        self,
        site: Site,
        answer: Answer,
        url: Url,
        at: datetime,
        reading: Reading,
        *,
        stage: Stage = Stage.POST_FETCH,
        notices: HostNotices | None = None,
        hops: tuple[NoticeMatch, ...] = (),
        offers: tuple[PaidOffer, ...] = (),
        attempt: Attempt = AS_DECLARED,
        evidence: tuple[str, ...] = (),
        circumstances: Circumstances = NOTHING_ELSE,
        overrides: tuple[Override, ...] = (),
    ) -> Basis:
        """The basis with the response in hand; `hops` are notices that bear on hops before this one, `evidence`
        are ids of what was kept of the response."""
        facts = self.facts(
            stage, site, answer, url, at, notices, offers + reading.offers, attempt, circumstances, reading, hops
        )
        return decide(evaluate(facts), self.profile, stage, site.evidence + evidence, overrides)

    def facts(
        self,
        stage: Stage,
        site: Site,
        answer: Answer,
        url: Url,
        at: datetime,
        notices: HostNotices | None = None,
        offers: tuple[PaidOffer, ...] = (),
        attempt: Attempt = AS_DECLARED,
        circumstances: Circumstances = NOTHING_ELSE,
        reading: Reading | None = None,
        hops: tuple[NoticeMatch, ...] = (),
    ) -> Facts:
        """Everything the criteria read, of one URL at one time."""
        told = circumstances
        signals = site.signals(answer, url, reading if reading is not None else SILENCE)
        more = (self._before if reading is None else self._after) + told.unseen
        not_looked, unmade = site.not_looked_with(more)
        if reading is not None:
            not_looked, unmade = {**not_looked, **not_read(reading)}, {}
        if self.looked:
            unmade = {}
            not_looked = {check: why for check, why in not_looked.items() if check not in self.looked}
        bearing = notices.matches(url) if notices is not None else ()
        here: tuple[PaidOffer, ...] = ()
        if offers:
            here = tuple(offer for offer in offers if dataset.covers(offer, url))
            offers = tuple(o for o in offers if o not in here and url.href not in o.free_urls)
        entries: tuple[RegisterEntry, ...] = ()
        sold_here: tuple[RegisterEntry, ...] = ()
        if told.register:
            # A whole run is asked about after it; what it learned on the way counts for all of it.
            entries = told.register if stage is Stage.CORPUS else known(told.register, at)
            entries = tuple(entry for entry in entries if url.href not in entry.free_urls)
            sold_here = tuple(entry for entry in entries if is_product(entry, url))
            entries = tuple(entry for entry in entries if entry not in sold_here)
        return Facts(
            stage=stage,
            at=at,
            url=url.href,
            declaration=self.declaration,
            attempt=attempt,
            signals=told.signals + signals,
            elsewhere=site.elsewhere(answer) + told.elsewhere,
            robots=site.standing,
            robots_reason=site.reason,
            robots_age=at - site.fetched_at if site.fetched_at is not None else None,
            robots_undated=told.robots_undated,
            robots_unread=told.robots_unread,
            names_us=site.names_us,
            notices=hops + bearing + told.notices,
            stale_lists=self.stale_lists,
            offers_here=here,
            offers_on_site=offers,
            register_here=sold_here,
            register_on_site=entries,
            traces=told.traces,
            fetched=told.fetched,
            sent_on_record=told.sent_on_record,
            stored=told.stored,
            later=told.later,
            corpus=told.corpus,
            limits=self.profile.limits,
            open_licences=reading.open_licences if reading is not None else (),
            not_looked=not_looked,
            unmade=unmade,
        )
