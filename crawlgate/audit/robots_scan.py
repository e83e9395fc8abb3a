"""The many robots.txt files of an audit, read as one: what each says to us and to known agents, as rule sets.

What `Site.outline` says of a site whose robots.txt is all there is on record, found by compiled loops some thirty times
as fast. Files that are unusual in any way are left to the reader of `signals`; a test compares the two on real files.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..limits import DEFAULT_LIMITS
from ..signals.agents import AgentCatalogue
from ..signals.pathmatch import PathPattern, needless_escape
from ..signals.robots_agents import glob_matches, named, product_token
from ..signals.robots_lines import (
    AGENT,
    ALLOW,
    DISALLOW,
    EXTENSION,
    content,
    decode,
    is_utf16,
    known,
    lines,
    mark_before,
    text_of,
)
from ..signals.robots_rules import Matcher, RuleSet, readable_pattern
from ..site import COLLECTORS
from . import robots_kernels as kernels
from .columns import PLAIN
from .growing import Growing
from .kernels import refill
from .rule_tables import NO_RULES, RuleTables, as_pattern

_KEYS = {
    "user-agent": kernels.AGENT,
    "disallow": kernels.DISALLOW,
    "allow": kernels.ALLOW,
    **dict.fromkeys(("useragent", "user agent"), kernels.AGENT),
    **dict.fromkeys(("dissallow", "disalow"), kernels.DISALLOW),
    # Keys that say nothing about fetching or use.
    **dict.fromkeys(
        ("sitemap", "crawl-delay", "host", "sitemaps", "site-map", "request-rate", "visit-time", "clean-param"),
        kernels.EXTENSION,
    ),
    "noindex": kernels.EXTENSION,
}
_LONGEST_LINE = DEFAULT_LIMITS.robots_line - 64
_KINDS = {AGENT: kernels.AGENT, ALLOW: kernels.ALLOW, DISALLOW: kernels.DISALLOW}
_MAY_SPEAK_OF_USE = re.compile(r"content[-_ ]|licen|llm|(?:dis)?allow")
_BEGINNING = 8192
_MOST_ODD = 4096  # lines of one file that are read one by one
_NONE_TOLD = np.zeros((0, 3), np.int32)
_MOST_SETS = 64
_OURS, _EVERYBODY, _ODD = 1, 2, 4
_ALL = -2
_DOUBT = -3


class Scanned(NamedTuple):
    """What a robots.txt says: to us (`own`, a number of `RuleTables` or `NO_RULES`), and to known agents, by class and
    rule set; those that are refused `everything` have no number."""

    content: str
    names_us: bool
    own: int
    kinds: tuple[int, ...]
    everything: tuple[bool, ...]
    agents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file that count (see `robots_kernels.scan`), and what the body is (`RobotsFile.content`)."""

    content: str
    data: Any
    agents: Any
    rules: Any
    bits: Any


