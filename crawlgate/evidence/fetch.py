"""One request for a policy file, one answer as `Evidence`. Redirects are the caller's: one call is one hop.

`Fetcher` and `AsyncFetcher` differ in how they wait; everything they know stands in `_Exchange`. httpx's
client is left out on purpose: it keeps cookies, undoes codings without bound, and throws an answer away
whose `Location` it cannot read. The transport below it does none of that.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Self

import anyio
import httpx

from ..errors import ConfigError
from ..headers import Headers
from ..limits import Limits
from ..model import Evidence, EvidenceKind
from ..url import Url
from .address import AddressPolicy
from .inflate import Inflater
from .pin import (
    AsyncPinnedTransport,
    PinError,
    PinnedTransport,
    deadline,
    pinned_async_transport,
    pinned_transport,
)

NETWORK_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    UnicodeError,  # a host that httpx's IDNA does not encode
    OSError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
)
"""What a network or a server can make httpx raise; anyio's own errors and TLS alerts slip through its mapping."""

_WIRE_SLACK = 64 * 1024
"""Wire bytes beyond the cap that are read: no honest coding grows a body by more."""

_CLOSE_SECONDS = 1.0
_TEXT = 200


class Fetcher:
    """Fetches policy files over transports that reach public addresses only. Safe to share between threads.

    `user_agent` is sent as it stands (printable ASCII, else `ConfigError`); `policy` says which addresses
    may be reached; `limits` gives `evidence_deadline`, `evidence_connect` (seconds) and the header bounds.
    `transport` replaces the pinned one, for tests and proxies, and is closed with the fetcher.

    `pinned` tells whether `policy` is enforced on connections: False with a transport that did not come
    from `crawlgate.evidence.pin`. The deadline is then checked between chunks only.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        policy: AddressPolicy,
        limits: Limits,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._user_agent = checked_user_agent(user_agent)
        self._limits = limits
        self._transport = pinned_transport(policy) if transport is None else transport
        self.pinned = isinstance(self._transport, PinnedTransport)

    def fetch(self, url: Url, *, kind: EvidenceKind, max_bytes: int, now: datetime) -> Evidence:
        """GET `url` once; the answer whatever its status, redirects included.

        `max_bytes` bounds the decoded body (`truncated` tells that it cut); `now` (UTC) becomes `fetched_at`.
        Whatever the network or the server does comes back as Evidence with `status` None and an `error`
        that begins with a stable code and a colon:

        `timeout`, `dns`, `refused` (no connection), `tls`, `reset` (connection lost), `protocol` (not HTTP),
        `address_refused`, `encoding_refused`, `incomplete` (the body ended early or is corrupt).

        An answer that failed after its head keeps its headers and the part of the body that came; the error
        then names its status. No retry, no cookie, no redirect. Raises nothing but what stops the process.
        """
        exchange = _Exchange(url, kind, max_bytes, now, self._limits)
        until = time.monotonic() + self._limits.evidence_deadline
        try:
            with deadline(until):
                response = self._transport.handle_request(exchange.request(self._user_agent, pinned=self.pinned))
                try:
                    more = exchange.begin(response)
                    if more:
                        for chunk in response.stream:  # type: ignore[union-attr]
                            if time.monotonic() >= until:
                                exchange.expire()
                                break
                            if not exchange.take(chunk):
                                break
                        else:
                            exchange.end()
                finally:
                    response.close()
        except NETWORK_ERRORS as error:
            exchange.fail(error)
        return exchange.evidence()

    def close(self) -> None:
        """Close the transport. The fetcher is of no use afterwards."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncFetcher:
    """`Fetcher` for async code (asyncio or trio); the same arguments, the same answers."""

    def __init__(
        self,
        user_agent: str,
        *,
        policy: AddressPolicy,
        limits: Limits,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._user_agent = checked_user_agent(user_agent)
        self._limits = limits
        self._transport = pinned_async_transport(policy) if transport is None else transport
        self.pinned = isinstance(self._transport, AsyncPinnedTransport)

    async def fetch(self, url: Url, *, kind: EvidenceKind, max_bytes: int, now: datetime) -> Evidence:
        """As `Fetcher.fetch`. A cancellation from outside is passed on and closes the connection."""
        exchange = _Exchange(url, kind, max_bytes, now, self._limits)
        with anyio.move_on_after(self._limits.evidence_deadline) as scope:
            try:
                await self._drive(exchange)
            except NETWORK_ERRORS as error:
                exchange.fail(error)
        if scope.cancelled_caught:
            exchange.expire()
        return exchange.evidence()

    async def _drive(self, exchange: _Exchange) -> None:
        response = await self._transport.handle_async_request(exchange.request(self._user_agent, pinned=self.pinned))
        try:
            if exchange.begin(response):
                async for chunk in response.stream:  # type: ignore[union-attr]
                    if not exchange.take(chunk):
                        break
                else:
                    exchange.end()
        finally:
            with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
                await response.aclose()

    async def aclose(self) -> None:
        """Close the transport. The fetcher is of no use afterwards."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Exchange:
    """What is known of one request and its answer, without any waiting."""

    def __init__(self, url: Url, kind: EvidenceKind, max_bytes: int, now: datetime, limits: Limits) -> None:
        self._url = url
        self._kind = kind
        self._max_bytes = max_bytes
        self._now = now
        self._limits = limits
        self._status: int | None = None
        self._headers = Headers()
        self._inflater = Inflater(None, max_bytes)
        self._body = bytearray()
        self._wire = 0
        self._over = False
        self._cut = False
        self._error: str | None = None
        self._sent: tuple[tuple[str, str], ...] = ()

    def request(self, user_agent: str, *, pinned: bool) -> httpx.Request:
        """The request, its target exactly as `Url` has it: httpx would quote it a second time."""
        seconds = self._limits.evidence_deadline
        connect = min(self._limits.evidence_connect, seconds)
        # Without our stream below, a read is the longest wait that nothing interrupts.
        read = seconds if pinned else seconds / 2
        asking = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"}
        request = httpx.Request(
            "GET",
            self._url.href,
            headers=asking,
            extensions={
                "timeout": {"connect": connect, "read": read, "write": read, "pool": seconds},
                "target": self._url.target.encode("ascii"),
            },
        )
        self._sent = (("Host", request.headers["host"]), *asking.items())
        return request

    def begin(self, response: httpx.Response) -> bool:
        """Take the head; whether to read the body."""
        self._status = response.status_code
        self._headers = Headers(response.headers.raw, self._limits)
        self._cut = self._headers.cut
        self._inflater = Inflater(", ".join(self._headers.all("content-encoding")), self._max_bytes)
        return self._settled(self._inflater.error)

    def take(self, chunk: bytes) -> bool:
        """Take wire bytes; whether to go on."""
        self._wire += len(chunk)
        self._body += self._inflater.feed(chunk)
        if self._inflater.truncated or self._wire > self._max_bytes + _WIRE_SLACK:
            self._cut = self._over = True
            return False
        return self._settled(self._inflater.error)

    def end(self) -> None:
        """The body came to its end."""
        self._inflater.finish()
        self._settled(self._inflater.error)
        self._over = True

    def expire(self) -> None:
        """The deadline passed."""
        self._settled(f"timeout: not finished within {self._limits.evidence_deadline:g} s")

    def fail(self, error: Exception) -> None:
        """The network or the server failed."""
        self._settled(describe(error, answered=self._status is not None))

    def evidence(self) -> Evidence:
        """All of it as a record."""
        answered, body = self._status is not None, bytes(self._body)
        error = self._error
        if error is not None and answered:
            error = f"{error}; after HTTP {self._status} and {len(body)} bytes of body"
        digest = hashlib.sha256(body).hexdigest()
        return Evidence(
            id=_identity(self._url.href, self._now, digest),
            kind=self._kind,
            url=self._url.href,
            final_url=self._url.href,
            fetched_at=self._now,
            status=self._status if error is None else None,
            headers=tuple((name, _kept(name, value)) for name, value in self._headers),
            body=body,
            sha256=digest if answered else "",
            error=error,
            truncated=self._cut,
            request=self._sent,
        )

    def _settled(self, error: str | None) -> bool:
        """Note an error unless the answer is already complete or failed; whether there is none."""
        if not self._over and self._error is None:
            self._error = error
        return self._error is None


def checked_user_agent(user_agent: str) -> str:
    if not user_agent or not all(" " <= char <= "~" for char in user_agent) or user_agent.strip() != user_agent:
        raise ConfigError(f"user_agent {user_agent!r} cannot be sent; write it in printable ASCII, on one line")
    return user_agent


def _identity(url: str, now: datetime, digest: str) -> str:
    """The same answer to the same question at the same time is the same evidence, in every run."""
    text = "\n".join((url, now.isoformat(), digest))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _kept(name: str, value: str) -> str:
    """Header values that may be recorded: a cookie is a credential, so only its presence is."""
    return "[not kept]" if name in ("set-cookie", "set-cookie2") else value


def describe(error: Exception, *, answered: bool) -> str:
    """An exception as `code: text`. `answered`: the head of the answer had come."""
    for cause in _causes(error):
        if isinstance(cause, PinError):
            return _line(cause.code, cause)
    code = "reset"
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        code = "timeout"
    elif any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        code = "tls"
    elif any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
        code = "dns"
    elif isinstance(error, (httpx.ConnectError, httpx.ProxyError, ConnectionRefusedError)):
        code = "refused"
    elif isinstance(error, (httpx.ProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL)):
        code = "incomplete" if answered else "protocol"
    return _line(code, error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it. httpcore re-raises `from None`, which leaves only the context."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _line(code: str, error: BaseException) -> str:
    """One line without control characters: servers write parts of these messages."""
    text = str(error) or type(error).__name__
    return f"{code}: " + "".join(char if char.isprintable() else "\ufffd" for char in text)[:_TEXT]
