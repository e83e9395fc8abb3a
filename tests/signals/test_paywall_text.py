"""Words of paywalls, and paid parts that a page hides or cuts short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import paywall, paywall_text
from tests.effort import assert_linear, assert_within

LONG = "The council met on Tuesday and agreed to build the bridge that was first drawn forty years ago. " * 12


def marks(selector: str = ".paywall") -> tuple[Signal, ...]:
    part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": selector}
    return paywall.read([{"@type": "NewsArticle", "isAccessibleForFree": False, "hasPart": part}], ())


def hidden(body: str, selector: str = ".paywall") -> list[str]:
    return [s.detail["pattern"] for s in paywall_text.hidden(body.encode(), marks(selector), evidence="e1")]


def patterns(text: str) -> list[str]:
    return [signal.detail["pattern"] for signal in paywall_text.words(text)]


def test_words_are_a_notice() -> None:
    (signal,) = paywall_text.words("見出し\nこの記事は有料会員限定です。", evidence="e1")
    assert signal.kind == "paywall.text"
    assert (signal.purpose, signal.polarity) == (Purpose.ACCESS, Polarity.CONDITIONAL)
    assert (signal.strength, signal.scope) == (Strength.NOTICE, Scope.RESPONSE)
    assert signal.raw == "この記事は有料会員限定です。"
    assert signal.detail == {"pattern": "ja.members"}
    assert signal.evidence == "e1"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("この記事は有料です。", "ja.members"),
        ("この記事は会員限定です", "ja.members"),
        ("この続きは有料会員の方のみお読みいただけます", "ja.members"),
        ("ここから先は有料会員限定です。", "ja.members"),
        ("ここから先は", "ja.members"),
        ("続きをお読みいただくには会員登録が必要です", "ja.members"),
        ("この続きをみるには", "ja.members"),
        ("会員登録すると続きをお読みいただけます。", "ja.members"),
        ("有料会員になると全文をご覧いただけます", "ja.members"),
        ("残り1,234文字", "ja.remaining"),
        ("残り：５６７文字", "ja.remaining"),
        ("記事の残り 68%", "ja.remaining"),
        ("This article is for subscribers only.", "en.members"),
        ("This story is available exclusively to members", "en.members"),
        ("Subscribe now to continue reading", "en.members"),
        ("Sign in or register to read the full article", "en.members"),
        ("To continue reading, please subscribe or log in.", "en.members"),
        ("Keep reading with a free trial", "en.members"),
        ("Unlock this article", "en.members"),
        ("You’ve reached your free article limit", "en.metered"),
        ("You have read all 3 of your free articles this month", "en.metered"),
        ("1,204 words remaining", "en.remaining"),
    ],
)
def test_words(text: str, pattern: str) -> None:
    assert patterns(text) == [pattern]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "有料会員",
        "会員登録",
        "この記事は無料でお読みいただけます。会員登録は不要です。",
        "この記事は有料会員限定でしたが、無料公開しています",
        "この記事は昨日の会議についてです。",
        "残り140文字",
        "残り1,000文字",
        "残り10日",
        "ここから先は坂道が続く。",
        "Subscribe to our newsletter",
        "2000 characters remaining",
        "Sign in to comment",
        "This article is about subscribers of a magazine",
        "This article is free to read for members and everybody else",
        "Continue reading",
        "Read more",
        "This story is no longer available to subscribers",
        "No subscription: log in to read the full text is not needed, no account, no paywall",
    ],
)
def test_no_words(text: str) -> None:
    assert patterns(text) == []


def test_words_are_told_once_and_bounded() -> None:
    assert len(paywall_text.words("この記事は有料です。" * 50)) == 1
    assert len(paywall_text.words("\n".join(f"この記事{n}。この記事は有料です{n}。" for n in range(99)))) == 8


def test_a_hidden_part() -> None:
    body = f"<p>Beginning</p><div class='paywall' style='display:none'><p>{LONG}</p></div>"
    (signal,) = paywall_text.hidden(body.encode(), marks(), evidence="e1")
    assert (signal.kind, signal.strength, signal.scope) == ("paywall.text", Strength.OFFER, Scope.ELEMENT)
    assert signal.detail == {"selector": ".paywall", "pattern": "hidden"}
    assert signal.raw.startswith("The council met")


@pytest.mark.parametrize(
    "part",
    [
        "<div class='paywall' hidden>{}</div>",
        "<div class='paywall d-none'>{}</div>",
        "<div class='paywall' aria-hidden='true'>{}</div>",
        "<div style='DISPLAY : NONE'><div><p class=paywall>{}</p></div></div>",
        "<div class='paywall' style='max-height:0;overflow:hidden'>{}</div>",
        "<div class='paywall' style='filter: blur(5px)'>{}</div>",
        "<div class='paywall' style='opacity:0'>{}</div>",
    ],
)
def test_ways_to_hide(part: str) -> None:
    assert hidden(part.format(LONG)) == ["hidden"]


@pytest.mark.parametrize(
    ("body", "how"),
    [
        (f"<div class=paywall>{LONG}</div>", []),
        (f"<p class=paywall>{LONG[:190]}</p>" * 4, []),
        ("<div class=paywall>The council met on Tuesday and</div>", ["cut"]),
        ("<div class=paywall></div>", ["cut"]),
        (f"<div class=paywall>{LONG[:600]}…</div>", ["cut"]),
        (f"<div class=paywall>{LONG[:600]} [...]</div>", ["cut"]),
        (f"<div class=paywall>{LONG}</div><div class=paywall hidden>{LONG}</div>", ["hidden"]),
        (f"<div class=paywall style='opacity:0.9;max-height:0.5em'>{LONG}</div>", []),
        (f"<div class=other hidden>{LONG}</div>", []),
        ("", []),
    ],
)
def test_parts_shown_and_cut(body: str, how: list[str]) -> None:
    assert hidden(body) == how


@pytest.mark.parametrize("selector", ["#a", "div.paywall", "main .paywall", ".x, .paywall", "div#a.paywall"])
def test_selectors(selector: str) -> None:
    assert hidden(f"<main><div id=a class=paywall hidden>{LONG}</div></main>", selector) == ["hidden"]


@pytest.mark.parametrize(
    "selector",
    ["*", "div > p", ":has(*)", ".a:not(.b)", "[x]", ".", "#", ".1", ".-1", "a b c d", "..a", "x" * 99, "", "\0"],
)
def test_selectors_that_are_not_run(selector: str) -> None:
    assert hidden(f"<div class='a paywall' hidden>{LONG}</div>", selector) == []


def test_without_marks_no_page_is_parsed() -> None:
    assert paywall_text.hidden(b"<div class=paywall hidden>x</div>", ()) == ()


TREES = {
    "misnested": b"<b><i>" * 6_700,
    "misnested with attributes": b"<b i>" * 2000 + b"<i i>" * 2000 + b"x</b>" * 2000,
    "paragraphs in formatting": b"".join(b"<font %d>" % n for n in range(400)) + b"<p>x" * 9_000,
    "divs": b"<div>" * 1_000_000,
    "attributes": b"<div" + b" a=b" * 300_000 + b">",
    "lists": b"<ul><li>" * 40_000,
    "long": b"x" * 2_000_000,
}


@pytest.mark.parametrize("data", TREES.values(), ids=TREES.keys())
def test_pages_a_tree_builder_cannot_be_trusted_with(data: bytes) -> None:
    def read() -> None:
        assert not paywall_text.parseable(data)
        assert paywall_text.hidden(b"<p class=paywall>" + data, marks()) == ()

    assert_within(1.5, read)


ALLOWED = {
    "misnested": (b"<b i>" * 200 + b"<i i>" * 200 + b"x</b>" * 200),
    "misnested often": b"<b 1><i 2><p>x</b></i>" * 9_000,
    "misnested deep": b"<div>" * 400 + b"<b><div></b></div>" * 20_000,
    "lists": b"<ul><li>" * 400 + b"<li>" * 60_000,
    "tables": b"<table><tr><td>" * 300 + b"<td>x" * 60_000,
    "fostered": b"<table>" + b"x<i>y</i>" * 60_000,
    "parts in parts": b"<div class=paywall>" * 300 + b"<p class=paywall>y" * 40_000,
    "attributes": (b"<p " + b" abcdefg" * 120 + b">") * 900,
    "comments": b"<!-- <meta> -->" * 60_000,
}


@pytest.mark.parametrize("data", ALLOWED.values(), ids=ALLOWED.keys())
def test_pages_at_the_bounds_are_read_in_time(data: bytes) -> None:
    assert paywall_text.parseable(data)
    assert_within(3, lambda: paywall_text.hidden(data, marks()))


@pytest.mark.parametrize(
    "unit",
    [
        "この記事は",
        "続きは会員",
        "ここから先は",
        "残り1",
        "残り ",
        "to continue reading ",
        "subscribe to ",
        "you have read ",
        "keep reading a ",
        "this article is a ",
        "1,",
        "。",
        "\n",
    ],
)
def test_words_in_linear_time(unit: str) -> None:
    assert_linear(lambda size: unit * (size // len(unit)), paywall_text.words, 32_000)


_SOUP = [
    "<div class=paywall>",
    "<p>",
    "</p>",
    "</div>",
    "<b>",
    "</b>",
    "hidden",
    "<table>",
    "<!--",
    "<",
    "&#",
    "\0",
    "この記事は有料",
]
_PAGES = st.lists(st.sampled_from(_SOUP)).map(lambda parts: "".join(parts).encode())


@given(st.binary() | _PAGES, st.text(max_size=20))
def test_never_raises(body: bytes, selector: str) -> None:
    paywall_text.parseable(body)
    paywall_text.hidden(body, [*marks(), *marks(selector)])
    paywall_text.words(body.decode("utf-8", "replace") + selector)
