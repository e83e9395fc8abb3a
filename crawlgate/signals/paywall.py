"""Marks of paid articles: schema.org `isAccessibleForFree` and Open Graph `article:content_tier`.

A mark says that the article is sold, not that this copy was withheld: metered sites set it while they
show everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from .jsonld import Graph, Node, excerpt, flag, prop, texts, types

MAX_MARKS = 100
"""Marks of one page that are kept."""

_TIER_NAMES = ("article:content_tier", "og:article:content_tier")
# The types for which paywalled content is marked up, and their subtypes by ending. Places and events have
# `isAccessibleForFree` too and mean a ticket.
_ARTICLE = re.compile(
    r"CreativeWork|Blog|Book|Chapter|Comment|Course|HowTo|Message|Report|WebContent|\w*Episode"
    r"|(?:Media|Audio|Video)Object|\w*(?:Article|Posting|Review|Page)"
)


def read(
    jsonld: Iterable[bytes | object], meta: Iterable[tuple[str, str]], *, evidence: str = ""
) -> tuple[Signal, ...]:
    """The paywall marks of a page, from its JSON-LD blocks and its `meta` elements (name, content). Never raises.

    Where only parts of an article are marked, the scope is those elements; `detail` holds `selector`.
    """
    graph = Graph(jsonld)
    marks = [mark for node in graph.nodes if (mark := _article(graph, node, evidence)) is not None]
    for name, content in meta:
        tier = content.strip().lower()
        if name.strip().lower() in _TIER_NAMES and tier and tier != "free":
            marks.append(_tier(name.strip(), tier, evidence))
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


def _article(graph: Graph, node: Node, evidence: str) -> Signal | None:
    kind = next((name for name in types(node) if _ARTICLE.fullmatch(name[:64])), None)
    if kind is None:
        return None
    free = flag(prop(node, "isAccessibleForFree"))
    parts = [part for part in graph.related(node, "hasPart") if flag(prop(part, "isAccessibleForFree")) is False]
    if free is not False and not parts:
        return None
    selectors = dict.fromkeys(text for part in parts for text in texts(prop(part, "cssSelector")))
    scope = Scope.RESPONSE if free is False else Scope.ELEMENT
    return _signal(scope, excerpt(node), evidence, {"type": kind, "selector": ", ".join(selectors)})


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
