"""A blocking gate for Scrapy's reactors without asyncio: whatever may wait is done in Twisted's threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from scrapy.utils.defer import maybe_deferred_to_future

from ..gate import Gate
from ..model import Decision
from ..permit import Permit

T = TypeVar("T")


class GateInThreads:
    """The face of an `AsyncGate`, as far as the middleware uses it."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.core = gate.core

    async def open(self, url: str, **manner: Any) -> Permit:
        return await _in_thread(lambda: self._gate.open(url, **manner))

    async def complete(self, permit: Permit) -> Decision:
        if permit.named_documents() is None and not self.core.durable:
            return permit.conclude()
        return await _in_thread(lambda: self._gate.complete(permit))

    async def aclose(self) -> None:
        self._gate.close()


def _in_thread(call: Callable[[], T]) -> Awaitable[T]:
    from twisted.internet.threads import deferToThread

    return maybe_deferred_to_future(deferToThread(call))
