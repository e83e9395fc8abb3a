"""B2, B3, B5: technical measures, whom they name, and whether one was avoided."""

from __future__ import annotations

from ..model import Finding, Outcome, Polarity, Purpose, Scope, Signal, Strength
from ..signals.robots_standing import Standing
from .facts import Facts
from .outcomes import NotAssessed, finding, quote
from .permission import fitting_licence

# Statements about a product or a text for people: other criteria read them.
_NOT_MEASURES = ("dataset.", "wording.")
# Pages that came, but whose head could not be read: what it says is unknown, not absent.
_UNREAD = {
    "not_assessed.page_unreadable": "b2.page_unreadable",
    "not_assessed.page_partial": "b2.page_partial",
    "not_assessed.headers_cut": "b2.headers_cut",
}


def b2_applies(facts: Facts) -> Finding | NotAssessed:
    """B2: a measure covers this crawler and this URL (ST20, ST23).

    met: a robots.txt instruction or an access barrier; indicated: a machine-readable reservation outside
    robots.txt; unknown: robots.txt could not be had; needs_human: robots.txt itself was withheld.
    """
    bearing = tuple(s for s in facts.bearing(facts.signals) if not s.kind.startswith(_NOT_MEASURES))
    measures = tuple(s for s in bearing if _is_barrier(s))
    if measures:
        return finding("B2", Outcome.MET, "b2.measure", measures, quote=quote(measures[0]), kind=measures[0].kind)
    if "robots" in facts.not_looked:
        return NotAssessed(facts.not_looked["robots"])
    if facts.attempt.credentials is not None:
        return finding("B2", Outcome.MET, "b2.credentials_used", credentials=facts.attempt.credentials)
    if facts.robots in (Standing.UNREACHABLE, Standing.NOT_LOOKED):
        return finding("B2", Outcome.UNKNOWN, "b2.robots_unknown", why=facts.robots_reason or "no evidence")
    unread = next((_UNREAD[why] for why in facts.not_looked.values() if why in _UNREAD), None)
    if unread is not None:
        return finding("B2", Outcome.UNKNOWN, unread)
    proxies = tuple(s for s in facts.signals if s.kind == "access.407")
    if proxies:
        return finding("B2", Outcome.UNKNOWN, "b2.own_proxy", proxies)
    whole = tuple(s for s in bearing if s.scope is not Scope.ELEMENT)
    reserved = tuple(s for s in whole if not _is_conditional_offer(s))
    if reserved:
        first = reserved[0]
        return finding("B2", Outcome.INDICATED, "b2.reservation", reserved, quote=quote(first), kind=first.kind)
    refused = _refused_agents(facts)
    if refused and not facts.declaration.token_published:
        return finding("B2", Outcome.INDICATED, "b2.class_refused_token_unpublished", refused)
    if whole:
        return finding("B2", Outcome.NEEDS_HUMAN, "b2.conditional", whole, quote=quote(whole[0]), kind=whole[0].kind)
    if bearing:
        return finding("B2", Outcome.NEEDS_HUMAN, "b2.part_reserved", bearing, quote=quote(bearing[0]))
    if facts.robots is Standing.WITHHELD:
        return finding("B2", Outcome.NEEDS_HUMAN, "b2.robots_withheld", why=facts.robots_reason)
    return finding("B2", Outcome.NOT_MET, "b2.none")


def _is_conditional_offer(signal: Signal) -> bool:
    """Terms under which the use is offered (attribution, a token ...): whether they are met is for a person."""
    offered = signal.strength is Strength.OFFER and signal.purpose is not Purpose.ACCESS
    return offered and signal.polarity is Polarity.CONDITIONAL


def _is_barrier(signal: Signal) -> bool:
    if signal.strength is not Strength.MEASURE:
        return False
    # A condition on use that stands in robots.txt is a wish for conditions; on access it is a barrier.
    return signal.polarity is not Polarity.CONDITIONAL or signal.purpose is Purpose.ACCESS


def b3_ai_class(facts: Facts) -> Finding | NotAssessed:
    """B3: robots.txt refuses crawlers known to collect training data, and no rule covers ours (ST20, ST23)."""
    if "robots" in facts.not_looked:
        return NotAssessed(facts.not_looked["robots"])
    if facts.robots in (Standing.UNREACHABLE, Standing.NOT_LOOKED, Standing.WITHHELD):
        return finding("B3", Outcome.UNKNOWN, "b3.robots_unknown", why=facts.robots_reason or "no evidence")
    refused = _refused_agents(facts)
    if not refused:
        return finding("B3", Outcome.NOT_MET, "b3.none")
    if facts.names_us:
        return finding("B3", Outcome.NOT_MET, "b3.we_are_named")
    if any(s.kind == "robots.disallow" and s.subject in ("ours", "*") for s in facts.signals):
        return finding("B3", Outcome.NOT_MET, "b3.covered_by_rule")
    names = ", ".join(s.subject for s in refused)
    if any(s.detail.get("class") == "training" for s in refused):
        return finding("B3", Outcome.MET, "b3.refused", refused, agents=names)
    return finding("B3", Outcome.NEEDS_HUMAN, "b3.only_mixed", refused, agents=names)


def _refused_agents(facts: Facts) -> tuple[Signal, ...]:
    return tuple(s for s in facts.signals if s.kind == "robots.ai_agent")


def b5_avoided(facts: Facts) -> Finding | NotAssessed:
    """B5: was a measure avoided? Judged from the collector's own behaviour, never from the site (ST21)."""
    credentials = facts.attempt.credentials
    if credentials is not None:
        licence = fitting_licence(facts)
        if licence is None or not licence.credentials_allowed:
            return finding("B5", Outcome.MET, "b5.credentials_without_licence", credentials=credentials)
        return finding("B5", Outcome.NOT_MET, "b5.credentials_licensed", reference=licence.reference)
    if "attempts" in facts.not_looked:
        return NotAssessed(facts.not_looked["attempts"])
    return finding("B5", Outcome.NOT_MET, "b5.nothing_seen")
