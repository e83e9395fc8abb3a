"""Microdata and RDFa become nodes like those of JSON-LD."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.signals import microdata
from crawlgate.signals.elements import MAX_TAGS, walk
from crawlgate.signals.microdata import nodes


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (
            "<div itemscope itemtype='https://schema.org/Dataset'><h1 itemprop=name>Port <b>statistics</b></h1>"
            "<div itemprop=offers itemscope itemtype=http://schema.org/Offer><span itemprop=price content=500>¥500</span>"
            "<meta itemprop=priceCurrency content=JPY></div><a itemprop='contentUrl url' href=/d.csv>data</a></div>",
            {
                "@type": ["Dataset"],
                "name": "Port statistics",
                "offers": {"@type": ["Offer"], "price": "500", "priceCurrency": "JPY"},
                "contentUrl": "/d.csv",
                "url": "/d.csv",
            },
        ),
        (
            "<div vocab='https://schema.org/' typeof=Dataset resource=#d><span property=name>x</span>"
            "<div property=offers typeof=Offer><span property=price>0</span></div></div>",
            {"@type": ["Dataset"], "@id": "#d", "name": "x", "offers": {"@type": ["Offer"], "price": "0"}},
        ),
        (
            "<div prefix='d: http://www.w3.org/ns/dcat# t: http://purl.org/dc/terms/' typeof=d:Dataset>"
            "<a rel=t:accessRights href=http://publications.europa.eu/resource/authority/access-right/RESTRICTED>r</a></div>",
            {
                "@type": ["dcat:Dataset"],
                "dct:accessRights": "http://publications.europa.eu/resource/authority/access-right/RESTRICTED",
            },
        ),
        (
            "<p itemscope itemtype=http://schema.org/X><time itemprop=when datetime=2026>now</time>"
            "<data itemprop=n value=7>seven</data><img itemprop=n src=/i.png>",
            {"@type": ["X"], "when": "2026", "n": ["7", "/i.png"]},
        ),
        ("<p itemscope><b itemprop=a>&#x5186; &amp;", {"@type": [], "a": "円 &"}),
    ],
)
def test_items(markup: str, expected: dict[str, Any]) -> None:
    assert nodes(markup.encode()) == [expected]


@pytest.mark.parametrize(
    "markup",
    [
        "<meta property='article:content_tier' content=locked>",
        "<p itemprop=name>nobody's</p>",
        "<!-- <p itemscope itemtype=https://schema.org/Dataset> -->",
        "<script>'<p itemscope>'</script>",
        "<template><p itemscope></p></template>",
        "",
    ],
)
def test_what_belongs_to_no_item_is_none(markup: str) -> None:
    assert nodes(markup.encode()) == []


def test_an_item_ends_with_its_element() -> None:
    first, second = nodes(
        b"<p itemscope itemtype=A></p><b itemprop=x>1</b><p itemscope itemtype=B><b itemprop=x>2</b></p>"
    )
    assert (first, second) == ({"@type": ["A"]}, {"@type": ["B"], "x": "2"})


@pytest.mark.fuzz
@given(
    st.lists(
        st.sampled_from(
            [
                b"<p itemscope>",
                b"</p>",
                b"<b itemprop=a>",
                b"</b>",
                b"x",
                b"<i typeof=T vocab=v>",
                b"<br itemprop=c>",
                b"</i>",
                b"<",
            ]
        )
    )
)
def test_any_nesting_is_read(parts: list[bytes]) -> None:
    data = b"".join(parts)
    nodes(data)
    depth = 0
    for event in walk(data):
        assert event.depth >= 0
        depth += (event.token is not None) - event.closes
    assert depth == 0


@pytest.mark.parametrize(
    "unit", [b"<p itemscope>", b"<p itemscope></p>", b"<b itemprop=a>x", b"<i typeof=a vocab=http://x/ prefix='a: b'>"]
)
def test_work_is_bounded(unit: bytes) -> None:
    data = b"<div itemscope>" + unit * (MAX_TAGS + 1_000)
    assert len(str(nodes(data)[0])) < 40 * microdata.MAX_ITEMS * 40
