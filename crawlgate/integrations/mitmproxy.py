"""mitmproxy behind the gate: any client that takes a proxy, in any language, without touching it.

    mitmdump -s "$(crawlgate proxy --print-script)" --set crawlgate_declaration=me.toml

A request is asked about before a connection is made for it; a response is judged by its headers, a page by its head,
before the client sees a byte. What is refused is answered in its place (`mitmproxy_refusal`). Where the gate itself
fails, nothing passes.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Unpack

from ..errors import CrawlgateError, LedgerError, Refused
from ..gate import AsyncGate
from ..model import Declaration
from ..options import GateOptions
from ..permit import Permit
from .body import HeadReader, Tally
from .hop import keep_to, manner, missing
from .mitmproxy_options import OPTIONS, SAFE, default, evasive, named_as, read_options, unfit, way
from .mitmproxy_refusal import RECORD, no_answer, refusal
from .mitmproxy_stream import Exchange, exchanges, gated, hang_up, standing

try:
    from mitmproxy import ctx, exceptions, http, version
except ImportError as error:
    raise missing("mitmproxy", error) from None

if TYPE_CHECKING:
    from mitmproxy.addonmanager import Loader

_log = logging.getLogger(__name__)
_SWITCHING = 101


class GateAddon:
    """The add-on. Configured by mitmproxy's options `crawlgate_*`, the environment, or here."""

    def __init__(self, declaration: Declaration | None = None, **options: Unpack[GateOptions]) -> None:
        self._given = declaration, options
        self._gate: AsyncGate | None = None
        self._agents = "libraries"
        self._streams = ExitStack()

    def load(self, loader: Loader) -> None:
        for name, kind, usual, text in OPTIONS:
            loader.add_option(f"crawlgate_{name}", kind, default(name, kind, usual), text)
        self._streams.enter_context(gated())

    def configure(self, _: set[str]) -> None:
        ctx.options.update(**{name: value for name, value in SAFE.items() if getattr(ctx.options, name) != value})
        problem = unfit(ctx.options)
        if problem is not None:
            raise exceptions.OptionsError(f"crawlgate: {problem}")

    async def running(self) -> None:
        """Open the gate; until then, and where it does not open, nothing passes."""
        try:
            declaration, options = self._given
            if declaration is None:
                declaration, options = read_options(ctx.options)
            self._agents = ctx.options.crawlgate_user_agent
            gate = AsyncGate(declaration, **options)
            gate.core.note_client(f"mitmproxy {version.VERSION}", evasive(ctx.options))
            self._gate = gate
            _log.info(
                "crawlgate: the gate is open (%s), its records are in %s",
                options.get("mode", "enforce"),
                gate.core.home.path,
            )
        except CrawlgateError as error:
            _log.error("crawlgate: %s", error)  # mitmproxy ends where its start logs an error

    async def done(self) -> None:
        server = ctx.master.addons.get("proxyserver")
        if server is not None:
            await hang_up(server)
        self._streams.close()
        gate, self._gate = self._gate, None
        if gate is not None:
            await gate.aclose()

    # -- a request ----------------------------------------------------------------------------------

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        await self._ask(flow)

    async def crawlgate_request(self, flow: http.HTTPFlow) -> None:
        """The request is about to leave, and was not asked about as it stands: other add-ons changed it since."""
        await self._ask(flow)

    async def responseheaders(self, flow: http.HTTPFlow) -> None:
        exchange = exchanges.get(flow)
        if exchange is None or flow.response is None:
            return  # the answer is ours
        flow.response.stream = False
        await _turn()
        try:
            response, gate = flow.response, self._open()
            lines = list(response.headers.items(multi=True))
            if exchange.permit.see_headers(response.status_code, lines, method=flow.request.method):
                exchange.reader = HeadReader(exchange.permit)
            else:
                await self._settle(gate, flow, exchange)
        except Exception as error:
            exchange.refusal = self._refused(flow, error)

    async def crawlgate_page_head(self, flow: http.HTTPFlow) -> None:
        """Enough of a page is there, or all of it."""
        exchange = exchanges[flow]
        await _turn()
        try:
            if exchange.reader is not None:
                exchange.reader.judge(whole=exchange.whole)
                exchange.held = exchange.reader.chunks
            await self._settle(self._open(), flow, exchange)
        except Exception as error:
            exchange.refusal = self._refused(flow, error)

    def response(self, flow: http.HTTPFlow) -> None:
        self._over(flow, complete=True)

    def error(self, flow: http.HTTPFlow) -> None:
        self._over(flow, complete=False)

    # -- the gate -----------------------------------------------------------------------------------

    def _open(self) -> AsyncGate:
        if self._gate is None:
            raise LedgerError("the gate is not open", "")
        return self._gate

    async def _ask(self, flow: http.HTTPFlow) -> None:
        request = flow.request
        exchanges.pop(flow, None)
        try:
            gate = self._open()
            codings = [coding for coding in ("gzip", "deflate") if coding in request.headers.get("Accept-Encoding", "")]
            named_as(request.headers, gate.declaration.user_agent, self._agents)
            told = manner(request.headers, way(flow))
            request.headers["Accept-Encoding"] = ", ".join(codings) or "identity"  # what the client reads, no more
            permit = await gate.open(request.url, **told)
            if permit.judged:
                _keep_to(permit, request)
            exchanges[flow] = Exchange(permit, standing(flow))
        except Exception as error:
            request.stream = False
            flow.response = self._refused(flow, error)

    async def _settle(self, gate: AsyncGate, flow: http.HTTPFlow, exchange: Exchange) -> None:
        permit, response = exchange.permit, flow.response
        decision = await gate.complete(permit)
        permit.enforce()
        flow.metadata["crawlgate"] = response.headers[RECORD] = decision.record
        if response.status_code != _SWITCHING:
            exchange.tally = Tally(permit)
            response.stream = exchange.tally.add

    def _over(self, flow: http.HTTPFlow, *, complete: bool) -> None:
        exchange = exchanges.pop(flow, None)
        if exchange is None or exchange.refusal is not None:
            return
        try:
            if exchange.tally is not None:
                exchange.tally.end(complete=complete)
            elif not complete:
                exchange.permit.failed(ConnectionError())
        except CrawlgateError as error:
            _log.error("crawlgate: %s: %s", flow.request.pretty_url, error)

    def _refused(self, flow: http.HTTPFlow, error: Exception) -> http.Response:
        if not isinstance(error, Refused):
            _log.error("crawlgate: %s: %s: %s", flow.request.pretty_url, type(error).__name__, error)
            return no_answer()
        decision = error.decision
        _log.info("crawlgate: %s", decision.explain(not_assessed=False))
        flow.metadata["crawlgate"] = decision.record
        return refusal(decision, flow.response.status_code if flow.response is not None else None)


def _keep_to(permit: Permit, request: http.Request) -> None:
    """The request goes to, and asks for, exactly the URL that was judged; refuse one that goes elsewhere."""
    authority, port = permit.url.origin.partition("://")[2], permit.url.port
    named = (request.host_header or "").lower()
    named = authority if named == f"{authority}:{port}" else named
    keep_to(permit, scheme=request.scheme, host=request.host, port=request.port, authority=authority, named=named)
    if request.path != permit.url.target:
        request.path = permit.url.target


async def _turn() -> None:
    """Let the connection that brought the response go on first. mitmproxy runs hooks at once where Python can
    (3.12 and later); a connection that is closed while it waits for its turn would stay open, unread."""
    await asyncio.sleep(0)
