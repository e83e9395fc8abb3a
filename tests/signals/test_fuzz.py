"""No reader raises, whatever the bytes are: all of them on noise, and on noise made of their own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.model import Signal
from crawlgate.signals import (
    c2pa,
    challenge,
    epub,
    feed,
    gated,
    kinds,
    login_page,
    microdata,
    page_head,
    paywall_text,
    response,
    rsl,
    tdm_policy,
    tdmrep,
    wording,
    xmp,
)
from crawlgate.signals.jsonld import Graph
from crawlgate.signals.reading import Reading

pytestmark = pytest.mark.fuzz

URL = urls.parse("https://site.example/a/b?c=d")
KINDS = kinds.load()

# Words of the protocols, which noise alone would never hit.
WORDS = ["<html>", "<head>", "</head>", "<body>", "<p>", "</p>", "<div", "itemscope", 'itemtype="https://schema.org/Dataset">', "<b", 'itemprop="price">', "</b>", "<meta", 'name="robots"', 'content="noai,', "otherbot:", 'noml">', "<meta", "name=tdm-reservation", "content=1>", "<meta", 'name="tdm-policy"', 'content="/p">', "<link", "rel=license", "type=application/rsl+xml", "href=/l.xml>", "<script", 'type="application/ld+json">', "<script", "type=application/rsl+xml>", "</script>", "<!--", "-->", "<template>", "<input", "type=password", "name=p>", "<form", "action=/login>", "<title>Login</title>", "<span", "property=name", "typeof=A>", '{"@type":"Dataset","offers":{"price":', '"0"', '"5"', "}}", "[", "]", ",", ":", '"permission"', '"odrl:duty"', '{"action":"compensate"}', '"@context"', '"http://x/"', "<rsl", 'xmlns="https://rslstandard.org/rsl">', "<content", 'url="/">', "<license>", "<permits", 'type="usage">', "<prohibits>", "all", "ai-train", "</rsl>", "<payment", 'type="crawl">', "<amount", 'currency="USD">', "</amount>", "<rss", 'xmlns:rsl="https://rslstandard.org/rsl">', "<rsl:content>", "<item>", "<x:xmpmeta", 'xmlns:x="adobe:ns:meta/">', 'plus:DataMining="DMI-PROHIBITED"', "DMI-ALLOWED", "<tdm:reservation>1</tdm:reservation>", "<package>", "<meta", 'property="tdm:reservation">', "<?xml", 'version="1.0"?>', "<!DOCTYPE", "a", "[<!ENTITY", "b", '"c">]>', "&b;", "&#x110000;", "&#99999999999;", "AI学習禁止", "情報解析", "できません", "残り1200文字", "この記事は有料会員限定です", "You", "may", "not", "train", "scraping", "is", "prohibited", "_cf_chl_opt", "captcha-delivery.com/captcha", "g-recaptcha", "robot", "無断", "---", "gated:", "auto", "extra_gated_prompt:", '"gated":', "true", '[{"location":"/","tdm-reservation":1}]', "PK\x03\x04", "\x89PNG", "\x1a", "ÿØÿá", "jumb", "cbor", "c2pa.training-mining", "\x00", "ÿ"]  # fmt: skip
BYTES = st.binary(max_size=60) | st.lists(
    st.sampled_from([word.encode() for word in WORDS]) | st.binary(max_size=6), max_size=24
).map(b" ".join)

READERS: dict[str, Callable[[bytes], Any]] = {
    "page": lambda b: _body(200, "text/html", b),
    "page of no type": lambda b: _body(200, "", b),
    "xml": lambda b: _body(200, "application/xml", b),
    "json": lambda b: _body(200, "application/ld+json", b),
    "markdown": lambda b: _body(200, "text/markdown", b),
    "file": lambda b: _body(206, "application/octet-stream", b),
    "refusal": lambda b: [_body(status, "application/rsl+xml", b) for status in (302, 401, 402, 403, 451, 503)],
    "page head": page_head.scan,
    "microdata": lambda b: Graph(microdata.nodes(b)),
    "login page": lambda b: login_page.read(b, url="https://site.example/login"),
    "challenge": lambda b: challenge.read(403, Headers(), b),
    "rsl": lambda b: rsl.parse(b, base=URL).signals((0,)) if rsl.parse(b, base=URL) else None,
    "feed": feed.read,
    "tdmrep": lambda b: tdmrep.parse_file(b, base=URL).all_signals(),
    "policy": lambda b: tdm_policy.parse(b),
    "xmp": xmp.read,
    "c2pa": c2pa.read,
    "epub": epub.read,
    "card": gated.read_card,
    "interface": gated.read_json,
    "wording": lambda b: wording.read(b.decode("utf-8", "replace")),
    "paywall words": lambda b: paywall_text.words(b.decode("utf-8", "replace")),
}


def _body(status: int, media_type: str, body: bytes) -> Reading:
    headers = Headers({"content-type": media_type} if media_type else {})
    before = response.read_headers(status, headers, url=URL, token="ExampleBot")
    found = response.read_body(status, headers, body, before, url=URL, token="ExampleBot", whole=True)
    found = response.with_documents(found, {url.href: None for url, _ in response.named(found)}, url=URL)
    for signal in (*found.signals, *tdmrep.combine((), found.tdm_header, found.tdm_meta, policies=found.policies)):
        _check(signal)
    return found


def _check(signal: Signal) -> None:
    """A statement is of a kind that is described, and quotes within bounds."""
    kind = KINDS[signal.kind]
    assert signal.strength in kind.strength
    assert signal.polarity in kind.says
    assert signal.purpose in kind.about
    assert len(signal.raw) <= 1_000
    json.dumps(dict(signal.detail))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=BYTES)
def test_no_body_raises(name: str, body: bytes) -> None:
    READERS[name](body)


HEADERS = [
    "x-robots-tag",
    "robots-tag",
    "tdm-reservation",
    "tdm-policy",
    "link",
    "www-authenticate",
    "location",
    "content-type",
]
HEADERS += [
    "crawler-price",
    "crawler-error",
    "payment-required",
    "content-usage",
    "content-signal",
    "x-error-code",
    "cf-mitigated",
]
VALUES = st.text(max_size=20) | st.lists(
    st.sampled_from(
        [
            "noai",
            "ours:",
            ",",
            ";",
            "=",
            '"',
            "<",
            ">",
            "1",
            "License error=",
            "rel=license",
            "type=application/rsl+xml",
            "/login",
            "https://tollbit.x/",
            "USD 1",
            "e30=",
            "train-ai=n",
            "\\",
        ]
    )
    | st.text(max_size=3),
    max_size=8,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(
    status=st.sampled_from([200, 206, 302, 400, 401, 402, 403, 407, 429, 451, 503]),
    pairs=st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=5),
)
def test_no_headers_raise(status: int, pairs: list[tuple[str, str]]) -> None:
    found = response.read_headers(status, Headers(pairs), url=URL, token="ExampleBot")
    for signal in (*found.signals, *tdmrep.combine((), found.tdm_header, ())):
        _check(signal)
    response.named(found)
