"""robots.txt (RFC 9309): groups, rules, and the lines of other protocols between them.

All of the reading is ours, because a gate needs what libraries drop or get wrong: exact product tokens (2.2.1),
unknown lines that never split a group (2.2.4), one spelling of rule and URL (2.2.2), the rule that decided, line
numbers and raw text, bounds. Where two readings are defensible the stricter one answers and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .. import url as urls
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Lint
from .lines import ExtensionLine
from .robots_agents import glob_matches, product_token
from .robots_groups import OUTSIDE, AgentLine, Groups
from .robots_lines import content, decode
from .robots_rules import Rule, RuleSet

_NOT_ROBOTS = {
    "archive": "a compressed file",
    "binary": "binary data",
    "html": "an HTML page",
    "image": "an image",
    "json": "JSON",
    "pdf": "a PDF file",
    "text": "text without a single line of robots.txt",
    "xml": "XML",
}
_MOST_READINGS = 256  # tokens whose rules are kept; a file is asked about few
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]*[^/\\?#]*")
# Octets that no rule can hold: a URL as given, where it is no URL yet.
_UNESCAPED = re.compile("[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Group:
    """`User-agent` lines and the rules under them; groups that name the same agents are one."""

    agents: tuple[AgentLine, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """`allowed`; the rule that decided (None: no rule matched); and what is ambiguous, where the stricter of two
    readings answered: `group_ambiguity` (a Content-Usage line between User-agent lines), `agent_list` (the token
    stands in a list, or has a blank in it), `agent_glob` (a name with a star covers it), `percent_encoding` (an Allow
    spelled otherwise than its author meant), `url_not_escaped` (the URL given holds octets that no URL has)."""

    allowed: bool
    rule: Rule | None
    ambiguity: str | None = None


class RobotsFile:
    """A robots.txt as read. `content` says what the body is: `robots`, or what was served in place of one (`html`,
    `xml`, `json`, `image`, `pdf`, `archive`, `binary`, `text`, `empty`); `truncated` that a bound cut it.
    `other_reading` is the same text under draft-ietf-aipref-attach where that groups it otherwise."""

    __slots__ = ("_groups", "_readings", "_sets", "content", "lint", "other_reading", "truncated")

    def __init__(
        self,
        groups: Groups,
        *,
        content: str = "robots",
        lint: tuple[Lint, ...] = (),
        truncated: bool = False,
        other_reading: RobotsFile | None = None,
    ) -> None:
        self._groups = groups
        self.content = content
        self.lint = lint
        self.truncated = truncated
        self.other_reading = other_reading
        self._sets: dict[tuple[int, ...], RuleSet] = {}
        self._readings: dict[str, AgentRules] = {}

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups, in file order; made anew each time."""
        return tuple(
            Group(tuple(self._groups.agent_lines(number)), tuple(self._groups.rules(number))) for number in self._groups
        )

    @property
    def extensions(self) -> tuple[ExtensionLine, ...]:
        """The lines of other protocols, in file order; made anew each time."""
        return tuple(line for _, line in self._groups.extensions())

    @property
    def beginning(self) -> tuple[int, str]:
        """Number and text of the first line that is not blank, where something was served in place of a robots.txt
        that has lines; 0 and nothing otherwise."""
        return self._groups.beginning() if self.content in ("html", "json", "text", "xml") else (0, "")

    def names(self, token: str) -> bool:
        """True if a group names `token` (not by `*`)."""
        name = product_token(token)
        return name in self._groups.plain or name in self._groups.listed

    def tokens(self) -> Iterable[str]:
        """Every token named in the file, lower case, `*` included."""
        return dict.fromkeys((*self._groups.plain, *self._groups.listed))

    def rules_for(self, token: str) -> AgentRules:
        """Everything the file says to `token` about fetching, ready to be asked; the same object each time."""
        name = product_token(token)
        known = self._readings.get(name)
        if known is None:
            readings = self._rule_sets(name)
            if self.other_reading is not None:
                readings += (("group_ambiguity", rules) for _, rules in self.other_reading._rule_sets(name))
            known = AgentRules(self._groups, readings)
            if len(self._readings) < _MOST_READINGS:
                self._readings[name] = known
        return known

    def agent_lines(self, token: str) -> Iterator[AgentLine]:
        """The `User-agent` lines of the groups that apply to `token`, in file order."""
        return (line for number in self._selected(product_token(token)) for line in self._groups.agent_lines(number))

    def rules(self, token: str) -> Iterator[Rule]:
        """The rules of the groups that apply to `token`, in file order."""
        return (rule for number in self._selected(product_token(token)) for rule in self._groups.rules(number))

    def rule(self, number: int) -> Rule:
        """A rule by its number, as `RuleSet.decide` gives it."""
        return self._groups.rule(number)

    def agent_line(self, token: str) -> AgentLine | None:
        """The first `User-agent` line that selects a group for `token`."""
        name = product_token(token)
        for table in (self._groups.plain, self._groups.listed):
            if name in table:
                return self._groups.agent_line(table[name][0])
        globs = (lines[0] for glob, lines in self._groups.globs.items() if glob_matches(glob, name))
        everybody = self._groups.plain.get("*") or self._groups.listed.get("*") or ()
        first = next(iter(everybody), None)
        if first is None:
            first = next(globs, None)
        return None if first is None else self._groups.agent_line(first)

    def allows(self, url: str, token: str) -> bool:
        """True if `token` may fetch `url` (absolute, or a path with query). Raises `UrlError` for no URL."""
        return self.decide(url, token).allowed

    def decide(self, url: str, token: str) -> RobotsAnswer:
        """The answer for `url` and the rule that made it.

        A URL with octets that must be escaped has two readings: as it would be fetched, and as it is written, which
        then no rule matches letter by letter (Google's matcher leaves escaping to its caller).
        """
        parsed = urls.parse("https://host.invalid" + (url or "/") if not url or url.startswith("/") else url)
        rules = self.rules_for(token)
        answer = rules.decide(parsed.target)
        if answer.allowed and not url.isascii():
            written = _AUTHORITY.sub("", url, count=1).partition("#")[0]
            if not written.isascii():
                strictly = rules.decide(_UNESCAPED.sub("\x00", written))
                if not strictly.allowed:
                    return RobotsAnswer(False, strictly.rule, "url_not_escaped")
        return answer

    def extension_lines(self, token: str) -> tuple[list[ExtensionLine], list[ExtensionLine]]:
        """Extension lines that speak to `token` (before any group, or in a selected group), and the rest."""
        selected = {OUTSIDE, *self._selected(product_token(token))}
        ours: list[ExtensionLine] = []
        others: list[ExtensionLine] = []
        for number, line in self._groups.extensions():
            (ours if number in selected else others).append(line)
        return ours, others

    def doubtful_lines(self, token: str) -> list[tuple[str, ExtensionLine]]:
        """Extension lines that speak to `token` in another reading of who is named only, each with the name of the
        doubt (see `RobotsAnswer`)."""
        readings = self._readings_of(product_token(token))
        if len(readings) == 1:
            return []
        first, *others = readings
        doubts = {number: name or "" for selected, name in others for number in selected if number not in first[0]}
        return [(doubts[number], line) for number, line in self._groups.extensions() if number in doubts]

    def _selected(self, name: str, *, listed: bool = True, globs: bool = False) -> tuple[int, ...]:
        """Numbers of the groups that apply to a token: all that name it, else all of `*` (2.2.1)."""
        groups = self._groups
        for wanted in (name, "*"):
            found = list(groups.plain.get(wanted, ()))
            if listed:
                found += groups.listed.get(wanted, ())
            if globs and wanted == name:
                found += (index for glob, at in groups.globs.items() if glob_matches(glob, name) for index in at)
            if found:
                return groups.of(sorted(found))
        return ()

    def _readings_of(self, name: str) -> list[tuple[tuple[int, ...], str | None]]:
        """Which groups apply to a token: in the author's meaning first, then in what else is defensible, by name."""
        readings: dict[tuple[int, ...], str | None] = {self._selected(name): None}
        if name in self._groups.listed or "*" in self._groups.listed:
            readings.setdefault(self._selected(name, listed=False), "agent_list")
        if self._groups.globs:
            readings.setdefault(self._selected(name, globs=True), "agent_glob")
        return list(readings.items())

    def _rule_sets(self, name: str) -> list[tuple[str | None, RuleSet]]:
        return [(ambiguity, self._rule_set(selected)) for selected, ambiguity in self._readings_of(name)]

    def _rule_set(self, selected: tuple[int, ...]) -> RuleSet:
        rules = self._sets.get(selected)
        if rules is None:
            rules = self._sets[selected] = RuleSet(map(self._groups.matcher, selected))
        return rules


