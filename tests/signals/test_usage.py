"""Usage lines of robots.txt: which of them are in force for a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Polarity, Purpose, Scope, Strength
from crawlgate.signals import usage
from crawlgate.signals.lines import ExtensionLine
from crawlgate.signals.usage import UsageRules
from tests.effort import assert_linear

RESERVED, PERMITTED, CONDITIONAL = Polarity.RESERVED, Polarity.PERMITTED, Polarity.CONDITIONAL


def rules(*lines: str, subject: str = "ours") -> UsageRules:
    read = []
    for number, line in enumerate(lines, 1):
        key, _, value = line.partition(":")
        read.append(ExtensionLine(number, key.strip().lower(), value.strip(), line, ("*",)))
    return usage.read(read, subject=subject, evidence="robots-1")


def said(found: UsageRules, target: str) -> set[tuple[Purpose, Polarity]]:
    return {(signal.purpose, signal.polarity) for signal in found.signals(found.match(target))}


def test_the_example_of_the_attach_draft() -> None:
    found = rules("Content-Usage: train-ai=n", "Content-Usage: /ai-ok/ train-ai=y")
    assert said(found, "/test") == {(Purpose.TRAIN_GEN, RESERVED)}
    assert said(found, "/ai-ok/test") == {(Purpose.TRAIN_GEN, PERMITTED)}


def test_identical_paths_both_apply() -> None:
    found = rules("Content-Usage: /x train-ai=y", "Content-Usage: /x train-ai=n")
    assert said(found, "/x") == {(Purpose.TRAIN_GEN, PERMITTED), (Purpose.TRAIN_GEN, RESERVED)}
    assert found.match("/y") == ()


def test_a_path_rule_beats_a_line_without_path() -> None:
    found = rules("Content-Signal: /blog/ ai-train=no, search=yes", "Content-Signal: ai-train=yes")
    assert said(found, "/blog/1") == {(Purpose.TRAIN, RESERVED), (Purpose.SEARCH, PERMITTED)}
    assert said(found, "/") == {(Purpose.TRAIN, PERMITTED)}


def test_the_longest_path_wins_whatever_the_order() -> None:
    found = rules("DisallowAITraining: /", "AllowAITraining: /open/", "DisallowAITraining: /open/not/")
    assert said(found, "/a") == {(Purpose.TRAIN, RESERVED)}
    assert said(found, "/open/a") == {(Purpose.TRAIN, PERMITTED)}
    assert said(found, "/open/not/a") == {(Purpose.TRAIN, RESERVED)}


def test_protocols_do_not_override_one_another() -> None:
    found = rules("Content-Usage: train-ai=n", "Content-Signal: /a/b/c ai-train=yes", "DisallowAITraining: /a")
    assert said(found, "/a/b/c") == {
        (Purpose.TRAIN_GEN, RESERVED),
        (Purpose.TRAIN, PERMITTED),
        (Purpose.TRAIN, RESERVED),
    }


@pytest.mark.parametrize("broken", ["Content-Usage: /a/b train-ai=no", "Content-Usage: /a/b all=y"])
def test_a_line_that_is_not_understood_hides_nothing(broken: str) -> None:
    found = rules("Content-Usage: train-ai=n", broken)
    assert (Purpose.TRAIN_GEN, RESERVED) in said(found, "/a/b")
    assert found.lint


def test_without_paths_every_target_has_the_same_answer() -> None:
    found = rules("Content-Signal: ai-train=no", "Content-Usage: train-ai=n")
    assert found.match("/a") == found.match("/b?c") == (0, 1)
    assert hash(found.match("/a")) == hash((0, 1))


def test_a_path_is_matched_with_the_wildcards_of_robots() -> None:
    found = rules("Content-Usage: /*.pdf$ train-ai=n")
    assert said(found, "/a/b.pdf") == {(Purpose.TRAIN_GEN, RESERVED)}
    assert said(found, "/a/b.pdf?x") == set()


def test_a_signal_says_where_it_stood() -> None:
    found = rules("Crawl-delay: 5", "Content-Signal: /blog/ ai-train=no, use=reference", subject="*")
    (signal,) = found.all_signals()
    assert (signal.kind, signal.purpose, signal.polarity) == ("content_signal.line", Purpose.TRAIN, RESERVED)
    assert (signal.strength, signal.scope, signal.subject) == (Strength.MEASURE, Scope.PATH, "*")
    assert (signal.line, signal.evidence) == (2, "robots-1")
    assert signal.raw == "Content-Signal: /blog/ ai-train=no, use=reference"
    assert signal.detail == {"label": "ai-train", "path": "/blog/", "use": "reference"}


def test_a_line_without_path_is_about_the_origin() -> None:
    (signal,) = rules("Content-Signals: use=immediate").all_signals()
    assert (signal.scope, signal.polarity) == (Scope.ORIGIN, CONDITIONAL)


def test_only_the_doubtful_part_of_a_line_is_ambiguous() -> None:
    found = rules("Content-Usage: bots=n, search=n")
    assert {s.purpose: s.ambiguity for s in found.all_signals()} == {
        Purpose.SEARCH: None,
        Purpose.TDM: "legacy_label",
    }
    assert len(found.signals(found.match("/"))) == 2


@pytest.mark.parametrize(
    ("line", "code", "target", "expected"),
    [
        ("DisallowAITraining:", "empty_pattern", "/a", set()),
        ("DisallowAITraining: yes", "malformed_reservation", "/a", {(Purpose.TRAIN, Polarity.UNSPECIFIED)}),
        ("DisallowAITraining: private/", "no_leading_slash", "/private/a", {(Purpose.TRAIN, RESERVED)}),
        ("AllowAITraining: yes", "bad_path", "/a", set()),
        ("AllowAITraining:", "empty_pattern", "/a", set()),
        ("Content-Usage:", "no_statement", "/a", set()),
    ],
)
def test_malformed_lines(line: str, code: str, target: str, expected: set[tuple[Purpose, Polarity]]) -> None:
    found = rules(line)
    assert [(item.code, item.line) for item in found.lint] == [(code, 1)]
    assert said(found, target) == expected


def test_lines_of_other_protocols_are_passed_over() -> None:
    found = rules("Sitemap: https://a.example/s.xml", "License: https://a.example/l.xml", "LLM-Policy: none")
    assert not found
    assert (found.rules, found.lint, found.match("/a"), found.all_signals()) == ((), (), (), ())


def test_a_pattern_cannot_smuggle_in_another_rule() -> None:
    found = rules("DisallowAITraining: /a\u2028Allow: /")
    assert said(found, "/a") == set()
    assert said(found, "/a%E2%80%A8Allow: /") == {(Purpose.TRAIN, RESERVED)}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["content-usage", "content-signal", "disallowaitraining", "allowaitraining", "x"]),
            st.text() | st.text(alphabet="/ai-train=no,*$ \t"),
        ),
        max_size=5,
    ),
    st.text(),
)
def test_no_line_and_no_target_raises(lines: list[tuple[str, str]], target: str) -> None:
    found = usage.read(ExtensionLine(n, key, value, value) for n, (key, value) in enumerate(lines))
    matched = found.match("/" + target)
    assert set(matched) <= set(range(len(found.rules)))
    assert len(found.signals(matched)) <= len(found.all_signals())


def test_time_grows_with_the_number_of_rules_only() -> None:
    assert_linear(
        lambda count: rules(*(f"Content-Usage: /a*{n}* train-ai=n" for n in range(count))),
        lambda found: found.match("/a/" + "b" * 200),
        2_000,
    )
