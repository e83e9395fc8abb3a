"""Transports that reach the addresses a policy permits, and no other.

A name is resolved once. If any of its addresses is refused, the fetch is refused; otherwise the connection
goes to an address that was looked at, so a second answer from DNS cannot move it (DNS rebinding). TLS still
verifies the certificate against the name.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import anyio
import httpcore
import httpx

from .address import AddressPolicy, is_literal

_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_deadline: ContextVar[float | None] = ContextVar("crawlgate_deadline", default=None)

_CONNECTIONS = 100
"""Requests a transport has under way at once; more wait for their turn."""

_ATTEMPTS = 4
"""Addresses of one name that are tried; all of them are checked."""


class PinError(httpcore.ConnectError):
    """No connection was made. `code` is `address_refused`, `dns`, `refused` or `tls`; the message says why.

    httpx turns it into `httpx.ConnectError` and keeps it as `__cause__`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def deadline(at: float) -> Iterator[None]:
    """Within the block no wait on a socket that `PinnedBackend` opened goes beyond `at` (`time.monotonic()`).

    httpx times each read alone, so that a server sending a header byte a second would never end. Holds for
    this thread or task.
    """
    token = _deadline.set(at)
    try:
        yield
    finally:
        _deadline.reset(token)


class PinnedBackend(httpcore.NetworkBackend):
    """Opens TCP connections to checked addresses only. Raises `PinError` or `httpcore.ConnectTimeout`."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve `host` once, check every answer, connect. `timeout` (seconds) bounds all of it together."""
        until = _until(_remaining(timeout))
        addresses = _checked(host, self._lookup(host, port, until), self._policy)
        last: Exception = httpcore.ConnectTimeout(f"no connection to {_name(host)} in time")
        for tried, address in enumerate(addresses):
            share = _share(until, len(addresses) - tried)
            if share == 0:
                break
            try:
                stream = self._backend.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = _not_connected(error, address)
            else:
                return _BoundedStream(stream)
        raise last

    def _lookup(self, host: str, port: int, until: float | None) -> list[str]:
        if is_literal(_name(host)):
            return [_name(host)]
        answer: queue.SimpleQueue[list[str] | PinError] = queue.SimpleQueue()

        def look() -> None:
            try:
                answer.put(_resolve(host, port))
            except PinError as error:
                answer.put(error)

        # getaddrinfo knows no timeout; a daemon thread may outlive the wait and cannot hold up the exit.
        threading.Thread(target=look, name="crawlgate-dns", daemon=True).start()
        try:
            found = answer.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise PinError("dns", f"{_name(host)} was not resolved in time") from None
        if isinstance(found, PinError):
            raise found
        return found


