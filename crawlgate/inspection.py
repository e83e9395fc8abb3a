"""Everything a site said, in one place and without a verdict: what `crawlgate signals` and `inspect-site` show.

The input is what was received (bodies, status, headers); the output the statements, the polarity per purpose
after every precedence, and the lint. Pure: nothing is fetched here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from . import url as urls
from .declaration import suggestion
from .errors import ConfigError, UrlError
from .flow import TDMREP_PATH, Survey
from .headers import Headers
from .model import Evidence, EvidenceKind, Lint, Polarity, Purpose, Scope, Signal
from .signals import (
    agents,
    ai_txt,
    c2pa,
    dataset,
    page_head,
    payment,
    paywall,
    response,
    robots,
    robots_agents,
    rsl,
    tdmrep,
    trust_txt,
    usage,
    xmp,
)
from .signals.effective import effective
from .signals.lines import ExtensionLine
from .signals.response import Reading
from .signals.robots_standing import Standing, standing
from .signals.statement import agent_subject, clip
from .site import Site
from .url import Url

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
_MOST_OTHERS = 100  # statements to other agents that are told
# The time of an input that states none; nothing that is said depends on it.
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """`signals` in the order of the protocols; `effective` polarity per purpose; `lint` of every author; `facts`
    that are no polarity (price, licence documents, agents refused ...)."""

    url: Url
    signals: tuple[Signal, ...]
    effective: Mapping[Purpose, Polarity]
    lint: tuple[Lint, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


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
    return _Reader(url, token, table).read()


def inspect_received(url: Url, token: str, survey: Survey, page: Evidence | None) -> Inspection:
    """The same for what was fetched from a site: its survey, and one page (None: not fetched)."""
    site = Site(survey, token, agents.load())
    answer = site.answer(url)
    tdm_file = site.tdm_signals(answer)
    signals = list(site.signals(answer, url))
    del signals[len(signals) - len(tdm_file) :]
    signals += _said_to_others(site, url)
    lint = list(site.lint)
    reading = Reading()
    if page is not None and page.status is not None:
        headers = Headers(page.headers)
        reading = response.read_headers(page.status, headers, url=url, token=token, evidence=page.id)
        if response.is_page(page.status, headers):
            reading = response.read_page(
                page.body, reading, url=url, headers=headers, token=token, whole=not page.truncated, evidence=page.id
            )
    signals = _in_force(signals, tdm_file, reading)
    polarity = effective(signals)
    if polarity[Purpose.CRAWL] is Polarity.UNSPECIFIED:
        polarity[Purpose.CRAWL] = _crawl(survey.standing)
    if polarity[Purpose.ACCESS] is Polarity.UNSPECIFIED and page is not None and (page.status or 500) < 400:
        polarity[Purpose.ACCESS] = Polarity.PERMITTED
    return Inspection(url=url, signals=tuple(signals), effective=polarity, lint=(*lint, *reading.lint))


class _Reader:
    """Collects statements protocol by protocol."""

    def __init__(self, url: Url, token: str, table: Mapping[str, Any]) -> None:
        self.url, self.token, self.table = url, token, table
        self.signals: list[Signal] = []
        self.lint: list[Lint] = []
        self.facts: dict[str, Any] = {}

    def read(self) -> Inspection:
        stands = self._policy_files()
        self._licences()
        for name, parse in (("ai_txt", self._ai_txt), ("trust_txt", self._trust_txt)):
            if self.table.get(name) is not None:
                parse(_bytes(self.table[name]))
        status = self._response()
        polarity = effective(self.signals)
        self._others()
        if polarity[Purpose.CRAWL] is Polarity.UNSPECIFIED:
            polarity[Purpose.CRAWL] = _crawl(stands)
        if polarity[Purpose.ACCESS] is Polarity.UNSPECIFIED and status is not None and status < 400:
            polarity[Purpose.ACCESS] = Polarity.PERMITTED
        return Inspection(
            url=self.url, signals=tuple(self.signals), effective=polarity, lint=tuple(self.lint), facts=self.facts
        )

    def _others(self) -> None:
        """What is said to other agents by name; it decides nothing for us."""
        order = list(Polarity)
        others: dict[str, dict[str, Polarity]] = {}
        for signal in self.signals:
            if signal.subject not in ("ours", "*"):
                said = others.setdefault(signal.subject, {})
                known = said.get(str(signal.purpose), Polarity.UNSPECIFIED)
                said[str(signal.purpose)] = min(known, signal.polarity, key=order.index)
        if others:
            self.facts["others"] = others

    def _policy_files(self) -> Standing:
        robots_evidence = _robots_evidence(self.table, self.url)
        stands, reason = standing(robots_evidence) if robots_evidence is not None else (Standing.ABSENT, "")
        read = robots_evidence is not None and stands is Standing.READ
        file = robots.parse(robots_evidence.body) if robots_evidence is not None and read else None
        tdm_body = self.table.get("tdmrep")
        tdm = (
            None
            if tdm_body is None
            else _evidence(EvidenceKind.TDMREP, self.url, TDMREP_PATH, _bytes(tdm_body, "tdmrep"))
        )
        site = Site(
            Survey(
                origin=self.url.origin,
                robots=robots_evidence,
                standing=stands,
                reason=reason,
                file=file,
                tdmrep=tdm,
                not_looked={},
            ),
            self.token,
            agents.load(),
        )
        answer = site.answer(self.url)
        self.site, self.tdm_file = site, site.tdm_signals(answer)
        signals = site.signals(answer, self.url)
        self.signals += signals[: len(signals) - len(self.tdm_file)]
        self.signals += _said_to_others(site, self.url)
        self.lint += site.lint
        refused = [int(s.detail["count"]) for s in signals if s.detail.get("class") == "training"]
        if refused:
            self.facts["n_training_tokens"] = sum(refused)
        if stands in (Standing.UNREACHABLE, Standing.WITHHELD):
            self.facts["reason"] = str(stands)
            # RFC 9309 2.3.1.3 lets a crawler pass where the answer is 4xx; 2.3.1.2 where redirects have no end.
            client_error = robots_evidence is not None and (robots_evidence.status or 0) < 500
            self.facts["readings"] = {"rfc9309": "permitted" if client_error else "reserved", "strict": "reserved"}
        uses = [s.detail["use"] for s in signals if "use" in s.detail]
        if uses:
            self.facts["use"] = uses[-1]
        return stands

    def _licences(self) -> None:
        if self.table.get("robots") is not None or self.table.get("robots_bytes_hex") is not None:
            ours, others = self.site.extension_lines
            base = urls.parse(self.url.origin + "/robots.txt")
            references = rsl.licence_urls(ours, base=base, others=others, lint=self.lint)
            if references:
                self.facts["license_urls"] = [r.url.href for r in references if r.url is not None]
        if self.table.get("rsl") is not None:
            document = rsl.parse(_bytes(self.table["rsl"]), base=self.url, evidence="rsl")
            found = document.signals(document.match(self.url.target))
            self.signals += found
            self.lint += document.lint
            prices = [s.detail["price"] for s in found if "price" in s.detail]
            if prices:
                self.facts["price"] = prices[0]

    def _ai_txt(self, body: bytes) -> None:
        read = ai_txt.parse(body, agent=self.token, evidence="ai_txt")
        self.signals += read.signals(read.match(self.url.target))
        self.lint += read.lint

    def _trust_txt(self, body: bytes) -> None:
        read = trust_txt.parse(body, evidence="trust_txt")
        self.signals += read.signals()
        self.lint += read.lint

    def _media(self) -> tuple[Signal, ...]:
        found: list[Signal] = []
        if self.table.get("xmp") is not None:
            found += xmp.read(_bytes(self.table["xmp"]), evidence="xmp", lint=self.lint)
        assertion = self.table.get("assertion")
        if assertion is not None:
            if not isinstance(assertion, Mapping):
                raise ConfigError("assertion must be an object")
            found += c2pa.assertion(assertion, evidence="assertion", lint=self.lint)
        return tuple(found)

    def _response(self) -> int | None:
        given = {name for name in ("status", "header", "html", "jsonld", "body") if self.table.get(name) is not None}
        status = self.table.get("status", 200 if given else None)
        if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
            raise ConfigError("status must be a whole number")
        headers = self.table.get("header")
        headers = {} if headers is None else headers
        if not isinstance(headers, Mapping):
            raise ConfigError("header must be an object of names and values")
        reading = Reading()
        if status is not None:
            reading = self._page(status, Headers(_pairs(headers)))
        embedded = self._media()
        reading = replace(
            reading,
            signals=(*reading.signals, *(signal for signal in embedded if not _is_tdmrep(signal))),
            tdm_meta=(*reading.tdm_meta, *filter(_is_tdmrep, embedded)),
        )
        self.signals = _in_force(self.signals, self.tdm_file, reading)
        self.lint += reading.lint
        marks = [signal for signal in reading.signals if signal.kind.startswith("paywall.")]
        if any(mark.polarity is not Polarity.UNSPECIFIED for mark in marks):
            self.facts["paid_content"] = True
        if reading.offers:
            self.facts["dataset"] = str(Polarity.PRICED)
        return status

    def _page(self, status: int, headers: Headers) -> Reading:
        reading = response.read_headers(status, headers, url=self.url, token=self.token, evidence="response")
        references = rsl.from_link_header(headers, base=self.url)
        html = self.table.get("html")
        if html is not None:
            body = _bytes(html)
            reading = response.read_page(
                body,
                reading,
                url=self.url,
                headers=headers,
                token=self.token,
                whole=True,
                status=status,
                evidence="response",
            )
            head = page_head.scan(body, content_type=headers.get("content-type") or "")
            references += rsl.from_page(head, base=self.url)
        self._name_licences(references)
        signals, offers, lint = reading.signals, reading.offers, reading.lint
        blocks = self.table.get("jsonld")
        if blocks is not None:
            blocks = blocks if isinstance(blocks, list) else [blocks]
            found = dataset.read(blocks, page=self.url, evidence="jsonld")
            signals += (*found.signals, *paywall.read(blocks, [], evidence="jsonld"))
            offers, lint = offers + found.offers, (*lint, *found.lint)
        if self.table.get("body") is not None:
            priced = payment.read(status, headers, _bytes(self.table["body"]), evidence="body")
            # With the body the terms are known; without them the status line alone had spoken.
            signals = (*(s for s in signals if not s.kind.startswith("payment.")), *priced)
        return Reading(
            signals=signals, tdm_header=reading.tdm_header, tdm_meta=reading.tdm_meta, offers=offers, lint=tuple(lint)
        )

    def _name_licences(self, references: tuple[rsl.RslReference, ...]) -> None:
        """Those that the response names stand in place of those of robots.txt, one of an element beside them."""
        named = [reference.url.href for reference in references if reference.url is not None]
        if named:
            replaced = any(reference.scope is not Scope.ELEMENT for reference in references)
            known = [] if replaced else self.facts.get("license_urls", [])
            self.facts["license_urls"] = list(dict.fromkeys([*known, *named]))


def _said_to_others(site: Site, url: Url) -> list[Signal]:
    """Usage lines in the groups of other agents: told as theirs, and deciding nothing for us."""
    groups: dict[int, list[ExtensionLine]] = {}
    for line in site.extension_lines[1]:
        groups.setdefault(id(line.agents), []).append(line)  # one tuple a group
    found: list[Signal] = []
    for lines in groups.values():
        named = lines[0].agents
        # The group of everybody that ours replaces is no other agent's.
        if any("*" in robots_agents.tokens(agent) for agent in named):
            continue
        subject = clip(", ".join(map(agent_subject, named)))
        rules = usage.read(lines, subject=subject, evidence=str(EvidenceKind.ROBOTS))
        found += rules.signals(rules.match(url.target))
        if len(found) > _MOST_OTHERS:
            break
    return found[:_MOST_OTHERS]


def _in_force(policy: Iterable[Signal], tdm_file: Iterable[Signal], reading: Reading) -> list[Signal]:
    """The statements of policy files and of a response, after the precedence of TDMRep's carriers and of RSL's."""
    files = list(policy)
    licences = rsl.combine(filter(_is_licence, files), filter(_is_licence, reading.signals))
    return [
        *(signal for signal in files if not _is_licence(signal)),
        *tdmrep.combine(tdm_file, reading.tdm_header, reading.tdm_meta),
        *licences,
        *(signal for signal in reading.signals if not _is_licence(signal)),
    ]


def _is_licence(signal: Signal) -> bool:
    return signal.kind.startswith("rsl.")


def _is_tdmrep(signal: Signal) -> bool:
    return signal.kind.startswith("tdmrep.")


def _crawl(stands: Standing) -> Polarity:
    """What no rule leaves: an unread robots.txt reserves, for now; a withheld one in the stricter reading."""
    if stands in (Standing.UNREACHABLE, Standing.WITHHELD):
        return Polarity.RESERVED
    return Polarity.PERMITTED


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
