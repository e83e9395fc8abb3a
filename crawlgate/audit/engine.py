"""The judgement of whole tables: one pure function on Arrow batches, the same answers as the gate's, row for row.

What repeats is worked out once: an origin's policy files, an interval in which nothing changes, a rule set, a class of
decisions. What a row needs for itself (which rule speaks of its path) is done by kernels. Where a statement depends
on more than that, or a target has several spellings, the exact code of `Site` and `Assessor` answers that row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..assess import Assessor
from ..criteria import evaluate
from ..limits import DEFAULT_LIMITS
from ..model import Basis, NoticeMatch, Stage
from ..policy import decide
from ..policy.overrides import Overrides
from ..signals import response
from ..signals.dataset import PaidOffer
from ..site import Answer
from ..url import Url
from . import collecting, known_kernels, row_kernels, url_kernels
from .book import instant
from .classes import DecisionClass, class_of
from .columns import BYTE_CLASSES, PLAIN, UrlColumn, parsed, parsed_targets, read_urls
from .growing import Growing
from .interning import Keys, Spans
from .kernel_arrays import Batch, KnownClasses, PlanColumns, Reading, Targets, Weighed
from .on_record import RobotsOnRecord
from .outlines import Outlined
from .plan_table import NO_TWIN, Plan, Plans
from .plans import Planner
from .rows import Context, Contexts, Particulars, Rows
from .rule_tables import NO_RULES
from .shown import AFTER_DENY, TRACES
from .texts import Texts, joined
from .timeline import Timelines

_READING = Reading(BYTE_CLASSES, DEFAULT_LIMITS.url_length, PLAIN)


@dataclass(frozen=True, slots=True)
class Judged:
    """The answers for one batch. `classes` numbers the class of each row (-1: refused, see `refused`), `plans` the
    plan, `robots` the robots.txt in force (-1: none), `lines` the line of it that keeps the row out (0: none does);
    `particulars` are those of the rows, as they were judged."""

    classes: npt.NDArray[np.int32]
    plans: npt.NDArray[np.int32]
    robots: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]
    times: npt.NDArray[np.int64]
    column: UrlColumn
    particulars: Mapping[int, Particulars] = field(default_factory=dict)

    @property
    def refused(self) -> dict[int, tuple[str, str]]:
        """Rows that are no URL: code and message by row."""
        return self.column.refused


class Classed(NamedTuple):
    """Of `Judged` what pipelines need."""

    classes: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]
    refused: dict[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """A batch, for asking about single rows."""

    rows: Rows
    column: UrlColumn
    plans: npt.NDArray[np.int32]
    contexts: npt.NDArray[np.int32]


class _Found(NamedTuple):
    """What rows came to, how many of them are of a `new` key, and how many are to be judged one by one (`alone`)."""

    keys: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]
    new: int
    alone: int


_NONE = np.zeros(0, np.int64)
_NO_NUMBERS = np.zeros(0, np.int32)
_FEW = 50  # rows for which another look costs less than judging them


class Engine:
    """Judges batches one after another; what it learns of hosts stays."""

    def __init__(self, assessor: Assessor, planner_of: Callable[[Spans], Planner], stage: Stage) -> None:
        self._assessor = assessor
        self._stage = stage
        self._contexts = Contexts(assessor.declaration, stage)
        self.origins = Spans()
        self._planner = planner_of(self.origins)
        self._timelines = Timelines(self._planner)
        self._tables = self._planner.outlines.tables
        # By plan: see `kernel_arrays.PlanColumns`.
        self._aloof, self._doubtful = Growing(np.bool_), Growing(np.bool_)
        self._own, self._agents, self._kinds = Growing(np.int32), Growing(np.int32, 2), Growing(np.int64)
        self._agent_sets, self._octets = Growing(np.int32), Growing(np.int64)
        self._by_kind: dict[object, int] = {}
        self._keys = Keys()
        self._class_of_key = Growing(np.int32)
        self._numbers: dict[DecisionClass, int] = {}
        self.classes: list[DecisionClass] = []
        self._answers: dict[tuple[int, Answer, int], int] = {}

    @property
    def plans(self) -> Plans:
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

    @collecting.put_off()
    def judge(self, rows: Rows) -> Judged:
        """Judge the rows of one batch."""
        column = read_urls(rows.urls, self.origins)
        plans, robots = self._timelines.plans(column.origins, rows.times, column.state, self.origins.count)
        self._learn_plans()
        contexts = self._contexts.codes(rows)
        one_by_one = np.zeros(len(rows), np.bool_)
        if len(self._contexts.known) > 1 << row_kernels.CONTEXT_BITS:  # there is no room for more in a key
            one_by_one = contexts >= 1 << row_kernels.CONTEXT_BITS
        if rows.particulars:
            one_by_one[list(rows.particulars)] = True
        one = _OneByOne(rows, column, plans, contexts)
        told = parsed_targets(column)
        state, at = column.state, told.rows
        if column.read:  # their targets do not stand in the column
            state = state.copy()
            state[at] = url_kernels.UNCLEAN
        found = self._weigh(column.rows, column.starts, state, plans, contexts, one_by_one)
        classes, lines = self._classes(found, np.arange(len(rows)) if found.new else _NONE, one), found.lines
        alone = np.flatnonzero(one_by_one & (state != url_kernels.UNCLEAN)) if found.alone else _NONE
        if column.read:
            apart = one_by_one[at]
            nowhere = np.zeros(len(at), np.int32)
            found = self._weigh(told.texts, nowhere, column.state[at], plans[at], contexts[at], apart)
            classes[at], lines[at] = self._classes(found, at, one), found.lines
            one_by_one[at] = apart
            alone = np.flatnonzero(one_by_one & (column.state != url_kernels.UNCLEAN))
        for row in alone.tolist():
            classes[row], lines[row] = self._judge_row(one, row)
        return Judged(classes, plans, robots, lines, rows.times, column, rows.particulars)

    def classes_of(self, rows: Rows) -> Classed:
        """Class and line of the rows of one batch and nothing else: what `judge` says, sooner where all is known."""
        found, left = self._known(rows) if rows.bare else (None, len(rows))
        if found is None or 2 * left > len(rows):
            judged = self.judge(rows)
            return Classed(judged.classes, judged.lines, judged.refused)
        if 0 < left <= _FEW:
            left = self._parsed(rows, found)
        if left:
            places = np.flatnonzero(found.classes < 0)
            judged = self.judge(rows.take(places))
            found.classes[places], found.lines[places] = judged.classes, judged.lines
            found.refused.update((int(places[row]), why) for row, why in judged.refused.items())
        return found

    def _parsed(self, rows: Rows, found: Classed) -> int:
        """Rows of which not everything was known, once more as the parser writes them; how many are left."""
        places = np.flatnonzero(found.classes < 0).tolist()
        told = {row: url for row in places if (url := parsed(rows.urls[row])) and url.target != "/robots.txt"}
        if told:
            there = np.fromiter(told, np.int64, len(told))
            again = replace(rows.take(there), urls=joined([url.href for url in told.values()]))
            starts = np.array([len(url.origin) for url in told.values()], np.int32)
            found.classes[there], found.lines[there], _ = self._known(again, starts)[0]
        return int(np.count_nonzero(found.classes < 0))

    def _known(self, rows: Rows, starts: npt.NDArray[np.int32] = _NO_NUMBERS) -> tuple[Classed, int]:
        """Rows of which everything is known by now; and how many are not, which get a class below 0. `starts` says
        where targets begin in rows that the parser wrote."""
        found = Classed(np.empty(len(rows), np.int32), np.empty(len(rows), np.int32), {})
        batch = Batch(
            _read_only(rows.urls.data),
            _read_only(rows.urls.offsets),
            _read_only(starts),
            _read_only(rows.times),
            _read_only(_NO_NUMBERS if rows.statuses is None else rows.statuses),
            _read_only(_NO_NUMBERS if rows.sent is None else rows.sent),
            self._contexts.places(rows.agents),
        )
        left = known_kernels.known_rows(
            batch,
            _READING,
            self._contexts.table.array,
            self.origins.index,
            self._timelines.known,
            self._by_plan,
            self._tables.rules,
            self._known_classes,
            found.classes,
            found.lines,
        )
        return found, left

    @property
    def _by_plan(self) -> PlanColumns:
        return PlanColumns(
            self._aloof.array,
            self._doubtful.array,
            self._own.array,
            self._agents.array,
            self._agent_sets.array,
            self._kinds.array,
        )

    @property
    def _known_classes(self) -> KnownClasses:
        return KnownClasses(*self._keys.index, self._class_of_key.rows)

    def plans_at(self, judged: Judged, at: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The plan and the robots.txt that are in force at another instant, for rows judged before."""
        hosts = np.arange(self.origins.count, dtype=judged.column.origins.dtype)
        there = judged.column.state != url_kernels.UNCLEAN
        origins = np.where(there, judged.column.origins, 0)
        asked = np.full(len(hosts), url_kernels.UNCLEAN, judged.column.state.dtype)
        asked[origins[there]] = url_kernels.CLEAN
        times = np.full(len(hosts), at, np.int64)
        plans, robots = self._timelines.plans(hosts, times, asked, len(hosts), aside=True)
        self._learn_plans()
        return plans[origins], robots[origins]

    def _weigh(self, rows: Texts, starts: Any, state: Any, plans: Any, contexts: Any, one_by_one: Any) -> _Found:
        """What each row comes to. Rows that have to be judged one by one are marked."""
        size = len(rows)
        weighed = Weighed(np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.int32), one_by_one)
        new, alone, _ = row_kernels.weigh_rows(
            Targets(rows.data, rows.offsets, starts, state, plans, contexts),
            self._tables.rules,
            self._by_plan,
            self._known_classes,
            PLAIN,
            weighed,
        )
        return _Found(weighed.keys, weighed.classes, weighed.lines, new, alone)

    def _classes(self, found: _Found, places: Any, one: _OneByOne) -> npt.NDArray[np.int32]:
        """The class of each row; one row of each key that is new is judged exactly. `places` are the rows' in the
        batch."""
        if not found.new:
            return found.classes
        rows = np.flatnonzero(found.classes == row_kernels.NEW)
        codes = self._keys.codes(found.keys[rows])
        self._class_of_key.add(np.full(self._keys.count - self._class_of_key.count, -1, np.int32))
        # The row whose files are the shortest: the exact code reads them all.
        chosen = np.full(self._keys.count, -1, np.int64)
        row_kernels.lightest(codes, self._octets.array[one.plans[places[rows]]], chosen)
        for code in np.flatnonzero(chosen >= 0).tolist():
            self._class_of_key.array[code] = self._judge_row(one, int(places[rows[chosen[code]]]))[0]
        found.classes[rows] = self._class_of_key.array[codes]
        return found.classes

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
        self.plans.settle()
        first, end = self._own.count, len(self.plans)
        if first == end:
            return
        like = self.plans.twins.array[first:end].copy()
        twins = np.flatnonzero(like != NO_TWIN)
        like[like == NO_TWIN] = 0
        weighed = [
            (self.plans[number], *self._plan(self.plans[number]))
            for number in (first + np.flatnonzero(self.plans.twins.array[first:end] == NO_TWIN)).tolist()
        ]
        agents = [found.agents if found is not None else () for _, _, found in weighed]
        own = [found.own if found is not None else NO_RULES for _, _, found in weighed]
        ends = self._agent_sets.count + np.cumsum([0, *map(len, agents)])
        self._agent_sets.add([number for sets in agents for number in sets])
        two_faced = self._tables.two_faced
        doubtful = [not two_faced.isdisjoint({one, *sets}) for one, sets in zip(own, agents, strict=True)]
        kinds = [self._by_kind.setdefault(key, len(self._by_kind)) for _, key, _ in weighed]
        new = np.array([plan.number for plan, _, _ in weighed], np.int64)
        for column, values in (
            (self._own, own),
            (self._agents, np.stack([ends[:-1], ends[1:]], axis=1)),
            (self._aloof, [found is None for _, _, found in weighed]),
            (self._doubtful, doubtful),
            (self._octets, [plan.octets for plan, _, _ in weighed]),
            (self._kinds, kinds),
        ):
            column.add(np.zeros((end - first, *column.array.shape[1:]), column.array.dtype))
            if len(new):
                column.array[new] = values
            column.array[first + twins] = column.array[like[twins]]
        self._kinds.array[first + twins] = self._kinds_of(first + twins, like[twins])

    def _kinds_of(self, twins: npt.NDArray[np.int64], like: npt.NDArray[np.int32]) -> list[int]:
        """The kinds of twins: those of the plans whose twins they are, and what lists say."""
        spoken = self.plans.keys_of(twins)
        pairs = zip(self._kinds.array[like].tolist(), spoken, strict=True)
        return [self._by_kind.setdefault(pair, len(self._by_kind)) for pair in pairs]

    def _plan(self, plan: Plan) -> tuple[Hashable, Outlined | None]:
        """What rows of a plan have to have in common with those of another, besides what rules say of them, to be of
        one class; and the rules, None where they do not say all."""
        about = plan.notices_key()
        found = self._planner.outlines.of(plan) if about is not None and not plan.exact else None
        if found is None or len(found.agents) > row_kernels.AGENTS:  # there is no room for more in a key
            return plan.number, None
        return (found.kind, plan.age, plan.since, about), found


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """So that a kernel is compiled once, whether the array is Arrow's own or a copy."""
    seen = array.view()
    seen.setflags(write=False)
    return seen
