"""A whole run seen from its ledger: what was taken, of whom and from where; and the criteria that need all of it.

A2, A4 and B6 cannot be answered for one URL (ST09, ST15, ST24). The limits they are weighed against are the project's
own, named in its profile; without one the answer is that a person has to decide.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from .. import url as urls
from ..criteria.corpus import a4_necessity, b6_market_conflict
from ..criteria.enjoyment import a2_single_creator
from ..criteria.facts import CorpusFacts, Facts
from ..criteria.outcomes import finding
from ..domains import Suffixes
from ..errors import UrlError
from ..ledger.query import records
from ..model import Declaration, Finding, Outcome, Stage, Verdict
from ..policy import Profile

_TAKEN = ("released", "read", "stored")
_MEDIA = ("image/", "audio/", "video/")
_POINTING = ("met", "indicated")


@dataclass(slots=True)
class SiteFacts:
    """One site of a run: distinct URLs and bytes taken (None: no body was measured), and whether B1 or B4 pointed to a
    market."""

    pages: set[str] = field(default_factory=set)
    size: int | None = None
    b1: bool = False
    b4: bool = False


@dataclass(slots=True)
class RunFacts:
    """What a run took, as its ledger tells. `fetches` counts bodies, `works` distinct URLs; `again` are bodies whose
    content was held already, among those `measured`; `media` images, sounds and films that were read, `unused`
    those of them that no dataset took, where the run says what it stored; `creators` counts works by the names
    that pages gave."""

    fetches: int = 0
    measured: int = 0
    again: int = 0
    media: int = 0
    unused: int = 0
    stores: bool = False
    works: set[str] = field(default_factory=set)
    creators: Counter[str] = field(default_factory=Counter)
    sites: defaultdict[str, SiteFacts] = field(default_factory=lambda: defaultdict(SiteFacts))


@dataclass(frozen=True, slots=True)
class RunFinding:
    """A finding about a run, or about one `site` of it, and what follows from it in the profile."""

    site: str
    finding: Finding
    effect: Verdict


def run_facts(ledger: Path, *, since: datetime | None = None, until: datetime | None = None) -> RunFacts:
    """Count what the decisions and outcomes of a ledger say was taken. Raises `LedgerError`."""
    facts, suffixes = RunFacts(), Suffixes()
    asked: dict[str, str] = {}
    market: dict[tuple[str, int], tuple[bool, bool]] = {}
    creators: dict[str, list[str]] = {}
    media: dict[str, bool] = {}
    counted: set[str] = set()
    measured: set[str] = set()
    digests: set[str] = set()
    for record in records(ledger, kinds={"basis", "decision", "outcome"}, since=since, until=until):
        table = record.table
        if record.kind == "basis":
            market[record.segment, table["id"]] = _points(table)
        elif record.kind == "decision":
            asked[record.id] = table["url"]
            site = facts.sites[_site(table["url"], suffixes)]
            b1, b4 = market.get((record.segment, table["basis"]), (False, False))
            site.b1, site.b4 = site.b1 or b1, site.b4 or b4
        else:
            decision = str(table.get("decision"))
            if isinstance(table.get("creators"), list):
                creators[decision] = [str(name) for name in table["creators"]]
            if str(table.get("media_type") or "").startswith(_MEDIA):
                media[decision] = False
            if table.get("disposition") not in _TAKEN or decision not in asked:
                continue
            if table["disposition"] == "stored":
                facts.stores = True
                if decision in media:
                    media[decision] = True
            if decision not in counted:
                counted.add(decision)
                _take(facts, asked[decision], creators.get(decision, []), suffixes)
            # The body's digest and size come when it was read, or with its place in a dataset: the first of both.
            if decision not in measured and isinstance(table.get("sha256"), str):
                measured.add(decision)
                _measure(facts, asked[decision], table, digests, suffixes)
    facts.media = sum(decision in counted for decision in media)
    facts.unused = sum(not used and decision in counted for decision, used in media.items()) if facts.stores else 0
    return facts


def _take(facts: RunFacts, url: str, creators: list[str], suffixes: Suffixes) -> None:
    facts.fetches += 1
    if url not in facts.works:
        facts.works.add(url)
        facts.creators.update(dict.fromkeys(creators, 1))
    facts.sites[_site(url, suffixes)].pages.add(url)


def _measure(facts: RunFacts, url: str, table: Mapping[str, Any], digests: set[str], suffixes: Suffixes) -> None:
    digest, size = str(table["sha256"]), table.get("bytes")
    facts.measured += 1
    facts.again += digest in digests
    digests.add(digest)
    site = facts.sites[_site(url, suffixes)]
    if isinstance(size, int):
        site.size = (site.size or 0) + size


def _points(table: Mapping[str, Any]) -> tuple[bool, bool]:
    findings = table.get("findings") or {}
    b1, b4 = (findings.get(name, {}).get("outcome") in _POINTING for name in ("B1", "B4"))
    return b1, b4


def _site(url: str, suffixes: Suffixes) -> str:
    try:
        host = urls.parse(url).host
    except UrlError:
        return url[:100]
    return suffixes.registrable(host) or host


def run_findings(facts: RunFacts, declaration: Declaration, profile: Profile, at: datetime) -> list[RunFinding]:
    """A2 and A4 of the whole run, and B6 of each site from which something was taken, in the order of their names."""
    top, count = facts.creators.most_common(1)[0] if facts.creators else ("", 0)
    whole = CorpusFacts(
        works=len(facts.works),
        creators=len(facts.creators) or None,
        top_creator=top,
        top_creator_share=_percent(count, len(facts.works)) if facts.creators else None,
        duplicate_share=_percent(facts.again, facts.measured) if facts.measured else None,
        unused_media_share=_percent(facts.unused, facts.media) if facts.stores and facts.media else None,
    )
    of_run = _facts(whole, "", declaration, profile, at)
    results = (a2_single_creator(of_run), a4_necessity(of_run))
    found = [_weighed("", result, profile) for result in results if isinstance(result, Finding)]
    for name in sorted(facts.sites):
        site = facts.sites[name]
        if not site.pages:
            continue
        volume = CorpusFacts(site=name, site_pages=len(site.pages), site_bytes=site.size)
        b1, b4 = (_stand_in(criterion, points) for criterion, points in (("B1", site.b1), ("B4", site.b4)))
        result = b6_market_conflict(_facts(volume, name, declaration, profile, at), b1, b4)
        if isinstance(result, Finding):
            found.append(_weighed(name, result, profile))
    return found


def _facts(corpus: CorpusFacts, url: str, declaration: Declaration, profile: Profile, at: datetime) -> Facts:
    return Facts(stage=Stage.CORPUS, at=at, url=url, declaration=declaration, corpus=corpus, limits=profile.limits)


def _stand_in(criterion: str, points: bool) -> Finding:
    reason = "b1.none" if criterion == "B1" else "b4.none"
    return finding(criterion, Outcome.INDICATED if points else Outcome.NOT_MET, reason)


def _weighed(site: str, result: Finding, profile: Profile) -> RunFinding:
    return RunFinding(site, result, profile.effect(result.criterion, result.outcome, Stage.CORPUS))


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01")).normalize() + 0
