"""Refusals and conditions that the answer itself carries: status, login redirect, challenge.

Authentication by ID and password is a technical measure by name (ST23); other barriers are read like one.
What a vendor adds to every answer (`server: cloudflare`, `cf-ray`) is presence, not a refusal. Status 402
is read by `payment`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, unquote

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from ..url import Url
from . import challenges
from .challenges import Challenge

REDIRECTS = (301, 302, 303, 307, 308)
"""Statuses whose `Location` a client follows (RFC 9110 15.4)."""

# One of these in the target of a redirect is enough.
_LOGIN = {
    "path": re.compile(
        r"(?:(?:wp|user|member)[-_]?)?log[-_]?in|logon|sign[-_]?in|o?auth2?|sso|saml2?|idp|openid(?:-connect)?"
    ),
    "host": re.compile(r"login|signin|accounts|auth|sso"),
    "query": re.compile(r"samlrequest|client_id&response_type"),
}
# Of these, two kinds together: `id.` is a login host and Indonesia, `/cas/` a login service and a case.
_MAYBE = {
    "path": re.compile(r"cas|accounts?|members?|memberships?|authorize|authenticate|sessions?|identity|users"),
    "host": re.compile(r"id|idp|account|members?"),
    "query": re.compile(r"return(?:_?to|_?url)?|redirect_(?:uri|url|to)|relaystate|next|continue|service"),
}
# The way back to the very page that was asked for: a login, or a question of consent or of cookies. Either way the page
# is withheld until it is answered.
_WAY_BACK = re.compile(r"return(?:_?to|_?url)|redirect_ur[il]")
MAY_BE_LOGIN = (
    "log[-_]?in|logon|sign[-_]?in|auth|sso|saml|idp|openid|client_id|cas|account|member|session|identity|users|/id[./?]"
    "|return|redirect|relaystate|next|continue|service|%"
)
"""A pattern (any case) without which the target of a redirect is no login, for those who have many to look at."""
_PAGE_SUFFIX = re.compile(r"\.(?:php|aspx?|jspx?|html?|do|cgi|action|cfm)\Z")
_REL = re.compile(r"\brel[ \t]*=[ \t]*\"?([^\",;]*)", re.IGNORECASE)
_CHALLENGE_HEADERS: Mapping[str, tuple[str, frozenset[str]]] = {
    "cf-mitigated": ("cloudflare", frozenset(("challenge",))),  # the only value its vendor documents
    "x-amzn-waf-action": ("aws-waf", frozenset(("challenge", "captcha"))),
}
# These stand on passed answers too; only together with a refusal they tell who refused.
_BLOCK_HEADERS = {"x-datadome": "datadome", "x-dd-b": "datadome"}
_BLOCK_STATUS = (401, 403, 405, 429, 503)


def read(
    status: int, headers: Headers, *, url: Url, evidence: str = "", lint: list[Lint] | None = None
) -> tuple[Signal, ...]:
    """What an answer to a request for `url` says about access. Never raises.

    Several statements may stand in one answer, such as a challenge with status 429. A status below 300
    without a challenge header says nothing.
    """
    found = list(_challenges(status, headers, evidence))
    licence = challenges.licence(headers) if status in (401, 402, 403, 503) else None
    if licence is not None:
        challenges.check_licence(licence, status, linked(headers, "license"), lint)
    if status == 401:
        found.extend(_unauthorized(headers, evidence))
    elif status == 403:
        detail = {} if licence is None else challenges.licence_detail(licence, linked(headers, "license"))
        found.append(_gated(headers, evidence) or _signal("access.403", "HTTP 403", evidence, detail=detail))
    elif status == 503 and licence is not None:
        found.append(_licence_required(headers, licence, evidence, ambiguity="licence_server_down"))
    elif status == 407:
        found.append(_proxy(headers, evidence))
    elif status == 429:
        found.append(_rate_limit(headers, evidence))
    elif status == 451:
        found.append(_legal_block(headers, evidence))
    elif status in REDIRECTS:
        found.extend(_login_redirect(status, headers, url, evidence))
    return tuple(found)


def auth_schemes(values: Iterable[str]) -> tuple[str, ...]:
    """The authentication schemes named in `WWW-Authenticate` values, lower case, each once."""
    return tuple(dict.fromkeys(challenge.scheme for challenge in challenges.read(values)))


def _signal(
    kind: str,
    raw: str,
    evidence: str,
    *,
    polarity: Polarity = Polarity.RESERVED,
    name: str | None = None,
    detail: Mapping[str, str] | None = None,
    ambiguity: str | None = None,
) -> Signal:
    bound = DEFAULT_LIMITS.raw_text
    return Signal(
        kind=kind,
        purpose=Purpose.ACCESS,
        polarity=polarity,
        strength=Strength.MEASURE,
        scope=Scope.RESPONSE,
        raw=raw[:bound],
        evidence=evidence,
        name=name,
        detail={key: value[:bound] for key, value in (detail or {}).items() if value},
        ambiguity=ambiguity,
    )


def _line(headers: Headers, name: str) -> str:
    return f"{name}: {', '.join(headers.all(name))}"


def _unauthorized(headers: Headers, evidence: str) -> Iterator[Signal]:
    """RFC 9110 15.5.2; scheme `License` is RSL's: a licence is asked for, not a password (RSL 1.0 CAP)."""
    gated = _gated(headers, evidence)
    if gated is not None:
        yield gated
        return
    schemes = auth_schemes(headers.all("www-authenticate"))
    named = "www-authenticate" in headers
    raw, name = (_line(headers, "www-authenticate"), "www-authenticate") if named else ("HTTP 401", None)
    licence = challenges.licence(headers)
    if licence is not None:
        yield _licence_required(headers, licence, evidence)
    if schemes != ("license",):
        yield _signal("access.401", raw, evidence, name=name, detail={"schemes": " ".join(schemes)})


