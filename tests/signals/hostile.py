"""Hostile input for every reader, as one table. `python -m tests.signals.hostile` prints what each case costs."""

from __future__ import annotations

import base64
import gc
import hashlib
import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawlgate import url as urls
from crawlgate.flow import Survey
from crawlgate.headers import Headers
from crawlgate.model import Evidence, EvidenceKind
from crawlgate.signals import (
    agents,
    ai_txt,
    c2pa,
    page_head,
    payment,
    response,
    robots,
    rsl,
    tdm_policy,
    tdmrep,
    trust_txt,
    xmp,
)
from crawlgate.signals.response import Reading
from crawlgate.signals.robots_standing import Standing
from crawlgate.site import Site

URL = urls.parse("https://site.example/" + "a" * 900 + "?u=" + "https://x/" * 9)


@dataclass(frozen=True, slots=True)
class Case:
    """`make(size)` is the input, `read` the reader; the doubling test begins at `size // part`."""

    name: str
    make: Callable[[int], Any]
    read: Callable[[Any], object]
    size: int
    part: int = 8


# --- robots.txt --------------------------------------------------------------------------------------------


def _site(body: bytes) -> None:
    """From bytes to the statements about one URL, for our token and for every agent that is known."""
    evidence = Evidence(
        id="robots",
        kind=EvidenceKind.ROBOTS,
        url="https://site.example/robots.txt",
        final_url="https://site.example/robots.txt",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        status=200,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
    )
    survey = Survey(
        origin=URL.origin,
        robots=evidence,
        standing=Standing.READ,
        reason="",
        file=robots.parse(body),
        tdmrep=None,
        not_looked={},
    )
    site = Site(survey, "ExampleBot", agents.load())
    answer = site.answer(URL)
    assert site.signals(answer, URL) is not None
    assert site.lint is not None
    site.elsewhere(answer)


def _lines(*parts: tuple[str, int]) -> bytes:
    return "".join("".join(f"{text}\n".replace("#", str(n)) for n in range(count)) for text, count in parts).encode()


_CATALOGUE = [agent.token for agent in agents.load()]


def _many_sets(n: int) -> bytes:
    """One large group for every known agent, and a small one for each, so that no two have the same rules."""
    everybody = "".join(f"User-agent: {token}\n" for token in _CATALOGUE)
    each = "".join(f"User-agent: {token}\nDisallow: /{number}\n" for number, token in enumerate(_CATALOGUE))
    return everybody.encode() + _lines(("Disallow: /abc/#", n)) + each.encode()


