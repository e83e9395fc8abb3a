"""Licences and reservations inside other files: feeds, books, cards; challenges of authentication."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.model import Lint, Polarity, Purpose, Scope
from crawlgate.signals import challenges, epub, feed, gated, response

URL = urls.parse("https://site.example/feed")
PROHIBITED = '<rsl:license><rsl:prohibits type="usage">ai-train</rsl:prohibits></rsl:license>'
ITEM = f'<item><link>https://site.example/1</link><rsl:content url="https://site.example/1">{PROHIBITED}</rsl:content></item>'
RSS = f'<?xml version="1.0"?><rss version="2.0" xmlns:rsl="https://rslstandard.org/rsl"><channel>{ITEM}</channel></rss>'


def said(body: bytes) -> set[tuple[str, Purpose, Polarity, Scope]]:
    return {(s.kind, s.purpose, s.polarity, s.scope) for s in feed.read(body)}


def test_a_licence_in_a_feed_speaks_of_its_item() -> None:
    assert ("rsl.prohibits", Purpose.TRAIN, Polarity.RESERVED, Scope.ELEMENT) in said(RSS.encode())
    cut = RSS.replace("</channel></rss>", "<item><rsl:content url='/2'>").encode()
    assert said(cut) == said(RSS.encode())
    atom = RSS.replace("<rss ", '<feed xmlns="http://www.w3.org/2005/Atom" ').replace("</rss>", "</feed>")
    assert said(atom.encode()) == said(RSS.encode())
    assert said(RSS.replace("rslstandard.org", "other.example").encode()) == set()


@pytest.mark.parametrize("media_type", ["application/rss+xml", "text/xml; charset=utf-8", "application/xml", ""])
def test_a_feed_is_read_as_one_whatever_its_type(media_type: str) -> None:
    headers = Headers({"content-type": media_type} if media_type else {})
    before = response.read_headers(200, headers, url=URL, token="ExampleBot")
    assert response.is_page(200, headers)
    found = response.read_body(200, headers, RSS.encode(), before, url=URL, token="ExampleBot", whole=True)
    assert "rsl.prohibits" in {signal.kind for signal in found.signals}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"<rss>", "rss"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><a:Feed x>", "feed"),
        (b"<!doctype html><html>", ""),
        (b"text", ""),
        (b"", ""),
        (b"<!--" * 3_000, ""),
    ],
)
def test_the_root_of_a_document(body: bytes, name: str) -> None:
    assert feed.root_name(body) == name


# --- Books -------------------------------------------------------------------------------------------------


def book(package: str, **files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        packed.writestr("OEBPS/content.opf", package, zipfile.ZIP_DEFLATED)
        for name, body in files.items():
            packed.writestr(name, body)
    return out.getvalue()


EPUB2 = '<package version="2.0"><metadata><meta name="tdm:reservation" content="1"/><meta name="tdm:policy" content="https://p.example/x.json"/></metadata></package>'
EPUB3 = '<package version="3.0" prefix="tdm: http://www.w3.org/ns/tdmrep#"><metadata><meta property="tdm:reservation">{}</meta></metadata></package>'


@pytest.mark.parametrize(
    ("package", "polarity"),
    [
        (EPUB2, Polarity.RESERVED),
        (EPUB3.format(1), Polarity.RESERVED),
        (EPUB3.format(0), Polarity.PERMITTED),
        (
            EPUB3.format(0).replace("</metadata>", "<meta property='tdm:reservation'>1</meta></metadata>"),
            Polarity.RESERVED,
        ),
    ],
)
def test_a_book_reserves(package: str, polarity: Polarity) -> None:
    for data in (book(package), package.encode()):
        (signal,) = epub.read(data)
        assert (signal.kind, signal.polarity, signal.scope) == ("tdmrep.epub", polarity, Scope.EMBEDDED)
    assert epub.read(EPUB2.encode())[0].detail == {"policy": "https://p.example/x.json"}


@pytest.mark.parametrize(
    "data",
    [
        book(EPUB3.format("yes")),
        book("<package/>"),
        book('<!DOCTYPE p [<!ENTITY a "1">]>' + EPUB3.format("&a;")),
        book(EPUB2)[:200],
        book(EPUB2).replace(b"PK\x05\x06", b"PK\x05\x07"),
        b"PK\x03\x04" + b"x" * 40 + b"mimetypeapplication/epub+zip" + b"PK\x05\x06" + b"\xff" * 30,
        b"PK\x03\x04",
    ],
)
def test_a_book_that_says_nothing_readable_says_nothing(data: bytes) -> None:
    lint: list[Lint] = []
    assert epub.read(data, lint=lint) == ()


def test_a_book_in_hand_supersedes_the_header() -> None:
    headers = Headers({"content-type": "application/epub+zip", "tdm-reservation": "0"})
    before = response.read_headers(200, headers, url=URL, token="ExampleBot")
    found = response.read_body(200, headers, book(EPUB2), before, url=URL, token="ExampleBot", whole=True)
    assert [signal.kind for signal in found.tdm_meta] == ["tdmrep.epub"]


@given(st.integers(0, 400), st.binary(max_size=4))
def test_a_broken_book_never_raises(at: int, octets: bytes) -> None:
    whole = book(EPUB2, **{"a.txt": b"x" * 50})
    epub.read(whole[:at] + octets + whole[at + len(octets) :])


# --- Cards -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "is_gated"),
    [
        ("---\nlicense: other\ngated: auto\n---\n# x", True),
        ("---\nextra_gated_prompt: You agree to ...\n---\n", True),
        ("---\ngated: false\n---\n", False),
        ("# gated: auto", False),
        ("---\n" + "a: b\n" * 10_000, False),
    ],
)
def test_a_card(card: str, is_gated: bool) -> None:
    assert bool(gated.read_card(card.encode())) is is_gated


@pytest.mark.parametrize(
    ("value", "is_gated"), [("manual", True), (True, True), (False, False), (None, False), ([], False)]
)
def test_an_interface(value: object, is_gated: bool) -> None:
    assert bool(gated.read_json(json.dumps({"id": "a/b", "gated": value}).encode())) is is_gated


# --- Challenges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('Basic realm="a, b", charset=UTF-8', [("basic", {"realm": "a, b", "charset": "UTF-8"})]),
        ('License error="invalid_request", error_description="say \\"please\\""', [("license", {"error": "invalid_request", "error_description": 'say "please"'})]),
        ("Negotiate, NTLM", [("negotiate", {}), ("ntlm", {})]),
        ('Bearer, License error="x"', [("bearer", {}), ("license", {"error": "x"})]),
        ('Digest a="1",\tLicense b="2"', [("digest", {"a": "1"}), ("license", {"b": "2"})]),
        ("Negotiate YIIabc==", [("negotiate", {"yiiabc": "="})]),
        ('License error="open', [("license", {"error": "open"})]),
        ("", []),
        ('="x", ,', []),
    ],
)  # fmt: skip
def test_challenges(value: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(each.scheme, dict(each.parameters)) for each in challenges.read([value])] == expected


@given(st.text(max_size=60) | st.text('License error="=,\\ \t', max_size=60))
def test_no_challenge_raises(value: str) -> None:
    challenges.read([value])


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (401, {"access.licence_required"}),
        (402, {"payment.licence"}),
        (403, {"access.403"}),
        (503, {"access.licence_required"}),
        (500, set()),
    ],
)
def test_answers_of_the_crawler_authorization_protocol(status: int, kinds: set[str]) -> None:
    asked = 'License error="invalid_token", error_description="expired", authorization_uri="https://l.example/"'
    headers = Headers(
        {"www-authenticate": asked, "link": '<https://l.example/l.xml>; rel="license"; type="application/rsl+xml"'}
    )
    found = response.read_headers(status, headers, url=URL, token="ExampleBot")
    assert {signal.kind for signal in found.signals} == kinds
    for signal in found.signals:
        assert signal.detail["error"] == "invalid_token"
        assert signal.detail["authorization_uri"] == "https://l.example/"
        assert signal.detail["licence"] == "https://l.example/l.xml"
    assert found.lint == ()
    poor = response.read_headers(status, Headers({"www-authenticate": "License"}), url=URL, token="ExampleBot")
    wanted = (
        {"cap_without_error", "cap_without_licence"}
        if status in (401, 402)
        else {"cap_without_error"}
        if status != 500
        else set()
    )
    assert {lint.code for lint in poor.lint} == wanted


def test_a_licence_as_the_body_of_a_refusal_is_read() -> None:
    body = RSS[RSS.index("<rsl:content") : RSS.index("</item>")].replace("https://site.example/1", "")
    document = f'<rsl:rsl xmlns:rsl="https://rslstandard.org/rsl">{body}</rsl:rsl>'.encode()
    headers = Headers({"www-authenticate": 'License error="invalid_request"', "content-type": "application/rsl+xml"})
    before = response.read_headers(402, headers, url=URL, token="ExampleBot")
    found = response.read_body(402, headers, document, before, url=URL, token="ExampleBot", whole=True)
    assert {"payment.licence", "rsl.prohibits"} <= {signal.kind for signal in found.signals}
