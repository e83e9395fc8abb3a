"""C1, C2: what the collector had been told about a site, and when (knowledge is dated: received_at)."""

from __future__ import annotations

from ..blocklist.knowledge import NoticeStatus, status
from ..model import Finding, NoticeMatch, NoticeRelation, Outcome
from .facts import Facts
from .outcomes import NotAssessed, finding

_KNOWN = (NoticeStatus.KNOWN, NoticeStatus.KNOWN_NOT_LOADED)


def c1_known(facts: Facts) -> Finding | NotAssessed:
    """C1: a notice received before the fetch covers a hop of it (ST25, ST26, ST27).

    A notice from a sender nobody verified is for a person; one that was published but not received is
    indicated; one that was received but not loaded is met, and the delay is named.
    """
    if "lists" in facts.not_looked:
        return NotAssessed(facts.not_looked["lists"])
    covering = [(m, status(m.notice, facts.at)) for m in facts.notices if m.relation is NoticeRelation.COVERS]
    best: Finding | None = None
    for match, state in covering:
        found = _c1_of(match, state)
        if found is not None and (best is None or _RANK[found.outcome] > _RANK[best.outcome]):
            best = found
    return best or finding("C1", Outcome.NOT_MET, "c1.none")


_RANK = {Outcome.MET: 3, Outcome.INDICATED: 2, Outcome.NEEDS_HUMAN: 1}


def _c1_of(match: NoticeMatch, state: NoticeStatus) -> Finding | None:
    notice = match.notice
    received = notice.received_at.date().isoformat() if notice.received_at else ""
    params = {"issuer": notice.issuer, "entry": notice.value, "received": received, "hop": match.url}
    if state in _KNOWN and not notice.issuer_verified:
        return finding("C1", Outcome.NEEDS_HUMAN, "c1.unverified", **params)
    if state is NoticeStatus.KNOWN:
        return finding("C1", Outcome.MET, "c1.known", **params)
    if state is NoticeStatus.KNOWN_NOT_LOADED:
        return finding("C1", Outcome.MET, "c1.list_lag", **params)
    if state is NoticeStatus.PUBLISHED:
        listed = notice.listed_at.date().isoformat() if notice.listed_at else ""
        outcome = Outcome.INDICATED if notice.issuer_verified else Outcome.NEEDS_HUMAN
        return finding("C1", outcome, "c1.published", issuer=notice.issuer, entry=notice.value, listed=listed)
    return None


def c2_suspected(facts: Facts) -> Finding | NotAssessed:
    """C2: no notice covers the host, but evidence links it to a listed one (ST25, ST27)."""
    if "lists" in facts.not_looked:
        return NotAssessed(facts.not_looked["lists"])
    known = [m for m in facts.notices if status(m.notice, facts.at) in _KNOWN]
    if not any(m.relation is NoticeRelation.COVERS for m in known):
        for match in known:
            if match.relation in (NoticeRelation.SAME_LABEL, NoticeRelation.SUCCESSOR):
                reason = f"c2.{match.relation}"
                return finding("C2", Outcome.INDICATED, reason, entry=match.notice.value, issuer=match.notice.issuer)
        for match in known:
            if match.relation is NoticeRelation.OTHER_PATH:
                return finding("C2", Outcome.NEEDS_HUMAN, "c2.other_path", entry=match.notice.value)
    return finding("C2", Outcome.NOT_MET, "c2.none")
