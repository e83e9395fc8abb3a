"""A small real web for tests: HTTP/1.1 on one loopback port, any host name, answers from tables.

    with WebServer({"a.test": {"/": Answer("<p>hello</p>"), "/robots.txt": robots("User-agent: *\\nDisallow: /x")}}) as web:
        client = httpx.Client(transport=web.transport())
        client.get("http://a.test/")
        web.targets("a.test")  # ("/",)

The transports stand in for DNS: they reach this server for every host name and leave the Host header alone.
What is in no table is a 404, so a site without robots.txt needs no line for it.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

import httpcore
import httpx

POLICY_FILES: Final = ("/robots.txt", "/.well-known/tdmrep.json")
"""What a gate asks for by itself."""

CUT: Final = "cut"
"""A part of a body or head: the connection ends here."""

HANG: Final = "hang"
"""A part of a body or head: nothing comes any more until the server stops."""

Part = bytes | float | threading.Event | str
"""Bytes to send, seconds to wait, an event to wait for, or CUT or HANG."""

_SLICE = 16 * 1024
_HEAD_LIMIT = 256 * 1024
_TICK = 0.002
_REASONS = {200: "OK", 206: "Partial Content", 301: "Moved Permanently", 302: "Found", 404: "Not Found"}
_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one URL answers. `body` in parts is sent chunked, a body in one piece with its length.

    `gzip` compresses a body in one piece; `chunk` sends it chunked in pieces of so many bytes; `before` are
    parts that are waited for before the head leaves; `length` states another length than the true one.
    """

    body: bytes | str | tuple[Part, ...] = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "text/html; charset=utf-8"
    gzip: bool = False
    chunk: int = 0
    before: tuple[Part, ...] = ()
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as received; header names in lower case."""

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Hit:
    """One line of the access log, written before the answer leaves. `sent` counts bytes of the body given to
    the system; `over` is set when nothing more will be sent, and `complete` tells that all of it was."""

    method: str
    host: str
    target: str
    user_agent: str
    headers: Mapping[str, str]
    status: int = 0
    sent: int = 0
    complete: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float = 10.0) -> Hit:
        """This line once the server is done with it."""
        assert self.over.wait(seconds), f"{self.method} {self.host}{self.target} is still being answered"
        return self


Handler = Callable[[Request], Answer]
Site = Mapping[str, "Answer | Handler"]
Sites = Mapping[str, "Site | Handler"] | Handler


def robots(text: str | bytes, **options: object) -> Answer:
    """A robots.txt."""
    return replace(Answer(text, content_type="text/plain"), **options)  # type: ignore[arg-type]


def redirect(location: str, status: int = 302) -> Answer:
    """A redirect with a short body."""
    return Answer("moved", status=status, headers=(("Location", location),))


class WebServer:
    """The server, for the time of a `with` block; its log can be read afterwards too. A request that the
    server itself could not handle fails the block. `keep_log` False is for tests of memory, which count in a
    handler of their own. With `tls` it speaks HTTPS."""

    def __init__(self, sites: Sites, *, keep_log: bool = True, tls: ssl.SSLContext | None = None) -> None:
        self.sites = sites
        self._keep_log = keep_log
        self._tls = tls
        self.log: list[Hit] = []
        self.connections = 0
        self.faults: list[BaseException] = []
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="test-web", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        if error is None:
            assert self.faults == []

    # -- for tests ----------------------------------------------------------------------------------

    def transport(self) -> httpx.HTTPTransport:
        """A transport that reaches this server under every name; plain HTTP only."""
        return _Transport(self.port)

    def async_transport(self) -> httpx.AsyncHTTPTransport:
        """As `transport`, for `httpx.AsyncClient`."""
        return _AsyncTransport(self.port)

    def hits(self, host: str | None = None, target: str | None = None) -> tuple[Hit, ...]:
        """The log, oldest first, of one host and one path if named."""
        return tuple(h for h in tuple(self.log) if host in (None, h.host) and target in (None, h.target))

    def targets(self, host: str) -> tuple[str, ...]:
        """What was asked for at a host, policy files left out."""
        return tuple(hit.target for hit in self.hits(host) if hit.target not in POLICY_FILES)

    def hit(self, host: str, target: str) -> Hit:
        """The only line for a URL, once the server is done with it."""
        (found,) = self.hits(host, target)
        return found.wait()

    # -- the server ---------------------------------------------------------------------------------

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        # What waits in the system's buffers looks sent; little of it, so that `Hit.sent` tells something.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        # asyncio does this only for sockets whose protocol number is set; head and body are two writes.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listener.getsockname()[1]
        server = await asyncio.start_server(self._connection, sock=listener, limit=_HEAD_LIMIT, ssl=self._tls)
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # let aborted transports close their sockets

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        # asyncio's TLS never says that a buffer with the limit 0 is empty again.
        writer.transport.set_write_buffer_limits(high=0 if self._tls is None else _SLICE)
        try:
            while True:
                request = await _read(reader)
                if request is None or not await self._answer(request, writer):
                    writer.close()
                    return
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, which is its right
        except asyncio.CancelledError:
            pass  # the server stops
        except BaseException as error:
            self.faults.append(error)
        finally:
            self._tasks.discard(task)
            if not writer.is_closing():
                writer.transport.abort()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""
        hit = Hit(request.method, request.host, request.target, request.headers.get("user-agent", ""), request.headers)
        if self._keep_log:
            self.log.append(hit)
        try:
            answer = self._find(request)
            hit.status = answer.status
            if not await _pass(answer.before, writer):
                return False
            body, chunked, headers = _encoded(answer)
            close = request.headers.get("connection", "").lower() == "close"
            if close:
                headers.append(("Connection", "close"))
            reason = _REASONS.get(answer.status, "Status")
            head = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers)]
            writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
            if request.method == "HEAD" or answer.status in (204, 304):
                await writer.drain()
            elif not await _send(body, writer, hit, chunked=chunked):
                return False
            hit.complete = True
            return not close and answer.length is None
        finally:
            hit.over.set()

    def _find(self, request: Request) -> Answer:
        site = self.sites if callable(self.sites) else self.sites.get(request.host, {})
        found = site(request) if callable(site) else site.get(request.target, Answer("not here", status=404))
        return found(request) if callable(found) else found


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    host = headers.get("host", "").partition(":")[0].lower()
    if target.startswith("http://"):  # asked as a proxy
        target = "/" + target.removeprefix("http://").partition("/")[2]
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    while headers.get("transfer-encoding") == "chunked":
        size = int(await reader.readline(), 16)
        body += (await reader.readexactly(size + 2))[:-2]
        if size == 0:
            break
    return Request(method, host, target, headers, body)


def _encoded(answer: Answer) -> tuple[Iterable[Part], bool, list[tuple[str, str]]]:
    """The body in parts, whether it goes chunked, and the header lines."""
    headers = [("Content-Type", answer.content_type)] if answer.content_type else []
    headers.extend(answer.headers)
    if isinstance(answer.body, tuple):
        parts: Iterable[Part] = answer.body
        chunked = True
    else:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        if answer.gzip:
            body = gzip.compress(body, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        chunked = bool(answer.chunk)
        parts = _slices(body, answer.chunk or _SLICE)
        if not chunked:
            headers.append(("Content-Length", str(len(body) if answer.length is None else answer.length)))
    if chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    return parts, chunked, headers


def _slices(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def _send(parts: Iterable[Part], writer: asyncio.StreamWriter, hit: Hit, *, chunked: bool) -> bool:
    for part in parts:
        if not isinstance(part, bytes):
            await writer.drain()
            if not await _pass((part,), writer):
                return False
        elif part:
            writer.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            await writer.drain()
            hit.sent += len(part)
    if chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


async def _pass(parts: Iterable[Part], writer: asyncio.StreamWriter) -> bool:
    """Wait as the parts say; False where they end the connection."""
    for part in parts:
        if part == CUT:
            return False
        if part == HANG:
            await asyncio.Event().wait()
        elif isinstance(part, threading.Event):
            while not part.is_set():
                await asyncio.sleep(_TICK)
        elif isinstance(part, (int, float)):
            await asyncio.sleep(part)
    return True


class _Backend(httpcore.NetworkBackend):
    """Connections to one port, whatever the name."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        return self._inner.connect_tcp("127.0.0.1", self._port, timeout, local_address, socket_options)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """As `_Backend`, for async code."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return await self._inner.connect_tcp("127.0.0.1", self._port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Transport(httpx.HTTPTransport):
    def __init__(self, port: int) -> None:  # the methods of the base class use the pool only
        self._pool = httpcore.ConnectionPool(network_backend=_Backend(port), max_connections=64)


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, port: int) -> None:
        self._pool = httpcore.AsyncConnectionPool(network_backend=_AsyncBackend(port), max_connections=64)
