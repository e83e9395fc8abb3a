"""A decision as a JSON object for machines (schema `crawlgate.decision/1`, docs/schemas/decision.json)."""

from __future__ import annotations

from typing import Any

from ..criteria import CATALOGUE
from ..criteria.passages import open_questions
from ..model import Basis, Decision, Finding, Override, Signal

SCHEMA = "crawlgate.decision/1"
ANSWER = "crawlgate.answer/1"
_SHOW_BODY = {
    "en": "Not to be used yet: the page was not shown. Send its body, or the first 256 KiB of it with whole false.",
    "ja": "まだ利用できない: ページの本文が示されていない。本文、又はその先頭256 KiBを whole: false として送ること。",
}


def decision_object(decision: Decision, lang: str = "en") -> dict[str, Any]:
    """The whole decision: verdict, findings with their signals, reasons in order, what was not assessed."""
    return {
        "schema": SCHEMA,
        "url": decision.url,
        "at": decision.at,
        "enforced": decision.enforced,
        "problem": decision.problem,
        **basis_object(decision.basis, lang),
        "record": decision.record,
    }


def answer_object(decision: Decision, lang: str = "en") -> dict[str, Any]:
    """A decision in short, for a client to act on (schema `crawlgate.answer/1`, in the service's OpenAPI document).

    `proceed` says to go on: the verdict is allow, or the gate only observes. A page whose body was not shown is not
    gone on with: `needs` is then `body`, None otherwise.
    """
    needs = needed(decision)
    text = decision.explain(lang, not_assessed=False)
    return {
        "schema": ANSWER,
        "url": decision.url,
        "at": decision.at,
        "stage": decision.basis.stage,
        "verdict": decision.verdict,
        "proceed": (decision.allowed or not decision.enforced) and needs is None,
        "needs": needs,
        "temporary": decision.temporary,
        "enforced": decision.enforced,
        "problem": decision.problem,
        "reasons": [finding.criterion for finding in decision.reasons],
        "text": text if needs is None else f"{text}\n{_SHOW_BODY[lang]}",
        "record": decision.record,
    }


def needed(decision: Decision) -> str | None:
    """`body` where an enforcing gate allowed all it saw of a page and was not shown the page itself, which may say
    otherwise; None for any other answer."""
    unseen = decision.not_assessed.get("check.page") == "not_assessed.no_body_given"
    return "body" if unseen and decision.allowed and decision.enforced else None


def basis_object(basis: Basis, lang: str = "en") -> dict[str, Any]:
    """What a decision rests on: findings with passages and signals, reasons, what was not assessed and is left open."""
    return {
        "stage": basis.stage,
        "verdict": basis.verdict,
        "temporary": basis.temporary,
        "reasons": [finding.criterion for finding in basis.reasons],
        "findings": {finding.criterion: finding_object(finding, lang) for finding in basis.findings},
        "not_assessed": {
            name: {"reason": why, "text": CATALOGUE.phrase(why, lang=lang)} for name, why in basis.not_assessed.items()
        },
        "for_people": [
            {"question": question.key, "text": question.text(lang), "criteria": list(criteria)}
            for question, criteria in open_questions(basis.findings).items()
        ],
        "overrides": [_override(override) for override in basis.overrides],
        "evidence": list(basis.evidence),
        "profile": basis.profile,
        "rule_pack": basis.rule_pack,
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
    """A finding: outcome, title, sentence, the statements and the signals it rests on."""
    return {
        "outcome": finding.outcome,
        "title": CATALOGUE[finding.criterion].title(lang),
        "reason": finding.reason,
        "text": CATALOGUE.sentence(finding, lang),
        "sources": list(CATALOGUE[finding.criterion].sources),
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
