"""The judgement of whole tables: one pure function on Arrow batches, the same answers as the gate's, row for row.

What repeats is worked out once: an origin's policy files, an interval in which nothing changes, a rule set, a class of
decisions. What a row needs for itself (which rule speaks of its path) is done by kernels. Where a statement depends
on more than that, or a target has several spellings, the exact code of `Site` and `Assessor` answers that row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
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
from ..signals import response
from ..signals.dataset import PaidOffer
from ..site import Answer
from ..url import Url
from . import kernels
from .book import instant
from .classes import DecisionClass, class_of
from .columns import PLAIN, UrlColumn, parsed_targets, read_urls
from .growing import Growing
from .interning import Keys, Spans
from .on_record import RobotsOnRecord
from .outlines import Outlined
from .plans import Plan, Planner
from .rows import Context, Contexts, Particulars, Rows
from .rule_tables import NO_RULES
from .shown import AFTER_DENY, TRACES
from .texts import Texts
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
        # By plan: see `kernels.weigh_rows`.
        self._aloof, self._doubtful = Growing(np.bool_), Growing(np.bool_)
        self._own, self._agents, self._kinds = Growing(np.int32), Growing(np.int32, 2), Growing(np.int64)
        self._agent_sets, self._octets = Growing(np.int32), Growing(np.int64)
        self._by_kind: dict[object, int] = {}
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

    def read(self, urls: Texts) -> UrlColumn:
        """Read the URLs of one batch."""
        return read_urls(urls, self.origins)

    def judge(self, rows: Rows, column: UrlColumn | None = None) -> Judged:
        """Judge the rows of one batch; `column` are their URLs, where they were `read` already."""
        column = self.read(rows.urls) if column is None else column
        plans, robots = self._timelines.plans(column.origins, rows.times, column.state, self.origins.count)
        self._learn_plans()
        contexts = self._contexts.codes(rows)
        left = column.state == kernels.UNCLEAN
        one_by_one = contexts >= 1 << _CONTEXT_BITS  # there is no room for more in a key
        if rows.particulars:
            one_by_one[list(rows.particulars)] = True
        keys, lines = self._weigh(column.rows, column.starts, column.state, plans, contexts, one_by_one)
        if column.read:
            told = parsed_targets(column)
            at = told.rows
            alone = one_by_one[at]
            nowhere = np.zeros(len(at), np.int32)
            found = self._weigh(told.texts, nowhere, column.state[at], plans[at], contexts[at], alone)
            keys[at], lines[at] = found
            one_by_one[at] = alone
        one = _OneByOne(rows, column, plans, contexts)
        classes = self._by_key(keys, ~one_by_one & ~left, one)
        for row in np.flatnonzero(one_by_one & ~left).tolist():
            classes[row], lines[row] = self._judge_row(one, row)
        classes[left] = -1
        return Judged(classes, plans, robots, lines, rows.times, column)

    def plans_at(self, judged: Judged, at: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The plan and the robots.txt that are in force at another instant, for rows judged before."""
        hosts = np.arange(self.origins.count, dtype=judged.column.origins.dtype)
        there = judged.column.state != kernels.UNCLEAN
        origins = np.where(there, judged.column.origins, 0)
        asked = np.full(len(hosts), kernels.UNCLEAN, judged.column.state.dtype)
        asked[origins[there]] = kernels.CLEAN
        times = np.full(len(hosts), at, np.int64)
        plans, robots = self._timelines.plans(hosts, times, asked, len(hosts))
        self._learn_plans()
        return plans[origins], robots[origins]

    def _weigh(
        self, rows: Texts, starts: Any, state: Any, plans: Any, contexts: Any, one_by_one: Any
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """A key for each row, that says all on which its class depends, and the line that keeps us out. Rows that have
        to be judged one by one are marked."""
        keys, lines = np.full(len(rows), -1, np.int64), np.zeros(len(rows), np.int32)
        longest = int(np.diff(rows.offsets).max(initial=0))
        kernels.weigh_rows(
            rows.data,
            rows.offsets,
            starts,
            state,
            plans,
            contexts,
            self._aloof.array,
            self._doubtful.array,
            self._own.array,
            self._agents.array,
            self._agent_sets.array,
            self._kinds.array,
            PLAIN,
            *self._tables.tables,
            self._tables.by_rule,
            _AGENTS + 1,
            _CONTEXT_BITS,
            np.empty(3 * longest + 1, np.uint8),
            keys,
            lines,
            one_by_one,
        )
        return keys, lines

    def _by_key(self, keys: Any, chosen: Any, one: _OneByOne) -> npt.NDArray[np.int32]:
        """The class of each chosen row; one row of each key that is new is judged exactly."""
        codes = self._keys.codes(keys)
        self._class_of_key += [-1] * (self._keys.count - len(self._class_of_key))
        table = np.array(self._class_of_key, np.int32)
        classes = table[codes] if len(codes) else np.zeros(0, np.int32)
        rows = np.flatnonzero(chosen & (classes < 0))
        if len(rows):
            # The row whose files are the shortest: the exact code reads them all.
            rows = rows[np.argsort(self._octets.array[one.plans[rows]], kind="stable")]
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
        decided = self.people.covering(url, at) if plan.decided else ()
        if decided:  # a fetch against the site's word is theirs to answer for
            told = replace(told, fetched=False)
        if context.shown == AFTER_DENY and plan.age is not None and not answer.rule:
            # The collector's check had denied it; what was in force at the fetch did not.
            told = replace(told, traces=tuple(t for t in told.traces if t is not TRACES[AFTER_DENY]))
        hops: tuple[NoticeMatch, ...] = ()
        offers: tuple[PaidOffer, ...] = ()
        if particulars is not None:
            reading = particulars.reading or reading
            hops, offers = particulars.hops, particulars.offers
            told = replace(
                told,
                notices=particulars.links,
                elsewhere=particulars.elsewhere,
                register=told.register + particulars.register,
            )
        if reading is not None and (wanted := response.named(reading)):
            reading = response.with_documents(reading, self._planner.documents(plan, url, wanted, at), url=url)
        facts = assessor.facts(
            self._stage,
            plan.site,
            answer,
            url,
            at,
            notices=plan.notices,
            offers=offers + reading.offers if reading is not None else offers,
            attempt=context.attempt,
            circumstances=told,
            reading=reading,
            hops=hops,
        )
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
        plans = self.plans[self._own.count :]
        weighed = [self._plan(plan) for plan in plans]
        if not plans:
            return
        agents = [found.agents if found is not None else () for _, found in weighed]
        own = [found.own if found is not None else NO_RULES for _, found in weighed]
        ends = self._agent_sets.count + np.cumsum([0, *map(len, agents)])
        self._agent_sets.add([number for sets in agents for number in sets])
        self._agents.add(np.stack([ends[:-1], ends[1:]], axis=1))
        self._aloof.add([found is None for _, found in weighed])
        two_faced = self._tables.two_faced
        self._doubtful.add([not two_faced.isdisjoint({one, *sets}) for one, sets in zip(own, agents, strict=True)])
        self._own.add(own)
        self._octets.add([plan.octets for plan in plans])
        self._kinds.add([self._by_kind.setdefault(key, len(self._by_kind)) for key, _ in weighed])

    def _plan(self, plan: Plan) -> tuple[Hashable, Outlined | None]:
        """What rows of a plan have to have in common with those of another, besides what rules say of them, to be of
        one class; and the rules, None where they do not say all."""
        about = plan.notices_key()
        found = self._planner.outlines.of(plan) if about is not None and not plan.exact else None
        if found is None or len(found.agents) > _AGENTS:
            return plan.number, None
        return (found.kind, plan.age, plan.since, about), found
