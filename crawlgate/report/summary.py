"""A ledger in numbers: one pass over its records, counters, and a bounded number of examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from ..clock import Clock, SystemClock
from ..domains import Suffixes
from ..errors import UrlError
from ..home import Home
from ..ledger.overrides import KINDS as OVERRIDE_KINDS
from ..ledger.overrides import overrides_of
from ..ledger.query import Record, records
from ..ledger.verify import VerifyReport, verify
from ..model import EvidenceKind, Outcome, Override
from ..url import parse
from .conditions import Conditions, ConditionsBook
from .examples import Example, Recent, Shelf, examples
from .gist import Answer, GistBook, settled, text, utc, whole
from .totals import NotAssessed, SiteSummary, Totals, is_criterion
from .urls import UrlTable

EXAMPLES = 3
"""Examples for each outcome of a criterion."""

REVIEW_EXAMPLES = 5
"""Examples for each criterion about which a person must decide."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WORDS_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionSummary:
    """URLs by outcome of one criterion, the URLs for which it was not assessed, and examples by outcome."""

    criterion: str
    outcomes: Mapping[Outcome, int]
    not_assessed: int
    examples: Mapping[Outcome, tuple[Example, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """URLs held for a person because of one criterion; `since` is the earliest answer among them."""

    criterion: str
    urls: int
    since: datetime
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSummary:
    """Evidence of one kind: how often it was fetched, how the web answered, and what is kept of it."""

    kind: str
    records: int
    statuses: Mapping[str, int]
    stored: int
    truncated: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A ledger in numbers. Unless said otherwise numbers count distinct URLs, by their latest answers.

    `overrides` are the decisions of people, `followed` counts the answers that cite each, by its record.
    `answers` counts every answer by stage; `problems` URLs refused as such, by reason; `dispositions` and
    `bodies` what became of bodies.
    """

    home: Path
    made_at: datetime
    verified: VerifyReport
    records: Mapping[str, int]
    unreadable_places: int
    period: tuple[datetime, datetime] | None
    conditions: tuple[Conditions, ...]
    more_conditions: int
    answers: Mapping[tuple[str, Answer], int]
    observed: int
    other_agent: int
    urls: Mapping[Answer, int]
    asked_before: int
    asked_after: int
    asked_both: int
    problems: Mapping[str, int]
    not_assessed: tuple[NotAssessed, ...]
    criteria: Mapping[str, CriterionSummary]
    sites: tuple[SiteSummary, ...]
    site_count: int
    sites_with_findings: int
    reviews: tuple[OpenReview, ...]
    overrides: tuple[Override, ...]
    followed: Mapping[str, int]
    dispositions: Mapping[str, int]
    bytes_read: int
    cut_bodies: int
    evidence: tuple[EvidenceSummary, ...]

    @property
    def asked(self) -> int:
        """Distinct URLs asked about."""
        return sum(self.urls.values())

    @property
    def decided(self) -> int:
        """Distinct URLs with a verdict that was reached by assessing them."""
        return self.asked - self.urls.get(Answer.REFUSED, 0) - self.urls.get(Answer.UNREADABLE, 0)

    @property
    def grew(self) -> bool:
        """True if records were added between reading and verifying."""
        return self.verified.ok and sum(self.verified.records.values()) > sum(self.records.values())


def summarise(home: Path, *, clock: Clock | None = None) -> Summary:
    """Read the ledger of a home once, then verify it. Memory does not grow with the ledger.

    Raises `LedgerError` where there is no ledger or it cannot be read; one that does not verify is summarised
    as far as it can be read.
    """
    directory = Home(home).ledger
    with UrlTable() as urls:
        reader = _Reader(urls)
        for record in records(directory, report=reader.unreadable):
            reader.take(record)
        reader.count_urls()
        # After reading, so that everything that was counted has been verified.
        verified = verify(directory)
        return reader.summary(home, (clock or SystemClock()).now(), verified)


class _Reader:
    """Counters of one pass."""

    def __init__(self, urls: UrlTable) -> None:
        self._urls = urls
        self._gists = GistBook()
        self._recent = Recent()
        self._conditions = ConditionsBook()
        self._records: Counter[str] = Counter()
        self._places = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._answers: Counter[int] = Counter()
        self._observed = 0
        self._other_agent = 0
        self._dispositions: Counter[str] = Counter()
        self._bytes_read = 0
        self._cut_bodies = 0
        self._evidence: dict[str, Counter[str]] = {}
        self._shelf = Shelf(EXAMPLES)
        self._reviews = Shelf(4 * REVIEW_EXAMPLES)
        self._totals = Totals()
        self._people: list[Record] = []

    def unreadable(self, _place: object) -> None:
        """A place of the ledger that cannot be read."""
        self._places += 1

    def take(self, record: Record) -> None:
        """Count one record."""
        self._records[record.kind if len(record.kind) < 20 else "?"] += 1
        at = record.at
        if at is not None:
            at = utc(at)
            self._first = at if self._first is None else min(self._first, at)
            self._last = at if self._last is None else max(self._last, at)
        if record.kind == "basis":
            self._gists.add(record.segment, record.table)
            self._recent.add(record.segment, record.table)
        elif record.kind == "decision" and at is not None:
            self._decision(record, at)
        elif record.kind == "outcome":
            self._outcome(record.table)
        elif record.kind == "evidence":
            self._fetched(record.table)
        elif record.kind in OVERRIDE_KINDS:
            self._people.append(record)
        elif record.kind == "segment":
            self._conditions.add(record.table, at)

    def _decision(self, record: Record, at: datetime) -> None:
        table = record.table
        number = self._gists.of(record.segment, table)
        gist = self._gists.gists[number]
        url = table["url"]
        site = _site(url) if gist.answer not in (Answer.REFUSED, Answer.UNREADABLE) else ""
        # A refused URL stands before any fetch, whatever else is known of it.
        before = gist.before or gist.answer in (Answer.REFUSED, Answer.UNREADABLE)
        self._urls.add(url, site, (at - _EPOCH) // _MICROSECOND, number, before=before)
        self._answers[number] += 1
        self._observed += table.get("enforced") is False
        self._other_agent += table.get("user_agent") is not None
        basis = self._recent.take(record.segment, table["basis"]) if site else None
        if basis is not None:
            for example in examples(url, at, f"{record.segment}:{record.seq}", gist, basis):
                self._shelf.offer((example.criterion, example.outcome), site, example)
                if gist.answer is Answer.REVIEW and example.criterion in gist.reasons:
                    self._reviews.offer(example.criterion, site, example)

    def _outcome(self, table: Mapping[str, Any]) -> None:
        disposition = text(table.get("disposition"), 40) or "?"
        if disposition not in self._dispositions and len(self._dispositions) >= _WORDS_KEPT:
            disposition = "?"
        self._dispositions[disposition] += 1
        self._bytes_read += whole(table.get("bytes"))
        self._cut_bodies += table.get("complete") is False

    def _fetched(self, table: Mapping[str, Any]) -> None:
        kind = text(table.get("source"))
        counts = self._evidence.setdefault(kind if kind in _KINDS else "?", Counter())
        status = table.get("status")
        counts["records"] += 1
        counts[f"{status // 100}xx" if type(status) is int and 100 <= status < 600 else "none"] += 1
        counts["stored"] += table.get("location") is not None
        counts["truncated"] += table.get("truncated") is True
        counts["size"] += whole(table.get("bytes"))

    def count_urls(self) -> None:
        """Count distinct URLs, after the last record."""
        gists = self._gists.gists
        for site, groups in groupby(self._urls.groups(), key=lambda group: group.site):
            for group in groups:
                before = None if group.before is None else gists[group.before]
                after = None if group.after is None else gists[group.after]
                self._totals.add(before, after, group.urls, group.since)
            self._totals.end_of_site(site)

    def summary(self, home: Path, made_at: datetime, verified: VerifyReport) -> Summary:
        """Everything counted so far."""
        totals = self._totals
        answers: Counter[tuple[str, Answer]] = Counter()
        followed: Counter[str] = Counter()
        for number, count in self._answers.items():
            gist = self._gists.gists[number]
            answers[gist.stage, gist.answer] += count
            for record in gist.overrides:
                followed[record] += count
        period = None if self._first is None or self._last is None else (self._first, self._last)
        return Summary(
            home=home,
            made_at=made_at,
            verified=verified,
            records=dict(self._records),
            unreadable_places=self._places,
            period=period,
            conditions=self._conditions.conditions(),
            more_conditions=self._conditions.left_out,
            answers=dict(answers),
            observed=self._observed,
            other_agent=self._other_agent,
            urls=dict(totals.urls),
            asked_before=totals.before,
            asked_after=totals.after,
            asked_both=totals.both,
            problems=dict(totals.problems.most_common()),
            not_assessed=totals.left_out(),
            criteria=self._criteria(),
            sites=totals.top_sites(),
            site_count=totals.sites,
            sites_with_findings=totals.sites_with_findings,
            reviews=tuple(self._open_reviews()),
            overrides=overrides_of(self._people),
            followed=followed,
            dispositions=dict(self._dispositions),
            bytes_read=self._bytes_read,
            cut_bodies=self._cut_bodies,
            evidence=tuple(_evidence(kind, counts) for kind, counts in sorted(self._evidence.items())),
        )

    def _criteria(self) -> dict[str, CriterionSummary]:
        found: dict[str, CriterionSummary] = {}
        totals = self._totals
        skipped: Counter[str] = Counter()
        for (name, _), count in totals.not_assessed.items():
            skipped[name] += count
        for criterion in sorted({name for name, _ in totals.outcomes} | {n for n in skipped if is_criterion(n)}):
            found[criterion] = CriterionSummary(
                criterion=criterion,
                outcomes={outcome: totals.outcomes[criterion, outcome] for outcome in Outcome},
                not_assessed=skipped[criterion],
                examples={outcome: self._shelf.examples((criterion, outcome)) for outcome in Outcome},
            )
        return found

    def _open_reviews(self) -> Iterable[OpenReview]:
        for criterion, (count, since) in sorted(self._totals.reviews.items()):
            still = (e for e in self._reviews.examples(criterion) if self._standing(e.url) is Answer.REVIEW)
            yield OpenReview(
                criterion=criterion,
                urls=count,
                since=_EPOCH + since * _MICROSECOND,
                examples=tuple(still)[:REVIEW_EXAMPLES],
            )

    def _standing(self, url: str) -> Answer:
        gists = self._gists.gists
        before, after = self._urls.standing(url)
        return settled(
            None if before is None else gists[before],
            None if after is None else gists[after],
        ).answer


_KINDS: Sequence[str] = [str(kind) for kind in EvidenceKind]
_STATUSES = ("2xx", "3xx", "4xx", "5xx", "1xx", "none")


def _evidence(kind: str, counts: Counter[str]) -> EvidenceSummary:
    return EvidenceSummary(
        kind=kind,
        records=counts["records"],
        statuses={status: counts[status] for status in _STATUSES},
        stored=counts["stored"],
        truncated=counts["truncated"],
        size=counts["size"],
    )


_SUFFIXES = Suffixes()


@lru_cache(8192)
def _site_of_host(host: str) -> str:
    return _SUFFIXES.registrable(host) or host


def _site(url: str) -> str:
    """The registrable domain of a URL's host; the host itself where there is none."""
    try:
        return _site_of_host(parse(url).host)
    except UrlError:
        return "?"
