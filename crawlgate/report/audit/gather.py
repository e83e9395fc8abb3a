"""From an audit's files to what its report says. One pass over the decisions, then a few rows as examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...criteria import CATALOGUE
from ...criteria.passages import person_questions, raises
from ...model import Outcome
from ..gist import Answer
from ..shared import SPEAKS_FOR_COLLECTOR, WEIGHTY
from ..totals import by_reason
from .account import (
    Account,
    Counts,
    Coverage,
    CriterionFigures,
    ExampleRow,
    ListFigures,
    Site,
    Waiting,
)
from .outputs import Basis, Found, Outputs
from .outs import removals
from .periods import periods
from .places import ANSWERS, Pair, Places, ranks
from .rows import rows_at
from .setup import setup_findings
from .tally import Tally

SITES = 20
"""Sites that a page names; JSON and SARIF name more."""

EXAMPLES = 2
"""Rows shown for each outcome of a criterion, and for what a criterion holds; of what is unknown, one."""

_OF_SITE = 3

_REJECTS, _OF_CODE, _LOOKED_AT = 12, 3, 100_000
_NOTICES = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STOPS = (Answer.DENY, Answer.FOR_NOW, Answer.REVIEW)


def gather(folder: Path, *, sites: int = SITES) -> Account:
    """Everything a report of the audit in `folder` says, with at most `sites` sites by name. Raises `ConfigError`
    where the files are not those of an audit."""
    outputs = Outputs(folder)
    tally = Tally(outputs)
    bases = outputs.bases
    places = Places(tally, bases)
    worst = places.worst(sites)
    pairs = places.pairs(worst)
    chosen = _Chosen(places, bases)
    shown = {site: _shown(pairs[site], bases) for site in worst}
    rows = rows_at(outputs, [*chosen.places, *(place for found in shown.values() for place in found)])
    coverage = _coverage(outputs, tally)
    outcomes = _outcomes(tally.bases, bases)
    unit, found_periods = periods(_hours(tally, bases))
    first, last = _time(tally.first), _time(tally.last)
    digests = outputs.digests()
    return Account(
        summary=outputs.summary,
        outputs=digests,
        first=first,
        last=last,
        unit=unit,
        coverage=coverage,
        counts=_answers(tally.bases, bases),
        criteria=_criteria(tally.bases, bases, chosen, rows),
        periods=found_periods,
        sites=tuple(_site(site, places, pairs[site], [rows[n] for n in shown[site]], bases) for site in worst),
        sites_stopped=places.stopped,
        concentration=places.concentration(),
        files=_by_name(tally.files, bases),
        lists=_lists(outputs.summary, tally, bases),
        waiting=_waiting(tally.bases, bases, chosen, rows),
        questions=_questions(outcomes),
        removals=removals(outputs),
        setup=setup_findings(outputs.summary, coverage, last, outcomes, digests),
    )


class _Chosen:
    """The places of rows that stand for an outcome of a criterion, or for what a criterion holds."""

    def __init__(self, places: Places, bases: Mapping[int, Basis]) -> None:
        self.outcomes: dict[tuple[str, Outcome], list[int]] = {}
        self.held: dict[str, list[int]] = {}
        wanted = {(f.criterion, f.outcome) for basis in bases.values() for f in basis.findings}
        for criterion, outcome in sorted(wanted, key=str):
            if outcome is not Outcome.NOT_MET and (criterion, outcome) not in SPEAKS_FOR_COLLECTOR:
                numbers = {n for n, basis in bases.items() if basis.outcome(criterion) is outcome}
                self.outcomes[criterion, outcome] = places.first_of(
                    numbers.__contains__, 1 if outcome is Outcome.UNKNOWN else EXAMPLES
                )
        for criterion in sorted({name for basis in bases.values() for name in basis.reasons}):
            numbers = {n for n, b in bases.items() if b.answer is Answer.REVIEW and criterion in b.reasons}
            self.held[criterion] = places.first_of(numbers.__contains__, EXAMPLES)

    @property
    def places(self) -> list[int]:
        """All of them."""
        return [place for found in (*self.outcomes.values(), *self.held.values()) for place in found]


def _shown(pairs: list[Pair], bases: Mapping[int, Basis]) -> list[int]:
    """The first rows of what a site has most of among what stopped rows, the gravest first."""
    stopped = [pair for pair in pairs if bases[pair.basis].answer in _STOPS]
    stopped.sort(key=lambda pair: (_STOPS.index(bases[pair.basis].answer), -pair.rows, pair.basis))
    return [pair.first for pair in stopped[:_OF_SITE]]


def _hours(tally: Tally, bases: Mapping[int, Basis]) -> dict[tuple[int, Answer], int]:
    """Rows by hour and answer."""
    hours, numbers, rows = tally.of_hours
    keys, places = np.unique(hours * len(ANSWERS) + ranks(bases)[numbers], return_inverse=True)
    totals = np.bincount(places, rows).astype(np.int64)
    return {
        (key // len(ANSWERS), ANSWERS[key % len(ANSWERS)]): rows
        for key, rows in zip(keys.tolist(), totals.tolist(), strict=True)
    }


def _coverage(outputs: Outputs, tally: Tally) -> Coverage:
    noted: Mapping[str, Any] = outputs.summary["coverage"]
    beside = sum((noted.get("beside") or {}).values())
    skipped: Counter[tuple[str, str]] = Counter()
    unknown = not_covered = some_unknown = 0
    for number, count in tally.bases.items():
        basis = outputs.bases[number]
        some_unknown += count * any(found.outcome is Outcome.UNKNOWN for found in basis.findings)
        if basis.outcome("B2") is Outcome.UNKNOWN:
            bare = tally.without_robots[number]
            not_covered, unknown = not_covered + bare, unknown + count - bare
        for name_and_reason in basis.not_assessed:
            skipped[name_and_reason] += count
    return Coverage(
        judged=tally.rows,
        unknown=unknown,
        not_covered=not_covered,
        some_unknown=some_unknown,
        rejected=int(noted.get("rejected", 0)) - beside,
        rejected_by=dict(noted.get("rejected_by") or {}),
        beside=beside,
        not_assessed=by_reason(skipped),
        rejects=_rejects(outputs),
    )


def _rejects(outputs: Outputs) -> tuple[Mapping[str, Any], ...]:
    """A few of what was rejected, of each reason some."""
    found: list[Mapping[str, Any]] = []
    told: Counter[str] = Counter()
    for table in islice(outputs.rejects(), _LOOKED_AT):
        code = str(table.get("code"))
        if told[code] < _OF_CODE:
            told[code] += 1
            found.append(table)
            if len(found) == _REJECTS:
                break
    return tuple(found)


def _outcomes(rows: Mapping[int, int], bases: Mapping[int, Basis]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, count in rows.items():
        for one in bases[number].findings:
            outcomes = found.setdefault(one.criterion, {})
            outcomes[str(one.outcome)] = outcomes.get(str(one.outcome), 0) + count
    return found


def _answers(rows: Mapping[int, int], bases: Mapping[int, Basis]) -> Counts:
    found: Counter[Answer] = Counter()
    for number, count in rows.items():
        found[bases[number].answer] += count
    return {answer: found[answer] for answer in ANSWERS}


def _criteria(
    rows: Mapping[int, int], bases: Mapping[int, Basis], chosen: _Chosen, examples: Mapping[int, ExampleRow]
) -> dict[str, CriterionFigures]:
    outcomes: dict[str, Counter[Outcome]] = {name: Counter() for name in CATALOGUE.criteria}
    reasons: dict[str, Counter[Found]] = {name: Counter() for name in CATALOGUE.criteria}
    for number, count in rows.items():
        for found in bases[number].findings:
            outcomes.setdefault(found.criterion, Counter())[found.outcome] += count
            reasons.setdefault(found.criterion, Counter())[found] += count
    judged = sum(rows.values())
    return {
        name: CriterionFigures(
            criterion=name,
            outcomes={outcome: counts[outcome] for outcome in WEIGHTY},
            not_assessed=judged - counts.total(),
            reasons=tuple(sorted(reasons[name].items(), key=lambda item: (-item[1], item[0].reason))),
            examples={
                outcome: tuple(examples[n] for n in chosen.outcomes.get((name, outcome), ())) for outcome in WEIGHTY
            },
        )
        for name, counts in outcomes.items()
    }


def _site(site: int, places: Places, pairs: list[Pair], examples: list[ExampleRow], bases: Mapping[int, Basis]) -> Site:
    found: Counter[tuple[Answer, Found]] = Counter()
    for pair in pairs:
        basis = bases[pair.basis]
        if basis.answer is not Answer.ALLOW:
            found.update(dict.fromkeys(((basis.answer, one) for one in basis.deciding), pair.rows))
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0][1].criterion, item[0][1].reason, item[0][0]))
    return Site(
        name=places.names[site],
        hosts=int(places.hosts[site]),
        counts=dict(zip(ANSWERS, places.counts[site].tolist(), strict=True)),
        found=tuple((answer, one, rows) for (answer, one), rows in ordered),
        examples=tuple(examples),
    )


def _by_name(counts: Mapping[tuple[str, int], int], bases: Mapping[int, Basis]) -> tuple[tuple[str, Counts], ...]:
    found: dict[str, Counter[int]] = {}
    for (name, basis), rows in counts.items():
        found.setdefault(name, Counter())[basis] += rows
    return tuple((name, _answers(found[name], bases)) for name in sorted(found))


def _lists(summary: Mapping[str, Any], tally: Tally, bases: Mapping[int, Basis]) -> tuple[ListFigures, ...]:
    counts = dict(_by_name(tally.lists, bases))
    noted = {str(one.get("name", "")): one for one in summary.get("lists") or ()}
    found = []
    for name in [*noted, *(name for name in counts if name not in noted)]:
        entries = [(notice, rows) for (of, notice), rows in tally.notices.items() if of == name]
        entries.sort(key=lambda entry: (-entry[1], entry[0]))
        figures = counts.get(name, dict.fromkeys(ANSWERS, 0))
        found.append(
            ListFigures(name=name, noted=noted.get(name, {}), counts=figures, notices=tuple(entries[:_NOTICES]))
        )
    return tuple(found)


def _waiting(
    rows: Mapping[int, int], bases: Mapping[int, Basis], chosen: _Chosen, examples: Mapping[int, ExampleRow]
) -> tuple[Waiting, ...]:
    counts: Counter[str] = Counter()
    for number, count in rows.items():
        if bases[number].answer is Answer.REVIEW:
            counts.update(dict.fromkeys(bases[number].reasons, count))
    return tuple(
        Waiting(criterion=name, rows=count, examples=tuple(examples[n] for n in chosen.held.get(name, ())))
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _questions(outcomes: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Rows whose findings raise each question that only people can answer; the most that one criterion raises."""
    found: dict[str, int] = {}
    for question in person_questions():
        raised = [
            sum(count for outcome, count in outcomes.get(name, {}).items() if raises(name, Outcome(outcome)))
            for name in question.criteria
        ]
        if any(raised):
            found[question.key] = max(raised)
    return found


def _time(at: int | None) -> datetime | None:
    return None if at is None else _EPOCH + timedelta(microseconds=at)
