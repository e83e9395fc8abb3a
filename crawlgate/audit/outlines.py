"""What a plan comes to for most URLs of its hosts: rule sets, and a key under which equal answers are judged alike."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, date
from typing import TYPE_CHECKING, NamedTuple

from ..flow import TDMREP_PATH
from ..model import Declaration
from ..signals.agents import AgentCatalogue
from ..signals.robots import AgentRules
from ..signals.robots_rules import RuleSet
from .book import Content, EvidenceBook
from .robots_scan import Lines, RobotsScanner, Scanned
from .rule_tables import NO_RULES, RuleTables, as_pattern

if TYPE_CHECKING:
    from .plan_table import Plan

_KEPT = 1 << 14  # files whose lines are kept, some kilobytes each
_TDMREP = TDMREP_PATH.encode()


class Outlined(NamedTuple):
    """`own` and `agents` are rule sets by number (`NO_RULES`: nothing is refused). Sites of equal `kind` whose rules
    answer alike are spoken of alike."""

    kind: Hashable
    own: int
    agents: tuple[int, ...]


class Outlines:
    """Outlines of plans, their rules in `tables`."""

    def __init__(self, declaration: Declaration, catalogue: AgentCatalogue, book: EvidenceBook) -> None:
        self.tables = RuleTables()
        self._book = book
        self._scanner = RobotsScanner(self.tables, declaration.token, catalogue)
        self._lines: dict[int, Lines | None] = {}
        self._scans: dict[tuple[int, int], Scanned | None] = {}
        self._by_rules: dict[int, tuple[int, RuleSet]] = {}

    def days(self, content: int) -> list[date] | None:
        """The days on which agents that a robots.txt names became known, by the number of its content; None where
        the file has to be read by the exact code."""
        lines = self._read(content)
        return None if lines is None else self._scanner.days_named(lines)

    def of(self, plan: Plan) -> Outlined | None:
        """The outline of a plan's site, or None where its statements rest on more than rules."""
        found = self._scanned(plan)
        if found is not None:
            return found
        outline = plan.site.outline()
        if outline is None:
            return None
        everything = tuple(rules.refuses_all for rules in outline.agents)
        agents = [self._rules_of(rules, outline.own) for rules in outline.agents if not rules.refuses_all]
        return Outlined((outline.kind, everything), self._rules_of(outline.own.own, outline.own), tuple(agents))

    def _scanned(self, plan: Plan) -> Outlined | None:
        if plan.robots is None:
            return None
        key = (plan.robots, self._scanner.epoch(plan.at.astimezone(UTC).date()))
        if key not in self._scans:
            lines = self._read(plan.robots)
            self._scans[key] = None if lines is None else self._scanner.read(lines, key[1])
        scanned = self._scans[key]
        if scanned is None:
            return None
        # A policy file is a file of the site: where robots.txt keeps us out of it, that is told.
        kept_out = scanned.own != NO_RULES and not self.tables.allows(scanned.own, _TDMREP)
        kind = ("scanned", plan.beside, kept_out, *scanned[:2], scanned.kinds, scanned.everything)
        return Outlined(kind, scanned.own, scanned.agents)

    def _read(self, content: int) -> Lines | None:
        if content in self._lines:
            return self._lines[content]
        answer = self._book.contents[content]
        found = self._scanner.lines(self._book.body_of(content)) if _is_plain(answer) else None
        if len(self._lines) >= _KEPT:
            self._lines.clear()
        self._lines[content] = found
        return found

    def _rules_of(self, rules: RuleSet, file: AgentRules) -> int:
        if not rules.refuses:
            return NO_RULES
        known = self._by_rules.get(id(rules))
        if known is None:
            patterns = [as_pattern(p, allow=allow, line=file.line(n)) for n, allow, p in rules.patterns()]
            # The rules are kept with their number, or others could come to stand at their address.
            known = self._by_rules[id(rules)] = (self.tables.add(patterns), rules)
        return known[0]


def _is_plain(answer: Content) -> bool:
    return answer.status == 200 and answer.error is None and not answer.location and not answer.truncated
