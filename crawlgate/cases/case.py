"""One case, read and checked: the web, the declaration, the notices, the collector's own log, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .. import url as urls
from ..blocklist.check import check_entry
from ..blocklist.target import EntryError, target
from ..criteria.conduct import Step
from ..declaration import from_table
from ..domains import Suffixes
from ..errors import UrlError
from ..licences import licence_from_table
from ..model import Attempt, Declaration, IssuerKind, Notice, Stage
from ..policy.overrides import Overrides
from ..url import Url
from .fields import (
    CaseError,
    NotJudged,
    flag,
    member,
    moment,
    optional_text,
    refuse_slips,
    rows,
    status,
    table,
    text,
    url,
    whole,
)
from .overrides import overrides_of

SUFFIXES = Suffixes(("test", "blogsuffix.test"))
"""`.test` is reserved for cases like these; `blogsuffix.test` plays a shared-hosting suffix in them."""

_TOP = (
    "id", "title", "title_ja", "lang", "stage", "url", "fetch_time", "crawler", "declaration", "robots", "site_files",
    "response", "list_notices", "overrides", "corpus", "behaviour", "expected", "reason", "source", "tags",
)  # fmt: skip
_CRAWLER = ("operator", "token", "user_agent", "token_published", "published_since", "credentials", "proxy")
_DECLARED = (
    "commercial", "legal_basis", "target_creator", "intends_expression_output", "intends_similar_output",
    "intends_overfitting", "output_contains_expression", "snippet_cap", "needed_works",
)  # fmt: skip
_WRITTEN_OTHERWISE = ("purpose", "purposes", "licence", "licences", "need")
_RESPONSE = ("status", "headers", "html", "redirects", "attempts")
_NOTICE_TIMES = ("listed_at", "received_at", "effective_at", "expires_at", "withdrawn_at")
_SCOPES = ("registrable_domain", "subdomain", "host", "path_prefix", "url", "ip", "cidr")
# Why an entry would cover sites of many owners, so that no list is taken with it.
_TOO_MUCH = frozenset({"public_suffix", "shared_hosting", "too_wide"})
_AUDITS = (Stage.AUDIT, Stage.RETRO)
# How logs call the parts of a route that a server sees, and how `Step` does.
_ROUTES = {
    "proxy": "proxy", "egress": "egress", "egress_id": "egress", "ip": "ip", "asn": "asn", "tls": "tls",
    "tls_profile": "tls", "headers_profile": "headers",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. `attempt` is how the request was made, `steps` the attempts at the URL that the log shows;
    `behaviour` are the log's own words. `robots` None is no evidence, `robots_at` None evidence without a time.
    `not_taken` says which notices a gate would not have taken, and why; `notices` are the others."""

    id: str
    stage: Stage
    url: Url
    at: datetime
    declaration: Declaration
    attempt: Attempt
    steps: tuple[Step, ...]
    robots: Mapping[str, Any] | None
    robots_at: datetime | None
    files: Mapping[str, Any]
    response: Mapping[str, Any]
    notices: tuple[Notice, ...]
    not_taken: tuple[str, ...]
    overrides: Overrides
    corpus: Mapping[str, Any]
    behaviour: tuple[str, ...]

    @property
    def audited(self) -> bool:
        """True for a fetch of the past."""
        return self.stage in _AUDITS


def read_case(given: Any) -> Case:
    """Check one case. Raises `CaseError` that names the key, the reason and, where there is one, a suggestion."""
    if not isinstance(given, Mapping):
        raise CaseError("a case must be a JSON object")
    refuse_slips(given, _TOP)
    if "stage" not in given:
        raise CaseError(f"stage is missing; write one of {', '.join(Stage)}")
    stage = member(given["stage"], Stage, "stage")
    asked, at = url(given.get("url")), moment(given.get("fetch_time"), "fetch_time")
    crawler = table(given, "crawler")
    refuse_slips(crawler, _CRAWLER, "crawler")
    response = table(given, "response", optional=True)
    refuse_slips(response, _RESPONSE, "response")
    if stage is Stage.POST_FETCH and not response:
        raise CaseError("response is missing; a post_fetch case must state it")
    corpus = table(given, "corpus", optional=True)
    if stage is Stage.CORPUS and not corpus:
        raise CaseError("corpus is missing; a corpus case must state facts of the run")
    robots, robots_at = _robots(given, stage, at)
    steps = _steps(response)
    notices, not_taken = _notices(given)
    return Case(
        id=str(given.get("id", "")),
        stage=stage,
        url=asked,
        at=at,
        declaration=_declaration(table(given, "declaration"), crawler),
        attempt=_attempt(crawler, steps, stage),
        steps=steps,
        robots=robots,
        robots_at=robots_at,
        files=table(given, "site_files", optional=True),
        response=response,
        notices=notices,
        not_taken=not_taken,
        overrides=overrides_of(given, SUFFIXES),
        corpus=corpus,
        behaviour=_behaviour(given),
    )


