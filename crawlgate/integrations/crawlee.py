"""crawlee for Python behind the gate, by one line after a crawler is made:

    put_before(crawler, gate)               # an AsyncGate of yours; without one, crawlgate.toml says who crawls

A crawler's hooks do not see redirect hops, so its HTTP client is wrapped (`GateHttpClient`): each hop is asked before
it leaves, each response judged by its headers and the head of its page. A page that is refused ends like any page
that crawlee skips: no request handler, no retry, no failure; `on_skipped_request` hears of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..errors import ConfigError, Refused
from ..gate import AsyncGate
from ..model import Decision
from .declared import FILE, read_declaration
from .hop import missing

try:
    import crawlee
    from crawlee.crawlers import BasicCrawler
    from crawlee.errors import ContextPipelineInterruptedError
    from crawlee.http_clients import HttpClient, HttpCrawlingResult, HttpResponse, ImpitHttpClient

    from .crawlee_browser import ask_for_pages, has_browser
    from .crawlee_hops import Page, hops, one_hop_at_a_time
    from .crawlee_settings import evasive, evasive_client, plain
except ImportError as error:
    raise missing("crawlee", error) from None

if TYPE_CHECKING:
    from crawlee import Request
    from crawlee.proxy_configuration import ProxyInfo
    from crawlee.sessions import Session
    from crawlee.statistics import Statistics

logger = logging.getLogger(__name__)

C = TypeVar("C", bound=BasicCrawler[Any, Any])
Skipped = Callable[[str, Decision], Awaitable[None]]


class GateRefused(ContextPipelineInterruptedError):
    """The gate refused a page; crawlee skips it. `decision` says why."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.explain(not_assessed=False))
        self.decision = decision


class Reason(str):
    """Why a request was skipped, as `on_skipped_request` gets it: verdict and criteria, and the `decision`."""

    decision: Decision

    def __new__(cls, decision: Decision) -> Self:
        criteria = " ".join(dict.fromkeys(finding.criterion for finding in decision.reasons))
        reason = super().__new__(cls, f"crawlgate: {decision.verdict} {criteria}".strip())
        reason.decision = decision
        return reason