ROBOTS = [
    Case("4,000 agents by 4,000 rules", lambda n: _lines(("User-agent: bot#", n), ("Disallow: /x#", n)), _site, 4_000),
    Case("28,000 agents", lambda n: _lines(("User-agent: b#", n)) + b"Disallow: /\n", _site, 28_000),
    Case(
        "agents by usage lines",
        lambda n: _lines(("User-agent: bot#", n), ("Content-Usage: /x#* train-ai=n", n)),
        _site,
        4_000,
    ),
    Case("agents by other lines", lambda n: _lines(("User-agent: bot#", n), ("Foo#: x", n)), _site, 4_000),
    Case("one star rule, many times", lambda n: b"User-agent: *\n" + b"Disallow: /*a*a*a*b\n" * n, _site, 5_000),
    Case("star rules", lambda n: b"User-agent: *\n" + _lines(("Disallow: /*a*a*a*b#", n)), _site, 5_000),
    Case("a rule of stars", lambda n: b"User-agent: *\nDisallow: /" + b"*a" * n + b"b\n", _site, 8_000),
    Case("one line", lambda n: b"User-agent: *\nDisallow: /" + b"a" * n, _site, 500_000),
    Case("one line without a key", lambda n: b"x" * n, _site, 500_000),
    Case("one comment", lambda n: b"User-agent: *\n#" + b":" * n, _site, 500_000),
    Case("one list of agents", lambda n: b"User-agent: " + b"ab, " * (n // 4) + b"\nDisallow: /", _site, 500_000),
    Case("one line of agents", lambda n: b"User-agent: " + b"ab " * (n // 3) + b"\nDisallow: /", _site, 500_000),
    Case("one name with stars", lambda n: b"User-agent: " + b"*a" * (n // 2) + b"\nDisallow: /", _site, 500_000),
    Case("names with stars", lambda n: _lines(("User-agent: *#*x*", n)) + b"Disallow: /", _site, 10_000),
    Case("one agent, many groups", lambda n: _lines(("User-agent: bot\nDisallow: /#", n)), _site, 10_000),
    Case(
        "many groups of ours",
        lambda n: _lines(("User-agent: ExampleBot\nUser-agent: x#\nDisallow: /#", n)),
        _site,
        5_000,
    ),
    Case(
        "groups with usage between",
        lambda n: _lines(("User-agent: b#\nContent-Usage: train-ai=n\nUser-agent: c#\nAllow: /#", n)),
        _site,
        4_000,
    ),
    Case("no two agents alike", _many_sets, _site, 4_000),
    Case(
        "rules of all lengths",
        lambda n: b"User-agent: *\n" + b"".join(b"Disallow: /" + b"a" * k + b"\n" for k in range(n)),
        _site,
        600,
    ),
    Case("mistakes", lambda n: b"User-agent: *\n" + b"Disallow: a\n" * n, _site, 10_000),
    Case("escapes", lambda n: b"User-agent: *\nDisallow: /?" + b"%2f" * n, _site, 5_000),
    Case("licences", lambda n: _lines(("License: https://x.example/#.xml", n)), _site, 5_000),
    Case(
        "usage lines",
        lambda n: b"User-agent: *\n" + _lines(("Content-Signal: /a*# ai-train=no, search=yes", n)),
        _site,
        3_000,
    ),
    Case("one usage line", lambda n: b"User-agent: *\nContent-Usage: " + b"a=n, " * n, _site, 100_000),
    Case("one signal line", lambda n: b"User-agent: *\nContent-Signal: " + b"a=no " * n, _site, 100_000),
    Case("invalid octets", lambda n: b"User-agent: *\nDisallow: /" + b"\xff" * n, _site, 200_000),
    Case("nothing but line ends", lambda n: b"\r\n" * n, _site, 250_000),
    Case("an HTML page", lambda n: b"<!doctype html>" + b'<p style="color: red">a: b</p>\n' * n, _site, 8_000),
]

OTHER_FILES = [
    Case(
        "ai.txt: extensions",
        lambda n: b"User-agent: *\n" + _lines(("Disallow: *.x#", n)),
        lambda b: _read_ai_txt(b),
        2_000,
    ),
    Case(
        "ai.txt: stars",
        lambda n: b"User-agent: *\n" + _lines(("Disallow: /*a*a*b#", n)),
        lambda b: _read_ai_txt(b),
        1_500,
    ),
    Case("ai.txt: one line", lambda n: b"User-agent: *\nDisallow: ." + b"a" * n, lambda b: _read_ai_txt(b), 500_000),
    Case("trust.txt: lines", lambda n: b"datatrainingallowed=no\n" * n, lambda b: trust_txt.parse(b), 20_000),
    Case(
        "trust.txt: one line",
        lambda n: b"datatrainingallowed" + b" " * n + b"=no",
        lambda b: trust_txt.parse(b),
        500_000,
    ),
    Case("trust.txt: blanks", lambda n: b" \t" * n, lambda b: trust_txt.parse(b), 250_000),
]


def _read_ai_txt(body: bytes) -> None:
    file = ai_txt.parse(body, agent="ExampleBot")
    file.signals(file.match(URL.target + ".x1.x2" * 50))


# --- pages -------------------------------------------------------------------------------------------------


def _page(body: bytes) -> None:
    """From the first byte to every statement of a page, as the gate and as `crawlgate signals` read it."""
    headers = Headers([("Content-Type", "text/html")])
    response.read_body(200, headers, body, Reading(), url=URL, token="ExampleBot", whole=True)
    page_head.scan(body, content_type="text/html", whole=True)


def _html(before: bytes, piece: bytes, after: bytes = b"") -> Callable[[int], bytes]:
    return lambda n: before + b"".join(piece.replace(b"#", b"%d" % k) for k in range(n)) + after


def _fill(piece: bytes, before: bytes = b"", after: bytes = b"") -> Callable[[int], bytes]:
    return lambda n: before + piece * (n // len(piece)) + after


def _json_script(piece: str, before: str = "", after: str = "") -> Callable[[int], bytes]:
    start, end = b'<script type="application/ld+json">', b"</script>"
    return lambda n: start + (before + piece * n + after).encode() + end


PAGES = [
    Case("40 KB of misnested b and i", _fill(b"<b><i></b></i>"), _page, 40_000),
    Case("nested b and i", _fill(b"<b><i>"), _page, 40_000),
    Case("a million nested divs", lambda n: b"<div>" * n, _page, 1_000_000, 64),
    Case("nested lists and tables", _fill(b"<ul><li><table><tr><td>"), _page, 100_000),
    Case("nested forms", _fill(b"<form><input type=password>"), _page, 100_000),
    Case("300,000 attributes", _html(b"<div ", b"a#=1 ", b">"), _page, 300_000, 16),
    Case("300,000 attributes of a meta", _html(b"<meta name=robots ", b"content=noai ", b">"), _page, 300_000, 32),
    Case("one long attribute", _fill(b"a", b'<meta name=robots content="', b'">'), _page, 200_000),
    Case("meta in comments", _fill(b"<!-- <meta name=robots content=noai> -->"), _page, 200_000),
    Case("meta in scripts", _fill(b"<script><meta name=robots content=noai></script>"), _page, 200_000),
    Case("comments without end", _fill(b"<!--"), _page, 200_000),
    Case("comments with odd ends", _fill(b"<!--->-->--!>"), _page, 200_000),
    Case("scripts without end", _fill(b"<script><!--<script>"), _page, 200_000),
    Case("open tags without end", _fill(b"<"), _page, 200_000),
    Case("open quotes", _fill(b'<a b="'), _page, 200_000),
    Case("entities", _fill(b"&amp;&#x41;&"), _page, 200_000),
    Case("many metas", _html(b"", b'<meta name="robots" content="a#">'), _page, 6_000),
    Case("many directives", _html(b'<meta name="robots" content="', b"x#:noai,", b'">'), _page, 20_000),
    Case("many links", _html(b"", b'<link rel="license" type="application/rsl+xml" href="/#.xml">'), _page, 3_000),
    Case("refusals", _fill("AI学習に使うことを禁止します。".encode()), _page, 200_000),
    Case("a sentence without end", _fill("AI学習の".encode()), _page, 200_000),
    Case("blanks", _fill(b" "), _page, 250_000),
    Case("an XMP packet in a page", _fill(b"<x:xmpmeta>"), _page, 200_000),
    Case("JSON-LD in depth", _json_script("[", '{"@type":"Dataset","a":', ""), _page, 100_000),
    Case("JSON-LD objects in depth", _json_script('{"@type":"Dataset","hasPart":', "", "1"), _page, 5_000),
    Case("JSON-LD of many datasets", _json_script('{"@type":"Dataset","price":1},', "[", "{}]"), _page, 6_000),
    Case("JSON-LD with one key", _json_script('"@type":"Dataset",', "{", '"a":1}'), _page, 10_000),
    Case("JSON-LD with broken commas", _json_script(",,//<!--\n", "{", "}"), _page, 20_000),
    Case(
        "JSON-LD blocks", _html(b"", b'<script type="application/ld+json">{"@type":"Dataset"}</script>'), _page, 3_000
    ),
    Case(
        "microdata in depth",
        _fill(b"<div itemscope itemprop=hasPart itemtype=https://schema.org/Dataset>"),
        _page,
        200_000,
    ),
    Case("microdata side by side", _fill(b"<p itemscope itemtype=x><b itemprop=a>1</b></p>"), _page, 200_000),
    Case("microdata with many values", _fill(b"<b itemprop=a>x", b"<div itemscope>"), _page, 200_000),
    Case(
        "RDFa with prefixes",
        _fill(b"<p typeof=a:b prefix='a: http://x/ b: http://y/' vocab=http://z/>"),
        _page,
        200_000,
    ),
    Case("elements kept from learning", _fill(b"<p mlnoindex>x</p>"), _page, 200_000),
    Case(
        "JSON-LD contexts",
        _json_script('{"@context":{"a":"http://x/"},"@type":"a:Dataset"},', "[", "{}]"),
        _page,
        5_000,
    ),
    Case(
        "JSON-LD context terms",
        _json_script('"a":"http://x/",', '{"@context":{', '"b":1},"@type":"Dataset"}'),
        _page,
        12_000,
    ),
    Case(
        "policies by data sets",
        _json_script('{"@type":"Dataset"},{"@type":"odrl:Offer","odrl:permission":{}},', "[", "{}]"),
        _page,
        3_000,
    ),
    Case(
        "a policy of many rules",
        _json_script('{"odrl:action":"odrl:use","odrl:duty":[{"odrl:action":"x"}]},', '{"odrl:permission":[', "{}]}"),
        _page,
        3_000,
    ),
    Case("products", _json_script('{"@type":"Product","name":"data data data"},', "[", "{}]"), _page, 5_000),
]


# --- JSON, XML, media --------------------------------------------------------------------------------------


def _tdm(body: bytes) -> None:
    file = tdmrep.parse_file(body)
    file.signals(file.match(URL.target))


def _rsl(body: bytes) -> None:
    document = rsl.parse(body, base=URL)
    document.signals(document.match(URL.target))


def _expansion(n: int) -> bytes:
    levels = "".join(f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' for k in range(9))
    return (
        f'<!DOCTYPE rsl [<!ENTITY e0 "{"x" * 10}">{levels}]>'.encode()
        + b'<rsl xmlns="https://rslstandard.org/rsl">'
        + b"&e9;" * n
        + b"</rsl>"
    )


_RSL = b'<rsl xmlns="https://rslstandard.org/rsl">'
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'


def _png(n: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x00caBX\x00\x00\x00\x00" * n


def _jumbf(n: int) -> bytes:
    """Boxes in boxes, each saying that it holds the rest."""
    size = 8 * n
    return b"".join((size - 8 * k).to_bytes(4, "big") + b"jumb" for k in range(n)) + b"c2pa.training-mining"


def _media(body: bytes) -> None:
    xmp.read(body)
    c2pa.read(body)


def _policy(body: bytes) -> None:
    tdm_policy.parse(body)


def _file(body: bytes) -> None:
    """A file that is no page, as the gate reads one in hand."""
    for media_type in ("application/epub+zip", "application/json", "text/markdown", "application/rss+xml"):
        headers = Headers([("Content-Type", media_type)])
        response.read_body(200, headers, body, Reading(), url=URL, token="ExampleBot", whole=True)


def _refusal(body: bytes) -> None:
    headers = Headers([("Content-Type", "application/rsl+xml")])
    for status in (401, 402, 403, 503):
        response.read_body(status, headers, body, Reading(), url=URL, token="ExampleBot", whole=True)


def _book(n: int) -> bytes:
    """A book whose package document is a megabyte of nothing for every kilobyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        packed.writestr("content.opf", b"<package><metadata>" + b" " * n)
    return out.getvalue()


def _entries(n: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("mimetype", "application/epub+zip")
        for k in range(n):
            packed.writestr(f"{k}", b"")
    return out.getvalue()


_FEED = b'<rss xmlns:rsl="https://rslstandard.org/rsl"><channel>'
_ITEM = b'<item><rsl:content url="/#"><rsl:license><rsl:permits type="usage">all</rsl:permits></rsl:license></rsl:content></item>'

DOCUMENTS = [
    Case("TDM policy: rules", lambda n: b'{"permission":[' + b'{"action":"tdm:mine"},' * n + b"{}]}", _policy, 5_000),
    Case("TDM policy in depth", lambda n: b'{"permission":' * n, _policy, 20_000),
    Case("TDM policy: one key", lambda n: b"{" + b'"permission":{},' * n + b'"a":1}', _policy, 20_000),
    Case("a feed of licences", _html(_FEED, _ITEM), _file, 2_000),
    Case("a feed in depth", _html(_FEED, b"<item>"), _file, 20_000),
    Case("a feed of items", _html(_FEED, b"<item/>"), _file, 20_000),
    Case("comments before a root", _fill(b"<!-- -->"), _file, 200_000),
    Case("a book that inflates", _book, _file, 50_000_000, 64),
    Case("a book of many files", _entries, _file, 10_000),
    Case("front matter without end", _fill(b"gated: autom\n", b"---\n"), _file, 200_000),
    Case("a refusal of scripts", _fill(b"<script>_cf_chl_op"), _refusal, 200_000),
    Case("a refusal of forms", _fill(b"<form><input type=password>"), _refusal, 100_000),
    Case(
        "a refusal in RSL", lambda n: _RSL + b'<content url="/"><license/></content>' * n + b"</rsl>", _refusal, 1_000
    ),
    Case("tdmrep.json 100,000 deep", lambda n: b"[" * n + b"]" * n, _tdm, 100_000),
    Case("tdmrep.json objects in depth", lambda n: b'{"location":' * n, _tdm, 40_000),
    Case("tdmrep.json with one key", lambda n: b"[{" + b'"location":"/",' * n + b'"tdm-reservation":1}]', _tdm, 20_000),
    Case(
        "tdmrep.json of many entries",
        lambda n: b"[" + b",".join(b'{"location":"/a*%d","tdm-reservation":1}' % k for k in range(n)) + b"]",
        _tdm,
        5_000,
    ),
    Case(
        "tdmrep.json with a large number",
        lambda n: b'[{"location":"/","tdm-reservation":' + b"1" * n + b"}]",
        _tdm,
        200_000,
    ),
    Case("RSL: entities that expand", _expansion, _rsl, 10_000),
    Case(
        "RSL: an entity of its own length",
        lambda n: b'<!DOCTYPE r [<!ENTITY e "' + b"x" * n + b'">]>' + _RSL + b"&e;" * (n // 8),
        _rsl,
        100_000,
    ),
    Case("RSL in depth", lambda n: _RSL + b"<content>" * n, _rsl, 20_000),
    Case("RSL: attributes", _html(b"<rsl ", b'a#="1" ', b"/>"), _rsl, 20_000),
    Case(
        "RSL: contents",
        lambda n: (
            _RSL
            + b"".join(
                b'<content url="/a*%d"><license><prohibits type="usage">all</prohibits></license></content>' % k
                for k in range(n)
            )
            + b"</rsl>"
        ),
        _rsl,
        2_000,
    ),
    Case(
        "RSL: usages",
        lambda n: (
            _RSL
            + b'<content url="/"><license><permits type="usage">'
            + b"ai-train " * n
            + b"</permits></license></content></rsl>"
        ),
        _rsl,
        20_000,
    ),
    Case("XMP: entities that expand", lambda n: _XMP + _expansion(n), _media, 10_000),
    Case("XMP in depth", lambda n: _XMP + b"<rdf:Description>" * n, _media, 20_000),
    Case("XMP: packets", lambda n: (_XMP + b"</x:xmpmeta>") * n, _media, 10_000),
    Case("XMP: codes", lambda n: _XMP + b"DMI-PROHIBITED " * n + b"</x:xmpmeta>", _media, 20_000),
    Case("PNG chunks", _png, _media, 50_000),
    Case("JUMBF boxes in boxes", _jumbf, _media, 50_000),
    Case("JPEG segments", lambda n: b"\xff\xd8" + b"\xff\xe1\x00\x02" * n, _media, 100_000),
    Case("CBOR in depth", lambda n: b"\x00\x00\x00\x00jumbc2pa.training-mining" + b"\x81" * n, _media, 100_000),
]


# --- headers -----------------------------------------------------------------------------------------------


def _headers(pairs: list[tuple[str, str]]) -> None:
    headers = Headers(pairs)
    for status in (200, 302, 401, 402, 403, 429, 451):
        response.read_headers(status, headers, url=URL, token="ExampleBot")


def _many(name: str, value: str) -> Callable[[int], list[tuple[str, str]]]:
    return lambda n: [(name.replace("#", str(k)), value.replace("#", str(k))) for k in range(n)]


def _long(name: str, piece: str, before: str = "") -> Callable[[int], list[tuple[str, str]]]:
    return lambda n: [(name, before + piece * (n // len(piece)))]


HEADERS = [
    Case("10,000 headers", _many("x-#", "a"), _headers, 10_000, 64),
    Case("10,000 robots tags", _many("X-Robots-Tag", "bot#: noai"), _headers, 10_000, 64),
    Case("10,000 usage headers", _many("Content-Usage", "a#=n"), _headers, 10_000, 64),
    Case(
        "10,000 links", _many("Link", '<https://x/#>; rel="license"; type="application/rsl+xml"'), _headers, 10_000, 64
    ),
    Case("10,000 challenges", _many("WWW-Authenticate", "Basic realm=#"), _headers, 10_000, 64),
    *(
        Case(f"a header of 1 MB: {name}, {piece!r}", _long(name, piece, before), _headers, 1_000_000, 128)
        for name, piece, before in [
            ("X-Robots-Tag", "a:b,", ""),
            ("X-Robots-Tag", "noai ", "unavailable_after: "),
            ("Content-Usage", "train-ai=n,", ""),
            ("Content-Usage", "a", ""),
            ("Content-Usage", '"', "a="),
            ("Content-Usage", "(", "a="),
            ("Content-Signal", "ai-train=no ", ""),
            ("tdm-reservation", "1,", ""),
            ("Link", "<a>;rel=license,", ""),
            ("Link", '"\\', "<a>;a="),
            ("Link", "<", ""),
            ("WWW-Authenticate", "Basic ,", ""),
            ("WWW-Authenticate", '"', "License a="),
            ("Location", "/login?next=", ""),
            ("Location", "a", "https://tollbit."),
            ("crawler-price", "1", "USD "),
            ("PAYMENT-REQUIRED", "W1tb", ""),
            ("Set-Cookie", "datadome=1;", ""),
            ("x-no-such-header", "a", ""),
        ]
    ),
]


def _payment(body: bytes) -> None:
    payment.read(402, Headers([("PAYMENT-REQUIRED", base64.b64encode(body).decode())]), body)


PAYMENTS = [
    Case("x402 terms in depth", lambda n: b"[" * n, _payment, 100_000),
    Case(
        "x402 terms with many offers",
        lambda n: b'{"x402Version":1,"accepts":[' + b'{"amount":"1"},' * n + b"{}]}",
        _payment,
        20_000,
    ),
    Case("x402 terms with one key", lambda n: b"{" + b'"accepts":[],' * n + b'"x402Version":1}', _payment, 20_000),
    Case("x402 terms with a large number", lambda n: b'{"x402Version":' + b"1" * n + b"}", _payment, 100_000),
]

CASES = [*ROBOTS, *OTHER_FILES, *PAGES, *DOCUMENTS, *HEADERS, *PAYMENTS]


# --- what each costs ---------------------------------------------------------------------------------------


def _measured(case: Case, given: Any) -> tuple[float, int]:
    """Processor seconds of one run, and the bytes by which it made this process grow at its height."""
    Path("/proc/self/clear_refs").write_text("5")  # the height is counted from here
    before = _height()
    start = time.process_time()
    case.read(given)
    return time.process_time() - start, _height() - before


def _height() -> int:
    """The most memory this process held, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM")


def costs() -> Iterator[tuple[str, float, int]]:
    """Name, processor seconds and bytes of every case at its size, each in a process of its own (Linux only)."""
    for case in CASES:
        case.read(case.make(100))  # what is loaded or compiled at first is no part of it
    gc.collect()
    gc.freeze()
    for case in CASES:
        given = case.make(case.size)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, json.dumps(_measured(case, given)).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(child, 0)
        if status or not answer:
            raise RuntimeError(f"{case.name}: the reader raised, or its process died")
        yield (case.name, *json.loads(answer))


if __name__ == "__main__":
    if sys.argv[1:] == ["--json"]:
        print(json.dumps(list(costs())))
    else:
        for name, spent, size in sorted(costs(), key=lambda cost: cost[1], reverse=True):
            print(f"{spent * 1000:8.1f} ms {size / 1e6:8.1f} MB  {name}")
