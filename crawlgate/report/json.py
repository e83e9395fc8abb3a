"""A decision as a JSON object for machines (schema `crawlgate.decision/1`, docs/schemas/decision.json)."""

from __future__ import annotations

from typing import Any

from ..criteria import CATALOGUE
from ..model import Decision, Finding, Override, Signal

SCHEMA = "crawlgate.decision/1"


def decision_object(decision: Decision, lang: str = "en") -> dict[str, Any]:
    """The whole decision: verdict, findings with their signals, reasons in order, what was not assessed."""
    return {
        "schema": SCHEMA,
        "url": decision.url,
        "at": decision.at,
        "stage": decision.basis.stage,
        "verdict": decision.verdict,
        "temporary": decision.temporary,
        "enforced": decision.enforced,
        "problem": decision.problem,
        "reasons": [finding.criterion for finding in decision.reasons],
        "findings": {finding.criterion: finding_object(finding, lang) for finding in decision.findings},
        "not_assessed": {
            name: {"reason": why, "text": CATALOGUE.phrase(why, lang=lang)}
            for name, why in decision.not_assessed.items()
        },
        "overrides": [_override(override) for override in decision.overrides],
        "evidence": list(decision.basis.evidence),
        "profile": decision.basis.profile,
        "rule_pack": decision.basis.rule_pack,
        "record": decision.record,
    }


def _override(override: Override) -> dict[str, Any]:
    return {
        "record": override.record,
        "by": override.by,
        "effect": override.effect,
        "criteria": list(override.findings),
        "until": override.until,
    }


def finding_object(finding: Finding, lang: str = "en") -> dict[str, Any]:
    """A finding: outcome, title, sentence, and the signals it rests on."""
    return {
        "outcome": finding.outcome,
        "title": CATALOGUE[finding.criterion].title(lang),
        "reason": finding.reason,
        "text": CATALOGUE.sentence(finding, lang),
        "signals": [signal_object(signal) for signal in finding.signals],
    }


def signal_object(signal: Signal) -> dict[str, Any]:
    """One statement with its raw text and where it stood."""
    return {
        "kind": signal.kind,
        "purpose": signal.purpose,
        "polarity": signal.polarity,
        "strength": signal.strength,
        "scope": signal.scope,
        "subject": signal.subject,
        "raw": signal.raw,
        "line": signal.line,
        "name": signal.name,
        "evidence": signal.evidence,
        "detail": dict(signal.detail),
        "ambiguity": signal.ambiguity,
    }
