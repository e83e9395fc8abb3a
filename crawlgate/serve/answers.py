"""What the service says: a decision in short, which is what a client acts on, or the whole of it."""

from __future__ import annotations

from typing import Any

from ..model import Decision
from ..report.json import decision_object

SCHEMA = "crawlgate.answer/1"


def answer(decision: Decision, lang: str = "en", *, full: bool = False) -> dict[str, Any]:
    """A decision for a client; `full` is the object of `crawlgate check --format json`.

    `proceed` is what to act on: the verdict is allow, or the service only observes. A URL that cannot be asked about
    (`problem`) is never gone on with.
    """
    if full:
        return decision_object(decision, lang)
    return {
        "schema": SCHEMA,
        "url": decision.url,
        "at": decision.at,
        "stage": decision.basis.stage,
        "verdict": decision.verdict,
        "proceed": decision.problem is None and (decision.allowed or not decision.enforced),
        "temporary": decision.temporary,
        "enforced": decision.enforced,
        "problem": decision.problem,
        "reasons": [finding.criterion for finding in decision.reasons],
        "text": decision.explain(lang, not_assessed=False),
        "record": decision.record,
    }
