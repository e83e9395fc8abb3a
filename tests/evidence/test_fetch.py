"""Fetching from servers that misbehave: one Evidence, in bounded time and memory, whatever they do."""

import asyncio
import contextlib
import gzip
import hashlib
import itertools
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from crawlgate.errors import ConfigError
from crawlgate.evidence.address import AddressPolicy
from crawlgate.evidence.fetch import AsyncFetcher, Fetcher
from crawlgate.evidence.pin import pinned_transport
from crawlgate.limits import DEFAULT_LIMITS
from crawlgate.model import EvidenceKind
from crawlgate.url import parse

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
LOOPBACK = AddressPolicy(["127.0.0.0/8"])
SHORT = replace(DEFAULT_LIMITS, evidence_deadline=0.4, evidence_connect=0.3)
CAP = 512 * 1024
ROBOTS = b"User-agent: *\nDisallow: /private\n"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Server:
    """One thread per connection; `behave(sock)` runs once the request head has been read."""

    def __init__(self, behave):
        self.behave = behave
        self.requests = []
        self.stop = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def url(self, target="/robots.txt"):
        return parse(f"http://127.0.0.1:{self.port}{target}")

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                thread = threading.Thread(target=self._serve, args=(sock,))
                self.threads.append(thread)
                thread.start()

    def _serve(self, sock):
        with contextlib.suppress(OSError), sock:
            sock.settimeout(5)
            head = b""
            while b"\r\n\r\n" not in head:
                more = sock.recv(65536)
                if not more:
                    return
                head += more
            self.requests.append(head)
            self.behave(sock, self)

    def close(self):
        self.stop.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture
def serve():
    """`serve(behave)` or `serve(bytes)`: a running server, closed after the test."""
    servers = []

    def start(behave):
        if isinstance(behave, bytes):
            content = behave
            servers.append(Server(lambda sock, _: sock.sendall(content)))
        else:
            servers.append(Server(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(params=["sync", "async"])
def fetch(request):
    """`fetch(url, limits=..., policy=..., max_bytes=..., transport=...)`, by either fetcher."""

    def run(url, *, limits=SHORT, policy=LOOPBACK, max_bytes=CAP, transport=None):
        arguments = {"kind": EvidenceKind.ROBOTS, "max_bytes": max_bytes, "now": NOW}
        if request.param == "sync":
            with Fetcher(AGENT, policy=policy, limits=limits, transport=transport) as fetcher:
                assert fetcher.pinned is (transport is None)
                return fetcher.fetch(url, **arguments)

        async def go():
            async with AsyncFetcher(AGENT, policy=policy, limits=limits, transport=transport) as fetcher:
                assert fetcher.pinned is (transport is None)
                return await fetcher.fetch(url, **arguments)

        return asyncio.run(go())

    return run


def response(body=ROBOTS, *lines, status=b"200 OK", length=True):
    head = [b"HTTP/1.1 " + status, *lines]
    if length:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def code(evidence):
    """The error's code, after checking what holds of every failure."""
    assert evidence.status is None
    assert evidence.error is not None
    assert evidence.error.isprintable()
    assert len(evidence.error) < 400
    return evidence.error.partition(":")[0]


def test_an_honest_answer(serve, fetch):
    server = serve(response(ROBOTS, b"Content-Type: text/plain", b"X-Robots-Tag: noai", b"x-robots-tag: noimageai"))
    url = server.url("/robots.txt?a=%7e&b=[|]")
    evidence = fetch(url)
    assert (evidence.status, evidence.error, evidence.truncated) == (200, None, False)
    assert evidence.body == ROBOTS
    assert evidence.sha256 == hashlib.sha256(ROBOTS).hexdigest()
    assert evidence.url == evidence.final_url == url.href
    assert (evidence.kind, evidence.fetched_at, evidence.redirects) == (EvidenceKind.ROBOTS, NOW, ())
    assert [value for name, value in evidence.headers if name == "x-robots-tag"] == ["noai", "noimageai"]
    (request,) = server.requests
    lines = request.decode().split("\r\n")
    assert lines[0] == f"GET {url.target} HTTP/1.1"
    assert sorted(lines[1:-2]) == [
        "Accept-Encoding: gzip",
        "Accept: */*",
        "Connection: close",
        f"Host: 127.0.0.1:{server.port}",
        f"User-Agent: {AGENT}",
    ]


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(CHUNKED + b"5\r\nUser-\r\n1c\r\n" + ROBOTS[5:] + b"\r\n0\r\n\r\n", id="chunked"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n" + ROBOTS, id="http-1.0"),
        pytest.param(OK + b"\r\n" + ROBOTS, id="until-close"),
        pytest.param(response(gzip.compress(ROBOTS), b"Content-Encoding: gzip"), id="gzip"),
        pytest.param(response(zlib.compress(ROBOTS), b"content-encoding: Deflate"), id="deflate"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response(), id="early-hints"),
        pytest.param(response() + b"and more than was announced", id="too-much"),
    ],
)
def test_ways_to_send_a_body(serve, fetch, wire):
    evidence = fetch(serve(wire).url())
    assert (evidence.status, evidence.body, evidence.error) == (200, ROBOTS, None)


@pytest.mark.parametrize("status", [b"204 None", b"304 Not Modified", b"404 Not Found", b"451 x", b"503 y", b"999"])
def test_every_status_is_an_answer(serve, fetch, status):
    evidence = fetch(serve(response(b"", status=status)).url())
    assert (evidence.status, evidence.error) == (int(status[:3]), None)
    assert evidence.sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("location", [b"/there", b"http://10.0.0.1/", b"http://[broken", b"ftp://x", b"\xff\xfe", b""])
def test_a_redirect_is_returned_and_not_followed(serve, fetch, location):
    server = serve(response(b"moved", b"Location: " + location, status=b"301 Moved"))
    evidence = fetch(server.url())
    assert (evidence.status, evidence.body, evidence.error) == (301, b"moved", None)
    assert dict(evidence.headers)["location"] == location.decode("latin-1")
    assert len(server.requests) == 1


def drip_body(sock, server):
    sock.sendall(OK + b"\r\n")
    while not server.stop.wait(0.05):
        sock.sendall(b"#")


def drip_head(sock, server):
    sock.sendall(OK + b"X-Long: ")
    while not server.stop.wait(0.05):
        sock.sendall(b"a")


def drip_hints(sock, server):
    while not server.stop.wait(0.02):
        sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def drip_chunks(sock, server):
    sock.sendall(OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    sock.sendall(b"a\r\n" + packer.compress(b"")[:10] + b"\r\n")
    while not server.stop.wait(0.01):  # empty deflate blocks: bytes for ever, and no output
        sock.sendall(b"5\r\n\x00\x00\x00\xff\xff\r\n")


def silence(sock, server):
    server.stop.wait(5)


def stall(sock, server):
    sock.sendall(response(length=False))
    server.stop.wait(5)


@pytest.mark.parametrize("behave", [drip_body, drip_head, drip_hints, drip_chunks, silence, stall])
def test_a_slow_server_ends_at_the_deadline(serve, fetch, behave):
    start = time.monotonic()
    evidence = fetch(serve(behave).url())
    assert 0.2 < time.monotonic() - start < 1.4
    assert code(evidence) == "timeout"
    if behave is stall:
        assert evidence.body == ROBOTS
        assert evidence.sha256 == hashlib.sha256(ROBOTS).hexdigest()
        assert "after HTTP 200 and 33 bytes" in evidence.error


def endless(sock, server):
    sock.sendall(OK + b"\r\n")
    while not server.stop.is_set():
        sock.sendall(b"# nothing\n" * 6000)


def fifty_megabytes(sock, server):
    sock.sendall(OK + b"Content-Length: 52428800\r\n\r\n")
    for _ in range(1000):
        sock.sendall(b"# nothing\n" * 5243)


@pytest.mark.parametrize("behave", [endless, fifty_megabytes])
def test_a_large_body_is_cut(serve, fetch, behave):
    evidence = fetch(serve(behave).url(), limits=DEFAULT_LIMITS)
    assert (evidence.status, evidence.error, evidence.truncated) == (200, None, True)
    assert evidence.body == (b"# nothing\n" * (CAP // 10 + 1))[:CAP]


def test_the_cap_is_exact(serve, fetch):
    server = serve(response())
    assert not fetch(server.url(), max_bytes=len(ROBOTS)).truncated
    cut = fetch(server.url(), max_bytes=len(ROBOTS) - 1)
    assert (cut.truncated, cut.body, cut.status) == (True, ROBOTS[:-1], 200)


@pytest.fixture(scope="module")
def bombs():
    """400 MiB of zeros, packed once (about 400 KB) and twice (below 1 KB)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = bytes(1 << 20)
    once = b"".join(packer.compress(block) for _ in range(400)) + packer.flush()
    return once, gzip.compress(once)


def test_a_bomb_is_cut_at_the_cap(serve, fetch, bombs):
    server = serve(response(bombs[0], b"Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        evidence = fetch(server.url(), limits=DEFAULT_LIMITS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (evidence.status, evidence.error, evidence.truncated) == (200, None, True)
    assert evidence.body == bytes(CAP)
    assert peak < 8 << 20


@pytest.mark.parametrize("lines", [[b"Content-Encoding: gzip, gzip"], [b"Content-Encoding: gzip"] * 2])
def test_a_bomb_in_a_bomb_is_refused(serve, fetch, bombs, lines):
    assert len(bombs[1]) < 1000
    evidence = fetch(serve(response(bombs[1], *lines)).url())
    assert code(evidence) == "encoding_refused"
    assert (evidence.body, evidence.truncated) == (b"", False)
    assert ("content-length", str(len(bombs[1]))) in evidence.headers


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, br", b"utf-8"])
def test_a_coding_nobody_asked_for_is_refused(serve, fetch, coding):
    assert code(fetch(serve(response(ROBOTS, b"Content-Encoding: " + coding)).url())) == "encoding_refused"


def reset_midway(sock, server):
    sock.sendall(OK + b"Content-Length: 1000\r\n\r\n" + ROBOTS)
    time.sleep(0.1)
    reset(sock, server)


def reset(sock, server):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(("behave", "body"), [(reset, b""), (reset_midway, ROBOTS)])
def test_a_reset(serve, fetch, behave, body):
    evidence = fetch(serve(behave).url())
    assert code(evidence) == "reset"
    assert evidence.body == body


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(OK + b"Content-Length: 1000\r\n\r\n" + ROBOTS, id="length-too-long"),
        pytest.param(CHUNKED + b"21\r\n" + ROBOTS, id="chunk-missing"),
        pytest.param(CHUNKED + b"21\r\n" + ROBOTS + b"\r\nzz\r\n", id="chunk-bad"),
        pytest.param(response(gzip.compress(ROBOTS)[:-1], b"Content-Encoding: gzip"), id="gzip-cut"),
        pytest.param(response(gzip.compress(ROBOTS)[:-5] + b"12345", b"Content-Encoding: gzip"), id="gzip-checksum"),
    ],
)
def test_an_incomplete_body_keeps_what_came(serve, fetch, wire):
    evidence = fetch(serve(wire).url())
    assert code(evidence) == "incomplete"
    assert evidence.body == ROBOTS
    assert evidence.sha256 == hashlib.sha256(ROBOTS).hexdigest()


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\x1b[2J\r\n", id="ssh"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x46", id="tls-alert"),
        pytest.param(b"<html>HTTP/0.9</html>", id="http-0.9"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", id="no-colon"),
        pytest.param(b"HTTP/1.1 99 Low\r\n\r\n", id="status-99"),
        pytest.param(b"HTTP/1.1 000 Zero\r\n\r\n", id="status-0"),
        pytest.param(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two-lengths"),
        pytest.param(OK + b"Content-Length: -1\r\n\r\nab", id="negative-length"),
        pytest.param(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="transfer-coding"),
        pytest.param(OK + b"A: b\0c\r\n\r\n", id="nul"),
        pytest.param(OK + b"X: " + b"a" * 200_000 + b"\r\n\r\n", id="endless-header"),
        pytest.param(OK + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n", id="endless-headers"),
    ],
)
def test_what_is_not_http(serve, fetch, wire):
    def behave(sock, server):
        sock.sendall(wire)
        sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while sock.recv(65536):
                pass

    evidence = fetch(serve(behave).url())
    assert code(evidence) == "protocol"
    assert (evidence.headers, evidence.body, evidence.sha256) == ((), b"", "")


def test_large_headers_are_cut_and_flagged(serve, fetch):
    evidence = fetch(serve(response(ROBOTS, b"X-Big: " + b"a" * 40_000)).url())
    assert (evidence.status, evidence.body, evidence.truncated) == (200, ROBOTS, True)
    assert len(dict(evidence.headers)["x-big"]) == DEFAULT_LIMITS.header_value
    evidence = fetch(serve(response(ROBOTS, *(b"X-%d: y" % n for n in range(2000)))).url())
    assert (evidence.status, len(evidence.headers), evidence.truncated) == (200, DEFAULT_LIMITS.header_count, True)


def test_switching_protocols_is_only_a_status(serve, fetch):
    evidence = fetch(serve(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").url())
    assert evidence.status in (101, None)


def test_nobody_listens(serve, fetch):
    server = serve(b"")
    url = server.url()
    server.close()
    assert code(fetch(url)) == "refused"


def test_tls_with_a_server_that_has_none(serve, fetch):
    server = Server(lambda sock, _: None)
    try:
        server._serve = lambda sock: (sock.recv(1000), sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), sock.close())
        assert code(fetch(parse(f"https://127.0.0.1:{server.port}/robots.txt"))) == "tls"
    finally:
        server.close()


def test_tls_handshake_that_never_ends(serve, fetch):
    server = Server(lambda sock, _: None)
    try:
        server._serve = lambda sock: (server.stop.wait(5), sock.close())
        start = time.monotonic()
        assert code(fetch(parse(f"https://127.0.0.1:{server.port}/robots.txt"))) == "timeout"
        assert time.monotonic() - start < 1.5
        server.stop.set()
    finally:
        server.close()


def test_private_addresses_are_refused_without_a_connection(serve, fetch):
    server = serve(response())
    evidence = fetch(server.url(), policy=AddressPolicy())
    assert code(evidence) == "address_refused"
    assert evidence.error == "address_refused: loopback (127.0.0.0/8, RFC 1122): 127.0.0.1"
    assert server.requests == []
    for text in ("http://169.254.169.254/latest/meta-data", "http://[::ffff:7f00:1]/", "http://2130706433/"):
        assert code(fetch(parse(text), policy=AddressPolicy())) == "address_refused"


def test_a_name_without_an_address(monkeypatch, fetch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    evidence = fetch(parse("https://nowhere.example/robots.txt"))
    assert code(evidence) == "dns"
    assert "nowhere.example" in evidence.error


def test_cookies_are_neither_returned_nor_recorded(serve):
    server = serve(response(ROBOTS, b"Set-Cookie: session=5ecret; Path=/"))
    with Fetcher(AGENT, policy=LOOPBACK, limits=SHORT) as fetcher:
        both = [fetcher.fetch(server.url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW) for _ in range(2)]
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()
    assert ("set-cookie", "[not kept]") in both[0].headers
    assert "5ecret" not in repr(both)
    assert both[0].id == both[1].id, "the same answer to the same question at the same time"
    assert all(len(one.id) == 16 for one in both)


def test_credentials_of_the_machine_are_not_used(serve, fetch, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password 5ecret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = serve(response())
    assert fetch(server.url()).status == 200
    assert b"authorization" not in server.requests[0].lower()


def test_another_transport_is_used_and_said(fetch):
    def handler(request):
        assert request.headers["user-agent"] == AGENT
        return httpx.Response(200, content=gzip.compress(ROBOTS), headers={"content-encoding": "gzip"})

    evidence = fetch(parse("https://site.example/robots.txt"), transport=httpx.MockTransport(handler))
    assert (evidence.status, evidence.body, evidence.error) == (200, ROBOTS, None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectTimeout("slow"), "timeout"),
        (httpx.PoolTimeout(""), "timeout"),
        (httpx.ConnectError("no"), "refused"),
        (httpx.ReadError(""), "reset"),
        (httpx.RemoteProtocolError("\x1b[31mred\n"), "protocol"),
        (ConnectionResetError(104, "reset"), "reset"),
        (httpx.InvalidURL("bad"), "protocol"),
    ],
)
def test_errors_of_another_transport(fetch, error, expected):
    def handler(request):
        raise error

    assert code(fetch(parse("https://site.example/"), transport=httpx.MockTransport(handler))) == expected


def test_a_mistake_in_a_transport_is_not_hidden(fetch):
    def handler(request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fetch(parse("https://site.example/"), transport=httpx.MockTransport(handler))


def test_an_unpinned_transport_still_ends(serve):
    transport = httpx.HTTPTransport(trust_env=False)
    with Fetcher(AGENT, policy=AddressPolicy(), limits=SHORT, transport=transport) as fetcher:
        for behave in (drip_body, silence):
            start = time.monotonic()
            evidence = fetcher.fetch(serve(behave).url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW)
            assert code(evidence) == "timeout"
            assert time.monotonic() - start < 1.5


def test_a_pinned_transport_of_the_callers_own_is_pinned():
    with Fetcher(AGENT, policy=LOOPBACK, limits=SHORT, transport=pinned_transport(LOOPBACK)) as fetcher:
        assert fetcher.pinned


@pytest.mark.parametrize("agent", ["", " x", "a\nb", "Bot\r\nCookie: a", "Böt", "a\0"])
def test_an_unsendable_user_agent_is_a_mistake(agent):
    for kind in (Fetcher, AsyncFetcher):
        with pytest.raises(ConfigError, match="user_agent"):
            kind(agent, policy=LOOPBACK, limits=SHORT)


def test_an_interrupt_passes_and_closes_the_connection(serve, monkeypatch):
    server = serve(endless)
    with Fetcher(AGENT, policy=LOOPBACK, limits=SHORT) as fetcher:
        counter = itertools.count()

        def interrupt(self, chunk):
            if next(counter) == 3:
                raise KeyboardInterrupt
            return True

        monkeypatch.setattr("crawlgate.evidence.fetch._Exchange.take", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetcher.fetch(server.url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW)
        assert fetcher._transport._pool.connections == []


@pytest.mark.parametrize("behave", [silence, drip_body, drip_head])
def test_a_cancellation_passes_and_closes_the_connection(serve, behave):
    server = serve(behave)

    async def go():
        async with AsyncFetcher(AGENT, policy=LOOPBACK, limits=DEFAULT_LIMITS) as fetcher:
            asking = fetcher.fetch(server.url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW)
            task = asyncio.create_task(asking)
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert fetcher._transport._pool.connections == []
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await fetcher.fetch(server.url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW)

    asyncio.run(go())


def test_an_async_fetcher_outlives_its_event_loop(serve):
    server = serve(response())
    fetcher = AsyncFetcher(AGENT, policy=LOOPBACK, limits=SHORT)
    for _ in range(2):
        evidence = asyncio.run(fetcher.fetch(server.url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW))
        assert evidence.status == 200
    asyncio.run(fetcher.aclose())


def test_many_threads_and_tasks_share_a_fetcher(serve):
    server = serve(response())
    found = []
    with Fetcher(AGENT, policy=LOOPBACK, limits=DEFAULT_LIMITS) as fetcher:

        def one():
            found.append(fetcher.fetch(server.url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW))

        threads = [threading.Thread(target=one) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    async def go():
        async with AsyncFetcher(AGENT, policy=LOOPBACK, limits=DEFAULT_LIMITS) as fetcher:
            ask = [fetcher.fetch(server.url(), kind=EvidenceKind.ROBOTS, max_bytes=CAP, now=NOW) for _ in range(200)]
            return await asyncio.gather(*ask)

    found += asyncio.run(go())
    assert [evidence.error for evidence in found] == [None] * 220
    assert len({evidence.id for evidence in found}) == 1
