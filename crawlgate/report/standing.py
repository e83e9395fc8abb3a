"""A decision of a person as lines for people: what it does and for what, until when, who and why, and how it stands."""

from __future__ import annotations

from datetime import datetime

from ..explain import OUTCOMES
from ..model import Override, Verdict
from .words import Words, moment


def override_lines(override: Override, now: datetime, words: Words) -> list[str]:
    """A decision of a person: what it does and for what, until when, who and why. Not escaped."""
    effect = words("review.allowed" if override.effect is Verdict.ALLOW else "review.denied")
    outcomes = OUTCOMES[words.lang]
    findings = "; ".join(
        f"{name} {', '.join(outcomes[outcome] for outcome in found)}" for name, found in override.findings.items()
    )
    scope = words(f"review_scope.{override.scope}")
    lines = [
        f"{override.record}  {effect}  ({_standing(override, now, words)})",
        f"  {words('review.covers', scope=scope, place=override.place, findings=findings)}",
        f"  {words('review.from_until', at=moment(override.at), until=moment(override.until))}",
        f"  {words('review.by', by=override.by, reason=override.reason)}",
    ]
    lines += [
        f"  {words('review.acknowledged', criterion=name, words=said)}" for name, said in override.acknowledged.items()
    ]
    return lines


def _standing(override: Override, now: datetime, words: Words) -> str:
    if override.revoked_at is not None:
        return words("review.revoked", at=moment(override.revoked_at), record=override.revocation)
    if override.in_force(now):
        return words("review.in_force")
    return words("review.expired" if now >= override.until else "review.not_yet")