class AgentRules:
    """What one file says to one token about fetching, in every reading that is defensible; the strictest answers.

    `own` is the first reading, the author's meaning: tokens that share it are told the same.
    """

    __slots__ = ("_groups", "_readings", "own")

    def __init__(self, groups: Groups, readings: list[tuple[str | None, RuleSet]]) -> None:
        self._groups = groups
        self._readings = readings
        self.own = readings[0][1]

    @property
    def certain(self) -> bool:
        """True if there is one reading, that of `own`, and it leaves no doubt."""
        return len(self._readings) == 1 and self.own.certain

    def line(self, number: int) -> int:
        """The line of a rule, by the number that `own` gives it."""
        return self._groups.rule(number).line

    def allows(self, target: str) -> bool:
        """True if no reading keeps the token from `target` (path and query)."""
        if len(self._readings) == 1:
            return self.own.allows(target)
        return all(rules.allows(target) for _, rules in self._readings)

    def surely_refuses(self, target: str) -> bool:
        """True if every reading keeps the token from `target`."""
        return all(decided[0] is False and decided[2] is None for decided in self._decided(target))

    def refusal(self, target: str) -> tuple[int, str | None]:
        """The line that keeps the token from `target` (0: none does), and what is ambiguous about it."""
        answer = self.decide(target)
        return (0, None) if answer.allowed or answer.rule is None else (answer.rule.line, answer.ambiguity)

    def decide(self, target: str) -> RobotsAnswer:
        """The answer for a path and query, and the rule that made it."""
        first: RobotsAnswer | None = None
        for (name, _), (allowed, number, doubt) in zip(self._readings, self._decided(target), strict=True):
            if first is None or not allowed:
                rule = None if number is None else self._groups.rule(number)
                answer = RobotsAnswer(allowed, rule, doubt or name)
                if not allowed:
                    return answer
                first = answer
        return first or RobotsAnswer(True, None)

    def _decided(self, target: str) -> Iterator[tuple[bool, int | None, str | None]]:
        return (rules.decide(target) for _, rules in self._readings)


