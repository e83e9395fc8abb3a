"""Two thousand real robots.txt files behind one server, and 200 tasks of the wrapped client that ask for pages."""

import asyncio
import gc
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crawlgate import AsyncGate, Declaration, Refused
from crawlgate import url as urls
from crawlgate.ledger.query import decisions
from crawlgate.ledger.verify import verify
from crawlgate.model import Decision, Finding
from crawlgate.signals import robots as robots_txt
from tests.shared_data import robots_body, rows
from tests.signals.test_robots_conformance import explained
from tests.webserver import Answer, Request, WebServer, robots

ORIGINS = 2_000
TASKS = 200
CONNECTIONS = 8
"""Few, because httpcore's pool compares all with all at each request; the origins are many."""

BYTES_PER_ORIGIN = 64 * 1024
"""Bound on what the process may grow by for each further origin: its rules as read, of 2 KB on average, with the
findings, connections and ledger state that hang on them."""

_AI_AGENT = re.compile(rb"gptbot|ccbot|claudebot|google-extended", re.IGNORECASE)
_TDMREP = "/.well-known/tdmrep.json"


@dataclass(slots=True)
class Origin:
    """A host with a real robots.txt, and the reference's answers (URL to allowed) for one agent."""

    host: str
    body: bytes
    labels: dict[str, bool]
    asked: Counter[str] = field(default_factory=Counter)


def _origins(agent: str) -> dict[str, Origin]:
    bodies = {row["sha1"]: robots_body(row) for row in rows("data/robots/gov_2025-03.jsonl.gz")}
    found: list[Origin] = []
    for label in rows("data/robots/gov_2025-03.google.jsonl.gz"):
        body = bodies[label["sha1"]]
        if b"user-agent" not in body.lower():
            continue
        paths = {path: bool(allowed) for token, path, allowed in label["paths"] if token == agent}
        found.append(Origin(f"h{label['sha1']}.test", body, {"/": bool(label["root"][agent]), **paths}))
    # All that name AI crawlers, then the rest in the order of their hashes, which is no order.
    found.sort(key=lambda origin: (not _AI_AGENT.search(origin.body), origin.host))
    assert len(found) >= ORIGINS
    return {origin.host: origin for origin in found[:ORIGINS]}


def _rss() -> int:
    """Bytes of memory this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


@dataclass(slots=True)
class Run:
    """What a crawl saw: for each URL the refusal, or None where the page came."""

    refused: dict[tuple[str, str], Decision | None] = field(default_factory=dict)
    growth: int = 0
    seconds: float = 0.0


async def _crawl(agent: str, origins: dict[str, Origin], web: WebServer, home: Path) -> Run:
    declaration = Declaration(
        operator="Example Lab", token=agent, user_agent=f"{agent}/2.0 (+https://lab.example/bot)", token_published=True
    )
    run = Run()
    # One origin's URLs stand together, so that several tasks come to it at once.
    queue = [(origin, path) for origin in origins.values() for path in origin.labels]
    third = len(queue) // 3
    began = time.monotonic()
    async with (
        AsyncGate(declaration, home=home, evidence_transport=web.async_transport(CONNECTIONS)) as gate,
        gate.httpx_async_client(transport=web.async_transport(CONNECTIONS), timeout=60) as client,
    ):

        async def task(urls_left: Iterator[tuple[Origin, str]]) -> None:
            for origin, path in urls_left:
                try:
                    response = await client.get(f"http://{origin.host}{path}")
                except Refused as error:
                    run.refused[origin.host, path] = error.decision
                else:
                    assert response.text.endswith(origin.host)
                    run.refused[origin.host, path] = None

        async def together(part: list[tuple[Origin, str]]) -> None:
            left = iter(part)
            await asyncio.gather(*(task(left) for _ in range(TASKS)))

        await together(queue[:third])
        gc.collect()
        before = _rss()
        await together(queue[third:])
        gc.collect()
        run.growth = _rss() - before
    run.seconds = time.monotonic() - began
    return run


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["CCBot", "zzunknownbot"])
def test_real_files_behind_the_wrapped_client(agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # httpcore looks for this optional package at each lock it takes; a search of the disk in vain, each time.
    monkeypatch.setitem(sys.modules, "sniffio", None)
    origins = _origins(agent)

    def site(request: Request) -> Answer:
        origin = origins[request.host]
        origin.asked[request.target] += 1
        if request.target == "/robots.txt":
            return robots(origin.body)
        if request.target == _TDMREP:
            return Answer(status=404)
        return Answer(f"<!doctype html><head><title>x</title></head><body>{origin.host}")

    with WebServer(site, keep_log=False) as web:
        run = asyncio.run(_crawl(agent, origins, web, tmp_path))
    assert len(run.refused) == sum(len(origin.labels) for origin in origins.values())

    wrong_allows: list[str] = []
    unexplained: list[str] = []
    reasons: Counter[str] = Counter()
    for origin in origins.values():
        read = robots_txt.parse(origin.body)
        assert origin.asked["/robots.txt"] == 1 + ("/robots.txt" in _fetched(run, origin)), origin.host
        assert origin.asked[_TDMREP] == read.allows(_TDMREP, agent) + (_TDMREP in _fetched(run, origin)), origin.host
        requested = origin.asked.keys() - {"/robots.txt", _TDMREP}
        for path, allowed in origin.labels.items():
            target = urls.parse(f"http://{origin.host}{path}").target
            decision = run.refused[origin.host, path]
            if not allowed and target in requested:
                wrong_allows.append(f"{origin.host} {path}")
            if decision is not None:
                assert not decision.temporary
                reasons.update(f.criterion for f in decision.reasons)
                if allowed and not all(_explained(f, read, agent, path, origin.body) for f in decision.reasons):
                    unexplained.append(f"{origin.host} {path}\n{decision.explain()}")
        # Nothing else was asked for, and what was refused was not.
        assert requested <= {urls.parse(f"http://{origin.host}{p}").target for p in _fetched(run, origin)}
    assert wrong_allows == []
    assert unexplained == []

    report = verify(tmp_path / "ledger")
    assert report.ok, report.problems
    recorded = Counter(d.verdict for d in decisions(tmp_path / "ledger") if d.basis["stage"] == "pre_fetch")
    refused = Counter(d.verdict for d in run.refused.values() if d is not None)
    assert recorded == Counter(refused, allow=len(run.refused) - refused.total())
    assert reasons["B2"] > 100
    further = ORIGINS * 2 // 3
    print(
        f"\n{agent}: {ORIGINS} origins, {len(run.refused)} URLs in {run.seconds:.1f} s; {dict(recorded)}, "
        f"{dict(reasons)}; {run.growth / further / 1024:.1f} KiB an origin"
    )
    assert run.growth < further * BYTES_PER_ORIGIN


def _fetched(run: Run, origin: Origin) -> set[str]:
    return {path for path in origin.labels if run.refused[origin.host, path] is None}


def _explained(finding: Finding, read: robots_txt.RobotsFile, agent: str, path: str, body: bytes) -> bool:
    """True where the gate says no on purpose although the reference's matcher allows the path."""
    if finding.criterion == "B3":  # AI crawlers of others are refused by name
        return all(signal.raw.partition(" / ")[0].encode() in body for signal in finding.signals)
    if finding.criterion != "B2":
        return False
    answer = read.decide(path, agent)
    if not answer.allowed:
        return explained(read, answer, agent, path)
    # A reservation in words of another protocol, on a line of this very file.
    return bool(finding.signals) and all(signal.raw.encode() in body for signal in finding.signals)
