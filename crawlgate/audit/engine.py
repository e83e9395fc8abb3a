"""The judgement of whole tables: one pure function on Arrow batches, the same answers as the gate's, row for row.

What repeats is worked out once: an origin's policy files, an interval in which nothing changes, a rule set, a class of
decisions. What a row needs for itself (which rule speaks of its path) is done by kernels. Where a statement depends
on more than that, or a target has several spellings, the exact code of `Site` and `Assessor` answers that row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ..assess import Assessor
from ..criteria import evaluate
from ..model import Basis, NoticeMatch, Stage
from ..policy import decide
from ..policy.overrides import Overrides
from ..site import Answer
from ..url import Url
from . import kernels
from .book import instant
from .classes import DecisionClass, class_of
from .columns import Targets, UrlColumn, read_urls, respelled
from .interning import Keys, Spans
from .on_record import RobotsOnRecord
from .plans import Plan, Planner
from .rows import Context, Contexts, Particulars, Rows
from .rule_tables import NO_RULES
from .shown import AFTER_DENY, TRACES
from .timeline import Timelines

_CONTEXT_BITS = 16
_AGENTS = 16  # rule sets of named agents in a key; sites with more are read by the exact code


@dataclass(frozen=True, slots=True)
class Judged:
    """The answers for one batch. `classes` numbers the class of each row (-1: refused, see `refused`), `plans` the
    plan, `robots` the robots.txt in force (-1: none), `lines` the line of it that keeps the row out (0: none does)."""

    classes: npt.NDArray[np.int32]
    plans: npt.NDArray[np.int32]
    robots: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]
    times: npt.NDArray[np.int64]
    column: UrlColumn

    @property
    def refused(self) -> dict[int, tuple[str, str]]:
        """Rows that are no URL: code and message by row."""
        return self.column.refused


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """A batch, for asking about single rows."""

    rows: Rows
    column: UrlColumn
    plans: npt.NDArray[np.int32]
    contexts: npt.NDArray[np.int32]


class Engine:
    """Judges batches one after another; what it learns of hosts stays."""

    def __init__(self, assessor: Assessor, planner_of: Callable[[Callable[[int], str]], Planner], stage: Stage) -> None:
        self._assessor = assessor
        self._stage = stage
        self._contexts = Contexts(assessor.declaration, stage)
        self.origins = Spans()
        self._planner = planner_of(self.origins.text)
        self._timelines = Timelines(self._planner)
        self._tables = self._planner.outlines.tables
        self._rule_sets: list[int] = []
        self._exact: list[bool] = []
        # Plans in which a target with a slash in its query may have more than one meaning.
        self._two_faced: list[bool] = []
        self._kinds: list[int] = []
        self._by_kind: dict[object, int] = {}
        self._agents: list[tuple[int, ...]] = []
        self._keys = Keys()
        self._class_of_key: list[int] = []
        self._numbers: dict[DecisionClass, int] = {}
        self.classes: list[DecisionClass] = []
        self._answers: dict[tuple[int, Answer, int], int] = {}

    @property
    def plans(self) -> list[Plan]:
        """Every plan so far, by number."""
        return self._planner.plans

    @property
    def people(self) -> Overrides:
        """What people decided."""
        return self._planner.people

    @property
    def robots(self) -> RobotsOnRecord:
        """Every robots.txt that was in force for some row, by number."""
        return self._planner.robots

    def judge(self, rows: Rows) -> Judged:
        """Judge the rows of one batch."""
        column = read_urls(rows.urls, self.origins)
        plans, robots = self._timelines.plans(column.origins, rows.times, column.state, self.origins.count)
        self._learn_plans()
        contexts = self._contexts.codes(rows)
        left = column.state == kernels.UNCLEAN
        encoded = column.state == kernels.ENCODED
        exact = _by_plan(self._exact, plans, np.bool_)
        two_faced = encoded & _by_plan(self._two_faced, plans, np.bool_)
        one_by_one = (exact | two_faced | (column.state == kernels.ALONE)) & ~left
        one_by_one |= (contexts >= 1 << _CONTEXT_BITS) & ~left  # there is no room for more in a key
        if rows.particulars:
            one_by_one[list(rows.particulars)] = ~left[list(rows.particulars)]
        targets = respelled(column, np.flatnonzero(encoded & ~one_by_one))
        rules = self._deciding(column, targets, _by_plan(self._rule_sets, plans, np.int32))
        by_line, by_allow = self._tables.by_number
        allowed = by_allow[rules]
        lines = np.where(allowed, 0, by_line[rules])
        kinds = _by_plan(self._kinds, plans, np.int64)
        keys = (((kinds << _CONTEXT_BITS) | contexts) << (_AGENTS + 1)) | ~allowed
        keys |= self._refused_agents(column, targets, plans) << 1
        one = _OneByOne(rows, column, plans, contexts)
        classes = self._by_key(keys, ~one_by_one & ~left, one)
        for row in np.flatnonzero(one_by_one).tolist():
            classes[row], lines[row] = self._judge_row(one, row)
        classes[left] = -1
        lines[left] = 0
        return Judged(classes, plans, robots, lines, rows.times, column)

    def plans_at(self, judged: Judged, at: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The plan and the robots.txt that are in force at another instant, for rows judged before."""
        times = np.full(len(judged.times), at, np.int64)
        found = self._timelines.plans(judged.column.origins, times, judged.column.state, self.origins.count)
        self._learn_plans()
        return found

    def _deciding(self, column: UrlColumn, targets: Targets, sets: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The number of the rule that decides about each row, -1 where none does or none is asked."""
        rules = np.full(len(sets), -1, np.int32)
        tables = self._tables.tables
        rows = column.rows
        kernels.decide_rows(rows.data, rows.offsets, column.starts, column.state, sets, *tables, rules)
        if len(targets.rows):
            found = np.full(len(targets.rows), -1, np.int32)
            data, offsets = targets.texts.data, targets.texts.offsets
            nothing, clean = np.zeros(len(found), np.int32), np.zeros(len(found), np.uint8)
            kernels.decide_rows(data, offsets, nothing, clean, sets[targets.rows], *tables, found)
            rules[targets.rows] = found
        return rules

    def _refused_agents(self, column: UrlColumn, targets: Targets, plans: Any) -> npt.NDArray[np.int64]:
        """For each row, as bits, which of the agents that its site names are refused there."""
        refused = np.zeros(len(plans), np.int64)
        by_allow = self._tables.by_number[1]
        for bit in range(max(map(len, self._agents), default=0)):
            of_plan = [sets[bit] if bit < len(sets) else NO_RULES for sets in self._agents]
            sets = _by_plan(of_plan, plans, np.int32)
            if (sets != NO_RULES).any():
                refused |= (~by_allow[self._deciding(column, targets, sets)]).astype(np.int64) << bit
        return refused

    def _by_key(self, keys: Any, chosen: Any, one: _OneByOne) -> npt.NDArray[np.int32]:
        """The class of each chosen row; one row of each key that is new is judged exactly."""
        codes = self._keys.codes(keys)
        self._class_of_key += [-1] * (self._keys.count - len(self._class_of_key))
        table = np.array(self._class_of_key, np.int32)
        classes = table[codes] if len(codes) else np.zeros(0, np.int32)
        rows = np.flatnonzero(chosen & (classes < 0))
        if len(rows):
            new, first = np.unique(codes[rows], return_index=True)
            for code, row in zip(new.tolist(), rows[first].tolist(), strict=True):
                self._class_of_key[code] = self._judge_row(one, row)[0]
            classes = np.array(self._class_of_key, np.int32)[codes]
        return classes

    def _judge_row(self, one: _OneByOne, row: int) -> tuple[int, int]:
        """Class and line of one row, by the code that judges single URLs."""
        plan = self.plans[int(one.plans[row])]
        url = one.column.url(row)
        answer = plan.site.answer(url)
        context = int(one.contexts[row])
        particulars = one.rows.particulars.get(row)
        key = (plan.number, answer, context)
        alike = particulars is None and not plan.by_itself
        known = self._answers.get(key) if alike else None
        if known is None:
            at = instant(int(one.rows.times[row]))
            known = self._number(self._basis(url, plan, answer, self._contexts.known[context], particulars, at))
            if alike:
                self._answers[key] = known
        return known, max(answer.rule, 0)

    def _basis(
        self, url: Url, plan: Plan, answer: Answer, context: Context, particulars: Particulars | None, at: datetime
    ) -> Basis:
        assessor = self._assessor
        reading = context.reading(url, assessor.declaration.token)
        told = replace(context.circumstances, register=plan.register) if plan.register else context.circumstances
        if context.shown == AFTER_DENY and plan.age is not None and not answer.rule:
            # The collector's check had denied it; what was in force at the fetch did not.
            told = replace(told, traces=tuple(t for t in told.traces if t is not TRACES[AFTER_DENY]))
        hops: tuple[NoticeMatch, ...] = ()
        if particulars is not None:
            reading = particulars.reading or reading
            hops = particulars.hops
            told = replace(told, traces=told.traces + particulars.traces)
        facts = assessor.facts(
            self._stage,
            plan.site,
            answer,
            url,
            at,
            notices=plan.notices,
            offers=reading.offers if reading is not None else (),
            attempt=context.attempt,
            circumstances=told,
            reading=reading,
            hops=hops,
        )
        decided = self.people.covering(url, at) if plan.decided else ()
        # Hosts with equal files share a site; how old this host's are is the plan's to say.
        found = evaluate(replace(facts, robots_age=plan.age))
        return decide(found, assessor.profile, self._stage, plan.site.evidence, decided)

    def _number(self, basis: Basis) -> int:
        found = class_of(basis)
        number = self._numbers.get(found)
        if number is None:
            number = self._numbers[found] = len(self.classes)
            self.classes.append(found)
        return number

    def _learn_plans(self) -> None:
        for plan in self.plans[len(self._exact) :]:
            about = plan.notices_key()
            found = self._planner.outlines.of(plan) if about is not None and not plan.exact else None
            simple = found is not None and len(found.agents) <= _AGENTS
            self._exact.append(not simple)
            key: object = plan.number
            own: int = NO_RULES
            agents: tuple[int, ...] = ()
            if found is not None and simple:
                key = (found.kind, plan.age, plan.since, about)
                own, agents = found.own, found.agents
            self._two_faced.append(not self._tables.two_faced.isdisjoint({own, *agents}))
            self._rule_sets.append(own)
            self._agents.append(agents)
            self._kinds.append(self._by_kind.setdefault(key, len(self._by_kind)))


def _by_plan(values: list[Any], plans: npt.NDArray[np.int32], kind: Any) -> Any:
    """A value of each row's plan."""
    return np.array(values or [0], kind)[plans]
