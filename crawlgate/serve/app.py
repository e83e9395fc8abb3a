"""The endpoints: check, inspect and outcome, one by one or in batches; health, metrics and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..gate import AsyncGate
from ..model import Decision
from ..report.json import answer_object, decision_object, needed
from .guard import Bounds, Guard, problem_of, told
from .health import readiness
from .messages import Batch, Check, Inspection, Outcome, read
from .metrics import MEDIA_TYPE, Metrics
from .problems import Problem
from .schema import document

JSON = "application/json"
_TOGETHER = 64
"""Items of a batch that are answered at once, while others wait for evidence."""
_STATUS = {404: "not_found", 405: "method"}


class Endpoints:
    """The handlers, over one gate."""

    def __init__(self, gate: AsyncGate, metrics: Metrics, bounds: Bounds) -> None:
        self._gate = gate
        self._metrics = metrics
        self._bounds = bounds
        self._document = orjson.dumps(document(bounds))

    def routes(self) -> list[Route]:
        """Where each of them is."""
        post, get = ["POST"], ["GET"]
        return [
            Route("/v1/check", self._one(Check, self._check), methods=post),
            Route("/v1/check/batch", self._many(Check, self._check), methods=post),
            Route("/v1/inspect", self._one(Inspection, self._inspect), methods=post),
            Route("/v1/inspect/batch", self._many(Inspection, self._inspect), methods=post),
            Route("/v1/outcome", self._one(Outcome, self._outcome), methods=post),
            Route("/v1/outcome/batch", self._many(Outcome, self._outcome), methods=post),
            Route("/health/live", self.live, methods=get),
            Route("/health/ready", self.ready, methods=get),
            Route("/metrics", self.metrics, methods=get),
            Route("/openapi.json", self.openapi, methods=get),
        ]

    async def live(self, _: Request) -> Response:
        return _json({"status": "live"})

    async def ready(self, request: Request) -> Response:
        state = await readiness(self._gate)
        if not request.state.trusted:
            state = {"status": state["status"]}
        return _json(state, 503 if state["status"] == "unready" else 200)

    async def metrics(self, _: Request) -> Response:
        return Response(self._metrics.text(self._gate), media_type=MEDIA_TYPE)

    async def openapi(self, _: Request) -> Response:
        return Response(self._document, media_type=JSON)

    # -- questions ----------------------------------------------------------------------------------

    async def _check(self, asked: Check, wants: dict[str, Any]) -> dict[str, Any]:
        return self._say(await self._gate.check(asked.url, **asked.manner()), wants)

    async def _inspect(self, seen: Inspection, wants: dict[str, Any]) -> dict[str, Any]:
        decision = await self._gate.inspect(
            seen.url,
            status=seen.status,
            headers=seen.pairs(),
            body=seen.body,
            whole=seen.whole,
            follows=True,
            **seen.manner(),
        )
        if needed(decision) is not None:
            await self._gate.outcome(decision, "held", reason="the page was not shown to the gate")
        return self._say(decision, wants)

    async def _outcome(self, became: Outcome, _: dict[str, Any]) -> dict[str, Any]:
        record = await self._gate.outcome(became.record, became.disposition, **became.what())
        self._metrics.outcomes.labels(became.disposition).inc()
        return {"record": record}

    def _say(self, decision: Decision, wants: dict[str, Any]) -> dict[str, Any]:
        self._metrics.decided(decision)
        return (decision_object if wants.get("full") else answer_object)(decision, wants.get("lang", "en"))

    def _one(self, kind: type[Any], ask: Ask) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            wants = _wants(request)
            return _json(await ask(read(kind, await self._body(request)), wants))

        return endpoint

    def _many(self, kind: type[Any], ask: Ask) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            wants = _wants(request)
            batch = read(Batch, await self._body(request))
            results: list[dict[str, Any]] = [{}] * len(batch.items)
            turn = anyio.Semaphore(_TOGETHER)

            async def one(at: int) -> None:
                async with turn:
                    try:
                        results[at] = await ask(read(kind, batch.items[at]), wants)
                    except Exception as error:
                        problem = problem_of(error)
                        told(problem, self._metrics)
                        results[at] = problem.table()

            async with anyio.create_task_group() as group:
                for at in range(len(batch.items)):
                    group.start_soon(one, at)
            return _json({"results": results})

        return endpoint

    async def _body(self, request: Request) -> bytes:
        """The body of a request, within its bounds. Browsers send JSON to strangers only after asking, which nobody
        here answers; so no web page gets a question in."""
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != JSON:
            raise Problem(415, "media_type", f"send Content-Type: {JSON}")
        limit = self._bounds.body
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > limit:
            raise _too_large(limit)
        body = bytearray()
        try:
            with anyio.fail_after(self._bounds.read):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limit:
                        raise _too_large(limit)
        except TimeoutError:
            raise Problem(408, "slow", f"the body was not there within {self._bounds.read:g} s") from None
        return bytes(body)


Ask = Callable[[Any, dict[str, Any]], Awaitable[dict[str, Any]]]
Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(
    gate: AsyncGate,
    *,
    metrics: Metrics | None = None,
    bounds: Bounds | None = None,
    token: str | None = None,
    names: tuple[str, ...] | None = None,
) -> Starlette:
    """The ASGI application over `gate`, which stays the caller's to close.

    `token` is what callers must send, None for anybody; `names` are those of the Host header under which it answers,
    None for any. With a `MeteredGate` and its `metrics` evidence fetches are counted too.
    """
    metrics, bounds = metrics or Metrics(), bounds or Bounds()
    routes = Endpoints(gate, metrics, bounds).routes()
    guard = Middleware(
        Guard,
        metrics=metrics,
        bounds=bounds,
        endpoints=frozenset(route.path for route in routes),
        token=token,
        names=names,
    )

    async def no_route(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = getattr(error, "headers", None)
        return told(Problem(status, _STATUS.get(status, "internal"), headers=headers), metrics)

    async def failed(_: Request, error: Exception) -> Response:
        return told(problem_of(error), metrics)

    handlers: dict[Any, Any] = {HTTPException: no_route, Problem: failed}
    app = Starlette(routes=routes, middleware=[guard], exception_handlers=handlers)
    app.router.redirect_slashes = False  # a question is answered, or a problem; it is not sent elsewhere
    return app


def _wants(request: Request) -> dict[str, Any]:
    """How the caller wants answers: `lang` en or ja, `detail` answer or full."""
    wants: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name == "lang" and value in ("en", "ja"):
            wants["lang"] = value
        elif name == "detail" and value in ("answer", "full"):
            wants["full"] = value == "full"
        else:
            raise Problem(422, "invalid", "the query takes lang=en, lang=ja, detail=answer and detail=full")
    return wants


def _json(table: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(table), status, media_type=JSON)


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"a body may have {limit} bytes; send the beginning only, with whole false")
