"""What is particular to aiohttp: the stream of a response in all its ways, middlewares, errors."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from crawlgate import AsyncGate, Denied, Held
from crawlgate.integrations.aiohttp import gate_middleware
from crawlgate.ledger.query import records
from tests.integrations.clients import AGENT, DECLARATION, HEAD, PAGE, Aiohttp, started
from tests.webserver import CUT, HANG, Answer, robots

NOAI = b'<!doctype html><html><head><meta name="robots" content="noai"></head><body>tide'
Start = Callable[..., tuple[Aiohttp, str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with started(Aiohttp, tmp_path) as start:
        yield start


def test_bodies_arrive_as_without_the_gate_in_every_way_of_reading(start: Start) -> None:
    answers = {
        "/gzip": Answer(PAGE, gzip=True),
        "/length": Answer(PAGE),
        "/chunked": Answer(PAGE, chunk=1000),
        "/empty": Answer(b""),
        "/emptied": Answer(b"", content_type="text/plain"),
        "/204": Answer(b"", status=204, content_type=""),
        "/pdf": Answer(PAGE, content_type="application/pdf"),
    }
    client, at = start(answers)

    async def read(session: aiohttp.ClientSession, url: str) -> list[Any]:
        got: list[Any] = []
        async with session.get(url) as answer:
            got += [answer.status, dict(answer.headers), await answer.read(), answer.content.at_eof()]
        async with session.get(url) as answer:
            got.append(b"".join([piece async for piece in answer.content.iter_chunked(777)]))
        async with session.get(url) as answer:
            got.append(await answer.content.readline())
        pieces = b""
        if not got[2]:
            return got  # aiohttp's own stream of nothing gives empty chunks for ever
        async with session.get(url) as answer:
            async for piece, _ in answer.content.iter_chunks():  # where they end depends on what came together
                pieces += piece
        got.append(pieces)
        return got

    async def compare() -> None:
        async with aiohttp.ClientSession() as plain:
            for path in answers:
                ours, bare = await read(client.client, at + path), await read(plain, at + path)
                assert ours == bare, path

    client.run(compare())


def test_digests_are_of_what_was_read(start: Start) -> None:
    far = Answer(PAGE + b"x" * 1_000_000)  # more than a stream holds that nobody reads
    client, at = start({"/gzip": Answer(PAGE, gzip=True), "/length": Answer(PAGE), "/far": far})
    for path in ("/gzip", "/length"):
        assert client.get(at + path) == (200, PAGE)
        read = client.records("outcome")[-1]
        assert (read["disposition"], read["complete"], read["bytes"]) == ("read", True, len(PAGE))
        assert read["sha256"] == hashlib.sha256(PAGE).hexdigest()

    async def leave() -> None:
        async with client.client.get(at + "/far") as answer:
            await answer.content.read(10)

    client.run(leave())
    read = client.records("outcome")[-1]
    assert (read["complete"], read["bytes"]) == (False, 10)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_body_that_came_with_its_headers_is_on_record_with_the_answer(tmp_path: Path, zipped: bool) -> None:
    pages = {"/page": b"text/html", "/file": b"application/pdf", "/no": b"text/html", "/empty": b"text/html"}
    bodies = {"/page": HEAD, "/file": HEAD, "/no": NOAI, "/empty": b""}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.readuntil(b"\r\n\r\n"):
            path = asked.split(b" ", 2)[1].decode()
            known, body, coding = path in pages, bodies.get(path, b""), b""
            if zipped and body:
                body, coding = gzip.compress(body), b"Content-Encoding: gzip\r\n"
            status, kind = (b"200 OK", pages[path]) if known else (b"404 Not Found", b"text/plain")
            head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n"
            writer.write(head % (status, kind, coding, len(body)) + body)  # in one piece

    async def fetch() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1")
        at = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        async with (
            AsyncGate(DECLARATION, home=tmp_path, allow_addresses=["127.0.0.0/8"]) as gate,
            gate.aiohttp_session() as session,
        ):
            for path in ("/page", "/file", "/empty"):
                async with session.get(at + path) as given:
                    assert "_Released" not in type(given.content).__name__
                    assert await given.read() == bodies[path]
            with pytest.raises(Denied):
                await session.get(at + "/no")
        server.close()

    asyncio.run(fetch())
    told = [each.table for each in records(tmp_path / "ledger", kinds=("decision", "outcome"))]
    for path in ("/page", "/file"):
        last = max(number for number, table in enumerate(told) if table.get("url", "").endswith(path))
        released, read = told[last + 1 : last + 3]
        assert (released["disposition"], read["disposition"], read["complete"]) == ("released", "read", True)
        assert (read["bytes"], read["sha256"]) == (len(HEAD), hashlib.sha256(HEAD).hexdigest())
    assert [table["disposition"] for table in told if table["kind"] == "outcome"][-1] == "discarded"


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("of", ["session", "request"])
def test_a_body_that_is_not_decoded_on_the_way_is_judged_all_the_same(start: Start, of: str, zipped: bool) -> None:
    client, at = start({"/p": Answer(HEAD, gzip=zipped), "/n": Answer(NOAI, gzip=zipped)})

    async def fetch(path: str) -> bytes:
        session: dict[str, Any] = {"auto_decompress": False} if of == "session" else {}
        request: dict[str, Any] = {"auto_decompress": False} if of == "request" else {}
        async with (
            client.gate.aiohttp_session(**session) as opened,
            opened.get(at + path, **request) as answer,
        ):
            return await answer.read()

    assert client.run(fetch("/p")) == (gzip.compress(HEAD, mtime=0) if zipped else HEAD)
    with pytest.raises(Denied):
        client.run(fetch("/n"))


def test_a_page_streams_once_its_head_is_judged(start: Start) -> None:
    more = threading.Event()
    client, at = start({"/p": Answer((HEAD, b"one", more, b"two"))})

    async def read() -> bytes:
        async with client.client.get(at + "/p") as answer:
            first = await answer.content.readany()
            assert first.startswith(HEAD)
            more.set()
            return first + await answer.read()

    assert client.run(read()) == HEAD + b"onetwo"


def test_a_connection_that_breaks_or_takes_too_long_is_told_as_by_aiohttp(start: Start) -> None:
    client, at = start(
        {"/cut": Answer((HEAD[:30], CUT)), "/late": Answer((HEAD, CUT)), "/hang": Answer((HEAD[:30], HANG))}
    )
    for path in ("/cut", "/late"):
        with pytest.raises(aiohttp.ClientPayloadError):
            client.get(at + path)
    told = [(table["disposition"], table.get("complete")) for table in client.records("outcome")]
    assert told == [("failed", None), ("released", None), ("read", False)]

    async def hurry() -> None:
        await client.client.get(at + "/hang", timeout=aiohttp.ClientTimeout(total=0.2))

    with pytest.raises(asyncio.TimeoutError):
        client.run(hurry())
    assert client.records("outcome")[-1]["disposition"] == "failed"


def test_a_session_of_ones_own_needs_one_line(start: Start) -> None:
    client, at = start({"/p": Answer(HEAD), "/robots.txt": robots("User-agent: *\nDisallow: /q")})

    async def fetch(path: str) -> bytes:
        async with aiohttp.ClientSession(middlewares=(gate_middleware(client.gate),)) as session:
            return await (await session.get(at + path)).read()

    assert client.run(fetch("/p")) == HEAD
    with pytest.raises(Denied):
        client.run(fetch("/q"))
    assert {hit.user_agent for hit in client.web.log} == {AGENT}
    assert client.web.targets("a.test") == ("/p",)


def test_other_middlewares_are_kept_and_what_they_add_is_seen(start: Start) -> None:
    client, at = start({"/p": Answer(HEAD)})

    async def log_in(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
        request.headers["Authorization"] = "Bearer s3cret"
        return await handler(request)

    async def fetch() -> None:
        async with client.gate.aiohttp_session(middlewares=(log_in,)) as session:
            await session.get(at + "/p")

    with pytest.raises((Denied, Held)):
        client.run(fetch())
    assert client.web.targets("a.test") == ()


def test_what_is_judged_is_what_is_asked_for(start: Start) -> None:
    from yarl import URL

    client, at = start({"/robots.txt": robots("User-agent: *\nDisallow: /b"), "/c": Answer(HEAD)})
    with pytest.raises(Denied):
        client.get(URL(at + "/a/%2e%2e/b", encoded=True))
    assert client.get(URL(at + "/a/%2e%2e/c", encoded=True)) == (200, HEAD)
    with pytest.raises(Denied, match="another host"):
        client.get(at + "/c", Host="b.test")
    assert client.web.targets("a.test") == ("/c",)


def test_the_route_is_seen_and_its_password_not_kept(start: Start) -> None:
    client, at = start({"/q": Answer("no", status=403)})

    async def fetch() -> None:
        await client.client.get(at + "/q", proxy=f"http://ann:s3cret@127.0.0.1:{client.web.port}")

    with pytest.raises(Denied):
        client.run(fetch())
    assert client.records("attempt")[-1]["proxy"] == f"127.0.0.1:{client.web.port}"
    assert all(b"s3cret" not in file.read_bytes() for file in client.home.rglob("*") if file.is_file())


def test_many_at_once(start: Start) -> None:
    site = {f"/{n}": Answer(HEAD + str(n).encode() * 5000, chunk=300) for n in range(60)}
    client, at = start(site)

    async def together() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(client.fetch(at + path, {}) for path in site))

    assert [body for _, body in client.run(together())] == [answer.body for answer in site.values()]
    assert len(client.web.hits("a.test", "/robots.txt")) == 1
