"""aiohttp behind the gate: a client middleware.

    session = aiohttp.ClientSession(middlewares=(gate_middleware(gate),))
    session = gate.aiohttp_session()               # the same with the declared user agent

A middleware sees every redirect hop and every retry, before a connection is made. `Denied` and `Held` are raised from
`session.get(...)` and carry the `Decision`. Keep it the last one, so that it sees what the others add. Middlewares
given to a single request replace those of the session.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import CrawlgateError
from ..permit import Permit
from .body import HeadReader, Tally
from .hop import Recorded, keep_to, manner, missing, route

try:
    import aiohttp
    from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType
    from aiohttp.http import SERVER_SOFTWARE
    from yarl import URL
except ImportError as error:
    raise missing("aiohttp", error) from None

if TYPE_CHECKING:
    from ..gate import AsyncGate

_OVERRIDDEN = ("_wait", "_read_nowait_chunk")
_LOOKED_AT = ("_buffer", "_buffer_offset")
if not all(hasattr(aiohttp.StreamReader, name) for name in (*_OVERRIDDEN, *_LOOKED_AT)):
    # A body that could not be held back must not look as if it were.
    raise missing("aiohttp", ImportError(f"aiohttp {aiohttp.__version__} has another kind of stream"))

_SWITCHING = 101


def gate_middleware(gate: AsyncGate) -> ClientMiddlewareType:
    """A middleware that asks `gate` before each hop and judges each response before handing it out."""
    own = (SERVER_SOFTWARE, gate.declaration.user_agent)

    async def judged(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        way = route(str(request.proxy) if request.proxy is not None else None)
        permit = await gate.open(str(request.url), **manner(request.headers, way, replace=own))
        with Recorded(permit):
            _judged_target(permit, request)
            response = await handler(request)
            try:
                await _judge(gate, permit, response)
            except BaseException:
                response.close()
                raise
        return response

    return judged


def session(gate: AsyncGate, **options: Any) -> aiohttp.ClientSession:
    """An `aiohttp.ClientSession` behind `gate` with the declared user agent; takes the options of `ClientSession`."""
    middlewares = (*(options.pop("middlewares", None) or ()), gate_middleware(gate))
    return aiohttp.ClientSession(middlewares=middlewares, **options)


async def _judge(gate: AsyncGate, permit: Permit, response: aiohttp.ClientResponse) -> None:
    body = response.content
    if (chunks := _all_there(body)) is not None:
        _see_whole(permit, response, chunks)
        await gate.complete(permit)
        permit.enforce()
        return
    held: list[tuple[bytes, bool]] = []
    if permit.see_headers(response.status, _lines(response), method=response.method):
        reader: HeadReader | None = None
        whole = True
        while not body.at_eof():
            data, end = await body.readchunk()
            held.append((data, end))
            if reader is None:
                reader = _head_reader(permit, response)
            if data and reader.feed(data):
                whole = False
                break
        (reader or _head_reader(permit, response)).judge(whole=whole)
    await gate.complete(permit)
    permit.enforce()
    tally = Tally(permit)
    if body.at_eof() and not held:
        tally.end(complete=True)
    elif response.status != _SWITCHING:
        response.content = _Released(response, held, tally)


def _see_whole(permit: Permit, response: aiohttp.ClientResponse, chunks: tuple[bytes, ...]) -> None:
    """Show a body that is there already, and stays in its stream for the caller."""
    permit.has_whole(chunks)
    if permit.see_headers(response.status, _lines(response), method=response.method):
        reader = _head_reader(permit, response)
        reader.feed(b"".join(chunks))
        reader.judge(whole=True)


def _lines(response: aiohttp.ClientResponse) -> Any:
    raw = response.raw_headers
    return raw if b"".join([value for _, value in raw]).isascii() else response.headers


def _all_there(body: aiohttp.StreamReader) -> tuple[bytes, ...] | None:
    """The chunks of a body of which nothing was read and all has come; they stay where they are. Else None."""
    if type(body) is not aiohttp.StreamReader or not body.is_eof() or body.exception() is not None:
        return None
    chunks = tuple(body._buffer)  # the only way to look without taking
    return chunks if body._buffer_offset == 0 and sum(map(len, chunks)) == body.total_bytes else None


def _head_reader(permit: Permit, response: aiohttp.ClientResponse) -> HeadReader:
    """For what the body gives: decoded already, unless a session or a request was told not to."""
    decoded = getattr(response.content, "total_compressed_bytes", None) is not None  # so it was decoded on the way
    return HeadReader(permit, decoded=decoded)


class _Unpaced:
    """What a stream asks of its connection. The pace is kept by the inner stream, from which this one draws."""

    connected = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self, resume_parser: bool = True) -> None:
        pass


class _Released(aiohttp.StreamReader):
    """The beginning that was held back, then the rest as it is asked for; tallied as it is read.

    The digest is of the bytes as they come out of the stream, which decodes content codings where it was told to.
    """

    __slots__ = ("_chunked", "_inner", "_tally")

    def __init__(self, response: aiohttp.ClientResponse, held: list[tuple[bytes, bool]], tally: Tally) -> None:
        self._inner = response.content
        super().__init__(_Unpaced(), self._inner.get_read_buffer_limits()[0])  # type: ignore[arg-type]
        self._tally = tally
        self._chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if self._chunked:
            self.begin_http_chunk_receiving()
        for data, end in held:
            self._take(data, end)
        self._look_for_end()

    async def _wait(self, func_name: str) -> None:  # noqa: ARG002 - aiohttp's own hook: nothing is left, wait for more
        self._take(*await self._inner.readchunk())
        self._look_for_end()

    def _read_nowait_chunk(self, n: int) -> bytes:
        data = self._tally.add(super()._read_nowait_chunk(n))
        if self._eof and not self._buffer:
            self._tally.end(complete=True)
        return data

    def set_exception(self, *given: Any) -> None:
        self._tally.end(complete=False)
        super().set_exception(*given)

    def __del__(self) -> None:
        with suppress(CrawlgateError):  # dropped when the gate was closed already
            self._tally.end(complete=False)

    def _take(self, data: bytes, end: bool) -> None:
        self.feed_data(data)
        if end and self._chunked:
            self.end_http_chunk_receiving()

    def _look_for_end(self) -> None:
        if not self._eof and self._inner.at_eof():
            self.feed_eof()
            if not self._buffer:
                self._tally.end(complete=True)


def _judged_target(permit: Permit, request: aiohttp.ClientRequest) -> None:
    """The request goes to, and asks for, exactly the URL that was judged; refuse one that goes elsewhere."""
    url, named = request.url, request.headers.get("Host")
    authority = url.host_port_subcomponent or ""
    keep_to(permit, scheme=url.scheme, host=url.raw_host or "", port=url.port, authority=authority, named=named)
    if permit.judged and url.raw_path_qs != permit.url.target:
        request.url = URL(permit.url.href, encoded=True)
