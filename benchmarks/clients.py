"""Clients behind the gate beside the same clients bare: time per request on loopback, 100 at once, evidence warm.

    python benchmarks/clients.py [PARAGRAPHS]

A server in a process of its own answers one page under many URLs, of 270 short paragraphs (10 KiB) unless told
otherwise; most of what the gate costs is reading it. Both clients fetch the same URLs in alternating rounds of one run;
what counts is the ratio. Ledger lines and the judgement of the head are included.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection

import aiohttp
import httpx

from crawlgate import AsyncGate, Declaration

AT_ONCE, REQUESTS, ROUNDS = 100, 500, 5
HEAD = b"<!doctype html><html><head><title>Tide tables</title></head><body>"
PAGE = HEAD + b"<p>The tide comes in and goes out.</p>" * int(sys.argv[1] if len(sys.argv) > 1 else 270)
# The list of agents that many sites have.
ROBOTS = "".join(f"User-agent: Other{n}\n" for n in range(60)) + "Disallow: /\n\nUser-agent: *\nDisallow: /private\n"

Fetch = Callable[[str], Awaitable[bytes]]


def serve(port: Connection) -> None:
    def answer(body: bytes, kind: str, status: str = "200 OK") -> bytes:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    page, robots = answer(PAGE, "text/html; charset=utf-8"), answer(ROBOTS.encode(), "text/plain")
    missing = answer(b"no", "text/plain", "404 Not Found")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ", 2)[1]
                writer.write(robots if target == b"/robots.txt" else missing if b"well-known" in target else page)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def round_of(fetch: Fetch, urls: list[str]) -> float:
    """Seconds for a request, on average, with `AT_ONCE` under way."""
    left = iter(urls)

    async def worker() -> None:
        for url in left:
            assert len(await fetch(url)) == len(PAGE)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (time.perf_counter() - began) / len(urls)


def of_httpx(client: httpx.AsyncClient) -> Fetch:
    async def fetch(url: str) -> bytes:
        return (await client.get(url)).content

    return fetch


def of_aiohttp(session: aiohttp.ClientSession) -> Fetch:
    async def fetch(url: str) -> bytes:
        async with session.get(url) as answer:
            return await answer.read()

    return fetch


async def measure(at: str, home: str) -> None:
    declaration = Declaration(
        operator="Example Lab",
        token="ExampleBot",
        token_published=True,
        user_agent="ExampleBot/1.0 (+https://lab.example)",
    )
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    urls = [f"{at}/articles/{n}" for n in range(REQUESTS)]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        gate = await enter(AsyncGate(declaration, home=home, allow_addresses=["127.0.0.0/8"]))
        pairs: dict[str, tuple[Fetch, Fetch]] = {
            "httpx": (
                of_httpx(await enter(httpx.AsyncClient(limits=limits))),
                of_httpx(await enter(gate.httpx_async_client(limits=limits))),
            ),
            "aiohttp": (
                of_aiohttp(await enter(aiohttp.ClientSession())),
                of_aiohttp(await enter(gate.aiohttp_session())),
            ),
        }
        for name, (bare, wrapped) in pairs.items():
            for fetch in (bare, wrapped):  # connections and evidence
                await round_of(fetch, urls[:300])
            took = [(await round_of(bare, urls), await round_of(wrapped, urls)) for _ in range(ROUNDS)]
            ratio = statistics.median(ours / theirs for theirs, ours in took)
            theirs, ours = (statistics.median(column) * 1e6 for column in zip(*took, strict=True))
            print(f"{name:8} bare {theirs:6.0f} us, behind the gate {ours:6.0f} us: {ratio:.2f} times", flush=True)


def main() -> None:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(measure(f"http://localhost:{here.recv()}", home))
    server.terminate()


if __name__ == "__main__":
    main()
