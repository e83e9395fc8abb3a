"""What the criteria read: everything known about one URL at one time, and what was not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..model import Attempt, Declaration, NoticeMatch, Polarity, Purpose, Signal, Stage, Use
from ..signals.dataset import PaidOffer
from ..signals.robots_standing import Standing

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
RESTRICTIVE = (Polarity.RESERVED, Polarity.PRICED, Polarity.CONDITIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Input of every criterion; pure data.

    `signals` are the statements in force for this URL, after each protocol's own precedence; `elsewhere`
    are statements of the same site about other paths. `offers` are paid datasets known on the site, split by
    whether one of them is this very resource. `not_looked` maps a check (`tdmrep`, `lists`, `terms`, `page`,
    `attempts`) to the reason key why it was not made; a check that is absent there was made.
    """

    stage: Stage
    at: datetime
    url: str
    declaration: Declaration
    attempt: Attempt = field(default_factory=Attempt)
    signals: tuple[Signal, ...] = ()
    elsewhere: tuple[Signal, ...] = ()
    robots: Standing = Standing.NOT_LOOKED
    robots_reason: str = ""
    robots_age: timedelta | None = None
    names_us: bool = False
    notices: tuple[NoticeMatch, ...] = ()
    offers_here: tuple[PaidOffer, ...] = ()
    offers_on_site: tuple[PaidOffer, ...] = ()
    not_looked: Mapping[str, str] = field(default_factory=dict)

    @property
    def purposes(self) -> frozenset[Purpose]:
        """The purposes of site statements that bear on what the collector declared."""
        return relevant_purposes(self.declaration.uses)

    def bearing(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Those of `signals` that restrict us, for what we declared."""
        purposes = self.purposes
        return tuple(
            s for s in signals if s.polarity in RESTRICTIVE and s.purpose in purposes and s.subject in ("ours", "*")
        )


def relevant_purposes(uses: tuple[Use, ...]) -> frozenset[Purpose]:
    """Purposes of statements that concern the declared uses. `tdm` covers training, nothing covers search or
    AI input but their own statements."""
    purposes = {Purpose.CRAWL, Purpose.ACCESS}
    for use in uses:
        if use in _TRAINING:
            purposes |= {Purpose.TDM, Purpose.TRAIN}
            if use not in _NOT_GENERATIVE:
                purposes.add(Purpose.TRAIN_GEN)
        elif use is Use.RAG:
            purposes.add(Purpose.AI_INPUT)
        elif use is Use.SEARCH_INDEX:
            purposes.add(Purpose.SEARCH)
    return frozenset(purposes)
