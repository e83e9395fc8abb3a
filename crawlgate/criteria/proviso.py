"""B1, B4: paid databases, and an inferred intention to sell data for analysis."""

from __future__ import annotations

from ..model import Finding, Outcome, Polarity, Purpose, RegisterEntry, Signal, Strength
from .facts import Facts
from .outcomes import NotAssessed, finding, quote

_POINTING = (Outcome.MET, Outcome.INDICATED)
_B1_NONE = finding("B1", Outcome.NOT_MET, "b1.none")
_B1_UNREAD = finding("B1", Outcome.UNKNOWN, "b1.page_unreadable")
_B4_NONE = finding("B4", Outcome.NOT_MET, "b4.none")
_B4_UNKNOWN = finding("B4", Outcome.UNKNOWN, "b4.unknown")
_B4_PERSON = finding("B4", Outcome.UNKNOWN, "b4.needs_human")

# Protocols that say under which terms a use is licensed.
_LICENSING = ("rsl.", "tdmrep.", "odrl.")


def b1_paid_database(facts: Facts) -> Finding | NotAssessed:
    """B1: met only where the resource is the paid one; a site that sells elsewhere is indicated (ST19, ST08).

    A sale that the register knows from the past is B4's; here counts what is available for a fee. needs_human: the
    only price that was seen may be none. unknown: the page came and could not be read.
    """
    if facts.offers_here:
        offer = facts.offers_here[0]
        return finding(
            "B1", Outcome.MET, "b1.is_the_product", page=offer.page, price=_price(offer.price, offer.currency)
        )
    if facts.register_here:
        return _registered("b1.is_registered", Outcome.MET, facts.register_here[0])
    priced = [s for s in facts.signals if s.polarity is Polarity.PRICED] if facts.signals else ()
    asking = tuple([s for s in priced if _asks_to_pay(s)])
    if priced:
        sure = tuple(s for s in asking if s.ambiguity is None)
        if sure:
            return finding("B1", Outcome.INDICATED, "b1.asked_to_pay", sure, quote=quote(sure[0]))
        licensed = tuple(s for s in facts.bearing(tuple(priced)) if s.kind.startswith(_LICENSING))
        if licensed:
            return finding("B1", Outcome.INDICATED, "b1.licence_priced", licensed, quote=quote(licensed[0]))
    if facts.offers_on_site:
        offer = facts.offers_on_site[0]
        return finding(
            "B1", Outcome.INDICATED, "b1.sold_on_site", page=offer.page, price=_price(offer.price, offer.currency)
        )
    for entry in facts.register_on_site:
        if not entry.past:
            return _registered("b1.registered", Outcome.INDICATED, entry)
    if priced or facts.elsewhere:
        sold = tuple(s for s in (*priced, *facts.elsewhere) if s.kind in ("dataset.offer", "wording.paid_database"))
        if sold:
            return finding("B1", Outcome.INDICATED, "b1.sold_in_words", sold, quote=quote(sold[0]))
    if asking:
        return finding("B1", Outcome.NEEDS_HUMAN, "b1.price_unclear", asking, quote=quote(asking[0]))
    if "not_assessed.page_unreadable" in facts.not_looked.values():
        return _B1_UNREAD
    return _B1_NONE


def _asks_to_pay(signal: Signal) -> bool:
    """A server that refuses without money; a page that sells an article describes it."""
    return signal.strength is Strength.MEASURE and signal.purpose in (Purpose.CRAWL, Purpose.ACCESS)


def _registered(reason: str, outcome: Outcome, entry: RegisterEntry) -> Finding:
    return finding(
        "B1",
        outcome,
        reason,
        host=entry.host,
        product=entry.name or entry.product,
        price=_price(entry.price, entry.currency),
        seen=_day(entry),
        source=entry.source,
    )


def _day(entry: RegisterEntry) -> str:
    return entry.first_seen.date().isoformat() if entry.first_seen else "…"


def _price(price: str, currency: str) -> str:
    return f"{price} {currency}".strip() or "…"


def _protocol(signal: Signal) -> str:
    return signal.kind.partition(".")[0]


def b4_future_market(facts: Facts, b1: Finding, b2: Finding, b3: Finding) -> Finding | NotAssessed:
    """B4: facts point to a planned sale: measures, offers, a past sales record (ST20, ST22).

    A machine finds it indicated, not_met or unknown; where it hangs on a question for a person, that question stands
    at the criterion that asks it (B1, B2 or B3).
    """
    for found, reason in ((b2, "b4.measure"), (b3, "b4.class_refused"), (b1, "b4.sold")):
        if found.outcome in _POINTING:
            return finding("B4", Outcome.INDICATED, reason, found.signals)
    if facts.register_on_site:
        entry = facts.register_on_site[0]
        product = entry.name or entry.product
        return finding("B4", Outcome.INDICATED, "b4.sales_record", host=entry.host, product=product, seen=_day(entry))
    if facts.elsewhere or facts.signals:
        # Where a protocol expressly permits this URL, what it reserves on other paths says nothing about this one.
        permitting = {
            _protocol(s) for s in facts.signals if s.polarity is Polarity.PERMITTED and s.purpose in facts.purposes
        }
        reserved = facts.bearing(facts.of_the_time(facts.elsewhere))
        elsewhere = tuple(s for s in reserved if _protocol(s) not in permitting and not s.kind.startswith("wording."))
        if elsewhere:
            return finding("B4", Outcome.INDICATED, "b4.reserved_elsewhere", elsewhere, quote=quote(elsewhere[0]))
        offered = tuple(s for s in facts.signals + facts.elsewhere if s.kind == "wording.licence_offer")
        if offered:
            return finding("B4", Outcome.INDICATED, "b4.licence_offered", offered, quote=quote(offered[0]))
    outcomes = (b2.outcome, b3.outcome)
    if Outcome.UNKNOWN in outcomes:
        return _B4_UNKNOWN
    if Outcome.NEEDS_HUMAN in outcomes or b1.outcome is Outcome.NEEDS_HUMAN:
        return _B4_PERSON
    return _B4_NONE
