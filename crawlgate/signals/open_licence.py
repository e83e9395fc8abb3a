"""Open licences that a resource names: Creative Commons, Open Data Commons, licences of public bodies.

Where they may stand: the `Link` header and `rel="license"` of links (HTML, RFC 4946), `license` in schema.org markup
about the page, `dcterms.license`. They are permissions of whoever published the page: read narrowly, and only where
they stand on the resource itself. A licence that is not known to cover any use says nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..model import Polarity, Purpose, Scope, Signal, Strength
from ..url import Url
from .jsonld import Graph, prop, texts
from .markup import END, START, attributes, tokens
from .page_head import PageHead
from .page_nodes import about
from .statement import clip

MAX_MARKS = 16
"""Licences of one page that are kept; a page that names more is a catalogue of works."""

_LINK = re.compile(r"<([^<>]{1,2048})>([^<]{0,1024})")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_TYPE = re.compile(r";\s*type\s*=\s*\"?([^\s;,\"]+)", re.IGNORECASE)
ANCHOR = re.compile(rb"\brel\s*+=\s*+[\"']?[^\"'>]{0,120}\blicense\b", re.IGNORECASE)
META_NAMES = ("dcterms.license", "dc.rights.license", "dcterms:license", "cc:license")

_CC = re.compile(
    r"/licenses/((?:by|nc|nd|sa|sampling\+?|devnations)(?:-(?:nc|nd|sa|sampling\+?))*)(?:/([0-9.]+))?(?:/|\Z)"
)
_CC_NAME = re.compile(r"\bcc[ -](by(?:[ -](?:nc|nd|sa))*)(?:[ -]([0-9](?:\.[0-9])?))?(?:\b|\Z)", re.IGNORECASE)
_ZERO_NAME = re.compile(r"\bcc[ -]?0\b", re.IGNORECASE)

# A licence that stands within these speaks of a picture, an aside or somebody else's words.
_PARTS = frozenset((b"figure", b"figcaption", b"aside", b"blockquote"))

# Licences under which everybody may reproduce for every purpose, with conditions that travel with the copy at most.
_FREE: tuple[tuple[str, str, str], ...] = (
    ("creativecommons.org", "/publicdomain/zero", "CC0"),
    ("creativecommons.org", "/publicdomain/mark", "Public Domain Mark"),
    ("opendatacommons.org", "/licenses/pddl", "PDDL"),
    ("opendatacommons.org", "/licenses/by", "ODC-BY"),
    ("opendatacommons.org", "/licenses/odbl", "ODbL"),
    ("nationalarchives.gov.uk", "/doc/open-government-licence", "OGL"),
    ("open.canada.ca", "/en/open-government-licence", "OGL Canada"),
    ("open.canada.ca", "/fr/licence-du-gouvernement-ouvert", "OGL Canada"),
    ("etalab.gouv.fr", "/licence-ouverte", "Licence Ouverte"),
    ("govdata.de", "/dl-de/by", "dl-de/by"),
    ("govdata.de", "/dl-de/zero", "dl-de/zero"),
    ("data.norge.no", "/nlod", "NLOD"),
    ("digital.go.jp", "/resources/open_data/public_data_license", "公共データ利用規約（PDL）"),
)
# Open in name; whether a collection for training is covered needs a reading.
_TO_READ: tuple[tuple[str, str, str], ...] = (
    ("gnu.org", "/licenses/fdl", "GFDL"),
    ("gnu.org", "/copyleft/fdl", "GFDL"),
    ("artlibre.org", "/licence/lal", "Free Art License"),
)


class _Named(NamedTuple):
    text: str
    raw: str
    name: str | None
    scope: Scope = Scope.RESPONSE


def from_headers(headers: Headers, *, base: Url, evidence: str = "") -> tuple[Signal, ...]:
    """Licences in `Link` headers with `rel="license"`; RSL documents are read by `rsl`. Never raises."""
    if "link" not in headers:
        return ()
    found = []
    for value in headers.all("link"):
        for match in _LINK.finditer(value):
            rel, kind = _REL.search(match[2]), _TYPE.search(match[2])
            for_people = kind is None or "rsl" not in kind[1].lower()
            if for_people and rel is not None and "license" in (rel[1] or rel[2] or "").lower().split():
                found.append(_Named(match[1], f"Link: {match[0].strip()}", "link"))
    return _signals(found, base, evidence)


def from_page(body: bytes, head: PageHead, graph: Graph, *, base: Url, evidence: str = "") -> tuple[Signal, ...]:
    """Licences that a page names for itself. `body` may be its beginning. Never raises."""
    found = [
        _Named(link.href, f"link rel=license href={link.href}", "link")
        for link in head.links
        if "license" in link.rel.split() and "rsl" not in link.type and not link.in_body
    ]
    found += [
        _Named(tag.content, f"{tag.name}: {tag.content}", tag.name) for tag in head.meta if tag.name in META_NAMES
    ]
    if ANCHOR.search(body) is not None:
        found += _anchors(body)
    for node in about(graph, base):
        for text in texts(prop(node, "license"), at_most=8):
            found.append(_Named(text, f"license: {text}", "license"))
    return _signals(found, base, evidence)


def _anchors(body: bytes) -> Iterator[_Named]:
    """`a` and `area` elements with `rel="license"`: the licence of the page's main content (HTML 4.6.7.10), or of a
    picture where it stands in its credit."""
    within = 0
    for token in tokens(body):
        if token[1] in _PARTS and token[0] in (START, END):
            within = max(0, within + (1 if token[0] == START else -1))
        if token[0] == START and token[1] in (b"a", b"area"):
            named, _ = attributes(body, token)
            if b"license" in named.get(b"rel", b"").lower().split():
                href = named.get(b"href", b"").decode("utf-8", "replace").replace("&amp;", "&")
                scope = Scope.ELEMENT if within else Scope.RESPONSE
                yield _Named(href, f"a rel=license href={href}", "a", scope)


def _signals(found: Iterable[_Named], base: Url, evidence: str) -> tuple[Signal, ...]:
    signals: dict[tuple[str, str, str], Signal] = {}
    for named in found:
        known = _classified(named.text.strip(), base)
        if known is None or len(signals) >= MAX_MARKS:
            continue
        licence, terms, polarity = known
        signals.setdefault(
            (licence, polarity, named.scope),
            Signal(
                kind="licence.open",
                purpose=Purpose.TDM,
                polarity=polarity,
                strength=Strength.OFFER,
                scope=named.scope,
                raw=clip(named.raw),
                evidence=evidence,
                name=named.name,
                detail={"licence": licence, "terms": terms} if terms else {"licence": licence},
            ),
        )
    return tuple(signals.values())


def _classified(text: str, base: Url) -> tuple[str, str, Polarity] | None:
    """Name, terms (`by-nc`) and polarity of a licence; None for what is no open licence."""
    if " " in text or ("/" not in text and ":" not in text):
        return _by_name(text)
    try:
        url = urls.join(base, text)
    except UrlError:
        return None
    host, path = url.host.removeprefix("www."), url.target.lower()
    if host == "spdx.org" and path.startswith("/licenses/"):
        return _by_name(path.removeprefix("/licenses/"))
    if host == "creativecommons.org" and (match := _CC.match(path)) is not None:
        return _creative_commons(match[1], match[2])
    for known, beginning, name in _FREE:
        if host == known and path.startswith(beginning):
            return name, "", Polarity.PERMITTED
    for known, beginning, name in _TO_READ:
        if host == known and path.startswith(beginning):
            return name, "", Polarity.CONDITIONAL
    return None


def _by_name(text: str) -> tuple[str, str, Polarity] | None:
    if len(text) > 80:  # a sentence about licences, not the name of one
        return None
    if (match := _CC_NAME.search(text)) is not None:
        return _creative_commons(match[1].lower().replace(" ", "-"), match[2])
    if _ZERO_NAME.search(text):
        return "CC0", "", Polarity.PERMITTED
    return None


def _creative_commons(terms: str, version: str | None) -> tuple[str, str, Polarity]:
    name = f"CC {terms.upper()} {version or ''}".strip()
    free = terms in ("by", "by-sa", "sa")
    return name, terms, Polarity.PERMITTED if free else Polarity.CONDITIONAL
