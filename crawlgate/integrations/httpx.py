"""httpx behind the gate: transports that wrap any inner transport.

    client = httpx.Client(transport=GateTransport(gate, httpx.HTTPTransport()))
    client = gate.httpx_client()          # the same with the declared user agent

A transport sees every redirect hop, and it is called before a byte leaves; `event_hooks` cannot keep a body
from the caller. `Denied` and `Held` are raised from `client.get(...)` and carry the `Decision`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from .transport import AsyncJudging, AsyncReleased, Judging, Released
from .ways import behind

if TYPE_CHECKING:
    from ..gate import AsyncGate, Gate


_OWN_NAME = f"python-httpx/{httpx.__version__}"
"""What httpx calls itself where nobody chose a name."""


class _Released(Released, httpx.SyncByteStream):
    """A body as released, of the kind that `httpx.Client` takes."""


class _AsyncReleased(AsyncReleased, httpx.AsyncByteStream):
    """A body as released, of the kind that `httpx.AsyncClient` takes."""


class GateTransport(Judging, httpx.BaseTransport):
    """A transport that asks the gate before each hop and judges each response before handing it out.

    `inner` is the transport that sends (httpx's own by default). `proxy` names the route that it takes (`direct`, or
    the proxy's host), so that the gate sees a change of it.
    """

    default = httpx.HTTPTransport
    released = _Released
    own_name = _OWN_NAME


class AsyncGateTransport(AsyncJudging, httpx.AsyncBaseTransport):
    """As `GateTransport`, for `httpx.AsyncClient` and an `AsyncGate`."""

    default = httpx.AsyncHTTPTransport
    released = _AsyncReleased
    own_name = _OWN_NAME


def client(gate: Gate, **options: Any) -> httpx.Client:
    """An `httpx.Client` behind `gate`; takes the options of `httpx.Client`."""
    return httpx.Client(**behind(httpx, gate, GateTransport, httpx.HTTPTransport, options))


def async_client(gate: AsyncGate, **options: Any) -> httpx.AsyncClient:
    """An `httpx.AsyncClient` behind `gate`; takes the options of `httpx.AsyncClient`."""
    return httpx.AsyncClient(**behind(httpx, gate, AsyncGateTransport, httpx.AsyncHTTPTransport, options))
