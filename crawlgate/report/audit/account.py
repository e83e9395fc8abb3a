"""What the report of an audit says, as data: every form of the report is made from one of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...model import Outcome
from ..gist import Answer
from ..shared import VERDICTS
from ..totals import NotAssessed
from .outputs import Basis, Digest, Found, Quote

Counts = Mapping[Answer, int]
"""Rows by answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRow:
    """A row shown as an example: where it stands, what was decided and why, and the robots.txt of its time.

    `robots` is the hash of that file and `robots_at` its receipt; `line` the number of the line that kept the row
    out, `quote` that line as it stood; `named` the first line that keeps a crawler for AI data out by name, where B3
    rests on such; `earlier_file` and `earlier_row` the row that was refused before this one (B5). None where there is
    none.
    """

    file: str
    row: int
    url: str
    at: datetime
    basis: Basis
    robots: str | None
    robots_at: datetime | None
    line: int | None
    quote: Quote | None
    named: Quote | None
    list: str | None
    notice: str | None
    earlier_file: str | None = None
    earlier_row: int | None = None

    @property
    def names_others(self) -> bool:
        """True if B3 found something: the site keeps crawlers for AI data out by name."""
        return self.basis.outcome("B3") in (Outcome.MET, Outcome.INDICATED, Outcome.NEEDS_HUMAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What could be judged. Of the `judged` rows, B2 is known for some, `unknown` for those whose robots.txt on record
    says nothing for their time, and `not_covered` are those without one from before their fetch; for `some_unknown`
    some criterion, whichever, could not be looked at. `rejected` are rows, records and stretches of inputs;
    `beside` are whole files and evidence, which `rejected_by` counts too. `rejects` are the first of all of these."""

    judged: int
    unknown: int
    not_covered: int
    some_unknown: int
    rejected: int
    rejected_by: Mapping[str, int]
    beside: int
    not_assessed: tuple[NotAssessed, ...]
    rejects: tuple[Mapping[str, Any], ...]

    @property
    def known(self) -> int:
        """Judged rows for which it is known whether a measure covered their fetch."""
        return self.judged - self.unknown - self.not_covered

    @property
    def rows(self) -> int:
        """All rows and stretches that were read."""
        return self.judged + self.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionFigures:
    """Rows by outcome of one criterion, with the reasons, most frequent first, and rows as examples."""

    criterion: str
    outcomes: Mapping[Outcome, int]
    not_assessed: int
    reasons: tuple[tuple[Found, int], ...]
    examples: Mapping[Outcome, tuple[ExampleRow, ...]]


@dataclass(frozen=True, slots=True)
class Period:
    """Rows of one hour, day, month or year, named `2024-05` or the like."""

    name: str
    counts: Counts

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Rows of one registrable domain; `found` are the findings that decided, with the answer they made and how many
    rows, most frequent first."""

    name: str
    hosts: int
    counts: Counts
    found: tuple[tuple[Answer, Found, int], ...]
    examples: tuple[ExampleRow, ...]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def denied(self) -> int:
        return denied(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How few sites make how much of the denials: `curve` are (number of worst sites, rows denied there), `needed`
    (percent of the denials, sites that make so much)."""

    sites: int
    sites_denied: int
    denied: int
    curve: tuple[tuple[int, int], ...]
    needed: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFigures:
    """A list that was asked, as the audit noted it, and the rows of which it speaks; `notices` are its entries that
    speak of most rows."""

    name: str
    noted: Mapping[str, Any]
    counts: Counts
    notices: tuple[tuple[str, int], ...]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class SetupFinding:
    """Something about the audit's own set-up that a reader must know. `level` is `error`, `warning` or `note`."""

    key: str
    level: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Rows held for a person because of a criterion."""

    criterion: str
    rows: int
    examples: tuple[ExampleRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalRow:
    """A row of the removal list as an example: why it is out, what was known at its fetch, and where its copy is."""

    file: str
    row: int
    url: str
    at: datetime
    effect: Answer
    cause: str
    criteria: tuple[tuple[str, Outcome], ...]
    known: str | None
    notice: str | None
    list: str | None
    issuer: str | None
    received_at: datetime | None
    override: str | None
    robots: str | None
    robots_at: datetime | None
    line: int | None
    quote: Quote | None
    shard: str | None
    offset: int | None
    content_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """The removal list. `effects` are rows by what the profile says of an item that is kept, `split` (cause, what was
    known at the fetch, effect, rows), `lists` rows by list; `placed` are rows whose copy is named by shard, offset or
    hash; `looked_again` rows of whose host something was received after the fetch (None: one question was asked)."""

    rows: int
    effects: Counts
    split: tuple[tuple[str, str | None, Answer, int], ...]
    lists: tuple[tuple[str, int], ...]
    placed: int
    looked_again: int | None
    not_looked_again: int | None
    examples: tuple[RemovalRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The whole report. `summary` is what the audit says of itself, `outputs` the files this was made from; `removals`
    None: the audit wrote no removal list."""

    summary: Mapping[str, Any]
    outputs: tuple[Digest, ...]
    first: datetime | None
    last: datetime | None
    unit: str
    coverage: Coverage
    counts: Counts
    criteria: Mapping[str, CriterionFigures]
    periods: tuple[Period, ...]
    sites: tuple[Site, ...]
    sites_stopped: int
    concentration: Concentration
    files: tuple[tuple[str, Counts], ...]
    lists: tuple[ListFigures, ...]
    waiting: tuple[Waiting, ...]
    questions: Mapping[str, int]
    removals: Removals | None
    setup: tuple[SetupFinding, ...]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers that rows may have here: "for now" only where some have it."""
        return tuple(answer for answer in VERDICTS if answer is not Answer.FOR_NOW or self.counts.get(answer))

    @property
    def as_of(self) -> str:
        """`fetched`, or the instant at which all rows were judged."""
        return str(self.summary.get("as_of", "fetched"))


def denied(counts: Counts) -> int:
    """Rows denied, for now or not."""
    return counts.get(Answer.DENY, 0) + counts.get(Answer.FOR_NOW, 0)
