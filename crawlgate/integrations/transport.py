"""A transport behind the gate, for httpx and for the package that has the same faces, httpx2.

Works by the methods that both have and makes no object of either, so that neither package needs the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from ..model import DIRECT
from ..permit import Permit
from .body import HeadReader, Tally
from .hop import Recorded, keep_to, manner
from .http2 import alet_go, let_go

if TYPE_CHECKING:
    from ..gate import AsyncGate, Gate


class Judging:
    """A transport that asks the gate before each hop and judges each response before handing it out.

    `proxy` names the route that `inner` takes (`direct`, or the proxy's host), so that the gate sees a change of it.
    """

    default: ClassVar[type[Any]]
    released: ClassVar[type[Any]]
    own_name: ClassVar[str]

    def __init__(self, gate: Gate, inner: Any = None, *, proxy: str | None = None) -> None:
        self._gate = gate
        self._proxy = proxy if inner is not None else DIRECT
        self._names = (self.own_name, gate.declaration.user_agent)
        self._inner = inner if inner is not None else self.default()

    def handle_request(self, request: Any) -> Any:
        permit = self._gate.open(str(request.url), **manner(request.headers, self._proxy, replace=self._names))
        with Recorded(permit):
            given = _to_judged_target(permit, request)
            try:
                response = self._inner.handle_request(request)
            finally:
                request.extensions = given  # they are handed on to the next hop
            try:
                return self._judged(permit, request.method, response)
            except BaseException:
                let_go(response.stream)
                response.close()
                raise

    def close(self) -> None:
        self._inner.close()

    def _judged(self, permit: Permit, method: str, response: Any) -> Any:
        rest = iter(response.stream)
        held: list[bytes] = []
        tallied = False
        if permit.see_headers(response.status_code, response.headers, method=method):
            reader = HeadReader(permit)
            whole = not any(reader.feed(chunk) for chunk in rest)
            tallied = reader.judge(whole=whole, tallied=True)
            held = reader.chunks
        self._gate.complete(permit)
        permit.enforce()
        tally = None if tallied else Tally(permit)
        response.stream = self.released(held, rest, response.stream, tally)
        return response


class AsyncJudging:
    """As `Judging`, for async clients and an `AsyncGate`."""

    default: ClassVar[type[Any]]
    released: ClassVar[type[Any]]
    own_name: ClassVar[str]

    def __init__(self, gate: AsyncGate, inner: Any = None, *, proxy: str | None = None) -> None:
        self._gate = gate
        self._proxy = proxy if inner is not None else DIRECT
        self._names = (self.own_name, gate.declaration.user_agent)
        self._inner = inner if inner is not None else self.default()

    async def handle_async_request(self, request: Any) -> Any:
        permit = await self._gate.open(str(request.url), **manner(request.headers, self._proxy, replace=self._names))
        with Recorded(permit):
            given = _to_judged_target(permit, request)
            try:
                response = await self._inner.handle_async_request(request)
            finally:
                request.extensions = given  # they are handed on to the next hop
            try:
                return await self._judged(permit, request.method, response)
            except BaseException:
                await alet_go(response.stream)
                await response.aclose()
                raise

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _judged(self, permit: Permit, method: str, response: Any) -> Any:
        rest = aiter(response.stream)
        held: list[bytes] = []
        tallied = False
        if permit.see_headers(response.status_code, response.headers, method=method):
            reader = HeadReader(permit)
            whole = True
            async for chunk in rest:
                if reader.feed(chunk):
                    whole = False
                    break
            tallied = reader.judge(whole=whole, tallied=True)
            held = reader.chunks
        await self._gate.complete(permit)
        permit.enforce()
        tally = None if tallied else Tally(permit)
        response.stream = self.released(held, rest, response.stream, tally)
        return response


class Released:
    """The beginning that was held back, then the rest as it comes; tallied on the way. Without a `tally` what was held
    is all of the body, whatever may follow beyond the length that was told."""

    def __init__(self, held: list[bytes], rest: Iterator[bytes], stream: Any, tally: Tally | None) -> None:
        self._held, self._rest, self._stream, self._tally = held, rest, stream, tally

    def __iter__(self) -> Iterator[bytes]:
        tally = self._tally
        while self._held:
            chunk = self._held.pop(0)
            yield chunk if tally is None else tally.add(chunk)
        for chunk in self._rest:  # to its end in any case, so that the connection can serve again
            if tally is not None:
                yield tally.add(chunk)
        if tally is not None:
            tally.end(complete=True)

    def close(self) -> None:
        try:
            if self._tally is not None:
                self._tally.end(complete=False)
        finally:
            let_go(self._stream)
            self._stream.close()


class AsyncReleased:
    """As `Released`, for async streams."""

    def __init__(self, held: list[bytes], rest: AsyncIterator[bytes], stream: Any, tally: Tally | None) -> None:
        self._held, self._rest, self._stream, self._tally = held, rest, stream, tally

    async def __aiter__(self) -> AsyncIterator[bytes]:
        tally = self._tally
        while self._held:
            chunk = self._held.pop(0)
            yield chunk if tally is None else tally.add(chunk)
        async for chunk in self._rest:
            if tally is not None:
                yield tally.add(chunk)
        if tally is not None:
            tally.end(complete=True)

    async def aclose(self) -> None:
        try:
            if self._tally is not None:
                self._tally.end(complete=False)
        finally:
            await alet_go(self._stream)
            await self._stream.aclose()


def _to_judged_target(permit: Permit, request: Any) -> Any:
    """Make the request go to, and ask for, exactly the URL that was judged; refuse one that would not. The extensions
    that it had, to be given back to it.

    The packages leave some spellings on the wire that the gate and other readers of URLs unify (`/a/%2e%2e/b`).
    """
    if not permit.judged:
        return request.extensions
    url, given, judged = request.url, request.extensions, permit.url
    netloc, named = url.netloc.decode("ascii"), request.headers.get("host")
    if named != netloc or judged.origin != f"{url.scheme}://{netloc}":
        host, authority = url.raw_host.decode("ascii"), netloc.rpartition("@")[2]
        keep_to(permit, scheme=url.scheme, host=host, port=url.port, authority=authority, named=named)
    target = judged.target.encode("ascii")
    if given.get("target", target) != target:
        permit.refuse("host_mismatch")
    elif url.raw_path != target:
        request.extensions = {**given, "target": target}
    return given
