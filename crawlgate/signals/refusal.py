"""The body of an answer that is not the content: a challenge, a login form, the terms of a payment or of a licence."""

from __future__ import annotations

from dataclasses import replace

from ..headers import Headers
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Lint, Scope
from ..url import Url
from . import challenge, feed, login_page, payment
from .page import inline_licences
from .reading import Reading
from .rsl_links import MEDIA_TYPE, RslReference


def read(
    status: int,
    headers: Headers,
    body: bytes,
    before: Reading,
    *,
    url: Url,
    evidence: str = "",
    limits: Limits = DEFAULT_LIMITS,
) -> Reading:
    """`before` with what the body of a refusal adds. Never raises; nothing in it permits anything.

    Statements about use (meta tags, words) on such a page are about that page, and are not read.
    """
    body = body[: limits.page_head_bytes]
    lint: list[Lint] = []
    content_type = headers.get("content-type") or ""
    # With the body the terms are known; without them the status line alone had spoken.
    signals = [signal for signal in before.signals if not signal.kind.startswith("payment.")]
    signals += payment.read(status, headers, body, evidence=evidence)
    signals += challenge.read(status, headers, body, known=before.signals, evidence=evidence)
    if status in (401, 403):
        signals += login_page.read(body, content_type=content_type, url=url.href, evidence=evidence)
    if MEDIA_TYPE in content_type.lower() or feed.root_name(body) == "rsl":
        inline = RslReference(url=None, where="inline", raw="", scope=Scope.RESPONSE, body=body)
        signals += inline_licences((inline,), url, evidence, lint)
        # The licence need not be linked where it is the body.
        before = replace(before, lint=tuple(note for note in before.lint if note.code != "cap_without_licence"))
    return replace(before, signals=tuple(signals), lint=(*before.lint, *lint))
