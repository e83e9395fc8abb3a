"""What is counted of an answer: everything its basis says but texts, so that millions of answers share a few gists."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from ..model import Outcome, Stage, Verdict

_TEXT = 200


class Answer(StrEnum):
    """How an answer counts, from the mildest on. `refused`: the URL itself could not be asked about;
    `unreadable`: what the answer rests on cannot be read."""

    ALLOW = "allow"
    REVIEW = "review"
    FOR_NOW = "for_now"
    DENY = "deny"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


_SEVERITY = {answer: rank for rank, answer in enumerate(Answer)}
_WEIGHT = {
    outcome: rank
    for rank, outcome in enumerate(
        (Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.NEEDS_HUMAN, Outcome.INDICATED, Outcome.MET)
    )
}
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_VERDICTS = {str(verdict): verdict for verdict in Verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gist:
    """One kind of answer: outcomes by criterion, the criteria that decided, and what was not assessed and why.

    `overrides` are the records of the decisions of people that it follows; `stage` is a `Stage` value, or whatever
    stands in the record.
    """

    stage: str
    answer: Answer
    outcomes: tuple[tuple[str, Outcome], ...] = ()
    reasons: tuple[str, ...] = ()
    not_assessed: tuple[tuple[str, str], ...] = ()
    problem: str | None = None
    overrides: tuple[str, ...] = ()

    @property
    def before(self) -> bool:
        """True for an answer given before the fetch."""
        return self.stage == Stage.PRE_FETCH


UNREADABLE = Gist(stage="", answer=Answer.UNREADABLE)


class GistBook:
    """Bases of the segment that is being read, by id, as gists. Twelve bytes for each basis."""

    def __init__(self) -> None:
        self.gists: list[Gist] = []
        self._numbers: dict[Gist, int] = {}
        self._segment = ""
        self._ids = array("q")
        self._which = array("L")

    def number(self, gist: Gist) -> int:
        """The number of a gist: its place in `gists`."""
        number = self._numbers.setdefault(gist, len(self.gists))
        if number == len(self.gists):
            self.gists.append(gist)
        return number

    def add(self, segment: str, table: Mapping[str, Any]) -> None:
        """Remember a basis record. A segment read earlier is forgotten; an id out of order, which no writer
        makes, is passed over."""
        if segment != self._segment:
            self._segment = segment
            self._ids, self._which = array("q"), array("L")
        number = table.get("id")
        if isinstance(number, int) and 0 <= number < 2**63 and (not self._ids or number > self._ids[-1]):
            self._ids.append(number)
            self._which.append(self.number(gist(table)))

    def of(self, segment: str, table: Mapping[str, Any]) -> int:
        """The number of the gist of a decision record, which follows its basis."""
        known = UNREADABLE
        if segment == self._segment:
            at = bisect_left(self._ids, max(-1, min(table["basis"], 2**63 - 1)))
            if at < len(self._ids) and self._ids[at] == table["basis"]:
                if table.get("problem") is None:
                    return self._which[at]
                known = self.gists[self._which[at]]
        problem = table.get("problem")
        if problem is not None:
            known = Gist(stage=known.stage, answer=Answer.REFUSED, problem=str(problem)[:_TEXT])
        return self.number(known)


def gist(table: Mapping[str, Any]) -> Gist:
    """The gist of a basis record; what is not as it should be is left out."""
    verdict = _VERDICTS.get(text(table.get("verdict")))
    if verdict is None:
        return UNREADABLE
    answer = Answer(str(verdict))
    if verdict is Verdict.DENY and table.get("temporary") is True:
        answer = Answer.FOR_NOW
    outcomes = []
    for criterion, finding in sorted(mapping(table.get("findings")).items()):
        outcome = _OUTCOMES.get(text(mapping(finding).get("outcome")))
        if outcome is not None:
            outcomes.append((criterion[:_TEXT], outcome))
    return Gist(
        stage=text(table.get("stage")),
        answer=answer,
        outcomes=tuple(outcomes),
        reasons=tuple(text(name) for name in sequence(table.get("reasons"))),
        not_assessed=tuple(
            (name[:_TEXT], text(why)) for name, why in sorted(mapping(table.get("not_assessed")).items())
        ),
        overrides=tuple(text(mapping(item).get("record")) for item in sequence(table.get("overrides"))),
    )


@lru_cache(4096)
def settled(before: Gist | None, after: Gist | None) -> Gist:
    """Where a URL stands, from the latest answers before and after its fetch: the more severe of the two, with
    the weightier outcome of each criterion. What was not assessed is what the later stage left out."""
    if before is None or after is None:
        return before or after or UNREADABLE
    graver, other = (after, before) if _SEVERITY[after.answer] >= _SEVERITY[before.answer] else (before, after)
    outcomes = dict(before.outcomes)
    for criterion, outcome in after.outcomes:
        if criterion not in outcomes or _WEIGHT[outcome] > _WEIGHT[outcomes[criterion]]:
            outcomes[criterion] = outcome
    reasons = graver.reasons
    if other.answer is graver.answer:
        reasons = tuple(dict.fromkeys((*reasons, *other.reasons)))
    return Gist(
        stage=graver.stage,
        answer=graver.answer,
        outcomes=tuple(sorted(outcomes.items())),
        reasons=reasons,
        not_assessed=tuple(pair for pair in after.not_assessed if pair[0] not in outcomes),
        problem=graver.problem,
    )


# -- a ledger may have been altered: nothing in a table is taken for granted ------------------------------


def text(value: object, limit: int = _TEXT) -> str:
    """`value` if it is text, cut at `limit`; otherwise nothing."""
    return value[:limit] if isinstance(value, str) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is an object; otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object, limit: int = 200) -> list[Any]:
    """The first items of `value` if it is a list; otherwise nothing."""
    return value[:limit] if isinstance(value, list) else []


def whole(value: object) -> int:
    """`value` if it is a whole number; otherwise 0."""
    return value if type(value) is int else 0


def utc(at: datetime) -> datetime:
    """The time in UTC; one without a zone, or beyond the calendar there, is taken as it stands."""
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)
