"""A small web on loopback: every site is an HTTP server on its own free port of 127.0.0.1, with an access log.

    with DemoWeb() as web:
        client = httpx.Client(transport=web.transport())
        client.get("http://walking-diary.example/")

`transport()` stands in for DNS: it opens connections for the demo's host names to the right loopback port and
to nowhere else. Requests are untouched, so that a server sees the name it was asked by in `Host`.
"""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import httpcore
import httpx

from .page import refusal
from .sites import SITES, Site

POLICY_FILES = ("/robots.txt", "/.well-known/tdmrep.json")
"""The files a gate asks for before it has decided anything."""

_NOT_FOUND = refusal(404, "Not found")
_MISDIRECTED = refusal(421, "This server knows one name only")
_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Hit(NamedTuple):
    """One line of an access log."""

    method: str
    target: str
    user_agent: str
    status: int


class DemoWeb:
    """The sites as running servers, for the time of a `with` block. The logs can be read afterwards too."""

    def __init__(self, sites: Iterable[Site] = SITES) -> None:
        self.sites = tuple(sites)
        self._servers: dict[str, _Server] = {}
        self._thread: threading.Thread | None = None
        self._bell: tuple[socket.socket, socket.socket] | None = None

    def __enter__(self) -> Self:
        self._servers = {site.host: _Server(site) for site in self.sites}
        self._bell = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, args=(self._bell[1],), name="demo-web", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bell is not None and self._thread is not None:
            self._bell[0].send(b"x")
            self._thread.join()
            for end in self._bell:
                end.close()
        for server in self._servers.values():
            server.server_close()

    def transport(self) -> httpx.BaseTransport:
        """A transport that reaches this web and nothing else, for `httpx.Client` and for the gate's evidence."""
        return _Transport(self.ports)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """As `transport`, for `httpx.AsyncClient`."""
        return _AsyncTransport(self.ports)

    @property
    def ports(self) -> Mapping[str, int]:
        """The loopback port of each host."""
        return {host: server.server_address[1] for host, server in self._servers.items()}

    def log(self, host: str) -> tuple[Hit, ...]:
        """The access log of one site, oldest first. A request is in it before its answer leaves."""
        return tuple(self._servers[host].hits)

    def connections(self, host: str) -> int:
        """How many connections a site accepted, with or without a request."""
        return self._servers[host].connections

    def requested(self, url: str) -> bool:
        """True if the access logs hold a request for `url`; a host that is no site of this web has no log."""
        parts = urlsplit(url)
        server = self._servers.get(parts.hostname or "")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return server is not None and any(hit.target == target for hit in server.hits)

    def _accept(self, bell: socket.socket) -> None:
        """Wait for all servers in one thread; each connection is served in a thread of its own."""
        with selectors.DefaultSelector() as selector:
            selector.register(bell, selectors.EVENT_READ)
            for server in self._servers.values():
                selector.register(server, selectors.EVENT_READ, server)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    key.data.handle_request()


class _Server(ThreadingHTTPServer):
    """One site's server and its log."""

    daemon_threads = True
    request_queue_size = 128
    timeout = 0  # `handle_request` takes what is waiting and never waits itself

    def __init__(self, site: Site) -> None:
        self.site = site
        self.hits: list[Hit] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask DNS for the machine's own name here.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.site.host, self.server_address[1]

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        accepted: tuple[socket.socket, tuple[str, int]] = super().get_request()
        self.connections += 1
        return accepted


class _Handler(BaseHTTPRequestHandler):
    """Answers from the site's table and writes the log."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "DemoWeb"
    sys_version = ""
    timeout = 5

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        site = self.server.site
        answer = site.answers.get(self.path.partition("?")[0], _NOT_FOUND)
        if (self.headers.get("Host") or "").partition(":")[0].lower() != site.host:
            answer = _MISDIRECTED
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        """Called for every answer, also those that `BaseHTTPRequestHandler` makes, before a byte of it leaves."""
        headers = getattr(self, "headers", None) or {}
        agent = headers.get("User-Agent", "")
        self.server.hits.append(Hit(self.command or "", getattr(self, "path", ""), agent, int(code)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Nothing on stderr: the log is kept in memory."""


class _Backend(httpcore.NetworkBackend):
    """Connections for the demo's names."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        here = _port(self._ports, host, port)
        return self._inner.connect_tcp("127.0.0.1", here, timeout, local_address, socket_options)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """As `_Backend`, for async code."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        here = _port(self._ports, host, port)
        return await self._inner.connect_tcp("127.0.0.1", here, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """httpcore sleeps between retries, which these transports do not make."""
        await self._inner.sleep(seconds)


def _port(ports: Mapping[str, int], host: str, port: int) -> int:
    here = ports.get(host.lower()) if port == 80 else None
    if here is None:
        raise httpcore.ConnectError(f"{host}:{port} is not on the demo's web")
    return here


class _Transport(httpx.HTTPTransport):
    def __init__(self, ports: Mapping[str, int]) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(network_backend=_Backend(ports))


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, ports: Mapping[str, int]) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(network_backend=_AsyncBackend(ports))
