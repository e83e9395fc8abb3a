"""Allow and Disallow rules of one rule set, matched by Protego (RFC 9309 2.2.2).

Protego gets one synthetic `*` group per distinct rule set: it never sees agents, comments or unknown
lines, and its cost stays linear in the rules.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from protego import Protego

from .pathmatch import PathPattern

# Protego splits lines where RFC 9309 does not; inside a pattern such octets are percent-encoded.
_LINE_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_EVERYTHING = ("/", "*", "/*")
# A head of one character ("/") tells nothing; beyond so many patterns without one the matcher is as fast.
_TELLING = 2
_PIECES_TRIED = 24
_ABSOLUTE = re.compile(r"https?://[^/]*", re.IGNORECASE)


class Rule(NamedTuple):
    """One Allow or Disallow line. `pattern` is as matched, `raw` as written; `line` counts from 1."""

    allow: bool
    pattern: str
    line: int
    raw: str


def readable_pattern(value: str, *, allow: bool) -> tuple[str, str | None]:
    """The pattern to match for a rule's value, and a lint code where it is not what the author wrote.

    RFC 9309 wants a leading `/` (erratum 7995: or `*`). A Disallow without one is read as if the slash
    stood there, the stricter of two readings; an Allow is left alone and so matches nothing.
    """
    pattern = _LINE_BREAKS.sub(lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), value)
    if not allow:
        pattern = pattern.replace("\\", "/")  # as browsers and our URLs read it
    if not pattern or pattern[0] in "/*" or allow:
        return pattern, None
    absolute = _ABSOLUTE.match(pattern)
    if absolute is not None:
        return pattern[absolute.end() :] or "/", "absolute_url_pattern"
    return "/" + pattern, "no_leading_slash"


class RuleSet:
    """The merged rules of the groups that apply to an agent."""

    __slots__ = ("_file", "_rankings", "_screen", "blocks_all", "effective", "rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.effective = tuple(rule for rule in rules if rule.pattern)
        disallowed = [rule for rule in self.effective if not rule.allow]
        self.blocks_all = bool(disallowed) and all(r.pattern in _EVERYTHING and not r.allow for r in self.effective)
        self._file: Protego | None = None
        self._rankings: dict[bool, _Ranking] = {}
        self._screen: _Screen | None = None
        if not disallowed:
            self.effective = ()

    def allows(self, href: str, target: str) -> bool:
        """True if the rules let `href` (whose path and query are `target`) be fetched."""
        if not self.effective:
            return True
        if target == "/robots.txt":
            return True
        if self.blocks_all:
            return False
        if self._screen is None:
            self._screen = _Screen([rule.pattern for rule in self.effective if not rule.allow])
        if not self._screen.may_match(target):
            return True
        if self._file is None:
            lines = [f"{'Allow' if r.allow else 'Disallow'}: {r.pattern}" for r in self.effective]
            self._file = Protego.parse("User-agent: *\n" + "\n".join(lines))
        return self._file.can_fetch(href, "*")

    def deciding(self, target: str, *, allowed: bool) -> Rule | None:
        """The rule that made the answer: the longest match; an Allow wins a tie. None if no rule matched."""
        ranking = self._rankings.get(allowed)
        if ranking is None:
            rules = [rule for rule in self.effective if rule.allow == allowed]
            ranking = self._rankings[allowed] = _Ranking(rules)
        return ranking.longest(target)


class _Screen:
    """Says of most URLs, without the matcher, that no Disallow can match them: their literal text is not there.

    Only for patterns and targets without percent signs, where one path has one spelling.
    """

    __slots__ = ("_heads", "_literal", "_pieces")

    def __init__(self, patterns: list[str]) -> None:
        self._literal = all(pattern.isascii() and "%" not in pattern for pattern in patterns)
        heads: list[str] = []
        self._pieces: list[tuple[str, ...]] = []
        for pattern in patterns:
            pieces = tuple(piece for piece in pattern.removesuffix("$").split("*") if piece)
            if pattern[0] == "*" or len(pieces[0]) < _TELLING:
                self._pieces.append(pieces)
            else:
                heads.append(pieces[0])
        self._heads = tuple(heads)
        if len(self._pieces) > _PIECES_TRIED:
            self._literal = False

    def may_match(self, target: str) -> bool:
        """False if surely no pattern matches; True says nothing."""
        if not self._literal or "%" in target or target.startswith(self._heads):
            return True
        return any(all(piece in target for piece in pieces) for pieces in self._pieces)


class _Ranking:
    """Rules of one kind by length. Plain prefixes of plain targets are looked up, one look for each length."""

    __slots__ = ("_by_prefix", "_candidates", "_lengths", "_patterns")

    def __init__(self, rules: list[Rule]) -> None:
        ranked = sorted(map(_Candidate, rules), key=lambda candidate: candidate.length, reverse=True)
        self._candidates = ranked
        self._patterns = [candidate for candidate in ranked if not candidate.prefix]
        prefixes = [candidate for candidate in reversed(ranked) if candidate.prefix]
        self._by_prefix = {candidate.rule.pattern: candidate for candidate in prefixes}
        self._lengths = sorted({candidate.length for candidate in prefixes}, reverse=True)

    def longest(self, target: str) -> Rule | None:
        encoded_at = target.find("%")
        if encoded_at >= 0:
            return next((c.rule for c in self._candidates if c.matches(target, encoded_at)), None)
        found: _Candidate | None = None
        size = len(target)
        for length in self._lengths:
            if length <= size and (found := self._by_prefix.get(target[:length])) is not None:
                break
        for candidate in self._patterns:
            if found is not None and candidate.length < found.length:
                break
            if candidate.matches(target, encoded_at):
                return candidate.rule
        return found.rule if found is not None else None


class _Candidate:
    """A rule on the way to being named. Literal text is compared first, where no percent-encoding can make two
    spellings of one path; only what passes is handed to the matcher."""

    __slots__ = ("_head", "_literal", "_pattern", "_pieces", "length", "prefix", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        pattern = rule.pattern
        self.length = len(pattern.encode("utf-8", "replace"))
        self._literal = pattern.isascii() and "%" not in pattern
        self.prefix = self._literal and "*" not in pattern and "$" not in pattern
        self._pieces = [piece for piece in pattern.rstrip("$").split("*") if piece]
        self._head = "" if pattern.startswith("*") or not self._pieces else self._pieces[0]
        self._pattern = PathPattern(pattern)

    def matches(self, target: str, encoded_at: int) -> bool:
        """True if the rule matches; `encoded_at` is where the first percent sign of `target` stands, or -1."""
        if self._literal:
            head = self._head if encoded_at < 0 else self._head[:encoded_at]
            if not target.startswith(head):
                return False
            if encoded_at < 0:
                if self.prefix:
                    return True
                if not all(piece in target for piece in self._pieces):
                    return False
        return self._pattern.matches(target)
