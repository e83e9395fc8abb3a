"""B5: was a measure avoided? Judged from the collector's own log, never from the site (ST21)."""

from __future__ import annotations

from ..model import Finding, Licence, Outcome, Stage
from .facts import Facts, in_robots_txt
from .outcomes import NotAssessed, finding, quote
from .permission import fitting_licence

_AUDITS = (Stage.AUDIT, Stage.RETRO)
_NOTHING = finding("B5", Outcome.NOT_MET, "b5.nothing_seen")
_SEVERITY = {
    Outcome.MET: 4,
    Outcome.INDICATED: 3,
    Outcome.NEEDS_HUMAN: 2,
    Outcome.UNKNOWN: 1,
    Outcome.NOT_MET: 0,
}


def b5_avoided(facts: Facts) -> Finding | NotAssessed:
    """B5: the content was, or would be, reproduced by avoiding a measure (ST21).

    The most severe of what the log shows counts; good conduct (waiting, stopping) is told where nothing else is.
    The party that took a measure may open it: a licence in force that allows credentials covers their use, and a
    licence in force covers a fetch against robots.txt. It covers nothing else. A log of somebody else that does not
    show the attempts says nothing of them: not assessed, where nothing was seen.
    """
    found: Finding | None = None
    for trace in facts.traces:
        found = _worse(found, finding("B5", trace.outcome, trace.reason, **trace.params))
    if facts.attempt.credentials is not None:
        found = _worse(found, _credentials(facts, facts.attempt.credentials))
    if facts.fetched and facts.signals:
        found = _worse(found, _against_a_statement(facts))
    if found is not None:
        return found
    unseen = facts.not_looked.get("behaviour") if facts.stage in _AUDITS else None
    if unseen is not None:
        return NotAssessed(unseen)
    return _NOTHING


def _worse(found: Finding | None, other: Finding | None) -> Finding | None:
    if found is None or other is None:
        return found or other
    return other if _SEVERITY[other.outcome] > _SEVERITY[found.outcome] else found


def _credentials(facts: Facts, credentials: str) -> Finding:
    licence = fitting_licence(facts)
    if licence is None or not licence.credentials_allowed:
        return finding("B5", Outcome.MET, "b5.credentials_without_licence", credentials=credentials)
    return finding("B5", Outcome.NOT_MET, "b5.credentials_licensed", reference=licence.reference or "…")


def _against_a_statement(facts: Facts) -> Finding | None:
    """The content was taken although robots.txt, read or not, kept this crawler out of it or reserved the use."""
    said = tuple(s for s in facts.restricting if in_robots_txt(s))
    if not said:
        return None
    licence: Licence | None = fitting_licence(facts)
    if licence is not None:
        return finding("B5", Outcome.NOT_MET, "b5.taken_under_licence", reference=licence.reference or "…")
    refused = tuple(s for s in said if s.kind == "robots.disallow")
    if refused:
        reason = "b5.robots_not_asked" if facts.robots_unread else "b5.robots_ignored"
        return finding("B5", Outcome.MET, reason, refused, quote=quote(refused[0]))
    return finding("B5", Outcome.INDICATED, "b5.reservation_ignored", said, quote=quote(said[0]))
