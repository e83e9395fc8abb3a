"""Scrapy behind the gate, by one line of settings:

    ADDONS = {"crawlgate.integrations.scrapy.GateAddon": 500}

Every request is asked about just before it leaves, every response is judged by its headers and the head of its page
while it comes in, and a download that is refused is stopped there. A spider's errback gets `GateRefused`, an
`IgnoreRequest` with the `decision`; `response.meta["crawlgate"]` is the decision of what the spider sees.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NoReturn, Self
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from . import scrapy_heap
from .hop import manner, missing, route

try:
    import scrapy
    from scrapy import Request, Spider, signals
    from scrapy.crawler import Crawler
    from scrapy.exceptions import IgnoreRequest, StopDownload
    from scrapy.http import Headers, Response
    from scrapy.settings import BaseSettings
except ImportError as error:
    raise missing("scrapy", error) from None

from ..errors import Denied, Refused
from ..model import Decision, Verdict
from .body import Tally
from .scrapy_hop import Hop, status_announced, stays
from .scrapy_settings import GATE, HEAP, apply, evasive
from .scrapy_threads import gate_of

logger = logging.getLogger(__name__)

_CUT = frozenset(("download_stopped", "dataloss", "partial"))  # flags of responses that are not whole
_COUNTED = {verdict: f"crawlgate/{verdict}" for verdict in Verdict}


class GateRefused(IgnoreRequest):
    """The gate refused a request or its response; `decision` says why."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.explain(not_assessed=False))
        self.decision = decision


class GateAddon:
    """Puts the gate into a Scrapy project. The settings it reads are described in docs/scrapy.md."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Set the middleware, the declared user agent, and robots.txt to be asked by the gate alone. Raises
        `ConfigError` for what the settings say wrongly, so that no crawl begins without its gate."""
        apply(settings, GateMiddleware)


class GateMiddleware:
    """The downloader middleware nearest to the network: it sees requests as they leave, and responses first."""

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._gate, self._shared = gate_of(crawler.settings)
        self._gate.core.note_client(f"scrapy {scrapy.__version__}", evasive(crawler.settings))
        self._hops: WeakKeyDictionary[Request, Hop] = WeakKeyDictionary()
        crawler.signals.connect(self.headers_received, signals.headers_received)
        crawler.signals.connect(self.bytes_received, signals.bytes_received)
        crawler.signals.connect(self.spider_closed, signals.spider_closed)
        if crawler.settings.getbool(HEAP, True):
            crawler.signals.connect(scrapy_heap.leave_out, signals.engine_started)
            crawler.signals.connect(scrapy_heap.take_back, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy calls it."""
        return cls(crawler)

    async def process_request(self, request: Request, spider: Spider | None = None) -> Request | None:  # noqa: ARG002
        """Ask before the request leaves. One whose URL the gate reads otherwise than the wire goes again as read."""
        if stays(request):
            return None
        hop = await self._ask(request)
        if not hop.permit.judged:
            return None
        if request.url != hop.permit.url.href:
            parts = urlsplit(request.url)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            if target.rstrip("?") != hop.permit.url.target.rstrip("?"):
                del self._hops[request]
                return request.replace(url=hop.permit.url.href, dont_filter=True)
        host = request.headers.get("Host")
        if host and host.decode("latin-1").lower() != urlsplit(request.url).netloc.lower():
            self._raise(request, lambda: hop.permit.refuse("host_mismatch"))
        return None

    def headers_received(self, headers: Headers, request: Request) -> None:
        """Judge the headers before the body comes (signal)."""
        hop, status = self._hops.get(request), status_announced()
        if hop is not None and status is not None:
            hop.stop_unless_good(lambda: hop.see_headers(status, headers, request.method))

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Judge the head of a page as soon as it is there (signal)."""
        hop = self._hops.get(request)
        if hop is not None and hop.reader is not None:
            hop.stop_unless_good(lambda: hop.see_bytes(data))

    async def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002
    ) -> Response:
        """Hand on a response that was judged. One from the HTTP cache was not asked about yet, and is now."""
        hop = self._hops.get(request)
        if hop is None:
            if stays(request):
                return response
            hop = await self._ask(request)
        await self._settle(request, hop, response)
        return response

    async def process_exception(
        self,
        request: Request,
        exception: Exception,
        spider: Spider | None = None,  # noqa: ARG002
    ) -> None:
        """A download that was stopped becomes a refusal; one that failed is on record too."""
        hop = self._hops.pop(request, None)
        if hop is None:
            return
        if hop.fault is not None:
            raise hop.fault
        if isinstance(exception, StopDownload) and exception.response is not None:
            if hop.refused:
                self._stats.inc_value("crawlgate/stopped")
            await self._settle(request, hop, exception.response)  # also where another handler stopped it
        else:
            hop.permit.failed(exception)

    async def spider_closed(self) -> None:
        """Seal the ledger's segment, unless other clients use the gate too."""
        if not self._shared:
            await self._gate.aclose()

    async def _ask(self, request: Request) -> Hop:
        manners = manner(request.headers, route(request.meta.get("proxy")))
        try:
            permit = await self._gate.open(request.url, **manners)
        except Refused as refused:
            self._refuse(request, refused)
        request.meta[GATE] = permit.decision  # a retry or a redirect came with that of the hop before
        hop = self._hops[request] = Hop(permit)
        return hop

    async def _settle(self, request: Request, hop: Hop, response: Response) -> None:
        """The last word on a response that is here; whole, unless something stopped it."""
        self._hops.pop(request, None)
        if hop.fault is not None:
            raise hop.fault
        whole = _CUT.isdisjoint(response.flags)
        if not hop.seen:  # no signals: cached, or by a download handler that sends none
            hop.see_headers(response.status, response.headers, request.method)
            hop.see_bytes(response.body)
        if hop.reader is not None:
            hop.reader.judge(whole=whole)
        decision = await self._gate.complete(hop.permit)
        self._raise(request, hop.permit.enforce)
        tally = Tally(hop.permit)
        tally.add(response.body)
        tally.end(complete=whole)
        self._count(request, decision)

    def _raise(self, request: Request, call: Callable[[], object]) -> None:
        try:
            call()
        except Refused as refused:
            self._hops.pop(request, None)
            self._refuse(request, refused)

    def _refuse(self, request: Request, refused: Refused) -> NoReturn:
        self._count(request, refused.decision)
        verdict = "denied" if isinstance(refused, Denied) else "held"
        logger.info("%s %s: %s", verdict, request, " / ".join(str(refused).split("\n")[1:2]).strip())
        raise GateRefused(refused.decision) from None

    def _count(self, request: Request, decision: Decision) -> None:
        request.meta[GATE] = decision
        self._stats.inc_value(_COUNTED[decision.verdict])
        if decision.verdict is not Verdict.ALLOW:
            for reason in {f.criterion for f in decision.reasons} or {f"url_{decision.problem}"}:
                self._stats.inc_value(f"crawlgate/{decision.verdict}/{reason}")
