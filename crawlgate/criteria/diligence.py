"""D3, D4: is the crawler one that a site can name, and does evidence for the time of the fetch exist?"""

from __future__ import annotations

from datetime import timedelta

from ..model import Finding, Outcome
from ..signals.robots_standing import Standing
from .facts import Facts
from .outcomes import NotAssessed, finding

# RFC 9309 2.4: a copy of robots.txt is good for 24 hours.
_MAX_AGE = timedelta(hours=24)


def d3_identity(facts: Facts) -> Finding | NotAssessed:
    """D3: a stable, public product token is sent, so that a site can name it (ST23)."""
    declared = facts.declaration
    sent = facts.attempt.user_agent if facts.attempt.user_agent is not None else declared.user_agent
    if declared.token.lower() not in sent.lower():
        return finding("D3", Outcome.NOT_MET, "d3.token_not_sent", token=declared.token, sent=sent[:200])
    if not declared.token_published:
        return finding("D3", Outcome.NOT_MET, "d3.unpublished", token=declared.token)
    return finding("D3", Outcome.MET, "d3.published", token=declared.token)


def d4_evidence(facts: Facts) -> Finding | NotAssessed:
    """D4: robots.txt of the time is on record, not older than a day at the fetch (ST29, ST30)."""
    if "robots" in facts.not_looked:
        return NotAssessed(facts.not_looked["robots"])
    if facts.robots in (Standing.UNREACHABLE, Standing.NOT_LOOKED):
        return finding("D4", Outcome.NOT_MET, "d4.none", why=facts.robots_reason or "no evidence")
    age = facts.robots_age
    if age is not None and age > _MAX_AGE:
        return finding("D4", Outcome.NOT_MET, "d4.stale", age=_hours(age))
    return finding("D4", Outcome.MET, "d4.kept")


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} h"
