"""A case judged by replay: its files instead of the web, its log instead of the gate's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from .. import url as urls
from ..assess import Assessor
from ..blocklist.match import NoticeIndex
from ..errors import UrlError
from ..flow import OPTIONAL_FILES, Documents, Fetch, replay, survey
from ..headers import Headers
from ..model import Basis, Evidence, EvidenceKind, NoticeMatch, NoticeRelation, Stage
from ..policy import Profile
from ..policy.limits import read_limits
from ..signals import agents, response
from ..site import Site
from ..url import Url
from .case import SUFFIXES, Case
from .circumstances import circumstances, credentials_of
from .fields import CaseError, rows, status, table, text
from .files import Files

# The case states what was known, so texts, attempts and lists count as looked at.
_LOOKED = frozenset({"terms", "attempts", "lists", "tdmrep", "page", *OPTIONAL_FILES})


def judge(case: Case, profile: Profile) -> Basis:
    """What the gate would answer in this case. Pure; same case and versions, same answer. Raises `CaseError`."""
    files = Files.read(case)
    site = site_of(case, files)
    suffixes = SUFFIXES
    overrides = case.overrides.covering(case.url, case.at)
    index = NoticeIndex(case.notices, suffixes)
    assessor = Assessor(case.declaration, _with_limits(profile, case), lists_loaded=True, looked=_LOOKED)
    notices = index.for_host(case.url.host)
    answer = site.answer(case.url)
    told = circumstances(case, files, index, suffixes)
    attempt = case.attempt
    if attempt.credentials is None and (credentials := credentials_of(case)) is not None:
        attempt = replace(attempt, credentials=credentials)
    if not case.response or case.stage is Stage.PRE_FETCH:
        return assessor.before(
            site,
            answer,
            case.url,
            case.at,
            stage=case.stage,
            notices=notices,
            offers=files.offers,
            attempt=attempt,
            circumstances=told,
            overrides=overrides,
        )
    target, hops = _hops(case, index)
    reading = _with_documents(case, files, site, target, _reading(case, target))
    return assessor.after(
        site,
        answer,
        case.url,
        case.at,
        reading,
        stage=case.stage,
        notices=notices,
        hops=hops + _canonical(reading, index) + _leads_to(case, index),
        offers=files.offers,
        attempt=attempt,
        circumstances=told,
        overrides=overrides,
    )


def _with_documents(case: Case, files: Files, site: Site, target: Url, reading: response.Reading) -> response.Reading:
    """`reading` with the licences and policies that the response names, as far as the case has them."""
    documents = Documents(case.declaration.token, own={case.url.origin: site.survey.file})
    replay(documents.ask(response.named(reading)), lambda fetch: _replayed(case, files, fetch))
    return response.with_documents(reading, documents.found, url=target)


def _with_limits(profile: Profile, case: Case) -> Profile:
    """The profile with limits that the case states for itself, in the form of a profile's `[limits]`."""
    given = case.corpus.get("limits")
    if given is None:
        return profile
    return replace(profile, limits={**profile.limits, **read_limits(given, "corpus.limits")})


def site_of(case: Case, files: Files) -> Site:
    """The site of the URL as its policy files describe it in the case."""
    optional = [name for name, paths in OPTIONAL_FILES.items() if any(path in case.files for path in paths)]
    token = case.declaration.token
    flow = survey(case.url, token, optional=optional)
    return Site(replay(flow, lambda fetch: _replayed(case, files, fetch)), token, agents.load().as_of(case.at))


def _replayed(case: Case, files: Files, fetch: Fetch) -> Evidence:
    if fetch.kind is not EvidenceKind.ROBOTS:
        content = files.policy(fetch.url)
        return evidence(fetch, 404 if content is None else 200, content or b"", case.at)
    if fetch.url.origin != case.url.origin:  # the case tells nothing of other hosts
        return evidence(fetch, 404, b"", case.at)
    robots = case.robots
    if robots is None:
        return evidence(fetch, None, b"", case.at, error="no_evidence")
    answered = status(robots, "status", "robots")
    return evidence(
        fetch,
        answered,
        str(robots.get("body") or "").encode("utf-8", "surrogatepass"),
        case.robots_at or case.at,
        (("content-type", str(robots.get("content_type") or "")),),
        None if answered is not None else str(robots.get("error") or "no_answer"),
    )


