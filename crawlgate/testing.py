"""A web and a clock for tests of code that stands behind the gate: no server, no waiting, every request on record.

web = FakeWeb({"https://site.example/robots.txt": "User-agent: *\\nDisallow: /private"})
gate = Gate(declaration, home=tmp_path, evidence_transport=web.transport())
client = gate.httpx_client(transport=web.transport())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from . import url as urls


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a `FakeWeb`."""

    body: str | bytes = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeWeb:
    """A web in memory: absolute URLs to pages, bodies, or exceptions to raise; everything else is a 404.

    `requests` lists what was asked for, as (method, URL), in order.
    """

    def __init__(self, pages: Mapping[str, Page | str | bytes | Exception] | None = None) -> None:
        self._pages = {urls.parse(url).href: page for url, page in (pages or {}).items()}
        self.requests: list[tuple[str, str]] = []

    def __setitem__(self, url: str, page: Page | str | bytes | Exception) -> None:
        self._pages[urls.parse(url).href] = page

    def asked(self, url: str) -> int:
        """How often `url` was requested."""
        href = urls.parse(url).href
        return sum(requested == href for _, requested in self.requests)

    def transport(self) -> httpx.MockTransport:
        """A transport onto this web, for `httpx.Client` and `httpx.AsyncClient` alike."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        href = urls.parse(str(request.url.copy_with(userinfo=b""))).href  # which no server is sent
        self.requests.append((request.method, href))
        page = self._pages.get(href, Page(status=404))
        if isinstance(page, Exception):
            raise page
        if isinstance(page, (str, bytes)):
            page = Page(page)
        headers = {"content-type": "text/plain" if href.endswith(".txt") else "text/html"} | dict(page.headers)
        body = page.body.encode() if isinstance(page.body, str) else page.body
        return httpx.Response(page.status, headers=headers, content=body)


class FakeClock:
    """A clock that stands until it is moved: `Gate(..., clock=FakeClock())`."""

    def __init__(self, at: datetime = datetime(2026, 11, 10, 3, tzinfo=UTC)) -> None:
        self._at = at
        self._ticks = 0.0

    def now(self) -> datetime:
        return self._at

    def ticks(self) -> float:
        return self._ticks

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        self._at += timedelta(seconds=seconds)
        self._ticks += seconds
