"""What an answer covers: which runs passed the gate and how, what is missing, and what a ledger cannot know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..ledger.index.lookup import Lookup, SegmentState
from ..ledger.segments import Fault

GAP = timedelta(hours=1)
"""A span without any record that is named as a gap. Project choice: shorter ones are pauses of a crawl."""

_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Runs made under the same conditions: `segments` of them, from `first` to `latest` record."""

    mode: str
    operator: str
    token: str
    program: str
    profile: str
    profile_sha256: str
    rule_pack: str
    lists: int | None
    segments: int
    decisions: int
    first: datetime
    latest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A collection that did not pass the gate, as a person recorded it."""

    record: str
    name: str
    by: str
    reason: str
    dataset: str | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Segments whose deletion is on record: their number, and the records they held."""

    record: str
    at: datetime | None
    by: str
    reason: str
    segments: tuple[str, ...]
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the answers rest on.

    `since` and `until` (exclusive) are the period asked for, None open. `runs` are segments with decisions in it.
    `gaps` are spans of at least `GAP` without any record, within the period and between the first and the last record;
    `outside` are collections that people recorded as not having passed the gate. Of what is missing: `deletions` on
    record, `lost` bytes of cut lines, `missing` segments that others name, `unreadable` lines (the first in `faults`),
    `open` segments that are being written or whose writer died, and evidence files that cannot be read. `verified` says
    whether all of it was verified for this answer (None: not asked for).
    """

    since: datetime | None
    until: datetime | None
    runs: int
    decisions: int
    observed_runs: int
    conditions: tuple[Conditions, ...]
    more_conditions: int
    first: datetime | None
    latest: datetime | None
    gaps: tuple[tuple[datetime, datetime], ...]
    more_gaps: int
    outside: tuple[Outside, ...]
    deletions: tuple[Deletion, ...]
    missing: tuple[str, ...]
    lost: tuple[tuple[str, int], ...]
    open: tuple[str, ...]
    unreadable: int
    faults: tuple[Fault, ...]
    evidence_files: tuple[str, ...]
    temporary_index: bool = False
    verified: bool | None = None

    @property
    def whole(self) -> bool:
        """True if nothing is known to be missing or unreadable."""
        lacking = self.deletions or self.missing or self.lost or self.unreadable or self.evidence_files
        return not lacking and self.verified is not False


def coverage(
    lookup: Lookup,
    since: datetime | None,
    until: datetime | None,
    outside: Sequence[Outside] = (),
    deletions: Sequence[Deletion] = (),
) -> Coverage:
    """The coverage of a period, from what the index knows of segments and what people put on record."""
    low = None if since is None else int(since.timestamp())
    high = None if until is None else int(until.timestamp())
    states = lookup.segments()
    runs = [state for state in states if state.read and state.decisions and _overlaps(state, low, high)]
    faults = [Fault(*fault) for fault in lookup.faults()]
    gaps = _gaps(runs, low, high)
    groups = _conditions(runs)
    spans = [(state.first, state.latest) for state in runs if state.first is not None and state.latest is not None]
    return Coverage(
        since=since,
        until=until,
        runs=len(runs),
        decisions=sum(state.decisions for state in runs),
        observed_runs=sum(state.gist.get("mode") == "observe" for state in runs),
        conditions=tuple(groups[:_SHOWN]),
        more_conditions=max(len(groups) - _SHOWN, 0),
        first=_time(min((first for first, _ in spans), default=None)),
        latest=_time(max((latest for _, latest in spans), default=None)),
        gaps=tuple(gaps[:_SHOWN]),
        more_gaps=max(len(gaps) - _SHOWN, 0),
        outside=tuple(one for one in outside if _within(one, since, until)),
        deletions=tuple(deletions),
        missing=_missing(states, {name for one in deletions for name in one.segments}),
        lost=tuple((name, lost) for name, lost, _ in lookup.ends() if lost),
        open=tuple(state.name for state in runs if not state.sealed),
        unreadable=len(faults),
        faults=tuple(faults[:_SHOWN]),
        evidence_files=tuple(f"{name}: {problem}" for name, problem in lookup.archive_problems()),
    )


def _overlaps(state: SegmentState, low: int | None, high: int | None) -> bool:
    if state.first is None or state.latest is None:
        return False
    return (low is None or state.latest >= low) and (high is None or state.first < high)


def _within(one: Outside, since: datetime | None, until: datetime | None) -> bool:
    return not (
        (since is not None and one.until is not None and one.until < since)
        or (until is not None and one.since is not None and one.since >= until)
    )


def _missing(states: Sequence[SegmentState], deleted: Collection[str]) -> tuple[str, ...]:
    """Segments that another names, that are not here and not on record as deleted."""
    here = {state.name for state in states if state.read}
    named = {state.name for state in states if not state.read}
    named |= {state.gist["previous"] for state in states if isinstance(state.gist.get("previous"), str)}
    return tuple(sorted(named - here - set(deleted)))


def _gaps(runs: Sequence[SegmentState], low: int | None, high: int | None) -> list[tuple[datetime, datetime]]:
    """Spans without a record, the longest first."""
    spans = sorted(
        (state.first, state.latest) for state in runs if state.first is not None and state.latest is not None
    )
    if not spans:
        return []
    found: list[tuple[int, int]] = []
    end = spans[0][0] if low is None else low
    for first, latest in spans:
        if first - end >= GAP.total_seconds():
            found.append((end, first))
        end = max(end, latest)
    now = int(datetime.now(UTC).timestamp())
    if high is not None and min(high, now) - end >= GAP.total_seconds():
        found.append((end, min(high, now)))
    found.sort(key=lambda gap: gap[0] - gap[1])
    return [(datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC)) for a, b in found]


def _conditions(runs: Sequence[SegmentState]) -> list[Conditions]:
    """Runs by their conditions, the oldest first."""
    groups: dict[tuple[Any, ...], list[SegmentState]] = {}
    for state in runs:
        gist = state.gist
        key = tuple(str(gist.get(name, "")) for name in _KEYS), gist.get("lists")
        groups.setdefault(key, []).append(state)
    found = []
    for (texts, lists), states in groups.items():
        first = min(state.first for state in states if state.first is not None)
        latest = max(state.latest for state in states if state.latest is not None)
        found.append(
            Conditions(
                **dict(zip(_NAMES, texts, strict=True)),
                lists=lists if type(lists) is int else None,
                segments=len(states),
                decisions=sum(state.decisions for state in states),
                first=datetime.fromtimestamp(first, UTC),
                latest=datetime.fromtimestamp(latest, UTC),
            )
        )
    found.sort(key=lambda group: group.first)
    return found


_KEYS = ("mode", "operator", "token", "program", "profile_name", "profile_sha256", "rule_pack")
_NAMES = ("mode", "operator", "token", "program", "profile", "profile_sha256", "rule_pack")


def _time(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
