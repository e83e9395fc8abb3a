"""One gate for several clients at once: policy files are asked for once an origin, for all of them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from crawlgate import AsyncGate, Denied, Gate
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from tests.integrations.clients import AGENT, DECLARATION, HERE, names
from tests.webserver import POLICY_FILES, Answer, WebServer, robots

ROOT = Path(__file__).parents[2]
SITE = {
    "/robots.txt": robots("User-agent: *\nDisallow: /private", before=(0.2,)),  # all clients ask while it is under way
    "/p": Answer("tide"),
}


@contextmanager
def web() -> Iterator[WebServer]:
    with WebServer({"a.test": SITE, "b.test": SITE}) as server, names():
        yield server
        for host in ("a.test", "b.test"):
            assert [len(server.hits(host, path)) for path in POLICY_FILES] == [1, 1]
            assert set(server.targets(host)) <= {"/p"}
        assert {hit.user_agent for hit in server.log} == {AGENT}


def test_async_clients_share_a_gate(tmp_path: Path) -> None:
    async def run(port: int) -> None:
        async with (
            AsyncGate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate,
            gate.httpx_async_client() as one,
            gate.httpx2_async_client() as two,
            gate.aiohttp_session() as three,
        ):

            async def get(client: int, url: str) -> int:
                if client == 2:
                    async with three.get(url) as answer:
                        return answer.status
                return (await (one, two)[client].get(url)).status_code

            urls = [f"http://{host}:{port}/p" for host in ("a.test", "b.test")]
            got = await asyncio.gather(*(get(client, url) for client in range(3) for url in urls))
            assert got == [200] * 6
            for client in range(3):
                with pytest.raises(Denied):
                    await get(client, f"http://a.test:{port}/private")

    with web() as server:
        asyncio.run(run(server.port))
    assert len(decisions_of(tmp_path)) == 15  # two for each page, one for each refusal


def test_blocking_clients_in_threads_share_a_gate(tmp_path: Path) -> None:
    with (
        web() as server,
        Gate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate,
        gate.httpx_client() as one,
        gate.httpx2_client() as two,
        gate.requests_session() as three,
    ):
        clients = (one, two, three)
        jobs = [(client, host) for client in clients for host in ("a.test", "b.test")]
        with ThreadPoolExecutor(len(jobs)) as pool:
            got = list(pool.map(lambda job: job[0].get(f"http://{job[1]}:{server.port}/p").status_code, jobs))
        assert got == [200] * 6
        for client in clients:
            with pytest.raises(Denied):
                client.get(f"http://a.test:{server.port}/private")


def test_scrapy_and_requests_share_a_gate(tmp_path: Path) -> None:
    with WebServer({"a.test": SITE}) as server:
        command = [sys.executable, "-m", "tests.integrations.shared_with_scrapy", str(tmp_path)]
        urls = [f"http://a.test:{server.port}/p?{name}" for name in ("scrapy", "requests")]
        server.sites = {"a.test": {**SITE, "/p?scrapy": Answer("tide"), "/p?requests": Answer("tide")}}
        done = subprocess.run([*command, *urls], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert sorted(done.stdout.splitlines()) == ["Scrapy 200", "requests 200"], done.stderr
        assert sorted(server.targets("a.test")) == ["/p?requests", "/p?scrapy"]
        assert [len(server.hits("a.test", path)) for path in POLICY_FILES] == [1, 1]
    assert verify(tmp_path / "ledger").ok
    (client,) = records(tmp_path / "ledger", kinds={"client"})
    assert client.table["client"].startswith("scrapy ")
    assert {decision.url for decision in decisions_of(tmp_path)} == set(urls)


def decisions_of(home: Path) -> list[object]:
    return list(decisions(home / "ledger"))
