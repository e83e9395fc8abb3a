"""Every criterion, each isolated: one that raises is unknown with its error, and the verdict never allow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from ..model import Declaration, Finding, Outcome
from . import avoidance, corpus, diligence, enjoyment, measures, permission, piracy, proviso
from .facts import Facts
from .outcomes import NotAssessed, finding

CRITERION_ERROR = "criterion.error"

_Rule = Callable[[Facts], Finding | NotAssessed]
_RULES: dict[str, _Rule] = {
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
_ORDER = ("A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "B5", "B6", "C1", "C2", "C3", "D1", "D2", "D3", "D4", "D5")
# In an ordinary fetch, of which nothing is known but the declaration, the site and the response, these speak of the
# site and the response; the answers of the others are the same for every URL.
_OF_SITES = ("B1", "B2", "B3", "C1", "C2", "D1", "D4")
_B1, _B2, _B3, _B4, _B6 = (_ORDER.index(name) for name in ("B1", "B2", "B3", "B4", "B6"))
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")

_Result = Finding | NotAssessed


class Assessment(NamedTuple):
    """Findings in the order of the catalogue, and what was not assessed with the reason why."""

    findings: tuple[Finding, ...]
    not_assessed: Mapping[str, str]


def evaluate(facts: Facts, order: Iterable[str] | None = None) -> Assessment:
    """Findings against every criterion that the facts allow to be assessed. Never raises.

    `order` is the order in which all rules are asked; the answer does not depend on it.
    """
    if order is None and facts.ordinary:
        results = _declared(facts).copy()
        names: Iterable[str] = _OF_SITES
    else:
        results = [_CORPUS] * len(_ORDER)
        names = _RULES if order is None else order
    for name in names:
        try:
            results[_PLACE[name]] = _RULES[name](facts)
        except Exception as error:  # a broken rule must not become a silent allow
            results[_PLACE[name]] = _broken(name, error)
    # Criteria that read findings of others come after them.
    try:
        results[_B4] = _b4(facts, results[_B1], results[_B2], results[_B3])
    except Exception as error:  # as above
        results[_B4] = _broken("B4", error)
    if facts.corpus is not None:
        try:
            results[_B6] = corpus.b6_market_conflict(facts, results[_B1], results[_B4])
        except Exception as error:  # as above
            results[_B6] = _broken("B6", error)
    found: list[Finding] = []
    skipped: dict[str, str] = {}
    for name, result in zip(_ORDER, results, strict=True):
        if type(result) is NotAssessed:
            skipped[name] = result.reason
        else:
            found.append(result)  # type: ignore[arg-type]  # a Finding, as it is no NotAssessed
    skipped.update(facts.unmade)
    return Assessment(tuple(found), _shared(tuple(skipped.items())))


@lru_cache(maxsize=256)
def _shared(skipped: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """One table for all assessments that leave out the same: a run keeps many, and few are different."""
    return dict(skipped)


def _declared(facts: Facts) -> list[_Result]:
    """The answers that are the same for every ordinary fetch under a declaration, in their places; kept for the last
    few declarations."""
    known = _KEPT.get(id(facts.declaration))
    if known is not None and known[0] is facts.declaration:
        return known[1]
    results: list[_Result] = [_CORPUS] * len(_ORDER)
    whole = True
    for name, rule in _RULES.items():
        if name not in _OF_SITES:
            try:
                results[_PLACE[name]] = rule(facts)
            except Exception as error:  # as in `evaluate`
                results[_PLACE[name]] = _broken(name, error)
                whole = False
    if whole:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[id(facts.declaration)] = facts.declaration, results
    return results


def _b4(facts: Facts, b1: _Result, b2: _Result, b3: _Result) -> _Result:
    for result in (b1, b2, b3):
        if type(result) is NotAssessed:
            return result
    return proviso.b4_future_market(facts, b1, b2, b3)  # type: ignore[arg-type]  # Findings, all three


_PLACE = {name: number for number, name in enumerate(_ORDER)}
_CORPUS = NotAssessed("not_assessed.corpus")
_MOST_KEPT = 64
_KEPT: dict[int, tuple[Declaration, list[_Result]]] = {}


def _broken(criterion: str, error: Exception) -> Finding:
    # Addresses of objects differ between runs; the same failure must read the same.
    told = _ADDRESS.sub("0x…", f"{type(error).__name__}: {error}")[:200]
    return finding(criterion, Outcome.UNKNOWN, CRITERION_ERROR, error=told)


__all__ = ["CRITERION_ERROR", "Assessment", "evaluate"]