class RobotsScanner:
    """Reads robots.txt for one product token. Rule sets go into `tables`."""

    def __init__(self, tables: RuleTables, token: str, catalogue: AgentCatalogue) -> None:
        self._tables = tables
        self._token = product_token(token)
        self._catalogue = catalogue
        self._agents = list(catalogue)
        self._answer_to: dict[str, list[tuple[str, int]]] = {}
        for place, agent in enumerate(self._agents):
            self._answer_to.setdefault(product_token(agent.token), []).append((agent.token, place))
        self.days = sorted({catalogue.known_from(agent) for agent in self._agents})
        since = {day: n for n, day in enumerate(self.days)}
        self._since = np.array([since[catalogue.known_from(agent)] for agent in self._agents] or [0], np.int32)
        self._classes = np.array([self._class(agent) for agent in self._agents] or [-1], np.int32)
        keys = [key.encode() for key in _KEYS]
        self._keys = np.frombuffer(b"".join(keys), np.uint8)
        self._key_bounds = np.cumsum([0, *map(len, keys)]).astype(np.int32)
        self._key_kinds = np.array(list(_KEYS.values()), np.int32)
        # Values of User-agent lines by number, and what they come to.
        self._index = np.full(1 << 12, -1, np.int32)
        self._hashes = np.zeros(len(self._index), np.uint64)
        self._arena = np.zeros(1 << 16, np.uint8)
        self._ends = np.zeros(1 << 11, np.int64)
        self._traits = Growing(np.uint8)
        self._firsts = Growing(np.int32)
        self._firsts.add([0])
        self._spoken_to = Growing(np.int32)
        self._known = 0
        self._masks = np.zeros(len(self._agents) + 1, np.uint64)
        self._named = np.zeros(len(self._agents) + 1, np.uint8)
        self._touched = np.zeros(len(self._agents) + 1, np.int32)
        self._found = np.zeros((_MOST_SETS, 2), np.uint64)
        self._marked = np.zeros(len(self.days) + 1, np.uint8)
        # What the kernel finds in one file.
        self._counts = np.zeros(5, np.int64)
        self._agent_rows, self._rule_rows = np.empty((1 << 10, 2), np.int32), np.empty((1 << 10, 6), np.int32)
        self._odd = np.empty((_MOST_ODD, 2), np.int32)

    def lines(self, body: bytes) -> Lines | None:
        """The lines of a body; None where the exact reader has to look."""
        if len(body) > DEFAULT_LIMITS.robots_bytes or b"\0" in body or is_utf16(body):
            return None
        data, told = np.frombuffer(body or b"\n", np.uint8), _NONE_TOLD
        counts = self._counts
        counts[0] = self._known
        while True:
            found = kernels.scan(
                data,
                mark_before(body),
                len(body),
                _LONGEST_LINE,
                self._keys,
                self._key_bounds,
                self._key_kinds,
                PLAIN,
                self._index,
                self._hashes,
                self._arena,
                self._ends,
                counts,
                self._agent_rows,
                self._rule_rows,
                told,
                self._odd,
            )
            values, n_agents, n_rules, traits, n_odd = counts.tolist()
            if values > self._known:
                self._learn(values)  # those of a file given up have numbers as well
            if found == kernels.FULL:
                self._grow(len(data))
            elif found == kernels.CROWDED:
                more = 2 * len(self._rule_rows)
                self._agent_rows, self._rule_rows = np.empty((more, 2), np.int32), np.empty((more, 6), np.int32)
            elif found == kernels.UNUSUAL:
                return None
            elif n_odd == len(told):
                break
            else:
                read = _read_odd(body, self._odd[:n_odd].tolist())
                if read is None:
                    return None
                data, told = read
        keyed, usual = bool(traits & 1), bool(traits & 2)
        kind = "robots"
        if not (keyed and usual):  # how a file with keys begins tells what it is, within a thousand characters
            kind = content(body, decode(body[:_BEGINNING] if keyed else body, DEFAULT_LIMITS)[0], keys=keyed)
        agents, rules = self._agent_rows[:n_agents].copy(), self._rule_rows[:n_rules].copy()
        bits = np.empty(int(agents[-1, 1]) + 1 if n_agents else 0, np.int32)
        bits.fill(-1)
        if traits & 4:
            data, rules = _respelled(data, rules)
        return Lines(kind, data, agents, rules, bits)

    def days_named(self, lines: Lines) -> list[date] | None:
        """The days on which agents that the file names became known, ascending; None where the exact reader has to
        look."""
        if self._select(lines, len(self.days), self._marked)[0] < 0:
            self._marked.fill(0)
            return None
        if not self._marked.any():
            return []
        found = [self.days[n] for n in np.flatnonzero(self._marked).tolist()]
        self._marked.fill(0)
        return found

    def epoch(self, day: date) -> int:
        """Days on which the same agents were known have one number."""
        return bisect_right(self.days, day) - 1

    def read(self, lines: Lines, epoch: int) -> Scanned | None:
        """What the file says, by the agents that were known then; None where the exact reader has to look."""
        count, ours, everybody = self._select(lines, epoch, self._marked)
        self._marked.fill(0)
        if count < 0:
            return None
        sets: dict[int, int] = {}
        runs = int(ours or everybody)
        own = self._build(lines, runs, whole=True) if runs else NO_RULES
        if own == _DOUBT:
            return None
        kinds, everything, agents = [], [], []
        for runs, kind in self._found[:count].tolist():
            number = self._set(lines, runs, sets)
            if number == _DOUBT:
                return None
            if number == NO_RULES:
                continue
            kinds.append(kind)
            everything.append(number == _ALL)
            if number != _ALL:
                agents.append(number)
        return Scanned(lines.content, ours != 0, own, tuple(kinds), tuple(everything), tuple(agents))

    def _class(self, agent: Any) -> int:
        ours = product_token(agent.token) == self._token
        return COLLECTORS.index(agent.kind) if agent.kind in COLLECTORS and not ours else -1

    def _select(self, lines: Lines, latest: int, days: Any) -> tuple[int, int, int]:
        found: tuple[int, int, int] = kernels.select(
            lines.agents,
            len(lines.agents),
            self._traits.array,
            self._firsts.array,
            self._spoken_to.array,
            self._since,
            self._classes,
            latest,
            self._masks,
            self._named,
            self._touched,
            days,
            lines.bits,
            self._found,
        )
        return found

    def _set(self, lines: Lines, runs: int, sets: dict[int, int]) -> int:
        """The number of the rule set of some runs, as bits."""
        known = sets.get(runs)
        if known is None:
            known = sets[runs] = self._build(lines, runs, whole=False)
        return known

    def _build(self, lines: Lines, runs: int, *, whole: bool) -> int:
        """`whole` wants the rules also where they refuse everything, for the line that does."""
        answer, number = self._tables.build(lines.data, lines.rules, lines.bits, runs, whole=whole)
        if answer == kernels.BUILT:
            return number
        if answer != kernels.SPELLED:
            return NO_RULES if answer == kernels.SILENT else _ALL
        rules = RuleSet([Matcher(self._written(lines, runs))])
        if not rules.certain:
            return _DOUBT
        if not rules.refuses:
            return NO_RULES
        if rules.refuses_all and not whole:
            return _ALL
        at = lines.rules[:, 3].tolist()
        return self._tables.add(as_pattern(p, allow=allow, line=at[n]) for n, allow, p in rules.patterns())

    def _written(self, lines: Lines, runs: int) -> Any:
        for n, (start, end, allow, _, run, _) in enumerate(lines.rules.tolist()):
            if lines.bits[run] >= 0 and runs >> int(lines.bits[run]) & 1:
                value = bytes(lines.data[start:end]).decode()
                yield n, bool(allow), readable_pattern(value, allow=bool(allow))[0]

    def _learn(self, count: int) -> None:
        """Say of new values of User-agent lines who they are."""
        for number in range(self._known, count):
            value = bytes(self._arena[self._ends[number] : self._ends[number + 1]]).decode()
            found = named(value)
            names = (*found.plain, *found.listed)
            agents = {agent.token: agent for name in names if (agent := self._catalogue.get(name)) is not None}
            trait = _OURS * (self._token in found.plain) | _EVERYBODY * ("*" in found.plain)
            to = {
                token: 2 * place + (token in agents) for name in names for token, place in self._answer_to.get(name, ())
            }
            # Values that can be read in two ways, and agents known by another name than the one they answer to.
            covered = bool(found.glob) and glob_matches(found.glob, self._token)
            doubtful = covered or self._token in found.listed or "*" in found.listed
            if doubtful or not to.keys() >= agents.keys():
                trait |= _ODD
            self._traits.add([trait])
            self._spoken_to.add(list(to.values()))
            self._firsts.add([self._spoken_to.count])
        self._known = count

    def _grow(self, needed: int) -> None:
        self._ends = np.concatenate([self._ends, np.zeros(len(self._ends), np.int64)])
        self._arena = np.concatenate([self._arena, np.zeros(len(self._arena) + needed, np.uint8)])
        known = np.flatnonzero(self._index >= 0)
        codes, hashes = self._index[known], self._hashes[known]
        self._index = np.full(2 * len(self._index), -1, np.int32)
        self._hashes = np.zeros(len(self._index), np.uint64)
        refill(codes, hashes, self._index, self._hashes)


