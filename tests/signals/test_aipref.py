"""IETF AIPREF: Content-Usage as a rule of robots.txt and as a response header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.headers import Headers
from crawlgate.model import Lint, Polarity, Purpose, Scope, Strength
from crawlgate.signals import aipref
from tests.effort import assert_linear

RESERVED, PERMITTED, UNSPECIFIED = Polarity.RESERVED, Polarity.PERMITTED, Polarity.UNSPECIFIED


def said(value: str) -> dict[str, Polarity]:
    reading = aipref.read_line(value)
    return {statement.label: statement.polarity for statement in (*reading.statements, *reading.doubtful)}


def codes(value: str) -> set[str]:
    return {code for code, _ in aipref.read_line(value).lint}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("train-ai=n, search=y", {"train-ai": RESERVED, "search": PERMITTED}),
        ("train-ai=y,search=n", {"train-ai": PERMITTED, "search": RESERVED}),
        ("ai-use=n", {"ai-use": RESERVED}),
        ("train-ai;allow=n, train-ai=y", {"train-ai": PERMITTED}),
        ("train-ai=n;because=1", {"train-ai": RESERVED}),
        ("train-ai=n, train-ai=y", {"train-ai": PERMITTED}),
        ("train-ai=y, train-ai=n", {"train-ai": RESERVED}),
        ("train-ai=y, train-ai, search=n, search=(n)", {}),
        ("other=n", {}),
        ("", {}),
    ],
)
def test_the_dictionary_is_read_as_vocab_08_says(value: str, expected: dict[str, Polarity]) -> None:
    assert said(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "train-ai=no",
        "Train-AI=n",
        "train-ai=N",
        'train-ai="n"',
        "train-ai=?0",
        "train-ai=n,",
        "train-ai = n",
        "train-ai=n search=y",
        "train_ai=no",
        "ai-train=no",
        "train-ai: no",
    ],
)
def test_a_no_that_does_not_parse_is_shown_but_reserves_nothing(value: str) -> None:
    assert set(said(value).values()) == {UNSPECIFIED}
    assert "malformed_reservation" in codes(value)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("train-ai", "unknown_value"),
        ("train-ai=yes", "unknown_value"),
        ("train-ai=5", "unknown_value"),
        ("train-ai=(n y)", "unknown_value"),
        ("colour=n", "unknown_label"),
        ("", "no_statement"),
        ("/only/a/path", "no_statement"),
        ("train-ai=y, search", "unknown_value"),
        ("=", "malformed"),
        ("train-ai=n, train-ai=y", "duplicate_key"),
    ],
)
def test_what_says_nothing_leaves_a_lint(value: str, code: str) -> None:
    assert code in codes(value)
    assert RESERVED not in said(value).values()


@pytest.mark.parametrize(
    ("label", "purpose"),
    [
        ("tdm", Purpose.TDM),
        ("all", Purpose.TDM),
        ("bots", Purpose.TDM),
        ("ai", Purpose.TRAIN),
        ("genai", Purpose.TRAIN_GEN),
        ("train-genai", Purpose.TRAIN_GEN),
    ],
)
def test_labels_of_earlier_drafts_reserve_but_never_permit(label: str, purpose: Purpose) -> None:
    no = aipref.read_line(f"{label}=n, search=n")
    assert [(s.purpose, s.polarity) for s in no.doubtful] == [(purpose, RESERVED)]
    assert no.ambiguity == "legacy_label"
    assert [(s.purpose, s.polarity) for s in no.statements] == [(Purpose.SEARCH, RESERVED)]
    assert said(f"{label}=y") == {label: UNSPECIFIED}
    assert codes(f"{label}=y") == {"legacy_label"}


@pytest.mark.parametrize("blank", [" ", "\t", "   "])
def test_a_path_ends_at_the_first_blank(blank: str) -> None:
    reading = aipref.read_line(f"/ai-ok/{blank}train-ai=y")
    assert reading.pattern is not None
    assert reading.pattern.pattern == "/ai-ok/"
    assert reading.statements[0].polarity is PERMITTED


def test_header_lines_are_one_dictionary_about_this_response() -> None:
    lint: list[Lint] = []
    headers = Headers([("Content-Usage", "train-ai=y"), ("content-usage", ""), ("Content-Usage", "search=n")])
    first, second = aipref.header(headers, evidence="e1", lint=lint)
    assert (first.kind, first.purpose, first.polarity) == ("aipref.header", Purpose.TRAIN_GEN, PERMITTED)
    assert (second.purpose, second.polarity) == (Purpose.SEARCH, RESERVED)
    assert {(s.strength, s.scope, s.name, s.evidence, s.subject) for s in (first, second)} == {
        (Strength.PREFERENCE, Scope.RESPONSE, "content-usage", "e1", "*")
    }
    assert first.raw == "train-ai=y, search=n"
    assert lint == []


def test_header_reports_lint_and_ambiguity() -> None:
    lint: list[Lint] = []
    (signal,) = aipref.header(Headers({"Content-Usage": "bots=n"}), lint=lint)
    assert (signal.polarity, signal.ambiguity) == (RESERVED, "legacy_label")
    assert [(item.code, item.name) for item in lint] == [("legacy_label", "content-usage")]


def test_no_header_says_nothing() -> None:
    assert aipref.header(Headers({"Content-Type": "text/html"})) == ()


def test_a_flood_of_header_lines_is_cut_and_told() -> None:
    lint: list[Lint] = []
    headers = Headers([("content-usage", "train-ai=n" + ";p" * 4000)] * 40)
    assert [s.polarity for s in aipref.header(headers, lint=lint)] == [RESERVED]
    assert "header_cut" in {item.code for item in lint}


@given(st.text() | st.text(alphabet='train-i=yn,;"?/ ()@:%*\t\udc80'))
def test_no_value_raises(value: str) -> None:
    aipref.read_line(value)
    aipref.header(Headers([("content-usage", value)]))


@pytest.mark.parametrize("unit", ["train-ai=n, ", "(", ";a", "=", "train-ai = n ", "/"])
def test_time_grows_with_length_only(unit: str) -> None:
    assert_linear(lambda count: unit * count, aipref.read_line, 4_000)
