"""A response as the protocols read it: headers first, then the head of a page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Lint, Signal
from ..url import Url
from . import (
    access,
    aipref,
    c2pa,
    challenge,
    content_signal,
    creator,
    dataset,
    login_page,
    microdata,
    open_licence,
    page_head,
    payment,
    paywall,
    paywall_text,
    robots_tags,
    rsl,
    tdmrep,
    wording,
    xmp,
)
from .dataset import PaidOffer
from .jsonld import Graph

# TDMRep inside a file supersedes the well-known file and the header, as a page's meta tag does.
_TDM_IN_FILE = "tdmrep.xmp"
_PAGE_TYPES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one response says. TDMRep's carriers stay apart, because a later one supersedes an earlier one.

    `not_looked` names the checks that were not made (`page`, `terms`) with the reason key. `open_licences` are
    licences that the resource names for itself; `creators` who made it, and `original` the URL on another host that it
    names as its canonical one.
    """

    signals: tuple[Signal, ...] = ()
    tdm_header: tuple[Signal, ...] = ()
    tdm_meta: tuple[Signal, ...] = ()
    offers: tuple[PaidOffer, ...] = ()
    open_licences: tuple[Signal, ...] = ()
    creators: tuple[str, ...] = ()
    original: str = ""
    lint: tuple[Lint, ...] = ()
    not_looked: dict[str, str] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """True if nothing was said, the usual case."""
        return not (self.signals or self.tdm_header or self.tdm_meta or self.offers or self.open_licences)


def is_page(status: int, headers: Headers) -> bool:
    """True if the body is a page whose head can speak: a 2xx answer in HTML, or without a declared type."""
    media_type = (headers.get("content-type") or "").partition(";")[0].strip().lower()
    return 200 <= status < 300 and (not media_type or media_type in _PAGE_TYPES)


def is_later_part(status: int, headers: Headers) -> bool:
    """True for a range of a page that does not hold its beginning (RFC 9110 15.3.7): what its head says is unknown."""
    return status == 206 and not (headers.get("content-range") or "").lower().startswith("bytes 0-")


def read_headers(status: int, headers: Headers, *, url: Url, token: str, evidence: str = "") -> Reading:
    """What status line and headers say (everything that is known before the first byte of the body)."""
    lint: list[Lint] = []
    signals = (
        *access.read(status, headers, url=url, evidence=evidence),
        *payment.read(status, headers, evidence=evidence),
        *robots_tags.header(headers, token=token, evidence=evidence, lint=lint),
        *aipref.header(headers, evidence=evidence, lint=lint),
        *content_signal.header(headers, evidence=evidence, lint=lint),
    )
    tdm_header = tdmrep.header(headers, evidence=evidence, lint=lint)
    named = (
        {"licence": "not_assessed.licence_not_fetched"} if rsl.from_link_header(headers, base=url, lint=lint) else {}
    )
    if headers.cut:
        named["headers"] = "not_assessed.headers_cut"
    page = is_page(status, headers)
    reason = "not_assessed.body_streamed" if 200 <= status < 300 else "not_assessed.no_content"
    return Reading(
        signals=signals,
        tdm_header=tuple(tdm_header),
        open_licences=open_licence.from_headers(headers, base=url, evidence=evidence),
        lint=tuple(lint),
        not_looked=named if page else named | {"page": reason, "terms": reason},
    )


def read_page(
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
) -> Reading:
    """`before` with what the page adds. `body` may be its beginning only; `whole` says that nothing follows."""
    whole = whole and len(body) <= limits.page_head_bytes
    body = body[: limits.page_head_bytes]
    content_type = headers.get("content-type") or ""
    head = page_head.scan(body, content_type=content_type, limit=limits.page_head_bytes, whole=whole)
    graph = Graph((*head.jsonld, *microdata.nodes(body, charset=head.charset)))
    facts = dataset.read(graph, page=url, evidence=evidence)
    lint: list[Lint] = []
    references = rsl.from_page(head, base=url, lint=lint)
    named = [(tag.name, tag.content) for tag in head.meta]
    marks = paywall.read(graph, named, marked=head.marked, evidence=evidence)
    tags = robots_tags.meta(head, token=token, evidence=evidence, lint=lint)
    signals = (
        *robots_tags.bing_pair((*before.signals, *tags)),
        *_inline_licences(references, url, evidence, lint),
        *facts.signals,
        *marks,
        *login_page.read(body, content_type=content_type, evidence=evidence, whole=whole),
    )
    kept = ("licence", "headers")
    not_looked: dict[str, str] = {name: why for name, why in before.not_looked.items() if name in kept}
    if not head.complete:
        not_looked["page_head"] = "not_assessed.head_cut"
    if any(reference.url is not None for reference in references):
        not_looked["licence"] = "not_assessed.licence_not_fetched"
    if whole:
        signals += wording.read(head.text, evidence=evidence)
        signals += paywall_text.words(head.text, evidence=evidence)
        signals += paywall_text.hidden(body, marks, evidence=evidence)
        signals += challenge.read(status, headers, body, known=before.signals, evidence=evidence)
    else:
        not_looked["terms"] = "not_assessed.head_only"
    return Reading(
        signals=signals,
        tdm_header=before.tdm_header,
        tdm_meta=tuple(tdmrep.meta(head, evidence=evidence, lint=lint)),
        offers=facts.offers,
        open_licences=(
            *before.open_licences,
            *open_licence.from_page(body, head, graph, base=url, evidence=evidence),
        ),
        creators=creator.read(head, graph, page=url),
        original=_original(head, url),
        lint=(*before.lint, *head.lint, *facts.lint, *lint),
        not_looked=not_looked,
    )


def _original(head: page_head.PageHead, page: Url) -> str:
    """The canonical URL that a page names, where it is on another host; of several the first counts."""
    for link in head.links:
        if "canonical" in link.rel.split() and not link.in_body:
            try:
                named = urls.join(page, link.href)
            except UrlError:
                return ""
            return named.href if named.host != page.host else ""
    return ""


def read_media(body: bytes, before: Reading, *, evidence: str = "", limits: Limits = DEFAULT_LIMITS) -> Reading:
    """`before` with what is embedded in a file that is no page: XMP and C2PA, in its first bytes or all of it."""
    lint: list[Lint] = []
    beginning = body[: limits.media_bytes]
    embedded = xmp.read(beginning, evidence=evidence, lint=lint)
    signals = (
        *before.signals,
        *(signal for signal in embedded if signal.kind != _TDM_IN_FILE),
        *c2pa.read(beginning, evidence=evidence, lint=lint),
    )
    not_looked = {name: why for name, why in before.not_looked.items() if name != "page"}
    return replace(
        before,
        signals=signals,
        tdm_meta=tuple(signal for signal in embedded if signal.kind == _TDM_IN_FILE),
        lint=(*before.lint, *lint),
        not_looked=not_looked,
    )


def _inline_licences(
    references: tuple[rsl.RslReference, ...], url: Url, evidence: str, lint: list[Lint]
) -> tuple[Signal, ...]:
    """Licences that stand in the page itself; those elsewhere would have to be fetched."""
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


def merged(earlier: Reading, later: Reading) -> Reading:
    """Two hops of one fetch as one reading: what the earlier hop said about access still stands."""
    return replace(later, signals=earlier.signals + later.signals)
