"""Filter lists as AdGuard, uBlock Origin and Adblock Plus read them: rules that name a site, and exceptions.

Only what speaks of a site as a whole, of a path or of a page is an entry. Rules for one kind of resource, for pages of
other sites, for elements of a page, and patterns are rejected with the reason: they do not say that the site is listed.

An exception (`@@`) wins over every rule that it reaches, however narrow; `$important` wins over exceptions. Exceptions
are kept as entries that carve out. A rule that an exception of the list silences altogether, or an exception that an
important rule silences, is rejected, and the reason names the line that does so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ...domains import Suffixes
from ...url import parse
from ..entry import Entry, EntryError
from ..lines import Line, ListText
from ..target import CIDR, HOST, PATH_PREFIX, SCHEME, URL, shown, target
from . import hosts
from .items import Item
from .plain import bare_name, exact_host

_COSMETIC = re.compile(r"#@?[$?%]?@?\??#|\$@?\$")
_OPTIONS = re.compile(r"\$(~?[a-z][a-z0-9_-]*(?:=[^,]*)?(?:,~?[a-z][a-z0-9_-]*(?:=[^,]*)?)*)\Z", re.IGNORECASE)
# Options that leave a rule what it is: about the whole document, or about its weight.
_WHOLE = frozenset(("important", "all", "document", "doc", "match-case", "~match-case"))
_END = re.compile(r"(?:\^\*?\|?|\|)\Z")
_HOSTS_LINE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s")


class _Rule(NamedTuple):
    body: str
    exception: bool
    options: frozenset[str]


def read(text: ListText, suffixes: Suffixes) -> Iterator[Item]:
    """The items of a filter list."""
    weights = _weights(text, suffixes)
    for line in text.lines():
        if not _is_comment(line.text):
            yield from _items(line, suffixes, weights)


def _is_comment(text: str) -> bool:
    if text.startswith(("!", "[")):
        return not text.startswith("!#include")
    return text.startswith("#") and (not _COSMETIC.match(text) or not text.strip("#"))


def _items(line: Line, suffixes: Suffixes, weights: _Weights) -> Iterator[Item]:
    if line.problem is not None:
        yield Item(line.number, line.text, EntryError("encoding", line.problem))
        return
    if _HOSTS_LINE.match(line.text):
        try:
            for entry in hosts.read_line(line.text, suffixes):
                yield Item(line.number, line.text, entry)
        except EntryError as error:
            yield Item(line.number, line.text, error)
        return
    try:
        rule = _rule(line.text)
        entry = _entry(rule, suffixes)
        weights.refuse_silenced(rule, entry)
        yield Item(line.number, line.text, entry)
    except EntryError as error:
        yield Item(line.number, line.text, error)


def _rule(text: str) -> _Rule:
    if text.startswith("!#include"):
        raise EntryError("include", "the rest of the list stands in another file", "import that file, too")
    if _COSMETIC.search(text):
        raise EntryError("element", "a rule for elements of pages; it says nothing of a site as a whole")
    exception = text.startswith("@@")
    body = text.removeprefix("@@")
    if body.startswith("/") and re.search(r"/(?:\$|\Z)", body[1:]):
        raise EntryError("pattern", "a regular expression; patterns are not read", "name the sites")
    found = _OPTIONS.search(body)
    options = frozenset(found[1].lower().split(",")) if found else frozenset()
    return _Rule(body[: found.start()] if found else body, exception, options)


def _entry(rule: _Rule, suffixes: Suffixes) -> Entry:
    if "badfilter" in rule.options:
        raise EntryError("withdraws", "a rule that takes another one back; both are left out")
    conditions = sorted(rule.options - _WHOLE)
    if conditions:
        raise EntryError(
            "conditional",
            f"the rule applies under a condition only (${', '.join(conditions)[:80]}); it does not list the site",
        )
    body = rule.body
    if body.startswith("||"):
        entry = _anywhere(body[2:], suffixes)
    elif body.startswith("|"):
        entry = _beginning(body[1:], suffixes)
    elif re.search(r"[/^*|?=&:\s]", body) and not re.fullmatch(r"\*\.[^/^*|\s]+", body):
        raise EntryError("substring", f"{shown(body)} matches any address that contains it", "write ||name^ for a site")
    else:
        entry = bare_name(body, suffixes)
    return entry._replace(exception=rule.exception)


def _anywhere(rest: str, suffixes: Suffixes) -> Entry:
    """`||name^`: the name and what is below it; `||name/path`: a path."""
    host, slash, path = rest.partition("/")
    if not slash or path in ("", "*", "^", "|"):
        return bare_name(_END.sub("", host), suffixes)
    return _place(host, path, suffixes)


def _beginning(rest: str, suffixes: Suffixes) -> Entry:
    """`|https://name/path`, `|name^`: that very host."""
    scheme = SCHEME.match(rest)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise EntryError("unsupported_scheme", f"scheme {scheme[1]!r} is not read", "only http and https are")
    host, slash, path = (rest[scheme.end() :] if scheme else rest).partition("/")
    if not slash or path in ("", "*", "^"):
        return exact_host(_END.sub("", host), suffixes)
    return _place(host, path, suffixes)


def _place(host: str, path: str, suffixes: Suffixes) -> Entry:
    ended = path.endswith("|")
    path = "/" + re.sub(r"(?:[\^|]|\^?\*)\Z", "", path)
    if re.search(r"[*^|]", path):
        raise EntryError("pattern", f"{shown(host + path)} is a pattern; patterns are not read", "name the path")
    if ended or "?" in path:
        return Entry(URL, *target(URL, f"https://{host}{path}", "", suffixes))
    return Entry(PATH_PREFIX, *target(PATH_PREFIX, host, path, suffixes))


@dataclass
class _Reach:
    """Names, hosts and places that some rules reach, each with the line of the rule."""

    below: dict[str, int] = field(default_factory=dict)
    exact: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def add(self, entry: Entry, line: int) -> None:
        if entry.scope == PATH_PREFIX:
            self.places.setdefault(entry.value, []).append((entry.path_prefix or "", line))
        elif entry.scope == URL:
            self.exact.setdefault(entry.value, line)
        else:
            (self.exact if entry.scope == HOST else self.below).setdefault(entry.value, line)

    def over(self, entry: Entry, *, itself: bool) -> int | None:
        """The line of a rule that reaches all of what `entry` names, and more (or, with `itself`, just that)."""
        host, path = _host_and_path(entry)
        if itself and entry.value in self.exact and entry.scope in (URL, HOST):
            return self.exact[entry.value]
        if path is not None:
            if host in self.exact:
                return self.exact[host]
            for prefix, line in self.places.get(host, ()):
                whole = path == prefix or path.startswith(prefix if prefix.endswith("/") else f"{prefix}/")
                if whole and (itself or entry.scope == URL or path != prefix):
                    return line
        name, dot = host, "."
        strict = not itself and path is None and entry.scope != HOST
        while dot:
            if name in self.below and not (strict and name == host):
                return self.below[name]
            _, dot, name = name.partition(".")
        return None


@dataclass
class _Weights:
    """The rules of a list that decide over others."""

    exceptions: _Reach = field(default_factory=_Reach)
    strong_exceptions: _Reach = field(default_factory=_Reach)
    important: _Reach = field(default_factory=_Reach)
    withdrawn: dict[_Rule, int] = field(default_factory=dict)

    def refuse_silenced(self, rule: _Rule, entry: Entry) -> None:
        """Raises `EntryError` for a rule that has no effect in its own list."""
        important = "important" in rule.options
        if self.withdrawn and rule in self.withdrawn:
            raise EntryError("silenced", f"line {self.withdrawn[rule]} takes this rule back ($badfilter)")
        if entry.exception:
            line = None if important else self.important.over(entry, itself=True)
        else:
            line = self.strong_exceptions.over(entry, itself=False)
            if line is None and not important:
                line = self.exceptions.over(entry, itself=False)
        if line is not None:
            raise EntryError("silenced", f"line {line} of the list overrules this one")


def _weights(text: ListText, suffixes: Suffixes) -> _Weights:
    weights = _Weights()
    for number, line, problem in text.lines():
        if problem is not None or not ("important" in line or "badfilter" in line or line.startswith("@@")):
            continue
        if _is_comment(line):
            continue
        try:
            rule = _rule(line)
            if "badfilter" in rule.options:
                weights.withdrawn[rule._replace(options=rule.options - {"badfilter"})] = number
                continue
            entry = _entry(rule, suffixes)
        except EntryError:
            continue
        important = "important" in rule.options
        if entry.exception:
            (weights.strong_exceptions if important else weights.exceptions).add(entry, number)
        elif important:
            weights.important.add(entry, number)
    return weights


def _host_and_path(entry: Entry) -> tuple[str, str | None]:
    if entry.scope == URL:
        url = parse(entry.value)
        return url.host, url.target
    if entry.scope == CIDR:
        return entry.value, None
    return entry.value, entry.path_prefix
