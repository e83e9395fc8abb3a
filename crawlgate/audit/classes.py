"""Decisions that differ only in their quotes are of one class: verdict, findings and their reasons, nothing of a row.

Millions of rows share a few hundred classes. What belongs to a row (which robots.txt, which line, which notice) stands
in columns of its own, so that nothing is said of a row that was seen at another.
"""

from __future__ import annotations

from typing import NamedTuple

from ..criteria import CATALOGUE
from ..model import Basis, Outcome, Verdict

_CODES = {Outcome.MET: 1, Outcome.INDICATED: 2, Outcome.NOT_MET: 3, Outcome.UNKNOWN: 4, Outcome.NEEDS_HUMAN: 5}
_OUTCOMES = {code: outcome for outcome, code in _CODES.items()}
_BITS = 3
CRITERIA = tuple(sorted(CATALOGUE.criteria))
"""The order of criteria in `packed`: the first stands in the lowest three bits."""


class FindingClass(NamedTuple):
    """A finding without what belongs to one URL."""

    criterion: str
    outcome: Outcome
    reason: str


class DecisionClass(NamedTuple):
    """A basis without what belongs to one URL."""

    stage: str
    verdict: Verdict
    temporary: bool
    findings: tuple[FindingClass, ...]
    reasons: tuple[str, ...]
    not_assessed: tuple[tuple[str, str], ...]
    profile: str
    rule_pack: str
    overrides: tuple[str, ...] = ()
    """Records of the decisions of people that made a difference."""

    @property
    def packed(self) -> int:
        """The outcomes as one number, three bits a criterion: 0 not assessed, 1 met, 2 indicated, 3 not_met,
        4 unknown, 5 needs_human."""
        return pack({finding.criterion: finding.outcome for finding in self.findings})

    @property
    def spelled(self) -> str:
        """The outcomes as text, `B2=met;B4=indicated`, those that are not `not_met` only."""
        shown = (f"{f.criterion}={f.outcome}" for f in self.findings if f.outcome is not Outcome.NOT_MET)
        return ";".join(shown)


def class_of(basis: Basis) -> DecisionClass:
    """What `basis` has in common with others of its kind."""
    return DecisionClass(
        stage=str(basis.stage),
        verdict=basis.verdict,
        temporary=basis.temporary,
        findings=tuple(FindingClass(f.criterion, f.outcome, f.reason) for f in basis.findings),
        reasons=tuple(f.criterion for f in basis.reasons),
        not_assessed=tuple(sorted(basis.not_assessed.items())),
        profile=basis.profile,
        rule_pack=basis.rule_pack,
        overrides=tuple(override.record for override in basis.overrides),
    )


def pack(outcomes: dict[str, Outcome]) -> int:
    """Outcomes by criterion as one number; see `DecisionClass.packed`."""
    return sum(_CODES[outcome] << (_BITS * CRITERIA.index(criterion)) for criterion, outcome in outcomes.items())


def unpack(packed: int) -> dict[str, Outcome]:
    """The outcomes of a `packed` number, by criterion; those not assessed are absent."""
    codes = {criterion: packed >> (_BITS * n) & 7 for n, criterion in enumerate(CRITERIA)}
    return {criterion: _OUTCOMES[code] for criterion, code in codes.items() if code}
