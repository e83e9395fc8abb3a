"""An answer as a log or an archive keeps it, read at once: status, headers, and the body where it is there."""

from __future__ import annotations

from dataclasses import replace

from ..headers import Headers
from ..limits import DEFAULT_LIMITS, Limits
from ..url import Url
from . import response
from .reading import Reading

NO_CONTENT = (204, 205)  # RFC 9110 15.3.5, 15.3.6
_PARTIAL = 206
_GZIP = b"\x1f\x8b"


def body_limit(status: int, headers: Headers, limits: Limits = DEFAULT_LIMITS) -> int:
    """How many bytes of a body there is a reader for; 0 where nothing in it is looked at."""
    if status in NO_CONTENT or (response.is_later_part(status, headers) and response.is_page(status, headers)):
        return 0
    if response.is_page(status, headers) or not 200 <= status < 300:
        return limits.page_head_bytes
    return limits.media_bytes


def looked_into(status: int, headers: Headers, body: bytes | None) -> bool:
    """True if `read` looks into the body: that of a page, an empty one too, if it is there and can be read from its
    beginning, and any other that is there."""
    if status in NO_CONTENT:
        return False
    if response.is_page(status, headers):
        return body is not None and not body.startswith(_GZIP) and not response.is_later_part(status, headers)
    return bool(body)


def read(
    status: int,
    headers: Headers,
    body: bytes | None,
    *,
    url: Url,
    token: str,
    whole: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Reading:
    """What an answer says, as `Permit.see_all` would hear it. `body` None says that it is not at hand, so that nothing
    is said of a page; `whole` that nothing follows behind it."""
    found = response.read_headers(status, headers, url=url, token=token)
    if status in NO_CONTENT:
        return _unseen(found, "not_assessed.no_content")
    page = response.is_page(status, headers)
    if page and response.is_later_part(status, headers):
        return _unseen(found, "not_assessed.page_partial")
    if page and body is None:
        return _unseen(found, "not_assessed.no_body_given")
    if page and body is not None and body.startswith(_GZIP):  # as it was sent; nothing in it can be seen
        return _unseen(found, "not_assessed.page_unreadable")
    if not page and not body:
        return found
    return response.read_body(
        status,
        headers,
        body or b"",
        found,
        url=url,
        token=token,
        whole=whole and status != _PARTIAL,
        limits=limits,
        findings_only=True,
    )


def _unseen(found: Reading, why: str) -> Reading:
    return replace(found, not_looked=found.not_looked | {"page": why, "terms": why})
