"""One normalisation: what a URL means here is what it means to a browser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import UrlError
from crawlgate.url import Url, join, parse, without_userinfo


@pytest.mark.parametrize(
    ("given_url", "href"),
    [
        ("https://a.example", "https://a.example/"),
        ("HTTPS://A.EXAMPLE/Path", "https://a.example/Path"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("http://a.example:8080/x", "http://a.example:8080/x"),
        ("https://a.example./x", "https://a.example/x"),
        ("https://a.example/a/../b", "https://a.example/b"),
        ("https://a.example/a/%2e%2E/b", "https://a.example/b"),
        ("https://a.example/a/.%2e/b", "https://a.example/b"),
        ("https://a.example/.well-known/x", "https://a.example/.well-known/x"),
        ("https://a.example/x#frag", "https://a.example/x"),
        ("https://a.example/x?#frag", "https://a.example/x?"),
        ("https://a.example/?", "https://a.example/?"),
        ("  https://a.example/x\n", "https://a.example/x"),
        ("https://a.example\\@b.example/", "https://a.example/@b.example/"),
        ("https://日本.example/あ", "https://xn--wgv71a.example/%E3%81%82"),
        ("https://a.example/a%2Fb%7Ec", "https://a.example/a%2Fb%7Ec"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    ],
)
def test_normal_form(given_url: str, href: str) -> None:
    read = parse(given_url)
    assert read.href == href
    assert parse(read.href) == read, "normalising twice changes nothing"
    assert read.href == read.origin + read.target


@pytest.mark.parametrize(
    ("given_url", "code"),
    [
        ("", "no_scheme"),
        ("a.example/x", "no_scheme"),
        ("a.example:80/x", "no_scheme"),
        ("//a.example/x", "no_scheme"),
        ("data:text/plain,x", "unsupported_scheme"),
        ("file:///etc/passwd", "unsupported_scheme"),
        ("ftp://a.example/", "unsupported_scheme"),
        ("https://", "no_host"),
        ("https:///x", "no_host"),
        ("https:a.example", "no_host"),
        ("https://a..example/", "bad_host"),
        ("https://a b.example/", "bad_host"),
        ("https://a.example:99999/", "bad_port"),
        ("https://user:secret@a.example/", "userinfo"),
        ("https://a.example/" + "x" * 40_000, "too_long"),
    ],
)
def test_refused(given_url: str, code: str) -> None:
    with pytest.raises(UrlError) as error:
        parse(given_url)
    assert error.value.code == code
    assert "secret" not in str(error.value) + error.value.url


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_a_url_error(text: str) -> None:
    for candidate in (text, "https://" + text, "https://a.example/" + text):
        try:
            read = parse(candidate)
        except UrlError:
            continue
        assert isinstance(read, Url)
        assert parse(read.href) == read


def test_redirect_targets_are_resolved() -> None:
    base = parse("https://a.example/x/y?z")
    assert join(base, "../w").href == "https://a.example/w"
    assert join(base, "//b.example").href == "https://b.example/"
    with pytest.raises(UrlError):
        join(base, "mailto:a@b.example")


def test_userinfo_is_cut_from_anything() -> None:
    assert without_userinfo("https://u:p@a.example/x@y") == "https://a.example/x@y"
