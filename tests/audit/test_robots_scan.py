"""The compiled reader of robots.txt says what the exact one says, of real files, odd ones, and made-up ones."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.flow import replay, survey
from crawlgate.model import Evidence, EvidenceKind
from crawlgate.signals import agents
from crawlgate.signals.agents import AgentCatalogue
from crawlgate.signals.robots_rules import RuleSet
from crawlgate.site import COLLECTORS, Site
from tests.shared_data import robots_body, rows

pytest.importorskip("numba", reason="the audit extra is not installed")

import numpy as np

from crawlgate.audit.robots_scan import RobotsScanner, Scanned
from crawlgate.audit.row_kernels import deciding_rule
from crawlgate.audit.rule_tables import NO_RULES, RuleTables
from crawlgate.signals.pathmatch import canonical

TOKEN = "ExampleBot"
CATALOGUE = agents.load()
AI = "".join(f"User-agent: {agent.token}\n" for agent in CATALOGUE) + "Disallow: /\n"
USUAL = (
    "/",
    "/a",
    "/a/b.html",
    "/?id=7",
    "/wp-admin/x",
    "/search?q=1&page=2",
    "/.well-known/tdmrep.json",
    "/x/index.htm",
)
SOMETIME = date(2025, 1, 1)


class Reader:
    """Both readers, kept from file to file as an audit keeps them."""

    def __init__(self, token: str = TOKEN, catalogue: AgentCatalogue = CATALOGUE) -> None:
        self.token, self.catalogue = token, catalogue
        self.tables = RuleTables()
        self.scanner = RobotsScanner(self.tables, token, catalogue)

    def exact(self, body: bytes, day: date) -> Site:
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        file = Evidence(
            id="r",
            kind=EvidenceKind.ROBOTS,
            url="https://h.example/robots.txt",
            final_url="https://h.example/robots.txt",
            fetched_at=at,
            status=200,
            body=body,
            sha256="",
        )
        absent = Evidence(id="t", kind=EvidenceKind.TDMREP, url="", final_url="", fetched_at=at, status=404, sha256="")
        flow = survey(urls.parse("https://h.example/"), self.token)
        known = replay(flow, lambda fetch: file if fetch.kind is EvidenceKind.ROBOTS else absent)
        return Site(known, self.token, self.catalogue.as_of(day))

    def compare(self, body: bytes, day: date = SOMETIME) -> bool:
        """True if the compiled reader read the file; then both said the same."""
        lines = self.scanner.lines(body)
        found = None if lines is None else self.scanner.read(lines, self.scanner.epoch(day))
        if found is None:
            return False
        site = self.exact(body, day)
        outline = site.outline()
        assert outline is not None, body
        assert (found.names_us, found.content) == (site.names_us, site._file.content), body
        targets = [*USUAL, *_near(body)]
        expected = []
        for target in targets:
            allowed, number, _ = outline.own.own.decide(target)
            expected.append(0 if allowed or number is None else outline.own.line(number))
        assert [self._line(found.own, target) for target in targets] == expected, body
        assert self._told(found, targets) == _told(outline.agents, outline.kind[-len(outline.agents) :], targets), body
        return True

    def _line(self, number: int, target: str) -> int:
        if number == NO_RULES:
            return 0
        data = canonical(target).encode()
        rule = deciding_rule(np.frombuffer(data, np.uint8), 0, len(data), number, self.tables.rules)
        line, allow = self.tables.rules.by_rule[rule].tolist() if rule >= 0 else (0, 1)
        return 0 if allow else int(line)

    def _told(self, found: Scanned, targets: list[str]) -> Counter[object]:
        numbers = iter(found.agents)
        told: Counter[object] = Counter()
        for kind, everything in zip(found.kinds, found.everything, strict=True):
            number = NO_RULES if everything else next(numbers)
            told[kind, tuple(everything or self._line(number, target) > 0 for target in targets)] += 1
        return told


def _told(sets: tuple[RuleSet, ...], kinds: tuple[object, ...], targets: list[str]) -> Counter[object]:
    return Counter(
        (COLLECTORS.index(kind), tuple(not rules.allows(target) for target in targets))  # type: ignore[arg-type]
        for kind, rules in zip(kinds, sets, strict=False)
    )


def _near(body: bytes) -> list[str]:
    """Targets made from a file's own rules."""
    found = []
    for line in body.decode("utf-8", "replace").splitlines():
        if "allow" in line.lower()[:12]:
            path = line.partition(":")[2].partition("#")[0].strip().rstrip("$").replace("*", "x")
            if path.startswith("/") and path != "/robots.txt":
                found += [path, path + "z"]
    return found[:60]


