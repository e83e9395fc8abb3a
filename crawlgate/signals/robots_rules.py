"""Allow and Disallow rules: how a value is read as a pattern, and which rule decides (RFC 9309 2.2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .pathmatch import PathPattern, as_given, canonical, needless_escape, spellings

_EVERYTHING = ("/", "*", "/*")
_ABSOLUTE = re.compile(r"https?://[^/]*", re.IGNORECASE)
_TAG = re.compile(r"\s*</?[A-Za-z]")
# `Allow: /folder/index.html` allows `/folder/` too: a leniency of Google's matcher that its test suite asks for.
_DIRECTORY_PAGE = re.compile(r"/index\.htm[^/]*\Z")
# A head of one character ("/") tells nothing; beyond so many patterns without one, or heads, looking is as fast.
_TELLING = 2
_PIECES_TRIED = 24
_HEADS_TRIED = 512


class Rule(NamedTuple):
    """One Allow or Disallow line. `pattern` is as read, `raw` as written; `line` counts from 1."""

    allow: bool
    pattern: str
    line: int
    raw: str


def readable_pattern(value: str, *, allow: bool) -> tuple[str, str | None]:
    """The pattern to match for a rule's value, and a lint code where it is not what the author wrote.

    RFC 9309 wants a leading `/` (erratum 7995: or `*`). A Disallow without one is read as if the slash stood
    there, one with markup behind it as if it ended there: the stricter of two readings. An Allow is left alone and
    so matches nothing.
    """
    if allow:
        return value, None
    pattern, code = value, None
    if "<" in pattern and (tag := _TAG.search(pattern)):
        pattern, code = pattern[: tag.start()], "markup"
    if "\\" in pattern:  # as browsers and our URLs read it, in a path
        path, mark, query = pattern.partition("?")
        pattern = path.replace("\\", "/") + mark + query
    if not pattern or pattern[0] in "/*":
        return pattern, code
    absolute = _ABSOLUTE.match(pattern)
    if absolute is not None:
        return pattern[absolute.end() :] or "/", "absolute_url_pattern"
    return "/" + pattern, "no_leading_slash"


class _Wild(NamedTuple):
    """A rule that is no plain prefix. `written` is set where its author's spelling counts too."""

    specificity: int
    allow: bool
    number: int
    pattern: PathPattern
    written: PathPattern | None


Found = tuple[int, bool, int]
"""Octets of the longest match, whether an Allow has it (it wins a tie), and the number of its rule."""

NO_RULE: Found = (-1, True, -1)


