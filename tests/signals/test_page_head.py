"""The page scanner: what counts as a tag, how it is decoded, and that hostile pages cost linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from crawlgate.signals import page_head
from crawlgate.signals.page_head import PageHead, head_complete, scan
from tests.effort import assert_linear


def pairs(markup: str | bytes) -> list[tuple[str, str]]:
    data = markup if isinstance(markup, bytes) else markup.encode()
    return [(tag.name, tag.content) for tag in scan(data).meta]


def codes(head: PageHead) -> set[str]:
    return {item.code for item in head.lint}


@pytest.mark.parametrize(
    "markup",
    [
        "<meta name='robots' content='noai'>",
        '<meta name="robots" content="noai"/>',
        "<META CONTENT=noai NAME=Robots>",
        "<meta\n\tname = robots\f content\r=\n'noai' >",
        "<meta name=robots name=other content=noai content=index>",
        "<meta data-x=it's name=robots content=noai>",
        "<meta a='>' name=robots content=noai>",
        "<meta name=rob&#111;ts content=no&#x61;i>",
        "<meta/name=robots content=noai>",
    ],
)
def test_a_meta_tag_in_every_spelling(markup: str) -> None:
    assert pairs(markup) == [("robots", "noai")]


@pytest.mark.parametrize(
    "markup",
    [
        "<!-- <meta name=robots content=noai> -->",
        "<!-- > <meta name=robots content=noai> --!>",
        "<script><meta name=robots content=noai></script>",
        "<script>var a = '</scripty><meta name=robots content=noai>'</script>",
        "<script><!-- <script></script> <meta name=robots content=noai> --></script>",
        "<SCRIPT><meta name=robots content=noai></ScRiPt >",
        "<style><meta name=robots content=noai></style>",
        "<title><meta name=robots content=noai></title>",
        "<textarea><meta name=robots content=noai></textarea>",
        "<template><meta name=robots content=noai></template>",
        "<template><template></template><meta name=robots content=noai></template>",
        "<template><script></template></script><meta name=robots content=noai></template>",
        "<iframe><meta name=robots content=noai></iframe>",
        "<p title='<meta name=robots content=noai>'>",
        '<p title="\'<meta name=robots content=noai>">',
        "<?xml <meta name=robots content=noai",
        "<meta name=robots content='noai",
        "<metadata name=robots content=noai>",
        "<!-- <meta name=robots content=noai>",
        "<script><meta name=robots content=noai>",
        "<plaintext><meta name=robots content=noai>",
        "< meta name=robots content=noai>",
    ],
)
def test_what_looks_like_a_meta_tag_and_is_none(markup: str) -> None:
    assert pairs(markup) == []


@pytest.mark.parametrize(
    "before",
    [
        "<!---->",
        "<!-->",
        "<!--->",
        "<!-- --!>",
        "<!doctype html>",
        "<![CDATA[x]]>",
        "</>",
        "</ a>",
        "<?php ?>",
        "a < b <3 <",
        "<noscript>",
        "<script><!-- --></script>",
        "<script><!--></script>",
        "<script><!-- <script> </script> </script>",
        "<script>'<!--'</script>",
        "<template></template></template>",
        "<svg><style/></svg>",
        "<svg><title/></svg>",
        "<p title=it's>",
        '<p a="x"\'y>',
        '<p "quoted>',
        "<p a=>",
        "<p a= >",
        "<p ==>",
        "<p =\n>",
        "<p a='1'b='2'>",
        "\0<p\0>",
    ],
)
def test_what_stands_before_a_meta_tag_does_not_hide_it(before: str) -> None:
    assert pairs(before + "<meta name=robots content=noai>") == [("robots", "noai")]


def test_the_name_may_stand_in_other_attributes() -> None:
    markup = (
        "<meta property=og:type content=article><meta http-equiv=refresh content=5><meta itemprop=a><meta charset=x>"
    )
    assert [(tag.attribute, tag.name) for tag in scan(markup.encode()).meta] == [
        ("property", "og:type"),
        ("http-equiv", "refresh"),
        ("itemprop", "a"),
    ]


def test_a_span_is_the_range_of_the_tag() -> None:
    data = "日本<meta name=robots content=noai>x".encode()
    (tag,) = scan(data).meta
    assert data[slice(*tag.span)] == b"<meta name=robots content=noai>"


@pytest.mark.parametrize(
    ("markup", "in_body"),
    [
        ("<html><head><title>x</title><meta name=a>", False),
        ("<head></head><meta name=a>", False),
        ("<head><noscript><img src=x></noscript><meta name=a>", False),
        ("<body><meta name=a>", True),
        ("<head><div></div><meta name=a>", True),
        ("<a href=x><meta name=a>", True),
        ("<template><div></div></template><meta name=a>", False),
    ],
)
def test_where_the_body_begins(markup: str, in_body: bool) -> None:
    (tag,) = scan(markup.encode()).meta
    assert tag.in_body is in_body


def test_links() -> None:
    (link,) = scan(b"<link rel='License' type='application/RSL+xml' href='/a?b&amp;c=1'>").links
    assert (link.rel, link.type, link.href, link.in_body) == ("license", "application/rsl+xml", "/a?b&c=1", False)


@pytest.mark.parametrize(
    "kind",
    ["application/ld+json", "Application/LD+JSON; charset=utf-8", "application/ld&#x2B;json", " application/ld+json "],
)
def test_data_scripts(kind: str) -> None:
    head = scan(f'<script type="{kind}">{{"a": "<b>"}}</script><script type=module>1</script>'.encode())
    assert head.jsonld == (b'{"a": "<b>"}',)
    assert head.rsl == ()


def test_an_rsl_script_is_kept_apart() -> None:
    head = scan(b"<script type='application/rsl+xml'><rsl/></script>")
    assert (head.jsonld, head.rsl) == ((), (b"<rsl/>",))


def test_a_data_script_that_is_not_closed_is_none() -> None:
    assert scan(b"<script type='application/ld+json'>{}").jsonld == ()


def test_the_first_title() -> None:
    assert scan(b"<title>\n A &amp;\tB </title><title>C</title>").title == "A & B"


def test_the_visible_text() -> None:
    markup = (
        "<title>t</title><style>s</style><script>s</script><p>AI<b>学習</b>\n 禁止<p>one<br>two&nbsp;three<!-- c -->"
        "<template>x</template><noscript>n</noscript><textarea>a<b></textarea> 1 < 2<div>end"
    )
    assert scan(markup.encode()).text.split("\n") == ["AI学習 禁止", "one", "two three", "n", "a<b>", "1 < 2", "end"]


@pytest.mark.parametrize(
    ("coding", "declared", "content_type"),
    [
        ("utf-8", "", ""),
        ("utf-8", "", "text/html; charset=UTF-8"),
        ("cp932", "", "text/html;charset=Shift_JIS"),
        ("cp932", "<meta charset=shift_jis>", "text/html"),
        ("cp932", "<meta http-equiv=Content-Type content='text/html; charset=x-sjis'>", ""),
        ("euc_jp", "<meta charset='EUC-JP'>", ""),
        ("iso2022_jp", "<meta charset='iso-2022-jp'>", ""),
        ("iso2022_jp", "", "text/html; charset=ISO-2022-JP"),
        ("utf-16", "", ""),
        ("utf-16-le", "", "text/html; charset=utf-16le"),
        ("gb18030", "", "text/html; charset=gb2312"),
        ("utf-8-sig", "<meta charset=shift_jis>", "text/html; charset=shift_jis"),
    ],
)
def test_codings(coding: str, declared: str, content_type: str) -> None:
    script = '<script type=application/ld+json>"学習"</script>'
    markup = f"{declared}<title>表示能力</title><meta name=a content='学習'>{script}予約"
    head = scan(markup.encode(coding), content_type=content_type)
    assert (head.title, head.text) == ("表示能力", "予約")
    assert head.meta[-1].content == "学習"
    assert head.jsonld == ('"学習"'.encode(),)
    assert ("transcoded" in codes(head)) is (coding.startswith(("utf-16", "iso2022")))


@pytest.mark.parametrize("label", ["punycode", "base64", "utf-7", "x\0y", "idna", "none", "a" * 5000])
def test_an_unknown_coding_is_read_as_utf_8(label: str) -> None:
    assert scan(f"<meta charset='{label}'><p>é".encode(), content_type=f"text/html; charset={label}").text == "é"


@pytest.mark.parametrize(
    ("markup", "complete"),
    [
        ("<head><title>x</title></head>", True),
        ("<head><title>x</title><BODY class=a>", True),
        ("<frameset>", True),
        ("<p>implied<body>", True),
        ("<p>no head at all</html>", True),
        ("<head><title>x</title>", False),
        ("<head><!-- </head><body> -->", False),
        ("<head><script>'</head><body>'</script>", False),
        ("<head><template></head><body></template>", False),
        ("<head><title></head><body></title>", False),
        ("<head><p title='<body>'>", False),
        ("<head><header></header><tbody>", False),
        ("<head><title>x</title></hea", False),
        ("<body class='", False),
        ("", False),
    ],
)
def test_how_a_client_knows_that_it_has_the_head(markup: str, complete: bool) -> None:
    assert head_complete(markup.encode()) is complete
    assert scan(markup.encode()).complete


@pytest.mark.parametrize(
    ("markup", "complete"),
    [
        ("<title>x</title></head>", True),
        ("<title>x</title><p title='<body>'>", True),
        ("<title>x</title>text", True),
        ("<title>x</title> <!-- text --> <script>text</script><style>text</style>\n", False),
        ("<noscript><img src=x>text</noscript>", False),
        ("<title>text", False),
        ("<!-- <p>text", False),
        ("<p title='text", False),
    ],
)
def test_a_head_ends_where_a_cut_page_begins_to_speak(markup: str, complete: bool) -> None:
    assert scan(markup.encode(), whole=False).complete is complete


def test_a_page_beyond_the_limit_is_not_complete() -> None:
    data = b"<head>" + b"<meta name=a>" * 100 + b"</head>"
    cut = scan(data, limit=200)
    assert (cut.complete, len(cut.meta)) == (False, 14)
    assert scan(data).complete


@pytest.mark.parametrize(
    ("markup", "code"),
    [
        ("<!-- <meta>", "unclosed_comment"),
        ("<meta name='", "unclosed_tag"),
        ("<script>x", "unclosed_element"),
        ("<meta name=x " + "a " * 400 + ">", "attributes_cut"),
        ("<meta name=x content='" + "a" * 40_000 + "'>", "value_cut"),
    ],
)
def test_what_is_cut_or_open_is_told(markup: str, code: str) -> None:
    assert codes(scan(markup.encode())) == {code}


def test_an_entity_of_thousands_of_digits_is_left_alone() -> None:
    number = "&#" + "9" * 5000
    head = scan(f"<meta name=a content='{number}'><p>{number}".encode())
    assert (head.meta[0].content, head.text) == (number, number)


@pytest.mark.parametrize(
    "markup",
    [
        "<head><meta name=a content=1><script>x</script><link rel=x><meta name=b content='2'></head><body><p>x",
        "<meta name=a content='1'><p a=b'c'd><meta name=b content=\"'\"><!-- --><meta name=c content=3>",
        "<meta name=a content=/><meta name=b content=/x/ ><meta name=c content='&lt;'><meta name=d content=&amp>",
        "<script><!--<script></script>--></script><meta name=a content=1><script><!--</script><meta name=b content=2>",
        "<title></TITLE\n><meta name=a content=1></title/><meta name=b content=2>",
        "<meta name=a content=1 / content=2><meta name=b = content=3><meta name=c content==4>",
    ],
)
def test_the_scanner_agrees_with_a_tree_builder(markup: str) -> None:
    tree = LexborHTMLParser(markup)
    expected = [(tag.attributes["name"], tag.attributes.get("content") or "") for tag in tree.css("meta")]
    assert pairs(markup) == expected


_SIGNS = ["<", ">", "</", "/>", "<!--", "-->", "'", '"', "=", " ", "&#", "&amp", "\0", "x"]
_TAGS = ["<script>", "</script>", "<template>", "</template>", "<title>", "</title>", "<body>", "</head>", "<svg>"]
_TAG_SOUP = st.lists(st.sampled_from([*_SIGNS, *_TAGS, "<meta name=a content="])).map(
    lambda all_: "".join(all_).encode()
)


@given(st.binary() | _TAG_SOUP, st.text(), st.integers(0, 64))
def test_no_page_raises(data: bytes, content_type: str, limit: int) -> None:
    scan(data, content_type=content_type)
    scan(data, limit=limit)
    assert scan(data, whole=False, limit=len(data)).complete or not head_complete(data)


HOSTILE = {
    "elements": b"<div>",
    "formatting": b"<b i><i i>x</b>",
    "attributes": b" a=b",
    "quoted attributes": b" a='b'",
    "blanks": b" ",
    "equals": b"= ",
    "quotes": b"'\"",
    "comments": b"<!---->",
    "open comments": b"<!--",
    "banged comments": b"<!-- --!",
    "less-than": b"<",
    "end tags": b"</",
    "bogus comments": b"<!",
    "scripts": b"<script></script>",
    "open scripts": b"<script>",
    "escaped scripts": b"<script><!--</script>",
    "templates": b"<template>",
    "svg": b"<svg><style/>",
    "entities": b"&a",
    "digits": b"&#1",
    "nuls": b"\0",
    "metas": b"<meta name=a content=b>",
    "titles": b"<title></title>",
}


@pytest.mark.parametrize("beginning", [b"", b"<meta name=x ", b"<script><!-- <script>"])
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_with_length_only(unit: bytes, beginning: bytes) -> None:
    def read(data: bytes) -> None:
        scan(data)
        head_complete(data + b"<body")

    assert_linear(lambda size: beginning + unit * (size // len(unit)), read, 32_000)


def test_only_the_limit_is_read() -> None:
    data = b"<meta name=a>" * 400_000
    assert len(scan(data).meta) == -(-page_head.DEFAULT_LIMITS.page_head_bytes // 13) - 1
