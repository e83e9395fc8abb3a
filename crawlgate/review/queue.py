"""The queue of a home: what is held for a person, one item for each question on each host.

An answer `review` stands until the URL is asked about again or a person has decided. Nothing is stored for the
queue: it is read from the ledger, so that it cannot disagree with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ..criteria import CATALOGUE
from ..errors import UrlError
from ..home import Home
from ..ledger import segments
from ..ledger.overrides import read_overrides
from ..ledger.query import Record, records
from ..model import Finding, Outcome, Stage, Verdict
from ..policy.overrides import Overrides, lifts
from ..report.recorded import finding_of
from ..url import Url, parse

EXAMPLES = 5
"""URLs named for an item."""

_HELD_BY = frozenset(CATALOGUE.criteria) - {"D2"}


class Question(NamedTuple):
    """What is to be decided: one criterion's outcome, for one reason, on one host."""

    host: str
    criterion: str
    outcome: Outcome
    reason: str

    @property
    def id(self) -> str:
        """A short name, the same in every run: `R-5f0c9a1b2d`."""
        return f"R-{hashlib.sha256('|'.join(self).encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """A question that waits, with the URLs it holds back.

    `since` is when the first of them was held, `record` and `url` the newest answer among them, `finding` what was
    found there. `others` are the criteria that hold back some of these URLs too.
    """

    question: Question
    urls: int
    since: datetime
    latest: datetime
    record: str
    url: str
    finding: Finding
    examples: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.question.id

    def age(self, now: datetime) -> timedelta:
        """How long it has been waiting; never negative."""
        return max(now - self.since, timedelta())


class _Held(NamedTuple):
    """The latest answer for a URL at one stage, where it was review; `since` is when that began."""

    record: str
    at: datetime
    since: datetime
    findings: tuple[Finding, ...]


_SETTLED, _DENIED, _OPEN = "settled", "denied", "open"
_Stand = tuple[int, str, tuple[Finding, ...]]
_UNKNOWN: _Stand = (1, _SETTLED, ())


def open_items(
    home: Home | Path, now: datetime, *, host: str | None = None, criterion: str | None = None
) -> list[OpenItem]:
    """What waits for a person at `now`, the oldest first; of `host` and the hosts below it, of `criterion`.

    Decisions of people that are in force at `now` close an item; where one expires it is open again. Raises
    `LedgerError` where there is no ledger, or where it cannot be read.
    """
    directory = (home if isinstance(home, Home) else Home(home)).ledger
    if not segments.segments(directory):
        return []
    held = _held(records(directory, kinds={"basis", "decision"}))
    overrides = Overrides(read_overrides(directory))
    items: dict[Question, _Growing] = {}
    for text, stages in held.items():
        if _DENIED in stages or not (url := _parsed(text)):
            continue
        if host is not None and url.host != host and not url.host.endswith(f".{host}"):
            continue
        open_here = _open(url, stages, overrides, now)
        names = {found.criterion for _, found in open_here}
        for answer, found in open_here:
            if criterion in (None, found.criterion):
                question = Question(url.host, found.criterion, found.outcome, found.reason)
                items.setdefault(question, _Growing()).add(url.href, answer, found, names)
    return sorted((grown.item(question) for question, grown in items.items()), key=lambda i: (i.since, i.id))


def _held(found: Iterable[Record]) -> dict[str, list[_Held | str | None]]:
    """URLs that were held and where they stand now: before the fetch, and after it."""
    held: dict[str, list[_Held | str | None]] = {}
    bases: dict[int, _Stand] = {}
    segment = ""
    for record in found:
        table = record.table
        if record.segment != segment:
            segment, bases = record.segment, {}
        if record.kind == "basis":
            bases[table.get("id", -1)] = _stand(table)
            continue
        # Most answers hold nothing and are about URLs that nobody held: nothing more is read of them.
        slot, stand, findings = bases.get(table["basis"], _UNKNOWN)
        url = table["url"]
        if stand == _OPEN and record.at is not None and table.get("problem") is None:
            stages = held.setdefault(url, [None, None])
            earlier = stages[slot]
            since = earlier.since if isinstance(earlier, _Held) else record.at
            stages[slot] = _Held(record.id, record.at, since, findings)
        elif url in held:
            held[url][slot] = stand
    return held


def _stand(basis: Mapping[str, Any]) -> _Stand:
    """What an answer with this basis does to a URL: the stage (0 before the fetch, 1 after it), how the URL stands
    then, and the findings that hold it."""
    slot = 0 if basis.get("stage") == Stage.PRE_FETCH else 1
    verdict = basis.get("verdict")
    if verdict == Verdict.REVIEW:
        return slot, _OPEN, tuple(_deciding(basis))
    return (slot, _DENIED, ()) if verdict == Verdict.DENY else (slot, _SETTLED, ())


def _deciding(basis: Mapping[str, Any]) -> Iterator[Finding]:
    """The findings that hold a URL back; a licence that lifted others is not one of them."""
    reasons, findings = basis.get("reasons"), basis.get("findings")
    if not isinstance(reasons, list) or not isinstance(findings, dict):
        return
    for name in reasons:
        found = finding_of(name, findings.get(name)) if name in _HELD_BY else None
        if found is not None:
            yield found


def _open(
    url: Url, stages: list[_Held | str | None], overrides: Overrides, now: datetime
) -> list[tuple[_Held, Finding]]:
    covering = overrides.covering(url, now)
    if any(override.effect is Verdict.DENY for override in covering):
        return []
    found: dict[tuple[str, Outcome, str], tuple[_Held, Finding]] = {}
    for answer in stages:
        if isinstance(answer, _Held):
            for finding in answer.findings:
                if not any(lifts(override, finding) for override in covering):
                    found[finding.criterion, finding.outcome, finding.reason] = (answer, finding)
    return list(found.values())


@dataclass(slots=True)
class _Growing:
    """An item while its URLs are collected."""

    urls: int = 0
    since: datetime | None = None
    newest: tuple[datetime, str, str, Finding] | None = None
    examples: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def add(self, url: str, answer: _Held, finding: Finding, names: set[str]) -> None:
        self.urls += 1
        self.since = answer.since if self.since is None else min(self.since, answer.since)
        if self.newest is None or answer.at >= self.newest[0]:
            self.newest = (answer.at, answer.record, url, finding)
        if len(self.examples) < EXAMPLES:
            self.examples.append(url)
        self.names |= names

    def item(self, question: Question) -> OpenItem:
        assert self.since is not None  # noqa: S101 - an item is made for a URL
        assert self.newest is not None  # noqa: S101
        at, record, url, finding = self.newest
        return OpenItem(
            question=question,
            urls=self.urls,
            since=self.since,
            latest=at,
            record=record,
            url=url,
            finding=finding,
            examples=tuple(self.examples),
            others=tuple(sorted(self.names - {question.criterion})),
        )


def _parsed(url: str) -> Url | None:
    try:
        return parse(url)
    except UrlError:
        return None


__all__ = ["EXAMPLES", "OpenItem", "Question", "open_items"]
