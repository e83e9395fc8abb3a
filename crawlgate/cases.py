"""Cases on paper: what a web said, what a collector declared and was told. Judged by replay, without traffic.

The form is one JSON object a line (`crawlgate judge`; the field guide is docs/cases.md). Fields called
`expected` are never read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from . import url as urls
from .assess import Assessor
from .blocklist.match import NoticeIndex
from .declaration import from_table, instant, suggestion
from .domains import Suffixes
from .errors import ConfigError, UrlError
from .flow import OPTIONAL_FILES, TDMREP_PATH, Fetch, replay, survey
from .headers import Headers
from .model import Attempt, Basis, Declaration, Evidence, EvidenceKind, IssuerKind, Notice, NoticeMatch, Stage
from .policy import Profile
from .signals import agents, dataset, response
from .signals.dataset import PaidOffer
from .site import Site
from .url import Url

# `.test` is reserved for cases like these; `blogsuffix.test` plays a shared-hosting suffix in them.
_CASE_SUFFIXES = ("test", "blogsuffix.test")
_JUDGED_STAGES = (Stage.PRE_FETCH, Stage.POST_FETCH)
_OPTIONAL_PATHS = {path for paths in OPTIONAL_FILES.values() for path in paths}
# The case states what was known, so texts, attempts and lists count as looked at.
_LOOKED = frozenset({"terms", "attempts", "lists", "tdmrep", "page", *OPTIONAL_FILES})
_DECLARED = (
    "commercial",
    "legal_basis",
    "target_creator",
    "intends_expression_output",
    "intends_similar_output",
    "intends_overfitting",
    "output_contains_expression",
    "snippet_cap",
)


class CaseError(ConfigError):
    """A case cannot be read; the message names the field."""


class NotJudged(Exception):
    """A case asks for something this version does not judge; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, read and checked."""

    id: str
    stage: Stage
    url: Url
    at: datetime
    declaration: Declaration
    attempt: Attempt
    robots: Mapping[str, Any] | None
    files: Mapping[str, Any]
    response: Mapping[str, Any] | None
    notices: tuple[Notice, ...]


def read_case(table: Any) -> Case:
    """Check one case. Raises `CaseError` for a broken one, `NotJudged` for one that is beyond this version."""
    if not isinstance(table, Mapping):
        raise CaseError("a case must be a JSON object")
    stage = _stage(table.get("stage", "pre_fetch"))
    _refuse_later_stages(table, stage)
    crawler = _table(table, "crawler")
    declared = _table(table, "declaration")
    token = _text(crawler, "token", "crawler")
    sent = _text(crawler, "user_agent", "crawler")
    licence = declared.get("licence")
    values: dict[str, Any] = {name: declared[name] for name in _DECLARED if declared.get(name) is not None}
    purposes = declared.get("purposes", declared.get("purpose"))
    values |= {
        "operator": str(crawler.get("operator") or "the collector of the case"),
        "token": token,
        # A declaration whose user agent lacks the token is refused; what was sent is the attempt's.
        "user_agent": sent if token.lower() in sent.lower() else token,
        "token_published": bool(crawler.get("token_published", False)),
        "purposes": [purposes] if isinstance(purposes, str) else purposes or [],
    }
    licences = [licence] if isinstance(licence, Mapping) else licence or []
    declaration = from_table({**values, "licences": licences})
    credentials = crawler.get("credentials")
    attempt = Attempt(user_agent=sent, credentials=str(credentials) if credentials else None)
    notices = table.get("list_notices") or []
    robots = table.get("robots")
    if robots is not None and not isinstance(robots, Mapping):
        raise CaseError("robots must be an object or null")
    if stage is Stage.POST_FETCH and not isinstance(table.get("response"), Mapping):
        raise CaseError("response is missing; a post_fetch case must state it")
    return Case(
        id=str(table.get("id", "")),
        stage=stage,
        url=_url(table.get("url")),
        at=_time(table.get("fetch_time"), "fetch_time"),
        declaration=declaration,
        attempt=attempt,
        robots=robots,
        files=_table(table, "site_files", {}),
        response=_table(table, "response", {}) or None,
        notices=tuple(_notice(item, n) for n, item in enumerate(notices)),
    )


def judge(case: Case, profile: Profile) -> Basis:
    """What the gate would answer in this case. Pure; same case and versions, same answer."""
    site = Site(
        replay(
            survey(case.url, case.declaration.token, optional=_optional(case)), lambda fetch: _replayed(case, fetch)
        ),
        case.declaration.token,
        agents.load().as_of(case.at),
    )
    index = NoticeIndex(case.notices, Suffixes(_CASE_SUFFIXES))
    assessor = Assessor(case.declaration, profile, lists_loaded=True, looked=_LOOKED)
    offers = _offers(case)
    notices = index.for_host(case.url.host)
    answer = site.answer(case.url)
    if case.stage is Stage.PRE_FETCH:
        return assessor.before(site, answer, case.url, case.at, notices=notices, offers=offers, attempt=case.attempt)
    target, hops = _hops(case, index)
    return assessor.after(
        site,
        answer,
        case.url,
        case.at,
        _reading(case, target),
        notices=notices,
        hops=hops,
        offers=offers,
        attempt=case.attempt,
    )


def _refuse_later_stages(table: Mapping[str, Any], stage: Stage) -> None:
    if stage not in _JUDGED_STAGES:
        raise NotJudged(f"stage {stage} is not judged by this version")
    if table.get("behaviour"):
        raise NotJudged("behaviour of the collector over several requests is not judged by this version")
    if (table.get("corpus") or {}).get("referrer"):
        raise NotJudged("the page that refers to an asset is not judged by this version")
    if (table.get("response") or {}).get("attempts"):
        raise NotJudged("earlier attempts are not judged by this version")
    for path, content in (table.get("site_files") or {}).items():
        policy = path == TDMREP_PATH or path in _OPTIONAL_PATHS or path.endswith(".xml")
        if path.startswith("#") or (isinstance(content, str) and not policy):
            raise NotJudged(f"site_files {path!r}: registers and terms in words are not judged by this version")


def _optional(case: Case) -> list[str]:
    return [name for name, paths in OPTIONAL_FILES.items() if any(path in case.files for path in paths)]


def _replayed(case: Case, fetch: Fetch) -> Evidence:
    if fetch.kind is EvidenceKind.ROBOTS and case.robots is not None:
        robots = case.robots
        status = robots.get("status")
        if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
            raise CaseError("robots.status must be a whole number or null")
        if not isinstance(robots.get("body", ""), str):
            raise CaseError("robots.body must be a string")
        fetched_at = _time(robots["fetched_at"], "robots.fetched_at") if robots.get("fetched_at") else case.at
        headers = (("content-type", str(robots.get("content_type") or "")),)
        error = None if status is not None else str(robots.get("error") or "no_answer")
        return _evidence(fetch, status, str(robots.get("body") or "").encode(), fetched_at, headers, error)
    if fetch.kind is EvidenceKind.ROBOTS:
        return _evidence(fetch, None, b"", case.at, (), "no_evidence")
    content = case.files.get(fetch.url.target, case.files.get(fetch.url.href))
    if content is None:
        return _evidence(fetch, 404, b"", case.at)
    return _evidence(fetch, 200, content.encode() if isinstance(content, str) else orjson.dumps(content), case.at)


def _evidence(
    fetch: Fetch,
    status: int | None,
    body: bytes,
    at: datetime,
    headers: tuple[tuple[str, str], ...] = (),
    error: str | None = None,
) -> Evidence:
    digest = hashlib.sha256(body).hexdigest()
    return Evidence(
        id=f"{fetch.kind}:{digest[:16]}",
        kind=fetch.kind,
        url=fetch.url.href,
        final_url=fetch.url.href,
        fetched_at=at,
        status=status,
        headers=headers,
        body=body,
        sha256=digest,
        error=error,
    )


def _offers(case: Case) -> tuple[PaidOffer, ...]:
    found: list[PaidOffer] = []
    for path, content in case.files.items():
        if path == TDMREP_PATH or isinstance(content, str):
            continue
        page = _url(case.url.origin + path if path.startswith("/") else path)
        found.extend(dataset.read(content if isinstance(content, list) else [content], page=page).offers)
    return tuple(found)


def _hops(case: Case, index: NoticeIndex) -> tuple[Url, tuple[NoticeMatch, ...]]:
    """The URL the response came from, and the notices that bear on the hops to it."""
    target = case.url
    matches: list[NoticeMatch] = []
    redirects = (case.response or {}).get("redirects") or []
    for hop in redirects:
        try:
            target = urls.join(target, str(hop.get("to", "")))
        except UrlError as error:
            raise CaseError(f"response.redirects: {error}") from None
        matches.extend(index.matches(target))
    return target, tuple(matches)


def _reading(case: Case, target: Url) -> response.Reading:
    answer = case.response or {}
    status = answer.get("status")
    if isinstance(status, bool) or not isinstance(status, int):
        raise CaseError("response.status must be a whole number")
    headers = Headers(answer.get("headers") or {})
    token = case.declaration.token
    reading = response.read_headers(status, headers, url=target, token=token)
    at = case.url
    for redirect in answer.get("redirects") or []:  # any hop may have led to a login
        hop = Headers({"location": str(redirect.get("to", ""))})
        earlier = response.read_headers(int(redirect.get("status") or 302), hop, url=at, token=token)
        reading = response.merged(earlier, reading)
        at = urls.join(at, str(redirect.get("to", "")))
    html = answer.get("html")
    if html is None:
        return reading
    return response.read_page(str(html).encode(), reading, url=target, headers=headers, token=token, whole=True)


def _notice(item: Any, n: int) -> Notice:
    where = f"list_notices[{n}]"
    if not isinstance(item, Mapping):
        raise CaseError(f"{where} must be an object")
    entry = _text(item, "entry", where)
    scope = _text(item, "scope", where)
    scopes = ("registrable_domain", "host", "path_prefix", "url")
    if scope not in scopes:
        raise CaseError(f"{where}.scope: {scope!r} is unknown{suggestion(scope, scopes)}")
    times = {name: instant(item.get(name), f"{where}.{name}") for name in _NOTICE_TIMES}
    return Notice(
        id=str(item.get("id") or f"{n}"),
        issuer=str(item.get("issuer") or "unknown"),
        issuer_verified=bool(item.get("issuer_verified", False)),
        issuer_kind=_issuer_kind(item.get("issuer_kind"), f"{where}.issuer_kind"),
        scope=scope,
        value=_normal_entry(entry, scope),
        path_prefix=item.get("path_prefix"),
        reason=str(item.get("reason") or ""),
        listed_at=times["listed_at"],
        received_at=times["received_at"],
        effective_at=times["effective_at"],
        expires_at=times["expires_at"],
        withdrawn_at=times["withdrawn_at"],
    )


def _issuer_kind(value: Any, where: str) -> IssuerKind:
    try:
        return IssuerKind(value or IssuerKind.UNSTATED)
    except ValueError:
        raise CaseError(f"{where}: {value!r} is unknown{suggestion(str(value), IssuerKind)}") from None


_NOTICE_TIMES = ("listed_at", "received_at", "effective_at", "expires_at", "withdrawn_at")


def _normal_entry(entry: str, scope: str) -> str:
    try:
        parsed = urls.parse(entry if "://" in entry else f"https://{entry}")
    except UrlError as error:
        raise CaseError(f"list_notices entry {entry!r}: {error}") from None
    return parsed.href if scope == "url" else parsed.host


def _stage(value: Any) -> Stage:
    try:
        return Stage(value)
    except ValueError:
        raise CaseError(f"stage {value!r} is unknown{suggestion(str(value), Stage)}") from None


def _table(table: Mapping[str, Any], name: str, default: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    value = table.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, Mapping):
        raise CaseError(f"{name} is missing; it must be an object")
    return value


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise CaseError(f"{where}.{name} is missing; it must be a string")
    return value


def _url(value: Any) -> Url:
    try:
        return urls.parse(str(value or ""))
    except UrlError as error:
        raise CaseError(f"url: {error}") from None


def _time(value: Any, where: str) -> datetime:
    at = instant(value, where)
    if at is None:
        raise CaseError(f"{where} is missing")
    return at
