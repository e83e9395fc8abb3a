"""Clients behind the gate beside the same clients bare: time per request on loopback, 100 at once, evidence warm.

    python benchmarks/clients.py [--of web|small|pictures] [--data FOLDER] [--requests 500] [--rounds 7]

A server in a process of its own, which does not sleep, answers with pages that look like those of the web
(`weblike.py`, 30 KB), another one at each URL; with a data folder they are pages of the web. `--of small` sends pages
of a kilobyte, `--of pictures` files that are no pages: how much there is to look through is most of what the gate
costs. Both clients, as they are without options, fetch the same URLs in alternating rounds of one run. Each body is
read whole, so that with the wrapped client robots.txt was asked, headers and page were judged, and the ledger's lines
are written. `wall` is what a caller waits; `cpu` is that of the client's process, the steadier figure on a machine that
does other things. What counts is the ratio. `records` is aiohttp with a middleware that asks and judges nothing: it
writes as many octets in as many calls as the gate does, and takes the digests. Less than that no gate can cost that
keeps records.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import httpx
from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType
from weblike import page, picture, real_pages, small_page, start

from crawlgate import AsyncGate, Declaration, Denied, Held

AT_ONCE = 100
# The list of agents that many sites have.
ROBOTS = "".join(f"User-agent: Other{n}\n" for n in range(60)) + "Disallow: /\n\nUser-agent: *\nDisallow: /private\n"

HTML = "text/html; charset=utf-8"
KINDS: dict[str, tuple[Callable[[int], bytes], str]] = {
    "web": (page, HTML),
    "small": (small_page, HTML),
    "pictures": (picture, "image/jpeg"),
}

Fetch = Callable[[str], Awaitable[bytes]]


async def round_of(fetch: Fetch, urls: list[str]) -> tuple[float, float]:
    """Seconds for a request with `AT_ONCE` under way, on the clock and of this process."""
    left = iter(urls)

    async def worker() -> None:
        for url in left:
            try:
                await fetch(url)
            except (Denied, Held) as refused:
                REFUSED[url] = refused.decision.verdict

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (time.perf_counter() - wall) / len(urls), (time.process_time() - cpu) / len(urls)


REFUSED: dict[str, str] = {}


def of_httpx(client: httpx.AsyncClient) -> Fetch:
    async def fetch(url: str) -> bytes:
        return (await client.get(url)).content

    return fetch


def of_aiohttp(session: aiohttp.ClientSession) -> Fetch:
    async def fetch(url: str) -> bytes:
        async with session.get(url) as answer:
            return await answer.read()

    return fetch


def recording(path: Path) -> ClientMiddlewareType:
    """A middleware that writes what a gate writes, and says nothing."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    line = b'{"at":1796093570437630,"basis":5,"kind":"decision","url":"http://localhost:40000/articles/1234"}\n'

    def write(lines: int) -> None:
        os.write(file, line * lines)
        for _ in range(lines):
            hashlib.sha256(line).digest()

    async def records(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        write(1)
        answer = await handler(request)
        hashlib.sha256(await answer.read()).hexdigest()
        write(3)
        return answer

    return records


async def measure(at: str, home: str, asked: argparse.Namespace) -> None:
    declaration = Declaration(
        operator="Example Lab",
        token="ExampleBot",
        token_published=True,
        user_agent="ExampleBot/1.0 (+https://lab.example)",
    )
    urls = [f"{at}/articles/{n}" for n in range(asked.requests)]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        gate = await enter(AsyncGate(declaration, home=home, allow_addresses=["127.0.0.0/8"]))
        pairs: dict[str, tuple[Fetch, Fetch]] = {
            "httpx": (
                of_httpx(await enter(httpx.AsyncClient(timeout=None))),
                of_httpx(await enter(gate.httpx_async_client(timeout=None))),
            ),
            "records": (
                of_aiohttp(await enter(aiohttp.ClientSession())),
                of_aiohttp(await enter(aiohttp.ClientSession(middlewares=(recording(Path(home, "records")),)))),
            ),
            "aiohttp": (
                of_aiohttp(await enter(aiohttp.ClientSession())),
                of_aiohttp(await enter(gate.aiohttp_session())),
            ),
        }
        for name, (bare, wrapped) in pairs.items():
            for fetch in (bare, wrapped):  # connections and evidence
                await round_of(fetch, urls[:300])
            took = []
            for number in range(asked.rounds):
                first, second = (bare, wrapped) if number % 2 else (wrapped, bare)  # who is first changes
                pair = (await round_of(first, urls), await round_of(second, urls))
                took.append(pair if number % 2 else pair[::-1])
            for which, figure in enumerate(("wall", "cpu")):
                pair = [(theirs[which], ours[which]) for theirs, ours in took]
                theirs, ours = (statistics.median(column) * 1e6 for column in zip(*pair, strict=True))
                ratios = [ours / theirs for theirs, ours in pair]
                print(
                    f"{name:8} {figure:4} bare {theirs:6.0f} us, wrapped {ours:6.0f} us: "
                    f"{statistics.median(ratios):.3f} times ({min(ratios):.3f} to {max(ratios):.3f})",
                    flush=True,
                )


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--of", choices=[*KINDS], default="web")
    arguments.add_argument("--requests", type=int, default=500)
    arguments.add_argument("--rounds", type=int, default=7)
    asked = arguments.parse_args()
    make, kind = KINDS[asked.of]
    pages = real_pages(asked.data, asked.requests) if asked.data else [make(n) for n in range(asked.requests)]
    asked.requests = len(pages)
    server, port = start(pages, ROBOTS.encode(), kind, awake=True)
    sizes = sorted(map(len, pages))
    print(f"{len(pages)} bodies ({asked.of}), median {sizes[len(sizes) // 2]} bytes, {AT_ONCE} at once")
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(measure(f"http://localhost:{port}", home, asked))
    if REFUSED:
        print(f"{len(REFUSED)} of the pages were refused by what they say")
    server.terminate()


if __name__ == "__main__":
    main()
