"""A page told fast is told as it would be read in full: real pages, made-up ones, and every trick of spelling."""

from __future__ import annotations

import html.entities
import re
import subprocess
import sys
import tarfile
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.errors import UrlError
from crawlgate.headers import Headers
from crawlgate.signals import (
    automata,
    login_page,
    login_words,
    microdata,
    open_licence,
    page_head,
    quick_page,
    response,
    said_words,
    spelling,
    triggers,
    wording,
)
from crawlgate.signals.factors import necessary
from crawlgate.signals.live import live, live_by_tags, text_of
from crawlgate.signals.markup import END, HOLDS_TEXT, START, tokens
from crawlgate.signals.reading import Reading
from tests.shared_data import rows, shared

pytestmark = pytest.mark.skipif(not triggers.AVAILABLE, reason="Hyperscan is not here: pip install 'crawlgate[fast]'")
PAGE = urls.parse("https://a.example/articles/1")
PADDING = b"<p>" + b"The tide comes in at six and goes out at noon, and nobody minds it much. " * 25 + b"</p>"


@pytest.fixture(autouse=True)
def _made() -> None:
    triggers.triggers()


def both(body: bytes, content_type: str, url: urls.Url = PAGE, *, whole: bool = True) -> tuple[Reading, Reading, bool]:
    """What is read fast and in full, and whether the fast way was taken."""
    headers = Headers({"content-type": content_type} if content_type else {})
    before = response.read_headers(200, headers, url=url, token="ExampleBot")
    quick, full = (
        response.read_body(
            200, headers, body, before, url=url, token="ExampleBot", whole=whole, evidence="e", findings_only=only
        )
        for only in (True, False)
    )
    taken = quick_page.read(
        body, before, url=url, content_type=content_type, token="ExampleBot", whole=whole, not_looked={}
    )
    return replace(quick, lint=()), replace(full, lint=()), taken is not None


def pages() -> Iterator[tuple[urls.Url, bytes]]:
    with tarfile.open(shared("data/html/pages.tar.xz")) as packed:
        bodies = {m.name.removeprefix("./"): packed.extractfile(m).read() for m in packed.getmembers() if m.isfile()}  # type: ignore[union-attr]
    for row in rows("data/html/labels.jsonl"):
        body = bodies[row["file"]]
        address = row.get("url")
        if not address:  # an article: as if it stood where it says
            links = page_head.scan(body[:65_536]).links
            address = next((link.href for link in links if "canonical" in link.rel.split()), PAGE.href)
        try:
            yield urls.parse(address), body
        except UrlError:
            yield PAGE, body


@pytest.mark.slow
def test_real_pages_are_told_as_they_are_read() -> None:
    taken = silent = 0
    for number, (url, body) in enumerate(pages()):
        if number % 5:  # a fifth of them: reading in full takes its time
            continue
        content_type = ("text/html; charset=utf-8", "text/html")[number % 2]
        before = response.read_headers(200, Headers({"content-type": content_type}), url=url, token="ExampleBot")
        found = quick_page.read(
            body[:262_144],
            before,
            url=url,
            content_type=content_type,
            token="ExampleBot",
            whole=len(body) <= 262_144,
            not_looked={},
        )
        if found is None:
            continue
        taken += 1
        quick, full, _ = both(body, content_type, url)
        assert quick == full, url
        silent += full.silent
    assert taken == silent > 90


# -- made-up pages ----------------------------------------------------------------------------------------

