"""A response as the protocols read it: status and headers first, then its body by what it is."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import replace

from ..headers import Headers
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Evidence, EvidenceKind, Lint, Signal
from ..url import Url
from . import (
    access,
    aipref,
    content_signal,
    file_body,
    open_licence,
    page,
    payment,
    refusal,
    robots_tags,
    rsl,
    tdm_policy,
    tdmrep,
)
from .quiet_headers import QuietHeaders
from .reading import Reading, merged

__all__ = [
    "Reading",
    "is_later_part",
    "is_page",
    "merged",
    "named",
    "not_read",
    "read_body",
    "read_headers",
    "read_quiet",
    "with_documents",
]

_PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/xml", "application/xml")
# What a browser takes for "not said", and then looks at the octets (WHATWG MIME Sniffing 7).
_UNKNOWN_TYPES = ("", "unknown/unknown", "application/unknown", "*/*")
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
# Ranges of something; of what, its parts tell, which may be those of a page (RFC 9110 14.6).
_RANGES = "multipart/byteranges"
_NO_PAGES = ("image/svg+xml",)
_QUIET = QuietHeaders()
_SHORT = 200


def is_page(status: int, headers: Headers) -> bool:
    """True if the body is a page whose head can speak: a 2xx answer in HTML or XML, or without a type that says what
    it is. A browser would show it as a page, or might."""
    if not 200 <= status < 300:
        return False
    values = headers.all("content-type")
    return (_known_types if sum(map(len, values)) < _SHORT else _are_page_types)(values)


def _are_page_types(values: tuple[str, ...]) -> bool:
    declared = [value.partition(";")[0].strip().lower() for value in values] or [""]
    return any(_is_page_type(media_type) for media_type in declared)


_known_types = functools.lru_cache(maxsize=1024)(_are_page_types)


def _is_page_type(media_type: str) -> bool:
    if media_type in _PAGE_TYPES or media_type in _UNKNOWN_TYPES or media_type == _RANGES:
        return True
    if media_type.endswith("+xml"):
        return media_type not in _NO_PAGES
    return _MEDIA_TYPE.fullmatch(media_type) is None


def is_later_part(status: int, headers: Headers) -> bool:
    """True for a range of a page that does not hold its beginning (RFC 9110 15.3.7): what its head says is unknown."""
    return status == 206 and not (headers.get("content-range") or "").lower().startswith("bytes 0-")


def read_headers(status: int, headers: Headers, *, url: Url, token: str, evidence: str = "") -> Reading:
    """What status line and headers say (everything that is known before the first byte of the body)."""
    return _QUIET.read(status, token, headers, lambda given: _read_headers(status, given, url, token, evidence))


def read_quiet(status: int, headers: Headers, token: str) -> Reading | None:
    """As `read_headers`, where headers as quiet as these were read before; they say the same of any URL."""
    return _QUIET.known(status, token, headers)


def _read_headers(status: int, headers: Headers, url: Url, token: str, evidence: str) -> Reading:
    lint: list[Lint] = []
    signals = (
        *access.read(status, headers, url=url, evidence=evidence, lint=lint),
        *payment.read(status, headers, evidence=evidence),
        *robots_tags.header(headers, token=token, evidence=evidence, lint=lint),
        *aipref.header(headers, evidence=evidence, lint=lint),
        *content_signal.header(headers, evidence=evidence, lint=lint),
    )
    tdm_header = tdmrep.header(headers, base=url, evidence=evidence, lint=lint)
    licences = rsl.from_link_header(headers, base=url, lint=lint)
    not_looked: dict[str, str] = {}
    if headers.cut:
        not_looked["headers"] = "not_assessed.headers_cut"
    if not is_page(status, headers):
        reason = "not_assessed.body_streamed" if 200 <= status < 300 else "not_assessed.no_content"
        not_looked |= {"page": reason, "terms": reason}
    return Reading(
        signals=signals,
        tdm_header=tdm_header,
        open_licences=open_licence.from_headers(headers, base=url, evidence=evidence),
        lint=tuple(lint),
        licences=licences,
        named_licences=licences,
        not_looked=not_looked,
    )


def read_body(
    status: int,
    headers: Headers,
    body: bytes,
    before: Reading,
    *,
    url: Url,
    token: str,
    whole: bool,
    evidence: str = "",
    limits: Limits = DEFAULT_LIMITS,
    findings_only: bool = False,
    head_seen: bool = False,
) -> Reading:
    """`before` with what the body adds. Of a page, `body` may be the beginning only; `whole` says that nothing follows.
    `findings_only` and `head_seen`: see `page.read`.

    Never raises, whatever the octets are.
    """
    if is_page(status, headers):
        return page.read(
            body,
            before,
            url=url,
            headers=headers,
            token=token,
            whole=whole,
            status=status,
            evidence=evidence,
            limits=limits,
            findings_only=findings_only,
            head_seen=head_seen,
        )
    if 200 <= status < 300:
        return file_body.read(body, before, url=url, headers=headers, evidence=evidence, limits=limits)
    return refusal.read(status, headers, body, before, url=url, evidence=evidence, limits=limits)


def named(reading: Reading) -> tuple[tuple[Url, EvidenceKind], ...]:
    """The documents that a response names and that say under which terms it may be used: RSL licences, TDM policies."""
    if not (reading.licences or reading.tdm_header or reading.tdm_meta):
        return ()
    found = {reference.url.href: (reference.url, EvidenceKind.RSL) for reference in reading.licences if reference.url}
    for url in tdmrep.policies_named((*reading.tdm_header, *reading.tdm_meta)):
        found.setdefault(url.href, (url, EvidenceKind.TDM_POLICY))
    return tuple(found.values())


def with_documents(reading: Reading, documents: Mapping[str, Evidence | None], *, url: Url) -> Reading:
    """`reading` with the documents that it names, by URL; None is one that robots.txt keeps us out of. One that is not
    there at all was not asked for, and is told as not looked at."""
    lint: list[Lint] = []
    signals: list[Signal] = []
    left = []
    for reference in reading.licences:
        href = reference.url.href if reference.url is not None else ""
        if href not in documents:
            left.append(reference)
            continue
        document, problem = rsl.from_evidence(documents[href], reference, base=url)
        lint.extend(document.lint)
        signals.extend(document.signals(document.match(url.target)) if document else (problem,))
    policies = dict(reading.policies)
    for policy, kind in named(reading):
        if kind is EvidenceKind.TDM_POLICY and policy.href in documents:
            known = policies[policy.href] = tdm_policy.from_evidence(documents[policy.href])
            lint.extend(known.lint)
    return replace(
        reading,
        signals=(*reading.signals, *signals),
        licences=tuple(left),
        policies=policies,
        lint=(*reading.lint, *lint),
    )


def not_read(reading: Reading) -> dict[str, str]:
    """The checks that were not made, those of documents that were named and not read among them."""
    if not (reading.licences or reading.tdm_header or reading.tdm_meta):
        return reading.not_looked
    not_looked = dict(reading.not_looked)
    if reading.licences:
        not_looked["licence"] = "not_assessed.licence_not_fetched"
    if any(kind is EvidenceKind.TDM_POLICY and url.href not in reading.policies for url, kind in named(reading)):
        not_looked["tdm_policy"] = "not_assessed.licence_not_fetched"
    return not_looked
