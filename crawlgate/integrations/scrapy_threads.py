"""The gate of a crawl. A blocking one, for reactors without asyncio, does whatever may wait in Twisted's threads."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from scrapy.settings import BaseSettings
from scrapy.utils.asyncio import is_asyncio_available
from scrapy.utils.defer import maybe_deferred_to_future

from ..errors import ConfigError
from ..gate import AsyncGate, Gate
from ..model import Decision
from ..permit import Permit
from ..signals import quick_page
from .scrapy_settings import read_settings, shared_gate

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


def gate_of(settings: BaseSettings) -> tuple[AsyncGate | GateInThreads, bool]:
    """The gate that the settings ask for, and whether it belongs to others, who close it. Raises `ConfigError`."""
    _make_ready()
    shared = shared_gate(settings)
    if isinstance(shared, Gate):
        return GateInThreads(shared), True
    if shared is not None:
        if not is_asyncio_available():
            raise ConfigError("an AsyncGate needs Scrapy's asyncio reactor; name a Gate, or use that reactor")
        return shared, True
    declaration, options = read_settings(settings)
    if is_asyncio_available():
        return AsyncGate(declaration, **options), False
    return GateInThreads(Gate(declaration, **options)), False


def _make_ready() -> None:
    """Load what the first requests would wait for, and the reactor with them. It is there then before what is in memory
    is left out of garbage collection."""
    quick_page.prepare()
    for name in ("crawlgate.explain", *(("anyio._backends._asyncio",) if is_asyncio_available() else ())):
        with suppress(ImportError):
            importlib.import_module(name)
