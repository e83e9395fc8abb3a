"""B2, B3: technical measures against AI collection, and whom they name."""

from __future__ import annotations

from ..model import Finding, Outcome, Polarity, Purpose, Scope, Signal, Strength
from ..signals.robots_standing import Standing
from .facts import Facts
from .outcomes import NotAssessed, finding, quote

_UNKNOWN = (Standing.UNREACHABLE, Standing.NOT_LOOKED)
SERVED_LATER = "served"
"""`detail["later"]` of a refusal after which the same crawler, unchanged, was served."""

# Statements about a product or a text for people: other criteria read them.
_NOT_MEASURES = ("dataset.", "wording.")
# Pages that came, but whose head could not be read: what it says is unknown, not absent.
_UNREAD = {
    "not_assessed.page_unreadable": "b2.page_unreadable",
    "not_assessed.page_partial": "b2.page_partial",
    "not_assessed.headers_cut": "b2.headers_cut",
    "not_assessed.head_cut": "b2.head_cut",
}


_B2_NONE = finding("B2", Outcome.NOT_MET, "b2.none")
_B2_STALE = finding("B2", Outcome.UNKNOWN, "b2.robots_out_of_time")
_B3_NONE = finding("B3", Outcome.NOT_MET, "b3.none")
_B3_NAMED = finding("B3", Outcome.NOT_MET, "b3.we_are_named")
_B3_COVERED = finding("B3", Outcome.NOT_MET, "b3.covered_by_rule")
_B3_STALE = finding("B3", Outcome.UNKNOWN, "b3.robots_out_of_time")
# A class that is refused by name: how sure it is that its members collect training data.
_CLASSES = (
    ("training", Outcome.MET, "b3.refused"),
    ("data-broker", Outcome.INDICATED, "b3.brokers_refused"),
    ("mixed", Outcome.NEEDS_HUMAN, "b3.only_mixed"),
)


def b2_applies(facts: Facts) -> Finding | NotAssessed:
    """B2: a measure covers this crawler and this URL (ST20, ST23).

    met: a robots.txt instruction or an access barrier; indicated: a machine-readable reservation outside
    robots.txt; unknown: robots.txt of the time could not be had; needs_human: robots.txt itself was withheld, or the
    same crawler was refused first and served later.
    """
    bearing = facts.restricting
    if bearing:
        bearing = tuple([s for s in bearing if not s.kind.startswith(_NOT_MEASURES)])
        measures = tuple([s for s in bearing if _is_barrier(s) and s.detail.get("later") != SERVED_LATER])
        if measures:
            return finding("B2", Outcome.MET, "b2.measure", measures, quote=quote(measures[0]), kind=measures[0].kind)
    if facts.attempt.credentials is not None:
        return finding("B2", Outcome.MET, "b2.credentials_used", credentials=facts.attempt.credentials)
    not_looked = facts.not_looked
    if "robots" in not_looked:
        return NotAssessed(not_looked["robots"])
    if facts.robots in _UNKNOWN:
        return finding("B2", Outcome.UNKNOWN, "b2.robots_unknown", why=facts.robots_reason or "no evidence")
    if not_looked:
        unread = next((_UNREAD[why] for why in not_looked.values() if why in _UNREAD), None)
        if unread is not None:
            return finding("B2", Outcome.UNKNOWN, unread)
    if facts.signals:
        proxies = [s for s in facts.signals if s.kind == "access.407"]
        if proxies:
            return finding("B2", Outcome.UNKNOWN, "b2.own_proxy", tuple(proxies))
        found = _reserved(bearing) if bearing else None
        if found is not None:
            return found
        if not facts.declaration.published(facts.at):
            refused = () if facts.robots_of_later else _refused_agents(facts)
            if refused:
                return finding("B2", Outcome.INDICATED, "b2.class_refused_token_unpublished", refused)
        if bearing:
            return _in_part(bearing)
    if facts.robots_out_of_time:
        return _B2_STALE
    if facts.robots is Standing.WITHHELD:
        return finding("B2", Outcome.NEEDS_HUMAN, "b2.robots_withheld", why=facts.robots_reason)
    return _B2_NONE


def _reserved(bearing: tuple[Signal, ...]) -> Finding | None:
    """A reservation that is no barrier, and covers the whole resource."""
    reserved = tuple(s for s in _whole(bearing) if not _is_conditional_offer(s))
    if not reserved:
        return None
    return finding("B2", Outcome.INDICATED, "b2.reservation", reserved, quote=quote(reserved[0]), kind=reserved[0].kind)


def _whole(bearing: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Statements about the whole resource that stand now."""
    return tuple(s for s in bearing if s.scope is not Scope.ELEMENT and s.detail.get("later") != SERVED_LATER)


def _in_part(bearing: tuple[Signal, ...]) -> Finding:
    """What remains for a person: a refusal that was over later, conditions, a part of the resource."""
    passed = tuple(s for s in bearing if s.detail.get("later") == SERVED_LATER)
    if passed:
        return finding("B2", Outcome.NEEDS_HUMAN, "b2.refused_then_served", passed, quote=quote(passed[0]))
    whole = _whole(bearing)
    if whole:
        return finding("B2", Outcome.NEEDS_HUMAN, "b2.conditional", whole, quote=quote(whole[0]), kind=whole[0].kind)
    return finding("B2", Outcome.NEEDS_HUMAN, "b2.part_reserved", bearing, quote=quote(bearing[0]))


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
    """B3: robots.txt refuses crawlers known to collect training data, and no rule covers ours (ST20, ST23).

    met: one that is known to collect training data; indicated: brokers of data; needs_human: crawlers that serve
    search and training under one name.
    """
    if "robots" in facts.not_looked:
        return NotAssessed(facts.not_looked["robots"])
    if facts.robots in _UNKNOWN or facts.robots is Standing.WITHHELD:
        return finding("B3", Outcome.UNKNOWN, "b3.robots_unknown", why=facts.robots_reason or "no evidence")
    refused = _refused_agents(facts) if facts.signals and not facts.robots_of_later else ()
    if not refused:
        return _B3_STALE if facts.robots_out_of_time else _B3_NONE
    if facts.names_us:
        return _B3_NAMED
    if any(s.kind == "robots.disallow" for s in facts.restricting):
        return _B3_COVERED
    names = ", ".join([s.subject for s in refused])
    classes = [s.detail.get("class") for s in refused]
    for kind, outcome, reason in _CLASSES:
        if kind in classes:
            return finding("B3", outcome, reason, refused, agents=names)
    return finding("B3", Outcome.NEEDS_HUMAN, "b3.only_mixed", refused, agents=names)


def _refused_agents(facts: Facts) -> tuple[Signal, ...]:
    return tuple([s for s in facts.signals if s.kind == "robots.ai_agent"])
