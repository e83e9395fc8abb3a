"""The clients behind a gate, each with the same small face; one more client is one more class here.

They are the real ones with their own transports: only names are resolved to the test's own server.
"""

from __future__ import annotations

import asyncio
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from crawlgate import AsyncGate, Decision, Declaration, Denied, Gate, Held
from crawlgate.ledger.query import DecisionRecord, decisions, records
from tests.loopback import names
from tests.webserver import WebServer

T = TypeVar("T")
AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
DECLARATION = Declaration(operator="Example Lab", token="ExampleBot", user_agent=AGENT, token_published=True)
HERE = ["127.0.0.0/8"]
CHROMIUM = "/usr/bin/chromium"
RESOLVED = "--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.example 127.0.0.1"
LOCAL = "--disable-features=LocalNetworkAccessChecks"
"""A page handed on by the gate has no address; on the web that is no matter, here all else is local."""


class Client:
    """A client behind a gate of its own: `get` answers status and body, or raises what the client raises. `way` is how
    its route is called on record, `patience` how long its policy files may take."""

    way = "direct"
    patience = 0.5

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


def given(answer: Any) -> tuple[int, bytes]:
    """What a crawler made of a URL: status and body, or what went wrong, raised."""
    if isinstance(answer, Decision):
        raise (Denied if answer.verdict == "deny" else Held)(answer)
    if isinstance(answer, Exception):
        raise answer
    return answer


class Scrapy(Client):
    """A crawl in a process of its own, as ever with Scrapy; see `scrapy_column.py`."""

    def open(self, options: dict[str, Any]) -> None:
        command = [sys.executable, "-m", "tests.integrations.scrapy_column"]
        self.crawl = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        self._tell(options)

    def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        self._tell((url, headers))
        return given(pickle.load(self.crawl.stdout))

    def close(self) -> None:
        self.crawl.communicate()
        assert self.crawl.returncode == 0

    def _tell(self, what: Any) -> None:
        pickle.dump(what, self.crawl.stdin)
        self.crawl.stdin.flush()


class Crawlee(AsyncClient):
    """A crawler that runs on while it waits for what it is asked. Its client looks up names by itself, so that here
    the test's server is its proxy."""

    async def start(self) -> Any:
        from crawlee import ConcurrencySettings
        from crawlee.crawlers import HttpCrawler
        from crawlee.proxy_configuration import ProxyConfiguration
        from crawlee.storage_clients import MemoryStorageClient

        from crawlgate.integrations.crawlee import put_before

        self.way = f"127.0.0.1:{self.web.port}"
        crawler = HttpCrawler(
            proxy_configuration=ProxyConfiguration(proxy_urls=[f"http://{self.way}"]),
            keep_alive=True,
            max_request_retries=0,
            retry_on_blocked=False,
            ignore_http_error_status_codes=[404, 429, 503],
            storage_client=MemoryStorageClient(),
            concurrency_settings=ConcurrencySettings(desired_concurrency=1, max_concurrency=1),
            configure_logging=False,
        )
        put_before(crawler, self.gate)
        self.answers: asyncio.Queue[Any] = asyncio.Queue()

        @crawler.router.default_handler
        async def got(context: Any) -> None:
            self.answers.put_nowait((context.http_response.status_code, await context.http_response.read()))

        @crawler.failed_request_handler
        async def failed(context: Any, error: Exception) -> None:
            self.answers.put_nowait(error)

        @crawler.on_skipped_request
        async def skipped(url: str, reason: Any) -> None:
            self.answers.put_nowait(reason.decision)

        self.crawl = asyncio.create_task(crawler.run())
        return crawler

    async def fetch(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        from crawlee import Request

        await self.client.add_requests([Request.from_url(url, headers=headers, always_enqueue=True)])
        return given(await self.answers.get())

    async def stop(self) -> None:
        self.client.stop()
        await self.crawl


class Playwright(AsyncClient):
    patience = 2.0  # a browser shares the machine and the loop

    def open(self, options: dict[str, Any]) -> None:
        if not Path(CHROMIUM).exists():
            pytest.skip(f"{CHROMIUM} is absent: install Debian's package chromium")
        super().open(options)

    async def start(self) -> Any:
        from playwright.async_api import async_playwright

        self.playwright = await async_playwright().start()
        self.browser = await self.playwright.chromium.launch(executable_path=CHROMIUM, args=[RESOLVED])
        gated = await self.gate.playwright(self.browser, subresources="block", proxy="direct")
        self.page = await (await gated.new_context()).new_page()
        return gated

    async def fetch(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        page = self.page
        if headers:  # a context has one name
            page = await (await self.client.new_context(user_agent=headers["User-Agent"])).new_page()
        answer = await self.client.goto(page, url)
        return answer.status, await answer.body()

    async def stop(self) -> None:
        await self.browser.close()
        await self.playwright.stop()


CLIENTS: dict[str, type[Client]] = {
    "httpx": Httpx,
    "httpx async": AsyncHttpx,
    "httpx2": Httpx2,
    "httpx2 async": AsyncHttpx2,
    "requests": Requests,
    "aiohttp": Aiohttp,
    "Scrapy": Scrapy,
    "crawlee": Crawlee,
    "Playwright": Playwright,
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
