"""A4, B6, and what A2 reads of a corpus: facts of a whole run, weighed against limits that the project set itself.

No source gives a figure for a small group, large amounts or the extent considered necessary. A limit that nobody
set is not guessed: the question goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from ..model import Finding, NamedLimit, Outcome
from .facts import CorpusFacts, Facts
from .outcomes import NotAssessed, finding

_CORPUS = NotAssessed("not_assessed.corpus")
_POINTING = (Outcome.MET, Outcome.INDICATED)


class Extent(StrEnum):
    """How facts stand to the limits that were set."""

    WITHIN = "within"
    EXCEEDED = "exceeded"
    NO_LIMIT = "no_limit"


def concentration(facts: Facts) -> Extent | None:
    """Does one creator's work make up the corpus? None where nothing is known of creators.

    `single_creator_share` counts from its value on; `small_group_works`, where it is set, leaves larger sets out.
    """
    corpus = facts.corpus
    if corpus is None:
        return None
    share = Decimal(100) if corpus.creators == 1 else corpus.top_creator_share
    if share is None:
        return None
    if corpus.limit_exceeded is not None:
        return Extent.EXCEEDED if corpus.limit_exceeded else Extent.WITHIN
    limit, group = facts.limits.get("single_creator_share"), facts.limits.get("small_group_works")
    if group is not None and corpus.works is not None and corpus.works > group.value:
        return Extent.WITHIN
    if limit is None:
        return Extent.NO_LIMIT
    return Extent.EXCEEDED if share >= limit.value else Extent.WITHIN


def a4_necessity(facts: Facts) -> Finding | NotAssessed:
    """A4: does the collection go beyond the extent considered necessary for the declared analysis (ST09)?

    met: beyond the need that was declared; indicated: beyond a limit on duplicates or unused media; needs_human:
    such facts are there, and no limit is set.
    """
    corpus = facts.corpus
    if corpus is None:
        return _CORPUS
    need = facts.declaration.needed_works
    if need is not None and corpus.works is not None and corpus.works > need:
        return finding("A4", Outcome.MET, "a4.beyond_need", works=str(corpus.works), need=str(need))
    named = {"duplicate_share": corpus.duplicate_share, "unused_media_share": corpus.unused_media_share}
    known = {name: share for name, share in named.items() if share is not None}
    if not known:
        if need is not None and corpus.works is not None:
            return finding("A4", Outcome.NOT_MET, "a4.within_need", works=str(corpus.works), need=str(need))
        return _CORPUS
    extent, told = _extent(known, facts, corpus)
    return _A4[extent](told)


_A4 = {
    Extent.EXCEEDED: lambda told: finding("A4", Outcome.INDICATED, "a4.limit_exceeded", told=told),
    Extent.WITHIN: lambda told: finding("A4", Outcome.NOT_MET, "a4.within_limit", told=told),
    Extent.NO_LIMIT: lambda told: finding("A4", Outcome.NEEDS_HUMAN, "a4.no_limit", told=told),
}


def b6_market_conflict(facts: Facts, b1: Finding | NotAssessed, b4: Finding | NotAssessed) -> Finding | NotAssessed:
    """B6: does the reproduction compete in the market, or impede future sales channels (ST17, ST10, ST18, ST24)?

    A residual test. indicated: a limit on the volume of one site is passed where B1 or B4 points to a market;
    not_met: the volume is within the limits and nothing points to a market; otherwise a person decides.
    """
    corpus = facts.corpus
    if corpus is None:
        return _CORPUS
    named = {"site_pages": corpus.site_pages, "site_bytes": corpus.site_bytes, "site_share": corpus.site_share}
    known = {name: volume for name, volume in named.items() if volume is not None}
    if not known:
        return _CORPUS
    extent, told = _extent(known, facts, corpus)
    market = any(isinstance(found, Finding) and found.outcome in _POINTING for found in (b1, b4))
    if extent is Extent.NO_LIMIT:
        return finding("B6", Outcome.NEEDS_HUMAN, "b6.no_limit", told=told)
    if extent is Extent.EXCEEDED:
        if market:
            return finding("B6", Outcome.INDICATED, "b6.volume_and_market", told=told)
        return finding("B6", Outcome.NEEDS_HUMAN, "b6.volume_only", told=told)
    if market:
        return finding("B6", Outcome.NEEDS_HUMAN, "b6.market_only", told=told)
    return finding("B6", Outcome.NOT_MET, "b6.within_limit", told=told)


def _extent(known: Mapping[str, int | Decimal], facts: Facts, corpus: CorpusFacts) -> tuple[Extent, str]:
    """How the known facts stand to their limits, and both as text (`site_pages 180000 > 50000 (A. Person, ...)`)."""
    limits = {name: facts.limits[name] for name in known if name in facts.limits}
    told = ", ".join(_told(name, amount, limits.get(name)) for name, amount in known.items())
    if corpus.limit_exceeded is not None:
        return (Extent.EXCEEDED if corpus.limit_exceeded else Extent.WITHIN), told
    if not limits:
        return Extent.NO_LIMIT, told
    over = any(known[name] > limit.value for name, limit in limits.items())
    return (Extent.EXCEEDED if over else Extent.WITHIN), told


def _told(name: str, amount: int | Decimal, limit: NamedLimit | None) -> str:
    if limit is None:
        return f"{name} {amount}"
    sign = ">" if amount > limit.value else "<="
    return f"{name} {amount} {sign} {limit.value} {limit.unit} ({limit.owner}, {limit.date.isoformat()})"
