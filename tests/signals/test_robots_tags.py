"""X-Robots-Tag and the robots meta tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.headers import Headers
from crawlgate.model import Lint, Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import page_head, robots_tags
from tests.effort import assert_linear

RESERVED, PERMITTED, UNSPECIFIED = "reserved", "permitted", "unspecified"


def short(signals: tuple[Signal, ...]) -> list[tuple[str, str, str]]:
    return [(s.kind.removeprefix("robots_tag."), s.subject, str(s.polarity)) for s in signals]


def from_header(*lines: str, content_type: str = "text/html") -> tuple[tuple[Signal, ...], list[Lint]]:
    lint: list[Lint] = []
    headers = Headers([("Content-Type", content_type), *(("X-Robots-Tag", line) for line in lines)])
    return robots_tags.header(headers, token="ExampleBot", evidence="answer-1", lint=lint), lint


def from_page(markup: str) -> tuple[tuple[Signal, ...], list[Lint]]:
    lint: list[Lint] = []
    page = page_head.scan(markup.encode())
    return robots_tags.meta(page, token="ExampleBot", evidence="page-1", lint=lint), lint


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("noai", [("noai", "*", RESERVED)]),
        ("NoAI", [("noai", "*", RESERVED)]),
        ("noai, noimageai", [("noai", "*", RESERVED), ("noimageai", "*", RESERVED)]),
        ("noindex, noml", [("noml", "*", RESERVED)]),
        ("DisallowAITraining", [("disallowaitraining", "*", RESERVED)]),
        ("AllowAITraining", [("allowaitraining", "*", PERMITTED)]),
        ("mlnoindex", [("mlnoindex", "*", RESERVED)]),
        ("ExampleBot: noai", [("noai", "ours", RESERVED)]),
        ("examplebot/2.1: noai", [("noai", "ours", RESERVED)]),
        ("otherbot: noai", [("noai", "otherbot", RESERVED)]),
        ("otherbot: noindex, noai", [("noai", "otherbot", RESERVED)]),
        ("otherbot: noindex, ExampleBot: noai, noml", [("noai", "ours", RESERVED), ("noml", "ours", RESERVED)]),
        ("otherbot: noai, *: noml", [("noai", "otherbot", RESERVED), ("noml", "*", RESERVED)]),
        ("ExampleBotExtra: noai", [("noai", "ExampleBotExtra", RESERVED)]),
        ("max-snippet:0, max-image-preview: none, noai", [("noai", "*", RESERVED)]),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", []),
        ("unavailable_after: Wed, 25 Jun 2010 15:00:00 PST, noai", [("noai", "*", RESERVED)]),
        ("unavailable_after: 25 Jun 2010, 15:00:00 PST, noai", [("noai", "*", RESERVED)]),
        ("otherbot: unavailable_after: 25 Jun 2010 15:00:00 PST, noai", [("noai", "otherbot", RESERVED)]),
        ("noindex, nofollow, nosnippet, none", []),
        ("ours: noai", [("noai", "agent ours", RESERVED)]),
        ("Ours: noai, ExampleBot: noml", [("noai", "agent Ours", RESERVED), ("noml", "ours", RESERVED)]),
        ("GPTBot: noindex, Googlebot: noindex, noindex", [("noindex", "GPTBot", RESERVED)]),
        ("", []),
        (",,:,::", []),
    ],
)
def test_a_header_line(line: str, expected: list[tuple[str, str, str]]) -> None:
    signals, lint = from_header(line)
    assert short(signals) == expected
    assert lint == []


@pytest.mark.parametrize(
    "value", ["no-ai", "noAI;noimageai", "noai noimageai", "no_ml", "noai: true", "noai=1", "notrain"]
)
def test_lookalikes_are_shown_but_reserve_nothing(value: str) -> None:
    for signals, lint in (from_header(value), from_page(f"<meta name=robots content='{value}'>")):
        assert [s.polarity for s in signals] == [Polarity.UNSPECIFIED]
        assert [item.code for item in lint] == ["malformed_reservation"]


def test_a_prefix_ends_with_its_line() -> None:
    signals, _ = from_header("otherbot: noindex", "noai")
    assert short(signals) == [("noai", "*", RESERVED)]


def test_a_repeated_directive_is_told_once() -> None:
    signals, _ = from_header("noai, noai", "noai")
    assert short(signals) == [("noai", "*", RESERVED)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["noarchive"], [("noarchive", "Bingbot", RESERVED)]),
        (["bingbot: noarchive"], [("noarchive", "Bingbot", RESERVED)]),
        (["googlebot: noarchive"], []),
        (["ExampleBot: noarchive"], []),
        (["nocache"], [("nocache", "Bingbot", "conditional")]),
        (["noarchive, nocache"], [("nocache", "Bingbot", "conditional")]),
        (["nocache", "noarchive"], [("nocache", "Bingbot", "conditional")]),
    ],
)
def test_what_microsoft_reads_is_told_as_microsofts(lines: list[str], expected: list[tuple[str, str, str]]) -> None:
    signals, _ = from_header(*lines)
    assert short(signals) == expected


@pytest.mark.parametrize(
    ("content_type", "scope"),
    [("image/png", Scope.RESPONSE), ("IMAGE/WEBP", Scope.RESPONSE), ("text/html", Scope.ELEMENT)],
)
def test_noimageai_is_about_images(content_type: str, scope: Scope) -> None:
    (signal,), _ = from_header("noimageai", content_type=content_type)
    assert (signal.scope, signal.detail["media"]) == (scope, "image")


def test_a_signal_says_where_it_stood() -> None:
    (signal,), _ = from_header("noindex, NoAI")
    assert (signal.kind, signal.purpose, signal.strength) == ("robots_tag.noai", Purpose.TRAIN, Strength.PREFERENCE)
    assert (signal.scope, signal.name, signal.raw) == (Scope.RESPONSE, "x-robots-tag", "noindex, NoAI")
    assert signal.evidence == "answer-1"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<meta name='robots' content='noml'>", [("noml", "*", RESERVED)]),
        ("<META NAME=ROBOTS CONTENT='NoAI, NoImageAI'>", [("noai", "*", RESERVED), ("noimageai", "*", RESERVED)]),
        ("<meta content=noai name=robots>", [("noai", "*", RESERVED)]),
        ("<meta name=robots content=index><meta name=robots content=noai>", [("noai", "*", RESERVED)]),
        ("<meta name='ExampleBot' content='noai'>", [("noai", "ours", RESERVED)]),
        ("<meta name='CCBot' content='nofollow, noai'>", [("noai", "ccbot", RESERVED)]),
        ("<meta name='keywords' content='noai'>", []),
        ("<meta name='topics' content='noai, painting'>", []),
        ("<meta name='mlnoindex' content='true'>", [("mlnoindex", "*", RESERVED)]),
        ("<meta name='mlnoindex'>", [("mlnoindex", "*", RESERVED)]),
        ("<meta name='mlnoindex' content='false'>", []),
        ("<meta name='bingbot' content='noarchive'>", [("noarchive", "Bingbot", RESERVED)]),
        ("<meta name='robots' content='noindex'>", []),
        ("<template><meta name='robots' content='noai'></template>", []),
    ],
)
def test_meta_tags(markup: str, expected: list[tuple[str, str, str]]) -> None:
    signals, lint = from_page(markup)
    assert short(signals) == expected
    assert lint == []


@pytest.mark.parametrize(
    "markup",
    [
        "<meta name='noai' content='noai'>",
        "<meta http-equiv='X-Robots-Tag' content='noai'>",
        "<meta name='robots' content='otherbot: noai'>",
    ],
)
def test_undefined_carriers_are_shown_but_reserve_nothing(markup: str) -> None:
    signals, lint = from_page(markup)
    assert short(signals) == [("noai", "*", UNSPECIFIED)]
    assert [item.code for item in lint] == ["malformed_reservation"]


def test_in_the_body_a_reservation_counts_and_a_permission_does_not() -> None:
    signals, lint = from_page("<body><meta name=robots content='noai, AllowAITraining'>")
    assert short(signals) == [("noai", "*", RESERVED), ("allowaitraining", "*", UNSPECIFIED)]
    assert {s.ambiguity for s in signals} == {"meta_in_body"}
    assert {item.code for item in lint} == {"meta_in_body"}


def test_a_meta_signal_tells_its_place() -> None:
    markup = "<title>x</title><meta name=robots content='noimageai'>"
    (signal,), _ = from_page(markup)
    assert signal.span is not None
    assert markup[slice(*signal.span)] == "<meta name=robots content='noimageai'>"
    assert (signal.name, signal.raw, signal.evidence) == ("robots", "noimageai", "page-1")
    assert (signal.scope, signal.detail["media"]) == (Scope.ELEMENT, "image")


def test_a_flood_of_agents_does_not_hide_us() -> None:
    signals, _ = from_header(", ".join(f"bot{n}x: noai" for n in range(900)) + ", ExampleBot: noai")
    assert len(signals) < 100
    assert short(signals)[-1] == ("noai", "ours", RESERVED)


def test_an_element_is_kept_from_machine_learning() -> None:
    markup = "<body><p>Open.</p><p mlnoindex>a</p><figure MLNoIndex='true'>b</figure><p mlnoindex=false>c</p></body>"
    (signal,), lint = from_page(markup)
    assert (signal.kind, signal.polarity, signal.scope) == ("robots_tag.mlnoindex", RESERVED, Scope.ELEMENT)
    assert signal.span is not None
    assert markup[slice(*signal.span)] == "<p mlnoindex>"
    assert lint == []
    (signal,), _ = from_page("<html mlnoindex='true'><p>x</p>")
    assert signal.scope is Scope.RESPONSE
    assert from_page("<!-- <p mlnoindex> --><p title='mlnoindex'>x</p><script>'<p mlnoindex>'</script>")[0] == ()


def test_a_drafted_header_is_read() -> None:
    headers = Headers([("robots-tag", "*=noindex, noai; examplebot=noml; otherbot=noai")])
    signals = robots_tags.header(headers, token="ExampleBot")
    assert short(signals) == [("noai", "*", RESERVED), ("noml", "ours", RESERVED), ("noai", "otherbot", RESERVED)]


def test_microsofts_pair_counts_across_carriers() -> None:
    archive, _ = from_header("noarchive")
    cache, _ = from_page("<meta name=robots content=nocache>")
    assert [s.kind for s in robots_tags.bing_pair((*archive, *cache))] == ["robots_tag.nocache"]
    assert robots_tags.bing_pair(archive) == archive


@given(st.text() | st.text(alphabet="noai:,;- exampleBot*/_"))
def test_no_value_raises(value: str) -> None:
    from_header(value)
    page = page_head.PageHead(
        meta=(page_head.MetaTag(value, value, (0, 1)), page_head.MetaTag("robots", value, (0, 1)))
    )
    robots_tags.meta(page, token="ExampleBot")


@pytest.mark.parametrize("unit", ["noai,", "a:", ":", ";", "no-ai ", "x", "unavailable_after:", "a" * 60 + ":,"])
def test_time_grows_with_length_only(unit: str) -> None:
    def read(value: str) -> None:
        page = page_head.PageHead(meta=(page_head.MetaTag("robots", value, (0, 1)),))
        robots_tags.meta(page, token="ExampleBot")
        list(robots_tags.items(value))

    assert_linear(lambda count: unit * count, read, 4_000)
