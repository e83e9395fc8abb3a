"""C1, C2: what the collector had been told about a site, and when (knowledge is dated: received_at)."""

from __future__ import annotations

from ..blocklist.knowledge import NoticeStatus, status
from ..model import Finding, IssuerKind, Notice, NoticeMatch, NoticeRelation, Outcome
from .facts import Facts
from .outcomes import NotAssessed, finding

_KNOWN = (NoticeStatus.KNOWN, NoticeStatus.KNOWN_NOT_LOADED)


def c1_known(facts: Facts) -> Finding | NotAssessed:
    """C1: a notice received before the fetch covers a hop of it (ST25, ST26, ST27).

    A notice from a sender nobody verified is for a person; one that was published but not received is
    indicated; one that was received but not loaded is met, and the delay is named. The sentence tells a public
    list from a rights holder's.
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
    public = notice.issuer_kind is IssuerKind.PUBLIC
    params = _said(notice) | {"hop": match.url}
    if state in _KNOWN and not notice.issuer_verified:
        return finding("C1", Outcome.NEEDS_HUMAN, "c1.public_list" if public else "c1.unverified", **params)
    if state is NoticeStatus.KNOWN:
        return finding("C1", Outcome.MET, "c1.vouched" if public else "c1.known", **params)
    if state is NoticeStatus.KNOWN_NOT_LOADED:
        return finding("C1", Outcome.MET, "c1.vouched_lag" if public else "c1.list_lag", **params)
    if state is NoticeStatus.PUBLISHED:
        outcome = Outcome.INDICATED if notice.issuer_verified and not public else Outcome.NEEDS_HUMAN
        return finding("C1", outcome, "c1.public_published" if public else "c1.published", **params)
    return None


def _said(notice: Notice) -> dict[str, str]:
    """Who said what, and when we had it, for the sentence and the record."""
    return {
        "issuer": notice.issuer,
        "issuer_kind": str(notice.issuer_kind),
        "entry": notice.value + (notice.path_prefix or ""),
        "listed": notice.listed_at.date().isoformat() if notice.listed_at else "",
        "received": notice.received_at.date().isoformat() if notice.received_at else "",
        "source": notice.source,
        "vouched_by": notice.vouched_by,
        "contact": notice.contact,
    }


def c2_suspected(facts: Facts) -> Finding | NotAssessed:
    """C2: no notice covers the host, but evidence links it to a listed one (ST25, ST27)."""
    if "lists" in facts.not_looked:
        return NotAssessed(facts.not_looked["lists"])
    known = [m for m in facts.notices if status(m.notice, facts.at) in _KNOWN]
    if not any(m.relation is NoticeRelation.COVERS for m in known):
        for match in known:
            if match.relation in (NoticeRelation.SAME_LABEL, NoticeRelation.SUCCESSOR):
                return finding("C2", Outcome.INDICATED, _c2_reason(match), **_said(match.notice))
        for match in known:
            if match.relation is NoticeRelation.OTHER_PATH:
                return finding("C2", Outcome.NEEDS_HUMAN, _c2_reason(match), **_said(match.notice))
    return finding("C2", Outcome.NOT_MET, "c2.none")


def _c2_reason(match: NoticeMatch) -> str:
    return f"c2.{match.relation}" + ("_public" if match.notice.issuer_kind is IssuerKind.PUBLIC else "")
