"""The clients behind a gate, each with the same small face; one more client is one more class here.

They are the real ones with their own transports: only names are resolved to the test's own server.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from crawlgate import AsyncGate, Declaration, Gate
from crawlgate.ledger.query import DecisionRecord, decisions, records
from tests.loopback import names
from tests.webserver import WebServer

T = TypeVar("T")
AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
DECLARATION = Declaration(operator="Example Lab", token="ExampleBot", user_agent=AGENT, token_published=True)
HERE = ["127.0.0.0/8"]


class Client:
    """A client behind a gate of its own: `get` answers status and body, or raises what the client raises."""

    def __init__(self, web: WebServer, home: Path, **options: Any) -> None:
        self.web, self.home = web, home
        self.gate: Any = None
        self.client: Any = None
        self.open({"home": home, **options})

    def open(self, options: dict[str, Any]) -> None:
        self.gate = Gate(DECLARATION, allow_addresses=HERE, **options)
        self.client = self.start()

    def start(self) -> Any:
        raise NotImplementedError

    def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        answer = self.client.get(url, headers=headers)
        return answer.status_code, answer.content

    def close(self) -> None:
        self.client.close()
        self.gate.close()

    def decisions(self, url: str | None = None) -> list[DecisionRecord]:
        return [decision for decision in decisions(self.home / "ledger") if url in (None, decision.url)]

    def records(self, kind: str) -> list[dict[str, Any]]:
        return [dict(record.table) for record in records(self.home / "ledger", kinds={kind})]


class AsyncClient(Client):
    """As `Client`, with a loop of its own."""

    def open(self, options: dict[str, Any]) -> None:
        self.runner = asyncio.Runner()
        self.gate = AsyncGate(DECLARATION, allow_addresses=HERE, **options)
        self.client = self.run(self.start())

    def run(self, awaited: Any) -> Any:
        return self.runner.run(awaited)

    async def start(self) -> Any:
        raise NotImplementedError

    def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        return self.run(self.fetch(url, headers))

    async def fetch(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        answer = await self.client.get(url, headers=headers)
        return answer.status_code, answer.content

    async def stop(self) -> None:
        await self.client.aclose()

    def close(self) -> None:
        self.run(self.stop())
        self.run(self.gate.aclose())
        self.runner.close()


class Httpx(Client):
    def start(self) -> Any:
        return self.gate.httpx_client(follow_redirects=True)


class AsyncHttpx(AsyncClient):
    async def start(self) -> Any:
        return self.gate.httpx_async_client(follow_redirects=True)


class Httpx2(Client):
    def start(self) -> Any:
        return self.gate.httpx2_client(follow_redirects=True)


class AsyncHttpx2(AsyncClient):
    async def start(self) -> Any:
        return self.gate.httpx2_async_client(follow_redirects=True)


class Requests(Client):
    def start(self) -> Any:
        return self.gate.requests_session()


class Aiohttp(AsyncClient):
    async def start(self) -> Any:
        return self.gate.aiohttp_session()

    async def fetch(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        async with self.client.get(url, headers=headers) as answer:
            return answer.status, await answer.read()

    async def stop(self) -> None:
        await self.client.close()


CLIENTS: dict[str, type[Client]] = {
    "httpx": Httpx,
    "httpx async": AsyncHttpx,
    "httpx2": Httpx2,
    "httpx2 async": AsyncHttpx2,
    "requests": Requests,
    "aiohttp": Aiohttp,
}
"""By the name that stands over a column of the matrix; those of tests/integrations/any_language.py besides."""


HEAD = b"<!doctype html><html><head><title>Tide tables</title></head>"
PAGE = HEAD + b"<body>" + random.Random(3).randbytes(400_000)


@contextmanager
def started(client: Callable[[WebServer, Path], T], home: Path) -> Iterator[Callable[[dict[str, Any]], tuple[T, str]]]:
    """Starts a site at a.test and a client before it: the client, and where the site is."""
    running: list[tuple[WebServer, Any]] = []

    def run(site: dict[str, Any]) -> tuple[T, str]:
        web = WebServer({"a.test": site}).__enter__()
        made = client(web, home / "home")
        running.append((web, made))
        return made, f"http://a.test:{web.port}"

    with names():
        yield run
        for web, made in running:
            made.close()
            web.__exit__(None, None, None)