SAID = [
    *("<p>No AI training.</p>", "<p>AI学習禁止</p>", "<p>Our content may not be used to train AI models.</p>"),
    *("<p>無断でのスクレイピングを禁じます。</p>", "<p>AI学習用データ販売</p>", "<p>Subscribe to continue reading</p>"),
    *(
        "<p>この記事は有料会員限定です</p>",
        "<p>Text and data mining is prohibited</p>",
        "<p>Scraping is not permitted.</p>",
    ),
    *(
        "<p>The API costs $10 per month</p>",
        "<p>No retrieval augmented generation allowed</p>",
        "<p>120 words left</p>",
    ),
    *(
        "<meta name=robots content=noai>",
        '<META NAME="robots" CONTENT="noarchive">',
        "<meta name=tdm-reservation content=1>",
    ),
    *(
        '<meta name="robots" content="no-ai, index">',
        "<meta name=GPTBot content='noindex'>",
        "<meta name=author content=Mori>",
    ),
    *(
        "<meta name=article:content_tier content=locked>",
        "<meta name=dcterms.license content=CC-BY>",
        "<p mlnoindex>x</p>",
    ),
    *('<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">l</a>', "<script id=amp-access></script>"),
    *('<link rel=license type="application/rsl+xml" href=/l.xml>', "<link rel=canonical href=https://b.example/>"),
    '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>',
    '<script type="application/ld+json">{"@type":"NewsArticle","author":{"name":"Mori"}}</script>',
    '<script type="application/ld+json">{"@type":"Dataset","offers":{"price":"10","priceCurrency":"EUR"}}</script>',
    '<div itemscope itemtype="https://schema.org/Article"><meta itemprop=isAccessibleForFree content=false></div>',
    '<title>Log in</title><form><input name=u><input type="password"><button>Log in</button></form>',
    *("<title>Tide tables</title>", "<p>All rights reserved. A train left.</p>", "<p>plain words</p>", "<h1>機械</h1>"),
    *("<script>var a='<b>';if(a<b){}</script>", "<style>a>b{}</style>", "<svg><title>Login</title></svg>"),
    '<a title="a > b">x</a>',
    '<a title="<!-- ">x</a>',
    *(
        '<a title="<script>">x</a>',
        "<a href=a<b>x</a>",
        "<p title='</p>'>x",
        "<svg><title/>x</svg>",
        "<svg><style/><b>x",
    ),
    '<meta name="description" content="a > b"><meta name=robots content="<b>, noai">',
    '<div itemscope itemtype="https://schema.org/Article"><span itemprop=author>Mori</span></div>',
    '<div itemscope itemtype="https://schema.org/WebPage"><span itemprop="name">Tides</span></div>',
    '<div vocab="https://schema.org/" typeof="Article"><a property="license" href="https://creativecommons.org/licenses/by/4.0/">l</a></div>',
    '<div itemscope itemtype="https://schema.org/Product"><b itemprop=name>A data set</b><i itemprop="price">10</i></div>',
    '<div itemscope itemtype="https://schema.org/&#68;ataset"><b itemprop=isAccessibleForFree content=false>x</b></div>',
    "<header><form><input name=u><input type=password><button>Log in</button></form></header>",
    *(
        "<p>Le caf\u00e9 est ferm\u00e9, naïve æther</p>",
        "<p>潮の時刻表。お知らせです。ﾃﾞｰﾀ</p>",
        "<p>приливы и отливы</p>",
    ),
]
AROUND = [
    *(("<!--", "-->"), ("<template>", "</template>"), ("<script>", "</script>"), ("<noscript>", "</noscript>")),
    *(("<textarea>", "</textarea>"), ('<a title="', '">t</a>'), ("<a title='", "'>t</a>"), ("<svg>", "</svg>")),
    *(
        ("<title>", "</title>"),
        ("<xmp>", "</xmp>"),
        ("<!", ">"),
        ("<b>", "</b>"),
        ("</", ">"),
        ("<iframe>", "</iframe>"),
    ),
]


def spelt_otherwise(text: str, how: int) -> str:
    """The same page for a reader, or nearly, in another spelling."""
    middle = len(text) * 2 // 3
    at = next((n for n in range(middle, len(text) - 1) if text[n].isalpha() and text[n + 1].isalpha()), middle)
    before, letter, after = text[:at], text[at : at + 1], text[at + 1 :]
    return (
        *(text, text.upper(), text.replace(" ", "&nbsp;"), text.replace(" ", "\n\t "), text.replace('"', "'")),
        f"{before}<b>{letter}</b>{after}",
        f"{before}&#{ord(letter or 'x')};{after}",
        f"{before}&#x{ord(letter or 'x'):x}{after}",
        f"{before}{letter}<!-- > -->{after}",
        f"{before}{letter}<wbr title='>'>{after}",
        f"{before}{chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalpha() else letter}{after}",
        f"{before}{letter}\u00ad{after}",
        text.replace("s", "\u017f").replace("k", "\u212a"),
        text.replace("i", "\u0130"),
        text.replace(" ", " <i>").replace(".", "</i>."),
        f"{before}",
    )[how % 16]


