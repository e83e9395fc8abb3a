"""One URL of a surveyed site, before or after its fetch: from observed signals to what a decision rests on."""

from __future__ import annotations

from datetime import datetime

from .blocklist.match import HostNotices
from .criteria import Facts, evaluate
from .model import AS_DECLARED, Attempt, Basis, Declaration, NoticeMatch, Override, Signal, Stage
from .policy import Profile, decide
from .signals import dataset, rsl, tdmrep
from .signals.dataset import PaidOffer
from .signals.response import Reading
from .site import Answer, Site
from .url import Url

_BEFORE = {"page": "not_assessed.before_fetch", "terms": "not_assessed.before_fetch"}


class Assessor:
    """Declaration and profile, asked about one URL after another. Pure: time and evidence come as arguments.

    `looked` are checks that count as made although this code did not make them (a case file states what
    was known); `lists_loaded` False makes C1 and C2 not assessed.
    """

    def __init__(
        self,
        declaration: Declaration,
        profile: Profile,
        *,
        lists_loaded: bool,
        looked: frozenset[str] = frozenset(),
    ) -> None:
        self.declaration = declaration
        self.profile = profile
        self.looked = looked
        self._no_list = {} if lists_loaded else {"lists": "not_assessed.no_list"}

    def before(
        self,
        site: Site,
        answer: Answer,
        url: Url,
        at: datetime,
        *,
        notices: HostNotices | None = None,
        offers: tuple[PaidOffer, ...] = (),
        attempt: Attempt = AS_DECLARED,
        overrides: tuple[Override, ...] = (),
    ) -> Basis:
        """The basis for asking before the fetch; `answer` is what `site` says about `url`, `overrides` are what
        people decided that covers it at this time."""
        facts = self._facts(Stage.PRE_FETCH, site, answer, url, at, notices, offers, attempt)
        return decide(evaluate(facts), self.profile, facts.stage, site.evidence, overrides)

    def after(
        self,
        site: Site,
        answer: Answer,
        url: Url,
        at: datetime,
        reading: Reading,
        *,
        notices: HostNotices | None = None,
        hops: tuple[NoticeMatch, ...] = (),
        offers: tuple[PaidOffer, ...] = (),
        attempt: Attempt = AS_DECLARED,
        evidence: tuple[str, ...] = (),
        overrides: tuple[Override, ...] = (),
    ) -> Basis:
        """The basis with the response in hand; `hops` are notices that bear on hops before this one, `evidence`
        are ids of what was kept of the response."""
        facts = self._facts(
            Stage.POST_FETCH, site, answer, url, at, notices, offers + reading.offers, attempt, reading, hops
        )
        return decide(evaluate(facts), self.profile, facts.stage, site.evidence + evidence, overrides)

    def _facts(
        self,
        stage: Stage,
        site: Site,
        answer: Answer,
        url: Url,
        at: datetime,
        notices: HostNotices | None,
        offers: tuple[PaidOffer, ...],
        attempt: Attempt,
        reading: Reading | None = None,
        hops: tuple[NoticeMatch, ...] = (),
    ) -> Facts:
        signals = site.signals(answer, url)
        not_looked = site.not_looked | self._no_list
        if reading is None:
            not_looked = not_looked | _BEFORE
        else:
            tdm_file = site.tdm_signals(answer)
            tdm = tdmrep.combine(tdm_file, reading.tdm_header, reading.tdm_meta)
            policy = signals[: len(signals) - len(tdm_file)]
            licences = rsl.combine(filter(_is_licence, policy), filter(_is_licence, reading.signals))
            signals = (
                *(signal for signal in policy if not _is_licence(signal)),
                *tdm,
                *licences,
                *(signal for signal in reading.signals if not _is_licence(signal)),
            )
            not_looked = not_looked | reading.not_looked
        here = tuple(offer for offer in offers if dataset.covers(offer, url))
        return Facts(
            stage=stage,
            at=at,
            url=url.href,
            declaration=self.declaration,
            attempt=attempt,
            signals=signals,
            elsewhere=site.elsewhere(answer),
            robots=site.standing,
            robots_reason=site.reason,
            robots_age=at - site.fetched_at if site.fetched_at is not None else None,
            names_us=site.names_us,
            notices=hops + (notices.matches(url) if notices is not None else ()),
            offers_here=here,
            offers_on_site=tuple(o for o in offers if o not in here and url.href not in o.free_urls),
            not_looked={check: why for check, why in not_looked.items() if check not in self.looked},
        )


def _is_licence(signal: Signal) -> bool:
    """RSL statements, of which those of a page replace those of robots.txt (RSL 1.0 4.9)."""
    return signal.kind.startswith("rsl.")
