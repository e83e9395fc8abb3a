"""From a site and a response to what is shown: statements in force, polarity per purpose, lint, facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..criteria.facts import relevant_purposes
from ..headers import Headers
from ..model import EvidenceKind, Lint, Polarity, Purpose, Scope, Signal, Use
from ..signals import not_opt_outs, robots_agents, usage
from ..signals.effective import effective
from ..signals.lines import ExtensionLine
from ..signals.reading import Reading
from ..signals.robots_standing import Standing
from ..signals.rsl_links import RslReference
from ..signals.statement import agent_subject, clip
from ..site import Site
from ..url import Url

NO_HEADERS = Headers()
_MOST_OTHERS = 100  # statements to other agents that are told
_PAID_CONTENT = ("paywall.", "wording.paid_content")
_ORDER = list(Polarity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """`signals` in the order of the protocols; `effective` polarity per purpose; `lint` of every author; `facts`
    that are no polarity (price, licence documents, agents refused ...). `unread`: the page was asked for and not had
    whole, so that its silence means nothing."""

    url: Url
    signals: tuple[Signal, ...]
    effective: Mapping[Purpose, Polarity]
    lint: tuple[Lint, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    unread: bool = False


def inspection(
    url: Url,
    site: Site,
    reading: Reading,
    *,
    status: int | None,
    licences: Iterable[RslReference] = (),
    more: Iterable[Signal] = (),
    headers: Headers = NO_HEADERS,
    lint: Iterable[Lint] = (),
    purpose: str | None = None,
    unread: bool = False,
) -> Inspection:
    """What `site` and `reading` say about `url`. `status` is that of the response, None without one; `licences` are
    those that robots.txt names, `more` statements of the site beside those it was surveyed for."""
    signals = (*site.signals(site.answer(url), url, reading, more=more), *said_to_others(site, url))
    polarity = effective(signals)
    if polarity[Purpose.CRAWL] is Polarity.UNSPECIFIED:
        polarity[Purpose.CRAWL] = _crawl(site.standing)
    if polarity[Purpose.ACCESS] is Polarity.UNSPECIFIED and status is not None and status < 400:
        polarity[Purpose.ACCESS] = Polarity.PERMITTED
    facts = _facts(site, signals, reading, tuple(licences))
    named = [line.key for lines in site.extension_lines for line in lines]
    mistaken = _no_opt_outs(url, named, headers)
    if mistaken:
        facts["not_opt_outs"] = mistaken
    if purpose is not None:
        facts["asked"] = {"purpose": purpose, "polarity": _asked(purpose, polarity)}
    found = dict.fromkeys((*site.lint, *lint, *reading.lint))
    return Inspection(url=url, signals=signals, effective=polarity, lint=tuple(found), facts=facts, unread=unread)


def said_to_others(site: Site, url: Url) -> list[Signal]:
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


def _no_opt_outs(url: Url, lines: Iterable[str], headers: Headers) -> dict[str, str]:
    """What stands there and is taken for an opt-out, each with the reason why it is none."""
    found: dict[str, str] = {}
    for name in (url.target, *lines, *(name for name, _ in headers)):
        why = not_opt_outs.name(name)
        if why is not None and len(found) < _MOST_OTHERS:
            found.setdefault(name, why)
    return found


def _crawl(stands: Standing) -> Polarity:
    """What no rule leaves: an unread robots.txt reserves, for now; a withheld one in the stricter reading."""
    if stands in (Standing.UNREACHABLE, Standing.WITHHELD):
        return Polarity.RESERVED
    return Polarity.PERMITTED


def _asked(purpose: str, polarity: Mapping[Purpose, Polarity]) -> Polarity:
    """The polarity for a purpose of a statement (`train`) or a declared use (`pretraining`): the strictest of those
    that bear on it."""
    if purpose in tuple(Purpose):
        return polarity[Purpose(purpose)]
    bearing = relevant_purposes((Use(purpose),)) - {Purpose.CRAWL, Purpose.ACCESS}
    return min((polarity[each] for each in bearing), key=_ORDER.index)


def _facts(
    site: Site, signals: tuple[Signal, ...], reading: Reading, licences: tuple[RslReference, ...]
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    refused = [int(s.detail["count"]) for s in signals if s.detail.get("class") == "training"]
    if refused:
        facts["n_training_tokens"] = sum(refused)
    if site.standing in (Standing.UNREACHABLE, Standing.WITHHELD):
        facts["reason"] = str(site.standing)
        # RFC 9309 2.3.1.3 lets a crawler pass where the answer is 4xx; 2.3.1.2 where redirects have no end.
        robots = site.survey.robots
        client_error = robots is not None and (robots.status or 0) < 500
        facts["readings"] = {"rfc9309": "permitted" if client_error else "reserved", "strict": "reserved"}
    signalled = [s for s in signals if s.kind.startswith("content_signal.") and s.subject in ("ours", "*")]
    uses = [s.detail["use"] for s in signalled if "use" in s.detail]
    if uses:
        facts["use"] = uses[-1]
    named = _licence_urls(licences, reading)
    if named:
        facts["license_urls"] = named
    prices = [s.detail["price"] for s in signals if s.kind.startswith("rsl.") and "price" in s.detail]
    asked = [s.detail for s in signals if s.kind.startswith("payment.") and s.detail.get("currency")]
    prices += [f"{detail['amount']} {detail['currency']}/crawl" for detail in asked]
    if prices:
        facts["price"] = prices[0]
    for signal in signals:
        if signal.subject == "Bingbot" and signal.kind in ("robots_tag.noarchive", "robots_tag.nocache"):
            facts["microsoft"] = signal.detail.get("usable", str(signal.polarity))
    if any(s.kind.startswith(_PAID_CONTENT) and s.polarity is not Polarity.UNSPECIFIED for s in signals):
        facts["paid_content"] = True
    if reading.dataset is not Polarity.UNSPECIFIED:
        facts["dataset"] = "free" if reading.dataset is Polarity.PERMITTED else str(reading.dataset)
    if reading.open_licences:
        facts["open_licences"] = list(dict.fromkeys(s.detail["licence"] for s in reading.open_licences))
    others = _others(signals)
    if others:
        facts["others"] = others
    return facts


def _licence_urls(site: tuple[RslReference, ...], reading: Reading) -> list[str]:
    """Licences that are in force by name: those of a response in place of the site's, one of an element beside them."""
    page = tuple(reading.named_licences)
    replaced = any(reference.scope is not Scope.ELEMENT for reference in page)
    found = [*(() if replaced else site), *page]
    return list(dict.fromkeys(reference.url.href for reference in found if reference.url is not None))


def _others(signals: Iterable[Signal]) -> dict[str, dict[str, Polarity]]:
    """What is said to other agents by name; it decides nothing for us."""
    others: dict[str, dict[str, Polarity]] = {}
    for signal in signals:
        if signal.subject not in ("ours", "*"):
            said = others.setdefault(signal.subject, {})
            known = said.get(str(signal.purpose), Polarity.UNSPECIFIED)
            said[str(signal.purpose)] = min(known, signal.polarity, key=_ORDER.index)
    return others
