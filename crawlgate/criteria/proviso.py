"""B1, B4: paid databases, and an inferred intention to sell data for analysis."""

from __future__ import annotations

from ..model import Finding, Outcome, Polarity, Purpose, Signal, Strength
from .facts import Facts
from .outcomes import NotAssessed, finding, quote


def b1_paid_database(facts: Facts) -> Finding | NotAssessed:
    """B1: met only where the resource is the paid one; a site that sells elsewhere is indicated (ST19, ST08)."""
    if facts.offers_here:
        offer = facts.offers_here[0]
        return finding(
            "B1", Outcome.MET, "b1.is_the_product", page=offer.page, price=_price(offer.price, offer.currency)
        )
    priced = tuple(
        s
        for s in facts.signals
        # A page that sells an article describes it; a server that asks for money refuses without it.
        if s.polarity is Polarity.PRICED
        and s.purpose in (Purpose.CRAWL, Purpose.ACCESS)
        and s.strength is Strength.MEASURE
    )
    if priced:
        return finding("B1", Outcome.INDICATED, "b1.asked_to_pay", priced, quote=quote(priced[0]))
    licensed = tuple(
        s for s in facts.bearing(facts.signals) if s.kind.startswith("rsl.") and s.polarity is Polarity.PRICED
    )
    if licensed:
        return finding("B1", Outcome.INDICATED, "b1.licence_priced", licensed, quote=quote(licensed[0]))
    if facts.offers_on_site:
        offer = facts.offers_on_site[0]
        return finding(
            "B1", Outcome.INDICATED, "b1.sold_on_site", page=offer.page, price=_price(offer.price, offer.currency)
        )
    sold = tuple(s for s in facts.signals + facts.elsewhere if s.kind in ("dataset.offer", "wording.paid_database"))
    if sold:
        return finding("B1", Outcome.INDICATED, "b1.sold_in_words", sold, quote=quote(sold[0]))
    return finding("B1", Outcome.NOT_MET, "b1.none")


def _price(price: str, currency: str) -> str:
    return f"{price} {currency}".strip() or "price not given"


def _protocol(signal: Signal) -> str:
    return signal.kind.partition(".")[0]


def b4_future_market(facts: Facts, b1: Finding, b2: Finding, b3: Finding) -> Finding | NotAssessed:
    """B4: facts point to a planned sale. Never met by machine (ST20, ST22)."""
    pointing = (Outcome.MET, Outcome.INDICATED)
    for found, reason in ((b2, "b4.measure"), (b3, "b4.class_refused"), (b1, "b4.sold")):
        if found.outcome in pointing:
            return finding("B4", Outcome.INDICATED, reason, found.signals)
    # Where a protocol expressly permits this URL, what it reserves on other paths says nothing about this one.
    permitting = {
        _protocol(s) for s in facts.signals if s.polarity is Polarity.PERMITTED and s.purpose in facts.purposes
    }
    elsewhere = tuple(s for s in facts.bearing(facts.elsewhere) if _protocol(s) not in permitting)
    if elsewhere:
        return finding("B4", Outcome.INDICATED, "b4.reserved_elsewhere", elsewhere, quote=quote(elsewhere[0]))
    offered = tuple(s for s in facts.signals + facts.elsewhere if s.kind == "wording.licence_offer")
    if offered:
        return finding("B4", Outcome.INDICATED, "b4.licence_offered", offered, quote=quote(offered[0]))
    if Outcome.UNKNOWN in (b2.outcome, b3.outcome):
        return finding("B4", Outcome.UNKNOWN, "b4.unknown")
    if Outcome.NEEDS_HUMAN in (b2.outcome, b3.outcome):
        return finding("B4", Outcome.NEEDS_HUMAN, "b4.needs_human")
    return finding("B4", Outcome.NOT_MET, "b4.none")