def _read_odd(body: bytes, places: list[list[int]]) -> tuple[Any, Any] | None:
    """What the exact reader says of some lines of a body, for `robots_kernels.scan`: the body with their values behind
    it, and kind and value of each. None where one says more than rules can, or may be cut."""
    told: list[tuple[int, int, int]] = []
    values = bytearray()
    for start, end in places:
        line = next(lines(text := text_of(body[start:end])), None)
        kind, value = 0, b""
        if line is not None and line.kind in _KINDS:
            if end - start > _LONGEST_LINE:
                return None
            kind, value = _KINDS[line.kind], text[line.start : line.end].encode()
        elif line is not None and line.kind == EXTENSION:
            if line.key in _KEYS:
                kind = kernels.EXTENSION
            elif known(line.key) or _MAY_SPEAK_OF_USE.match(line.key):
                return None
        begin = len(body) + len(values)
        values += value
        told.append((kind, begin, begin + len(value)))
    return np.frombuffer(body + bytes(values), np.uint8), np.array(told, np.int32)


def _respelled(data: Any, rules: Any) -> tuple[Any, Any]:
    """Patterns that are not their own normal form, in that form behind the body; those stay as they are (`spelled`) of
    which more is to be said than one pattern."""
    texts, kept = bytearray(), np.ones(len(rules), np.bool_)
    for n in np.flatnonzero(rules[:, 5]).tolist():
        start, end, allow = rules[n, :3].tolist()
        form = _normal_form(data[start:end].tobytes(), bool(allow))
        if form is None:
            continue
        kept[n] = bool(form)
        begin = len(data) + len(texts)
        texts += form
        rules[n, 0], rules[n, 1], rules[n, 5] = begin, begin + len(form), 0
    return np.frombuffer(data.tobytes() + bytes(texts), np.uint8), rules[kept]


@lru_cache(maxsize=4096)
def _normal_form(value: bytes, allow: bool) -> bytes | None:
    """The pattern of a rule in normal form, empty for a rule without one; None where its reading is not that alone:
    an Allow of a directory's page or with needless escapes, a slash that is data, stars in a row."""
    text = readable_pattern(value.decode(), allow=allow)[0]
    if "**" in text or (allow and ("/index.htm" in text or needless_escape(text))):
        return None
    pattern = PathPattern(text)
    form = "*".join((pattern.head, *pattern.pieces)) + "$" * pattern.anchored
    return None if "%2F" in form else form.encode("ascii")