def _declaration(declared: Mapping[str, Any], crawler: Mapping[str, Any]) -> Declaration:
    refuse_slips(declared, (*_DECLARED, *_WRITTEN_OTHERWISE), "declaration")
    for one, many in (("purpose", "purposes"), ("licence", "licences")):
        if declared.get(one) is not None and declared.get(many) is not None and declared[one] != declared[many]:
            raise CaseError(f"declaration.{one} and declaration.{many} differ; write one of both")
    token = text(crawler, "token", "crawler")
    sent = optional_text(crawler, "user_agent", "crawler")
    values: dict[str, Any] = {name: declared[name] for name in _DECLARED if declared.get(name) is not None}
    purposes = declared.get("purpose")
    purposes = declared.get("purposes") if purposes is None else purposes
    if purposes is None:
        raise CaseError("declaration.purpose is missing; purposes is empty, declare every purpose of the copies")
    need = declared.get("need")
    if need is not None and "needed_works" not in values:
        values["needed_works"] = whole(need, "works", "declaration.need") if isinstance(need, Mapping) else need
    values |= {
        "operator": str(crawler.get("operator") or "the collector of the case"),
        "token": token,
        # A declaration whose user agent lacks the token is refused; what was sent is the attempt's.
        "user_agent": sent if sent is not None and _names(sent, token) else token,
        "token_published": crawler.get("token_published") or None,
        "published_since": crawler.get("published_since"),
        "purposes": [purposes] if isinstance(purposes, str) else purposes,
    }
    if crawler.get("token_published") is False and values["published_since"] is not None:
        raise CaseError("crawler.token_published is false and published_since names a date; say one of both")
    declaration = from_table(values)
    licence = declared.get("licence") if declared.get("licence") is not None else declared.get("licences")
    licences = [licence] if isinstance(licence, Mapping) else licence or []
    if not isinstance(licences, list):
        raise CaseError("declaration.licence must be an object, a list of objects or null")
    return replace(
        declaration,
        licences=[licence_from_table(item, f"declaration.licences[{n}]", complete=False)
                  for n, item in enumerate(licences)],
    )  # fmt: skip


def _names(user_agent: str, token: str) -> bool:
    from ..declaration import carries_token

    printable = all(32 <= ord(c) <= 126 for c in user_agent)
    return printable and carries_token(user_agent, token)


def _attempt(crawler: Mapping[str, Any], steps: tuple[Step, ...], stage: Stage) -> Attempt:
    """How the request was made. A user agent of the log that is not ours counts before the one of the crawler."""
    token = text(crawler, "token", "crawler")
    sent = optional_text(crawler, "user_agent", "crawler")
    if sent is None and stage not in _AUDITS:
        raise CaseError("crawler.user_agent is missing; it must be the header that is sent")
    others = [step.user_agent for step in steps if step.user_agent is not None and not _names(step.user_agent, token)]
    credentials = crawler.get("credentials") or next((step.credentials for step in steps if step.credentials), None)
    return Attempt(
        user_agent=others[0] if others else sent,
        credentials=str(credentials) if credentials else None,
        proxy=optional_text(crawler, "proxy", "crawler"),
        challenge_solved=any(step.solved for step in steps),
    )


def _robots(given: Mapping[str, Any], stage: Stage, at: datetime) -> tuple[Mapping[str, Any] | None, datetime | None]:
    if "robots" not in given:
        raise CaseError("robots is missing; write null where there is no evidence of robots.txt")
    robots = given["robots"]
    if robots is None:
        return None, None
    if not isinstance(robots, Mapping):
        raise CaseError("robots must be an object or null")
    refuse_slips(robots, ("status", "content_type", "fetched_at", "body", "error"), "robots")
    status(robots, "status", "robots")
    if not isinstance(robots.get("body", ""), str | None):
        raise CaseError("robots.body must be a string")
    if robots.get("fetched_at") is not None:
        return robots, moment(robots["fetched_at"], "robots.fetched_at")
    # Before a fetch and right after it, robots.txt is what was just read; of the past nobody can say that.
    return robots, None if stage in _AUDITS else at


