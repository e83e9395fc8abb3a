"""Spawning's ai.txt: what is one, which rule is in force for a file, and lines that miss what they mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Polarity, Purpose, Scope, Strength
from crawlgate.signals import ai_txt
from crawlgate.signals.ai_txt import AiTxt
from tests.effort import assert_linear
from tests.shared_data import shared

RESERVED, PERMITTED = Polarity.RESERVED, Polarity.PERMITTED

SPAWNING = b"""# Spawning AI
# Prevent datasets from using the following file types

User-Agent: *
Disallow: *.jpg
Disallow: *.PDF
Disallow: *.htm
Disallow: *.py
Allow: *.png
Allow: /free/
"""


def rules(*lines: str) -> AiTxt:
    return ai_txt.parse("\n".join(("User-Agent: *", *lines)).encode())


def at(found: AiTxt, target: str) -> set[Polarity]:
    return {signal.polarity for signal in found.signals(found.match(target))}


def codes(found: AiTxt) -> set[str]:
    return {item.code for item in found.lint}


def test_shared_vectors() -> None:
    cases = json.loads(shared("signals/vectors.json").read_text("utf-8"))["cases"]
    for case in (case for case in cases if case["id"].startswith("aitxt-")):
        found = ai_txt.parse(case["in"]["ai_txt"].encode())
        polarity = next(iter(at(found, case["url"])), Polarity.UNSPECIFIED)
        assert polarity == case["expect"]["train"], case["id"]
        assert {case["expect"]["lint"]} <= codes(found) if "lint" in case["expect"] else not found.lint, case["id"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/i/a.jpg", {RESERVED}),
        ("/i/a.JPG", {RESERVED}),
        ("/i/a%2Ejpg", {RESERVED}),
        ("/i/a.jpg?w=100", {RESERVED}),
        ("/img.php?file=a.jpg", {RESERVED}),
        ("/doc.pdf", {RESERVED}),
        ("/page.html", {RESERVED}),
        ("/a.png", {PERMITTED}),
        ("/free/text", {PERMITTED}),
        ("/free/a.jpg", {PERMITTED}),
        ("/a.gif", set()),
        ("/jpg", set()),
        ("/", set()),
    ],
)
def test_the_longest_rule_decides(target: str, expected: set[Polarity]) -> None:
    assert at(ai_txt.parse(SPAWNING), target) == expected


def test_a_signal_says_where_it_stood_and_which_medium_it_is_about() -> None:
    found = ai_txt.parse(SPAWNING, evidence="ai-1")
    (signal,) = found.signals(found.match("/a.jpg"))
    assert (signal.kind, signal.purpose, signal.strength) == ("ai_txt.disallow", Purpose.TRAIN, Strength.PREFERENCE)
    assert (signal.scope, signal.subject, signal.evidence, signal.line) == (Scope.PATH, "*", "ai-1", 5)
    assert signal.raw == "Disallow: *.jpg"
    assert signal.detail == {"path": "*.jpg", "extension": "jpg", "media": "image"}
    assert found.is_ai_txt
    assert found
    assert found.lint == ()
    assert [s.detail.get("media") for s in found.all_signals()] == ["image", "text", "text", "code", "image", None]


@pytest.mark.parametrize("everything", ["/", "*", "/*"])
def test_everything_may_be_refused(everything: str) -> None:
    found = rules(f"Disallow: {everything}")
    assert at(found, "/a") == at(found, "/b/c.mp4") == {RESERVED}


def test_the_block_of_the_generator() -> None:
    found = rules("Disallow: *.jpg", "Disallow: /", "Disallow: *")
    assert at(found, "/a.jpg") == at(found, "/a") == {RESERVED}
    assert codes(found) == set()


def test_a_tie_is_told_in_full() -> None:
    found = rules("Allow: /", "Disallow: *")
    signals = found.signals(found.match("/a"))
    assert [(s.polarity, s.ambiguity) for s in signals] == [(RESERVED, "tie"), (PERMITTED, "tie")]


@pytest.mark.parametrize(
    ("line", "code", "target", "expected"),
    [
        ("Disallow: .jpg", "extension_without_star", "/a.jpg", {RESERVED}),
        ("Disallow: .jpg # images", "extension_without_star", "/a.jpg", {RESERVED}),
        ("Allow: .jpg", "extension_without_star", "/a.jpg", set()),
        ("Disallow: images", "no_leading_slash", "/images/a.png", {RESERVED}),
        ("Allow: images", "no_leading_slash", "/images/a.png", set()),
        ("Disallow *.jpg", "missing_colon", "/a.jpg", {RESERVED}),
        ("Disallow .jpg", "extension_without_star", "/a.jpg", {RESERVED}),
        ("Disallow: https://x.example/a", "no_leading_slash", "/a", {RESERVED}),
    ],
)
def test_a_line_in_a_wrong_form_can_restrict_and_never_permits(
    line: str, code: str, target: str, expected: set[Polarity]
) -> None:
    found = rules(line)
    assert code in codes(found)
    assert at(found, target) == expected


def test_the_doubtful_reading_is_recorded() -> None:
    found = rules("Disallow: .jpg")
    assert found.all_signals()[0].ambiguity == "extension_without_star"
    assert found.all_signals()[0].detail["path"] == "*.jpg"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"# About us\n---\nname: Acme", "not_spawning_format"),
        (b"---\nversion: 1\npermissions:\n  training: no\n---\n# AI policy", "not_spawning_format"),
        (b"User-Agent: *\nSitemap: https://x.example/s.xml", "not_spawning_format"),
        (b"Disallow: *.jpg", "not_spawning_format"),
        (b'{"ai": "no"}', "not_spawning_format"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not_spawning_format"),
        (b"<!DOCTYPE html><pre>User-Agent: *\nDisallow: /</pre>", "html_not_ai_txt"),
        (b"  <html>\nUser-Agent: *\nDisallow: /", "html_not_ai_txt"),
        (b"", "empty"),
        (b" \n\xef\xbb\xbf", "not_spawning_format"),
    ],
)
def test_what_is_no_ai_txt(body: bytes, code: str) -> None:
    found = ai_txt.parse(body)
    assert not found.is_ai_txt
    assert not found
    assert codes(found) == {code}
    assert found.match("/a.jpg") == ()


@pytest.mark.parametrize("line", ["Disallow:", "Allow:"])
def test_an_empty_rule_says_nothing(line: str) -> None:
    found = rules(line)
    assert found.is_ai_txt
    assert found.match("/a.jpg") == ()


def test_groups_are_those_of_robots() -> None:
    body = b"User-Agent: ExampleBot\nDisallow: *.jpg\n\nUser-Agent: *\nDisallow: *.png"
    ours, everybody = ai_txt.parse(body, agent="ExampleBot"), ai_txt.parse(body)
    assert (at(ours, "/a.jpg"), at(ours, "/a.png")) == ({RESERVED}, set())
    assert (at(everybody, "/a.jpg"), at(everybody, "/a.png")) == (set(), {RESERVED})
    assert ours.all_signals()[0].subject == "ours"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings(encoding: str) -> None:
    assert at(ai_txt.parse("User-Agent: *\r\nDisallow: *.jpg".encode(encoding)), "/a.jpg") == {RESERVED}


def test_a_long_file_is_cut_and_says_so() -> None:
    found = ai_txt.parse(b"User-Agent: *\nDisallow: *.jpg\n" + b"Disallow: /long/path\n" * 4_000)
    assert "truncated" in codes(found)
    assert at(found, "/a.jpg") == {RESERVED}


@given(st.binary() | st.text(alphabet="User-Agent: *\nDisallow:/.jpg$%#").map(str.encode), st.text())
def test_nothing_raises(body: bytes, target: str) -> None:
    found = ai_txt.parse(body)
    found.signals(found.match("/" + target))


@given(st.lists(st.sampled_from(["Disallow: ", "Allow: ", "User-Agent: ", "*", ".a", "/", "$", "%41", "\n", "#"])))
def test_no_file_raises(words: list[str]) -> None:
    found = ai_txt.parse("".join(("User-Agent: *\nDisallow: /x\n", *words)).encode())
    for target in ("/", "/a.a", "/%41.a?x=.a"):
        assert len(found.signals(found.match(target))) <= 2


@pytest.mark.parametrize(
    "line", [b"Disallow: *.%x\n", b"Disallow: /%x*a*b\n", b"Allow: *%x\n", b"User-agent: %x\n"], ids=bytes.decode
)
def test_time_grows_with_length_only(line: bytes) -> None:
    assert_linear(
        lambda count: b"User-Agent: *\nDisallow: /x\n" + b"".join(line % n for n in range(count)),
        lambda body: ai_txt.parse(body).match("/%41" + "a.b" * 200),
        800,
    )
