"""What was known of every entry at every time, from the versions of lists as they were received. Pure.

A claim is one entry with one target: an id that names another site than before makes a new claim. Each version says
something of a claim, or nothing any more; what was known at a time is what the newest version received by then said.
Later versions never change it: that is what "withdrawn counts from then on, never backwards" means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ..model import Notice
from .knowledge import NoticeStatus, status


class ClaimKey(NamedTuple):
    """What makes two statements speak of the same thing: list, id, and target."""

    list: str
    id: str
    scope: str
    value: str
    path_prefix: str | None


def key_of(list_name: str, notice: Notice) -> ClaimKey:
    """The claim that a notice of a list belongs to."""
    return ClaimKey(list_name, notice.id, notice.scope, notice.value, notice.path_prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedVersion:
    """One version of one list as it reached us: `notices` with the issuer's dates (a `received_at` among them is kept
    where it is earlier: an own reviewer knew before the list was written); when it was received, and when a gate first
    had it loaded (None: not yet). `label` names it for people."""

    list: str
    label: str
    received_at: datetime
    effective_at: datetime | None
    notices: tuple[Notice, ...]


class Statement(NamedTuple):
    """What was known of a claim from `since` on: the notice, dated with our knowledge, or None where the list that
    was newest then did not name it any more. `label` is the version that said so."""

    since: datetime
    label: str
    notice: Notice | None


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim and what was known of it, oldest first."""

    key: ClaimKey
    statements: tuple[Statement, ...]

    @property
    def notice(self) -> Notice:
        """The claim as last stated, for matching; its dates are not those of another time."""
        return next(s.notice for s in reversed(self.statements) if s.notice is not None)

    def at(self, at: datetime) -> Notice | None:
        """The notice as it stood at a time. One that had not been received by then comes as it was received later,
        so that its `listed_at` can be seen; None for one that its list no longer named."""
        known = None
        for statement in self.statements:
            if statement.since > at:
                break
            known = statement
        return self.statements[0].notice if known is None else known.notice

    def spans(self) -> Iterator[Notice]:
        """The claim as notices that are each in force while it stood so: `knowledge.status` of them says, at every
        time, what was known then, for readers that hold one index for all times."""
        for place, (since, _, notice) in enumerate(self.statements):
            if notice is None:
                continue
            if place:
                listed = None if notice.listed_at is None else max(notice.listed_at, since)
                loaded = None if notice.effective_at is None else max(notice.effective_at, since)
                notice = replace(notice, listed_at=listed, received_at=since, effective_at=loaded)
            if place + 1 < len(self.statements):
                end = self.statements[place + 1].since
                notice = replace(notice, withdrawn_at=min(notice.withdrawn_at or end, end))
            yield notice

    def status(self, at: datetime) -> NoticeStatus:
        """How the claim stood to a time, by what was known then. Dropped by its list counts as withdrawn."""
        notice = self.at(at)
        return NoticeStatus.WITHDRAWN if notice is None else status(notice, at)


class History:
    """The claims of any number of lists, over all versions received."""

    def __init__(self, versions: Iterable[ReceivedVersion]) -> None:
        self._claims: dict[ClaimKey, list[Statement]] = {}
        current: dict[str, dict[ClaimKey, Notice]] = {}
        # Stable: versions received in the same instant stay in the order given.
        for version in sorted(versions, key=lambda v: v.received_at):
            current[version.list] = self._take(version, current.get(version.list, {}))

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim ever made, in the order in which they were received."""
        return tuple(Claim(key, tuple(statements)) for key, statements in self._claims.items())

    def at(self, at: datetime) -> Iterator[Notice]:
        """The notices that were known at a time, and those that had been published by then and came later. Each is
        dated so that `knowledge.status(notice, at)` says what it counted for."""
        for claim in self.claims:
            notice = claim.at(at)
            if notice is not None and status(notice, at) is not NoticeStatus.LATER:
                yield notice

    def _take(self, version: ReceivedVersion, before: dict[ClaimKey, Notice]) -> dict[ClaimKey, Notice]:
        now: dict[ClaimKey, Notice] = {}
        for said in version.notices:
            key = key_of(version.list, said)
            earlier = before.get(key)
            notice = replace(
                said,
                received_at=_first(said.received_at, version.received_at) if earlier is None else earlier.received_at,
                effective_at=_first(None if earlier is None else earlier.effective_at, version.effective_at),
            )
            now[key] = notice
            if earlier is None or _said(earlier) != _said(notice):
                self._claims.setdefault(key, []).append(Statement(version.received_at, version.label, notice))
            elif earlier.effective_at is None and notice.effective_at is not None:
                # The version that named it first was never loaded by itself; a later one that was carries it.
                last = self._claims[key][-1]
                self._claims[key][-1] = last._replace(notice=notice)
        for key in before.keys() - now.keys():
            self._claims[key].append(Statement(version.received_at, version.label, None))
        return now


def knowledge_at(at: datetime, versions: Iterable[ReceivedVersion]) -> tuple[Notice, ...]:
    """The notices that were known at `at`, given every version received: `History(versions).at(at)`.

    Known before a fetch, published only, received but not loaded, withdrawn, expired: `knowledge.status` tells which,
    for the time of the fetch.
    """
    return tuple(History(versions).at(at))


def _said(notice: Notice) -> Notice:
    """A notice without our own dates and without the version that names it."""
    return replace(notice, received_at=None, effective_at=None, source="")


def _first(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