class GateHttpClient(HttpClient):
    """An HTTP client of crawlee that asks `gate` before each hop and judges each response before handing it out.

    `inner` sends: `ImpitHttpClient`, `HttpxHttpClient` or `CurlImpersonateHttpClient`; by default impit as itself, not
    in the shape of a browser. `crawl`, which a crawler calls, raises `GateRefused`; `send_request` and `stream`, which
    a request handler calls, raise `Denied` and `Held`. Where no gate is given, one is made of `crawlgate.toml` and
    `options` for each run, and closed with it.
    """

    def __init__(self, gate: AsyncGate | None = None, inner: HttpClient | None = None, **options: Any) -> None:
        inner = inner if inner is not None else ImpitHttpClient(browser=None)
        super().__init__(persist_cookies_per_session=inner._persist_cookies_per_session)
        one_hop_at_a_time(inner)
        if gate is not None and options:
            raise ConfigError(f"options {', '.join(options)} are those of a gate to be made; this one is made already")
        if gate is None:
            way_out = "write one beside the project (see docs/declaration.md), or pass a gate"
            self.declaration = read_declaration(Path(FILE), Path(), way_out)
        else:
            self.declaration = gate.declaration
        self._given, self._gate, self._options, self._inner = gate, gate, options, inner
        self.skipped: Skipped | None = None
        self.evasive: list[dict[str, str]] = evasive_client(inner)

    async def __aenter__(self) -> GateHttpClient:
        await super().__aenter__()
        if self._given is None:
            self._gate = AsyncGate(self.declaration, **self._options)
        self.gate.core.note_client(f"crawlee {crawlee.__version__}", self.evasive)
        await self._inner.__aenter__()
        return self

    async def cleanup(self) -> None:
        """As crawlee calls it at the end of a run."""
        await self._inner.__aexit__(None, None, None)
        if self._given is None and self._gate is not None:
            await self._gate.aclose()
            self._gate = None

    @property
    def gate(self) -> AsyncGate:
        """The gate that answers. Raises `ConfigError` where it is to be made and no crawl is running."""
        if self._gate is None:
            raise ConfigError("the gate is made when the crawl begins; pass one to ask it before")
        return self._gate

    async def crawl(
        self,
        request: Request,
        *,
        session: Session | None = None,
        proxy_info: ProxyInfo | None = None,
        statistics: Statistics | None = None,
        timeout: timedelta | None = None,
    ) -> HttpCrawlingResult:
        """As crawlee calls it for a request. Raises `GateRefused`, which skips the request."""
        try:
            page = await self._whole(
                request.url,
                timeout,
                method=request.method,
                headers=request.headers,
                payload=request.payload,
                session=session,
                proxy_info=proxy_info,
            )
        except Refused as refused:
            raise await self.skip(request.url, refused) from None
        if statistics is not None:
            statistics.register_status_code(page.status_code)
        request.loaded_url = page.url
        return HttpCrawlingResult(http_response=page)

    async def skip(self, url: str, refused: Refused) -> GateRefused:
        """What ends a request that was refused, once those who want to know were told."""
        logger.info("refused %s: %s", url, str(refused).partition("\n")[0])
        if self.skipped is not None:
            await self.skipped(url, refused.decision)
        return GateRefused(refused.decision)

    async def send_request(self, url: str, *, timeout: timedelta | None = None, **given: Any) -> HttpResponse:
        """As `HttpClient.send_request`. Raises `Denied` or `Held`."""
        return await self._whole(url, timeout, **given)

    @asynccontextmanager
    async def stream(self, url: str, *, timeout: timedelta | None = None, **given: Any) -> AsyncIterator[HttpResponse]:
        """As `HttpClient.stream`. Raises `Denied` or `Held`."""
        async with hops(self.gate, self._inner, url, timeout=timeout, **given) as page:
            yield page

    async def _whole(self, url: str, timeout: timedelta | None, **given: Any) -> Page:
        async with (
            asyncio.timeout(None if timeout is None else timeout.total_seconds()),
            hops(self.gate, self._inner, url, timeout=timeout, **given) as page,
        ):
            await page.take()
        return page


def put_before(crawler: C, gate: AsyncGate | None = None, **options: Any) -> C:
    """Put `gate` before all that `crawler` asks for, and return the crawler.

    Its HTTP client is wrapped; its own reading of robots.txt is switched off, for the gate asks, once for all; settings
    that look like evasion are recorded, and warned of. Without a gate, one is made for each run from `crawlgate.toml`
    in the working directory and `options`, those of `AsyncGate`. Raises `ConfigError` for a client that cannot be
    wrapped.
    """
    pages = has_browser(crawler)
    inner = crawler._http_client
    if not isinstance(inner, GateHttpClient):
        client = GateHttpClient(gate, plain(inner), **options)
    elif options or (gate is not None and gate is not inner._given):
        raise ConfigError("this crawler's client has a gate already; leave out the other one and its options")
    else:
        client = inner
    if pages:
        ask_for_pages(crawler, lambda: client.gate, client.declaration.user_agent, client.skip)
    client.evasive = evasive(crawler) + evasive_client(client._inner)
    for found in client.evasive:
        logger.warning("%(setting)s is %(value)s, which looks like evasion (%(looks_like)s); it is on record", found)
    crawler._http_client = client
    crawler._respect_robots_txt_file = False

    async def skipped(url: str, decision: Decision) -> None:
        if crawler._on_skipped_request is not None:
            await crawler._on_skipped_request(url, Reason(decision))  # type: ignore[arg-type]

    client.skipped = skipped
    return crawler
