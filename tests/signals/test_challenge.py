"""Challenges and block pages told by the body, and the presence of vendors that says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.model import Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import access, challenge
from tests.effort import assert_linear, assert_within

PAGE = urls.parse("https://www.example.com/a")
ARTICLE = "<article>" + "<p>The council met on Tuesday and agreed to build the bridge after all these years.</p>" * 30
ARTICLE += "</article>"


def read(body: str, status: int = 403, headers: dict[str, str] | None = None) -> tuple[Signal, ...]:
    return challenge.read(status, Headers(headers or {}), body.encode(), evidence="e1")


def vendors(body: str, status: int = 403) -> list[str]:
    return [signal.detail["vendor"] for signal in read(body, status)]


def test_the_signal() -> None:
    body = "<html><head><title>Just a moment...</title></head><script>window._cf_chl_opt={}</script></html>"
    (signal,) = read(body)
    assert signal.kind == "access.challenge"
    assert (signal.purpose, signal.polarity) == (Purpose.ACCESS, Polarity.RESERVED)
    assert (signal.strength, signal.scope) == (Strength.MEASURE, Scope.RESPONSE)
    assert signal.detail == {"vendor": "cloudflare", "status": "403", "action": "challenge"}
    assert (signal.raw, signal.evidence) == ("_cf_chl_opt", "e1")
    assert signal.span is not None
    assert body.encode()[slice(*signal.span)] == b"_cf_chl_opt"


MARKS = [
    ("cloudflare", "<title>Just a moment...</title>"),
    ("cloudflare", '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1?ray=1"></script>'),
    ("cloudflare", '<div id="cf-challenge-running"></div>'),
    ("cloudflare", "<title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>"),
    ("datadome", '<iframe src="https://geo.captcha-delivery.com/captcha/?initialCid=x"></iframe>'),
    ("datadome", '{"url":"https://geo.captcha-delivery.com/interstitial/?initialCid=x"}'),
    ("datadome", '<script src="https://ct.captcha-delivery.com/c.js"></script>'),
    ("perimeterx", '<div id="px-captcha"></div>'),
    ("perimeterx", '<a href="https://www.perimeterx.com/whywasiblocked">why</a>'),
    ("perimeterx", "<p>Access to this page has been denied because we believe you are using automation tools</p>"),
    ("akamai", "<h1>Access Denied</h1>Reference #18.2d351ab8.1557333295.a4e16ab"),
    ("akamai", "<h1>Access Denied</h1>Reference&#32;&#35;18&#46;2d351ab8 https://errors.edgesuite.net/18.2d3"),
    ("akamai", '<div id="sec-if-cpt-container"></div>'),
    ("imperva", '<iframe src="/_Incapsula_Resource?x">Request unsuccessful. Incapsula incident ID: 1-2</iframe>'),
    ("imperva", "<title>Pardon Our Interruption</title>"),
    ("f5", "The requested URL was rejected. Please consult with your administrator.<br>Your support ID is: 1"),
    ("f5", "Please enable JavaScript to view the page content.<br/>Your support ID is: 12"),
    ("aws-waf", "<script>window.gokuProps = {}</script>"),
    ("anubis", '<script id="anubis_challenge" type="application/json">{}</script>'),
    ("google", "<p>Our systems have detected unusual traffic from your computer network.</p>"),
]


@pytest.mark.parametrize("status", [200, 202, 403, 429, 503])
@pytest.mark.parametrize(("vendor", "body"), MARKS)
def test_marks(vendor: str, body: str, status: int) -> None:
    assert vendors(body, status) == [vendor]


@pytest.mark.parametrize(("vendor", "body"), MARKS)
def test_an_article_that_quotes_a_challenge_is_content(vendor: str, body: str) -> None:
    assert vendors(ARTICLE + body, 200) == []


@pytest.mark.parametrize(
    "presence",
    [
        '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>',
        "<script>window.__CF$cv$params={r:'1'}</script>",
        '<script src="https://js.datadome.co/tags.js"></script>',
        '<script src="//client.perimeterx.net/PX1/main.min.js"></script>',
        '<script src="/_Incapsula_Resource?SWJIYLWA=719d34d31c8e3a6e6fffd425f7e032f3"></script>',
        '<script src="https://x.token.awswaf.com/x/challenge.js"></script>',
        '<script src="https://www.google.com/recaptcha/api.js"></script>',
        "<p>Just a moment, please. Reference number 12.</p>",
        "",
    ],
)
@pytest.mark.parametrize("status", [200, 403])
def test_presence_is_no_challenge(presence: str, status: int) -> None:
    assert vendors(f"<head>{presence}</head><body><p>Hello</p></body>", status) == []


@pytest.mark.parametrize(
    "widget",
    [
        '<script src="https://www.google.com/recaptcha/api.js"></script><div class="g-recaptcha"></div>',
        '<script src="https://hcaptcha.com/1/api.js"></script>',
        '<div class="cf-turnstile"></div>',
    ],
)
def test_a_captcha_in_place_of_content(widget: str) -> None:
    assert vendors(f"<p>Please verify that you are human.</p><form>{widget}<input type=submit></form>", 200) == [
        "captcha"
    ]
    assert vendors(f"<p>ロボットではないことを確認してください。</p>{widget}", 200) == ["captcha"]
    hidden = '<textarea id="g-recaptcha-response" style="display:none"></textarea>'
    assert vendors(f"<p>Are you a robot?</p>{widget}{hidden}", 200) == ["captcha"]


@pytest.mark.parametrize(
    "page",
    [
        ARTICLE + "<p>Prove you are human to comment</p><div class='g-recaptcha'></div>",
        "<p>Register. We verify you are human.</p><input type='email'><div class='h-captcha'></div>",
        "<p>Contact. No robots.</p><textarea name='message'></textarea><div class='h-captcha'></div>",
        "<p>Log in, human.</p><input type='password'><div class='cf-turnstile'></div>",
        "<p>Hello</p><div class='g-recaptcha'></div>",
    ],
)
def test_a_captcha_of_a_form_is_no_wall(page: str) -> None:
    assert vendors(page, 200) == []


def test_what_headers_said_is_not_said_again() -> None:
    headers = Headers({"cf-mitigated": "challenge"})
    known = access.read(403, headers, url=PAGE)
    body = b"<title>Just a moment...</title>"
    assert challenge.read(403, headers, body, known=known) == ()
    refusal = access.read(403, Headers(), url=PAGE)
    assert len(challenge.read(403, Headers(), body, known=refusal)) == 1


def test_only_the_beginning_is_read() -> None:
    assert read(" " * challenge.MAX_BYTES + "window._cf_chl_opt") == ()


_PARTS = [
    "<title>",
    "just a moment",
    "_cf_chl_opt",
    "reference #1.",
    "captcha",
    "g-recaptcha",
    "<input ",
    "robot",
    "&#",
    "<",
]


@given(st.binary() | st.lists(st.sampled_from(_PARTS)).map(lambda p: "".join(p).encode()), st.integers(-1, 600))
def test_never_raises(body: bytes, status: int) -> None:
    for signal in challenge.read(status, Headers(), body):
        assert signal.kind == "access.challenge"


@pytest.mark.parametrize(
    "unit",
    [
        b"access denied reference ",
        b"reference   ",
        b"_incapsula_resource?",
        b"the requested url was rejected.  ",
        b"please enable javascript to view the page content ",
        b"<title>    ",
        b"<title ",
        b'class="',
        b"<textarea ",
        b"<input ",
        b"captcha-delivery.com/",
        b"/cdn-cgi/challenge-platform/h/b",
        b"<b><i>",
        b"<div>",
        b"\n",
        b"&#1",
    ],
)
def test_time_grows_with_length_only(unit: bytes) -> None:
    for beginning in (b"window.gokuprops g-recaptcha", b"hcaptcha.com/1/api.js g-recaptcha"):
        assert_linear(
            lambda size, beginning=beginning: beginning + unit * (size // len(unit)),
            lambda data: challenge.read(200, Headers(), data),
            32_000,
        )


@pytest.mark.parametrize("unit", [b"<div>", b"access denied ", b"<b i><i i>x</b>", b" a=b", b"<input "])
def test_hostile_bodies(unit: bytes) -> None:
    body = b"window.gokuprops <p" + unit * (5_000_000 // len(unit))
    assert_within(1.5, lambda: challenge.read(200, Headers(), body))
