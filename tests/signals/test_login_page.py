"""Login pages in place of content, and pages that only have a login form somewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import login_page, login_words
from tests.effort import assert_linear, assert_within

FORM = (
    '<form action="/session" method="post"><label>User</label><input name="user">'
    '<label>Password</label><input type="password" name="pass"><input type="submit" value="OK"></form>'
)
SENTENCE = "The council met on Tuesday and agreed to build the bridge that was first drawn forty years ago. "
SENTENCE_JA = "市議会は火曜日に会合を開き、四十年前に初めて計画された橋を建設することで合意した。"


def page(body: str, title: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>".encode()


def read(body: str, title: str = "") -> tuple[Signal, ...]:
    return login_page.read(page(body, title), evidence="e1")


def signs(body: str, title: str = "") -> list[str]:
    return [signal.detail["sign"] for signal in read(body, title)]


def test_the_signal() -> None:
    (signal,) = read(f"<h1>Log in</h1>{FORM}", "Log in | Example Times")
    assert signal.kind == "access.login_page"
    assert (signal.purpose, signal.polarity) == (Purpose.ACCESS, Polarity.RESERVED)
    assert (signal.strength, signal.scope) == (Strength.MEASURE, Scope.RESPONSE)
    assert signal.raw == '<input type="password" name="pass">'
    assert signal.span is not None
    body = page(f"<h1>Log in</h1>{FORM}", "Log in | Example Times")
    assert body[slice(*signal.span)].decode() == signal.raw
    assert signal.evidence == "e1"
    assert signal.detail == {
        "sign": "title",
        "title": "Log in | Example Times",
        "heading": "Log in",
        "action": "/session",
    }


@pytest.mark.parametrize(
    "title",
    [
        "Login",
        "Log in to your account - Example",
        "Customer Login",
        "Example Times » Sign In",
        "ログイン | 例新聞",
        "会員ログイン - 例新聞デジタル",
        "例新聞：ログイン",
        "Anmelden - Beispiel",
        "Connexion | Exemple",
        "Iniciar sesión · Ejemplo",
        "Вход | Пример",
        "登录 - 示例",
        "로그인",
    ],
)
def test_the_title_says_login(title: str) -> None:
    assert login_words.suspected(title)
    assert signs(FORM, title) == ["title"]


@pytest.mark.parametrize(
    "title",
    [
        "",
        "Example Times",
        "How to log in to your router | Example",
        "Blog in progress",
        "Sign up | Example",
        "A bank has to explain why millions of its customers could not log in for two days last week",
        "ログインできない場合の対処方法",
        "The login that changed how a whole country pays its taxes today",
        "ログイン障害が発生、銀行の顧客数万人に影響",
        "大手銀行でログインできず - 例新聞",
    ],
)
def test_titles_that_do_not_say_login(title: str) -> None:
    assert not login_words.suspected(title)


@pytest.mark.parametrize(
    ("body", "sign"),
    [
        (f"<h2>Member login</h2>{FORM}", "heading"),
        (f"<h2>会員の方はログインしてください</h2>{FORM}", "heading"),
        (f"<div>Please sign in</div>{FORM}", "heading"),
        (f"<h2>Already registered?</h2>{FORM}", "heading"),
        (f"<p>You must be logged in to view this page, as it is for members of our club only.</p>{FORM}", "wording"),
        (f"<p>この記事を読むには、会員登録のうえログインしてください。登録は無料です。</p>{FORM}", "wording"),
        (f"<p>会員専用ページ</p>{FORM}", "wording"),
        (f"<h1>The Club</h1>{FORM}", "nothing else"),
        (FORM, "nothing else"),
        ("<p>This content is password protected.</p><form><input type=password name=post_password></form>", "wording"),
    ],
)
def test_the_page_says_login(body: str, sign: str) -> None:
    assert signs(body, "Example") == [sign]


def test_the_name_first_the_password_later() -> None:
    form = '<form action="/identifier"><input type="email" name="identifier"><button>Sign in</button></form>'
    assert signs(form, "Sign in - Example") == ["title"]
    assert signs(form, "Example") == []


def test_inputs_need_no_form_element() -> None:
    loose = '<div><input name="u"><input type="PASSWORD" name="p"><button>Log in</button></div>'
    assert signs(loose, "Log in") == ["title"]


ARTICLE = f"<article><h1>The bridge</h1>{f'<p>{SENTENCE * 3}</p>' * 6}</article>"
ARTICLE_JA = f"<article><h1>橋の話</h1>{f'<p>{SENTENCE_JA * 3}</p>' * 6}</article>"


@pytest.mark.parametrize(
    "login",
    [
        f"<header>{FORM}</header>",
        f"<header><h2>Log in</h2>{FORM}</header>",
        f"<div class='modal'><h4>Log in</h4>{FORM}</div>",
        f"<div id='loginBox'><h3>ログイン</h3>{FORM}</div>",
        f"<p>Already a member?</p>{FORM}",
        f"<nav>{FORM}</nav><footer>{FORM}</footer>",
    ],
)
@pytest.mark.parametrize("article", [ARTICLE, ARTICLE_JA])
def test_articles_with_a_login_form(login: str, article: str) -> None:
    assert read(login + article, "The bridge | Example Times") == ()
    assert read(article + login, "The bridge | Example Times") == ()


def test_a_short_article_with_a_login_form_in_its_header() -> None:
    """SC73: the article is there; the box for members covers nothing."""
    short = (
        '<header><form action="/login"><input type="password" name="p"></form></header>'
        "<article><h1>Headline</h1><p>full public text</p></article>"
    )
    assert login_page.read(short.encode()) == ()
    plain = f'<div class="top">{FORM}</div><h1>Headline</h1><p>full public text</p>'
    assert login_page.read(plain.encode()) == ()
    assert login_page.read(f"{FORM}<h1>Headline</h1><p>full public text</p>".encode()) == ()


def test_news_about_logging_in() -> None:
    assert read(f"<header>{FORM}</header>{ARTICLE}", "New sign-in for bank customers | Example Times") == ()
    assert read(f"<header>{FORM}</header><h1>Sign-in is down</h1><h2>What happened</h2>", "Sign-in is down") == ()


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Create an account</h1><form><input name=mail><input type=password><button>Register</button></form>",
        "<h1>会員登録</h1><form><input name=mail><input type=password><button>登録する</button></form>",
        "<form><input name=u><input type=password name=a><input type=password name=b><button>OK</button></form>",
        "<form><input name=u><input type=password autocomplete=new-password><button>OK</button></form>",
        "<form>" + "<input name=a>" * 6 + "<input type=password><button>OK</button></form>",
    ],
)
def test_registration_is_no_login(body: str) -> None:
    assert read(body, "Example") == ()


def test_other_forms_beside_a_login_box() -> None:
    box = f'<div id="header">{FORM}</div>'
    assert read(f"{box}<h1>Contact us</h1><form><textarea></textarea></form>", "Contact us") == ()
    assert read(f"{box}<h1>Forgot your password?</h1><form><input name=mail></form>", "Forgot password") == ()
    assert read(f"{box}<form><input type=search name=q></form>" + "<a href=/x>Topic</a>" * 60, "Example") == ()


def test_login_beside_registration_is_a_login_page() -> None:
    both = FORM + "<h2>Register</h2><form><input name=m><input type=password><input type=password></form>"
    assert signs(both, "Login or register") == ["title"]


def test_the_beginning_of_a_page() -> None:
    cut = page(f"<h2>Member login</h2>{FORM}", "Example")
    assert login_page.read(cut, whole=False) == ()
    assert login_page.read(page(FORM, "Log in"), whole=False) != ()


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "shift_jis", "euc-jp", "iso-2022-jp"])
def test_codings(coding: str) -> None:
    declared = f"<meta charset='{coding}'><title>ログイン</title>{FORM}".encode(coding)
    assert [signal.detail["title"] for signal in login_page.read(declared)] == ["ログイン"]
    bare = f"<title>ログイン</title>{FORM}".encode(coding)
    assert login_page.read(bare, content_type=f"text/html; charset={coding}") != ()


def test_utf_16_that_only_the_header_names() -> None:
    bare = f"<title>ログイン</title>{FORM}".encode("utf-16-le")
    assert login_page.read(bare, content_type="text/html; charset=utf-16le") != ()


@pytest.mark.parametrize(
    "body",
    [
        f"<!-- {FORM} -->",
        f"<template>{FORM}</template>",
        f"<script>document.write('{FORM}')</script>",
        "<form><input type=passwords name=p></form>",
        "<form><input type=",
        "<input type=password",
        "<form><form><form></form>",
        "",
    ],
)
def test_no_form_at_all(body: str) -> None:
    assert read(body, "Example") == ()


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Log in<form><div><input name=u><input type=password></form></h1></div></div>",
        "</form></div><h1>Log in</h2></h1><form><form><input name=u><input type='password'>",
        "<h1>Log&#32;in</h1><table><form><tr><td><input name=u></form><td><input type=password></table>",
        "<h1>&#" + "9" * 900 + ";</h1><h1>Log in</h1><input name=u><input type=password>",
    ],
)
def test_malformed_forms(body: str) -> None:
    assert signs(body, "Example") == ["heading"]


_PIECES = [
    "<form>",
    "</form>",
    "<input type=password>",
    "<input name=u>",
    "<button>",
    "</button>",
    "<h1>",
    "</h1>",
    "Log in",
]
_MORE = [
    "<header>",
    "</header>",
    "<div class=modal>",
    "</div>",
    "<a>",
    "</a>",
    "<title>",
    "</title>",
    "&#",
    "<",
    "ログイン",
    "\0",
]
_SOUP = st.lists(st.sampled_from(_PIECES + _MORE), max_size=60).map(lambda parts: "".join(parts).encode())


@given(st.binary() | _SOUP, st.text(max_size=40), st.booleans())
def test_never_raises(body: bytes, content_type: str, whole: bool) -> None:
    for signal in login_page.read(body, content_type=content_type, whole=whole):
        assert signal.kind == "access.login_page"


@given(st.text())
def test_any_title(title: str) -> None:
    login_words.suspected(title)


HOSTILE = {
    "misnested formatting": b"<b><i>",
    "misnested with attributes": b"<b i><i i>x</b>",
    "nested divs": b"<div>",
    "named divs": b'<div class="menu header-x modal">',
    "attributes": b" a=b",
    "inputs": b"<input name=a>",
    "passwords": b"<input type=password>",
    "forms": b"<form><input name=u><input type=password></form>",
    "submits": b"<input type=submit value=x>",
    "headings": b"<h1>login",
    "closed headings": b"<h1>login</h1>",
    "buttons": b"<button>login",
    "end tags": b"</p>",
    "comments": b"<!-- <input type=password> -->",
    "scripts": b"<script><input type=password></script>",
    "lists": b"<ul><li>",
    "articles": b"<article>",
    "articles in articles": b"<article><input type=password></article>",
    "entities": b"&a",
    "words": b"please log in ",
    "words ja": "ログインして".encode(),
    "styles": b'<p style="display     :">',
    "titles": b"<title>login</title>",
    "links": b"<a>login</a>",
}


@pytest.mark.parametrize("beginning", [page(FORM, "Log in")[:-14], b"<div " + b"x" * 10, b"<p>" * 400])
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_with_length_only(unit: bytes, beginning: bytes) -> None:
    assert_linear(
        lambda size: beginning + FORM.encode() + unit * (size // len(unit)) + FORM.encode(), login_page.read, 32_000
    )


@pytest.mark.parametrize(
    "data",
    [
        b"<b><i>" * 6_700,
        b"<b i>" * 2000 + b"<i i>" * 2000 + b"x</b>" * 2000,
        b"<div>" * 1_000_000,
        b"<div" + b" a=b" * 300_000 + b">",
        b"<!--" + b"<meta>" * 100_000,
        b"<script>" + b"<meta>" * 100_000,
        b"x" * 500_000,
        b"<title>" + b"login | " * 100_000 + b"</title>",
        b"<h1>" + b"login " * 60_000 + b"</h1>",
        b"<div>" * 500 + b"</p>" * 90_000,
    ],
    ids=["bold", "bold2", "divs", "attributes", "comment", "script", "line", "title", "heading", "ends"],
)
def test_hostile_pages(data: bytes) -> None:
    assert_within(1.5, lambda: login_page.read(FORM.encode() + data))
    assert_within(1.5, lambda: login_page.read(data + FORM.encode()))


def test_text_behind_the_last_tag_is_text_too() -> None:
    form = "<form action=/login><input name=user><input type=password></form>"
    assert login_page.read(f"{form}<p>".encode())
    assert not login_page.read(f"{form}<p>{'An article that goes on. ' * 40}".encode())
