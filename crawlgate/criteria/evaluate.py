"""Every criterion, each isolated: one that raises is unknown with its error, and the verdict never allow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..model import Finding, Outcome
from . import avoidance, corpus, diligence, enjoyment, measures, permission, piracy, proviso
from .facts import Facts
from .outcomes import NotAssessed, finding

CRITERION_ERROR = "criterion.error"

_Rule = Callable[[Facts], Finding | NotAssessed]
_RULES: Mapping[str, _Rule] = {
    "A1": enjoyment.a1_similar_output,
    "A2": enjoyment.a2_single_creator,
    "A3": enjoyment.a3_rag_output,
    "A4": corpus.a4_necessity,
    "B1": proviso.b1_paid_database,
    "B2": measures.b2_applies,
    "B3": measures.b3_ai_class,
    "B5": avoidance.b5_avoided,
    "C1": piracy.c1_known,
    "C2": piracy.c2_suspected,
    "C3": piracy.c3_kept,
    "D1": permission.d1_refusal,
    "D2": permission.d2_permission,
    "D3": diligence.d3_identity,
    "D4": diligence.d4_evidence,
    "D5": diligence.d5_later_refusal,
}
# Criteria that read findings of others come after them.
_B4_READS = ("B1", "B2", "B3")
_ORDER = ("A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "B5", "B6", "C1", "C2", "C3", "D1", "D2", "D3", "D4", "D5")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Assessment:
    """Findings in the order of the catalogue, and what was not assessed with the reason why."""

    findings: tuple[Finding, ...]
    not_assessed: Mapping[str, str]


def evaluate(facts: Facts, order: Iterable[str] = tuple(_RULES)) -> Assessment:
    """Findings against every criterion that the facts allow to be assessed. Never raises.

    `order` is the order in which the rules are asked; the answer does not depend on it.
    """
    found: dict[str, Finding] = {}
    skipped: dict[str, str] = {}
    for criterion in order:
        try:
            result = _RULES[criterion](facts)
        except Exception as error:  # a broken rule must not become a silent allow
            found[criterion] = _broken(criterion, error)
            continue
        if type(result) is NotAssessed:
            skipped[criterion] = result.reason
        else:
            found[criterion] = result  # type: ignore[assignment]  # a Finding, as it is no NotAssessed
    _add("B4", _b4(facts, found, skipped), found, skipped)
    _add("B6", _guarded("B6", lambda f: corpus.b6_market_conflict(f, found.get("B1"), found.get("B4")), facts),
         found, skipped)  # fmt: skip
    for check, reason in facts.not_looked.items():
        skipped[f"check.{check}"] = reason
    return Assessment(
        tuple([found[name] for name in _ORDER if name in found]), _in_order(tuple(sorted(skipped.items())))
    )


@lru_cache(maxsize=256)
def _in_order(skipped: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """One table for all assessments that leave out the same: a run keeps many, and few are different."""
    return dict(skipped)


def _b4(facts: Facts, found: Mapping[str, Finding], skipped: Mapping[str, str]) -> Finding | NotAssessed:
    missing = next((name for name in _B4_READS if name not in found), None)
    if missing is not None:
        return NotAssessed(skipped[missing])
    return _guarded("B4", lambda f: proviso.b4_future_market(f, *(found[name] for name in _B4_READS)), facts)


def _guarded(criterion: str, rule: _Rule, facts: Facts) -> Finding | NotAssessed:
    try:
        return rule(facts)
    except Exception as error:  # as in `evaluate`
        return _broken(criterion, error)


def _broken(criterion: str, error: Exception) -> Finding:
    # Addresses of objects differ between runs; the same failure must read the same.
    told = _ADDRESS.sub("0x…", f"{type(error).__name__}: {error}")[:200]
    return finding(criterion, Outcome.UNKNOWN, CRITERION_ERROR, error=told)


def _add(criterion: str, result: Finding | NotAssessed, found: dict[str, Finding], skipped: dict[str, str]) -> None:
    if isinstance(result, NotAssessed):
        skipped[criterion] = result.reason
    else:
        found[criterion] = result


__all__ = ["CRITERION_ERROR", "Assessment", "evaluate"]
