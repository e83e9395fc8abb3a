"""robots.txt: grouping, readings, and what comes out of hostile bytes (RFC 9309)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate.limits import DEFAULT_LIMITS
from crawlgate.signals import robots


def allows(text: str | bytes, url: str = "/a", token: str = "ExampleBot") -> bool:
    return robots.parse(text.encode() if isinstance(text, str) else text).allows(url, token)


@pytest.mark.parametrize(
    ("text", "url", "token", "allowed"),
    [
        pytest.param("User-agent: *\nDisallow: /p", "/p/x", "ExampleBot", False, id="prefix"),
        pytest.param("User-agent: *\nDisallow: /p", "/q", "ExampleBot", True, id="no match"),
        pytest.param(
            "User-agent: *\nDisallow: /\nUser-agent: ExampleBot\nDisallow:", "/a", "ExampleBot", True, id="named over *"
        ),
        pytest.param(
            "User-agent: ExampleBot\nDisallow: /x\n\nUser-agent: *\nDisallow: /\n\nUser-agent: examplebot\nDisallow: /y",
            "/y",
            "ExampleBot",
            False,
            id="all groups of a token merge",
        ),
        pytest.param(
            "User-agent: *\nAllow: /folder\nDisallow: /folder", "/folder/p", "ExampleBot", True, id="tie allows"
        ),
        pytest.param(
            "User-agent: *\nAllow: /page\nDisallow: /*.htm", "/page.htm", "ExampleBot", False, id="longest wins"
        ),
        pytest.param("User-agent: *\nDisallow: /a%2Fb", "/a/b", "ExampleBot", True, id="%2F is no slash"),
        pytest.param("User-agent: *\nDisallow: /x/%62%61%7A", "/x/baz", "ExampleBot", False, id="unreserved decoded"),
        pytest.param("User-agent: *\nDisallow: /fish*.php$", "/fish.php?x", "ExampleBot", True, id="dollar anchors"),
        pytest.param("User-agent: *\nDisallow: /", "/robots.txt", "ExampleBot", True, id="robots.txt itself"),
        pytest.param("Disallow: /", "/a", "ExampleBot", True, id="rule outside a group"),
        pytest.param("User-agent: GPTBot/1.1\nDisallow: /", "/a", "GPTBot", False, id="version suffix in the file"),
        pytest.param("User-agent: GPTBot\nDisallow: /", "/a", "GPTBot/1.1", False, id="version suffix asked"),
        pytest.param("User-agent: GPTBot, CCBot\nDisallow: /", "/a", "CCBot", False, id="comma list"),
        pytest.param("User-agent: GPTBot CCBot\nDisallow: /", "/a", "CCBot", False, id="space list"),
        pytest.param("User-agent: AI2Bot\nDisallow: /", "/a", "AI2Bot", False, id="digits"),
        pytest.param("User-agent: AI2Bot\nDisallow: /", "/a", "AI", True, id="digits are not cut off"),
        pytest.param(
            "User-agent: *\nDisallow: /\n\nUser-agent: Applebot\nAllow: /",
            "/a",
            "Applebot-Extended",
            False,
            id="no prefix",
        ),
        pytest.param("User-agent: Claude\nDisallow: /", "/a", "ClaudeBot", True, id="no prefix the other way"),
        pytest.param("user-agent *\ndisallow /", "/a", "ExampleBot", False, id="missing colons"),
        pytest.param("useragent: *\ndisalow: /", "/a", "ExampleBot", False, id="typos"),
        pytest.param("User-agent: *\rDisallow: /\r", "/a", "ExampleBot", False, id="CR only"),
        pytest.param("User-agent: * # everyone\nDisallow: / # all", "/a", "ExampleBot", False, id="comments"),
        pytest.param("User-agent: *\nDisallow: private", "/private/x", "ExampleBot", False, id="no leading slash"),
        pytest.param(
            "User-agent: *\nAllow: /a\x0cb\nDisallow: /a", "/a", "ExampleBot", False, id="form feed is no EOL"
        ),
        pytest.param("User-agent: *\nDisallow: /あ", "/%E3%81%82/x", "ExampleBot", False, id="raw path, escaped URL"),
    ],
)
def test_answers(text: str, url: str, token: str, allowed: bool) -> None:
    assert allows(text, url, token) is allowed


@pytest.mark.parametrize(
    "between",
    ["Content-Signal: ai-train=no", "Crawl-delay: 5", "License: https://x/l.xml", "DisallowAITraining: /", "Foo: x"],
)
def test_unknown_lines_never_split_a_group(between: str) -> None:
    text = f"User-agent: GPTBot\n{between}\nUser-agent: ExampleBot\nDisallow: /"
    assert not allows(text)
    assert not allows(text, token="GPTBot")


def test_content_usage_between_agents_is_read_both_ways() -> None:
    read = robots.parse(b"User-agent: ExampleBot\nContent-Usage: train-ai=n\nUser-agent: *\nDisallow: /")
    assert not read.allows("/a", "ExampleBot")
    assert "group_ambiguity" in [lint.code for lint in read.lint]
    # Here the reading of draft-ietf-aipref-attach is the stricter one.
    read = robots.parse(
        b"User-agent: *\nDisallow: /x\nUser-agent: A\nContent-Usage: train-ai=n\nUser-agent: *\nAllow: /x\n"
    )
    answer = read.decide("/x/y", "A")
    assert answer.allowed


@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b"\xef\xbb", b"\xef"])
def test_byte_order_marks_are_skipped(bom: bytes) -> None:
    assert not allows(bom + b"User-agent: *\nDisallow: /")


def test_utf_16_is_read() -> None:
    assert not allows("User-agent: *\nDisallow: /".encode("utf-16"))


def test_bytes_that_are_not_utf_8_still_match() -> None:
    path = "/日本".encode("shift_jis")
    escaped = "".join(f"%{b:02X}" for b in path[1:])
    assert not allows(b"User-agent: *\nDisallow: " + path, f"/{escaped}/x")


def test_the_deciding_rule_is_named() -> None:
    read = robots.parse(b"# hello\nUser-agent: *\nDisallow: /a\nDisallow: /a/b\nAllow: /a/b/c\n")
    assert read.decide("/a/b/x", "ExampleBot").rule == (False, "/a/b", 4, "Disallow: /a/b")
    allowed = read.decide("/a/b/c", "ExampleBot").rule
    assert allowed is not None
    assert (allowed.line, allowed.allow) == (5, True)
    assert read.decide("/z", "ExampleBot").rule is None


@pytest.mark.parametrize(
    ("body", "content", "code"),
    [
        (b"<!doctype html><html>login</html>", "html", "html_not_robots"),
        (b'{"error": "no"}', "json", "json_not_robots"),
        (b"", "empty", "empty_not_robots"),
        (b" \n\t\r\n", "empty", "empty_not_robots"),
        (b"\xef\xbb\xbf", "empty", "empty_not_robots"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "xml", "xml_not_robots"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html></html>", "html", "html_not_robots"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image", "image_not_robots"),
        (b"GIF89a\x01\x00\x01\x00", "image", "image_not_robots"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image", "image_not_robots"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image", "image_not_robots"),
        (b"\x00\x00\x01\x00\x01\x00\x10\x10", "image", "image_not_robots"),
        (b"%PDF-1.7\n1 0 obj", "pdf", "pdf_not_robots"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "archive", "archive_not_robots"),
        (b"PK\x03\x04\x14\x00", "archive", "archive_not_robots"),
        (b"\x7fELF\x02\x01\x01\x00", "binary", "binary_not_robots"),
        (b"404 page not found\n", "text", "text_not_robots"),
        (b"Forbidden: you may not see this\n", "text", "text_not_robots"),
        ("お探しのページは見つかりません".encode(), "text", "text_not_robots"),
        (b"# nothing but a comment\n", "robots", None),
        (b"Sitemap: https://site.example/s.xml", "robots", None),
        (b"License: https://site.example/l.xml", "robots", None),
        (b"User-agent: *\nDisallow: /", "robots", None),
    ],
)
def test_bodies_that_are_no_robots_txt(body: bytes, content: str, code: str | None) -> None:
    read = robots.parse(body)
    assert read.content == content
    assert [lint.code for lint in read.lint] == ([code] if code else [])


def test_a_long_file_is_cut_at_a_line_and_says_so() -> None:
    body = b"User-agent: *\n" + b"Disallow: /private-area\n" * 100_000
    read = robots.parse(body)
    assert read.truncated
    assert read.allows("/pri", "ExampleBot"), "half a rule must not become another rule"
    assert not read.allows("/private-area", "ExampleBot")


def test_extension_lines_know_their_group() -> None:
    read = robots.parse(
        b"Content-Signal: search=yes\nUser-agent: GPTBot\nContent-Signal: ai-train=no\nDisallow: /\n"
        b"User-agent: *\nContent-Usage: train-ai=n\nAllow: /\n"
    )
    ours, others = read.extension_lines("ExampleBot")
    assert [(line.number, line.key) for line in ours] == [(1, "content-signal"), (6, "content-usage")]
    assert [(line.number, line.agents) for line in others] == [(3, ("GPTBot",))]


@given(st.binary(max_size=2000), st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_readable(body: bytes, path: str) -> None:
    read = robots.parse(b"User-agent: *\nDisallow: /x\n" + body)
    try:
        answer = read.decide("/" + path, "ExampleBot")
    except robots.urls.UrlError:
        return
    assert answer.allowed in (True, False)


def test_one_line_beyond_the_bound_is_not_called_empty() -> None:
    limits = replace(DEFAULT_LIMITS, robots_bytes=1000)
    assert robots.parse(b"<html>" + b"x" * 2000, limits=limits).content == "html"
    assert robots.parse(b"x" * 2000, limits=limits).content == "text"