def _licence_required(headers: Headers, licence: Challenge, evidence: str, ambiguity: str | None = None) -> Signal:
    schemes = " ".join(auth_schemes(headers.all("www-authenticate")))
    return _signal(
        "access.licence_required",
        _line(headers, "www-authenticate"),
        evidence,
        polarity=Polarity.CONDITIONAL,
        name="www-authenticate",
        detail={"schemes": schemes} | challenges.licence_detail(licence, linked(headers, "license")),
        ambiguity=ambiguity,
    )


def _gated(headers: Headers, evidence: str) -> Signal | None:
    """A data set of a hub that wants its terms accepted first (`X-Error-Code: GatedRepo`)."""
    if (headers.get("x-error-code") or "").lower() != "gatedrepo":
        return None
    return _signal(
        "access.gated",
        _line(headers, "x-error-code"),
        evidence,
        polarity=Polarity.CONDITIONAL,
        name="x-error-code",
        detail={"message": headers.get("x-error-message") or ""},
    )


def _proxy(headers: Headers, evidence: str) -> Signal:
    """RFC 9110 15.5.8: the client's proxy asks, so nothing was heard from the site."""
    return _signal(
        "access.407",
        "HTTP 407",
        evidence,
        polarity=Polarity.UNSPECIFIED,
        detail={"from": "our own proxy", "schemes": " ".join(auth_schemes(headers.all("proxy-authenticate")))},
    )


def _rate_limit(headers: Headers, evidence: str) -> Signal:
    """RFC 6585 4: too many requests, whatever their purpose."""
    return _signal(
        "access.429",
        "HTTP 429",
        evidence,
        polarity=Polarity.UNSPECIFIED,
        detail={"retry_after": headers.get("retry-after") or ""},
    )