class AsyncPinnedBackend(httpcore.AsyncNetworkBackend):
    """`PinnedBackend` for asyncio and trio. A lookup that is given up ends in its own worker thread."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve `host` once, check every answer, connect. `timeout` (seconds) bounds all of it together."""
        until = _until(timeout)
        addresses = _checked(host, await self._lookup(host, port, timeout), self._policy)
        last: Exception = httpcore.ConnectTimeout(f"no connection to {_name(host)} in time")
        for tried, address in enumerate(addresses):
            share = _share(until, len(addresses) - tried)
            if share == 0:
                break
            try:
                stream = await self._backend.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = _not_connected(error, address)
            else:
                return _AsyncStream(stream)
        raise last

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore calls it between retries, which the pinned transports do not make."""
        await anyio.sleep(seconds)

    async def _lookup(self, host: str, port: int, seconds: float | None) -> list[str]:
        if is_literal(_name(host)):
            return [_name(host)]
        with anyio.move_on_after(seconds):
            return await anyio.to_thread.run_sync(_resolve, host, port, abandon_on_cancel=True)
        raise PinError("dns", f"{_name(host)} was not resolved in time")


class PinnedTransport(httpx.HTTPTransport):
    """httpx's transport on a `PinnedBackend`: HTTP/1.1, no proxy, no environment, no kept connections.

    A connection serves one request, so every request resolves and checks anew, no idle socket is shared
    over a fork, and no request fails on a connection the server has just closed.
    """

    def __init__(self, policy: AddressPolicy, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False, http2=False, proxy=None)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=PinnedBackend(policy),
        )


class AsyncPinnedTransport(httpx.AsyncHTTPTransport):
    """`PinnedTransport` for async clients. As no connection is kept, it survives a change of event loop."""

    def __init__(self, policy: AddressPolicy, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False, http2=False, proxy=None)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=AsyncPinnedBackend(policy),
        )


def pinned_transport(policy: AddressPolicy, *, context: ssl.SSLContext | None = None) -> PinnedTransport:
    """A transport for `httpx.Client` that reaches only what `policy` permits.

    `context` replaces httpx's TLS settings (certifi's roots, names verified), for instance for an own CA.
    """
    return PinnedTransport(policy, context or _context())


def pinned_async_transport(policy: AddressPolicy, *, context: ssl.SSLContext | None = None) -> AsyncPinnedTransport:
    """A transport for `httpx.AsyncClient` that reaches only what `policy` permits; see `pinned_transport`."""
    return AsyncPinnedTransport(policy, context or _context())


@functools.cache
def _context() -> ssl.SSLContext:
    """httpx's TLS settings, without the environment; loading the roots takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose waits respect `deadline`, and whose TLS failures say that they are ones."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _in_time(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _in_time(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = _in_time(timeout, httpcore.ConnectTimeout)
        try:
            return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, seconds))
        except (httpcore.ConnectError, ValueError) as error:  # ValueError: a name that TLS cannot carry
            raise PinError("tls", str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _AsyncStream(httpcore.AsyncNetworkStream):
    """`_BoundedStream` without the deadline, which async code has from its cancel scope."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except (httpcore.ConnectError, ValueError) as error:
            raise PinError("tls", str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _name(host: str | bytes) -> str:
    """httpx hands names over as text or bytes, depending on the way they take through it."""
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host


def _resolve(host: str | bytes, port: int) -> list[str]:
    """Every address of a name, in the resolver's order, without repetition. Raises `PinError` (`dns`)."""
    try:
        answers = socket.getaddrinfo(_name(host), port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:  # ValueError: labels or characters that DNS cannot carry
        raise PinError("dns", f"{_name(host)}: {getattr(error, 'strerror', None) or error}") from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))


def _checked(host: str | bytes, addresses: list[str], policy: AddressPolicy) -> list[str]:
    """The addresses to try. Raises `PinError` if there is none or if one of them is refused."""
    if not addresses:
        raise PinError("dns", f"{_name(host)} has no address")
    for address in addresses:
        refusal = policy.refusal(address)
        if refusal is not None:
            raise PinError("address_refused", refusal)
    return addresses[:_ATTEMPTS]


def _not_connected(error: Exception, address: str) -> Exception:
    if isinstance(error, httpcore.ConnectTimeout):
        return httpcore.ConnectTimeout(f"no connection to {address} in time")
    return PinError("refused", f"{address}: {error}")


def _until(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _share(until: float | None, addresses: int) -> float | None:
    """Seconds for the next of so many addresses, so that a silent first one leaves time for the others."""
    return None if until is None else max(0.0, until - time.monotonic()) / addresses


def _remaining(timeout: float | None) -> float | None:
    """`timeout` cut to the deadline in force; 0 where that has passed."""
    at = _deadline.get()
    if at is None:
        return timeout
    left = max(0.0, at - time.monotonic())
    return left if timeout is None else min(timeout, left)


def _in_time(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    seconds = _remaining(timeout)
    if seconds == 0:  # a socket would take 0 for "do not wait" and fail in another way
        raise error("deadline passed")
    return seconds
