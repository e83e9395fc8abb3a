"""D3-D5: can a site name this crawler, is there evidence for the time of the fetch, did a refusal come later?"""

from __future__ import annotations

from functools import lru_cache

from ..declaration import carries_token
from ..model import AS_DECLARED, Finding, Outcome, Stage
from ..signals.robots_standing import Standing
from .facts import Facts
from .outcomes import NotAssessed, finding, quote

_AUDITS = (Stage.AUDIT, Stage.RETRO)
_NOT_HAD = (Standing.UNREACHABLE, Standing.NOT_LOOKED)
_STORED = NotAssessed("not_assessed.stored_items")
_NOT_LATER = NotAssessed("not_assessed.not_later")
_KEPT = finding("D4", Outcome.MET, "d4.kept")
_UNDATED = finding("D4", Outcome.UNKNOWN, "d4.undated")
_UNREAD = finding("D4", Outcome.NOT_MET, "d4.unread")


def d3_identity(facts: Facts) -> Finding | NotAssessed:
    """D3: a stable, public product token is sent, so that a site can name it (ST23).

    A user agent that differs from the declared one is told; without the token it is not_met. unknown: an old log
    that does not show what was sent.
    """
    declared = facts.declaration
    token, sent = declared.token, facts.attempt.user_agent
    if sent is not None and not carries_token(sent, token):
        return finding("D3", Outcome.NOT_MET, "d3.token_not_sent", token=token, sent=sent[:200])
    if not declared.published(facts.at):
        if declared.token_published:
            return finding(
                "D3", Outcome.NOT_MET, "d3.published_later", token=token, since=_day(declared.published_since)
            )
        return finding("D3", Outcome.NOT_MET, "d3.unpublished", token=token)
    if facts.stage in _AUDITS and not facts.sent_on_record:
        return finding("D3", Outcome.UNKNOWN, "d3.not_on_record", token=token)
    if facts.attempt is not AS_DECLARED and sent is not None and sent != declared.user_agent:
        return finding(
            "D3", Outcome.MET, "d3.other_user_agent", token=token, sent=sent[:200], declared=declared.user_agent[:200]
        )
    return _published(token)


@lru_cache(maxsize=64)
def _published(token: str) -> Finding:
    return finding("D3", Outcome.MET, "d3.published", token=token)


def _day(since: object) -> str:
    return str(since)[:10]


def d4_evidence(facts: Facts) -> Finding | NotAssessed:
    """D4: robots.txt of the time is on record: had before the fetch, and not older than a day at it (ST29, ST30)."""
    if facts.robots_unread:
        return _UNREAD
    if facts.robots in _NOT_HAD:
        if "robots" in facts.not_looked:
            return NotAssessed(facts.not_looked["robots"])
        return finding("D4", Outcome.NOT_MET, "d4.none", why=facts.robots_reason or "no evidence")
    if facts.robots_undated:
        return _UNDATED
    if facts.robots_out_of_time and (age := facts.robots_age) is not None:
        hours = age.total_seconds() / 3600
        if hours < 0:
            return finding("D4", Outcome.NOT_MET, "d4.after_the_fetch", age=f"{-hours:.1f} h")
        return finding("D4", Outcome.NOT_MET, "d4.stale", age=f"{hours:.1f} h")
    return _KEPT


def d5_later_refusal(facts: Facts) -> Finding | NotAssessed:
    """D5: a measure or reservation that covers the URL appeared after the item was collected (ST20, ST31).

    What was there before the fetch is B2's, even if it was not seen then; what robots.txt said at the
    time is unknown in a log without evidence, and so is whether the refusal is newer.
    """
    later = facts.later
    if later is None:
        return _STORED
    if later.at is not None and later.at <= facts.at:
        return _NOT_LATER
    now = tuple(s for s in facts.bearing(later.signals) if not s.kind.startswith(("dataset.", "wording.")))
    if not now:
        return finding("D5", Outcome.NOT_MET, "d5.none")
    then = tuple(s for s in facts.restricting if not s.kind.startswith(("dataset.", "wording.")))
    if then:
        return finding("D5", Outcome.NOT_MET, "d5.not_new", then, quote=quote(then[0]))
    if facts.robots in _NOT_HAD or facts.robots_out_of_time:
        return finding("D5", Outcome.UNKNOWN, "d5.unknown_then", now, quote=quote(now[0]))
    seen = "…" if later.at is None else later.at.date().isoformat()
    return finding("D5", Outcome.MET, "d5.appeared", now, quote=quote(now[0]), seen=seen)
