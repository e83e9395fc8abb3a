"""Content Signals: lines of robots.txt, and the distrusted header form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.headers import Headers
from crawlgate.model import Lint, Polarity, Purpose, Scope, Strength
from crawlgate.signals import content_signal
from tests.effort import assert_linear

RESERVED, PERMITTED = Polarity.RESERVED, Polarity.PERMITTED
CONDITIONAL, UNSPECIFIED = Polarity.CONDITIONAL, Polarity.UNSPECIFIED


def said(value: str) -> dict[str, Polarity]:
    reading = content_signal.read_line(value)
    return {statement.label: statement.polarity for statement in (*reading.statements, *reading.doubtful)}


def codes(value: str) -> set[str]:
    return {code for code, _ in content_signal.read_line(value).lint}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("search=yes, ai-train=no", {"search": PERMITTED, "ai-train": RESERVED}),
        ("search=yes,ai-train=no,use=reference", {"search": PERMITTED, "ai-train": RESERVED}),
        ("ai-input=no", {"ai-input": RESERVED}),
        ("AI-Train = No", {"ai-train": RESERVED}),
        ("ai-train=yes, ai-train=no", {"ai-train": RESERVED}),
        ("ai-train=no, ai-train=yes", {"ai-train": RESERVED}),
        ("use=reference", {"use": CONDITIONAL}),
        ("use=immediate, search=yes", {"use": CONDITIONAL, "search": PERMITTED}),
        ("use=full, use=reference", {"use": CONDITIONAL}),
        ("use=full", {}),
        ("use=reference, ai-train=yes", {"ai-train": PERMITTED}),
        ("colour=blue, ai-train=no", {"ai-train": RESERVED}),
        ("ai-train", {}),
        ("/content-signals.json", {}),
        ("", {}),
    ],
)
def test_pairs_are_read_one_by_one(value: str, expected: dict[str, Polarity]) -> None:
    assert said(value) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("ai-train", "unknown_value"),
        ("ai-train=maybe", "unknown_value"),
        ("use=some", "unknown_value"),
        ("colour=blue", "unknown_key"),
        ("ai-train=yes, ai-train=no", "duplicate_key"),
        ("use=full, use=reference", "duplicate_key"),
        ("/content-signals.json", "no_statement"),
        ("ai-train=no; search=yes", "separator"),
    ],
)
def test_what_is_left_out_leaves_a_lint(value: str, code: str) -> None:
    assert code in codes(value)


@pytest.mark.parametrize("value", ["ai-train=false", "ai-train=n", 'ai-train="no"', "train-ai=n", "ai_train=no"])
def test_a_no_in_other_words_is_shown_but_reserves_nothing(value: str) -> None:
    assert set(said(value).values()) == {UNSPECIFIED}
    assert "malformed_reservation" in codes(value)


@pytest.mark.parametrize("value", ["ai-train=no; search=yes", "search=yes ai-train=no", "ai-train=no;search=yes"])
def test_odd_separators_are_read_as_meant_and_flagged(value: str) -> None:
    reading = content_signal.read_line(value)
    assert said(value) == {"ai-train": RESERVED, "search": PERMITTED}
    assert (reading.statements, reading.ambiguity) == ((), "separator")


def test_a_level_without_ai_train_is_a_condition_on_training() -> None:
    reading = content_signal.read_line("/blog/ use=reference")
    assert reading.pattern is not None
    assert reading.pattern.pattern == "/blog/"
    assert reading.detail == {"use": "reference"}
    assert [(s.purpose, s.polarity) for s in reading.statements] == [(Purpose.TRAIN, CONDITIONAL)]


def test_in_the_header_a_no_counts_and_a_yes_does_not() -> None:
    lint: list[Lint] = []
    headers = Headers([("Content-Signal", "ai-train=yes, search=yes"), ("Content-Signal", "ai-input=no")])
    signals = {s.purpose: s for s in content_signal.header(headers, evidence="e1", lint=lint)}
    assert {purpose: s.polarity for purpose, s in signals.items()} == {
        Purpose.TRAIN: UNSPECIFIED,
        Purpose.SEARCH: UNSPECIFIED,
        Purpose.AI_INPUT: RESERVED,
    }
    assert [item.code for item in lint] == ["header_distrusted"]
    signal = signals[Purpose.AI_INPUT]
    assert (signal.kind, signal.strength, signal.scope) == (
        "content_signal.header",
        Strength.PREFERENCE,
        Scope.RESPONSE,
    )
    assert (signal.name, signal.evidence) == ("content-signal", "e1")


def test_a_no_in_a_second_header_line_wins() -> None:
    headers = Headers([("Content-Signal", "ai-train=yes"), ("Content-Signals", "ai-train=no")])
    assert [s.polarity for s in content_signal.header(headers)] == [RESERVED]


def test_no_header_says_nothing() -> None:
    assert content_signal.header(Headers([("Server", "cloudflare"), ("Content-Signal", "")])) == ()


@given(st.text() | st.text(alphabet="ai-train=yesno,; use/\t"))
def test_no_value_raises(value: str) -> None:
    content_signal.read_line(value)
    content_signal.header(Headers([("content-signal", value)]))


@pytest.mark.parametrize("unit", ["ai-train=no,", "=", " ", " = ", ";", "x=y "])
def test_time_grows_with_length_only(unit: str) -> None:
    assert_linear(lambda count: "a" + unit * count, content_signal.read_line, 8_000)
