"""Groups of robots.txt (RFC 9309 2.2.1), in columns: numbers and places in the text rather than objects a line, so
that a hostile file of a hundred thousand lines costs some bytes for each.

A group is a run of `User-agent` lines and what stands under them; only Allow and Disallow close the run, and no other
line ever splits it (2.2.4). Groups that name the same agents are one group.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from ..limits import Limits
from ..model import Lint
from .lines import ExtensionLine
from .pathmatch import needless_escape
from .robots_agents import Named, list_lint, named
from .robots_lines import AGENT, ALLOW, EXTENSION, OTHER, Line, known, line_at, lines, nearest
from .robots_rules import Matcher, Rule, readable_pattern

OUTSIDE = 0
"""The number of what stands before any `User-agent` line; groups count from 1."""

_MOST_LINT = 1000
_MESSAGES = {
    "absolute_url_pattern": "a rule names a path, not a whole URL; read as the path of that URL",
    "agent_glob": "a star inside a name is not defined; only '*' alone means everybody",
    "allow_without_slash": "an Allow whose path does not begin with '/' allows nothing",
    "comma_list": "several agents on one line; write one User-agent line for each",
    "empty_agent": "a User-agent line without a name speaks to nobody",
    "line_cut": "the line is longer than parsers read",
    "markup": "HTML markup stands in the line; the path is read up to it",
    "missing_colon": "a colon is missing",
    "no_field": "the line has no field name; a comment begins with '#'",
    "no_leading_slash": "a path should begin with '/'; read as if it did",
    "percent_encoding": "letters, digits and -._~ need no percent-encoding; some crawlers then miss this rule",
    "rule_outside_group": "a rule before the first User-agent line is ignored",
    "space_list": "several agents on one line; write one User-agent line for each",
    "unknown_field": "no field that robots.txt knows; crawlers pass over it",
}


class AgentLine(NamedTuple):
    """One `User-agent` line: its tokens (lower case), its value as written, its number from 1, the line."""

    tokens: tuple[str, ...]
    value: str
    line: int
    raw: str


class Groups:
    """The groups of one text. With `usage_is_rule` a Content-Usage line closes a run of agents, as
    draft-ietf-aipref-attach defines it. `splits` says that some line would; `keyed` that some line has a key which
    robots.txt knows. `plain`, `listed` and `globs` map tokens to the places of the `User-agent` lines that name them
    (see `Named`)."""

    def __init__(self, text: str, limits: Limits, *, usage_is_rule: bool = False) -> None:
        self.text = text
        self.splits = self.keyed = False
        self.lint: list[Lint] = []
        self.plain: dict[str, list[int]] = {}
        self.listed: dict[str, list[int]] = {}
        self.globs: dict[str, list[int]] = {}
        self._limits = limits
        self._agents = _Column(text)
        self._agent_group = array("I")
        self._rules = _Column(text)
        self._allows = bytearray()
        # A run of agents is numbered; where its lines and rules begin, it ends where the next begins. A group has the
        # number of its first run.
        self._run_agents, self._run_rules = array("I", [0]), array("I", [0])
        self._further_runs: dict[int, list[int]] = {}
        self._extensions = _Column(text)
        self._keys: list[str] = []
        self._extension_group = array("I")
        self._matchers: dict[int, Matcher] = {}
        self._read(usage_is_rule)

    # -- reading ------------------------------------------------------------------------------------

    def _read(self, usage_is_rule: bool) -> None:
        numbers: dict[tuple[str, ...], int] = {}
        run: list[Named] = []
        open_for_agents = usage_since_agent = False
        for line in lines(self.text):
            kind = line.kind
            if not line.colon:
                self._note("missing_colon", line)
            if kind is OTHER:
                self._note("no_field", line)
                continue
            if kind is AGENT:
                self.keyed = True
                if not open_for_agents:
                    self._close(run, numbers)
                    run = []
                elif usage_since_agent:
                    self.splits = True
                open_for_agents, usage_since_agent = True, False
                run.append(self._agent(line))
            elif kind is EXTENSION:
                if known(line.key):
                    self.keyed = True
                else:
                    self._note("unknown_field", line)
                self._extensions.add(line.number, line.start, self._end(line))
                self._keys.append(line.key)
                if line.key == "content-usage" and open_for_agents:
                    usage_since_agent = True
                    open_for_agents = not usage_is_rule
            else:
                self.keyed = True
                if run:
                    open_for_agents = False
                    self._rule(line)
                else:
                    self._note("rule_outside_group", line)
        self._close(run, numbers)

    def _agent(self, line: Line) -> Named:
        value = self.text[line.start : line.end]
        self._agents.add(line.number, line.start, line.end)
        found = named(value)
        if found.glob:
            self._note("agent_glob", line)
        elif found.listed and (code := list_lint(value)):
            self._note(code, line)
        elif not found.plain:
            self._note("empty_agent", line)
        return found

    def _rule(self, line: Line) -> None:
        allow = line.kind is ALLOW
        start = line.start
        end = line.end if allow else self._end(line)  # a part of an Allow would allow more
        value = self.text[start:end]
        if value and (value[0] != "/" or "<" in value or "%" in value):
            if allow:
                code = "allow_without_slash" if value[0] not in "/*" else None
            else:
                code = readable_pattern(value, allow=False)[1]
            if code is None and needless_escape(value):
                code = "percent_encoding"
            if code:
                self._note(code, line)
        self._rules.add(line.number, start, end)
        self._allows.append(allow)

    def _end(self, line: Line) -> int:
        """Where a value ends for readers that bound a line (Google's parser does)."""
        longest = self._limits.robots_line
        if line.end - line.start + 64 < longest:
            return line.end
        begins = self.text.rfind("\n", 0, line.start) + 1
        if line.end - begins <= longest:
            return line.end
        self._note("line_cut", line)
        return max(line.start, begins + longest)

    def _close(self, run: list[Named], numbers: dict[tuple[str, ...], int]) -> None:
        """Give the run of agents that ends here, and what stood under it, the number of its group."""
        if run:
            this = len(self._run_rules) - 1
            names = {name for one in run for name in (*one.plain, *one.listed, one.glob)}
            number = numbers.setdefault(tuple(sorted(names)), this)
            if number != this:
                self._further_runs.setdefault(number, []).append(this)
        else:
            number = OUTSIDE
        for index, (plain, listed, glob) in enumerate(run, len(self._agent_group)):
            for name in plain:
                self.plain.setdefault(name, []).append(index)
            for name in listed:
                self.listed.setdefault(name, []).append(index)
            if glob:
                self.globs.setdefault(glob, []).append(index)
        self._agent_group.extend([number] * len(run))
        self._extension_group.extend([number] * (len(self._keys) - len(self._extension_group)))
        self._run_agents.append(len(self._agent_group))
        self._run_rules.append(len(self._allows))

    def _note(self, code: str, line: Line) -> None:
        if len(self.lint) < _MOST_LINT:
            raw = line_at(self.text, line.start)[:200]
            message = _MESSAGES[code]
            if code == "unknown_field" and (meant := nearest(line.key)):
                message = f"{message}; was {meant} meant?"
            self.lint.append(Lint(code=code, message=message, line=line.number, raw=raw))
        elif len(self.lint) == _MOST_LINT:
            message = f"further mistakes, from line {line.number} on, are not told"
            self.lint.append(Lint(code="more_lint", message=message))

    # -- asking -------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[int]:
        """The numbers of the groups, in file order."""
        return iter(dict.fromkeys(self._agent_group))

    def beginning(self) -> tuple[int, str]:
        """Number and text of the first line that is not blank; 0 and nothing without one."""
        start = len(self.text) - len(self.text.lstrip())
        if start == len(self.text):
            return 0, ""
        return self.text.count("\n", 0, start) + 1, line_at(self.text, start)[: self._limits.raw_text]

    def of(self, agent_lines: Iterable[int]) -> tuple[int, ...]:
        """The groups of some `User-agent` lines, in order and once each."""
        return tuple(dict.fromkeys(self._agent_group[index] for index in agent_lines))

    def matcher(self, group: int) -> Matcher:
        """The rules of a group, ready to be asked."""
        matcher = self._matchers.get(group)
        if matcher is None:
            matcher = self._matchers[group] = Matcher(self._read_rules(group))
        return matcher

    def _read_rules(self, group: int) -> Iterator[tuple[int, bool, str]]:
        for index in self._places(group, self._run_rules):
            allow = bool(self._allows[index])
            yield index, allow, readable_pattern(self._rules.value(index), allow=allow)[0]

    def _places(self, group: int, begins: array[int]) -> Iterator[int]:
        for run in (group, *self._further_runs.get(group, ())):
            yield from range(begins[run], begins[run + 1])

    def rule(self, index: int) -> Rule:
        """A rule by its number."""
        allow = bool(self._allows[index])
        pattern, _ = readable_pattern(self._rules.value(index), allow=allow)
        return Rule(allow, pattern, self._rules.number[index], self._raw(self._rules, index))

    def rules(self, group: int) -> Iterator[Rule]:
        """The rules of a group, in file order."""
        return map(self.rule, self._places(group, self._run_rules))

    def agent_line(self, index: int) -> AgentLine:
        """A `User-agent` line by its place."""
        value = self._agents.value(index)
        found = named(value)
        return AgentLine(found.plain + found.listed, value, self._agents.number[index], self._raw(self._agents, index))

    def agent_lines(self, group: int) -> Iterator[AgentLine]:
        """The `User-agent` lines of a group, in file order."""
        return map(self.agent_line, self._places(group, self._run_agents))

    def extensions(self) -> Iterator[tuple[int, ExtensionLine]]:
        """The lines of other protocols, each with its group."""

        @cache
        def agents(group: int) -> tuple[str, ...]:
            # The whole group is spoken to, also by agents named after the line.
            return tuple(line.value for line in self.agent_lines(group)) if group != OUTSIDE else ()

        for index, group in enumerate(self._extension_group):
            column = self._extensions
            yield (
                group,
                ExtensionLine(
                    column.number[index],
                    self._keys[index],
                    column.value(index),
                    self._raw(column, index),
                    agents(group),
                ),
            )

    def _raw(self, column: _Column, index: int) -> str:
        return line_at(self.text, column.start[index])[: self._limits.raw_text]


class _Column:
    """Lines of one kind: number, and where the value stands in the text."""

    __slots__ = ("_text", "end", "number", "start")

    def __init__(self, text: str) -> None:
        self._text = text
        self.number, self.start, self.end = array("I"), array("I"), array("I")

    def __len__(self) -> int:
        return len(self.number)

    def add(self, number: int, start: int, end: int) -> None:
        self.number.append(number)
        self.start.append(start)
        self.end.append(end)

    def value(self, index: int) -> str:
        return self._text[self.start[index] : self.end[index]]