PIECE = st.builds(
    lambda said, how, around: around[0] + spelt_otherwise(said, how) + around[1],
    st.sampled_from(SAID),
    st.integers(0, 15),
    st.one_of(st.just(("", "")), st.just(("", "")), st.sampled_from(AROUND)),
)


@settings(max_examples=500, deadline=None)
@given(
    pieces=st.lists(PIECE, min_size=1, max_size=4),
    padding=st.booleans(),
    content_type=st.sampled_from(
        ["text/html", "text/html; charset=utf-8", "", "text/html; charset=shift_jis", "text/html; charset=utf-16"]
    ),
    coding=st.sampled_from(
        ["utf-8", "utf-8", "utf-8", "shift_jis", "euc_jp", "gb18030", "cp1252", "cp1251", "utf-16", "utf-16-le"]
    ),
    whole=st.booleans(),
    declared=st.sampled_from(
        [
            "",
            "",
            "<meta charset=utf-8>",
            "<meta charset=shift_jis>",
            "<meta charset = 'UTF8'>",
            "<meta charset=x><meta charset=euc-jp>",
            "<meta http-equiv=Content-Type content='text/html; charset=gb2312'>",
            "<meta charset=windows-1252>",
            "<meta charset=windows-1251>",
        ]
    ),
)
def test_made_up_pages_are_told_as_they_are_read(
    pieces: list[str], padding: bool, content_type: str, coding: str, whole: bool, declared: str
) -> None:
    text = f"<!doctype html><html><head>{declared}{pieces[0]}</head><body>{''.join(pieces[1:])}"
    body = text.encode(coding, "replace") + (PADDING if padding else b"")
    quick, full, _ = both(body, content_type, whole=whole)
    assert quick == full


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("how", range(16))
def test_each_statement_in_each_spelling(said: str, how: int) -> None:
    body = b"<html><head></head><body>" + spelt_otherwise(said, how).encode() + PADDING
    quick, full, _ = both(body, "text/html")
    assert quick == full


@pytest.mark.parametrize("said", ["<meta name=robots content=noai>", "<p>No AI training.</p>", "<p>AI学習禁止</p>"])
@pytest.mark.parametrize("label", ["utf-16", "utf-16le", "utf-16be", "ucs-2", "iso-2022-jp"])
def test_a_coding_that_only_the_header_names_is_read(said: str, label: str) -> None:
    coding = {"utf-16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "ucs-2": "utf-16-le"}.get(
        label, label
    )
    for padding in (b"", PADDING.decode().encode(coding)):
        body = f"<html><head>{said}</head><body>".encode(coding) + padding
        quick, full, _ = both(body, f"text/html; charset={label}")
        assert quick == full
        assert not full.silent


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.lists(PIECE, max_size=3))
def test_any_octets_are_told_as_they_are_read(octets: bytes, pieces: list[str]) -> None:
    quick, full, _ = both(PADDING + octets.join(piece.encode() for piece in ("", *pieces, "")), "text/html")
    assert quick == full


def test_a_page_that_says_nothing_takes_the_fast_way() -> None:
    head = (
        '<meta charset="utf-8"><title>Tide tables</title><meta name="robots" content="index, follow">'
        '<link rel="canonical" href="https://a.example/articles/1"><meta name="author" content="K. Mori">'
        '<script>if(a<b&&c>d){e("<meta name=robots content=noai>")}</script><!-- No AI training -->'
    )
    body = f"<!doctype html><html><head>{head}</head><body>".encode() + PADDING + b"<p>&copy; All rights reserved.</p>"
    quick, full, taken = both(body, "text/html; charset=utf-8")
    assert taken
    assert quick == full
    assert quick.silent
    assert quick.creators == ("K. Mori",)


# -- its parts -------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECE, max_size=6), st.binary(max_size=20))
def test_live_parts_by_tags_hold_the_tags_and_the_text_of_any_page(pieces: list[str], octets: bytes) -> None:
    data = octets.join(piece.encode() for piece in ("", *pieces, ""))
    if page_head.recoding(data, "text/html") is not None:
        return
    parts = live_by_tags(data)
    told = [(kind, name) for kind, name, _, _ in tokens(data) if kind in (START, END)]
    if not any(name in HOLDS_TEXT for _, name in told):
        assert [(kind, name) for kind, name, _, _ in tokens(parts.data) if kind in (START, END)] == [
            (kind, name.replace(b"<", b"&lt;")) for kind, name in told
        ]
    assert (
        page_head.visible(text_of(parts.data), "utf-8") == page_head.scan(data, content_type="a/b; charset=utf-8").text
    )