def evidence(
    fetch: Fetch,
    answered: int | None,
    body: bytes,
    at: datetime,
    headers: tuple[tuple[str, str], ...] = (),
    error: str | None = None,
) -> Evidence:
    """Evidence as a fetch would have brought it."""
    digest = hashlib.sha256(body).hexdigest()
    return Evidence(
        id=f"{fetch.kind}:{digest[:16]}",
        kind=fetch.kind,
        url=fetch.url.href,
        final_url=fetch.url.href,
        fetched_at=at,
        status=answered,
        headers=headers,
        body=body,
        sha256=digest,
        error=error,
    )


def _hops(case: Case, index: NoticeIndex) -> tuple[Url, tuple[NoticeMatch, ...]]:
    """The URL the response came from, and the notices that bear on the hops to it."""
    target = case.url
    matches: list[NoticeMatch] = []
    for _, to in _redirects(case):
        target = to
        matches.extend(index.matches(target))
    return target, tuple(matches)


def _leads_to(case: Case, index: NoticeIndex) -> tuple[NoticeMatch, ...]:
    """Notices that cover what the response in hand redirects to, where the case does not say that it was followed."""
    answered = status(case.response, "status", "response")
    location = Headers(case.response.get("headers") or {}).get("location")
    if case.response.get("redirects") or answered is None or not 300 <= answered < 400 or not location:
        return ()
    try:
        target = urls.join(case.url, location)
    except UrlError:
        return ()
    if target.host == case.url.host:
        return ()
    covering = (match for match in index.matches(target) if match.relation is NoticeRelation.COVERS)
    return tuple(replace(match, relation=NoticeRelation.REDIRECTS_TO) for match in covering)


def _canonical(reading: response.Reading, index: NoticeIndex) -> tuple[NoticeMatch, ...]:
    """Notices that cover the page which this one names as its original."""
    if not reading.original:
        return ()
    matches = index.matches(urls.parse(reading.original))
    return tuple(replace(m, relation=NoticeRelation.CANONICAL) for m in matches if m.relation is NoticeRelation.COVERS)


def _redirects(case: Case) -> list[tuple[Mapping[str, Any], Url]]:
    found = []
    target = case.url
    for n, hop in enumerate(rows(case.response, "redirects", "response")):
        where = f"response.redirects[{n}]"
        if not isinstance(hop, Mapping):
            raise CaseError(f"{where} must be an object")
        try:
            target = urls.join(target, text(hop, "to", where))
        except UrlError as error:
            raise CaseError(f"{where}.to: {error}") from None
        found.append((hop, target))
    return found


def _reading(case: Case, target: Url) -> response.Reading:
    answer = case.response
    answered = status(answer, "status", "response")
    if answered is None:
        raise CaseError("response.status is missing; it must be a whole number")
    headers = Headers(_headers(answer))
    token = case.declaration.token
    reading = response.read_headers(answered, headers, url=target, token=token)
    at = case.url
    for n, (redirect, to) in enumerate(_redirects(case)):  # any hop may have led to a login
        hop = Headers({"location": to.href})
        code = status(redirect, "status", f"response.redirects[{n}]") or 302
        earlier = response.read_headers(code, hop, url=at, token=token)
        reading = response.merged(earlier, reading)
        at = to
    html = answer.get("html")
    if html is None:
        return reading
    if not isinstance(html, str):
        raise CaseError(f"response.html must be a string, not {html!r}"[:300])
    body = html.encode("utf-8", "surrogatepass")
    return response.read_body(answered, headers, body, reading, url=target, token=token, whole=True)


def _headers(answer: Mapping[str, Any]) -> Mapping[str, str]:
    headers = table(answer, "headers", "response", optional=True)
    for name, value in headers.items():
        if not isinstance(value, (str, list)):
            raise CaseError(f"response.headers.{name} must be a string, not {value!r}"[:300])
    return headers


__all__ = ["evidence", "judge", "site_of"]
