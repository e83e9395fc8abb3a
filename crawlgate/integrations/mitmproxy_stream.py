"""mitmproxy's stream of one request, with what its hooks cannot do: hold a page back until its head is judged, and end
a refused response where it stands, so that the rest of its body is not downloaded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from ..permit import Permit
from .body import HeadReader, Tally
from .hop import missing
from .mitmproxy_refusal import no_answer

try:
    from mitmproxy import http
    from mitmproxy.proxy import commands
    from mitmproxy.proxy.layers import http as layers
    from mitmproxy.proxy.layers.http import (
        HttpStream,
        RequestProtocolError,
        ResponseData,
        ResponseEndOfMessage,
        ResponseProtocolError,
        ResponseTrailers,
        SendHttp,
    )
except ImportError as error:
    raise missing("mitmproxy", error) from None

_RELIED_ON = (
    "_handle_event",
    "check_killed",
    "make_server_connection",
    "send_response",
    "start_response_stream",
    "state_consume_response_body",
    "state_stream_response_body",
    "state_wait_for_response_headers",
)
if not all(hasattr(HttpStream, name) for name in _RELIED_ON):
    # A page that could not be held back must not look as if it were.
    raise missing("mitmproxy", ImportError("this mitmproxy has another kind of stream"))

# mitmproxy 12 has names for the ends of a stream; 11 has statuses.
_CANCEL: Any = layers.ErrorCode.CANCEL if hasattr(layers, "ErrorCode") else 499
Commands = Generator[Any, Any, Any]
_PATIENCE, _TURN = 100, 0.05  # looks, and seconds between them, until the connections of clients are closed
_FROM_SERVER = (ResponseData, ResponseTrailers, ResponseEndOfMessage, ResponseProtocolError)


@dataclass(slots=True)
class Exchange:
    """One request under way: its permit and the request that was judged; then what holds its page back, or what counts
    its body, or the answer in its place."""

    permit: Permit
    judged: tuple[str, str]
    reader: HeadReader | None = None
    whole: bool = False
    tally: Tally | None = None
    refusal: Any = None
    held: list[bytes] = field(default_factory=list)


exchanges: WeakKeyDictionary[Any, Exchange] = WeakKeyDictionary()
"""What is under way, by flow; beside it, since what stands in a flow's own metadata is written to files."""


def standing(flow: Any) -> tuple[str, str]:
    """What was judged of a request, as it stands now: where it goes, under which name."""
    return flow.request.url, flow.request.headers.get("User-Agent", "")


@dataclass
class Leaving(commands.StartHook):  # type: ignore[misc,unused-ignore]
    """Asks about a request that is about to leave and was changed since; `crawlgate_request(flow)` of ours does."""

    name: ClassVar[str] = "crawlgate_request"
    flow: http.HTTPFlow


@dataclass
class PageHead(commands.StartHook):  # type: ignore[misc,unused-ignore]
    """Asks add-ons to judge the head of a page; `crawlgate_page_head(flow)` of ours does."""

    name: ClassVar[str] = "crawlgate_page_head"
    flow: http.HTTPFlow


class GatedStream(HttpStream):  # type: ignore[misc,unused-ignore]
    """A stream that asks for a page's head to be judged before anything of the response leaves for the client."""

    flow: Any
    server_state: Any
    cut = False

    def make_server_connection(self) -> Commands:
        """Nothing leaves that was not judged as it stands, whatever other add-ons did, or failed to do."""
        exchange = exchanges.get(self.flow)
        if exchange is None or exchange.judged != standing(self.flow):
            yield Leaving(self.flow)
            exchange = exchanges.get(self.flow)
            if exchange is None or exchange.judged != standing(self.flow):
                if self.flow.response is None:
                    self.flow.response = no_answer()
                yield from self.send_response()
                return False
        return (yield from super().make_server_connection())

    def state_wait_for_response_headers(self, event: Any) -> Commands:
        yield from super().state_wait_for_response_headers(event)
        exchange = exchanges.get(self.flow)
        if exchange is None or self.server_state != self.state_consume_response_body:
            return
        if exchange.refusal is not None:
            yield from self._refuse(exchange, cut=not event.end_stream)
        elif exchange.reader is not None:
            self.server_state = self.state_hold_page

    def state_hold_page(self, event: Any) -> Commands:
        """The body of a page comes, until enough of it is there."""
        exchange = exchanges[self.flow]
        if isinstance(event, ResponseData):
            if exchange.reader is not None and exchange.reader.feed(event.data):
                yield from self._judge(exchange, event)
        elif isinstance(event, ResponseTrailers):
            self.flow.response.trailers = event.trailers
        elif isinstance(event, ResponseEndOfMessage):
            exchange.whole = True
            yield from self._judge(exchange, event)
            if self.server_state == self.state_stream_response_body:
                yield from self.state_stream_response_body(event)

    def _judge(self, exchange: Exchange, event: Any) -> Commands:
        yield PageHead(self.flow)
        if (yield from self.check_killed(True)):
            return
        if exchange.refusal is not None:
            yield from self._refuse(exchange, cut=not isinstance(event, ResponseEndOfMessage))
            return
        yield from self.start_response_stream()
        for chunk in exchange.held:
            yield from self.state_stream_response_body(ResponseData(self.stream_id, chunk))
        exchange.held = []

    def _refuse(self, exchange: Exchange, *, cut: bool) -> Commands:
        self.cut = cut
        if cut:
            end = RequestProtocolError(self.stream_id, "refused by crawlgate", _CANCEL)
            yield SendHttp(end, self.context.server)
        self.flow.response = exchange.refusal
        yield from self.send_response()

    def _handle_event(self, event: Any) -> Commands:
        """What is still on its way from a server that was cut off is dropped."""
        if not (self.cut and isinstance(event, _FROM_SERVER)):
            yield from super()._handle_event(event)


async def hang_up(server: Any) -> None:
    """Close the connections of clients (`server` is mitmproxy's add-on that has them), so that what is under way ends,
    and is recorded, before the gate is closed. For each that is left to the end of the event loop, Python 3.11 prints a
    traceback."""
    for client in list(server.connections.values()):
        own = client.transports.get(client.client)
        if own is not None and own.handler is not None:
            own.handler.cancel("mitmproxy ends")
    for _ in range(_PATIENCE):
        if not server.connections:
            return
        await asyncio.sleep(_TURN)


@contextmanager
def gated() -> Iterator[None]:
    """While this lasts, new streams of mitmproxy are gated ones."""
    usual: Callable[..., Any] = layers.HttpStream
    layers.HttpStream = GatedStream
    try:
        yield
    finally:
        layers.HttpStream = usual
