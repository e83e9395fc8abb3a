"""Every criterion in order. One that raises is isolated: its finding is unknown and the verdict never allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..model import Finding, Outcome
from . import diligence, enjoyment, measures, permission, piracy, proviso
from .facts import Facts
from .outcomes import NotAssessed, finding

CRITERION_ERROR = "criterion.error"

_Rule = Callable[[Facts], Finding | NotAssessed]
_RULES: tuple[tuple[str, _Rule], ...] = (
    ("A1", enjoyment.a1_similar_output),
    ("A2", enjoyment.a2_single_creator),
    ("A3", enjoyment.a3_rag_output),
    ("B1", proviso.b1_paid_database),
    ("B2", measures.b2_applies),
    ("B3", measures.b3_ai_class),
    ("B5", measures.b5_avoided),
    ("C1", piracy.c1_known),
    ("C2", piracy.c2_suspected),
    ("D1", permission.d1_refusal),
    ("D2", permission.d2_permission),
    ("D3", diligence.d3_identity),
    ("D4", diligence.d4_evidence),
)
# Criteria that need a whole corpus, a later fact or a person's limits; the single URL does not show them.
_LATER: Mapping[str, str] = {
    "A4": "not_assessed.corpus",
    "B6": "not_assessed.corpus",
    "C3": "not_assessed.stored_items",
    "D5": "not_assessed.stored_items",
}


@dataclass(frozen=True, slots=True)
class Assessment:
    """Findings in the order of the catalogue, and what was not assessed with the reason why."""

    findings: tuple[Finding, ...]
    not_assessed: Mapping[str, str]


def evaluate(facts: Facts) -> Assessment:
    """Findings against every criterion that the facts allow to be assessed. Never raises."""
    found: dict[str, Finding] = {}
    skipped: dict[str, str] = dict(_LATER)
    for criterion, rule in _RULES:
        _add(criterion, _guarded(criterion, rule, facts), found, skipped)
    if {"B1", "B2", "B3"} <= found.keys():
        b4 = _guarded("B4", lambda f: proviso.b4_future_market(f, found["B1"], found["B2"], found["B3"]), facts)
        _add("B4", b4, found, skipped)
    else:
        skipped["B4"] = next(skipped[name] for name in ("B1", "B2", "B3") if name in skipped)
    for check, reason in facts.not_looked.items():
        skipped.setdefault(f"check.{check}", reason)
    return Assessment(tuple(found[name] for name in sorted(found)), dict(sorted(skipped.items())))


def _guarded(criterion: str, rule: _Rule, facts: Facts) -> Finding | NotAssessed:
    try:
        return rule(facts)
    except Exception as error:  # a broken rule must not become a silent allow
        return finding(criterion, Outcome.UNKNOWN, CRITERION_ERROR, error=f"{type(error).__name__}: {error}"[:200])


def _add(criterion: str, result: Finding | NotAssessed, found: dict[str, Finding], skipped: dict[str, str]) -> None:
    if isinstance(result, NotAssessed):
        skipped[criterion] = result.reason
    else:
        found[criterion] = result


__all__ = ["CRITERION_ERROR", "Assessment", "evaluate"]
