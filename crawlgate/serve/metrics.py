"""Counters and latencies in the Prometheus text format; few labels, each of a small known set."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Unpack

import anyio
import httpx
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from .. import __version__
from ..flow import Fetch
from ..gate import AsyncGate
from ..model import Decision, Declaration, Evidence
from ..options import GateOptions

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_AT_ONCE = 16 * 1024
"""Bytes of a body that is read without a thread: it takes less time than handing it over."""

_FETCH_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class Metrics:
    """The numbers of one service, in a registry of their own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.decisions = Counter(
            "crawlgate_decisions", "Answers given, by stage and verdict.", ("stage", "verdict"), registry=registry
        )
        self.criteria = Counter(
            "crawlgate_reasons", "Criteria that made a verdict.", ("criterion", "outcome"), registry=registry
        )
        self.requests = Counter(
            "crawlgate_requests", "Requests to this service.", ("endpoint", "status"), registry=registry
        )
        self.seconds = Histogram(
            "crawlgate_request_seconds",
            "Seconds from request to answer.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.evidence = Counter(
            "crawlgate_evidence_fetches",
            "Policy files asked for, by kind and result (a status class, or why there was none).",
            ("kind", "result"),
            registry=registry,
        )
        self.evidence_seconds = Histogram(
            "crawlgate_evidence_seconds", "Seconds of such a fetch.", buckets=_FETCH_SECONDS, registry=registry
        )
        self.errors = Counter("crawlgate_errors", "Problems told, by kind.", ("kind",), registry=registry)
        self.outcomes = Counter(
            "crawlgate_outcomes", "What became of bodies, as told.", ("disposition",), registry=registry
        )
        self._gauge("crawlgate_build_info", "The version at work.", ("version",)).labels(__version__).set(1)
        self.in_flight = self._gauge("crawlgate_requests_in_flight", "Requests being answered.")
        self.lists = self._gauge("crawlgate_lists", "Lists and feeds loaded.")
        self.stale = self._gauge("crawlgate_stale_feeds", "Feeds out of their term.")
        self.started = self._gauge("crawlgate_start_time_seconds", "When the service began, in seconds since 1970.")
        self.started.set(time.time())

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry)

    def decided(self, decision: Decision) -> None:
        """Count an answer and the findings that made it."""
        self.decisions.labels(decision.basis.stage, decision.verdict).inc()
        for finding in decision.reasons:
            self.criteria.labels(finding.criterion, finding.outcome).inc()

    def fetched(self, evidence: Evidence, seconds: float) -> None:
        """Count a fetch of a policy file."""
        status = evidence.status
        result = (evidence.error or "none").partition(":")[0] if status is None else f"{status // 100}xx"
        self.evidence.labels(evidence.kind, result).inc()
        self.evidence_seconds.observe(seconds)

    def text(self, gate: AsyncGate) -> bytes:
        """All of it, as Prometheus reads it."""
        lists = gate.core.lists
        self.lists.set(len(lists.lists))
        self.stale.set(len(lists.stale))
        return generate_latest(self._registry)


class MeteredGate(AsyncGate):
    """A gate whose evidence fetches are counted in `metrics`, and which reads pages in threads, so that a slow one does
    not keep others waiting."""

    def __init__(
        self,
        declaration: Declaration,
        metrics: Metrics,
        *,
        evidence_transport: httpx.AsyncBaseTransport | None = None,
        **options: Unpack[GateOptions],
    ) -> None:
        super().__init__(declaration, evidence_transport=evidence_transport, **options)
        self._metrics = metrics

    async def _fetch(self, wanted: Fetch) -> Evidence:
        began = time.perf_counter()
        evidence = await super()._fetch(wanted)
        self._metrics.fetched(evidence, time.perf_counter() - began)
        return evidence

    async def _look(self, look: Callable[[], None], *, size: int) -> None:
        if size < _AT_ONCE:
            look()
        else:
            await anyio.to_thread.run_sync(look)