def parse(body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> RobotsFile:
    """Read a robots.txt body. Any bytes are readable; what its author got wrong is in `lint`.

    Time and memory are linear in the body, which is cut at `limits.robots_bytes` (RFC 9309 2.5).
    """
    text, truncated = decode(body, limits)
    groups = Groups(text, limits)
    # A first line beyond the bound leaves nothing to read, and is not nothing.
    beginning = body[:1024].decode("utf-8", "replace") if truncated and not text else text
    kind = content(body, beginning, keys=groups.keyed)
    lint = list(groups.lint)
    if kind != "robots":
        lint = [item for item in lint if item.code not in ("no_field", "unknown_field", "more_lint")]
    if kind in _NOT_ROBOTS:
        lint.insert(0, Lint(code=f"{kind}_not_robots", message=f"the body is {_NOT_ROBOTS[kind]}, not a robots.txt"))
    elif kind == "empty":
        lint.append(Lint(code="empty_not_robots", message="the file is empty: it says nothing, and permits fetching"))
    other: RobotsFile | None = None
    if groups.splits:
        other = RobotsFile(Groups(text, limits, usage_is_rule=True), content=kind, truncated=truncated)
        lint.append(
            Lint(
                code="group_ambiguity",
                message="a Content-Usage line stands between User-agent lines; RFC 9309 reads one group, "
                "draft-ietf-aipref-attach two; the stricter answer counts",
            )
        )
    if truncated:
        lint.append(Lint(code="truncated", message=f"only the first {limits.robots_bytes} bytes were read"))
    groups.lint.clear()
    return RobotsFile(groups, content=kind, lint=tuple(lint), truncated=truncated, other_reading=other)


NO_FILE = RobotsFile(Groups("", DEFAULT_LIMITS), content="absent")
"""What an origin without a robots.txt says."""
