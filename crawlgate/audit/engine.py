"""The judgement of whole tables: one pure function on Arrow batches, the same answers as the gate's, row for row.

What repeats is worked out once: an origin's policy files, an interval in which nothing changes, a rule set, a class of
decisions. What a row needs for itself (which rule speaks of its path) is done by kernels. Where a statement depends
on more than that, or a target has several spellings, the exact code of `Site` and `Assessor` answers that row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..assess import Assessor
from ..model import Basis, Verdict
from ..site import Answer
from ..url import Url
from . import kernels
from .classes import DecisionClass, class_of
from .columns import UrlColumn, read_urls
from .interning import Keys, Spans
from .plans import Plan, Planner
from .rule_tables import RuleTables
from .texts import Texts
from .timeline import Timelines

_NO_RULE_SET = -1
_VERDICTS = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Judged:
    """The answers for one batch. `classes` numbers the class of each row (-1: refused, see `refused`), `plans` the
    plan, `lines` the line of robots.txt that keeps it out (0: none does), `origins` its origin."""

    classes: npt.NDArray[np.int32]
    plans: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]
    origins: npt.NDArray[np.int32]
    column: UrlColumn

    @property
    def refused(self) -> dict[int, tuple[str, str]]:
        """Rows that are no URL: code and message by row."""
        return self.column.refused


class Engine:
    """Judges batches one after another; what it learns of hosts stays."""

    def __init__(self, assessor: Assessor, planner_of: Any) -> None:
        self._assessor = assessor
        self.origins = Spans()
        self._planner: Planner = planner_of(self.origins.text)
        self._timelines = Timelines(self._planner.breaks, self._planner.resolve)
        self._tables = RuleTables()
        self._rule_sets: list[int] = []
        self._exact: list[bool] = []
        self._kinds: list[int] = []
        self._by_kind: dict[object, int] = {}
        self._by_rules: dict[int, int] = {}
        self._keys = Keys()
        self._class_of_key: list[int] = []
        self._numbers: dict[DecisionClass, int] = {}
        self.classes: list[DecisionClass] = []
        self._answers: dict[tuple[int, Answer], int] = {}

    @property
    def plans(self) -> list[Plan]:
        """Every plan so far, by number."""
        return self._planner.plans

    def judge(self, urls: Texts, times: npt.NDArray[np.int64]) -> Judged:
        """Judge rows by URL and time (microseconds since 1970, UTC)."""
        column = read_urls(urls, self.origins)
        plans = self._timelines.plans(column.origins, times, column.state, self.origins.count)
        self._learn_plans()
        exact = np.array(self._exact or [False], np.bool_)[plans]
        rule_sets = np.array(self._rule_sets or [_NO_RULE_SET], np.int32)[plans]
        rule_sets[exact] = _NO_RULE_SET
        rules = np.full(len(urls), -1, np.int32)
        kernels.decide_rows(
            urls.data, urls.offsets, column.starts, column.state, rule_sets, *self._tables.tables, rules
        )
        by_line, by_allow = self._tables.by_number
        allowed = by_allow[rules]
        lines = np.where(allowed, 0, by_line[rules])
        kinds = np.array(self._kinds or [0], np.int64)[plans]
        keys = kinds * 2 + ~allowed
        classes = np.empty(len(urls), np.int32)
        one_by_one = (exact | (column.state == kernels.ENCODED)) & (column.state != kernels.UNCLEAN)
        fast = ~one_by_one & (column.state != kernels.UNCLEAN)
        known = self._keys.count
        codes = self._keys.codes(keys)
        if self._keys.count > known:
            firsts = {int(code): row for row, code in _first_rows(codes, fast, known)}
            for code in range(known, self._keys.count):
                row = firsts.get(code)
                self._class_of_key.append(
                    -1 if row is None else self._judge_row(column.url(row), int(plans[row]), times[row])[0]
                )
        classes = np.array(self._class_of_key or [-1], np.int32)[codes]
        for row in np.flatnonzero(one_by_one).tolist():
            classes[row], lines[row] = self._judge_row(column.url(row), int(plans[row]), times[row])
        refused = column.state == kernels.UNCLEAN
        classes[refused] = -1
        lines[refused] = 0
        return Judged(classes, plans, lines, column.origins, column)

    def _judge_row(self, url: Url, number: int, at: Any) -> tuple[int, int]:
        plan = self.plans[number]
        answer = plan.site.answer(url)
        key = (number, answer)
        known = self._answers.get(key)
        if known is None:
            known = self._number(self._basis(url, plan, answer))
            self._answers[key] = known
        return known, max(answer.rule, 0)

    def _basis(self, url: Url, plan: Plan, answer: Answer) -> Basis:
        return self._assessor.before(plan.site, answer, url, plan.at, notices=plan.notices)

    def _number(self, basis: Basis) -> int:
        found = class_of(basis)
        number = self._numbers.get(found)
        if number is None:
            number = self._numbers[found] = len(self.classes)
            self.classes.append(found)
        return number

    def _learn_plans(self) -> None:
        for plan in self.plans[len(self._exact) :]:
            fingerprint = plan.site.fingerprint()
            simple = fingerprint is not None and plan.notices is None
            self._exact.append(not simple)
            self._rule_sets.append(self._rules_of(plan) if simple else _NO_RULE_SET)
            key = (fingerprint, plan.stale) if simple else plan.number
            self._kinds.append(self._by_kind.setdefault(key, len(self._by_kind)))

    def _rules_of(self, plan: Plan) -> int:
        rules = plan.site.own_rules
        number = self._by_rules.get(id(rules))
        if number is None:
            number = self._by_rules[id(rules)] = self._tables.add(plan.site.patterns())
        return number


def _first_rows(codes: Any, chosen: Any, least: int) -> list[tuple[int, int]]:
    """A row for each code from `least` on, among the `chosen` ones."""
    rows = np.flatnonzero(chosen & (codes >= least))
    found, first = np.unique(codes[rows], return_index=True)
    return [(int(row), int(code)) for code, row in zip(found, rows[first], strict=True)]
