"""robots.txt, ai.txt and trust.txt made at random: never an exception, and what must not change an answer does not."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate.errors import UrlError
from crawlgate.inspection import inspect_document
from crawlgate.model import Polarity
from crawlgate.signals import agents, ai_txt, robots, trust_txt, usage
from tests.signals.test_fuzz import _check as check_signal

pytestmark = pytest.mark.fuzz

TOKENS = ("ExampleBot", "GPTBot", "AI2Bot", "Kangaroo Bot", "*")
_KEYS = st.sampled_from(
    [
        *("User-agent", "Disallow", "Allow", "user agent", "disalow", "Allowed", "Useragent", "\ufeffUser-agent"),
        *("Content-Usage", "Content-Signal", "DisallowAITraining", "AllowAITraining", "License", "Crawl-delay", "Foo"),
    ]
)
_AGENTS = st.sampled_from(
    [*TOKENS, "examplebot/1.0", "GPTBot, ExampleBot", "CCBot ExampleBot", "*bot*", "", "Example*", "* all", "a<br>"]
)
_PATHS = st.lists(
    st.sampled_from(["/", "a", "b", "*", "$", "?", "=", "%2F", "%61", "あ", "\\", "<p>", "https://x", " ", ".htm"]),
    max_size=5,
).map("".join)
_PREFERENCES = st.sampled_from(
    ["train-ai=n", "train-ai=y", "/a train-ai=n", "ai-train=no", "use=full", "bots=n", "=", "/"]
)
_COLONS = st.sampled_from([": ", ":", " ", " : ", "：", ":\t"])
_LINE = st.builds(
    lambda key, colon, value, after: f"{key}{colon}{value}{after}",
    _KEYS,
    _COLONS,
    st.one_of(_AGENTS, _PATHS, _PREFERENCES),
    st.sampled_from(["", " # x", "\t", "\x00"]),
)
_ANY_LINE = st.one_of(_LINE, _LINE, _LINE, st.text(max_size=12))
_FILES = st.lists(_ANY_LINE, max_size=10)
_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
_TARGETS = st.one_of(_PATHS.map("/".__add__), st.text(max_size=8).map("/".__add__))
LONGER = int(os.environ.get("CRAWLGATE_FUZZ", "1"))
"""How many times the share of examples that a usual run makes."""


def answers(body: bytes, target: str) -> list[tuple[bool, str]]:
    """Whether each token may fetch, and the line that decided."""
    file = robots.parse(body)
    found = []
    for token in TOKENS:
        answer = file.decide(target, token)
        found.append((answer.allowed, answer.rule.raw if answer.rule else ""))
    return found


def check(body: bytes, target: str) -> None:
    """Everything that can be asked of a file, and what must agree."""
    file = robots.parse(body)
    assert len(file.lint) <= 1_100
    assert {line.number for line in file.extensions} <= set(range(1, body.count(b"\n") + body.count(b"\r") + 2))
    for token in TOKENS:
        try:
            answer = file.decide(target, token)
        except UrlError:
            continue
        assert file.allows(target, token) is answer.allowed
        assert answer.allowed or answer.rule is not None, "a refusal names its rule"
        assert answer.allowed or not answer.rule.allow  # type: ignore[union-attr]
        rules = file.rules_for(token)
        assert rules.allows(target) is rules.decide(target).allowed
        if answer.allowed:
            assert rules.own.allows(target)
            assert not rules.surely_refuses(target)
            assert rules.refusal(target) == (0, None)
        ours, others = file.extension_lines(token)
        assert sorted(line.number for line in (*ours, *others)) == [line.number for line in file.extensions]
        doubtful = file.doubtful_lines(token)
        read = usage.read(ours, doubtful=doubtful)
        doubts = {line.number for _, line in doubtful}
        assert all(s.polarity is not Polarity.PERMITTED for s in read.all_signals() if s.line in doubts)
        read.signals(read.match(target))
    for name in file.tokens():
        agents.load().get(name)
        assert "/" in name or file.agent_line(name) is not None
    assert (file.content == "robots") is not any(lint.code.endswith("_not_robots") for lint in file.lint)


@settings(max_examples=200 * LONGER, deadline=None)
@given(lines=_FILES, end=_ENDS, target=_TARGETS)
def test_a_file_of_likely_lines(lines: list[str], end: str, target: str) -> None:
    check(end.join(lines).encode("utf-8", "surrogatepass"), target)


@settings(max_examples=100 * LONGER, deadline=None)
@given(body=st.binary(max_size=300), target=_TARGETS)
def test_any_octets(body: bytes, target: str) -> None:
    for beginning in (b"", b"User-agent: *\nDisallow: /a\n", b"\xff\xfe", b"\xef\xbb"):
        check(beginning + body, target)


@settings(max_examples=150 * LONGER, deadline=None)
@given(
    lines=_FILES,
    at=st.integers(0, 10),
    other=st.sampled_from(["Foo: x", "# x", "", "Sitemap: /x", "Crawl-delay: 1", "é"]),
    target=_PATHS.map("/".__add__),
)
def test_other_lines_change_no_answer(lines: list[str], at: int, other: str, target: str) -> None:
    """RFC 9309 2.2.4: other records must not interfere; an empty line separates nothing."""
    more = [*lines[:at], other, *lines[at:]]
    assert answers("\n".join(lines).encode(), target) == answers("\n".join(more).encode(), target)


@settings(max_examples=100 * LONGER, deadline=None)
@given(lines=_FILES, end=_ENDS, target=_PATHS.map("/".__add__))
def test_line_ends_and_case_of_fields_change_no_answer(lines: list[str], end: str, target: str) -> None:
    plain = answers("\n".join(lines).encode(), target)
    assert answers(("\ufeff" + end.join(lines) + end).encode(), target) == plain


@settings(max_examples=100 * LONGER, deadline=None)
@given(lines=_FILES, pattern=_PATHS.map("/".__add__), target=_PATHS.map("/".__add__))
def test_a_further_disallow_allows_nothing(lines: list[str], pattern: str, target: str) -> None:
    """In a group for each token of its own, so that no other group is replaced by it."""
    named = [f"User-agent: {token}" for token in TOKENS if " " not in token]
    before = answers("\n".join([*named, "Disallow: /zz", *lines]).encode(), target)
    after = answers("\n".join([*named, f"Disallow: {pattern}", "Disallow: /zz", *lines]).encode(), target)
    assert all(allowed or not more for (allowed, _), (more, _) in zip(before, after, strict=True))


@settings(max_examples=100 * LONGER, deadline=None)
@given(lines=_FILES, target=_TARGETS)
def test_policy_files_of_likely_lines(lines: list[str], target: str) -> None:
    text = "\n".join(lines)
    body = text.encode("utf-8", "surrogatepass")
    read = ai_txt.parse(body, agent="ExampleBot")
    matched = read.match(target)
    assert len(read.signals(matched)) == len(matched) <= 2
    trust_txt.parse(body + b"\ndatatrainingallowed=no")
    if target.isascii() and "\\" not in target and "\x00" not in text:
        table = {"robots": text, "ai_txt": text, "trust_txt": text, "url": "https://site.example" + target}
        for signal in inspect_document(table).signals:
            check_signal(signal)


@pytest.mark.parametrize("url", ["", "/", "https://site.example", "https://site.example/?", "HTTPS://SITE.example/a#b"])
def test_whatever_is_a_url_has_an_answer(url: str) -> None:
    assert not robots.parse(b"User-agent: *\nDisallow: /").allows(url, "ExampleBot")


@pytest.mark.parametrize("url", ["ftp://x/", "site.example", "https://", "mailto:a@b", "//site.example/a b"])
def test_what_is_no_url_is_an_error_or_a_path(url: str) -> None:
    file = robots.parse(b"User-agent: *\nDisallow: /")
    if url.startswith("/"):
        assert not file.allows(url, "ExampleBot")
    else:
        with pytest.raises(UrlError):
            file.allows(url, "ExampleBot")
