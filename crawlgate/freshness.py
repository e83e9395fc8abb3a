"""How long what an origin said of itself stands, before it is asked again."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from .flow import Survey
from .limits import Limits
from .model import Evidence
from .signals.robots_standing import Standing


def lifetime(survey: Survey, limits: Limits) -> float:
    """Seconds for which a survey stands (RFC 9309 2.4: a day at most). A failure stands shorter, but not shorter than
    the site asked for."""
    if survey.standing is not Standing.UNREACHABLE:
        failed = "not_assessed.unreachable" in survey.not_looked.values()
        return limits.unreachable_retry if failed else limits.robots_max_age
    wait = retry_after(survey.robots) if survey.robots is not None else 0.0
    return min(max(wait, limits.unreachable_retry), limits.robots_max_age)


def retry_after(evidence: Evidence) -> float:
    """Seconds for which a site asks to be left alone (RFC 9110 10.2.3: a number or a date), 0 if it does not."""
    asked = next((value for name, value in evidence.headers if name == "retry-after"), "")
    if asked.isdecimal():
        return float(asked[:9])
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return 0.0
    if until.tzinfo is None:  # "-0000", or no zone at all: HTTP dates are in UTC
        until = until.replace(tzinfo=UTC)
    return (until - evidence.fetched_at).total_seconds()
