"""httpx behind the gate: transports that wrap any inner transport.

    client = httpx.Client(transport=GateTransport(gate, httpx.HTTPTransport()))
    client = gate.httpx_client()          # the same with the declared user agent

A transport sees every redirect hop, and it is called before a byte leaves; `event_hooks` cannot keep a body
from the caller. `Denied` and `Held` are raised from `client.get(...)` and carry the `Decision`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from ..errors import CrawlgateError
from ..permit import Permit
from .body import ACCEPT_ENCODING, HeadReader, Tally

if TYPE_CHECKING:
    from ..gate import AsyncGate, Gate, Manner

T = TypeVar("T")

DIRECT = "direct"
"""The route without a proxy."""

# Options of httpx.Client that configure its default transport; with a transport of ours they go to that.
_TRANSPORT_OPTIONS = ("verify", "cert", "trust_env", "http1", "http2", "limits", "proxy")


class GateTransport(httpx.BaseTransport):
    """A transport that asks the gate before each hop and judges each response before handing it out.

    `proxy` names the route that `inner` takes (`direct`, or the proxy's host), so that the gate sees a change of it.
    """

    def __init__(self, gate: Gate, inner: httpx.BaseTransport | None = None, *, proxy: str | None = None) -> None:
        self._gate = gate
        self._proxy = proxy if inner is not None else DIRECT
        self._inner = inner if inner is not None else httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        permit = self._gate.open(str(request.url), **_manner(request, self._proxy))
        with _recorded(permit):
            with _judged_target(permit, request):
                response = self._inner.handle_request(request)
            try:
                return self._judged(permit, request.method, response)
            except BaseException:
                response.close()
                raise

    def close(self) -> None:
        self._inner.close()

    def _judged(self, permit: Permit, method: str, response: httpx.Response) -> httpx.Response:
        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - the contract of BaseTransport
        stream = response.stream
        rest = iter(stream)
        held: list[bytes] = []
        if permit.see_headers(response.status_code, response.headers, method=method):
            reader = _head_reader(permit, response)
            whole = not any(reader.feed(chunk) for chunk in rest)
            reader.judge(whole=whole)
            held = reader.chunks
        self._gate.complete(permit)
        permit.enforce()
        response.stream = _Released(held, rest, stream, Tally(permit))
        return response


class AsyncGateTransport(httpx.AsyncBaseTransport):
    """As `GateTransport`, for `httpx.AsyncClient` and an `AsyncGate`."""

    def __init__(
        self, gate: AsyncGate, inner: httpx.AsyncBaseTransport | None = None, *, proxy: str | None = None
    ) -> None:
        self._gate = gate
        self._proxy = proxy if inner is not None else DIRECT
        self._inner = inner if inner is not None else httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        permit = await self._gate.open(str(request.url), **_manner(request, self._proxy))
        with _recorded(permit):
            with _judged_target(permit, request):
                response = await self._inner.handle_async_request(request)
            try:
                return await self._judged(permit, request.method, response)
            except BaseException:
                await response.aclose()
                raise

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _judged(self, permit: Permit, method: str, response: httpx.Response) -> httpx.Response:
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - the contract of AsyncBaseTransport
        stream = response.stream
        rest = aiter(stream)
        held: list[bytes] = []
        if permit.see_headers(response.status_code, response.headers, method=method):
            reader = _head_reader(permit, response)
            whole = True
            async for chunk in rest:
                if reader.feed(chunk):
                    whole = False
                    break
            reader.judge(whole=whole)
            held = reader.chunks
        await self._gate.complete(permit)
        permit.enforce()
        response.stream = _AsyncReleased(held, rest, stream, Tally(permit))
        return response


def client(gate: Gate, **options: Any) -> httpx.Client:
    """An `httpx.Client` behind `gate`; takes the options of `httpx.Client`."""
    route, inner, mounts = _transports(options, httpx.HTTPTransport)
    return httpx.Client(
        transport=GateTransport(gate, inner, proxy=route),
        mounts={
            pattern: None if mounted is None else GateTransport(gate, mounted, proxy=proxy)
            for pattern, (proxy, mounted) in mounts.items()
        },
        headers=_headers(gate, options),
        **options,
    )


def async_client(gate: AsyncGate, **options: Any) -> httpx.AsyncClient:
    """An `httpx.AsyncClient` behind `gate`; takes the options of `httpx.AsyncClient`."""
    route, inner, mounts = _transports(options, httpx.AsyncHTTPTransport)
    return httpx.AsyncClient(
        transport=AsyncGateTransport(gate, inner, proxy=route),
        mounts={
            pattern: None if mounted is None else AsyncGateTransport(gate, mounted, proxy=proxy)
            for pattern, (proxy, mounted) in mounts.items()
        },
        headers=_headers(gate, options),
        **options,
    )


def _transports(
    options: dict[str, Any], make: Callable[..., T]
) -> tuple[str | None, T, dict[str, tuple[str | None, T | None]]]:
    """The route of the inner transport, that transport, and the mounted ones with theirs, taken out of a client's
    options. A transport that the caller made goes a way that nobody knows (None).

    A proxy beside a transport goes before it, as in httpx; left to the client it would lead around the gate.
    """
    settings = {name: options.pop(name) for name in _TRANSPORT_OPTIONS if name in options}
    given: T | None = options.pop("transport", None)
    route = _route(settings.get("proxy"))
    mounts: dict[str, tuple[str | None, T | None]] = {
        pattern: (None, mounted) for pattern, mounted in dict(options.pop("mounts", None) or {}).items()
    }
    if given is not None and settings.get("proxy") is not None:
        mounts = {"all://": (route, make(**settings)), **mounts}
    if given is not None:
        return None, given, mounts
    return route, make(**settings), mounts


def _route(proxy: Any) -> str:
    """The name of a route: host and port of a proxy, never its user name or password."""
    if proxy is None:
        return DIRECT
    url = httpx.URL(proxy.url if isinstance(proxy, httpx.Proxy) else proxy)
    return url.netloc.decode("ascii", "replace").rpartition("@")[2]


def _headers(gate: Gate | AsyncGate, options: dict[str, Any]) -> httpx.Headers:
    headers = httpx.Headers({"user-agent": gate.declaration.user_agent})
    headers.update(httpx.Headers(options.pop("headers", None)))
    return headers


def _manner(request: httpx.Request, proxy: str | None) -> Manner:
    """What the server is going to see of us; the secret itself is never looked at."""
    headers = request.headers
    headers["accept-encoding"] = ACCEPT_ENCODING
    return {
        "user_agent": headers.get("user-agent", ""),
        "credentials": "an Authorization header" if "authorization" in headers else None,
        "cookies": headers.get("cookie"),
        "referrer": headers.get("referer"),
        "proxy": proxy,
    }


@contextmanager
def _recorded(permit: Permit) -> Iterator[None]:
    """What fails on the way is on record too; refusals and failing records are already told."""
    try:
        yield
    except CrawlgateError:
        raise
    except Exception as error:
        permit.failed(error)
        raise
    except BaseException as error:  # cancelled or interrupted, which nothing may stand in the way of
        with suppress(CrawlgateError):
            permit.failed(error)
        raise


@contextmanager
def _judged_target(permit: Permit, request: httpx.Request) -> Iterator[None]:
    """The request goes to, and asks for, exactly the URL that was judged; refuse one that would not.

    httpx leaves some spellings on the wire that the gate and other readers of URLs unify (`/a/%2e%2e/b`).
    """
    url, given = request.url, request.extensions
    port = url.port or (443 if url.scheme == "https" else 80)
    wire = (url.scheme, url.raw_host.decode("ascii").rstrip(".").strip("[]"), port)
    judged = (permit.url.scheme, permit.url.host.strip("[]"), permit.url.port)
    named = request.headers.get("host", "").lower()
    target = permit.url.target.encode("ascii")
    if (
        wire != judged
        or (named and named != url.netloc.decode("ascii").rpartition("@")[2].lower())
        or given.get("target", target) != target
    ):
        permit.refuse("host_mismatch")
    elif url.raw_path != target:
        request.extensions = {**given, "target": target}
    try:
        yield
    finally:
        request.extensions = given  # httpx hands them on to the next hop


def _head_reader(permit: Permit, response: httpx.Response) -> HeadReader:
    return HeadReader(permit, response.headers.get("content-encoding"), response.headers.get("content-length"))


class _Released(httpx.SyncByteStream):
    """The beginning that was held back, then the rest as it comes; tallied on the way."""

    def __init__(self, held: list[bytes], rest: Iterator[bytes], stream: httpx.SyncByteStream, tally: Tally) -> None:
        self._held, self._rest, self._stream, self._tally = held, rest, stream, tally

    def __iter__(self) -> Iterator[bytes]:
        while self._held:
            yield self._tally.add(self._held.pop(0))
        for chunk in self._rest:
            yield self._tally.add(chunk)
        self._tally.end(complete=True)

    def close(self) -> None:
        self._tally.end(complete=False)
        self._stream.close()


class _AsyncReleased(httpx.AsyncByteStream):
    """As `_Released`, for async streams."""

    def __init__(
        self, held: list[bytes], rest: AsyncIterator[bytes], stream: httpx.AsyncByteStream, tally: Tally
    ) -> None:
        self._held, self._rest, self._stream, self._tally = held, rest, stream, tally

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._held:
            yield self._tally.add(self._held.pop(0))
        async for chunk in self._rest:
            yield self._tally.add(chunk)
        self._tally.end(complete=True)

    async def aclose(self) -> None:
        self._tally.end(complete=False)
        await self._stream.aclose()
