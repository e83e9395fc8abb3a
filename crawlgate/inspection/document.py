"""One JSON object of what was received, as `crawlgate signals` takes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from .. import url as urls
from ..declaration import suggestion
from ..errors import ConfigError, UrlError
from ..flow import TDMREP_PATH, Survey
from ..headers import Headers
from ..model import Evidence, EvidenceKind, Lint, Purpose, Scope, Signal, Use
from ..signals import agents, c2pa, dataset, epub, paywall, response, robots, rsl, tdm_policy, tdmrep, xmp
from ..signals.jsonld import Graph
from ..signals.reading import Reading
from ..signals.robots_standing import Standing, standing
from ..signals.rsl_links import RslReference
from ..site import Site
from ..url import Url
from .outcome import Inspection, inspection

FIELDS = (
    "robots",
    "robots_bytes_hex",
    "robots_status",
    "robots_redirects",
    "header",
    "status",
    "html",
    "jsonld",
    "body",
    "tdmrep",
    "tdm_policy",
    "rsl",
    "ai_txt",
    "trust_txt",
    "xmp",
    "assertion",
    "url",
    "token",
    "purpose",
)
_TEXTS = ("robots", "html", "rsl", "ai_txt", "trust_txt", "xmp", "purpose")
DEFAULT_TOKEN = "ExampleBot"  # noqa: S105 - a product token is no secret
_NOWHERE = "https://site.example"
# The time of an input that states none; nothing that is said depends on it.
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def inspect_document(table: Any) -> Inspection:
    """Read one object of `crawlgate signals` (any of `FIELDS`). Raises `ConfigError` for what is no such object;
    whatever the bodies hold is read or becomes lint."""
    if not isinstance(table, Mapping):
        raise ConfigError("the input must be one JSON object")
    for name in table:
        if name not in FIELDS:
            raise ConfigError(f"key {name!r} is unknown{suggestion(str(name), FIELDS)}; known: {', '.join(FIELDS)}")
    for name in _TEXTS:
        _text(table, name)
    token = _text(table, "token") or DEFAULT_TOKEN
    url = _url(_text(table, "url") or "/")
    return _Document(url, token, {name: value for name, value in table.items() if value is not None}).inspect()


class _Document:
    """The parts of one object, each read as if it had been received."""

    def __init__(self, url: Url, token: str, table: Mapping[str, Any]) -> None:
        self._url, self._token, self._table = url, token, table
        self._lint: list[Lint] = []

    def inspect(self) -> Inspection:
        status, headers = self._status(), self._headers()
        policy = self._policy()
        survey = self._survey(policy)
        site = Site(survey, self._token, agents.load())
        reading = self._embedded(self._response(status, headers) if status is not None else Reading())
        named: dict[str, Evidence | None] = {}
        if policy is not None:
            named = {url.href: policy for url, kind in response.named(reading) if kind is EvidenceKind.TDM_POLICY}
            reading = response.with_documents(reading, named, url=self._url)
        reading = self._described(reading, is_the_policy=bool(named or survey.policies))
        return inspection(
            self._url,
            site,
            reading,
            status=status,
            licences=self._licence_lines(site),
            more=self._site_licence(),
            headers=headers,
            lint=self._lint,
            purpose=self._purpose(),
        )

    # -- the site -------------------------------------------------------------------------------------------

    def _survey(self, policy: Evidence | None) -> Survey:
        received = _robots_evidence(self._table, self._url)
        stands, reason = standing(received) if received is not None else (Standing.ABSENT, "")
        file = robots.parse(received.body) if received is not None and stands is Standing.READ else None
        tdm = self._file(EvidenceKind.TDMREP, TDMREP_PATH, "tdmrep")
        policies: dict[str, Evidence | None] = {}
        if tdm is not None and policy is not None:
            entries = tdmrep.parse_file(tdm.body, base=urls.parse(tdm.url)).all_signals()
            policies = {url.href: policy for url in tdmrep.policies_named(entries)}
        optional = {
            name: found
            for name, path in (("ai_txt", "/ai.txt"), ("trust_txt", "/trust.txt"))
            if (found := self._file(EvidenceKind(name), path, name)) is not None
        }
        return Survey(
            origin=self._url.origin,
            robots=received,
            standing=stands,
            reason=reason,
            file=file,
            tdmrep=tdm,
            not_looked={},
            policies=policies,
            optional=optional,
        )

    def _file(self, kind: EvidenceKind, path: str, name: str) -> Evidence | None:
        if name not in self._table:
            return None
        return _evidence(kind, self._url, path, _bytes(self._table[name], name))

    def _policy(self) -> Evidence | None:
        """The TDM policy of whatever statement names one: given as such, or as the JSON in hand."""
        if "tdm_policy" in self._table:
            return self._file(EvidenceKind.TDM_POLICY, "/policy.json", "tdm_policy")
        for name in ("jsonld", "body"):
            if tdm_policy.is_policy(self._table.get(name)):
                return self._file(EvidenceKind.TDM_POLICY, "/policy.json", name)
        return None

    def _licence_lines(self, site: Site) -> tuple[RslReference, ...]:
        ours, others = site.extension_lines
        base = urls.parse(self._url.origin + "/robots.txt")
        return rsl.licence_urls(ours, base=base, others=others, lint=self._lint)

    def _site_licence(self) -> tuple[Signal, ...]:
        """The licence of the site. One that cannot be read licenses nothing (RSL 1.0 4.3)."""
        if "rsl" not in self._table:
            return ()
        document = rsl.parse(_bytes(self._table["rsl"]), base=self._url, evidence="rsl")
        self._lint += document.lint
        if document or document.is_rsl:
            return document.signals(document.match(self._url.target))
        named = RslReference(url=None, where="robots", raw="", scope=Scope.PATH)
        return (rsl.unobtainable(named, evidence="rsl", reason=document.lint[0].code),)

    # -- the response ---------------------------------------------------------------------------------------

    def _status(self) -> int | None:
        given = {"status", "header", "html", "jsonld", "body"} & self._table.keys()
        status = self._table.get("status", 200 if given else None)
        if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
            raise ConfigError("status must be a whole number")
        return status

    def _headers(self) -> Headers:
        headers = self._table.get("header", {})
        if not isinstance(headers, Mapping):
            raise ConfigError("header must be an object of names and values")
        return Headers(_pairs(headers))

    def _response(self, status: int, headers: Headers) -> Reading:
        reading = response.read_headers(status, headers, url=self._url, token=self._token, evidence="response")
        for name in ("html", "body"):
            if name in self._table and not (name == "body" and tdm_policy.is_policy(self._table[name])):
                body = _bytes(self._table[name], name)
                reading = response.read_body(
                    status,
                    _typed(headers, self._table[name], name),
                    body,
                    reading,
                    url=self._url,
                    token=self._token,
                    whole=True,
                    evidence="response" if name == "html" else name,
                )
        return reading

    def _described(self, reading: Reading, *, is_the_policy: bool) -> Reading:
        """`reading` with what the page describes itself as, in JSON-LD of its own; not with the policy of a statement,
        which has been read."""
        blocks = self._table.get("jsonld")
        if blocks is None and tdm_policy.is_policy(self._table.get("body")):
            blocks = self._table["body"]
        if blocks is None or (is_the_policy and tdm_policy.is_policy(blocks)):
            return reading
        graph = Graph(blocks if isinstance(blocks, list) else [blocks])
        found = dataset.read(graph, page=self._url, evidence="jsonld")
        return replace(
            reading,
            signals=(*reading.signals, *found.signals, *paywall.read(graph, [], evidence="jsonld")),
            offers=reading.offers + found.offers,
            dataset=found.standing,
            lint=(*reading.lint, *found.lint),
        )

    def _embedded(self, reading: Reading) -> Reading:
        """`reading` with what is embedded in a file."""
        found: list[Signal] = []
        lint: list[Lint] = []
        if "xmp" in self._table:
            body = _bytes(self._table["xmp"])
            found += (*xmp.read(body, evidence="xmp", lint=lint), *epub.read(body, evidence="xmp", lint=lint))
        assertion = self._table.get("assertion")
        if assertion is not None:
            if not isinstance(assertion, Mapping):
                raise ConfigError("assertion must be an object")
            found += c2pa.assertion(assertion, evidence="assertion", lint=lint)
        return replace(
            reading,
            signals=(*reading.signals, *(signal for signal in found if not signal.kind.startswith("tdmrep."))),
            tdm_meta=(*reading.tdm_meta, *(signal for signal in found if signal.kind.startswith("tdmrep."))),
            lint=(*reading.lint, *lint),
        )

    def _purpose(self) -> str | None:
        """The purpose that is asked about: one of statements (`train`) or of a declaration (`pretraining`)."""
        purpose = _text(self._table, "purpose")
        known = (*Purpose, *Use)
        if purpose is not None and purpose not in known:
            hint = suggestion(purpose, known)
            self._lint.append(
                Lint(code="unknown_purpose", message=f"no purpose of this name is known{hint}", raw=purpose)
            )
            return None
        return purpose


def _typed(headers: Headers, value: Any, name: str) -> Headers:
    """Headers with the media type that a body in JSON stands for, where none is given."""
    if "content-type" in headers or name == "html":
        return headers
    if not isinstance(value, str) or value.lstrip()[:1] in ("{", "["):
        return Headers([*headers, ("content-type", "application/json")])
    return headers


def _robots_evidence(table: Mapping[str, Any], url: Url) -> Evidence | None:
    hexadecimal = _text(table, "robots_bytes_hex")
    try:
        body = bytes.fromhex(hexadecimal) if hexadecimal is not None else None
    except ValueError:
        raise ConfigError("robots_bytes_hex is not hexadecimal") from None
    if body is None and table.get("robots") is not None:
        body = _bytes(table["robots"])
    hops = table.get("robots_redirects") or 0
    status = table.get("robots_status", 200 if body is not None else 302 if hops else None)
    for name, value in (("robots_status", status), ("robots_redirects", hops)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise ConfigError(f"{name} must be a whole number")
    if status is None:
        return None
    error = "too_many_redirects" if hops > 5 else None
    return _evidence(EvidenceKind.ROBOTS, url, "/robots.txt", body or b"", status=status, error=error)


def _evidence(
    kind: EvidenceKind, url: Url, path: str, body: bytes, *, status: int = 200, error: str | None = None
) -> Evidence:
    return Evidence(
        id=str(kind),
        kind=kind,
        url=url.origin + path,
        final_url=url.origin + path,
        fetched_at=_NO_TIME,
        status=status,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        error=error,
    )


def _text(table: Mapping[str, Any], name: str) -> str | None:
    value = table.get(name)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{name} must be a string")
    return value


def _bytes(value: Any, name: str = "body") -> bytes:
    """A body as bytes: text as UTF-8, anything else as the JSON it was given in."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    try:
        return orjson.dumps(value)
    except TypeError:  # numbers and text that strict JSON has not, or too deep for it
        pass
    try:
        return json.dumps(value).encode()
    except (RecursionError, TypeError, ValueError):
        raise ConfigError(f"{name} is nested too deeply, or holds what JSON has not") from None


def _pairs(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = []
    for name, value in headers.items():
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, (str, int)) or isinstance(item, bool):
                raise ConfigError(f"header {name!r} must be a string, or a list of strings")
            pairs.append((name, str(item)))
    return pairs


def _url(text: str) -> Url:
    try:
        return urls.parse(_NOWHERE + text if text.startswith("/") else text)
    except UrlError as error:
        raise ConfigError(f"url: {error}") from None
