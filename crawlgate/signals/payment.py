"""Prices that a server asks crawlers to pay: Cloudflare Pay Per Crawl, x402, RSL licences, TollBit, bare 402.

Nothing here ever answers a price; a price that cannot be read is still a price.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping

import orjson

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from . import challenges
from .access import REDIRECTS, linked

MAX_BODY = 64 * 1024
"""Bytes of a 402 body that are read as x402 terms; real ones stay below 4 KiB. Project choice."""

# Pay Per Crawl: price = 3ALPHA SP decimal.
_PRICE = re.compile(r"([A-Za-z]{3}) ([0-9]{1,15}(?:\.[0-9]{1,15})?)\Z")
_UNKNOWN = {"amount": "unknown"}


def read(status: int, headers: Headers, body: bytes = b"", *, evidence: str = "") -> tuple[Signal, ...]:
    """What an answer says about payment for crawling. Never raises.

    `detail` holds `amount` and `currency`, or `amount: unknown`. A `crawler-price` counts with every
    status; a 402 without terms that can be read is `payment.402`.
    """
    found = list(_crawler_price(headers, evidence))
    if status == 402:
        found.extend(_x402(headers, body, evidence))
        found.extend(_licence(headers, evidence))
        if not found:
            detail = _UNKNOWN | {"error": headers.get("crawler-error") or ""}
            found.append(_signal("payment.402", "HTTP 402", evidence, detail=detail))
    elif status in REDIRECTS:
        found.extend(_tollbit(headers, evidence))
    error = headers.get("crawler-error")
    if not found and error and status >= 400 and error.lower() != "crawlerforbidden":
        # An answer of Pay Per Crawl without its price: what is asked for is not known, that something is, is.
        raw, detail = f"crawler-error: {error}", _UNKNOWN | {"error": error}
        found.append(_signal("payment.crawler_error", raw, evidence, name="crawler-error", detail=detail))
    found.extend(_charged(headers, evidence))
    return tuple(found)


def _signal(
    kind: str,
    raw: str,
    evidence: str,
    *,
    detail: Mapping[str, str],
    name: str | None = None,
    polarity: Polarity = Polarity.PRICED,
    ambiguity: str | None = None,
) -> Signal:
    bound = DEFAULT_LIMITS.raw_text
    return Signal(
        kind=kind,
        purpose=Purpose.CRAWL,
        polarity=polarity,
        strength=Strength.MEASURE,
        scope=Scope.RESPONSE,
        raw=raw[:bound],
        evidence=evidence,
        name=name,
        detail={key: value[:bound] for key, value in detail.items() if value},
        ambiguity=ambiguity,
    )


def _price(value: str) -> dict[str, str]:
    price = _PRICE.match(value)
    return dict(_UNKNOWN) if price is None else {"amount": price[2], "currency": price[1].upper()}


def _crawler_price(headers: Headers, evidence: str) -> Iterator[Signal]:
    for value in headers.all("crawler-price"):
        detail = _price(value)
        zero = not detail["amount"].strip("0.")
        yield _signal(
            "payment.crawler_price",
            f"crawler-price: {value}",
            evidence,
            name="crawler-price",
            detail=detail | {"error": headers.get("crawler-error") or ""},
            ambiguity="a price of zero may mean that the page is free" if zero else None,
        )


def _charged(headers: Headers, evidence: str) -> Iterator[Signal]:
    """`crawler-charged` is a receipt: this answer was paid for, nothing is said about the next one."""
    for value in headers.all("crawler-charged"):
        yield _signal(
            "payment.crawler_charged",
            f"crawler-charged: {value}",
            evidence,
            name="crawler-charged",
            detail=_price(value),
            polarity=Polarity.UNSPECIFIED,
        )


def _x402(headers: Headers, body: bytes, evidence: str) -> Iterator[Signal]:
    """x402: version 2 in the header `PAYMENT-REQUIRED` (Base64 of JSON), version 1 in the body (JSON)."""
    header = headers.get("payment-required")
    terms = _terms(_unbase64(header)) if header is not None else None
    if header is not None and terms is not None:
        yield _signal("payment.x402", f"payment-required: {header}", evidence, name="payment-required", detail=terms)
        return
    terms = _terms(body)
    if terms is not None:
        raw = body[: DEFAULT_LIMITS.raw_text * 4].decode("utf-8", "replace")
        yield _signal("payment.x402", raw, evidence, detail=terms)


def _unbase64(value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        return b""


def _terms(data: bytes) -> dict[str, str] | None:
    """The first accepted payment, or None where there are no x402 terms. `atomic_amount` counts the smallest
    unit of a token, so it is no amount in a currency."""
    if not data or len(data) > MAX_BODY:
        return None
    try:
        document = orjson.loads(data)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    version, accepts = document.get("x402Version"), document.get("accepts")
    if not isinstance(version, int) or isinstance(version, bool) or not isinstance(accepts, list):
        return None
    first = next((item for item in accepts if isinstance(item, dict)), None)
    if first is None:
        return None
    amount = first.get("amount", first.get("maxAmountRequired"))
    detail = _UNKNOWN | {"version": str(version), "atomic_amount": str(amount) if isinstance(amount, str | int) else ""}
    for key in ("asset", "network"):
        value = first.get(key)
        detail[key] = value if isinstance(value, str) else ""
    return detail


def _licence(headers: Headers, evidence: str) -> Iterator[Signal]:
    """RSL 1.0: 402 with the scheme `License` says that a licence has not been acquired or paid."""
    licence = challenges.licence(headers)
    if licence is not None:
        yield _signal(
            "payment.licence",
            f"www-authenticate: {', '.join(headers.all('www-authenticate'))}",
            evidence,
            name="www-authenticate",
            detail=_UNKNOWN | challenges.licence_detail(licence, linked(headers, "license")),
        )


def _tollbit(headers: Headers, evidence: str) -> Iterator[Signal]:
    """TollBit sends AI bots to `tollbit.<site>`, where access is sold."""
    location = urls.without_userinfo(headers.get("location") or "")
    try:
        target = urls.parse("https:" + location if location.startswith("//") else location)
    except UrlError:
        return
    if target.host.startswith("tollbit."):
        detail = _UNKNOWN | {"location": target.href, "vendor": "tollbit"}
        yield _signal("payment.redirect", f"location: {location}", evidence, name="location", detail=detail)
