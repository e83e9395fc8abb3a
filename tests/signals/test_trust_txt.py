"""trust.txt: one line about training, and every way of getting it wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Polarity, Purpose, Scope, Strength
from crawlgate.signals import trust_txt
from crawlgate.signals.trust_txt import TrustTxt
from tests.effort import assert_linear
from tests.shared_data import shared

RESERVED, PERMITTED, UNSPECIFIED = Polarity.RESERVED, Polarity.PERMITTED, Polarity.UNSPECIFIED

REAL = b"""# NAME trust.txt file
member=https://www.journallist.net/
belongto=https://press.example/
social=https://social.example/name?a=b
contact=https://name.example/contact
datatrainingallowed=no
"""


def said(found: TrustTxt) -> Polarity | None:
    signals = found.signals()
    return signals[0].polarity if signals else None


def codes(found: TrustTxt) -> list[str]:
    return [item.code for item in found.lint]


def test_shared_vectors() -> None:
    cases = json.loads(shared("signals/vectors.json").read_text("utf-8"))["cases"]
    for case in (case for case in cases if case["id"].startswith("trust-")):
        found = trust_txt.parse(case["in"]["trust_txt"].encode())
        assert (said(found) or UNSPECIFIED) == case["expect"]["train"], case["id"]
        assert codes(found) == [case["expect"]["lint"]] if "lint" in case["expect"] else not found.lint, case["id"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("datatrainingallowed=no", RESERVED),
        ("datatrainingallowed=yes", PERMITTED),
        ("# AI disclosure\ndatatrainingallowed=YES", PERMITTED),
        ("DataTrainingAllowed = No", RESERVED),
        ("  datatrainingallowed\t=\tno  ", RESERVED),
        ("datatrainingallowed=no # not for training", RESERVED),
        ("member=https://x.example/\rdatatrainingallowed=no\r", RESERVED),
        ("member=https://x.example/\r\ndatatrainingallowed=no\r\n", RESERVED),
        ("\ufeffdatatrainingallowed=no", RESERVED),
        ("contact=datatrainingallowed=no", None),
        ("member=https://x.example/", None),
        ("", None),
    ],
)
def test_valid_files(body: str, expected: Polarity | None) -> None:
    found = trust_txt.parse(body.encode())
    assert said(found) is expected
    assert codes(found) == []


@pytest.mark.parametrize(
    ("body", "code", "expected"),
    [
        ("datatrainingallowed: no", "colon", UNSPECIFIED),
        ("datatrainingallowed: yes", "colon", UNSPECIFIED),
        ("datatrainingallowed=maybe", "unknown_value", UNSPECIFIED),
        ("datatrainingallowed=", "unknown_value", UNSPECIFIED),
        ("datatrainingallowed=no, please", "unknown_value", UNSPECIFIED),
        ("datatrainingallowed=true", "unknown_value", UNSPECIFIED),
        ("datatrainingallowed=false", "malformed_reservation", UNSPECIFIED),
        ('datatrainingallowed="no"', "malformed_reservation", UNSPECIFIED),
        ("datatrainingallowed=0", "malformed_reservation", UNSPECIFIED),
        ("datatrainingallowed=no\ndatatrainingallowed=yes", "duplicate", UNSPECIFIED),
        ("datatrainingallowed=yes\ndatatrainingallowed=no", "duplicate", UNSPECIFIED),
        ("datatrainingallowed=yes\ndatatrainingallowed=yes", "duplicate", UNSPECIFIED),
        ("datatrainingallowed=no\nDATATRAININGALLOWED=NO", "duplicate", RESERVED),
        ("datatrainingallowed=no\ndatatrainingallowed: no", "colon", UNSPECIFIED),
        ("<html>\ndatatrainingallowed=no", "html_not_trust_txt", None),
        ("\n <!doctype html>", "html_not_trust_txt", None),
        ("Page not found", "not_trust_txt", None),
        ("# datatrainingallowed=no", "not_trust_txt", None),
        ("datatrainingallowedhere=no", "not_trust_txt", None),
        ('{"datatrainingallowed": "no"}', "not_trust_txt", None),
        ("User-agent: *\nDisallow: /", "not_trust_txt", None),
    ],
)
def test_malformed_files(body: str, code: str, expected: Polarity | None) -> None:
    found = trust_txt.parse(body.encode())
    assert said(found) is expected
    assert code in codes(found)


def test_a_signal_covers_the_site_and_says_where_it_stood() -> None:
    found = trust_txt.parse(REAL, evidence="trust-1")
    (signal,) = found.signals()
    assert (signal.kind, signal.purpose, signal.polarity) == ("trust_txt.datatraining", Purpose.TRAIN, RESERVED)
    assert (signal.strength, signal.scope, signal.subject) == (Strength.PREFERENCE, Scope.ORIGIN, "*")
    assert (signal.raw, signal.line, signal.evidence) == ("datatrainingallowed=no", 6, "trust-1")
    assert signal.detail == {"value": "no"}
    assert found.is_trust_txt
    assert found


def test_a_repeated_no_is_still_meant() -> None:
    (signal,) = trust_txt.parse(b"datatrainingallowed=no\n" * 3).signals()
    assert (signal.polarity, signal.ambiguity, signal.line) == (RESERVED, "duplicate", 1)


def test_a_file_without_the_line_is_one_all_the_same() -> None:
    found = trust_txt.parse(b"member=https://x.example/")
    assert found.is_trust_txt
    assert not found


def test_utf_16() -> None:
    assert said(trust_txt.parse("datatrainingallowed=no".encode("utf-16"))) is RESERVED


def test_a_long_file_is_cut_and_says_so() -> None:
    found = trust_txt.parse(b"datatrainingallowed=no\n" + b"member=https://x.example/\n" * 30_000)
    assert said(found) is RESERVED
    assert codes(found) == ["truncated"]


@given(st.binary() | st.text(alphabet="datatrainingallowed=:no yes\n\r#<").map(str.encode))
def test_nothing_raises(body: bytes) -> None:
    assert len(trust_txt.parse(body).signals()) <= 1


@given(st.lists(st.sampled_from(["datatrainingallowed", "=", ":", "no", "yes", "\n", " ", "#", "member="])))
def test_a_permission_needs_exactly_one_plain_line(words: list[str]) -> None:
    text = "".join(words)
    if said(trust_txt.parse(text.encode())) is PERMITTED:
        assert text.count("yes") >= 1


@pytest.mark.parametrize("line", [b"datatrainingallowed=no\n", b"a" * 40 + b"\n", b" \t" * 20, b"=no", b"\r"])
def test_time_grows_with_length_only(line: bytes) -> None:
    assert_linear(lambda count: line * count, trust_txt.parse, 5_000)