def _legal_block(headers: Headers, evidence: str) -> Signal:
    """RFC 7725 3: denied for legal reasons; `rel="blocked-by"` (section 4) names who implements the block."""
    return _signal(
        "access.451",
        "HTTP 451",
        evidence,
        detail={"blocked_by": linked(headers, "blocked-by")},
        ambiguity="a block for legal reasons need not be a measure against AI training",
    )


def linked(headers: Headers, relation: str) -> str:
    """The first target in `Link` header lines with this relation (RFC 8288 3), or an empty string."""
    for value in headers.all("link"):
        for part in value.split("<")[1:]:
            target, _, parameters = part.partition(">")
            rel = _REL.search(parameters)
            if rel is not None and relation in rel[1].lower().split():
                return target
    return ""


def _challenges(status: int, headers: Headers, evidence: str) -> Iterator[Signal]:
    for name, (vendor, values) in _CHALLENGE_HEADERS.items():
        value = (headers.get(name) or "").lower()
        if value in values:
            detail = {"vendor": vendor, "status": str(status), "action": value}
            yield _signal("access.challenge", _line(headers, name), evidence, name=name, detail=detail)
    if status in _BLOCK_STATUS:
        for name, vendor in _BLOCK_HEADERS.items():
            if name in headers:
                detail = {"vendor": vendor, "status": str(status)}
                yield _signal("access.challenge", _line(headers, name), evidence, name=name, detail=detail)
                return


def _login_redirect(status: int, headers: Headers, url: Url, evidence: str) -> Iterator[Signal]:
    location = headers.get("location")
    if location is None:
        return
    location = urls.without_userinfo(location)
    try:
        target = urls.join(url, location)
    except UrlError:
        return
    if _same_page(url, target):
        return
    certain, possible = _login_hints(target)
    # What the asked URL bears itself (`/login` to `/login/2`, a whole site on `id.`) is no news of a login.
    asked = set().union(*_login_hints(url))
    certain, possible = certain - asked, possible - asked
    sure = bool(certain) or len({hint.partition(":")[0] for hint in possible}) > 1
    if sure or _leads_back(target, url):
        detail = {"location": target.href, "hints": " ".join(sorted(certain | possible)), "status": str(status)}
        yield _signal(
            "access.login_redirect",
            f"location: {location}",
            evidence,
            name="location",
            detail=detail,
            ambiguity=None if sure else "way_back_to_the_page",
        )


def _leads_back(target: Url, asked: Url) -> bool:
    """True for a target that carries the asked page as the address to return to."""
    for name, value in parse_qsl(target.target.partition("?")[2]):
        if _WAY_BACK.fullmatch(name.lower()):
            try:
                back = urls.join(asked, value)
            except UrlError:
                continue
            if _same_page(asked, back):
                return True
    return False


def _same_page(one: Url, other: Url) -> bool:
    """True for redirects between http and https, `www.` and none, with and without a trailing slash."""

    def page(url: Url) -> tuple[str, str, str]:
        path, mark, query = url.target.partition("?")
        return url.host.removeprefix("www."), path.rstrip("/").lower(), mark + query

    return page(one) == page(other)


def _login_hints(url: Url) -> tuple[set[str], set[str]]:
    """What in a URL says login for certain, and what says so only together with a hint of another kind."""
    path, _, query = url.target.partition("?")
    names = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
    if {"client_id", "response_type"} <= names:  # an OAuth authorization request, RFC 6749 4.1.1
        names.add("client_id&response_type")
    words = [("path", _segment(part)) for part in path.split("/")]
    words += [("query", name) for name in names]
    words.append(("host", url.host.partition(".")[0]))
    certain = {f"{kind}:{word}" for kind, word in words if _LOGIN[kind].fullmatch(word)}
    possible = {f"{kind}:{word}" for kind, word in words if _MAYBE[kind].fullmatch(word)}
    return certain, possible


def _segment(part: str) -> str:
    return _PAGE_SUFFIX.sub("", unquote(part).partition(";")[0].lower())
