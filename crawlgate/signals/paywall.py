"""Marks of paid articles: schema.org `isAccessibleForFree`, `requiresSubscription` and offers, Open Graph
`article:content_tier`, AMP's gates.

A mark says that the article is sold, not that this copy was withheld: metered sites set it while they
show everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from . import prices
from .jsonld import Graph, Node, excerpt, flag, prop, scalar, texts, types
from .page_head import Marked

MAX_MARKS = 100
"""Marks of one page that are kept."""

# Works that are the page, or stand in it; a page about a book or a film sells something else.
_SOLD_ALONE = re.compile(
    r"CreativeWork|Report|WebContent|\w*DigitalDocument|(?:Media|Audio|Video|Image)Object|\w*(?:Article|Posting)"
)
TIER_NAMES = ("article:content_tier", "og:article:content_tier")
# The types for which paywalled content is marked up, and their subtypes by ending. Places and events have
# `isAccessibleForFree` too and mean a ticket.
_ARTICLE = re.compile(
    r"CreativeWork|Blog|Book|Chapter|Comment|Course|HowTo|Message|Report|WebContent|\w*Episode"
    r"|(?:Media|Audio|Video)Object|\w*(?:Article|Posting|Review|Page)"
)


def read(
    page_data: Graph | Iterable[bytes | object],
    meta: Iterable[tuple[str, str]],
    *,
    marked: Iterable[Marked] = (),
    evidence: str = "",
) -> tuple[Signal, ...]:
    """The paywall marks of a page: of the nodes it describes itself with (or its JSON-LD blocks), of its `meta`
    elements (name, content), and of AMP's gates. Never raises.

    Where only parts of an article are marked, the scope is those elements; `detail` holds `selector`.
    """
    graph = page_data if isinstance(page_data, Graph) else Graph(page_data)
    graph.refill()
    marks: list[Signal] = []
    for node in graph.nodes:
        marks.extend(_article(graph, node, evidence))
    for name, content in meta:
        tier = content.strip().lower()
        if name.strip().lower() in TIER_NAMES and tier and tier != "free":
            marks.append(_tier(name.strip(), tier, evidence))
    marks.extend(_amp(gate, evidence) for gate in marked if gate.attribute == "id")
    return tuple(marks[:MAX_MARKS])


def _signal(
    scope: Scope, raw: str, evidence: str, detail: Mapping[str, str], name: str | None = None, other: str | None = None
) -> Signal:
    return Signal(
        kind="paywall.marker",
        purpose=Purpose.ACCESS,
        polarity=Polarity.CONDITIONAL,
        strength=Strength.OFFER,
        scope=scope,
        raw=raw[: DEFAULT_LIMITS.raw_text],
        evidence=evidence,
        name=name,
        detail={key: value[: DEFAULT_LIMITS.raw_text] for key, value in detail.items() if value},
        ambiguity=other,
    )


def _article(graph: Graph, node: Node, evidence: str) -> Iterator[Signal]:
    kind = next((name for name in types(node) if _ARTICLE.fullmatch(name[:64])), None)
    if kind is None:
        return
    free = flag(prop(node, "isAccessibleForFree"))
    parts = [part for part in graph.related(node, "hasPart") if flag(prop(part, "isAccessibleForFree")) is False]
    subscribed = _needs_subscription(graph, node)
    if free is False or parts or (subscribed and free is None):
        selectors = dict.fromkeys(text for part in parts for text in texts(prop(part, "cssSelector")))
        scope = Scope.ELEMENT if parts and free is not False else Scope.RESPONSE
        yield _signal(scope, excerpt(node), evidence, {"type": kind, "selector": ", ".join(selectors)})
    if free is not True and _SOLD_ALONE.fullmatch(kind):
        price, currency = _price(graph, node)
        if price:
            detail = {"type": kind, "price": price, "currency": currency}
            mark = _signal(Scope.RESPONSE, excerpt(node), evidence, detail)
            yield replace(mark, kind="paywall.offer", polarity=Polarity.PRICED)


def _needs_subscription(graph: Graph, node: Node) -> bool:
    """`requiresSubscription`: true, or a MediaSubscription; also of the action that reads the work."""
    for holder in (node, *graph.related(node, "potentialAction")):
        if flag(prop(holder, "requiresSubscription")) is True:
            return True
        for held in graph.related(holder, "requiresSubscription"):
            if "MediaSubscription" in types(held):
                return True
    return False


def _price(graph: Graph, node: Node) -> tuple[str, str]:
    """What the work itself costs; empty where it costs nothing, or one of its offers does."""
    offers = [*graph.related(node, "offers")]
    for action in graph.related(node, "potentialAction"):
        offers.extend(graph.related(action, "expectsAcceptanceOf"))
    found: list[tuple[str, bool | None, str]] = []
    for offer in offers:
        for holder in (offer, *graph.related(offer, "priceSpecification")):
            written = scalar(prop(holder, "price", "lowPrice"))
            if written is not None:
                named = next(iter(texts(prop(holder, "priceCurrency"))), "")
                found.append((*prices.amount(written), named[:16].upper() or prices.currency(written)))
    if any(paid is False for _, paid, _ in found):
        return "", ""
    return next(((price, currency) for price, paid, currency in found if paid), ("", ""))


def _amp(gate: Marked, evidence: str) -> Signal:
    """An AMP page hands its parts out by the answer of an authorisation service, which free sites use too."""
    name = gate.value.lower()
    mark = _signal(Scope.ELEMENT, f"<script id={name}>", evidence, {"type": name}, name=name)
    return replace(mark, kind="paywall.amp_gate", polarity=Polarity.UNSPECIFIED, span=gate.span)


def _tier(name: str, tier: str, evidence: str) -> Signal:
    """`locked` and `metered` are defined; another word is read as metered."""
    known = tier in ("locked", "metered")
    return _signal(
        Scope.RESPONSE,
        f"{name}: {tier}",
        evidence,
        {"tier": tier if known else "metered"},
        name=name.lower(),
        other=None if known else "the tier is none of free, metered, locked",
    )
