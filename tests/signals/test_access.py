"""Status, login redirects and challenges (RFC 9110 15, RFC 6585, RFC 7725, vendor headers)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.model import Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import access
from tests.effort import assert_linear

PAGE = urls.parse("https://www.example.com/a")


def read(status: int, headers: dict[str, str] | None = None, url: str = PAGE.href) -> tuple[Signal, ...]:
    return access.read(status, Headers(headers or {}), url=urls.parse(url), evidence="e1")


def kinds(signals: tuple[Signal, ...]) -> list[str]:
    return [signal.kind for signal in signals]


def test_every_signal_is_an_access_measure_of_this_response() -> None:
    (signal,) = read(401, {"WWW-Authenticate": 'Basic realm="members"'})
    assert signal.purpose is Purpose.ACCESS
    assert signal.polarity is Polarity.RESERVED
    assert signal.strength is Strength.MEASURE
    assert signal.scope is Scope.RESPONSE
    assert signal.raw == 'www-authenticate: Basic realm="members"'
    assert signal.evidence == "e1"
    assert signal.name == "www-authenticate"
    assert signal.detail == {"schemes": "basic"}


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"server": "cloudflare", "cf-ray": "x"}, []),
        (200, {"x-datadome": "protected"}, []),
        (200, {"location": "https://login.example.com/"}, []),
        (200, {"www-authenticate": "Basic"}, []),
        (404, {}, []),
        (402, {}, []),
        (503, {"retry-after": "120"}, []),
        (401, {}, ["access.401"]),
        (403, {"server": "cloudflare", "cf-ray": "x"}, ["access.403"]),
        (407, {}, ["access.407"]),
        (429, {}, ["access.429"]),
        (451, {}, ["access.451"]),
        (401, {"www-authenticate": 'License error="invalid_request"'}, ["access.licence_required"]),
        (401, {"www-authenticate": "Bearer, License"}, ["access.licence_required", "access.401"]),
        (401, {"x-error-code": "GatedRepo"}, ["access.gated"]),
        (403, {"x-error-code": "GatedRepo"}, ["access.gated"]),
        (404, {"x-error-code": "GatedRepo"}, []),
        (403, {"x-error-code": "RepoNotFound"}, ["access.403"]),
        (503, {"cf-mitigated": "challenge"}, ["access.challenge"]),
        (429, {"cf-mitigated": "challenge"}, ["access.challenge", "access.429"]),
        (200, {"cf-mitigated": "challenge"}, ["access.challenge"]),
        (403, {"cf-mitigated": "something"}, ["access.403"]),
        (202, {"x-amzn-waf-action": "challenge"}, ["access.challenge"]),
        (405, {"x-amzn-waf-action": "captcha"}, ["access.challenge"]),
        (200, {"x-amzn-waf-action": "count"}, []),
        (403, {"x-datadome": "protected", "x-dd-b": "1"}, ["access.challenge", "access.403"]),
        (0, {}, []),
        (-1, {"cf-mitigated": ""}, []),
    ],
)
def test_kinds(status: int, headers: dict[str, str], expected: list[str]) -> None:
    assert kinds(read(status, headers)) == expected


@pytest.mark.parametrize(
    ("status", "headers", "polarity"),
    [
        (401, {}, Polarity.RESERVED),
        (401, {"www-authenticate": "License"}, Polarity.CONDITIONAL),
        (403, {"x-error-code": "GatedRepo"}, Polarity.CONDITIONAL),
        (407, {}, Polarity.UNSPECIFIED),
        (429, {}, Polarity.UNSPECIFIED),
        (451, {}, Polarity.RESERVED),
    ],
)
def test_polarity(status: int, headers: dict[str, str], polarity: Polarity) -> None:
    assert [signal.polarity for signal in read(status, headers)] == [polarity]


def test_details() -> None:
    assert read(429, {"retry-after": "120"})[0].detail == {"retry_after": "120"}
    assert "our own proxy" in read(407)[0].detail["from"]
    blocked = read(451, {"link": '<https://x.example/>; rel="other", <https://isp.example/>; rel="blocked-by"'})[0]
    assert blocked.detail == {"blocked_by": "https://isp.example/"}
    assert blocked.ambiguity is not None
    licence = read(
        401, {"www-authenticate": "License", "link": '<https://x/l.xml>; rel="license"; type="application/rsl+xml"'}
    )[0]
    assert licence.detail["licence"] == "https://x/l.xml"


@pytest.mark.parametrize(
    ("values", "schemes"),
    [
        (['Basic realm="x"'], ("basic",)),
        (['Basic realm="a, Digest b", charset="UTF-8"'], ("basic",)),
        (['Digest qop="auth, auth-int", nonce="x", Basic realm="y"'], ("digest", "basic")),
        (["Negotiate, NTLM"], ("negotiate", "ntlm")),
        (["NTLM TlRMTVNTUAAC=="], ("ntlm",)),
        (["Bearer"], ("bearer",)),
        (["Negotiate", "Basic realm=x"], ("negotiate", "basic")),
        (["Basic realm = x"], ("basic",)),
        (["realm=x"], ()),
        (['Basic realm="unclosed, Digest'], ("basic",)),
        ([", ,Basic"], ("basic",)),
        ([""], ()),
    ],
)
def test_auth_schemes(values: list[str], schemes: tuple[str, ...]) -> None:
    assert access.auth_schemes(values) == schemes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_status(status: int) -> None:
    assert kinds(read(status, {"location": "/login"})) == ["access.login_redirect"]


@pytest.mark.parametrize(
    "location",
    [
        "https://login.example.com/?returnTo=%2Fa",
        "/login",
        "/LOGIN",
        "/login/",
        "/login.php",
        "/member/login?next=/a",
        "/users/sign_in",
        "/auth/realms/x",
        "/%6cogin",
        "/login;jsessionid=1",
        "wp-login.php?redirect_to=x",
        "//accounts.example.com/ServiceX",
        "https://sso.example.com/",
        "https://idp.example.org/x?SAMLRequest=abc",
        "https://tenant.example.net/authorize?client_id=1&response_type=code",
        "https://id.example.com/?continue=x",
        "/cas/?service=https%3A%2F%2Fwww.example.com%2Fa",
        "https://user:secret@login.example.com/",
    ],
)
def test_login_redirects(location: str) -> None:
    (signal,) = read(302, {"location": location})
    assert signal.kind == "access.login_redirect"
    assert signal.detail["hints"]
    assert "secret" not in signal.raw + str(signal.detail)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (PAGE.href, "/blogin"),
        (PAGE.href, "/how-to-login-safely"),
        (PAGE.href, "/b?next=/a"),
        (PAGE.href, "https://consent.example.com/?continue=https://www.example.com/a"),
        (PAGE.href, "/b?next=/a&continue=/a"),
        (PAGE.href, "/b?returnTo=/c"),
        (PAGE.href, "/b?returnTo=http://[::bad"),
        (PAGE.href, "https://id.example.com/a"),
        (PAGE.href, "/cas/usage"),
        (PAGE.href, "https://example.com/a"),
        ("http://www.example.com/login", "https://www.example.com/login"),
        ("https://www.example.com/login", "https://example.com/login/"),
        ("https://login.example.com/a", "https://login.example.com/b"),
        ("https://www.example.com/sso/1", "/sso/2"),
        (PAGE.href, ""),
        (PAGE.href, "http://"),
        (PAGE.href, "javascript:login()"),
        (PAGE.href, "mailto:login@example.com"),
        (PAGE.href, "https://[::bad/login"),
    ],
)
def test_no_login_redirects(url: str, location: str) -> None:
    assert read(302, {"location": location}, url) == ()


@pytest.mark.parametrize("name", ["returnTo", "return_url", "ReturnUrl", "redirect_uri", "return_to"])
def test_a_redirect_with_the_way_back_to_the_page_is_read_as_a_barrier(name: str) -> None:
    (signal,) = read(302, {"location": f"/gateway?{name}=%2Fa%3Fx%3D1"}, "https://www.example.com/a?x=1")
    assert (signal.kind, signal.ambiguity) == ("access.login_redirect", "way_back_to_the_page")
    (signal,) = read(302, {"location": f"https://other.example/?{name}=https%3A%2F%2Fwww.example.com%2Fa"}, PAGE.href)
    assert signal.ambiguity == "way_back_to_the_page"


def test_login_next_to_a_word_the_asked_url_had_already() -> None:
    (signal,) = read(302, {"location": "/auth/login"}, "https://www.example.com/auth/report")
    assert signal.detail["hints"] == "path:login"


@given(
    st.integers(min_value=-1, max_value=600),
    st.dictionaries(
        st.sampled_from(
            ["www-authenticate", "location", "link", "cf-mitigated", "x-datadome", "retry-after", "x-error-code"]
        ),
        st.text(max_size=80),
    ),
)
def test_never_raises(status: int, headers: dict[str, str]) -> None:
    for signal in access.read(status, Headers(headers), url=PAGE):
        assert signal.kind.startswith("access.")


@given(st.text(alphabet='/?&=:;.%\\@#[]"loginauthsx \t', max_size=60))
def test_any_location(location: str) -> None:
    access.read(302, Headers({"location": location}), url=PAGE)


@pytest.mark.parametrize(
    ("status", "name", "unit"),
    [
        (401, "www-authenticate", '"\\'),
        (401, "www-authenticate", "a "),
        (401, "www-authenticate", "a,"),
        (451, "link", "<rel="),
        (451, "link", "rel\t"),
        (302, "location", "/login/"),
        (302, "location", "/?next=&"),
        (302, "location", "//@"),
    ],
)
def test_time_is_linear(status: int, name: str, unit: str) -> None:
    assert_linear(
        lambda size: Headers({name: unit * (size // len(unit))}),
        lambda headers: access.read(status, headers, url=PAGE),
        8_000,
    )


def test_raw_is_bounded() -> None:
    (signal,) = read(401, {"www-authenticate": "Basic " + "x" * 10_000})
    assert len(signal.raw) <= 400
