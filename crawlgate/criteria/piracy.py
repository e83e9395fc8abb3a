"""C1-C3: what the collector had been told about a site, and when (knowledge is dated: received_at)."""

from __future__ import annotations

from datetime import datetime

from ..blocklist.knowledge import NoticeStatus, status
from ..model import Finding, IssuerKind, Notice, NoticeMatch, NoticeRelation, Outcome, Stage
from .facts import Facts
from .outcomes import NotAssessed, finding

_KNOWN = (NoticeStatus.KNOWN, NoticeStatus.KNOWN_NOT_LOADED)
_C1_NONE = finding("C1", Outcome.NOT_MET, "c1.none")
_C2_NONE = finding("C2", Outcome.NOT_MET, "c2.none")
_C3_NONE = finding("C3", Outcome.NOT_MET, "c3.none")
_C3_REMOVED = finding("C3", Outcome.NOT_MET, "c3.removed")
_STORED = NotAssessed("not_assessed.stored_items")
_KNOWN_AT_FETCH = NotAssessed("not_assessed.known_at_fetch")
# How another host is linked to a listed one.
_LINKS = frozenset(NoticeRelation) - {NoticeRelation.COVERS, NoticeRelation.OTHER_PATH}


def c1_known(facts: Facts) -> Finding | NotAssessed:
    """C1: a notice received before the fetch covers a hop of it (ST25, ST26, ST27).

    A notice from a sender nobody verified is for a person; one that was published but not received is
    indicated; one that was received but not loaded is met, and the delay is named. unknown: a notice without
    any date covers the URL, so that nobody can say when it was known. The sentence tells a public list from a
    rights holder's.
    """
    if "lists" in facts.not_looked:
        return NotAssessed(facts.not_looked["lists"])
    if not facts.notices:
        return _c1_none(facts)
    best: Finding | None = None
    excepted: Finding | None = None
    for match in facts.notices:
        if match.relation is not NoticeRelation.COVERS:
            continue
        exception = _exception(match, facts.at)
        if exception is not None:
            named = exception.value + (exception.path_prefix or "")
            excepted = finding("C1", Outcome.NOT_MET, "c1.excepted", **_said(match.notice), exception=named)
            continue
        found = _c1_of(match, facts.at)
        if found is not None and (best is None or _RANK[found.outcome] > _RANK[best.outcome]):
            best = found
    return best or excepted or _c1_none(facts)


def _c1_none(facts: Facts) -> Finding:
    """Nothing known covers the URL; where a feed was not renewed in time, that is part of the answer."""
    if not facts.stale_lists:
        return _C1_NONE
    return finding("C1", Outcome.NOT_MET, "c1.none_stale", lists=", ".join(facts.stale_lists))


_RANK = {Outcome.MET: 4, Outcome.INDICATED: 3, Outcome.NEEDS_HUMAN: 2, Outcome.UNKNOWN: 1}


def _exception(match: NoticeMatch, at: datetime) -> Notice | None:
    """What carves the URL out of the notice, as far as that was known."""
    return next((notice for notice in match.exceptions if status(notice, at) in _KNOWN), None)


def _c1_of(match: NoticeMatch, at: datetime) -> Finding | None:
    notice = match.notice
    state = status(notice, at)
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
    if state is NoticeStatus.LATER and not (notice.received_at or notice.listed_at):
        return finding("C1", Outcome.UNKNOWN, "c1.undated", **params)
    return None


def _said(notice: Notice) -> dict[str, str]:
    """Who said what, and when we had it, for the sentence and the record."""
    return {
        "issuer": notice.issuer,
        "issuer_kind": str(notice.issuer_kind),
        "entry": notice.value + (notice.path_prefix or ""),
        "listed": _day(notice.listed_at),
        "received": _day(notice.received_at),
        "source": notice.source,
        "vouched_by": notice.vouched_by,
        "contact": notice.contact,
    }


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else ""


def c2_suspected(facts: Facts) -> Finding | NotAssessed:
    """C2: no notice covers the host, but evidence links it to a listed one (ST25, ST27).

    What only an unverified notice says is for a person, as are other paths of a listed platform.
    """
    if "lists" in facts.not_looked:
        return NotAssessed(facts.not_looked["lists"])
    if not facts.notices:
        return _C2_NONE
    known = [m for m in facts.notices if status(m.notice, facts.at) in _KNOWN and _exception(m, facts.at) is None]
    if any(m.relation is NoticeRelation.COVERS for m in known):
        return _C2_NONE
    links = [m for m in known if m.relation in _LINKS]
    links.sort(key=lambda m: not m.notice.issuer_verified)
    for match in links:
        outcome = Outcome.INDICATED if match.notice.issuer_verified else Outcome.NEEDS_HUMAN
        return finding("C2", outcome, _c2_reason(match), **_said(match.notice), url=match.url)
    undated = [m for m in facts.notices if m.relation in _LINKS and not (m.notice.received_at or m.notice.listed_at)]
    if undated:
        return finding("C2", Outcome.UNKNOWN, "c2.undated", **_said(undated[0].notice), url=undated[0].url)
    for match in known:
        if match.relation is NoticeRelation.OTHER_PATH:
            return finding("C2", Outcome.NEEDS_HUMAN, _c2_reason(match), **_said(match.notice))
    return _C2_NONE


def _c2_reason(match: NoticeMatch) -> str:
    return f"c2.{match.relation}" + ("_public" if match.notice.issuer_kind is IssuerKind.PUBLIC else "")


def c3_kept(facts: Facts) -> Finding | NotAssessed:
    """C3: the item was collected before a notice about its source was received, and is still held (ST28, ST31).

    It drives a removal list and leaves the finding for the fetch itself as it was. Where a verified notice was known
    at the fetch already, C1 speaks. A notice that was withdrawn asks for nothing any more, one without a date leaves
    it unknown.
    """
    if facts.stage is not Stage.RETRO and facts.stored is None:
        return _STORED
    if "lists" in facts.not_looked:
        return NotAssessed(facts.not_looked["lists"])
    if facts.stored is False:
        return _C3_REMOVED
    covering = [
        m.notice
        for m in facts.notices
        if m.relation is NoticeRelation.COVERS
        and not any(e.received_at and not e.withdrawn_at for e in m.exceptions)  # carved out by what is known today
    ]
    if any(n.issuer_verified and status(n, facts.at) in _KNOWN for n in covering):
        return _KNOWN_AT_FETCH
    later = sorted(
        (not notice.issuer_verified, received, number)
        for number, notice in enumerate(covering)
        if notice.withdrawn_at is None and (received := notice.received_at) is not None and received > facts.at
    )
    for unverified, _, number in later:
        notice = covering[number]
        reason = "c3.kept_unverified" if unverified else "c3.kept"
        if notice.issuer_kind is IssuerKind.PUBLIC:
            reason = "c3.kept_public"
        return finding("C3", Outcome.NEEDS_HUMAN if unverified else Outcome.MET, reason, **_said(notice))
    undated = [n for n in covering if n.withdrawn_at is None and not (n.received_at or n.listed_at)]
    if undated:
        return finding("C3", Outcome.UNKNOWN, "c3.undated", **_said(undated[0]))
    return _C3_NONE
