"""A service at work: one gate, one event loop, until it is told to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import anyio
import uvicorn
from prometheus_client import disable_created_metrics

from ..model import Declaration
from ..options import GateOptions
from .app import create_app
from .guard import Bounds
from .listening import Place, listen, shown
from .metrics import MeteredGate, Metrics

_GRACE = 30
"""Seconds for requests under way when the service is told to stop; then they are cancelled, their records stay."""

_IDLE = 30
"""Seconds for which a connection without a request stays open."""

_HEAD = 64 * 1024
"""Bytes of a request's head."""


class _Server(uvicorn.Server):
    """Ends by itself after a signal, instead of raising it again: a service that was told to stop did not fail. It may
    be told before it serves anything."""

    def __init__(self) -> None:
        super().__init__(configuration(None))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's own face
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def run(
    declaration: Declaration,
    options: GateOptions,
    place: Place,
    *,
    token: str | None = None,
    bounds: Bounds | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered, then the ledger is sealed. In the main thread.

    `ready` is called with the address once requests are taken. Raises `ConfigError` and its kin before that, and
    `LedgerError` where the ledger could not be sealed.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = _Server()
    before = signal.signal(signal.SIGTERM, server.handle_exit)  # from now on, and until the ledger is sealed
    try:
        listener = listen(place, token=token is not None)
        try:
            anyio.run(_serve, server, declaration, options, place, token, bounds, ready, listener)
        finally:
            listener.close()
            if place.socket is not None:
                with contextlib.suppress(OSError):
                    place.socket.unlink()
    finally:
        signal.signal(signal.SIGTERM, before)


async def _serve(
    server: _Server,
    declaration: Declaration,
    options: GateOptions,
    place: Place,
    token: str | None,
    bounds: Bounds | None,
    ready: Callable[[str], None],
    listener: socket.socket,
) -> None:
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series beside each
    metrics = Metrics()
    async with MeteredGate(declaration, metrics, **options) as gate:
        app = create_app(gate, metrics=metrics, bounds=bounds, token=token, names=place.names)
        server.config = configuration(app)
        if not server.should_exit:
            ready(shown(place, listener))
        await server.serve([listener])


def configuration(app: object) -> uvicorn.Config:
    """How uvicorn serves the application: HTTP/1.1 alone, nothing believed of proxies, nothing told of itself."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=_HEAD,
    )
