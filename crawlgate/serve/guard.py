"""What every request passes before an endpoint sees it: whose name it calls, its token, how many there are at once, how
long it may take; and how every failure becomes a problem object."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ConfigError, CrawlgateError, FeedError, LedgerError
from ..ledger.record import RecordError
from .metrics import Metrics
from .problems import Problem

_log = logging.getLogger(__name__)

OPEN = frozenset({"/health/live", "/health/ready"})
"""Addresses that need no token; the second one says no more without it than whether."""

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""Names under which a service on loopback answers. Another one is that of a web page whose name was made to point
here, so that a browser on this machine would talk to us (DNS rebinding)."""

_OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a service takes: `body` bytes of a request, `read` seconds for it to come, `answer` seconds for the whole
    of it, `at_once` requests."""

    body: int = 16 * 1024 * 1024
    read: float = 30.0
    answer: float = 120.0
    at_once: int = 256


class Guard:
    """ASGI middleware around the endpoints. `token` None: anybody may ask; `names` None: under any name.

    `endpoints` are the paths that exist, which are the only ones to become a label of the metrics.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        bounds: Bounds,
        endpoints: frozenset[str],
        token: str | None = None,
        names: tuple[str, ...] | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._bounds = bounds
        self._endpoints = endpoints
        self._names = names
        self._digest = None if token is None else _digest(token)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"] if scope["path"] in self._endpoints else _OTHER
        began, status = time.perf_counter(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._under_way += 1
        self._metrics.in_flight.set(self._under_way)
        try:
            await self._pass(Request(scope), scope, receive, counted)
        finally:
            self._under_way -= 1
            self._metrics.in_flight.set(self._under_way)
            self._metrics.requests.labels(path, status).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - began)

    async def _pass(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        answering = False

        async def noted(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            scope.setdefault("state", {})["trusted"] = self._admit(request)
            with anyio.fail_after(self._bounds.answer):
                await self._app(scope, receive, noted)
            return
        except ClientDisconnect:
            return
        except TimeoutError:
            problem = Problem(
                504, "timeout", f"no answer within {self._bounds.answer:g} s; ask again", {"Retry-After": "5"}
            )
        except Exception as error:
            problem = problem_of(error)
        if answering:
            raise problem  # too late to say anything else
        await told(problem, self._metrics)(scope, receive, send)

    def _admit(self, request: Request) -> bool:
        """Whether the caller may know everything. Raises `Problem` for one that may not come in."""
        if self._names is not None and not self._called(request.headers.get("host", "")):
            raise Problem(421, "misdirected", f"this service answers as {', '.join(self._names)} only")
        trusted = self._digest is None or self._known(request.headers)
        if not trusted and request.url.path not in OPEN:
            raise Problem(
                401,
                "unauthorized",
                "send the service's token: Authorization: Bearer ...",
                {"WWW-Authenticate": "Bearer"},
            )
        if self._under_way > self._bounds.at_once and request.url.path not in OPEN:
            raise Problem(503, "busy", f"{self._bounds.at_once} requests are under way", {"Retry-After": "1"})
        return trusted

    def _called(self, host: str) -> bool:
        name, _, port = host.lower().rpartition(":") if not host.endswith("]") else (host.lower(), "", "")
        if not name or not port.isdecimal():
            name = host.lower()
        return name in (self._names or ())

    def _known(self, headers: Mapping[str, str]) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(_digest(given.strip()), self._digest or b"")
        return same and scheme.lower() == "bearer"


def told(problem: Problem, metrics: Metrics) -> Response:
    """The answer that tells a problem, counted."""
    metrics.errors.labels(problem.kind).inc()
    return problem.response()


def problem_of(error: Exception) -> Problem:
    """What went wrong, for the caller; what is ours to repair goes to the log with its traceback."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RecordError | ConfigError):
        return Problem(422, "invalid", str(error))
    if isinstance(error, LedgerError):
        _log.error("no answer given: %s", error)
        return Problem(503, "ledger", str(error), {"Retry-After": "5"})
    if isinstance(error, FeedError | CrawlgateError):
        _log.error("no answer given: %s", error)
        return Problem(503, "lists", str(error), {"Retry-After": "60"})
    _log.error("internal error", exc_info=error)
    return Problem(500, "internal", type(error).__name__)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
