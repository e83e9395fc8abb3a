"""What the criteria read: everything known about one URL at one time, and what was not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from ..model import (
    AS_DECLARED,
    Attempt,
    Declaration,
    NamedLimit,
    NoticeMatch,
    Outcome,
    Polarity,
    Purpose,
    RegisterEntry,
    Scope,
    Signal,
    Stage,
    Strength,
    Use,
)
from ..signals.dataset import PaidOffer
from ..signals.robots_standing import Standing

# RFC 9309 2.4: a copy of robots.txt is good for 24 hours. Two clocks of one crawl may differ by a minute (project
# choice); evidence that is younger than the fetch by more is no evidence for the fetch.
MAX_AGE = timedelta(hours=24)
CLOCK_SKEW = timedelta(seconds=60)

_TRAINING = {
    Use.PRETRAINING,
    Use.CONTINUED_PRETRAINING,
    Use.FINETUNE,
    Use.ADAPTER,
    Use.EVALUATION,
    Use.CLASSIFICATION,
    Use.EMBEDDING,
}
# Training in which no generative model learns: a reservation of generative training does not reach it.
_NOT_GENERATIVE = {Use.CLASSIFICATION, Use.EMBEDDING, Use.EVALUATION}
_PLAIN_STAGES = (Stage.PRE_FETCH, Stage.POST_FETCH)
_US = ("ours", "*")
RESTRICTIVE = (Polarity.RESERVED, Polarity.PRICED, Polarity.CONDITIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One thing that the collector's own log shows of its behaviour (B5).

    `reason` is the key of the sentence (`b5.identity_changed`), `outcome` what it comes to by itself. `params`
    fill the sentence; `refused` and `record` there name the two records concerned.
    """

    reason: str
    outcome: Outcome
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What the site said of the URL after the item was collected (D5): when it was seen, and the statements then.
    `at` None means "now", without a date."""

    at: datetime | None
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFacts:
    """What a run collected, as far as it is known; None is not known. Shares are in percent.

    `works`, `creators`, `top_creator` and `top_creator_share` speak of the whole corpus (A2); `site_pages`,
    `site_bytes` and `site_share` (of the site's known pages) of the site of the URL (B6); `duplicate_share` and
    `unused_media_share` of the fetches (A4). `limit_exceeded` is the collector's own word on its own limit, where a
    case states it.
    """

    works: int | None = None
    creators: int | None = None
    top_creator: str = ""
    top_creator_share: Decimal | None = None
    site: str = ""
    site_pages: int | None = None
    site_bytes: int | None = None
    site_share: Decimal | None = None
    duplicate_share: Decimal | None = None
    unused_media_share: Decimal | None = None
    limit_exceeded: bool | None = None


@dataclass(slots=True, kw_only=True)
class Facts:
    """Input of every criterion; pure data, and not changed once it is made. (It is not frozen, since one is made for
    every judgement, and freezing its fields one by one would cost as much as all criteria together.)

    `signals` are the statements in force for this URL, after each protocol's own precedence; `elsewhere`
    are statements of the same site about other paths. `offers` are paid datasets known on the site, split by
    whether one of them is this very resource; `register_here` and `register_on_site` the same of the licensor
    register, as known at `at`. `stale_lists` names feeds out of their term. `not_looked` maps a check (`tdmrep`,
    `lists`, `terms`, `page`, `attempts`) to the reason key why it was not made; a check that is absent there was made.

    `traces` are what the collector's own log shows. `fetched` says that the content was taken, whatever was said
    before (audits of logs); `sent_on_record` that the log shows what was sent at the time. `robots_undated` is
    evidence without a time, `robots_unread` a log that shows that robots.txt was not asked for. `stored` says
    whether the item is still in a dataset, `later` what the site said afterwards, `open_licences` which licences
    the resource itself names. `unmade` is `not_looked` as an assessment tells it (`check.tdmrep`), ready made where
    many judgements share it.
    """

    stage: Stage
    at: datetime
    url: str
    declaration: Declaration
    attempt: Attempt = AS_DECLARED
    signals: tuple[Signal, ...] = ()
    elsewhere: tuple[Signal, ...] = ()
    robots: Standing = Standing.NOT_LOOKED
    robots_reason: str = ""
    robots_age: timedelta | None = None
    robots_undated: bool = False
    robots_unread: bool = False
    names_us: bool = False
    notices: tuple[NoticeMatch, ...] = ()
    stale_lists: tuple[str, ...] = ()
    offers_here: tuple[PaidOffer, ...] = ()
    offers_on_site: tuple[PaidOffer, ...] = ()
    register_here: tuple[RegisterEntry, ...] = ()
    register_on_site: tuple[RegisterEntry, ...] = ()
    traces: tuple[Trace, ...] = ()
    fetched: bool = False
    sent_on_record: bool = True
    stored: bool | None = None
    later: Later | None = None
    corpus: CorpusFacts | None = None
    limits: Mapping[str, NamedLimit] = field(default_factory=dict)
    open_licences: tuple[Signal, ...] = ()
    not_looked: Mapping[str, str] = field(default_factory=dict)
    unmade: Mapping[str, str] = field(default_factory=dict)
    _restricting: tuple[Signal, ...] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.not_looked and not self.unmade:
            self.unmade = named_checks(self.not_looked)

    @property
    def ordinary(self) -> bool:
        """True if nothing is known of the fetch but the declaration, the site and the response: what rests on anything
        else has the same answer for every URL."""
        return (
            self.attempt is AS_DECLARED
            and self.corpus is None
            and self.later is None
            and self.stored is None
            and not self.traces
            and not self.fetched
            and not self.open_licences
            and self.stage in _PLAIN_STAGES
            and not self.declaration.licences
            and self.declaration.published_since is None
        )

    @property
    def restricting(self) -> tuple[Signal, ...]:
        """Those of `signals` that restrict us, for what we declared; found once."""
        found = self._restricting
        if found is None:
            found = self._restricting = self.bearing(self.of_the_time(self.signals))
        return found

    @property
    def purposes(self) -> frozenset[Purpose]:
        """The purposes of site statements that bear on what the collector declared."""
        return relevant_purposes(self.declaration.uses)

    @property
    def robots_out_of_time(self) -> bool:
        """True if the copy of robots.txt in hand is no evidence for the time of the fetch: older than a day then,
        younger than the fetch, or without a date."""
        age = self.robots_age
        return self.robots_undated or (age is not None and not -CLOCK_SKEW <= age <= MAX_AGE)

    @property
    def robots_of_later(self) -> bool:
        """True if the copy of robots.txt was made after the fetch: it says nothing of then."""
        return self.robots_age is not None and self.robots_age < -CLOCK_SKEW

    def of_the_time(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """`signals` without the instructions of a robots.txt that was had after the fetch only. An older copy that
        refuses still counts: it was the last word that the collector had."""
        if not signals or not self.robots_of_later:
            return signals
        return tuple([s for s in signals if not in_robots_txt(s)])

    def bearing(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Those of `signals` that restrict us, for what we declared."""
        if not signals:
            return ()
        purposes = relevant_purposes(self.declaration.uses)
        return tuple([s for s in signals if s.subject in _US and s.polarity in RESTRICTIVE and s.purpose in purposes])


def in_robots_txt(signal: Signal) -> bool:
    """True for a measure that stands in the site's policy, before any answer."""
    return signal.strength is Strength.MEASURE and signal.scope in (Scope.PATH, Scope.ORIGIN)


def named_checks(not_looked: Mapping[str, str]) -> dict[str, str]:
    """Checks that were not made, under the names by which an assessment tells them, in order."""
    return {f"check.{check}": not_looked[check] for check in sorted(not_looked)}


@lru_cache(maxsize=256)
def relevant_purposes(uses: tuple[Use, ...]) -> frozenset[Purpose]:
    """Purposes of statements that concern the declared uses. `tdm` covers training and statistics, nothing covers
    search or AI input but their own statements."""
    purposes = {Purpose.CRAWL, Purpose.ACCESS}
    for use in uses:
        if use in _TRAINING:
            purposes |= {Purpose.TDM, Purpose.TRAIN}
            if use not in _NOT_GENERATIVE:
                purposes.add(Purpose.TRAIN_GEN)
        elif use is Use.STATISTICS:
            purposes.add(Purpose.TDM)
        elif use is Use.RAG:
            purposes.add(Purpose.AI_INPUT)
        elif use is Use.SEARCH_INDEX:
            purposes.add(Purpose.SEARCH)
    return frozenset(purposes)
