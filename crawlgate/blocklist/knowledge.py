"""What a notice counts for at a time: knowledge is dated, and later knowledge never changes what was known."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ..model import Notice


class NoticeStatus(StrEnum):
    """How a notice stands to one instant."""

    KNOWN = "known"
    """Received by then, and loaded."""

    KNOWN_NOT_LOADED = "known_not_loaded"
    """Received by then, but not yet in effect in the gate: a fault of the process (list lag)."""

    PUBLISHED = "published"
    """Listed by the issuer by then, not received by us."""

    LATER = "later"
    """Neither listed nor received by then, as far as its dates say."""

    WITHDRAWN = "withdrawn"
    """Withdrawn by the issuer by then."""

    EXPIRED = "expired"
    """Out of its own term by then."""

    @property
    def counts(self) -> bool:
        """True if the notice was known and stood."""
        return self in (NoticeStatus.KNOWN, NoticeStatus.KNOWN_NOT_LOADED)


def status(notice: Notice, at: datetime) -> NoticeStatus:
    """How `notice` stands to `at`, the time of the fetch.

    A notice counts from `received_at` on, that instant included, until `withdrawn_at` or `expires_at`, those
    excluded: from then on it counts no more, and before it counts as it did.
    """
    if notice.withdrawn_at is not None and notice.withdrawn_at <= at:
        return NoticeStatus.WITHDRAWN
    if notice.expires_at is not None and notice.expires_at <= at:
        return NoticeStatus.EXPIRED
    if notice.received_at is not None and notice.received_at <= at:
        loaded = notice.effective_at is not None and notice.effective_at <= at
        return NoticeStatus.KNOWN if loaded else NoticeStatus.KNOWN_NOT_LOADED
    if notice.listed_at is not None and notice.listed_at <= at:
        return NoticeStatus.PUBLISHED
    return NoticeStatus.LATER


def changes(notice: Notice) -> tuple[datetime, ...]:
    """The instants at which `status` of a notice may change."""
    times = (notice.listed_at, notice.received_at, notice.effective_at, notice.expires_at, notice.withdrawn_at)
    return tuple(at for at in times if at is not None)
