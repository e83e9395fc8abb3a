"""Two thousand real robots.txt files, a thousand for each of two crawlers, and 200 tasks of the wrapped client that ask
for pages."""

import asyncio
import gc
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
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

ORIGINS = 1_000
TASKS = 200
BYTES_PER_ORIGIN = 96 * 1024
"""Bound on what the process may grow by for each further origin: its rules as read, from 2 KB on average, with the
findings and ledger state that hang on them."""

BYTES_PER_URL = 512
"""Bound on what it may grow by for each further URL of origins that are known; nothing should be kept of it."""

_AI_AGENT = re.compile(rb"gptbot|ccbot|claudebot|google-extended", re.IGNORECASE)
_AGAIN = "/again"
_TDMREP = "/.well-known/tdmrep.json"


@dataclass(slots=True)
class Origin:
    """A host with a real robots.txt, and the reference's answers (URL to allowed) for one agent."""

    host: str
    body: bytes
    labels: dict[str, bool]
    asked: Counter[str] = field(default_factory=Counter)


def _origins(agent: str, *, ai_first: bool = True) -> dict[str, Origin]:
    """As many as `ORIGINS`: those that name AI crawlers and more, or from the other end."""
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
    assert len(found) >= 2 * ORIGINS  # so that the two runs share none
    return {origin.host: origin for origin in (found[:ORIGINS] if ai_first else found[-ORIGINS:])}


def _rss() -> int:
    """Bytes of memory this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


class _Mapped(httpx.AsyncBaseTransport):
    """Every host name at one server, over connections that all origins share: httpcore's pool would spend more
    time on two thousand origins than the gate does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reader, writer = (
            self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        )
        try:
            target = request.extensions.get("target", request.url.raw_path)
            lines = [b"%b: %b" % pair for pair in request.headers.raw if pair[0].lower() != b"connection"]
            writer.write(b"\r\n".join([b"%b %b HTTP/1.1" % (request.method.encode(), target), *lines, b"", b""]))
            first, *rest = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
            headers = httpx.Headers([tuple(line.split(": ", 1)) for line in rest])
            body = await reader.readexactly(int(headers["content-length"]))
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        return httpx.Response(int(first.split()[1]), headers=headers, stream=httpx.ByteStream(body))

    async def aclose(self) -> None:
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()


@dataclass(slots=True)
class Run:
    """What a crawl saw: for each URL the refusal, or None where the page came."""

    refused: dict[tuple[str, str], Decision | None] = field(default_factory=dict, repr=False)
    growth: int = 0
    growth_later: int = 0
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
        AsyncGate(declaration, home=home, evidence_transport=_Mapped(web.port)) as gate,
        gate.httpx_async_client(transport=_Mapped(web.port)) as client,
    ):

        async def task(urls_left: Iterator[tuple[Origin, str]]) -> None:
            for origin, path in urls_left:
                try:
                    response = await client.get(f"http://{origin.host}{path}")
                except Refused as error:
                    run.refused[origin.host, path] = error.decision
                else:
                    assert path == "/robots.txt" or response.text.endswith(origin.host)
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
        for further in ("a", "b"):  # a check keeps answers of its own, once for each that an origin has
            before = _rss()
            for origin, path in queue:
                await gate.check(f"http://{origin.host}{path}/{further}{_AGAIN}")
            gc.collect()
        run.growth_later = _rss() - before
    run.seconds = time.monotonic() - began
    return run


@pytest.mark.slow
@pytest.mark.parametrize(("agent", "ai_first"), [("CCBot", True), ("zzunknownbot", False)])
def test_real_files_behind_the_wrapped_client(agent: str, ai_first: bool, tmp_path: Path) -> None:
    origins = _origins(agent, ai_first=ai_first)

    def site(request: Request) -> Answer:
        origin = origins.get(request.host)
        if origin is None:  # a licence that a file names, or the original of a copy
            return Answer(status=404)
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
    recorded = Counter(
        d.verdict
        for d in decisions(tmp_path / "ledger")
        if d.basis["stage"] == "pre_fetch"
        and not d.url.endswith(_AGAIN)
        and urls.parse(d.url).host in origins  # not what a path names as the original of a copy
    )
    refused = Counter(d.verdict for d in run.refused.values() if d is not None)
    assert recorded == Counter(refused, allow=len(run.refused) - refused.total())
    assert reasons["B2"] > 100
    further = ORIGINS * 2 // 3
    print(
        f"\n{agent}: {ORIGINS} origins, {len(run.refused)} URLs in {run.seconds:.1f} s; {dict(recorded)}, "
        f"{dict(reasons)}; {run.growth / further / 1024:.1f} KiB an origin, "
        f"{run.growth_later / len(run.refused):.0f} bytes a URL"
    )
    assert run.growth < further * BYTES_PER_ORIGIN
    assert run.growth_later < len(run.refused) * BYTES_PER_URL


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