class Matcher:
    """Rules given as (number, allow, pattern). Plain prefixes are looked up, a look for each length there is; the
    others are tried from the longest on.

    Memory is linear in the rules, the time of an answer in the rules times the URL at worst. An Allow that
    percent-encodes what needs no encoding is `doubtful`: RFC 9309 decodes it, Google's matcher does not.
    """

    __slots__ = ("_heads", "_lengths", "_pieces", "_prefixes", "_wild", "doubtful", "everything", "refuses")

    def __init__(self, rules: Iterable[tuple[int, bool, str]]) -> None:
        prefixes: dict[str, int] = {}
        wild: dict[tuple[str, bool], _Wild] = {}
        refusing: list[PathPattern] = []
        self.everything = True
        self.doubtful = False
        for number, allow, text in rules:
            if not text:
                continue
            pattern = PathPattern(text)
            self.everything = self.everything and not allow and text in _EVERYTHING
            if allow and needless_escape(text):
                self.doubtful = True
                wild.setdefault((text, True), _wild(pattern, True, number, PathPattern(text, decode=False)))
            elif pattern.plain:
                code = number * 2 + allow
                known = prefixes.setdefault(pattern.head, code)
                if allow and not known & 1:
                    prefixes[pattern.head] = code
            else:
                wild.setdefault((text, allow), _wild(pattern, allow, number))
            if not allow:
                refusing.append(pattern)
            elif page := _DIRECTORY_PAGE.search(text):
                directory = text[: page.start() + 1] + "$"
                wild.setdefault((directory, True), _wild(PathPattern(directory), True, number))
        self.refuses = bool(refusing)
        self.everything = self.everything and self.refuses
        self._prefixes = prefixes
        self._lengths = tuple(sorted(set(map(len, prefixes)), reverse=True))
        self._wild = tuple(sorted(wild.values(), key=lambda rule: (rule.specificity, rule.allow), reverse=True))
        self._screen(refusing)

    def _screen(self, refusing: list[PathPattern]) -> None:
        """What nearly every URL is asked first: does any literal text of a Disallow stand in it at all?"""
        heads: dict[str, None] = {}
        pieces: dict[tuple[str, ...], None] = {}
        for pattern in refusing:
            if len(pattern.head) >= _TELLING:
                heads[pattern.head] = None
            else:
                pieces[() if pattern.encoded_slash else pattern.pieces] = None
        few = len(pieces) <= _PIECES_TRIED and len(heads) <= _HEADS_TRIED
        self._heads = tuple(heads) if few else None
        self._pieces = tuple(pieces) if few else ()

    def patterns(self) -> Iterator[tuple[int, bool, PathPattern]]:
        """Number, allow and pattern of every rule."""
        for head, code in self._prefixes.items():
            yield code >> 1, bool(code & 1), PathPattern(head)
        for rule in self._wild:
            yield rule.number, rule.allow, rule.pattern

    def may_refuse(self, target: str) -> bool:
        """False if surely no Disallow matches a target in its one spelling; True says nothing."""
        if self._heads is None:
            return self.refuses
        if target.startswith(self._heads):
            return True
        return any(all(piece in target for piece in pieces) for pieces in self._pieces)

    def longest(self, spelled: tuple[str, ...], given: str | None = None) -> Found:
        """The longest match for the spellings of a target; of rules that say the same, the first. With `given`, the
        target undecoded, a doubtful Allow counts only where it is spelled alike."""
        target = spelled[0]
        size = len(target)
        best = NO_RULE
        for length in self._lengths:
            if length <= size and (code := self._prefixes.get(target[:length])) is not None:
                best = (length, bool(code & 1), code >> 1)
                break
        for rule in self._wild:
            measure = (rule.specificity, rule.allow)
            if measure <= best[:2] and (measure < best[:2] or rule.number > best[2]):
                break
            if rule.pattern.matches_spelled(spelled) and (
                given is None or rule.written is None or rule.written.matches_one(given)
            ):
                return (rule.specificity, rule.allow, rule.number)
        return best


def _wild(pattern: PathPattern, allow: bool, number: int, written: PathPattern | None = None) -> _Wild:
    return _Wild(pattern.specificity, allow, number, pattern, written)


class RuleSet:
    """The merged rules of the groups that apply to an agent; groups are shared between agents, never copied."""

    __slots__ = ("_doubtful", "_everything", "_matchers", "refuses")

    def __init__(self, matchers: Iterable[Matcher]) -> None:
        self._matchers = tuple(matchers)
        self.refuses = any(matcher.refuses for matcher in self._matchers)
        self._everything = len(self._matchers) == 1 and self._matchers[0].everything
        self._doubtful = any(matcher.doubtful for matcher in self._matchers)

    def allows(self, target: str) -> bool:
        """True if the rules let `target` (path and query) be fetched."""
        if not self.refuses:
            return True
        if self._everything:
            return target == "/robots.txt"
        one = canonical(target)
        for matcher in self._matchers:
            if matcher.may_refuse(one):
                return self.decide(target)[0]
        return True

    def decide(self, target: str) -> tuple[bool, int | None, str | None]:
        """The answer, the number of the rule that made it (None: no rule matched, or none was asked), and what is
        ambiguous about it."""
        if target == "/robots.txt":  # RFC 9309 2.2.2: always allowed
            return True, None, None
        spelled = spellings(target)
        _, allowed, number = self._longest(spelled, None)
        if allowed and self._doubtful:
            _, strictly, stricter = self._longest(spelled, as_given(target))
            if not strictly:
                return False, stricter, "percent_encoding"
        return allowed, None if number < 0 else number, None

    @property
    def refuses_all(self) -> bool:
        """True if nothing but `/robots.txt` is allowed."""
        return self._everything

    @property
    def certain(self) -> bool:
        """True if the rules have one reading, so that `patterns` say all of it."""
        return not self._doubtful

    def patterns(self) -> Iterator[tuple[int, bool, PathPattern]]:
        """Number, allow and pattern of every rule, in no order; for readers that compare many targets at once. Any
        of these may win by the longest match, an Allow before its equal."""
        for matcher in self._matchers:
            yield from matcher.patterns()

    def _longest(self, spelled: tuple[str, ...], given: str | None) -> Found:
        best = NO_RULE
        for matcher in self._matchers:
            found = matcher.longest(spelled, given)
            if found[:2] > best[:2] or (found[:2] == best[:2] and found[2] < best[2]):
                best = found
        return best
