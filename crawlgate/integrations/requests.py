"""requests behind the gate: an adapter for a session.

    session = gate.requests_session()              # with the declared user agent
    session.mount("https://", GateAdapter(gate))   # for a session of your own; and "http://"

An adapter sees every redirect hop, before a byte leaves. `Denied` and `Held` are raised from `session.get(...)` and
carry the `Decision`. Retries by status (`max_retries=Retry(status_forcelist=...)`) are made here: each is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError
from ..permit import Permit
from .body import HeadReader, Tally
from .hop import Recorded, keep_to, manner, missing, route

try:
    import requests
    from requests.adapters import BaseAdapter, HTTPAdapter
    from requests.utils import default_user_agent, rewind_body, select_proxy
    from urllib3 import HTTPResponse
    from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

    from .requests_body import CHUNK, Body, Released
except ImportError as error:
    raise missing("requests", error) from None

if TYPE_CHECKING:
    from ..gate import Gate


class GateAdapter(HTTPAdapter):
    """An adapter that asks the gate before each hop and judges each response before handing it out.

    Takes the options of `requests.adapters.HTTPAdapter`.
    """

    def __init__(self, gate: Gate, **options: Any) -> None:
        super().__init__(**options)
        self._gate = gate
        self._retries = self.max_retries
        self.max_retries = self._retries.new(status_forcelist=(), respect_retry_after_header=False)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - a head is read from a stream always; the session reads the rest
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        retries = self._retries
        while True:
            response = self._hop(request, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
            if not retries.is_retry(request.method or "", response.status_code, "Retry-After" in response.headers):
                return response
            try:
                retries = retries.increment(request.method, request.url, response=response.raw)
            except MaxRetryError as error:
                if not retries.raise_on_status:
                    return response
                response.close()
                raise requests.exceptions.RetryError(error, request=request) from error
            response.raw.drain_conn()
            response.close()
            if request._body_position is not None:
                rewind_body(request)
            retries.sleep(response.raw)

    def _hop(self, request: requests.PreparedRequest, *, proxies: Any, **options: Any) -> requests.Response:
        url = request.url or ""
        own = (default_user_agent(), self._gate.declaration.user_agent)
        way = route(select_proxy(url, proxies))
        permit = self._gate.open(url, **manner(request.headers, way, replace=own))
        with Recorded(permit):
            response = super().send(_judged_target(permit, request), stream=True, proxies=proxies, **options)
            response.request, response.url = request, url
            try:
                self._judge(permit, request, response)
            except BaseException:
                response.close()
                raise
        return response

    def _judge(self, permit: Permit, request: requests.PreparedRequest, response: requests.Response) -> None:
        raw: HTTPResponse = response.raw
        held: list[bytes] = []
        if permit.see_headers(raw.status, _lines(raw), method=request.method or "GET"):
            reader = HeadReader(permit)
            with _errors_of_requests(request):
                chunks = iter(partial(raw.read1, CHUNK, decode_content=False), b"")
                whole = not any(reader.feed(chunk) for chunk in chunks)
            reader.judge(whole=whole)
            held = reader.chunks
        self._gate.complete(permit)
        permit.enforce()
        response.raw = Released(raw, Body(raw, held, Tally(permit)), request.method)


def _lines(raw: HTTPResponse) -> list[tuple[str, str]]:
    """The header lines. `http.client` stops at one that it cannot read, and takes those behind it for a body; what they
    say is heard all the same."""
    lines = list(raw.headers.items())
    message = getattr(raw._original_response, "msg", None)
    unread = message.get_payload() if message is not None and message.defects else ""
    if isinstance(unread, str):
        parted = (line.partition(":") for line in unread.splitlines())
        lines += [(name.strip(), value.strip()) for name, colon, value in parted if colon]
    return lines


class GateSession(requests.Session):
    """A `requests.Session` behind `gate` with the declared user agent; `options` are those of its `GateAdapter`."""

    def __init__(self, gate: Gate, **options: Any) -> None:
        super().__init__()
        self.headers["User-Agent"] = gate.declaration.user_agent
        for scheme in ("https://", "http://"):
            self.mount(scheme, GateAdapter(gate, **options))

    def get_adapter(self, url: str | bytes) -> BaseAdapter:
        """As in requests. Raises `ConfigError` for an adapter that would lead around the gate."""
        adapter = super().get_adapter(url)  # type: ignore[arg-type]
        if not isinstance(adapter, GateAdapter):
            raise ConfigError(f"the adapter mounted for {url!r} leads around the gate; mount GateAdapter(gate) there")
        return adapter


def _judged_target(permit: Permit, request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request for exactly the URL that was judged; refuse one that goes elsewhere."""
    url = urlsplit(request.url or "")
    authority = url.netloc.rpartition("@")[2]
    named = request.headers.get("Host")
    keep_to(permit, scheme=url.scheme, host=url.hostname or "", port=url.port, authority=authority, named=named)
    if not permit.judged or request.url == permit.url.href:
        return request
    judged = request.copy()
    judged.url = permit.url.href
    return judged


@contextmanager
def _errors_of_requests(request: requests.PreparedRequest) -> Iterator[None]:
    """What goes wrong while a head is awaited is told as requests tells it of a body."""
    try:
        yield
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error, request=request) from error
    except ReadTimeoutError as error:
        raise requests.exceptions.ConnectionError(error, request=request) from error