@pytest.mark.parametrize(
    ("coding", "label"),
    [
        ("cp1252", "windows-1252"),
        ("cp932", "Shift_JIS"),
        ("euc_jp", "EUC-JP"),
        ("gb18030", "gbk"),
        ("cp1251", "windows-1251"),
    ],
)
@pytest.mark.parametrize("by_header", [True, False])
def test_a_page_in_another_coding_takes_the_fast_way(coding: str, label: str, by_header: bool) -> None:
    said = {"cp1252": "Le café est fermé.", "cp1251": "Приливы и отливы."}.get(coding, "潮の時刻表です。")
    refused = {"cp1252": "No AI training.", "cp1251": "No AI training."}.get(coding, "AI学習禁止")
    meta = "" if by_header else f'<meta http-equiv=content-type content="text/html; charset={label}">'
    kind = f"text/html; charset={label}" if by_header else "text/html"
    for text, speaks in ((said, False), (refused, True)):
        page = f"<html><head>{meta}<meta name=author content='{said}'></head><p>{text}</p>".encode(coding) + PADDING
        quick, full, taken = both(page, kind)
        assert quick == full
        assert taken is not speaks
        assert full.creators == (said,)
        assert bool(full.signals) is speaks


@pytest.mark.parametrize(
    "odd",
    [
        '<a title="a > b">x</a>',
        "<a title='<script>'>x</a>",
        '<p data-x=\'{"a": "<b>"}\'>',
        "<svg><title/></svg>",
        "<p>cut <a hr",
    ],
)
def test_a_page_with_odd_tags_takes_the_fast_way(odd: str) -> None:
    page = b"<html><head><meta name=author content=Mori></head>" + PADDING + odd.encode()
    quick, full, taken = both(page, "text/html")
    assert taken
    assert quick == full
    quick, full, taken = both(PADDING + b"<p>No AI training.</p>" + odd.encode(), "text/html")
    assert not taken
    assert quick == full
    assert full.signals


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECE, max_size=6), st.booleans())
def test_live_parts_hold_the_tags_and_the_text_of_a_page(pieces: list[str], mixed: bool) -> None:
    data = "".join(pieces).encode() if mixed else "<p>x</p>".join(pieces).encode()
    parts = live(data)
    if parts is None or triggers.triggers().look(parts.data).triggers & triggers.Trigger.ODD:
        return
    if triggers.triggers().odd(parts.hidden):
        return

    def told(page: bytes) -> list[tuple[int, bytes]]:
        return [(kind, page[start:end]) for kind, _, start, end in tokens(page) if kind in (START, END)]

    assert told(parts.data) == told(data)
    assert page_head.visible(text_of(parts.data), "utf-8") == page_head.scan(data).text


def test_every_element_that_holds_text_is_hopped_over() -> None:
    for name in HOLDS_TEXT - {b"plaintext", b"textarea", b"xmp"}:
        for written in (name, name.upper()):
            parts = live(b"<p>a</p><%b x>AI</%b><p>b" % (written, written))
            assert parts is not None
            assert b"AI" not in parts.data
    assert live(b"<plaintext>AI") is None


def test_every_alternative_of_every_pattern_has_words_to_look_for() -> None:
    for one in said_words.alternatives((*said_words.SENTENCES, login_words.LOGIN_WORD)):
        assert one
        assert all(all(any(map(str.isalnum, word)) for word in words) for words in one)


def test_words_are_those_that_a_match_cannot_do_without() -> None:
    found = necessary(re.compile(r"(?:train(?:ing)?|learn)[^.]{0,60}?\b(?:models?|ai)\b|no\s*tdm(?!x)"))
    assert [[sorted(words) for words in one] for one in found] == [
        [["learn", "train", "training"], ["\x01ai\x01", "\x01model\x01", "\x01models\x01"]],
        [["no"], ["tdm"]],
    ]
    assert necessary(re.compile(r"[a-z]+")) == ((),)


def test_no_letter_outside_the_blocks_folds_to_one_that_is_looked_for() -> None:
    wanted = said_words.wanted_letters()
    inside = {code for first, end in spelling._BLOCKS for code in range(first, end)}
    for code in range(0x80, sys.maxunicode + 1):
        letter = chr(code)
        if code not in inside and unicodedata.category(letter) not in ("Cn", "Cs", "Co"):
            assert not spelling.folds_to(letter, wanted), hex(code)


