"""HTTP/2 behind the gate: a stream that is refused, or left, is ended at the server, and the connection serves on."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import httpx
import httpx2
import pytest

from crawlgate import AsyncGate, Denied, Gate
from tests.integrations.clients import DECLARATION, HERE

KNOWN = {"http1": False, "http2": True}  # without TLS, which would tell; both sides know it beforehand
PAGE = b"<!doctype html><html><head><title>Tides</title></head><body>low, high</body></html>"
BIG = b"<!doctype html><html><head><title>Tides</title></head><body>" + b"x" * 1_000_000
MANY = 103
"""More streams than may be open at once: a hundred."""


class Http2Site:
    """A site on loopback that speaks HTTP/2 alone, and counts what it sent and which streams were ended before that."""

    def __init__(self) -> None:
        self.port, self.connections, self.reset = 0, 0, 0
        self.sent: dict[str, int] = {}
        self.ready, self.closing = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.main()), daemon=True)

    async def main(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        self.port = listener.getsockname()[1]
        server = await asyncio.start_server(self.connection, sock=listener)
        self.ready.set()
        await asyncio.to_thread(self.closing.wait)
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.transport.set_write_buffer_limits(high=0)
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        sending: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                writer.write(state.data_to_send())
                received = await reader.read(65536)
                if not received:
                    break
                for event in state.receive_data(received):
                    if isinstance(event, h2.events.RequestReceived):
                        sending[event.stream_id] = asyncio.create_task(self.answer(state, writer, event))
                    elif isinstance(event, h2.events.StreamReset):
                        self.reset += sending[event.stream_id].cancel()
        except (asyncio.CancelledError, OSError):
            pass
        finally:
            writer.close()

    async def answer(self, state: Any, writer: asyncio.StreamWriter, event: Any) -> None:
        path = {bytes(name): bytes(value) for name, value in event.headers}[b":path"].decode()
        status, more, body = {
            "/noai": ("200", [("x-robots-tag", "noai")], BIG),
            "/small": ("200", [("x-robots-tag", "noai")], PAGE),
            "/big": ("200", [], BIG),
            "/page": ("200", [], PAGE),
        }.get(path, ("404", [], b""))
        stream, window = event.stream_id, state.max_outbound_frame_size
        state.send_headers(stream, [(":status", status), ("content-type", "text/html"), *more])
        while True:
            size = min(len(body), window, state.local_flow_control_window(stream))
            piece, body = body[:size], body[size:]
            state.send_data(stream, piece, end_stream=not body)
            writer.write(state.data_to_send())
            try:
                await writer.drain()
            except OSError:
                return
            self.sent[path] = self.sent.get(path, 0) + size
            if not body:
                return
            await asyncio.sleep(0 if size else 0.005)


@pytest.fixture
def site() -> Iterator[Http2Site]:
    site = Http2Site()
    site.thread.start()
    assert site.ready.wait(10)
    yield site
    site.closing.set()
    site.thread.join(10)


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_a_connection_serves_on_after_many_refusals(package: Any, site: Http2Site, tmp_path: Path) -> None:
    at = f"http://localhost:{site.port}"
    policy = httpx.HTTPTransport(**KNOWN)
    with Gate(DECLARATION, home=tmp_path, allow_addresses=HERE, evidence_transport=policy) as gate:
        made = gate.httpx_client if package is httpx else gate.httpx2_client
        with made(**KNOWN, timeout=5) as client:
            for _ in range(MANY):
                with pytest.raises(Denied):
                    client.get(f"{at}/noai")
            with client.stream("GET", f"{at}/big") as left:
                next(left.iter_raw())
            with pytest.raises(Denied):
                client.get(f"{at}/small")
            assert client.get(f"{at}/big").content == BIG
    assert site.connections == 2  # the gate's own, and that of the client
    assert MANY // 2 < site.reset <= MANY + 1  # some may have come whole; the small one has
    assert site.sent["/noai"] < MANY * len(BIG)


def test_async_clients_too_while_others_read(site: Http2Site, tmp_path: Path) -> None:
    at = f"http://localhost:{site.port}"

    async def crawl() -> None:
        policy = httpx.AsyncHTTPTransport(**KNOWN)
        async with (
            AsyncGate(DECLARATION, home=tmp_path, allow_addresses=HERE, evidence_transport=policy) as gate,
            gate.httpx_async_client(**KNOWN, timeout=5) as client,
        ):
            await client.get(f"{at}/page")
            paths = ["/noai", "/big"] * MANY
            answers = await asyncio.gather(*(client.get(at + path) for path in paths), return_exceptions=True)
            for path, answer in zip(paths, answers, strict=True):
                assert isinstance(answer, Denied) if path == "/noai" else answer.content == BIG

    asyncio.run(crawl())
    assert site.connections == 2
    assert site.reset > 0
    assert site.sent["/noai"] < MANY * len(BIG)
