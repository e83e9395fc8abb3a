"""Anti-bot challenges and block pages, told by the body: the answer is a test for machines in place of the content.

What vendors add to every page (their cookies, their sensor scripts) is presence, not a challenge: only what stands on
challenge and block pages is read. A captcha widget guards comment forms too; it counts where the page has no content.
Headers are read by `access`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..headers import Headers
from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from . import page_head

MAX_BYTES = 256 * 1024
"""Bytes of a body that are read. Challenge pages are small; Cloudflare's, the largest, has about 30 KiB."""

_BLOCK_STATUS = (401, 403, 405, 406, 429, 503)
_NO_CONTENT, _NO_TEXT = 1_500, 600


_F5_REJECTED = rb"the requested url was rejected\.?\s{0,9}(?:<br ?/?>)?\s{0,9}please consult with your administrator"
_F5_SUPPORT = rb"please enable javascript to view the page content\.?\s{0,9}(?:<br ?/?>)?\s{0,9}your support id is"


class _Mark(NamedTuple):
    """What stands on the challenge or block pages of one vendor. `literal` is looked for first: that is fast."""

    vendor: str
    literal: bytes
    pattern: re.Pattern[bytes] | None = None
    action: str = "challenge"

    def find(self, body: bytes) -> tuple[int, int] | None:
        """The byte range of the mark in a body in lower case, or None."""
        start = body.find(self.literal)
        if start < 0 or self.pattern is None:
            return None if start < 0 else (start, start + len(self.literal))
        found = self.pattern.search(body)
        return None if found is None else found.span()


