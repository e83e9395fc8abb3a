"""The state of knowledge that removals are told by: the last instant at which anything on record began or ended to
count. From then on nothing changes until something new is received, so equal records give equal lists on any day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...blocklist.match import Listing, Lists
from ...model import Declaration
from ...policy.overrides import Overrides
from ...register import Register
from ..book import EvidenceBook, instant, micros


def known_until(
    now: datetime,
    book: EvidenceBook,
    notices: Listing | Lists | None,
    people: Overrides,
    declaration: Declaration,
    register: Register | None = None,
) -> datetime | None:
    """The last such instant that is not later than `now`; None where nothing is on record."""
    received = book.latest(micros(now))
    last = None if received is None else instant(received)
    for at in _instants(notices, people, declaration, register):
        if at <= now and (last is None or at > last):
            last = at
    return last


def _instants(
    notices: Listing | Lists | None, people: Overrides, declaration: Declaration, register: Register | None
) -> Iterator[datetime]:
    if notices is not None:
        yield from notices.changes()
    for override in people:
        yield from override.changes()
    for licence in declaration.held:
        yield from (at for at in (licence.valid_from, licence.valid_to) if at is not None)
    for entry in register or ():
        yield from (at for at in (entry.first_seen, entry.ended_at) if at is not None)
