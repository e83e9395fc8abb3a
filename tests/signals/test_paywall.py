"""Paywall marks: schema.org isAccessibleForFree and Open Graph content_tier."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import paywall


def read(*blocks: Any, meta: tuple[tuple[str, str], ...] = ()) -> tuple[Signal, ...]:
    return paywall.read(blocks, meta, evidence="e1")


PART = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".paywall"}


def test_article_with_a_paid_part() -> None:
    (signal,) = read({"@type": "NewsArticle", "isAccessibleForFree": False, "hasPart": PART})
    assert signal.kind == "paywall.marker"
    assert (signal.purpose, signal.polarity) == (Purpose.ACCESS, Polarity.CONDITIONAL)
    assert (signal.strength, signal.scope) == (Strength.OFFER, Scope.RESPONSE)
    assert signal.detail == {"type": "NewsArticle", "selector": ".paywall"}
    assert signal.raw.startswith('{"@type": "NewsArticle"')
    assert signal.evidence == "e1"


@pytest.mark.parametrize(
    ("block", "selector"),
    [
        ({"@type": "Article", "isAccessibleForFree": "False"}, None),
        ({"@type": ["Thing", "BlogPosting"], "isAccessibleForFree": "false"}, None),
        ({"@type": "schema:NewsArticle", "schema:isAccessibleForFree": False}, None),
        ({"@graph": [{"@type": "CreativeWork", "isAccessibleForFree": False}]}, None),
        ({"@type": "ReportageNewsArticle", "isAccessibleForFree": False}, None),
        ({"@type": "WebPage", "isAccessibleForFree": False, "hasPart": [PART, PART]}, ".paywall"),
        (
            {"@type": "Article", "isAccessibleForFree": False, "hasPart": [PART, PART | {"cssSelector": "#b"}]},
            ".paywall, #b",
        ),
        (
            {"@type": "Article", "isAccessibleForFree": False, "hasPart": PART | {"cssSelector": [".a", ".b"]}},
            ".a, .b",
        ),
        (b'<!-- {"@type": "NewsArticle", "isAccessibleForFree": "False",} -->', None),
    ],
)
def test_marks(block: object, selector: str | None) -> None:
    (signal,) = read(block)
    assert signal.detail.get("selector") == selector


@pytest.mark.parametrize("free", [{}, {"isAccessibleForFree": True}])
def test_only_a_part_is_marked(free: dict[str, object]) -> None:
    (signal,) = read({"@type": "NewsArticle", "hasPart": PART} | free)
    assert signal.scope is Scope.ELEMENT


@pytest.mark.parametrize(
    "block",
    [
        {"@type": "NewsArticle"},
        {"@type": "NewsArticle", "isAccessibleForFree": True},
        {"@type": "NewsArticle", "isAccessibleForFree": "unknown"},
        {"@type": "NewsArticle", "hasPart": {"@type": "WebPageElement", "isAccessibleForFree": True}},
        {"@type": "Museum", "isAccessibleForFree": False},
        {"@type": "Event", "isAccessibleForFree": False},
        {"@type": "Dataset", "isAccessibleForFree": False},
        {"@type": "Product", "isAccessibleForFree": False},
        {"isAccessibleForFree": False},
        PART,
        b"{broken",
        None,
    ],
)
def test_no_marks(block: object) -> None:
    assert read(block) == ()


@pytest.mark.parametrize(
    ("name", "content", "tier"),
    [
        ("article:content_tier", "locked", "locked"),
        ("article:content_tier", "metered", "metered"),
        ("Article:Content_Tier", " LOCKED ", "locked"),
        ("og:article:content_tier", "locked", "locked"),
        ("article:content_tier", "premium", "metered"),
        ("article:content_tier", "free", None),
        ("article:content_tier", "", None),
        ("article:section", "locked", None),
        ("content_tier", "locked", None),
    ],
)
def test_content_tier(name: str, content: str, tier: str | None) -> None:
    signals = read(meta=((name, content),))
    assert [signal.detail["tier"] for signal in signals] == ([tier] if tier else [])
    for signal in signals:
        assert (signal.ambiguity is None) is (content.strip().lower() in ("locked", "metered"))


def test_marks_are_bounded() -> None:
    assert len(read([{"@type": "Article", "isAccessibleForFree": False}] * 5000)) == paywall.MAX_MARKS


KEYS = st.sampled_from(["@type", "@id", "@graph", "isAccessibleForFree", "hasPart", "cssSelector"])
LEAVES = st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["Article", "WebPage", "false", ".a"])
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(JSON, st.lists(st.tuples(st.sampled_from(["article:content_tier", "x"]), st.text(max_size=9))))
def test_never_raises(value: object, meta: list[tuple[str, str]]) -> None:
    paywall.read([value], meta)
