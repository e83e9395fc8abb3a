"""RSL 1.0: the licence document, what it offers for one URL, and where a site names it."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.model import Lint, Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import page_head, robots, rsl
from crawlgate.signals.rsl import RslDocument, RslReference
from tests.effort import assert_linear
from tests.shared_data import shared

RESERVED, PRICED, CONDITIONAL = Polarity.RESERVED, Polarity.PRICED, Polarity.CONDITIONAL
PERMITTED, UNSPECIFIED = Polarity.PERMITTED, Polarity.UNSPECIFIED

NS = 'xmlns="https://rslstandard.org/rsl"'
SITE = urls.parse("https://news.example/")
ROBOTS = urls.parse("https://news.example/robots.txt")
PAGE = urls.parse("https://news.example/a/1")

ALL_FREE = '<license><permits type="usage">all</permits></license>'
NO_AI = '<license><prohibits type="usage">ai-all</prohibits></license>'


def doc(*contents: str) -> bytes:
    return f"<rsl {NS}>{''.join(contents)}</rsl>".encode()


def content(inside: str, url: str = "/", more: str = "") -> str:
    return f'<content url="{url}" {more}>{inside}</content>'


def licence(inside: str) -> bytes:
    """A document for the whole site with one licence."""
    return doc(content(f"<license>{inside}</license>"))


def signals(body: bytes, target: str = "/a", **us: object) -> tuple[Signal, ...]:
    document = rsl.parse(body, base=SITE, evidence="rsl-1")
    return document.signals(document.match(target), **us)  # type: ignore[arg-type]


def deciding(body: bytes, target: str = "/a", usage: str = "ai-train", **us: object) -> Signal | None:
    found = [s for s in signals(body, target, **us) if s.detail["usage"] == usage and s.kind != "rsl.offer"]
    assert len(found) <= 1
    return found[0] if found else None


def train(body: bytes, target: str = "/a", **us: object) -> Polarity | None:
    signal = deciding(body, target, **us)
    return None if signal is None else signal.polarity


def every(body: bytes, target: str = "/a") -> dict[str, Polarity]:
    return {s.detail["usage"]: s.polarity for s in signals(body, target) if s.kind != "rsl.offer"}


def lint(body: bytes, **options: object) -> set[str]:
    return {item.code for item in rsl.parse(body, base=SITE, **options).lint}  # type: ignore[arg-type]


# --- the shared vectors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rsl-01", "rsl-03", "rsl-05", "rsl-07", "rsl-09"])
def test_shared_vectors(name: str) -> None:
    cases = json.loads(shared("signals/vectors.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == name)
    given_, expect = case["in"], case["expect"]
    if "robots" in given_:
        file = robots.parse(str(given_["robots"]).encode())
        ours, others = file.extension_lines("ExampleBot")
        found = rsl.licence_urls(ours, others=others, base=ROBOTS)
        assert [reference.url.href for reference in found if reference.url] == expect["license_urls"]
        return
    signal = deciding(str(given_["rsl"]).encode(), str(case["url"]))
    assert signal is not None
    assert signal.polarity == expect["train"]
    assert signal.detail.get("price") == expect.get("price")


# --- usage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ('<prohibits type="usage">all</prohibits>', "RRRR"),
        ('<prohibits type="usage">ai-all</prohibits>', "RRRP"),
        ('<prohibits type="usage">ai-train</prohibits>', "RPPP"),
        ('<prohibits type="usage">ai-input ai-index</prohibits>', "PRRP"),
        ('<prohibits type="usage">search</prohibits>', "PPPR"),
        ('<permits type="usage">all</permits>', "PPPP"),
        ('<permits type="usage">ai-all</permits>', "PPPR"),
        ('<permits type="usage">ai-train</permits>', "PRRR"),
        ('<permits type="usage">search</permits>', "RRRP"),
        ('<permits type="usage">search ai-index</permits>', "RRPP"),
        ('<permits type="usage"></permits>', "RRRR"),
        ('<permits type="usage">x:own</permits>', "RRRR"),
        ('<permits type="usage">all</permits><prohibits type="usage">ai-train</prohibits>', "RPPP"),
        ('<permits type="usage">ai-train ai-input</permits><prohibits type="usage">all</prohibits>', "RRRR"),
        ('<payment type="free"/>', "PPPP"),
        ('<payment type="crawl"/><prohibits type="usage">ai-train</prohibits>', "R$$$"),
        ('<payment type="attribution"/><permits type="usage">ai-train</permits>', "CRRR"),
        ("<permits\ttype='usage'>\n  ai-train\n  search\n</permits>", "PRRP"),
    ],
)
def test_usages(terms: str, expected: str) -> None:
    letters = {"R": RESERVED, "P": PERMITTED, "$": PRICED, "C": CONDITIONAL}
    found = every(licence(terms))
    assert found == dict(zip(("ai-train", "ai-input", "ai-index", "search"), map(letters.get, expected), strict=True))


def test_purposes_and_the_stricter_of_input_and_index() -> None:
    found = signals(licence('<permits type="usage">ai-train ai-input</permits>'))
    assert [(s.purpose, s.polarity, s.ambiguity) for s in found] == [
        (Purpose.TRAIN, PERMITTED, None),
        (Purpose.AI_INPUT, PERMITTED, None),
        (Purpose.AI_INPUT, RESERVED, "ai_index_as_ai_input"),
        (Purpose.SEARCH, RESERVED, None),
    ]
    assert {s.strength for s in found} == {Strength.OFFER}
    assert {s.scope for s in found} == {Scope.PATH}


def test_a_signal_quotes_the_element_and_says_where_it_stands() -> None:
    body = b"\xef\xbb\xbf\n" + licence('\n<prohibits type="usage">ai-all</prohibits>')
    signal = deciding(body)
    assert signal is not None
    assert signal.kind == "rsl.prohibits"
    assert signal.raw == '<prohibits type="usage">ai-all</prohibits>'
    assert signal.span is not None
    assert body[slice(*signal.span)].decode() == signal.raw
    assert (signal.line, signal.evidence) == (3, "rsl-1")
    assert signal.detail["path"] == "/"


@pytest.mark.parametrize(
    ("body", "kind", "raw"),
    [
        (licence('<permits type="usage">all</permits>'), "rsl.permits", '<permits type="usage">all</permits>'),
        (licence('<payment type="use"/>'), "rsl.payment", '<payment type="use"/>'),
        (licence('<payment type="use"></payment>'), "rsl.payment", '<payment type="use"></payment>'),
        (
            licence('<payment type="use"><amount currency="JPY">5</amount></payment>'),
            "rsl.payment",
            '<payment type="use"><amount currency="JPY">5</amount></payment>',
        ),
        (licence('<reporting type="audit"/>'), "rsl.reporting", '<reporting type="audit"/>'),
        (
            licence('<payment type="free"/>'),
            "rsl.licence",
            '<license><payment type="free"/></license>',
        ),
        (
            doc(content("", "/", 'server="https://l.example"')),
            "rsl.no_licence",
            '<content url="/" server="https://l.example"></content>',
        ),
    ],
)
def test_kinds(body: bytes, kind: str, raw: str) -> None:
    signal = deciding(body)
    assert signal is not None
    assert (signal.kind, signal.raw) == (kind, raw)


def test_a_long_element_is_quoted_within_bounds() -> None:
    signal = deciding(licence(f'<prohibits type="usage">ai-all{" " * 5000}</prohibits>'))
    assert signal is not None
    assert len(signal.raw) == 400


# --- payment, token, reporting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        *((f'<payment type="{kind}"/>', PRICED) for kind in ("purchase", "subscription", "training", "crawl", "use")),
        *((f'<payment type="{kind}"/>', CONDITIONAL) for kind in ("attribution", "contribution")),
        ('<payment type="free"/>', PERMITTED),
        ('<payment type="Free"/>', PERMITTED),
        ('<payment type="inference"/>', PRICED),
        ('<payment type="barter"/>', PRICED),
        ("<payment/>", PRICED),
        ('<payment type="free"><standard>https://creativecommons.org/licenses/by/4.0/</standard></payment>', PERMITTED),
        ('<payment type="free"><amount currency="USD">0</amount></payment>', PERMITTED),
        ('<payment type="free"><amount currency="USD">5</amount></payment>', PRICED),
        ('<payment type="free"/><payment type="crawl"/>', PRICED),
        ('<reporting type="telemetry" endpoint="https://r.example"/>', CONDITIONAL),
        ('<legal type="disclaimer">as is</legal><payment type="free"/>', PERMITTED),
    ],
)
def test_payments(payment: str, expected: Polarity) -> None:
    assert train(licence('<permits type="usage">all</permits>' + payment)) is expected


@pytest.mark.parametrize(
    ("amount", "price", "code"),
    [
        ('<amount currency="USD">0.01</amount>', "0.01 USD/crawl", None),
        ('<amount currency=" usd "> 0.01 </amount>', "0.01 USD/crawl", None),
        ('<amount currency="JPY">100</amount>', "100 JPY/crawl", None),
        ('<amount currency="XBT">0.0001</amount>', "0.0001 XBT/crawl", "rsl_0_9"),
        ("<amount>0.01</amount>", "0.01/crawl", "bad_currency"),
        ('<amount currency="$">0.01</amount>', "0.01/crawl", "bad_currency"),
        ('<amount currency="USD">0,01</amount>', None, "bad_amount"),
        ('<amount currency="USD">-1</amount>', None, "bad_amount"),
        ('<amount currency="USD">free</amount>', None, "bad_amount"),
        ('<amount currency="USD">1</amount><amount currency="EUR">1</amount>', "1 USD/crawl", "repeated_element"),
        ("", None, None),
    ],
)
def test_amounts(amount: str, price: str | None, code: str | None) -> None:
    body = licence(f'<payment type="crawl">{amount}</payment>')
    signal = deciding(body)
    assert signal is not None
    assert (signal.polarity, signal.detail.get("price")) == (PRICED, price)
    assert signal.detail["type"] == "crawl"
    if price is None:
        assert signal.detail["amount"] == "unknown"
    assert (lint(body) - {"x"}) == ({code} if code else set())


def test_a_price_of_zero_is_still_told_of_as_a_price() -> None:
    signal = deciding(licence('<payment type="crawl"><amount currency="USD">0.00</amount></payment>'))
    assert signal is not None
    assert (signal.polarity, signal.ambiguity) == (PRICED, "zero_amount")


@pytest.mark.parametrize(
    ("attributes", "inside", "expected", "conditions"),
    [
        ('server="https://l.example"', ALL_FREE, CONDITIONAL, "token"),
        ('server=""', ALL_FREE, CONDITIONAL, "token"),
        ('encrypted="true"', ALL_FREE, CONDITIONAL, "token"),
        ('encrypted="false"', ALL_FREE, PERMITTED, None),
        ('server="https://l.example"', NO_AI, RESERVED, None),
        ('server="https://l.example"', '<license><payment type="use"/></license>', PRICED, "token"),
        (
            'server="https://l.example"',
            '<license><payment type="attribution"/><reporting type="audit"/></license>',
            CONDITIONAL,
            "token attribution reporting",
        ),
    ],
)
def test_a_licence_server_wants_a_token(
    attributes: str, inside: str, expected: Polarity, conditions: str | None
) -> None:
    signal = deciding(doc(content(inside, "/", attributes)))
    assert signal is not None
    assert (signal.polarity, signal.detail.get("conditions")) == (expected, conditions)
    if conditions == "token" and expected is CONDITIONAL:
        assert signal.kind == "rsl.token_required"
    if 'server="h' in attributes:
        assert signal.detail["server"] == "https://l.example"


def test_where_to_ask_is_told() -> None:
    inside = ALL_FREE + '<copyright type="person" contactUrl="https://c.example"/><terms>https://t.example</terms>'
    signal = deciding(doc(content(inside)))
    assert signal is not None
    assert (signal.detail["contact"], signal.detail["terms"]) == ("https://c.example", "https://t.example")


# --- users and countries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "us", "expected", "ambiguity"),
    [
        ('<permits type="user">commercial</permits>', {}, PERMITTED, None),
        ('<permits type="user">non-commercial education</permits>', {}, RESERVED, None),
        ('<permits type="user">education</permits>', {"user_types": ("education",)}, PERMITTED, None),
        ('<permits type="user">education</permits>', {"user_types": ()}, RESERVED, "user_unknown"),
        ('<permits type="user">all</permits>', {}, PERMITTED, None),
        ('<permits type="user"></permits>', {}, RESERVED, None),
        ('<prohibits type="user">commercial</prohibits>', {}, RESERVED, None),
        ('<prohibits type="user">government</prohibits>', {}, PERMITTED, None),
        ('<prohibits type="user">government</prohibits>', {"user_types": ()}, RESERVED, "user_unknown"),
        ('<prohibits type="user">all</prohibits>', {}, RESERVED, None),
        ('<permits type="geo">JP</permits>', {"geo": "JP"}, PERMITTED, None),
        ('<permits type="geo">jp</permits>', {"geo": "jp"}, PERMITTED, None),
        ('<permits type="geo">US EU</permits>', {"geo": "JP"}, RESERVED, None),
        ('<permits type="geo">US EU</permits>', {"geo": "DE"}, PERMITTED, None),
        ('<permits type="geo">US EU</permits>', {}, RESERVED, "geo_unknown"),
        ('<prohibits type="geo">EU</prohibits>', {"geo": "FR"}, RESERVED, None),
        ('<prohibits type="geo">EU</prohibits>', {"geo": "GB"}, PERMITTED, None),
        ('<prohibits type="geo">UK</prohibits>', {"geo": "GB"}, RESERVED, None),
        ('<prohibits type="geo">FR</prohibits>', {"geo": "EU"}, RESERVED, "geo_unknown"),
        ('<prohibits type="geo">FR</prohibits>', {}, RESERVED, "geo_unknown"),
    ],
)
def test_users_and_countries(rule: str, us: dict[str, object], expected: Polarity, ambiguity: str | None) -> None:
    signal = deciding(licence('<permits type="usage">all</permits>' + rule), **us)
    assert signal is not None
    assert (signal.polarity, signal.ambiguity) == (expected, ambiguity)


# --- several licences -----------------------------------------------------------------------------------------------

MEDIUM = doc(
    content(
        '<license><permits type="usage">ai-input ai-index search</permits><payment type="attribution"/></license>'
        '<license><prohibits type="usage">ai-train</prohibits>'
        '<payment type="subscription"><custom>https://help.example/form</custom></payment></license>'
    )
)


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        (ALL_FREE + NO_AI, RESERVED),
        (NO_AI + ALL_FREE, RESERVED),
        (ALL_FREE + '<license><payment type="use"/></license>', PERMITTED),
        ('<license><payment type="use"/></license><license><payment type="attribution"/></license>', CONDITIONAL),
        ('<license><permits type="usage">search</permits></license>' + ALL_FREE, PERMITTED),
        ('<license><permits type="usage">search</permits></license><license><payment type="use"/></license>', PRICED),
        ('<license><payment type="use"/></license>' + NO_AI, RESERVED),
        (
            '<license><permits type="user">non-commercial</permits></license>'
            '<license><permits type="user">commercial</permits><payment type="purchase"/></license>',
            PRICED,
        ),
        ("<license/>", UNSPECIFIED),
        ("<license/><license/>", UNSPECIFIED),
        ("<license/>" + ALL_FREE, PERMITTED),
        ('<license/><license><permits type="usage">search</permits></license>', RESERVED),
    ],
)
def test_licences_of_one_content_are_alternatives(licences: str, expected: Polarity) -> None:
    assert train(doc(content(licences))) is expected


def test_the_pattern_of_medium() -> None:
    assert every(MEDIUM) == {
        "ai-train": RESERVED,
        "ai-input": CONDITIONAL,
        "ai-index": CONDITIONAL,
        "search": CONDITIONAL,
    }
    assert lint(MEDIUM) == set()


def test_each_alternative_is_told_without_a_say() -> None:
    told = [s for s in signals(MEDIUM) if s.kind == "rsl.offer"]
    assert {s.polarity for s in told} == {UNSPECIFIED}
    assert [(s.detail["offer"], s.detail["because"]) for s in told if s.detail["usage"] == "search"] == [
        ("conditional", "rsl.payment"),
        ("priced", "rsl.payment"),
    ]
    assert [s.detail["offer"] for s in told if s.detail["usage"] == "ai-train"] == ["reserved", "reserved"]
    assert told[3].detail["custom"] == "https://help.example/form"


def test_alternatives_are_told_within_bounds() -> None:
    found = signals(doc(content(ALL_FREE * 1000)))
    assert len(found) == 4 * 9


# --- scopes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "target", "matches"),
    [
        ("/", "/any?x", True),
        ("/*", "/any", True),
        ("*", "/any", True),
        ("/a/", "/a/1", True),
        ("/a/", "/a", False),
        ("/A/", "/a/1", False),
        ("/*.jpg$", "/i/a.jpg", True),
        ("*.jpg$", "/i/a.jpg", True),
        ("/*.jpg$", "/i/a.jpg?x", False),
        ("/%7Ea", "/~a", True),
        ("/~a", "/%7Ea", True),
        ("/%e3%81%82", "/%E3%81%82/x", True),
        ("/あ", "/%E3%81%82/x", True),
        ("/a%2Fb", "/a/b", False),
        ("/a%2Ab", "/a*b", True),
        ("/a*b", "/a*b", True),
        ("/a$", "/a", True),
        ("/a$b", "/a$b", True),
        ("/#x", "/", False),
        ("https://news.example/a/", "/a/1", True),
        ("https://news.example/a/*.pdf", "/a/1.pdf", True),
        ("HTTPS://NEWS.example/a/", "/a/1", True),
        ("http://news.example/a/", "/a/1", True),
        ("//news.example/a/", "/a/1", True),
        ("https://news.example", "/a/1", True),
        ("https://news.example*", "/a/1", True),
        ("https://news.example:443/a/", "/a/1", True),
        ("https://news.example:8443/a/", "/a/1", False),
        ("https://*.example/a/", "/a/1", True),
        ("https://*.news.example/a/", "/a/1", False),
        ("https://other.example/a/", "/a/1", False),
        ("https:///a/", "/a/1", False),
        ("https://u:p@news.example/", "/a/1", False),
        ("https://news.example/a/#top", "/a/1", True),
        ("a/", "/a/1", True),
    ],
)
def test_urls(url: str, target: str, matches: bool) -> None:
    assert (train(doc(content(NO_AI, url)), target) is RESERVED) is matches


def test_without_a_base_an_absolute_url_speaks_of_its_path() -> None:
    document = rsl.parse(doc(content(NO_AI, "https://any.example/a/")))
    assert document.match("/a/1") == (0,)
    assert document.match("/b") == ()


@pytest.mark.parametrize(
    ("contents", "target", "expected"),
    [
        ([(ALL_FREE, "/"), (NO_AI, "/articles/")], "/articles/1", RESERVED),
        ([(NO_AI, "/articles/"), (ALL_FREE, "/")], "/articles/1", RESERVED),
        ([(ALL_FREE, "/"), (NO_AI, "/articles/")], "/other", PERMITTED),
        ([(NO_AI, "/"), (ALL_FREE, "/free/")], "/free/1", PERMITTED),
        ([(NO_AI, "/*"), (ALL_FREE, "/free/*")], "/free/1", PERMITTED),
        ([(NO_AI, "/f*e/"), (ALL_FREE, "/f*e/x/")], "/free/x/1", PERMITTED),
        ([(NO_AI, "/"), (ALL_FREE, "/a/"), (NO_AI, "/a/b/"), (ALL_FREE, "/a/b/c$")], "/a/b/c", PERMITTED),
        ([(NO_AI, "/"), (ALL_FREE, "/a/"), (NO_AI, "/a/b/"), (ALL_FREE, "/a/b/c$")], "/a/b/d", RESERVED),
        ([(NO_AI, "/a$"), (ALL_FREE, "/")], "/a", RESERVED),
        # Equal scopes, in whatever spelling, stand side by side.
        ([(NO_AI, "/"), (ALL_FREE, "/")], "/a", RESERVED),
        ([(NO_AI, "/"), (ALL_FREE, "/*")], "/a", RESERVED),
        ([(NO_AI, "*"), (ALL_FREE, "/")], "/a", RESERVED),
        ([(NO_AI, "/~a"), (ALL_FREE, "/%7Ea")], "/~a", RESERVED),
        ([(NO_AI, "https://news.example/a"), (ALL_FREE, "/a**")], "/a", RESERVED),
        ([("", "/"), (ALL_FREE, "/*")], "/a", PERMITTED),
        # Scopes that only overlap: neither is the narrower one.
        ([(NO_AI, "/*.jpg$"), (ALL_FREE, "/longer/path/")], "/longer/path/x.jpg", RESERVED),
        ([(ALL_FREE, "/*.jpg$"), (NO_AI, "/longer/path/")], "/longer/path/x.jpg", RESERVED),
        ([(ALL_FREE, "/*.jpg$"), (NO_AI, "/longer/path/")], "/x.jpg", PERMITTED),
    ],
)
def test_the_narrower_scope_wins_and_equal_scopes_combine(
    contents: list[tuple[str, str]], target: str, expected: Polarity
) -> None:
    assert train(doc(*(content(inside, url) for inside, url in contents)), target) is expected


def test_scopes_that_overlap_are_an_ambiguity() -> None:
    signal = deciding(doc(content(NO_AI, "/*.jpg$"), content(ALL_FREE, "/a/")), "/a/x.jpg")
    assert signal is not None
    assert (signal.polarity, signal.ambiguity) == (RESERVED, "overlapping_scopes")


def test_what_no_content_covers_is_not_spoken_of() -> None:
    document = rsl.parse(doc(content(NO_AI, "/a/")))
    assert document.match("/b") == ()
    assert document.signals(()) == ()


@pytest.mark.parametrize("attributes", ['url=""', 'url=" "', "", 'url="a/"'])
def test_a_doubtful_scope_restricts_and_permits_nothing(attributes: str) -> None:
    permitting = deciding(doc(f"<content {attributes}>{ALL_FREE}</content>"), "/a/1")
    assert permitting is not None
    assert permitting.polarity is UNSPECIFIED
    assert permitting.ambiguity is not None
    assert train(doc(f"<content {attributes}>{NO_AI}</content>"), "/a/1") is RESERVED


# --- what authors got wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "expected"),
    [
        # Seen live, 2026-09-02: the Guardian permits what it prohibits; Stack Overflow has no licence in a content.
        (
            licence('<permits type="usage">ai-train ai-input</permits><prohibits type="usage">all</prohibits>'),
            "contradiction",
            RESERVED,
        ),
        (doc('<content url="/" server="https://l.example"/>'), "no_license", RESERVED),
        # RSL 0.9
        (licence('<permits type="usage">ai-train,search</permits>'), "comma_list", PERMITTED),
        (licence('<prohibits type="usage">search, ai-train</prohibits>'), "comma_list", RESERVED),
        (licence('<payment type="inference"/>'), "rsl_0_9", PRICED),
        # elements
        (doc(content(ALL_FREE + "<licence/>")), "nonconformant", CONDITIONAL),
        (licence('<permits type="usage">all</permits><forbids/>'), "nonconformant", CONDITIONAL),
        (doc("<extra/>", content(ALL_FREE)), "nonconformant", PERMITTED),
        (doc(content('<prohibits type="usage">ai-train</prohibits>')), "misplaced", RESERVED),
        (doc(content(ALL_FREE + '<prohibits type="usage">ai-train</prohibits>')), "misplaced", RESERVED),
        (doc(content(ALL_FREE + '<payment type="use"/>')), "misplaced", CONDITIONAL),
        (doc(content("<license/>")), "empty_license", UNSPECIFIED),
        (doc(content('<license><legal type="warranty">x</legal></license>')), "empty_license", UNSPECIFIED),
        # types and tokens
        (licence("<prohibits>ai-train</prohibits>"), "missing_type", RESERVED),
        (licence('<prohibits type="ai-train"/>'), "token_as_type", RESERVED),
        (licence('<permits type="ai-input"/>'), "token_as_type", RESERVED),
        (licence('<prohibits type="purpose">ai-train</prohibits>'), "unknown_type", CONDITIONAL),
        (licence('<permits type="usage">all</permits><permits type="x">y</permits>'), "unknown_type", CONDITIONAL),
        (licence('<prohibits type="usage">training</prohibits>'), "unknown_token", CONDITIONAL),
        (licence('<prohibits type="usage">my:own</prohibits>'), "no_token", PERMITTED),
        (licence('<permits type="usage">training</permits>'), "unknown_token", RESERVED),
        (licence('<permits type="usage">all training</permits>'), "unknown_token", PERMITTED),
        (licence('<prohibits type="usage">AI-Train</prohibits>'), "letter_case", RESERVED),
        (licence('<prohibits type="usage"/>'), "no_token", PERMITTED),
        (
            licence('<permits type="usage">search</permits><permits type="usage">ai-train</permits>'),
            "repeated_element",
            PERMITTED,
        ),
        (
            licence('<prohibits type="usage">ai-train</prohibits><prohibits type="usage">search</prohibits>'),
            "repeated_element",
            RESERVED,
        ),
        # payment
        (licence('<payment type="barter"/>'), "unknown_payment", PRICED),
        (licence("<payment/>"), "missing_payment_type", PRICED),
        (licence('<payment type="use"/><payment type="free"/>'), "repeated_element", PRICED),
        (
            licence('<payment type="attribution"><amount currency="USD">1</amount></payment>'),
            "free_with_amount",
            PRICED,
        ),
        # scope
        (doc(content(NO_AI, "https://other.example/")), "other_host", None),
        (doc(content(NO_AI, "/" + "a" * 40_000)), "url_too_long", RESERVED),
        (doc(f"<content>{NO_AI}</content>"), "missing_url", RESERVED),
        (doc(content(NO_AI, "")), "empty_url", RESERVED),
        (doc(content(ALL_FREE, "/", 'server=""')), "empty_server", CONDITIONAL),
        # form
        (b"\n <?xml version='1.0'?>" + licence('<payment type="free"/>'), "leading_blank", PERMITTED),
        (b"<?xml version='1.0' encoding='utf-16'?>" + licence('<payment type="free"/>'), "wrong_encoding", PERMITTED),
    ],
)
def test_departures_are_flagged_and_expand_no_rights(body: bytes, code: str, expected: Polarity | None) -> None:
    assert code in lint(body)
    assert train(body) is expected


@pytest.mark.parametrize(
    "body",
    [
        licence('<permits type="usage">all</permits>'),
        MEDIUM,
        b"<?xml version='1.0' encoding='UTF-8'?>\n" + doc(content(ALL_FREE)),
        b'<r:rsl xmlns:r="https://rslstandard.org/rsl"><r:content url="/"><r:license><r:permits type="usage">all'
        b"</r:permits></r:license></r:content></r:rsl>",
        f'<rsl {NS} xmlns:x="urn:x" max-age="7" x:y="z"><x:a><content url="/"/></x:a>{content(ALL_FREE)}</rsl>'.encode(),
        doc(content(ALL_FREE + "<schema/><alternate/><terms>https://t.example</terms>")),
    ],
)
def test_what_is_in_order_has_no_lint(body: bytes) -> None:
    document = rsl.parse(body, base=SITE)
    assert document
    assert document.is_rsl
    assert document.lint == ()
    assert len(document.contents) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "html_not_rsl"),
        (b"<!doctype html><title>x</title><p>a<br>b", "html_not_rsl"),
        (b"<html><head><meta charset=utf-8></head></html>", "html_not_rsl"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><head/></html>", "html_not_rsl"),
        (b"Not found", "not_xml"),
        (b"{}", "not_xml"),
        (b"\x89PNG\r\n\x1a\n", "not_xml"),
        (b"\0\0\0\0", "not_xml"),
        (licence('<prohibits type="usage">all</prohibits>')[:-9], "not_xml"),
        (licence('<prohibits type="usage">all</prohibits>') + b"<a/>", "not_xml"),
        (doc("&nbsp;"), "not_xml"),
        (doc(content(ALL_FREE, "/a?b&c")), "not_xml"),
        (b"<rsl><content url='/'/></rsl>", "wrong_namespace"),
        (b"<rsl xmlns='http://rslstandard.org/rsl'/>", "wrong_namespace"),
        (b"<rsl xmlns='https://rslstandard.org/rsl/'/>", "wrong_namespace"),
        (b"<rsl:rsl><content/></rsl:rsl>", "not_xml"),
        (f"<license {NS}/>".encode(), "wrong_root"),
        (b"<rss version='2.0'/>", "not_rsl"),
        (doc(), "no_content"),
        (b"<!DOCTYPE rsl>" + doc(content(ALL_FREE)), "doctype"),
        (b"<!DOCTYPE rsl SYSTEM 'https://x.example/a.dtd'>" + doc(content(ALL_FREE)), "doctype"),
        (b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rsl>&b;</rsl>', "doctype"),
        (b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><rsl>&a;</rsl>', "doctype"),
        (b"<?xml version='1.0' encoding='x-unknown'?>" + doc(content(ALL_FREE)), "bad_encoding"),
        (b"<?xml version='1.0' encoding='unicode_escape'?>" + doc(content(ALL_FREE)), "bad_encoding"),
        (b"<?xml version='1.0' encoding='shift_jis'?>" + doc(content(ALL_FREE)) + b"\x81", "bad_encoding"),
        (b"\xff\xfe<", "bad_encoding"),
        (doc(content(ALL_FREE, "/a")).replace(b"/a", b"/\xe9"), "not_xml"),
    ],
)
def test_no_valid_document(body: bytes, code: str) -> None:
    document = rsl.parse(body, base=SITE)
    assert not document
    assert document.contents == ()
    assert code in {item.code for item in document.lint}
    assert document.is_rsl is (code == "no_content")
    assert document.match("/a") == ()


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_without_a_declaration(coding: str) -> None:
    body = doc(content(NO_AI, "/あ")).decode().encode(coding)
    assert train(body, "/%E3%81%82") is RESERVED


@pytest.mark.parametrize(
    ("label", "coding"),
    [("Shift_JIS", "cp932"), ("EUC-JP", "euc_jp"), ("ISO-2022-JP", "iso2022_jp"), ("UTF-8", "utf-8")],
)
def test_encodings_by_declaration(label: str, coding: str) -> None:
    body = f"<?xml version='1.0' encoding='{label}'?>\n".encode() + doc(content(NO_AI, "/あ")).decode().encode(coding)
    signal = deciding(body, "/%E3%81%82")
    assert signal is not None
    assert signal.polarity is RESERVED
    assert (signal.span is None) is (coding != "utf-8")
    assert signal.raw == '<prohibits type="usage">ai-all</prohibits>'


@pytest.mark.parametrize(
    ("attribute", "days", "codes"),
    [
        ("", 30, set()),
        ('max-age="7"', 7, set()),
        ('max-age="0"', 0, set()),
        ('max-age="-1"', 30, {"bad_max_age"}),
        ('max-age="7d"', 30, {"bad_max_age"}),
        ('max-age="99999999999999999999"', 30, {"bad_max_age"}),
        ('max-age=""', 30, {"bad_max_age"}),
    ],
)
def test_max_age(attribute: str, days: int, codes: set[str]) -> None:
    document = rsl.parse(f"<rsl {NS} {attribute}>{content(ALL_FREE)}</rsl>".encode())
    assert document.max_age_days == days
    assert {item.code for item in document.lint} == codes


# --- robots.txt -----------------------------------------------------------------------------------------------------


def in_robots(text: str, token: str = "ExampleBot") -> tuple[tuple[RslReference, ...], set[str]]:
    ours, others = robots.parse(text.encode()).extension_lines(token)
    notes: list[Lint] = []
    found = rsl.licence_urls(ours, others=others, base=ROBOTS, lint=notes)
    return found, {item.code for item in notes}


@pytest.mark.parametrize(
    ("text", "expected", "codes"),
    [
        ("License: https://x.example/g.xml\nUser-agent: *\nAllow: /", ["https://x.example/g.xml"], set()),
        (
            "License: https://x.example/1\nLicense: https://x.example/2",
            ["https://x.example/1", "https://x.example/2"],
            set(),
        ),
        ("License: https://x.example/1\nLicense: https://x.example/1", ["https://x.example/1"], set()),
        ("User-agent: *\nAllow: /\nLicense: https://x.example/g", ["https://x.example/g"], set()),
        ("license:https://x.example/g # ours", ["https://x.example/g"], set()),
        # A group's lines replace the global ones, and for its agents only.
        (
            "License: https://x.example/g\nUser-agent: ExampleBot\nLicense: https://x.example/ours\nAllow: /\n",
            ["https://x.example/ours"],
            {"group_license"},
        ),
        (
            "License: https://x.example/g\nUser-agent: OtherBot\nLicense: https://x.example/theirs\nAllow: /\n",
            ["https://x.example/g"],
            set(),
        ),
        (
            "User-agent: ExampleBot\nAllow: /\n\nUser-agent: *\nDisallow: /\nLicense: https://x.example/star",
            ["https://x.example/star"],
            {"license_of_other_group"},
        ),
        (
            "User-agent: GPTBot\nDisallow: /\n\nLicense: https://x.example/end",
            ["https://x.example/end"],
            {"license_of_other_group"},
        ),
        ("License: /license.xml", ["https://news.example/license.xml"], {"relative_license"}),
        ("License: //x.example/l", ["https://x.example/l"], {"relative_license"}),
        ("License: <https://x.example/l>", ["https://x.example/l"], set()),
        ("License: http://x.example/l", ["http://x.example/l"], {"insecure_license"}),
        ("Licence: https://x.example/l", ["https://x.example/l"], {"misspelled_license"}),
        ("License: https://creativecommons.org/licenses/by/4.0/", [], {"not_rsl_license"}),
        ("License: CC BY 4.0", [], {"bad_license_url"}),
        ("License:", [], {"bad_license_url"}),
        ("License: mailto:a@x.example", [], {"bad_license_url"}),
        ("License: https://", [], {"bad_license_url"}),
        ("License: https://u:p@x.example/l", [], {"bad_license_url"}),
        ("Permits: ai-train\nProhibits: all\nCompensation: 1", [], set()),
    ],
)
def test_robots_lines(text: str, expected: list[str], codes: set[str]) -> None:
    found, noted = in_robots(text)
    assert [reference.url.href for reference in found if reference.url] == expected
    assert noted == codes
    assert {(reference.where, reference.scope) for reference in found} <= {("robots", Scope.PATH)}


def test_a_line_of_robots_says_where_it_stands() -> None:
    (found,), _ = in_robots("# a\nLicense: https://x.example/l\nUser-agent: *\nAllow: /")
    assert (found.line, found.raw, found.ambiguity) == (2, "License: https://x.example/l", None)


def test_the_licence_of_another_group_restricts_and_permits_nothing() -> None:
    (reference,), _ = in_robots("User-agent: GPTBot\nDisallow: /\nLicense: https://x.example/end")
    assert reference.ambiguity == "license_of_other_group"
    for inside, expected in ((ALL_FREE, UNSPECIFIED), (NO_AI, RESERVED)):
        document = rsl.parse(doc(content(inside)), base=SITE, reference=reference)
        signal = document.signals(document.match("/a"))[0]
        assert (signal.polarity, signal.ambiguity) == (expected, "license_of_other_group")
        assert signal.detail["licence"] == "https://x.example/end"


def test_references_are_bounded() -> None:
    found, noted = in_robots("\n".join(f"License: https://x.example/{n}" for n in range(50)))
    assert len(found) == 8
    assert noted == {"too_many_licenses"}


# --- headers and pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected", "codes"),
    [
        (['<https://x.example/l>; rel="license"; type="application/rsl+xml"'], ["https://x.example/l"], set()),
        (["<https://x.example/l>;rel=license;type=application/rsl+xml"], ["https://x.example/l"], set()),
        (["<https://x.example/l> ; REL=License ; Type=Application/RSL+XML"], ["https://x.example/l"], set()),
        (['<https://x.example/l>; rel="nofollow license"; type="application/rsl+xml; v=1"'], ["https://x.example/l"], set()),
        (['<https://x.example/l,m>; title="a, <b>"; rel=license; type="application/rsl+xml"'], ["https://x.example/l,m"], set()),
        (
            ["</s.css>; rel=preload, <https://x.example/1>; rel=license; type=application/rsl+xml, <https://x.example/2>; rel=license"],
            ["https://x.example/1"],
            set(),
        ),
        (["</s.css>; rel=preload", "</l.xml>; rel=license; type=application/rsl+xml"], ["https://news.example/l.xml"], {"relative_license"}),
        (['<https://creativecommons.org/licenses/by/4.0/>; rel="license"'], [], set()),
        (["<https://x.example/l>; rel=license; type=text/html"], [], set()),
        (["<https://x.example/l>; rel=licensed; type=application/rsl+xml"], [], set()),
        (["<https://x.example/l>; rel=alternate; rel=license; type=application/rsl+xml"], [], set()),
        (["<>; rel=license; type=application/rsl+xml"], [], {"bad_license_url"}),
        (["https://x.example/l; rel=license; type=application/rsl+xml"], [], set()),
        (["<https://x.example/l; rel=license; type=application/rsl+xml"], [], set()),
        (['<https://x.example/l>; rel="license; type=application/rsl+xml'], [], set()),
    ],
)  # fmt: skip
def test_link_headers(values: list[str], expected: list[str], codes: set[str]) -> None:
    notes: list[Lint] = []
    found = rsl.from_link_header(Headers([("Link", value) for value in values]), base=PAGE, lint=notes)
    assert [reference.url.href for reference in found if reference.url] == expected
    assert {item.code for item in notes} == codes
    assert {(reference.where, reference.scope) for reference in found} <= {("header", Scope.RESPONSE)}


def in_page(markup: str) -> tuple[tuple[RslReference, ...], set[str]]:
    notes: list[Lint] = []
    return rsl.from_page(page_head.scan(markup.encode()), base=PAGE, lint=notes), {item.code for item in notes}


@pytest.mark.parametrize(
    ("markup", "expected", "scope"),
    [
        ('<link rel="license" type="application/rsl+xml" href="https://x.example/l">', "https://x.example/l", Scope.RESPONSE),
        ('<link rel="x license" type="application/rsl+xml" href="/l.xml">', "https://news.example/l.xml", Scope.RESPONSE),
        ('<body><div><link rel="license" type="application/rsl+xml" href="https://x.example/l">', "https://x.example/l", Scope.ELEMENT),
        ('<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">', None, None),
        ('<link rel="license" type="text/html" href="https://x.example/l">', None, None),
        ('<link rel="alternate" type="application/rsl+xml" href="https://x.example/l">', None, None),
        ('<link rel="license" type="application/rsl+xml">', None, None),
        ('<!-- <link rel="license" type="application/rsl+xml" href="https://x.example/l"> -->', None, None),
    ],
)  # fmt: skip
def test_links_of_a_page(markup: str, expected: str | None, scope: Scope | None) -> None:
    found, _ = in_page(markup)
    assert [(r.url.href, r.scope) for r in found if r.url] == ([(expected, scope)] if expected else [])


def test_an_inline_document_speaks_of_its_page() -> None:
    body = doc(content(NO_AI, "")).decode()
    (reference,), _ = in_page(f'<head><script type="application/rsl+xml">\n{body}\n</script></head>')
    assert (reference.url, reference.where, reference.scope) == (None, "inline", Scope.RESPONSE)
    document = rsl.parse(reference.body, base=PAGE, evidence="page-1", reference=reference)
    assert document.lint == ()
    signal = document.signals(document.match(PAGE.target))[0]
    assert (signal.polarity, signal.scope, signal.ambiguity) == (RESERVED, Scope.RESPONSE, None)
    assert (signal.span, signal.line) == (None, None)
    assert signal.raw.startswith("<prohibits")


def test_an_inline_document_has_one_content() -> None:
    (reference,), _ = in_page(
        f'<script type="application/rsl+xml">{doc(content(ALL_FREE), content(NO_AI)).decode()}</script>'
    )
    document = rsl.parse(reference.body, base=PAGE, reference=reference)
    assert {item.code for item in document.lint} == {"inline_contents"}
    assert document.signals(document.match("/a/1"))[0].polarity is RESERVED


def test_a_linked_document_may_permit_by_an_empty_url() -> None:
    (reference,), _ = in_page('<link rel="license" type="application/rsl+xml" href="https://x.example/l">')
    document = rsl.parse(doc(content(ALL_FREE, "")), base=PAGE, reference=reference)
    assert document.signals(document.match("/a/1"))[0].polarity is PERMITTED


def test_a_licence_that_cannot_be_had_reserves_training() -> None:
    (reference,), _ = in_robots("User-agent: *\nAllow: /\nLicense: https://x.example/l")
    signal = rsl.unobtainable(reference, evidence="robots-1", reason="HTTP 404")
    assert (signal.kind, signal.purpose, signal.polarity) == ("rsl.unobtainable", Purpose.TRAIN, RESERVED)
    assert (signal.strength, signal.scope, signal.line) == (Strength.OFFER, Scope.PATH, 3)
    assert signal.ambiguity == "licence_unobtainable"
    assert signal.raw == "License: https://x.example/l"
    assert signal.detail == {
        "usage": "ai-train",
        "where": "robots",
        "reason": "HTTP 404",
        "licence": "https://x.example/l",
    }


def test_a_licence_of_the_page_stands_before_that_of_the_site() -> None:
    (in_head,), _ = in_page('<link rel="license" type="application/rsl+xml" href="https://x.example/1">')
    (in_body,), _ = in_page('<body><link rel="license" type="application/rsl+xml" href="https://x.example/2">')
    (of_site,), _ = in_robots("License: https://x.example/3")
    page, element, site = (rsl.unobtainable(reference) for reference in (in_head, in_body, of_site))
    assert rsl.combine((site,), (page,)) == (page,)
    assert rsl.combine((site,), (element,)) == (site, element)
    assert rsl.combine((site,), (page, element)) == (page, element)
    assert rsl.combine((site,), ()) == (site,)


# --- hostile bytes --------------------------------------------------------------------------------------------------

_MARKUP = st.sampled_from(
    [
        f"<rsl {NS}>",
        "<rsl>",
        "</rsl>",
        '<content url="/">',
        '<content url="">',
        "</content>",
        "<license>",
        "</license>",
        "<license/>",
        '<permits type="usage">',
        "</permits>",
        '<prohibits type="geo">ai-train,JP</prohibits>',
        '<payment type="x"><amount>',
        "</amount></payment>",
        "<a xmlns='urn:x'>",
        "</a>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version='1.0' encoding='shift_jis'?>",
        "<!DOCTYPE a [",
        "&amp;",
        "&#xD800;",
        "&#0;",
        "\0",
        "\ufeff",
        "all ",
    ]
)


def exercise(body: bytes) -> RslDocument:
    document = rsl.parse(body, base=SITE, evidence="e")
    document.signals(document.match("/a"))
    document.signals(document.match("/\udcff%"), user_types=(), geo="EU")
    return document


@given(st.binary(max_size=200))
def test_any_bytes_are_read(body: bytes) -> None:
    exercise(body)


@given(st.lists(st.one_of(_MARKUP, st.text(max_size=8)), max_size=30).map("".join), st.booleans())
def test_any_markup_is_read(text: str, inside: bool) -> None:
    body = text.encode("utf-8", "replace")
    exercise(doc(content(text)) if inside else body)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["permits", "prohibits", "payment", "reporting", "legal", "x"]),
            st.sampled_from(["usage", "user", "geo", "free", "use", "crawl", ""]),
            st.text("abcdeAIJP-, 0.9:", max_size=12),
        ),
        max_size=6,
    ),
    st.text("/*$%ab2A.:あ", max_size=12),
    st.text("/ab%2A*$", max_size=12),
)
def test_any_terms_are_read(terms: list[tuple[str, str, str]], url: str, target: str) -> None:
    inside = "".join(f'<{name} type="{kind}">{text}</{name}>' for name, kind, text in terms)
    document = rsl.parse(doc(content(f"<license>{inside}</license>", url), content(ALL_FREE)), base=SITE)
    assert document.is_rsl
    for signal in document.signals(document.match("/" + target)):
        assert signal.kind.startswith("rsl.")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_association_is_read(value: str, parameter: str) -> None:
    rsl.from_link_header(Headers([("link", value), ("link", f"<{value}>; rel=license; {parameter}")]), base=PAGE)
    in_robots(f"License: {value}")
    in_page(f"<link rel=license type='application/rsl+xml' href='{value}'>")


def test_bounds_are_told() -> None:
    deep = b"<a>" * 80_000
    for body, code in [
        (f"<rsl {NS}>".encode() + deep, "too_deep"),
        (f"<rsl {NS}>".encode() + b"<a xmlns=''>" * 1000, "too_deep"),
        (deep * 2, "too_long"),
        (doc("<a/>" * 10_000), "too_many_elements"),
        (doc("<a/>" * 1_000_000), "too_long"),
        (doc(*(content(NO_AI, f"/*a{n}b") for n in range(129))), "too_many_patterns"),
    ]:
        document = rsl.parse(body)
        assert not document
        assert code in {item.code for item in document.lint}


# How to make a document of some shape and size; four times the size stays within the bounds.
def _attributes(n: int) -> bytes:
    return f"<rsl {NS} ".encode() + b" ".join(b"a%06d=''" % i for i in range(n)) + b"/>"


def _namespaces(n: int) -> bytes:
    return f"<rsl {NS} ".encode() + b" ".join(b"xmlns:a%06d='u%06d'" % (i, i) for i in range(n)) + b"/>"


SHAPES: dict[str, tuple[Callable[[int], bytes], int]] = {
    "contents": (lambda n: doc(content("") * n), 500),
    "licences": (lambda n: doc(content(ALL_FREE * n)), 500),
    "licence pairs": (lambda n: doc(*(content(ALL_FREE, f"/{'a' * (i % 50)}") for i in range(n))), 300),
    "patterns": (lambda n: doc(*(content(ALL_FREE, f"/*a{'*a' * i}b") for i in range(n))), 30),
    "tokens": (lambda n: licence(f'<prohibits type="usage">{"xy " * n}</prohibits>'), 15_000),
    "token rules": (lambda n: licence('<prohibits type="usage">x</prohibits>' * n), 500),
    "attributes": (_attributes, 4_000),
    "namespaces": (_namespaces, 2_000),
    "value": (lambda n: doc(content(ALL_FREE, "/" + "a" * n)), 60_000),
    "stars": (lambda n: doc(content(ALL_FREE, "/" + "*a" * n + "b")), 4_000),
    "text": (lambda n: licence("&lt;" * n), 15_000),
    "comments": (lambda n: doc("<!---->" * n), 8_000),
    "entities": (lambda n: b"<!DOCTYPE a [" + b'<!ENTITY a "aaaa">' * n + b"]><a/>", 3_000),
    "declaration": (lambda n: b"<?xml " + b"encoding= " * n, 6_000),
    "deep": (lambda n: f"<rsl {NS}>".encode() + b"<a>" * n, 20_000),
    "open": (lambda n: f"<rsl {NS}>".encode() + b"<a " * n, 20_000),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_is_linear(shape: str) -> None:
    make, n = SHAPES[shape]
    assert len(make(4 * n)) <= rsl.MAX_BYTES
    assert_linear(make, exercise, 2 * n)


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_is_bounded(shape: str) -> None:
    make, n = SHAPES[shape]
    body = make(4 * n)
    tracemalloc.start()
    try:
        exercise(body)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", ["<" * 4_000, '<a>;"' + "\\" * 4_000, "<a>" + "; a" * 2_000, "<a>;" + " " * 4_000])
def test_link_headers_take_linear_time(value: str) -> None:
    assert_linear(
        lambda times: Headers([("link", value * times)]), lambda headers: rsl.from_link_header(headers, base=PAGE), 2
    )