@pytest.mark.parametrize("name", ["protego_2019", "gov_2025-03"])
def test_real_files_are_read_as_the_exact_reader_reads_them(name: str) -> None:
    reader, bodies = Reader(), list(dict.fromkeys(robots_body(row) for row in rows(f"data/robots/{name}.jsonl.gz")))
    chosen = bodies[:: max(1, len(bodies) // 700)]
    read = sum(reader.compare(body) for body in chosen)
    assert read > len(chosen) / 2


def test_lists_of_ai_agents_are_read_by_the_day() -> None:
    reader = Reader()
    lines = reader.scanner.lines(AI.encode())
    assert lines is not None
    days = reader.scanner.days_named(lines)
    assert days == sorted({CATALOGUE.known_from(agent) for agent in CATALOGUE})
    for day in (days[0], SOMETIME, days[-1]):
        assert reader.compare(AI.encode(), day)


ODD = [
    b"",
    b"\xef\xbb\xbfUser-agent: *\nDisallow: /a\n",
    b"<html>\nUser-agent: *\nDisallow: /a\n",
    b"# \xe9\nUser-agent: *\r\nDisallow: /a # no\r\rDisallow: /b\n",
    b"User-agent: *\nDisallow: /caf\xc3\xa9\n",
    b"User-agent: *\nDisallow /a\n",
    b"Disallow: /a\nUser-agent: ExampleBot/2\nDisallow: /b\nUser-agent: *\nDisallow: /\n",
    b"User-agent: GPTBot, ExampleBot\nDisallow: /a\n",
    b"User-agent: *bot\nDisallow: /a\n",
    b"User-agent: *\nAllow: /%61\nDisallow: /a\n",
    b"User-agent: *\nAllow: /a/index.html\nDisallow: /a/\n",
    b"User-agent: *\nDisallow: /a%2fb*c\nDisallow: /%7ez\nDisallow: a\nDisallow: /b$c\nDisallow: https://h.example/q\n",
    b"User-agent: *\nDisallow:\nAllow: x\nAllow: /\n",
    b"User-agent: *\nDisallow: /*\nAllow: /$\nDisallow: $\nDisallow: *\nDisallow: /a**b***$\n",
    b"User-agent: a\nUser-agent: *\nCrawl-delay: 3\nUser-agent: GPTBot\nDisallow: /a*\nAllow: /a\nSitemap: /\xff\n",
    b"User-agent: GPTBot\nDisallow: /\n\nUser-agent: CCBot\nUser-agent: GPTBot\nAllow: /a\n",
    b"User-agent: *\nContent-Signal: ai-train=no\nDisallow: /a\n",
    b"License: https://l.example/\nUser-agent: *\nDisallow:\n",
    b"User-agent: *\nDisallow: /a\x0b\n",
    b"\n" * 1100 + b"User-agent: *\nDisallow: /a\n",
    b"User-agent: *\nDisallow: /" + b"a" * 20_000 + b"\n",
    b"User-agent:\nDisallow: /a\n",
    b"{}\nUser-agent: *\nDisallow: /a\n",
    b"nothing: at all\nhere\n",
    b"# a comment\n",
    b"  \n\n",
    b"<?xml version='1.0'?>\n<a>user-agent: *</a>\nDisallow: /a",
    b"\x89PNG\n\x1a",
    b"%PDF-1.4\n",
    b"User-agent: *\nu\xc2\xadser-agent: GPTBot\nDisallow: /\n",
    b"Disallow\xef\xbc\x9a /\nUser-agent: *\nDisallow /a\n",
    b"\xc2\xa0User-agent: *\nDisallow: /a\n",
    b"x\x0b: y\n\x0bUser-agent: *\nDisallow: /a\n",
    b"a: b\r\0\nUser-agent: *\nDisallow: /a\n",
    b"User-agent: *\nDisallow: /a\nUser-agent: *\nDisallow: /a\nDisallow: /ab\nDisallow: /a$\n",
]


def test_odd_files_are_left_or_read_alike() -> None:
    reader = Reader()
    read = [reader.compare(body) for body in ODD]
    assert any(read)
    assert not all(read)


def test_a_token_of_the_catalogue_and_one_with_a_version() -> None:
    for token in ("GPTBot", "ClaudeBot/1.0"):
        reader = Reader(token)
        assert reader.compare(AI.encode())
        assert reader.compare(b"User-agent: GPTBot\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n")


LINES = st.sampled_from(
    [
        *(
            f"User-agent: {name}"
            for name in ("*", "ExampleBot", "GPTBot", "CCBot/2.0", "Kangaroo Bot", "other", "a, b")
        ),
        *(f"Disallow: {path}" for path in ("", "/", "/a", "/a/", "/a*", "/*b$", "*/c", "/a/index.html", "/%2fx*", "x")),
        *(f"Allow: {path}" for path in ("", "/", "/a", "/a/b", "/a*$", "/*?x", "/a/index.htm", "/%61")),
        *("", "# Disallow: /", "Crawl-delay: 1", "Sitemap: https://h.example/s.xml", "  disallow :  /a/b  # x"),
        *("DISALLOW:/c", "useragent: GPTBot", "noindex: /", "Content-Usage: train-ai=n", "hello"),
        # Lines that are read one by one.
        *("Disallow /d", "Disallow /d e", "User-agents: GPTBot", "user agent CCBot", "Disallow\uff1a/w", "Contact us"),
        *(
            "Disallow: /caf\xe9",
            "Allow: /\u732b*",
            "Disallow: \xa0/e\u3000",
            "disallow: /f\x0bg",
            "User-agent: Caf\xe9 Bot",
        ),
        *("content: ''", "\xa0Disallow: /g", "\x0b", "\ufeffUser-agent: GPTBot", "License: https://l.example/x"),
    ]
)
BYTES = st.sampled_from(
    [
        *(
            b"Disallow: /\xe9",
            b"User-agent: \xff",
            b"\xffdisallow: /",
            b"\xe2\x96",
            b"Disallow: /a\xe2\x96",
            b"\xef\xbb",
        ),
        *(b"# " + b"x" * 20_000, b"hello " * 4_000, b"Disallow: /" + b"y" * 20_000, b"Disallow: /z"),
    ]
)


@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n", "\r"]))
@settings(max_examples=400, deadline=None)
def test_made_up_files_are_left_or_read_alike(lines: list[str], end: str) -> None:
    SHARED.compare(end.join(lines).encode())


@given(st.lists(st.one_of(BYTES, LINES.map(str.encode)), max_size=9))
@settings(max_examples=150, deadline=None)
def test_made_up_bytes_are_left_or_read_alike(lines: list[bytes]) -> None:
    SHARED.compare(b"\n".join(lines))


@pytest.mark.parametrize(
    "odd",
    [
        *(
            b"Disallow /a",
            b"Disallow: /caf\xc3\xa9",
            b"Disallow: /\xe9",
            b"Contact us",
            b"content: none",
            b"# " + b"x" * 20_000,
        ),
        *(b"User_agent: GPTBot", b"\xef\xbb\xbfUser-agent: GPTBot", b"User-agent: Caf\xc3\xa9"),
    ],
)
def test_an_odd_line_does_not_make_a_file_odd(odd: bytes) -> None:
    assert SHARED.compare(b"User-agent: *\nDisallow: /x\n" + odd + b"\nDisallow: /y\n")


@pytest.mark.parametrize(
    "odd",
    [
        b"License: https://l.example/x",
        b"Content-Usage: train-ai=n",
        b"Content-Signal ai-train=no",
        b"Disallow: /" + b"y" * 20_000,
    ],
)
def test_what_says_more_than_rules_is_left(odd: bytes) -> None:
    assert SHARED.compare(b"User-agent: *\nDisallow: /x\n" + odd + b"\n") == (b":" not in odd)


SHARED = Reader()