def _titled(words: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<title[^>]{0,40}>\s{0,20}" + words)


_MARKS = (
    # `/cdn-cgi/challenge-platform/scripts/jsd/` stands on ordinary pages.
    _Mark("cloudflare", b"_cf_chl_opt"),
    _Mark("cloudflare", b"/orchestrate/", re.compile(rb"/cdn-cgi/challenge-platform/h/[a-z]/orchestrate/")),
    _Mark("cloudflare", b"cf-challenge-running"),
    _Mark("cloudflare", b"just a moment", _titled(b"just a moment")),
    _Mark("cloudflare", b"attention required! | cloudflare", action="block"),
    _Mark("cloudflare", b"cf-error-details", re.compile(rb"id=[\"']?cf-error-details"), "block"),
    # The sensor is js.datadome.co.
    _Mark(
        "datadome", b"captcha-delivery.com/", re.compile(rb"captcha-delivery\.com/(?:captcha|interstitial|[ci]\.js)")
    ),
    # client.perimeterx.net alone is the sensor.
    _Mark("perimeterx", b"perimeterx.com/whywasiblocked"),
    _Mark("perimeterx", b"px-captcha", re.compile(rb"id=[\"']?px-captcha")),
    _Mark("perimeterx", b"captcha.px-c", re.compile(rb"captcha\.px-c(?:dn|loud)\.net")),
    _Mark("perimeterx", b"denied because we believe you are using automation tools", action="block"),
    _Mark("akamai", b"sec-if-cpt-container"),
    _Mark("akamai", b"/_sec/cp_challenge/"),
    _Mark("akamai", b"errors.edgesuite.net", action="block"),
    _Mark(
        "akamai", b"reference", re.compile(rb"reference\s{0,3}(?:&#32;)?(?:#|&#35;)[0-9a-f]{1,4}\.[0-9a-f]{6}"), "block"
    ),
    # The script `/_Incapsula_Resource?SWJIYLWA=` alone stands on ordinary pages.
    _Mark("imperva", b"incapsula incident id"),
    _Mark("imperva", b"request unsuccessful. incapsula"),
    _Mark("imperva", b"pardon our interruption", _titled(b"pardon our interruption")),
    _Mark("f5", b"the requested url was rejected", re.compile(_F5_REJECTED), "block"),
    _Mark("f5", b"please enable javascript to view the page content", re.compile(_F5_SUPPORT)),
    _Mark("aws-waf", b"window.gokuprops"),
    _Mark("aws-waf", b"awswafcaptcha.rendercaptcha"),
    _Mark("radware", b"validate.perfdrive.com"),
    _Mark("radware", b"radware bot manager captcha"),
    _Mark("sucuri", b"sucuri website firewall - access denied", action="block"),
    _Mark("vercel", b"vercel security checkpoint", _titled(b"vercel security checkpoint")),
    _Mark("anubis", b"anubis_challenge", re.compile(rb"id=[\"']?anubis_challenge")),
    _Mark("google", b"our systems have detected unusual traffic from your computer network"),
)
_WIDGET = re.compile(
    rb"(?:google\.com|recaptcha\.net)/recaptcha/|class=[\"']?[^\"'>]{0,80}\b(?:g-recaptcha|h-captcha|cf-turnstile)\b"
    rb"|hcaptcha\.com/1/api\.js|challenges\.cloudflare\.com/turnstile/"
)
_WIDGETS = (b"captcha", b"turnstile")
LITERALS = (*(mark.literal for mark in _MARKS), *_WIDGETS)
"""One of these, in any case, stands in every challenge."""

_ASKS = re.compile(
    r"captcha|robot|\bbots?\b|human|automated|unusual (?:traffic|activity)|verif|security check|checking your browser"
    r"|attention required|access denied"
    r"|ロボット|人間|自動(?:化|アクセス|プログラム)|不正アクセス|アクセスを確認|画像認証|セキュリティ(?:チェック|確認)",
    re.IGNORECASE,
)
# Who can write something into the page is registering, logging in or writing to the site.
_WRITES = re.compile(
    rb"<textarea(?![^>]{0,300}(?:g-recaptcha-response|h-captcha-response|display:\s?none))"
    rb"|<select|type=[\"']?(?:password|email|tel|search)|<input(?![^>]{0,300}type=)|type=[\"']?text"
)


def read(
    status: int, headers: Headers, body: bytes, *, known: Iterable[Signal] = (), evidence: str = ""
) -> tuple[Signal, ...]:
    """`access.challenge` if the body is a challenge or block page, else nothing. Never raises.

    With a status that refuses, a vendor's own mark is enough; with any other the page must have no content, because
    articles quote such pages. `known` are signals of the headers: a challenge that stands there is not said again.
    """
    if any(signal.kind == "access.challenge" for signal in known):
        return ()
    data = body[:MAX_BYTES]
    lower = data.lower()
    refused = status in _BLOCK_STATUS
    size: int | None = None
    for mark in _MARKS:
        span = mark.find(lower)
        if span is None:
            continue
        if not refused:
            size = weight(_text(body, headers)) if size is None else size
            if size > _NO_CONTENT:
                return ()
        return (_signal(mark.vendor, mark.action, status, data, span, evidence),)
    if len(body) > MAX_BYTES or not any(name in lower for name in _WIDGETS):
        return ()
    widget = _WIDGET.search(lower)
    if widget is None or _WRITES.search(lower):
        return ()
    text = _text(body, headers)
    if weight(text) > _NO_TEXT or not _ASKS.search(text):
        return ()
    return (_signal("captcha", "captcha", status, data, widget.span(), evidence),)


def _text(body: bytes, headers: Headers) -> str:
    """What a reader sees, the title before it."""
    head = page_head.scan(body, content_type=headers.get("content-type") or "", limit=MAX_BYTES)
    return f"{head.title}\n{head.text}"


def weight(text: str) -> int:
    """Length of a text; a Chinese or Japanese character counts 2."""
    return (len(text) + len(text.encode("utf-8", "replace"))) // 2


def _signal(vendor: str, action: str, status: int, data: bytes, span: tuple[int, int], evidence: str) -> Signal:
    return Signal(
        kind="access.challenge",
        purpose=Purpose.ACCESS,
        polarity=Polarity.RESERVED,
        strength=Strength.MEASURE,
        scope=Scope.RESPONSE,
        raw=data[span[0] : span[1]].decode("utf-8", "replace")[: DEFAULT_LIMITS.raw_text],
        evidence=evidence,
        span=span,
        detail={"vendor": vendor, "status": str(status), "action": action},
    )
