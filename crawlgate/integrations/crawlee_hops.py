"""One request of crawlee from its first hop to its body: every hop asked, every response judged, whoever sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
from crawlee._types import HttpHeaders
from crawlee.http_clients import HttpClient, HttpResponse, ImpitHttpClient

from ..errors import ConfigError
from ..gate import AsyncGate
from ..permit import Permit
from .body import HeadReader, Tally
from .hop import Recorded, keep_to, manner, route
from .http2 import alet_go

if TYPE_CHECKING:
    from crawlee.proxy_configuration import ProxyInfo
    from crawlee.sessions import Session

_MAX_HOPS = 20
_REDIRECTS = (301, 302, 303, 307, 308)
_OF_A_BODY = ("content-encoding", "content-language", "content-location", "content-type", "content-length")
_OF_AN_ORIGIN = ("authorization", "cookie", "proxy-authorization")


def one_hop_at_a_time(client: HttpClient) -> None:
    """Tell a client of crawlee to leave redirects to us. Raises `ConfigError` for one that cannot be told."""
    if isinstance(client, ImpitHttpClient):
        client._follow_redirects = False
    elif hasattr(client, "_async_client_kwargs"):  # HttpxHttpClient
        client._async_client_kwargs["follow_redirects"] = False
    elif hasattr(client, "_async_session_kwargs"):  # CurlImpersonateHttpClient
        client._async_session_kwargs["allow_redirects"] = False
    else:
        raise ConfigError(
            f"{type(client).__name__} cannot be told to leave redirects alone, which would not be asked about; use "
            "ImpitHttpClient, HttpxHttpClient or CurlImpersonateHttpClient"
        )


class Page:
    """A response as released: the beginning that was held back, then the rest as it comes; tallied on the way."""

    def __init__(self, response: HttpResponse, url: str, held: list[bytes], rest: AsyncIterator[bytes]) -> None:
        self._response, self._held, self._rest = response, held, rest
        self._body: bytes | None = None
        self._tally: Tally | None = None
        self.url = url

    http_version = property(lambda self: self._response.http_version)
    status_code = property(lambda self: self._response.status_code)
    headers = property(lambda self: self._response.headers)

    def released(self, permit: Permit) -> None:
        """Its permit allowed it."""
        self._tally = Tally(permit)

    async def read(self) -> bytes:
        """The body. Raises `RuntimeError` for that of a stream, as in crawlee."""
        if self._body is None:
            raise RuntimeError("Use `read_stream` to read the body of a response received from `stream`")
        return self._body

    async def read_stream(self) -> AsyncIterator[bytes]:
        """The body in pieces, once."""
        if self._tally is None:
            raise RuntimeError("Stream is already consumed.")
        tally, self._tally = self._tally, None
        try:
            while self._held:
                yield tally.add(self._held.pop(0))
            async for chunk in self._rest:
                yield tally.add(chunk)
            tally.end(complete=True)
        finally:
            tally.end(complete=False)

    async def take(self) -> None:
        """Read all of it now."""
        self._body = b"".join([chunk async for chunk in self.read_stream()])

    def leave(self) -> None:
        """The rest is not wanted."""
        if self._tally is not None:
            self._tally.end(complete=False)


@asynccontextmanager
async def hops(
    gate: AsyncGate,
    client: HttpClient,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    payload: Any = None,
    session: Session | None = None,
    proxy_info: ProxyInfo | None = None,
    timeout: timedelta | None = None,
) -> AsyncIterator[Page]:
    """The page at the end of all redirects. Raises `Denied` or `Held` for the first hop that is refused."""
    sent = httpx.Headers(dict(headers or {}))
    for _ in range(_MAX_HOPS + 1):
        async with AsyncExitStack() as open_now:
            page = await _hop(gate, client, open_now, url, method, sent, payload, session, proxy_info, timeout)
            location = page.headers.get("location") if page.status_code in _REDIRECTS else None
            following = urljoin(url, location) if location else url
            if location is None or urlsplit(following).scheme not in ("http", "https"):
                try:
                    yield page
                finally:
                    page.leave()
                return
            page.leave()
        if (page.status_code in (301, 302) and method == "POST") or (
            page.status_code == 303 and method not in ("GET", "HEAD")
        ):
            method, payload = "GET", None
            _drop(sent, _OF_A_BODY)
        if urlsplit(following)[:2] != urlsplit(url)[:2]:
            _drop(sent, _OF_AN_ORIGIN)
        url = following
    raise ConnectionError(f"{url} is beyond {_MAX_HOPS} redirects")


async def _hop(
    gate: AsyncGate,
    client: HttpClient,
    open_now: AsyncExitStack,
    url: str,
    method: str,
    headers: httpx.Headers,
    payload: Any,
    session: Session | None,
    proxy_info: ProxyInfo | None,
    timeout: timedelta | None,
) -> Page:
    own = gate.declaration.user_agent
    told = httpx.Headers(headers)
    if "user-agent" not in told:  # nobody chose one
        told["user-agent"] = own
    if session is not None and "cookie" not in told and (cookies := session.cookies.get_cookie_string(url)):
        told["cookie"] = cookies
    permit = await gate.open(url, **manner(told, route(proxy_info.url if proxy_info else None)))
    with Recorded(permit):
        parts = urlsplit(url)
        authority, named = parts.netloc.rpartition("@")[2], told.get("host")
        host, port = parts.hostname or "", parts.port
        keep_to(permit, scheme=parts.scheme, host=host, port=port, authority=authority, named=named)
        if "cookie" not in headers:  # the client takes those of the session
            told.pop("cookie", None)
        given = {"session": session, "proxy_info": proxy_info, "timeout": timeout, "payload": payload}
        cookies_before = _cookies(session)
        target = permit.url.href if permit.judged else url
        asked = client.stream(target, method=method, headers=HttpHeaders(dict(told)), **given)  # type: ignore[arg-type]
        response = await open_now.enter_async_context(asked)
        open_now.push_async_callback(alet_go, getattr(getattr(response, "_response", None), "stream", None))
        rest = aiter(response.read_stream())
        held: list[bytes] = []
        if permit.see_headers(response.status_code, [*_lines(response), *_new(cookies_before, session)], method=method):
            reader, whole = HeadReader(permit, decoded=True), True  # the clients decode by themselves
            async for chunk in rest:
                if reader.feed(chunk):
                    whole = False
                    break
            reader.judge(whole=whole)
            held = reader.chunks
        await gate.complete(permit)
        permit.enforce()
        page = Page(response, url, held, rest)
        page.released(permit)
        return page


def _lines(response: HttpResponse) -> list[tuple[str, str]]:
    """The header lines as they came. crawlee's own mapping has one value a name, and not every client joins them."""
    inner: Any = getattr(getattr(response, "_response", None), "headers", None)
    return list(inner.multi_items() if hasattr(inner, "multi_items") else response.headers.items())


def _cookies(session: Session | None) -> set[str]:
    return set() if session is None else {f"{cookie.name}={cookie.value}" for cookie in session.cookies.jar}


def _new(before: set[str], session: Session | None) -> Iterator[tuple[str, str]]:
    """Lines for cookies that the site just gave: crawlee's httpx client takes `Set-Cookie` out of what it hands on."""
    return (("set-cookie", pair) for pair in sorted(_cookies(session) - before))


def _drop(headers: httpx.Headers, names: tuple[str, ...]) -> None:
    for name in names:
        headers.pop(name, None)