def _steps(response: Mapping[str, Any]) -> tuple[Step, ...]:
    steps = []
    for n, item in enumerate(rows(response, "attempts", "response")):
        where = f"response.attempts[{n}]"
        if not isinstance(item, Mapping):
            raise CaseError(f"{where} must be an object")
        credentials = item.get("credentials")
        steps.append(
            Step(
                status=status(item, "status", where),
                user_agent=optional_text(item, "user_agent", where),
                route={name: str(item[key]) for key, name in _ROUTES.items() if item.get(key) is not None},
                credentials=str(credentials) if credentials else None,
                refused=bool(flag(item, "challenge", where) or flag(item, "login_redirect", where)),
                solved=bool(flag(item, "challenge_solved", where)),
                record=f"attempt {n + 1}",
            )
        )
    return tuple(steps)


def _behaviour(given: Mapping[str, Any]) -> tuple[str, ...]:
    named = rows(given, "behaviour")
    for n, word in enumerate(named):
        if not isinstance(word, str) or not word.strip():
            raise CaseError(f"behaviour[{n}] must be a word of the collector's log, not {word!r}"[:300])
    return tuple(named)


def _notices(given: Mapping[str, Any]) -> tuple[tuple[Notice, ...], tuple[str, ...]]:
    """The notices that a gate would have taken, and why it would not have taken the others."""
    taken: list[Notice] = []
    not_taken: list[str] = []
    for number, item in enumerate(rows(given, "list_notices")):
        where = f"list_notices[{number}]"
        notice = _notice(item, where)
        why = _refusal(notice, str(item.get("force") or ""))
        if why:
            not_taken.append(f"{where}: {why}")
        else:
            taken.append(notice)
    return tuple(taken), tuple(not_taken)


def _refusal(notice: Notice, force: str) -> str:
    try:
        target(notice.scope, notice.value, notice.path_prefix or "", SUFFIXES)
    except EntryError as error:
        if error.code in _TOO_MUCH:
            return error.reason
    problem = None if force else check_entry(notice)
    return f"{problem.reason}; {problem.way_out}" if problem else ""


def _notice(item: Any, where: str) -> Notice:
    if not isinstance(item, Mapping):
        raise CaseError(f"{where} must be an object")
    entry = text(item, "entry", where)
    scope = member(text(item, "scope", where), _SCOPES, f"{where}.scope:")
    refuse_slips(item, ("id", "issuer", "issuer_verified", "issuer_kind", "entry", "scope", "path_prefix", "reason",
                        "vouched_by", "force", *_NOTICE_TIMES), where)  # fmt: skip
    times = {
        name: moment(item[name], f"{where}.{name}", end_of_day=name == "expires_at")
        for name in _NOTICE_TIMES
        if item.get(name) is not None
    }
    for end in ("withdrawn_at", "expires_at"):
        if end in times and "listed_at" in times and times[end] < times["listed_at"]:
            raise CaseError(f"{where}.{end} is before listed_at; a notice ends after it began")
    return Notice(
        id=str(item.get("id") or where),
        issuer=str(item.get("issuer") or "unknown"),
        issuer_verified=bool(flag(item, "issuer_verified", where)),
        issuer_kind=member(item.get("issuer_kind") or IssuerKind.UNSTATED, IssuerKind, f"{where}.issuer_kind:"),
        vouched_by=str(item.get("vouched_by") or ""),
        scope=scope,
        value=_normal_entry(entry, scope, where),
        path_prefix=optional_text(item, "path_prefix", where),
        reason=str(item.get("reason") or ""),
        **times,  # type: ignore[arg-type]
    )


def _normal_entry(entry: str, scope: str, where: str) -> str:
    if scope in ("ip", "cidr"):
        return entry
    try:
        parsed = urls.parse(entry if "://" in entry else f"https://{entry}")
    except UrlError as error:
        raise CaseError(f"{where}.entry {entry!r}: {error}") from None
    return parsed.href if scope == "url" else parsed.host


__all__ = ["Case", "CaseError", "NotJudged", "read_case"]
