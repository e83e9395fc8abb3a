"""The removal list: rows that a notice, a refusal or a mistake puts out, split by what was known at their fetch.

Each row is asked about twice: as of its fetch, and as of the last thing on record. Only rows of hosts of which
something else is known by then are judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ...blocklist.knowledge import NoticeStatus, status
from ...blocklist.match import HostNotices
from ...model import Finding, NoticeMatch, NoticeRelation, Override, Verdict
from ...policy.overrides import lifts
from ...url import Url
from ..book import instant, micros
from ..engine import Judged
from ..readers import Batch
from ..sweep import Known
from ..tables import TableJudge
from .causes import Cause, Found, causes, ranked, undated
from .decisions import Numbers, received
from .hosts import Hosts
from .removal_columns import Answers, Entry, Listed, removals_table


class Removals:
    """Finds the rows of one batch after another. `known_until` is the last thing on record (None: nothing is)."""

    def __init__(self, judge: TableJudge, known_until: datetime | None, hosts: Hosts) -> None:
        self._judge = judge
        self._engine = judge.engine
        self._hosts = hosts
        self._now = None if judge.as_of is not None else known_until
        self._listed: dict[tuple[int, int], Listed | None] = {}
        self.looked_again = 0
        """Rows of whose host a robots.txt was received after the fetch: only of these can a later refusal be seen."""

    def table(self, batch: Batch, judged: Judged, good: Numbers, numbers: Numbers) -> Any:
        """The rows of a batch that are out; `good` are those that were judged, `numbers` their numbers in the file."""
        classes = self._engine.classes
        denied = np.array([one.verdict is Verdict.DENY and not one.temporary for one in classes] or [False], np.bool_)
        chosen = np.zeros(len(judged.classes), np.bool_)
        chosen[good] = denied[judged.classes[good]]
        now = np.full(len(judged.classes), -1, np.int32)
        plans, robots, lines = judged.plans, judged.robots, judged.lines
        if self._now is not None and len(good):
            at = micros(self._now)
            plans, robots = self._engine.plans_at(judged, at)
            self.looked_again += int((received(self._engine)[robots[good]] > judged.times[good]).sum())
            # By their own time everything is on record: the two questions are one.
            newest = (judged.times >= at) & (judged.classes >= 0)
            plans, robots = np.where(newest, judged.plans, plans), np.where(newest, judged.robots, robots)
            now[newest], chosen[newest] = judged.classes[newest], chosen[newest] | self._named(plans[newest])
            asked = good[(self._differs(judged, plans) & ~newest)[good]]
            if len(asked):
                again = self._judge.judge_urls(batch.rows[batch.columns.url].take(asked), self._now)
                now[asked] = again.classes
                lines = judged.lines.copy()
                lines[asked] = again.lines
                chosen[asked] = True
        rows = np.flatnonzero(chosen)
        entries, places = self._entries(judged, rows, now, plans)
        out = places >= 0
        answers = Answers(entries, places[out].astype(np.int32), robots, lines)
        return removals_table(batch, judged, rows[out], numbers, answers, self._engine, self._hosts)

    def _named(self, plans: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """The rows of whose host some notice speaks, or some decision of a person."""
        named: npt.NDArray[np.bool_] = self._engine.plans.named.array[plans]
        return named

    def _differs(self, judged: Judged, plans: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """The rows of whose host something else may be known under `plans` than at the fetch."""
        known = self._engine.plans.told.array
        found: npt.NDArray[np.bool_] = (known[judged.plans] != known[plans]) | self._named(plans)
        return found

    def _entries(
        self, judged: Judged, rows: Numbers, now: npt.NDArray[np.int32], plans: npt.NDArray[np.int32]
    ) -> tuple[list[Entry], npt.NDArray[np.int64]]:
        """What is said of each row, as a place among the entries; -1 where it stays."""
        entries: list[Entry] = []
        numbers: dict[object, int] = {}
        places = np.full(len(rows), -1, np.int64)
        if not len(rows):
            return entries, places
        pairs = (judged.classes[rows].astype(np.int64) << 32) | (now[rows].astype(np.int64) & 0xFFFFFFFF)
        distinct, which = np.unique(pairs, return_inverse=True)
        found = [self._causes(int(pair >> 32), int(np.int32(pair & 0xFFFFFFFF))) for pair in distinct]
        named = np.array([any(one.cause is Cause.NOTICE for one in each) for each in found], np.bool_)
        decided = self._engine.plans.decided.array[plans[rows]]
        alone = named[which] | decided
        for pair, each in enumerate(found):
            if each:
                here = (which == pair) & ~alone
                if here.any():
                    places[here] = len(entries)
                    entries.append(Entry(each, self._known(each[0])))
        for place, alike in self._groups(judged, rows, plans, which, np.flatnonzero(alone)):
            entry = self._entry(judged, int(rows[place]), found[which[place]], int(plans[rows[place]]), decided[place])
            if entry is not None:
                key = (entry.found, entry.known, entry.override, id(entry.listed))
                number = numbers.setdefault(key, len(entries))
                if number == len(entries):
                    entries.append(entry)
                places[alike] = number
        return entries, places

    def _groups(
        self, judged: Judged, rows: Numbers, plans: npt.NDArray[np.int32], which: Any, single: Numbers
    ) -> Iterator[tuple[int, Any]]:
        """Of the places `single` those that are spoken of alike, each group by its first: on hosts of which every page
        is, by what is known then and now. Other places come one by one."""
        if not len(single):
            return
        now = plans[rows[single]]
        each = self._engine.plans.by_page.array[now]
        for place in single[each].tolist():
            yield place, place
        shared = single[~each]
        known = (judged.plans[rows[shared]].astype(np.int64) << 32) | now[~each]
        _, codes = np.unique(known, return_inverse=True)
        codes = codes * (int(which.max()) + 1) + which[shared]
        _, first, group = np.unique(codes, return_index=True, return_inverse=True)
        members = np.split(shared[np.argsort(group, kind="stable")], np.cumsum(np.bincount(group))[:-1])
        yield from zip(shared[first].tolist(), members, strict=False)

    def _causes(self, then: int, now: int) -> tuple[Found, ...]:
        classes, profile = self._engine.classes, self._judge.profile
        if self._judge.as_of is not None:
            return undated(classes[then], profile)
        return causes(classes[then], classes[now] if now >= 0 else None, profile)

    def _known(self, found: Found) -> Known | None:
        if self._judge.as_of is not None:
            return None
        if found.cause is Cause.OPT_OUT:
            return Known.BEFORE_RECEIPT
        late = found.said is not None and found.said.reason in ("c1.list_lag", "c1.vouched_lag")
        return Known.BETWEEN if late else Known.AFTER_LOAD

    def _entry(self, judged: Judged, row: int, found: tuple[Found, ...], plan: int, decided: bool) -> Entry | None:
        """What is said of a row by itself: which notice it is, and what people decided."""
        about = self._engine.plans[plan].notices
        listed = None
        if about is not None and any(one.cause is Cause.NOTICE for one in found):
            listed = self._notice(judged, row, plan, about)
        override = ""
        if decided and self._now is not None:
            found, override = self._decided(judged.column.url(row), instant(int(judged.times[row])), found, self._now)
        if not found:
            return None
        first = found[0]
        known = self._known(first)
        if listed is not None and first.cause is Cause.NOTICE and known is not None:
            known = listed.known
        elif first.cause is Cause.PERSON and known is not None:
            known = Known.BEFORE_RECEIPT if override else Known.AFTER_LOAD
        return Entry(found, known, listed, override)

    def _notice(self, judged: Judged, row: int, plan: int, about: HostNotices) -> Listed | None:
        key = (int(judged.plans[row]), plan)
        if not about.path_dependent and key in self._listed:
            return self._listed[key]
        fetched = instant(int(judged.times[row]))
        now = max(self._now or fetched, fetched)
        found = _listed(about.matches(judged.column.url(row)), fetched, now)
        if not about.path_dependent:
            self._listed[key] = found
        return found

    def _decided(
        self, url: Url, fetched: datetime, found: tuple[Found, ...], now: datetime
    ) -> tuple[tuple[Found, ...], str]:
        """What remains after the decisions of people that are in force now, and the record of one that counted."""
        overrides = self._engine.people.covering(url, max(now, fetched))
        used, rest = "", []
        for one in found:
            lifting = next((o for o in overrides if _lifts(o, one)), None)
            if lifting is not None and one.effect is not Verdict.ALLOW:
                used, one = lifting.record, one._replace(effect=Verdict.ALLOW)
            rest.append(one)
        denying = next((o for o in overrides if o.effect is Verdict.DENY and not o.in_force(fetched)), None)
        if denying is not None:
            used = denying.record
            rest.append(Found(Cause.PERSON, "", None, Verdict.DENY))
        return ranked(rest), used


def _listed(matches: Sequence[NoticeMatch], fetched: datetime, now: datetime) -> Listed | None:
    covering = [match for match in matches if match.relation is NoticeRelation.COVERS]
    standing = [m.notice for m in covering if status(m.notice, now).counts and not _carved(m, now)]
    if not standing:
        return None
    notice = min(standing, key=lambda n: (not n.issuer_verified, n.received_at or now, n.id))
    then = [status(m.notice, fetched) for m in covering if not _carved(m, fetched)]
    if NoticeStatus.KNOWN in then:
        known = Known.AFTER_LOAD
    elif NoticeStatus.KNOWN_NOT_LOADED in then:
        known = Known.BETWEEN
    else:
        known = Known.BEFORE_RECEIPT
    return Listed(notice, known, NoticeStatus.PUBLISHED in then)


def _carved(match: NoticeMatch, at: datetime) -> bool:
    return any(status(notice, at).counts for notice in match.exceptions)


def _lifts(override: Override, found: Found) -> bool:
    """True if a person decided that the finding, as a gate makes it, or the one that follows from it, shall not hold
    the item back."""
    named = [Finding(criterion=found.criterion, outcome=found.outcome, reason="")] if found.outcome is not None else []
    if found.said is not None:
        named.append(Finding(**found.said._asdict()))
    return any(lifts(override, finding) for finding in named)
