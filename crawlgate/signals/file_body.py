"""The body of a response that is no page: what is embedded in images, films and documents, and data about data."""

from __future__ import annotations

from dataclasses import replace

from ..headers import Headers
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Lint
from ..url import Url
from . import c2pa, dataset, epub, gated, wording, xmp
from .jsonld import Graph
from .reading import Reading

_JSON_TYPES = ("application/json", "application/ld+json")
_TEXT_TYPES = ("text/plain", "text/markdown", "text/x-markdown")


def read(
    body: bytes,
    before: Reading,
    *,
    url: Url,
    headers: Headers,
    evidence: str = "",
    limits: Limits = DEFAULT_LIMITS,
) -> Reading:
    """`before` with what is embedded in a file, in its first bytes or all of it. Never raises."""
    lint: list[Lint] = []
    beginning = body[: limits.media_bytes]
    media_type = (headers.get("content-type") or "").partition(";")[0].strip().lower()
    embedded = (
        *xmp.read(beginning, evidence=evidence, lint=lint),
        *epub.read(beginning, evidence=evidence, lint=lint),
    )
    signals = [signal for signal in embedded if not signal.kind.startswith("tdmrep.")]
    signals += c2pa.read(beginning, evidence=evidence, lint=lint)
    offers, standing = before.offers, before.dataset
    not_looked = {name: why for name, why in before.not_looked.items() if name != "page"}
    if media_type in _JSON_TYPES or media_type.endswith("+json"):
        facts = dataset.read(Graph([beginning]), page=url, evidence=evidence)
        signals += (*facts.signals, *gated.read_json(beginning, evidence=evidence))
        standing = facts.standing
        offers, lint = offers + facts.offers, [*lint, *(note for note in facts.lint if facts.signals)]
    elif media_type in _TEXT_TYPES:
        signals += gated.read_card(beginning, evidence=evidence)
        if len(body) <= limits.page_head_bytes:
            signals += wording.read(body.decode("utf-8", "replace"), evidence=evidence)
            not_looked.pop("terms", None)
    # TDMRep inside a file supersedes the well-known file and the header, as a page's meta tag does.
    return replace(
        before,
        signals=(*before.signals, *signals),
        tdm_meta=tuple(signal for signal in embedded if signal.kind.startswith("tdmrep.")),
        offers=offers,
        dataset=standing,
        lint=(*before.lint, *lint),
        not_looked=not_looked,
    )