def test_every_mark_of_a_word_stands_where_the_word_stands() -> None:
    said = said_words.SaidWords()
    words = sorted({word for sets in said_words.alternatives(said_words.SENTENCES) for some in sets for word in some})
    for word in words:
        text = "".join(" " if letter == "\x01" else letter for letter in f"x {word} x")
        assert automata.Automaton([(0, spelling.spelt(word))]).hits(text.encode()), word
        mark = said_words.mark_of(word)[0]
        assert automata.Automaton([(0, said_words.pattern_of(mark))]).hits(text.encode()), (word, mark)
    assert len(set(said.marks)) == len(said.marks)


def test_the_words_of_an_alternative_are_found_by_one_pattern() -> None:
    for sets in said_words.alternatives(said_words.SENTENCES):
        for words in sets:
            one = automata.Automaton([(0, said_words.any_of(words))])
            for word in words:
                text = "".join(" " if letter == "\x01" else letter for letter in f"x {word} x")
                for said in (text, text.replace("ss", "\u00df"), text.upper()):
                    assert one.hits(said.encode()), word


def test_every_alternative_is_suspected_where_its_words_stand() -> None:
    look = triggers.triggers().look_at_text
    said = said_words.SaidWords()
    for number, sets in enumerate(said._sets):
        for word in sets[-1]:
            text = "".join(" " if letter == "\x01" else letter for letter in f"x {word} x").encode()
            assert any(number in said._begun[mark] for mark in look(text)[1]), word


def test_references_to_letters_are_seen() -> None:
    look = triggers.triggers().look_at_text
    wanted = said_words.wanted_letters()
    codes = [*range(0x20, 0x3400), *range(0xF900, 0x10000), *range(0x1D400, 0x1D800), 0x5B66, 0x7FD2, 0x20000]
    letters = [code for code in codes if not wanted.isdisjoint(unicodedata.normalize("NFKC", chr(code)).casefold())]
    written = [f"&#{zeros}{code};" for code in letters for zeros in ("", "0", "0000")]
    written += [f"&#{x}{zeros}{code:x};" for code in letters for zeros in ("", "000") for x in "xX"]
    for name, text in html.entities.html5.items():
        if not wanted.isdisjoint(unicodedata.normalize("NFKC", text).casefold()):
            written.append(f"&{name}")
        if not name.endswith(";"):
            written += [f"&{name}a", f"&{name}<b>"]
    written += ["&#1<b>16;", "&<b>#116;", "&as<b>cr;", "&#x7", "&#x74", "&#x74g", "&#116", "&#116 ", "&#x74<"]
    unseen = [said for said in written if not look(f"x{said}x".encode())[0] and not look(said.encode())[0]]
    assert not [said for said in unseen if said != "&#x7"]
    assert not any(look(f"x{said} x".encode())[0] for said in ("&amp;", "&#8217;", "&#039;", "&nbsp;", "&eacute;", "&"))


def test_every_reader_of_markup_has_its_hint() -> None:
    hints: dict[int, set[str]] = {}
    for bit, word in triggers._HINTS:
        hints.setdefault(bit, set()).add(word.decode())
    for bit, pattern in (
        (triggers.Trigger.MICRODATA, microdata.MAY_HOLD),
        (triggers.Trigger.PASSWORD, login_page.PASSWORD),
        (triggers.Trigger.MARK, page_head.MARKS),
        (triggers._LICENCE, open_licence.ANCHOR),
    ):
        for sets in necessary(re.compile(pattern.pattern.decode(), re.IGNORECASE)):
            assert any(all(any(hint in word for hint in hints[bit]) for word in words) for words in sets), sets
    letters = set("canonicallicense")
    assert letters <= said_words.wanted_letters()


