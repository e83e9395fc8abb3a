"""A page as the protocols read it: its head, what it describes itself as, and its words."""

from __future__ import annotations

from dataclasses import replace

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Lint, Signal
from ..url import Url
from . import (
    challenge,
    creator,
    dataset,
    feed,
    login_page,
    microdata,
    open_licence,
    page_head,
    paywall,
    paywall_text,
    quick_page,
    robots_tags,
    rsl,
    sales_page,
    tdmrep,
    wording,
)
from .jsonld import Graph
from .page_head import PageHead
from .reading import Reading

_DOCUMENTS = (*feed.ROOTS, "rsl", "urlset", "sitemapindex", "opml", "package")
_KEPT = ("licence", "headers", "tdm_policy")
"""Checks that a page does not make up for."""


def read(
    body: bytes,
    before: Reading,
    *,
    url: Url,
    headers: Headers,
    token: str,
    whole: bool,
    status: int = 200,
    evidence: str = "",
    limits: Limits = DEFAULT_LIMITS,
    findings_only: bool = False,
    head_seen: bool = False,
) -> Reading:
    """`before` with what the page adds. `body` may be its beginning only; `whole` says that nothing follows.
    `findings_only` says that lint is not wanted, which a page that says nothing is then not searched for, `head_seen`
    that its head is known to be complete.

    XML that is no page (a feed, a sitemap) is looked through for licences; it has no head and no words.
    """
    content_type = headers.get("content-type") or ""
    root = feed.root_name(body)
    declared = "xml" in content_type.lower() or not content_type
    if declared and root not in ("", "html") and (root in _DOCUMENTS or body[:100].lstrip().startswith(b"<?xml")):
        return _other_xml(body, before, root, evidence)
    whole = whole and len(body) <= limits.page_head_bytes
    body = body[: limits.page_head_bytes]
    not_looked = {name: why for name, why in before.not_looked.items() if name in _KEPT}
    if not whole:
        not_looked["terms"] = "not_assessed.head_only"
    if findings_only and (whole or head_seen or page_head.head_complete(body)):
        quiet = quick_page.read(
            body,
            before,
            url=url,
            content_type=content_type,
            token=token,
            whole=whole,
            not_looked=not_looked,
            evidence=evidence,
        )
        if quiet is not None:
            return quiet
    head = page_head.scan(body, content_type=content_type, limit=limits.page_head_bytes, whole=whole)
    lint: list[Lint] = []
    graph = Graph((*head.jsonld, *microdata.nodes(body, charset=head.charset)))
    facts = dataset.read(graph, page=url, evidence=evidence)
    named = [(tag.name, tag.content) for tag in head.meta]
    marks = paywall.read(graph, named, marked=head.marked, evidence=evidence)
    references = rsl.from_page(head, base=url, lint=lint)
    tags = robots_tags.meta(head, token=token, evidence=evidence, lint=lint)
    signals = (
        *robots_tags.bing_pair((*before.signals, *tags)),
        *inline_licences(references, url, evidence, lint),
        *facts.signals,
        *marks,
        *login_page.read(body, content_type=content_type, url=url.href, evidence=evidence, whole=whole),
    )
    if not head.complete:
        not_looked["page_head"] = "not_assessed.head_cut"
    licences = before.licences + tuple(reference for reference in references if reference.url is not None)
    if whole:
        if not findings_only or quick_page.may_say(head.text):
            signals += (*wording.read(head.text, evidence=evidence), *paywall_text.words(head.text, evidence=evidence))
        signals += paywall_text.hidden(body, marks, evidence=evidence)
        signals += challenge.read(status, headers, body, known=before.signals, evidence=evidence)
    return replace(
        before,
        signals=signals,
        tdm_meta=tdmrep.meta(head, base=url, evidence=evidence, lint=lint),
        offers=facts.offers,
        open_licences=(
            *before.open_licences,
            *open_licence.from_page(body, head, graph, base=url, evidence=evidence),
        ),
        creators=creator.read(head, graph, page=url),
        original=_original(head, url),
        of_site=_of_site(signals, head.title, url),
        lint=(*before.lint, *head.lint, *facts.lint, *lint),
        licences=licences,
        named_licences=licences,
        dataset=facts.standing,
        not_looked=not_looked,
    )


def _of_site(signals: tuple[Signal, ...], title: str, page: Url) -> tuple[Signal, ...]:
    """Words on the site's terms, or on pages about the site, as they bear on its other pages."""
    said = tuple(signal for signal in signals if signal.kind.startswith("wording."))
    speaks = sales_page.speaks_for_site(page.target, title) if said else None
    if speaks is None:
        return ()
    place = {"page": page.href} if speaks else {"page": page.href, "place": "of another page"}
    return tuple(replace(signal, detail={**signal.detail, **place}) for signal in said)


def _original(head: PageHead, page: Url) -> str:
    """The canonical URL that a page names, where it is on another host; of several the first counts."""
    for link in head.links:
        if "canonical" in link.rel.split() and not link.in_body:
            try:
                named = urls.join(page, link.href)
            except UrlError:
                return ""
            return named.href if named.host != page.host else ""
    return ""


def inline_licences(
    references: tuple[rsl.RslReference, ...], url: Url, evidence: str, lint: list[Lint]
) -> tuple[Signal, ...]:
    """What licences say that stand in the response itself; those elsewhere would have to be fetched."""
    found: list[Signal] = []
    for reference in references:
        if reference.url is None:
            document = rsl.parse(reference.body, base=url, evidence=evidence, reference=reference)
            lint.extend(document.lint)
            if document:
                found.extend(document.signals(document.match(url.target)))
            else:
                found.append(rsl.unobtainable(reference, evidence=evidence, reason=document.lint[0].code))
    return tuple(found)


def _other_xml(body: bytes, before: Reading, root: str, evidence: str) -> Reading:
    lint: list[Lint] = []
    signals = feed.read(body, evidence=evidence, lint=lint) if root in feed.ROOTS else ()
    not_looked = {name: why for name, why in before.not_looked.items() if name in _KEPT}
    return replace(before, signals=before.signals + signals, lint=(*before.lint, *lint), not_looked=not_looked)
