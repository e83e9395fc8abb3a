"""Which notice of which list speaks of each row: of all that bear on it, the one that weighs most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..blocklist import knowledge
from ..blocklist.knowledge import NoticeStatus
from ..model import Notice, NoticeMatch, NoticeRelation, Outcome
from .book import instant
from .classes import DecisionClass
from .engine import Judged
from .plan_table import Plan

_ABOUT_LISTS = ("C1", "C2", "C3")
_WEIGHT = {NoticeStatus.KNOWN: 3, NoticeStatus.KNOWN_NOT_LOADED: 3, NoticeStatus.PUBLISHED: 2, NoticeStatus.LATER: 1}


class Listed:
    """Names the notices of batches: for rows with a finding about lists, and only for those."""

    def __init__(self) -> None:
        self._speaks: list[bool] = []
        self._of_plan: dict[int, Notice | None] = {}

    def columns(
        self,
        judged: Judged,
        good: npt.NDArray[np.int64],
        classes: list[DecisionClass],
        plans: Sequence[Plan],
    ) -> tuple[Any, Any]:
        """The columns `list` and `notice` for the rows `good`: source and id of a notice, null where none speaks."""
        self._speaks += [_speaks(one) for one in classes[len(self._speaks) :]]
        told = np.flatnonzero(np.array(self._speaks or [False])[judged.classes[good]])
        found, particulars = _Numbers(), judged.particulars
        places = np.full(len(good), -1, np.int64)
        by_plan, place = np.unique(judged.plans[good[told]], return_inverse=True)
        shared = [None if _differs(plans[number]) else found.number(self._shared(plans[number])) for number in by_plan]
        for at, which in zip(told.tolist(), place.tolist(), strict=True):
            row, number = int(good[at]), shared[which]
            if number is None or row in particulars:
                number = found.number(_of_row(row, judged, plans[int(judged.plans[row])]))
            places[at] = number
        return found.column(places, "source"), found.column(places, "id")

    def _shared(self, plan: Plan) -> Notice | None:
        """What speaks of every page of a host."""
        if plan.notices is None:
            return None
        if plan.number not in self._of_plan:
            matches = (NoticeMatch(notice=notice, relation=how, url="") for notice, how in plan.notices.anywhere)
            self._of_plan[plan.number] = _weightiest(matches, plan.at)
        return self._of_plan[plan.number]


class _Numbers:
    """Notices by number; -1 is none."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, notice: Notice | None) -> int:
        return -1 if notice is None else self._numbers.setdefault((notice.source, notice.id), len(self._numbers))

    def column(self, places: npt.NDArray[np.int64], what: str) -> Any:
        """A dictionary column in which equal values share one entry."""
        values = [source if what == "source" else name for source, name in self._numbers]
        distinct = {value: n for n, value in enumerate(dict.fromkeys(values))}
        codes = np.array([distinct[value] for value in values] or [0], np.int32)[np.maximum(places, 0)]
        known = pa.array(list(distinct) or [""], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=places < 0), known)


def _differs(plan: Plan) -> bool:
    return plan.notices is not None and plan.notices.path_dependent


def _of_row(row: int, judged: Judged, plan: Plan) -> Notice | None:
    """What speaks of one row, whatever its address is, whereby it came, and what it is linked to."""
    of_url = plan.notices.matches(judged.column.url(row)) if plan.notices is not None else ()
    own = judged.particulars.get(row)
    return _weightiest((*of_url, *(() if own is None else (*own.hops, *own.links))), instant(int(judged.times[row])))


def _speaks(one: DecisionClass) -> bool:
    return any(f.criterion in _ABOUT_LISTS and f.outcome is not Outcome.NOT_MET for f in one.findings)


def _weightiest(matches: Iterable[NoticeMatch], at: datetime) -> Notice | None:
    """A notice that covers before one that is only near, one that was known before one that came later, one whose
    issuer was checked before another; the first of equals."""
    best: tuple[tuple[bool, int, bool], Notice] | None = None
    for match in matches:
        notice = match.notice
        if any(
            knowledge.status(e, at) in (NoticeStatus.KNOWN, NoticeStatus.KNOWN_NOT_LOADED) for e in match.exceptions
        ):
            continue
        state = _WEIGHT.get(knowledge.status(notice, at), 0)
        weight = (match.relation is NoticeRelation.COVERS, state, notice.issuer_verified)
        if best is None or weight > best[0]:
            best = (weight, notice)
    return None if best is None else best[1]
