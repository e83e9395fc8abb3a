"""Prices for crawling: Pay Per Crawl, x402, RSL licences, TollBit, bare 402."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.headers import Headers
from crawlgate.model import Polarity, Purpose, Signal, Strength
from crawlgate.signals import payment

V1 = {
    "x402Version": 1,
    "error": "payment required",
    "accepts": [{"scheme": "exact", "network": "base-sepolia", "maxAmountRequired": "10000", "asset": "0x1"}],
}
V2 = {"x402Version": 2, "accepts": [{"scheme": "exact", "network": "eip155:1", "amount": "25", "asset": "0x2"}]}


def b64(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def read(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> tuple[Signal, ...]:
    return payment.read(status, Headers(headers or {}), body, evidence="e1")


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("USD 0.01", {"amount": "0.01", "currency": "USD"}),
        ("usd 1", {"amount": "1", "currency": "USD"}),
        ("JPY 100", {"amount": "100", "currency": "JPY"}),
        ("0.01", {"amount": "unknown"}),
        ("USD", {"amount": "unknown"}),
        ("$0.01", {"amount": "unknown"}),
        ("USD  0.01", {"amount": "unknown"}),
        ("USD -1", {"amount": "unknown"}),
        ("USD 1e3", {"amount": "unknown"}),
        ("USD 1.", {"amount": "unknown"}),
        ("USD ١", {"amount": "unknown"}),
        ("ＵＳＤ 1", {"amount": "unknown"}),
        ("USDC 0.01", {"amount": "unknown"}),
        ("USD 0.01, USD 0.02", {"amount": "unknown"}),
        ("", {"amount": "unknown"}),
    ],
)
@pytest.mark.parametrize("status", [402, 200, 403])
def test_crawler_price(value: str, detail: dict[str, str], status: int) -> None:
    (signal,) = read(status, {"crawler-price": value})
    assert signal.kind == "payment.crawler_price"
    assert (signal.purpose, signal.polarity, signal.strength) == (Purpose.CRAWL, Polarity.PRICED, Strength.MEASURE)
    assert signal.detail == detail
    assert signal.raw == f"crawler-price: {value}"
    assert signal.evidence == "e1"


def test_zero_is_a_price_with_a_second_reading() -> None:
    (signal,) = read(200, {"crawler-price": "USD 0.00"})
    assert signal.polarity is Polarity.PRICED
    assert signal.ambiguity is not None


def test_crawler_error_is_kept() -> None:
    (signal,) = read(402, {"crawler-price": "USD 1", "crawler-error": "MissingCrawlerPrice"})
    assert signal.detail["error"] == "MissingCrawlerPrice"


def test_charged_is_a_receipt() -> None:
    (signal,) = read(200, {"crawler-charged": "USD 0.01"})
    assert signal.kind == "payment.crawler_charged"
    assert signal.polarity is Polarity.UNSPECIFIED
    assert signal.detail == {"amount": "0.01", "currency": "USD"}


def test_x402_version_1_in_the_body() -> None:
    (signal,) = read(402, body=json.dumps(V1).encode())
    assert signal.kind == "payment.x402"
    assert signal.detail == {
        "amount": "unknown",
        "version": "1",
        "atomic_amount": "10000",
        "asset": "0x1",
        "network": "base-sepolia",
    }


@pytest.mark.parametrize("value", [b64(V2), b64(V2).rstrip("=")])
def test_x402_version_2_in_the_header(value: str) -> None:
    (signal,) = read(402, {"payment-required": value}, b"{}")
    assert signal.kind == "payment.x402"
    assert signal.name == "payment-required"
    assert signal.detail["version"] == "2"
    assert signal.detail["atomic_amount"] == "25"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({}, b"<html>pay</html>"),
        ({}, b'{"accepts": [{"amount": "1"}]}'),
        ({}, b'{"x402Version": 1, "accepts": []}'),
        ({}, b'{"x402Version": 1, "accepts": {}}'),
        ({}, b'{"x402Version": 1, "accepts": [1, null]}'),
        ({}, b'{"x402Version": true, "accepts": [{}]}'),
        ({}, b'{"x402Version": 1}'),
        ({}, b"[" * 100_000),
        ({}, b'{"x402Version": 1, "accepts": [{}]' + b" " * 100_000 + b"}"),
        ({}, b"\xff\xfe"),
        ({"payment-required": "!!!"}, b""),
        ({"payment-required": "é"}, b""),
        ({"payment-required": b64([1])}, b""),
        ({"payment-required": ""}, b""),
    ],
)
def test_402_without_terms_is_priced_all_the_same(headers: dict[str, str], body: bytes) -> None:
    (signal,) = read(402, headers, body)
    assert signal.kind == "payment.402"
    assert signal.polarity is Polarity.PRICED
    assert signal.detail == {"amount": "unknown"}


@pytest.mark.parametrize(
    ("headers", "body"), [({"payment-required": b64(V2)}, b""), ({}, json.dumps(V1).encode()), ({}, b"")]
)
def test_x402_speaks_with_402_only(headers: dict[str, str], body: bytes) -> None:
    assert read(200, headers, body) == ()


def test_licence_scheme_on_402() -> None:
    headers = {"www-authenticate": 'License error="insufficient_scope"', "link": '<https://x/l.xml>; rel="license"'}
    (signal,) = read(402, headers)
    assert signal.kind == "payment.licence"
    assert signal.detail == {"amount": "unknown", "licence": "https://x/l.xml", "error": "insufficient_scope"}
    assert read(401, headers) == ()  # a licence may be free; `access` tells it


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("https://tollbit.example.com/a", True),
        ("//tollbit.example.com/a", True),
        ("https://TOLLBIT.example.com/", True),
        ("https://u:p@tollbit.example.com/a", True),
        ("https://www.example.com/tollbit", False),
        ("https://nottollbit.example.com/", False),
        ("https://www.tollbit.example/", False),
        ("/a", False),
        ("", False),
        ("https://", False),
    ],
)
def test_tollbit(location: str, found: bool) -> None:
    signals = read(302, {"location": location})
    assert [signal.kind for signal in signals] == (["payment.redirect"] if found else [])
    assert read(200, {"location": location}) == ()


@given(
    st.sampled_from([200, 302, 401, 402, 403]),
    st.dictionaries(
        st.sampled_from(["crawler-price", "crawler-charged", "payment-required", "location", "www-authenticate"]),
        st.text(max_size=60),
    ),
    st.binary(max_size=100) | st.just(json.dumps(V1).encode()),
)
def test_never_raises(status: int, headers: dict[str, str], body: bytes) -> None:
    signals = payment.read(status, Headers(headers), body)
    assert status != 402 or any(signal.polarity is Polarity.PRICED for signal in signals)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["x402Version", "accepts", "amount", "asset"]), x),
        max_leaves=12,
    )
)
def test_any_json_in_header_or_body(value: object) -> None:
    read(402, {"payment-required": b64(value)})
    read(402, body=json.dumps(value).encode())