@pytest.mark.parametrize(
    "odd", ["</>", "</ p>", "</ <script>>", "</1<b>", "<template></ <p></template>", "</\u017fcript>", "<!></!>", "</"]
)
@pytest.mark.parametrize("said", ["<p>Tides.</p>", "<p>No AI training.</p>", "<meta name=robots content=noai>"])
def test_what_begins_like_an_end_tag_and_is_none(odd: str, said: str) -> None:
    for page in (odd + said, said + odd, f"{odd}<script>a</script>{said}", f"<p>x{odd}y</p><!-- {odd} -->{said}"):
        quick, full, taken = both(page.encode() + PADDING, "text/html")
        assert quick == full
        assert taken is full.silent


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("publisher", ()),
        *(("author", ("Mori",)), ("schema:creator", ("Mori",)), ("https://schema.org/author", ("Mori",))),
        *(("http://purl.org/dc/terms/creator", ()), ("\\u0061uthor", ("Mori",)), ("Author", ())),
    ],
)
@pytest.mark.parametrize("end", ["}", ",}", "} <!-- x -->"])
def test_creators_in_json_ld_are_found_whatever_they_are_called(key: str, names: tuple[str, ...], end: str) -> None:
    said = f'{{"@context":"https://schema.org","@type":"NewsArticle","{key}":{{"@type":"Person","name":"Mori"}}{end}'
    page = f'<head><script type="application/ld+json">{said}</script></head>'.encode() + PADDING
    quick, full, taken = both(page, "text/html")
    assert taken
    assert quick == full
    assert quick.creators == names


def test_only_meta_tags_that_may_bear_are_read() -> None:
    tags = (
        '<meta name=a content="x"><META NAME=author CONTENT=Mori><meta name=b><meta name="dc.creator" content="Sato">'
    )
    quick, full, taken = both(f"<head>{tags}</head>".encode() + PADDING, "text/html")
    assert taken
    assert quick == full
    assert quick.creators == ("Mori", "Sato")
    look = triggers.triggers().look(tags.encode())
    assert (len(look.metas), len(look.bearing)) == (4, 2)
    referred = tags.replace("Mori", "M&amp;ori")
    assert len(triggers.triggers().look(referred.encode()).bearing) == 4


@pytest.mark.parametrize("said", ["No AI training.", "You've reached your article limit", "No data mining", "会員限定"])
@pytest.mark.parametrize("around", AROUND)
def test_what_only_looks_like_said(said: str, around: tuple[str, str]) -> None:
    """Words that are looked for, in places where some readers look and others do not."""
    for text in (said, f"{said[:4]}<b>{said[4:]}</b>", f"{said[:4]}</b>{said[4:]}", f"{said[:4]}<!-- -->{said[4:]}"):
        quick, full, _ = both(b"<body>" + (around[0] + text + around[1]).encode() + PADDING, "text/html")
        assert quick == full


def test_a_page_whose_scan_fails_is_read_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def hits(self, data: bytes) -> None:
            raise automata.Failed("no memory")

    page = b"<html><body><p>No AI training.</p>" + PADDING
    monkeypatch.setattr(triggers.triggers(), "_page", Failing())
    quick, full, taken = both(page, "text/html")
    assert not taken
    assert quick == full
    assert full.signals


@pytest.mark.parametrize(("prepared", "in_full"), [(False, 3), (True, 0)])
def test_the_first_pages_of_a_process_are_read_in_full_unless_it_prepared(*, prepared: bool, in_full: int) -> None:
    script = (
        "from crawlgate import url; from crawlgate.headers import Headers; "
        "from crawlgate.signals import quick_page, response; "
        "u = url.parse('https://a.example/'); h = Headers({'content-type': 'text/html'}); "
        "b = response.read_headers(200, h, url=u, token='X'); "
        f"{prepared} and quick_page.prepare(); "
        "print([quick_page.read(b'<p>' + b'words and words ' * 200, b, url=u, content_type='', token='X', whole=True, "
        "not_looked={}) is not None for _ in range(5)])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([False] * in_full + [True] * (5 - in_full))


def test_scans_of_many_threads_do_not_meet() -> None:
    pages = [b"<p>" + bytes([97 + n]) * n + b"</p><link rel=canonical>" * n for n in range(1, 20)]
    expected = [triggers.triggers().look(page) for page in pages]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(triggers.triggers().look, pages * 20)) == expected * 20


def test_without_hyperscan_pages_are_read_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_page, "AVAILABLE", False)
    quick, full, taken = both(
        b"<html><body><p>AI\xe5\xad\xa6\xe7\xbf\x92\xe7\xa6\x81\xe6\xad\xa2</p>" + PADDING, "text/html"
    )
    assert not taken
    assert quick == full
    assert any(signal.kind == "wording.refusal" for signal in full.signals)
    assert wording.FINDING
