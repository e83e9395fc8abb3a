"""httpx2 behind the gate, as `crawlgate.integrations.httpx`, which it does not need.

client = httpx2.Client(transport=GateTransport(gate, httpx2.HTTPTransport()))
client = gate.httpx2_client()         # the same with the declared user agent
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .hop import missing
from .transport import AsyncJudging, AsyncReleased, Judging, Released
from .ways import behind

try:
    import httpx2
except ImportError as error:
    raise missing("httpx2", error) from None

if TYPE_CHECKING:
    from ..gate import AsyncGate, Gate


_OWN_NAME = f"python-httpx2/{httpx2.__version__}"
"""What httpx2 calls itself where nobody chose a name."""


class _Released(Released, httpx2.SyncByteStream):
    pass


class _AsyncReleased(AsyncReleased, httpx2.AsyncByteStream):
    pass


class GateTransport(Judging, httpx2.BaseTransport):
    """A transport of httpx2 that asks the gate before each hop and judges each response before handing it out.

    `inner` sends (httpx2's own by default); `proxy` names the route that it takes.
    """

    default = httpx2.HTTPTransport
    released = _Released
    own_name = _OWN_NAME


class AsyncGateTransport(AsyncJudging, httpx2.AsyncBaseTransport):
    """As `GateTransport`, for `httpx2.AsyncClient` and an `AsyncGate`."""

    default = httpx2.AsyncHTTPTransport
    released = _AsyncReleased
    own_name = _OWN_NAME


def client(gate: Gate, **options: Any) -> httpx2.Client:
    """An `httpx2.Client` behind `gate`; takes the options of `httpx2.Client`."""
    return httpx2.Client(**behind(httpx2, gate, GateTransport, httpx2.HTTPTransport, options))


def async_client(gate: AsyncGate, **options: Any) -> httpx2.AsyncClient:
    """An `httpx2.AsyncClient` behind `gate`; takes the options of `httpx2.AsyncClient`."""
    return httpx2.AsyncClient(**behind(httpx2, gate, AsyncGateTransport, httpx2.AsyncHTTPTransport, options))
