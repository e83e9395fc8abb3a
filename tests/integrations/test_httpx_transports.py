"""httpx behind the gate, sync and async, against a real server: what arrives, what never leaves, what is recorded."""

import asyncio
import concurrent.futures
import gzip
import hashlib
import pickle
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from crawlgate import AsyncGate, Blocklist, Declaration, Denied, Gate, Held, LedgerError, Licence, Refused
from crawlgate.integrations.httpx import AsyncGateTransport, GateTransport
from crawlgate.ledger.query import DecisionRecord, decisions, records
from crawlgate.ledger.verify import verify
from crawlgate.limits import DEFAULT_LIMITS
from tests.webserver import CUT, HANG, Answer, Hit, Request, Sites, WebServer, redirect, robots

AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
DECLARATION = Declaration(operator="Example Lab", token="ExampleBot", user_agent=AGENT, token_published=True)
HEAD = b"<!doctype html><html><head><title>Tide tables</title></head>"
NOAI_HEAD = b'<!doctype html><html><head><meta name="robots" content="noai"></head>'
PAGE = HEAD + b"<body>" + bytes(range(256)) + "<p>潮の満ち引き</p></body></html>".encode()
MEGABYTE = 1024 * 1024
BIG = 8 * MEGABYTE
FAR_BELOW = MEGABYTE
"""What may lie in buffers between server and client when a body is dropped; small beside `BIG`."""


class Scraper:
    """A wrapped client, sync or async, with one blocking face, and the server it talks to."""

    def __init__(self, kind: str, web: WebServer, home: Path, *, gate: dict[str, Any], client: dict[str, Any]) -> None:
        self.kind, self.web, self.home = kind, web, home
        self.gate: Any
        self.client: Any
        self._runner: asyncio.Runner | None = None
        if kind == "sync":
            self.gate = Gate(DECLARATION, **{"home": home, "evidence_transport": web.transport(), **gate})
            self.client = self.gate.httpx_client(**{"transport": web.transport(), **client})
        else:
            self._runner = asyncio.Runner()
            self.gate = AsyncGate(DECLARATION, **{"home": home, "evidence_transport": web.async_transport(), **gate})
            self.client = self.gate.httpx_async_client(**{"transport": web.async_transport(), **client})

    def run(self, value: Any) -> Any:
        """The result of a call on the client or the gate."""
        if self._runner is None:
            return value

        async def waited() -> Any:
            return await value

        return self._runner.run(waited())

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self.run(self.client.request(method, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def get_all(self, urls: list[str]) -> list[httpx.Response | Exception]:
        """All at once: from threads, or as tasks."""
        if self._runner is None:
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                return list(pool.map(self._answer, urls))

        async def together() -> list[Any]:
            return await asyncio.gather(*(self.client.get(url) for url in urls), return_exceptions=True)

        return self._runner.run(together())

    def _answer(self, url: str) -> httpx.Response | Exception:
        try:
            return self.client.get(url)
        except Exception as error:
            return error

    @contextmanager
    def stream(self, url: str, **options: Any) -> Iterator[httpx.Response]:
        context = self.client.stream("GET", url, **options)
        if self._runner is None:
            with context as response:
                yield response
            return
        response = self.run(context.__aenter__())
        try:
            yield response
        finally:
            self.run(context.__aexit__(None, None, None))

    def chunks(self, response: httpx.Response, *, raw: bool = False) -> Iterator[bytes]:
        if self._runner is None:
            yield from response.iter_raw() if raw else response.iter_bytes()
            return
        iterator: Any = response.aiter_raw() if raw else response.aiter_bytes()
        try:
            while (chunk := self.run(anext(iterator, None))) is not None:
                yield chunk
        finally:
            self.run(iterator.aclose())

    def denied(self, url: str, **options: Any) -> Denied:
        with pytest.raises(Denied) as caught:
            self.get(url, **options)
        return caught.value

    def held(self, url: str, **options: Any) -> Held:
        with pytest.raises(Held) as caught:
            self.get(url, **options)
        return caught.value

    def decisions(self, url: str | None = None) -> list[DecisionRecord]:
        return [d for d in decisions(self.home / "ledger") if url in (None, d.url)]

    def outcomes(self, url: str | None = None) -> list[dict[str, Any]]:
        """What became of bodies, oldest first, of one URL if named."""
        of = {d.record: d.url for d in self.decisions()}
        found = [dict(record.table) for record in records(self.home / "ledger", kinds={"outcome"})]
        return [table for table in found if url in (None, of[table["decision"]])]

    def dispositions(self, url: str) -> list[str]:
        return [table["disposition"] for table in self.outcomes(url)]

    def close_client(self) -> None:
        self.run(self.client.close() if self._runner is None else self.client.aclose())

    def close_gate(self) -> None:
        self.run(self.gate.close() if self._runner is None else self.gate.aclose())

    def close(self) -> None:
        self.close_client()
        self.close_gate()
        if self._runner is not None:
            self._runner.close()


Start = Callable[..., Scraper]


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def start(kind: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a server with the sites given and a scraper behind a gate; at the end its ledger must verify."""
    running: list[tuple[WebServer, Scraper]] = []

    def run(sites: Sites, *, gate: dict[str, Any] | None = None, **client: Any) -> Scraper:
        web = WebServer(sites).__enter__()
        scraper = Scraper(kind, web, tmp_path / f"home{len(running)}", gate=gate or {}, client=client)
        running.append((web, scraper))
        return scraper

    yield run
    for web, scraper in running:
        scraper.close()
        web.__exit__(None, None, None)
        report = verify(scraper.home / "ledger")
        assert report.ok, report.problems
        assert report.warnings == ()


def page(head: bytes = HEAD, size: int = 0) -> bytes:
    """A page with `head`, filled up to `size`."""
    return head + b"<body>" + b"tide " * ((size - len(head)) // 5)


def met(error: Refused, criterion: str, outcome: str = "met") -> bool:
    found = error.decision.basis.finding(criterion)
    return found is not None and found.outcome == outcome


# -- what is allowed arrives as it was sent --------------------------------------------------------------


@pytest.mark.parametrize("zipped", [False, True], ids=["identity", "gzip"])
@pytest.mark.parametrize("chunk", [0, 7], ids=["length", "chunked"])
def test_a_page_arrives_byte_for_byte(start: Start, zipped: bool, chunk: int) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE, gzip=zipped, chunk=chunk)}})
    response = scraper.get("http://a.test/p")
    assert (response.status_code, response.content) == (200, PAGE)
    raw = gzip.compress(PAGE, mtime=0) if zipped else PAGE
    released, read = scraper.outcomes("http://a.test/p")
    assert (released["disposition"], released["status"], released["media_type"]) == ("released", 200, "text/html")
    assert (read["disposition"], read["complete"], read["bytes"]) == ("read", True, len(raw))
    assert read["sha256"] == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("zipped", [False, True], ids=["identity", "gzip"])
@pytest.mark.parametrize("raw", [False, True], ids=["iter_bytes", "iter_raw"])
def test_a_streamed_page_arrives_byte_for_byte(start: Start, zipped: bool, raw: bool) -> None:
    body = page(size=3 * MEGABYTE) if not zipped else HEAD + random.Random(5).randbytes(MEGABYTE)
    scraper = start({"a.test": {"/p": Answer(body, gzip=zipped)}})
    sent = gzip.compress(body, mtime=0) if zipped else body
    with scraper.stream("http://a.test/p") as response:
        got = b"".join(scraper.chunks(response, raw=raw))
    assert got == (sent if raw else body)
    assert scraper.outcomes("http://a.test/p")[-1]["sha256"] == hashlib.sha256(sent).hexdigest()


def test_a_page_read_in_part(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(page(size=BIG)), "/q": Answer(PAGE)}})
    with scraper.stream("http://a.test/p") as response:
        first = next(chunks := scraper.chunks(response, raw=True))
        chunks.close()
    assert first.startswith(HEAD)
    read = scraper.outcomes("http://a.test/p")[-1]
    assert (read["disposition"], read["complete"], read["bytes"]) == ("read", False, len(first))
    assert read["sha256"] == hashlib.sha256(first).hexdigest()
    assert scraper.web.hit("a.test", "/p").sent < BIG
    assert scraper.get("http://a.test/q").content == PAGE


def test_a_response_closed_unread(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(page(size=BIG))}})
    with scraper.stream("http://a.test/p"):
        pass
    read = scraper.outcomes("http://a.test/p")[-1]
    assert (read["disposition"], read["complete"], read["bytes"]) == ("read", False, 0)
    assert scraper.web.hit("a.test", "/p").sent < FAR_BELOW


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"", content_type="text/html"),
        Answer(b"no markup at all", content_type=""),
        Answer("\ufeff<title>x</title>".encode("utf-16-le"), content_type="text/html"),
        Answer(b"<p>head and body left out"),
        Answer(gzip.compress(HEAD, mtime=0) + gzip.compress(b"<p>two members", mtime=0), headers=(("Content-Encoding", "gzip"),)),
        Answer(b"", status=204, content_type=""),
        Answer(b"%PDF-1.7 \x00\xff", content_type="application/pdf"),
        Answer(b'{"a": 1}', content_type="application/json", gzip=True),
    ],
    ids=["empty", "untyped", "utf-16", "headless", "two-members", "204", "pdf", "json-gzip"],
)  # fmt: skip
def test_bodies_of_every_shape_are_read_as_without_the_gate(start: Start, answer: Answer) -> None:
    scraper = start({"a.test": {"/p": answer}})
    with httpx.Client(transport=scraper.web.transport()) as plain:
        expected = plain.get("http://a.test/p")
    got = scraper.get("http://a.test/p")
    assert (got.status_code, got.content, got.text) == (expected.status_code, expected.content, expected.text)


def test_post_sends_its_body(start: Start) -> None:
    def echo(request: Request) -> Answer:
        return Answer(request.method.encode() + b" " + request.body, content_type="text/plain")

    scraper = start({"a.test": {"/p": echo}})
    assert scraper.request("POST", "http://a.test/p", content=b"a\x00b").content == b"POST a\x00b"
    assert scraper.request("PUT", "http://a.test/p", json={"a": 1}).content == b'PUT {"a":1}'


def test_head_judges_headers_and_claims_no_more(start: Start) -> None:
    scraper = start(
        {
            "a.test": {
                "/p": Answer(PAGE),
                "/zip": Answer(PAGE, gzip=True),
                "/noai": Answer(PAGE, headers=(("X-Robots-Tag", "noai"),)),
            }
        }
    )
    for path in ("/p", "/zip"):
        response = scraper.request("HEAD", f"http://a.test{path}")
        assert (response.status_code, response.content) == (200, b"")
        after = scraper.decisions(f"http://a.test{path}")[-1]
        assert after.basis["stage"] == "post_fetch"
        # The page was not seen, so nothing may be claimed about it.
        assert {"check.page", "check.terms", "D1"} <= after.basis["not_assessed"].keys()
    with pytest.raises(Denied):
        scraper.request("HEAD", "http://a.test/noai")


def test_an_answer_without_content_claims_nothing_about_a_page(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(status=204)}})
    scraper.get("http://a.test/p")
    assert "check.page" in scraper.decisions("http://a.test/p")[-1].basis["not_assessed"]


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
def test_failures_of_the_site_are_handed_through(start: Start, status: int) -> None:
    """So that a retry and its back-off work as without the gate."""
    answers = iter([Answer("busy", status=status, headers=(("Retry-After", "1"),)), Answer(PAGE)])
    scraper = start({"a.test": {"/p": lambda _: next(answers)}})
    response = scraper.get("http://a.test/p")
    assert (response.status_code, response.text, response.headers["retry-after"]) == (status, "busy", "1")
    assert scraper.dispositions("http://a.test/p") == ["passed_on", "read"]
    assert scraper.get("http://a.test/p").content == PAGE


# -- every hop is asked ------------------------------------------------------------------------------------


def test_a_denied_url_is_never_requested(start: Start) -> None:
    scraper = start({"a.test": {"/robots.txt": robots("User-agent: *\nDisallow: /x"), "/x": Answer(PAGE)}})
    error = scraper.denied("http://a.test/x")
    assert met(error, "B2")
    assert scraper.web.targets("a.test") == ()
    assert scraper.outcomes() == []
    (decision,) = scraper.decisions("http://a.test/x")
    assert decision.record == error.decision.record
    assert (decision.verdict, decision.basis["stage"]) == ("deny", "pre_fetch")


def test_a_redirect_to_a_disallowed_path(start: Start) -> None:
    scraper = start(
        {
            "a.test": {
                "/robots.txt": robots("User-agent: *\nDisallow: /x"),
                "/go": redirect("/x/1"),
                "/x/1": Answer(PAGE),
            }
        },
        follow_redirects=True,
    )
    error = scraper.denied("http://a.test/go")
    assert error.decision.url == "http://a.test/x/1"
    assert scraper.web.targets("a.test") == ("/go",)
    assert [d.url for d in scraper.decisions()] == ["http://a.test/go", "http://a.test/go", "http://a.test/x/1"]


def test_a_redirect_into_a_listed_site_never_contacts_it(start: Start, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("pirate.example\n")
    scraper = start(
        {
            "a.test": {"/go": redirect("http://cdn.pirate.example/read/1", 301)},
            "cdn.pirate.example": {"/read/1": Answer(PAGE)},
        },
        gate={"blocklists": [Blocklist(listed, vouched_by="tester", verified=True, issuer="RHA")]},
        follow_redirects=True,
    )
    error = scraper.denied("http://a.test/go")
    assert met(error, "C1")
    assert error.decision.url == "http://cdn.pirate.example/read/1"
    assert scraper.web.hits("cdn.pirate.example") == ()


def test_allowed_redirects_are_followed_and_each_hop_recorded(start: Start) -> None:
    scraper = start(
        {"a.test": {"/1": redirect("/2", 301), "/2": redirect("http://b.test/3", 307)}, "b.test": {"/3": Answer(PAGE)}},
        follow_redirects=True,
    )
    response = scraper.get("http://a.test/1")
    assert (response.content, len(response.history), str(response.url)) == (PAGE, 2, "http://b.test/3")
    assert [(d.url, d.basis["stage"]) for d in scraper.decisions()] == [
        (url, stage)
        for url in ("http://a.test/1", "http://a.test/2", "http://b.test/3")
        for stage in ("pre_fetch", "post_fetch")
    ]


@pytest.mark.parametrize("follow", [True, False])
def test_a_redirect_to_a_login_is_denied(start: Start, follow: bool) -> None:
    scraper = start(
        {"a.test": {"/p": redirect("/login?return_to=/p"), "/login": Answer(PAGE)}}, follow_redirects=follow
    )
    error = scraper.denied("http://a.test/p")
    assert "access.login_redirect" in str(error)
    assert scraper.web.targets("a.test") == ("/p",)
    assert scraper.dispositions("http://a.test/p") == ["discarded"]


# -- headers and heads that deny ---------------------------------------------------------------------------

_DENYING = {
    "noai": (200, (("X-Robots-Tag", "noai"),), "robots_tag.noai"),
    "noai for us": (200, (("X-Robots-Tag", "noindex"), ("X-Robots-Tag", "examplebot: noai")), "robots_tag.noai"),
    "tdmrep": (200, (("tdm-reservation", "1"),), "tdm-reservation"),
    "401": (401, (("WWW-Authenticate", 'Basic realm="members"'),), "access.401"),
    "402": (402, (("crawler-price", "USD 0.01"),), "crawler-price"),
    "403": (403, (), "access.403"),
    "451": (451, (), "access.451"),
}


@pytest.mark.parametrize("content_type", ["text/html", "image/png"])
@pytest.mark.parametrize("case", _DENYING)
def test_headers_that_deny(start: Start, case: str, content_type: str) -> None:
    """The body is not handed out, and not even read: the connection is dropped."""
    status, headers, told = _DENYING[case]
    body = page(size=BIG)
    scraper = start({"a.test": {"/p": Answer(body, status=status, headers=headers, content_type=content_type)}})
    error = scraper.denied("http://a.test/p")
    assert told in str(error)
    assert (error.decision.basis.stage, error.decision.temporary) == ("post_fetch", False)
    hit = scraper.web.hit("a.test", "/p")
    assert not hit.complete
    assert hit.sent < FAR_BELOW
    (outcome,) = scraper.outcomes("http://a.test/p")
    assert (outcome["disposition"], outcome["status"]) == ("discarded", status)


def test_a_denied_stream_never_opens(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(page(size=BIG), headers=(("X-Robots-Tag", "noai"),))}})
    with pytest.raises(Denied), scraper.stream("http://a.test/p"):
        raise AssertionError("a response was handed out")


@pytest.mark.parametrize("zipped", [False, True], ids=["identity", "gzip"])
def test_noai_in_the_head_of_a_large_page(start: Start, zipped: bool) -> None:
    size = 5 * MEGABYTE
    body = NOAI_HEAD + b"<body>" + random.Random(7).randbytes(size)
    scraper = start({"a.test": {"/p": Answer(body, gzip=zipped)}})
    error = scraper.denied("http://a.test/p")
    assert "robots_tag.noai" in str(error)
    assert scraper.web.hit("a.test", "/p").sent < FAR_BELOW
    assert scraper.dispositions("http://a.test/p") == ["discarded"]


def test_a_reservation_in_a_head_that_comes_in_drops(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer((*(bytes([octet]) for octet in NOAI_HEAD), HANG))}})
    assert "robots_tag.noai" in str(scraper.denied("http://a.test/p"))


def test_a_head_that_is_fine_streams_before_the_rest_is_sent(start: Start) -> None:
    go_on = threading.Event()
    rest = b"<body>the rest</body></html>"
    scraper = start({"a.test": {"/p": Answer((HEAD, go_on, rest))}})
    with scraper.stream("http://a.test/p") as response:
        chunks = scraper.chunks(response)
        assert next(chunks) == HEAD
        assert scraper.web.hits("a.test", "/p")[0].sent <= len(HEAD)  # counted after it was sent
        go_on.set()
        assert b"".join(chunks) == rest


def test_a_page_without_the_end_of_a_head_is_held_back_up_to_the_bound(start: Start) -> None:
    bound = 16 * 1024
    first, second, third = b"<title>x</title>" + b" " * (bound - 100), b"-" * 200, b"the end"
    early, late = threading.Event(), threading.Event()
    scraper = start(
        {"a.test": {"/p": Answer((first, early, second, late, third))}},
        gate={"limits": replace(DEFAULT_LIMITS, page_head_bytes=bound)},
    )
    threading.Timer(0.1, early.set).start()
    with scraper.stream("http://a.test/p") as response:
        assert early.is_set(), "handed out although more of the head could have come"
        chunks = scraper.chunks(response)
        got = next(chunks)
        while len(got) < len(first + second):
            got += next(chunks)
        late.set()
        assert got + b"".join(chunks) == first + second + third
    assert scraper.decisions("http://a.test/p")[-1].basis["not_assessed"]["check.terms"] == "not_assessed.head_only"


def test_a_large_page_without_the_end_of_a_head(start: Start) -> None:
    body = b"<title>x</title>" + b"tide " * MEGABYTE
    scraper = start({"a.test": {"/p": Answer(body)}})
    with scraper.stream("http://a.test/p") as response:
        hit = scraper.web.hits("a.test", "/p")[0]
        assert hit.sent < DEFAULT_LIMITS.page_head_bytes + FAR_BELOW
        assert b"".join(scraper.chunks(response)) == body


@pytest.mark.parametrize(
    "head", [b"<script>" + b"//" * MEGABYTE, b"<!--" + b"-" * MEGABYTE, b"<meta name=a content=b>" * (MEGABYTE // 16)]
)
def test_a_page_whose_head_goes_on_beyond_the_bound(start: Start, head: bytes) -> None:
    """What its head says is not known, which is not the same as a head that says nothing."""
    scraper = start({"a.test": {"/p": Answer(b"<title>x</title>" + head)}})
    error = scraper.denied("http://a.test/p")
    assert met(error, "B2", "unknown")
    assert error.decision.temporary


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "application/octet-stream", "text/plain"])
def test_other_bodies_stream_at_once(start: Start, content_type: str) -> None:
    go_on = threading.Event()
    scraper = start({"a.test": {"/i": Answer((b"\x89PNG", go_on, b"rest"), content_type=content_type)}})
    with scraper.stream("http://a.test/i") as response:
        chunks = scraper.chunks(response)
        assert next(chunks) == b"\x89PNG"
        go_on.set()
        assert b"".join(chunks) == b"rest"
    assert "check.page" in scraper.decisions("http://a.test/i")[-1].basis["not_assessed"]


# -- codings -----------------------------------------------------------------------------------------------


def test_only_codings_that_can_be_judged_are_asked_for(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}}, headers={"Accept-Encoding": "br, zstd"})
    scraper.get("http://a.test/p")
    scraper.get("http://a.test/p", headers={"Accept-Encoding": "br"})
    assert [hit.headers["accept-encoding"] for hit in scraper.web.hits("a.test", "/p")] == ["gzip, deflate"] * 2


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress"])
def test_a_page_in_a_coding_nobody_asked_for(start: Start, coding: str) -> None:
    """Its head cannot be read, which is not the same as a head that says nothing."""
    body = random.Random(3).randbytes(BIG)
    scraper = start({"a.test": {"/p": Answer(body, headers=(("Content-Encoding", coding),))}})
    error = scraper.denied("http://a.test/p")
    assert met(error, "B2", "unknown")
    assert error.decision.temporary
    assert scraper.web.hit("a.test", "/p").sent < FAR_BELOW


def test_a_corrupt_coding_does_not_hide_a_head_nor_fill_the_memory(start: Start) -> None:
    body = gzip.compress(b"<title>x</title>", mtime=0)[:-12] + random.Random(4).randbytes(BIG)
    scraper = start({"a.test": {"/p": Answer(body, headers=(("Content-Encoding", "gzip"),))}})
    error = scraper.denied("http://a.test/p")
    assert met(error, "B2", "unknown")
    assert scraper.web.hit("a.test", "/p").sent < FAR_BELOW


def test_a_coding_that_decodes_to_nothing_does_not_fill_the_memory(start: Start) -> None:
    nothing = gzip.compress(b"", mtime=0)
    body = nothing * (BIG // len(nothing))
    scraper = start({"a.test": {"/p": Answer(body, headers=(("Content-Encoding", "gzip"),))}})
    error = scraper.denied("http://a.test/p")
    assert met(error, "B2", "unknown")
    assert scraper.web.hit("a.test", "/p").sent < 2 * FAR_BELOW


def test_a_coding_that_ends_early_is_not_a_silent_head(start: Start) -> None:
    body = gzip.compress(NOAI_HEAD + random.Random(9).randbytes(500), mtime=0)[:30]
    scraper = start({"a.test": {"/p": Answer(body, headers=(("Content-Encoding", "gzip"),))}})
    assert met(scraper.denied("http://a.test/p"), "B2", "unknown")


def test_a_bomb_is_judged_by_its_beginning(start: Start) -> None:
    body = gzip.compress(HEAD + b" " * (64 * MEGABYTE), mtime=0)
    scraper = start({"a.test": {"/p": Answer(body, headers=(("Content-Encoding", "gzip"),))}})
    with scraper.stream("http://a.test/p") as response:
        assert b"".join(scraper.chunks(response, raw=True)) == body


@pytest.mark.parametrize("opening", [b"<script>'<body ", b"<!-- <body ", b"<p "], ids=["script", "comment", "tag"])
def test_a_head_in_many_small_pieces_costs_little(start: Start, opening: bytes) -> None:
    """A look at the head for every piece would be quadratic; this would take minutes then."""
    pieces = (opening, *([b"<a>"] * 20_000), b"the end")
    scraper = start({"a.test": {"/p": Answer(pieces)}})
    assert scraper.get("http://a.test/p", timeout=30).content == b"".join(pieces)


# -- failures on the way -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(PAGE, before=(HANG,)), httpx.ReadTimeout),
        (Answer((b"<html><head>", HANG)), httpx.ReadTimeout),
        (Answer(PAGE, before=(CUT,)), httpx.RemoteProtocolError),
        (Answer((b"<html><head>", CUT)), httpx.RemoteProtocolError),
        (Answer(b"<html><head>", length=100), httpx.RemoteProtocolError),
        (Answer(PAGE, headers=(("Bad\x00Name", "x"),)), httpx.RemoteProtocolError),
    ],
    ids=["no-answer", "stuck-in-head", "cut-before", "cut-in-head", "short", "no-http"],
)
def test_failures_before_the_head_was_judged(start: Start, answer: Answer, error: type[Exception]) -> None:
    scraper = start({"a.test": {"/p": answer}}, timeout=0.3 if error is httpx.ReadTimeout else 20)
    with pytest.raises(error):
        scraper.get("http://a.test/p")
    (outcome,) = scraper.outcomes("http://a.test/p")
    assert (outcome["disposition"], outcome["error"]) == ("failed", error.__name__)


def test_failure_after_the_head_was_judged(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer((HEAD, CUT))}})
    with pytest.raises(httpx.RemoteProtocolError):
        scraper.get("http://a.test/p")
    released, read = scraper.outcomes("http://a.test/p")
    assert released["disposition"] == "released"
    assert (read["disposition"], read["complete"], read["bytes"]) == ("read", False, len(HEAD))


def test_no_connection(start: Start) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    scraper = start({}, transport=httpx.MockTransport(refuse))
    with pytest.raises(httpx.ConnectError):
        scraper.get("http://a.test/p")
    assert scraper.outcomes("http://a.test/p")[0]["error"] == "ConnectError"


@pytest.mark.parametrize("answer", [Answer(PAGE, before=(HANG,)), Answer((b"<head>", HANG))], ids=["before", "in-head"])
def test_a_cancelled_fetch_is_on_record(tmp_path: Path, answer: Answer) -> None:
    async def cancelled() -> None:
        async with (
            AsyncGate(DECLARATION, home=tmp_path, evidence_transport=web.async_transport()) as gate,
            gate.httpx_async_client(transport=web.async_transport()) as client,
        ):
            await gate.check("http://a.test/p")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get("http://a.test/p"), 0.2)

    with WebServer({"a.test": {"/p": answer}}) as web:
        asyncio.run(cancelled())
    (outcome,) = records(tmp_path / "ledger", kinds={"outcome"})
    assert (outcome.table["disposition"], outcome.table["error"]) == ("failed", "CancelledError")
    assert verify(tmp_path / "ledger").ok


def test_a_cancelled_fetch_stays_cancelled_when_the_gate_is_closed_already(tmp_path: Path) -> None:
    async def cancelled() -> None:
        async with AsyncGate(DECLARATION, home=tmp_path, evidence_transport=web.async_transport()) as gate:
            client = gate.httpx_async_client(transport=web.async_transport())
            fetch = asyncio.create_task(client.get("http://a.test/p"))
            while not web.targets("a.test"):
                await asyncio.sleep(0.002)
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetch
        await client.aclose()

    with WebServer({"a.test": {"/p": Answer(PAGE, before=(HANG,))}}) as web:
        asyncio.run(cancelled())


# -- the errors --------------------------------------------------------------------------------------------


def test_refusals_carry_the_decision_and_read_well(start: Start) -> None:
    scraper = start(
        {
            "a.test": {"/robots.txt": robots("# all\nUser-agent: *\nDisallow: /x")},
            "b.test": {"/robots.txt": robots("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /")},
            "c.test": {"/robots.txt": Answer(status=503)},
        }
    )
    denied, held, later = (
        scraper.denied("http://a.test/x"),
        scraper.held("http://b.test/"),
        scraper.denied("http://c.test/"),
    )
    assert str(denied).startswith("deny: http://a.test/x\n")
    assert "line 3: Disallow: /x" in str(denied)
    assert str(held).startswith("review: a person decides: http://b.test/\n")
    assert met(held, "B3")
    assert "ask again later" in str(later)
    assert later.decision.temporary
    for error in (denied, held, later):
        assert isinstance(error, Refused)
        assert error.decision.record in {d.record for d in scraper.decisions(error.decision.url)}


def test_refusals_survive_pickling(start: Start) -> None:
    """A worker process hands its errors to its parent this way."""
    scraper = start({"a.test": {"/p": Answer(PAGE, headers=(("X-Robots-Tag", "noai"),)), "/robots.txt": robots("")}})
    error = scraper.denied("http://a.test/p")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        copy = pickle.loads(pickle.dumps(error, protocol))
        assert type(copy) is Denied
        assert (str(copy), copy.decision) == (str(error), error.decision)


# -- how a request is made ---------------------------------------------------------------------------------


def test_the_declared_user_agent_is_sent(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}})
    scraper.get("http://a.test/p")
    assert {hit.user_agent for hit in scraper.web.hits("a.test")} == {AGENT}


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (Windows NT 10.0)", ""])
def test_a_user_agent_without_the_token_is_held(start: Start, agent: str) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}})
    error = scraper.held("http://a.test/p", headers={"User-Agent": agent})
    assert met(error, "D3", "not_met")
    assert scraper.web.targets("a.test") == ()
    assert scraper.decisions("http://a.test/p")[0].user_agent == agent


def test_another_user_agent_with_the_token(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}}, headers={"User-Agent": "Mozilla/5.0 (compatible; ExampleBot/2)"})
    assert scraper.get("http://a.test/p").content == PAGE
    assert scraper.decisions("http://a.test/p")[0].user_agent == "Mozilla/5.0 (compatible; ExampleBot/2)"


@pytest.mark.parametrize("options", [{"auth": ("ann", "s3cret")}, {"headers": {"Authorization": "Bearer s3cret"}}])
def test_credentials_without_a_licence(start: Start, options: dict[str, Any]) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}})
    assert met(scraper.denied("http://a.test/p", **options), "B5")
    assert scraper.web.targets("a.test") == ()
    assert all(b"s3cret" not in file.read_bytes() for file in scraper.home.rglob("*") if file.is_file())


def test_credentials_that_a_licence_covers(kind: str, start: Start) -> None:
    licence = Licence(
        licensor="P",
        scope=("http://a.test/*",),
        purposes=("*",),
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        credentials_allowed=True,
    )
    scraper = start({"a.test": {"/p": Answer(PAGE)}})
    scraper.gate.core.assessor.declaration = replace(DECLARATION, licences=[licence])
    assert scraper.get("http://a.test/p", auth=("ann", "s3cret")).content == PAGE


def test_userinfo_in_a_url(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}})
    error = scraper.denied("http://ann:s3cret@a.test/p")
    assert error.decision.problem == "userinfo"
    assert "s3cret" not in str(error)
    assert scraper.web.hits() == ()
    assert all(b"s3cret" not in file.read_bytes() for file in scraper.home.rglob("*") if file.is_file())


def test_a_redirect_to_a_url_that_cannot_be_asked_about(start: Start) -> None:
    scraper = start({"a.test": {"/p": redirect("http://ann:s3cret@b.test/")}}, follow_redirects=True)
    assert scraper.denied("http://a.test/p").decision.problem == "userinfo"
    assert scraper.web.hits("b.test") == ()


def test_an_ip_literal(start: Start) -> None:
    scraper = start({})
    assert scraper.denied("http://127.0.0.1/").decision.problem == "ip_literal"
    assert scraper.web.hits() == ()


@pytest.mark.parametrize("host", ["b.test", "a.test:8080", "a.test, b.test"])
def test_another_host_header_than_the_url(start: Start, host: str) -> None:
    scraper = start({name: {"/p": Answer(PAGE)} for name in ("a.test", "b.test")})
    error = scraper.denied("http://a.test/p", headers={"Host": host})
    assert error.decision.problem == "host_mismatch"
    assert scraper.web.targets("a.test") == scraper.web.targets("b.test") == ()


def test_the_host_header_of_the_url_itself(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}})
    assert scraper.get("http://a.test/p", headers={"Host": "A.test"}).content == PAGE
    assert scraper.get("http://A.TEST:80/p").content == PAGE


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/open/%2e%2e/closed", "/closed"),
        ("/open/%2E%2e/%2e/closed", "/closed"),
        ("/closed\\1", "/closed/1"),
    ],
)
def test_what_is_judged_is_what_is_asked_for(start: Start, asked: str, target: str) -> None:
    """httpx leaves on the wire what a browser, a server or the gate reads as another path."""
    rules = robots("User-agent: *\nDisallow: /closed")
    scraper = start({"a.test": {"/robots.txt": rules}, "b.test": {target: Answer(PAGE)}})
    assert scraper.denied(f"http://a.test{asked}").decision.url == f"http://a.test{target}"
    assert scraper.get(f"http://b.test{asked}").content == PAGE
    assert scraper.web.targets("a.test") == ()
    assert scraper.web.targets("b.test") == (target,)


def test_the_target_of_one_hop_does_not_stick_to_the_next(start: Start) -> None:
    scraper = start({"a.test": {"/1": redirect("/2"), "/2": Answer(PAGE)}}, follow_redirects=True)
    assert scraper.get("http://a.test/0/%2e%2e/1").content == PAGE
    assert scraper.web.targets("a.test") == ("/1", "/2")


def test_another_target_than_the_url(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE), "/x": Answer(PAGE)}})
    scraper.denied("http://a.test/p", extensions={"target": b"/x"})
    assert scraper.web.targets("a.test") == ()


def test_observing_blocks_nothing_and_records_all(start: Start) -> None:
    sites = {
        "a.test": {"/robots.txt": robots("User-agent: *\nDisallow: /x"), "/x": Answer(PAGE)},
        "b.test": {"/p": Answer(NOAI_HEAD), "/q": Answer(PAGE, status=403)},
    }
    scraper = start(sites, gate={"mode": "observe"})
    assert scraper.get("http://a.test/x").content == PAGE
    assert scraper.get("http://b.test/p").content == NOAI_HEAD
    assert scraper.get("http://b.test/q").content == PAGE
    assert scraper.get("http://b.test/p", headers={"User-Agent": "x", "Authorization": "y"}).content == NOAI_HEAD
    found = scraper.decisions()
    assert {d.enforced for d in found} == {False}
    assert [d.verdict for d in found] == ["deny", "deny", "allow", "deny", "allow", "deny", "deny", "deny"]
    assert scraper.dispositions("http://b.test/p")[:2] == ["released", "read"]


# -- other ways out ----------------------------------------------------------------------------------------


def _logging_mock(kind: str, urls: list[str]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return httpx.Response(200, html="<p>mounted</p>")

    return httpx.MockTransport(answer)


def test_mounted_transports_are_behind_the_gate(kind: str, start: Start) -> None:
    urls: list[str] = []
    rules = {"/robots.txt": robots("User-agent: *\nDisallow: /x"), "/p": Answer(PAGE)}
    scraper = start(
        {"a.test": rules, "b.test": rules, "c.test": rules},
        mounts={"all://b.test": _logging_mock(kind, urls), "all://c.test": None},
    )
    assert scraper.get("http://a.test/p").content == PAGE
    assert scraper.get("http://b.test/p").text == "<p>mounted</p>"
    assert scraper.get("http://c.test/p").content == PAGE
    for host in ("a.test", "b.test", "c.test"):
        scraper.denied(f"http://{host}/x")
    assert urls == ["http://b.test/p"]


@pytest.fixture
def proxy() -> Iterator[WebServer]:
    with WebServer(lambda request: Answer(HEAD + request.target.encode())) as web:
        yield web


def test_proxy_variables_of_the_environment_do_not_lead_around_the_gate(
    start: Start, proxy: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    rules = robots("User-agent: *\nDisallow: /x")
    scraper = start(
        {"127.0.0.1": {"/robots.txt": rules, "/p": Answer(PAGE)}, "a.test": {"/robots.txt": rules, "/p": Answer(PAGE)}},
        gate={"allow_addresses": ["127.0.0.0/8"]},
        trust_env=True,
    )
    assert scraper.get("http://a.test/p").content == PAGE
    scraper.denied("http://a.test/x")
    assert proxy.hits() == ()  # a transport of the user's own goes its way
    # The client's own transport, as most people have it: it takes the proxy, and is asked about all the same.
    own = scraper.gate.httpx_client() if scraper.kind == "sync" else scraper.gate.httpx_async_client()
    scraper.client, given = own, scraper.client
    try:
        here = f"http://127.0.0.1:{scraper.web.port}"
        assert scraper.get(f"{here}/p").content == HEAD + b"/p"
        scraper.denied(f"{here}/x")
    finally:
        scraper.close_client()
        scraper.client = given
    assert [hit.target for hit in proxy.hits()] == ["/p"]
    assert "/x" not in scraper.web.targets("127.0.0.1") + scraper.web.targets("a.test")


@pytest.mark.parametrize("with_transport", [False, True])
def test_a_proxy_that_is_asked_for_is_behind_the_gate(start: Start, proxy: WebServer, with_transport: bool) -> None:
    address = f"http://127.0.0.1:{proxy.port}"
    scraper = start({"a.test": {"/robots.txt": robots("User-agent: *\nDisallow: /x")}})
    options: dict[str, Any] = {"proxy": address}
    if with_transport:
        options["transport"] = scraper.web.transport() if scraper.kind == "sync" else scraper.web.async_transport()
    make = scraper.gate.httpx_client if scraper.kind == "sync" else scraper.gate.httpx_async_client
    scraper.client, given = make(**options), scraper.client
    try:
        scraper.denied("http://a.test/x")
        assert scraper.get("http://a.test/p").content == HEAD + b"/p"
    finally:
        scraper.close_client()
        scraper.client = given
    assert proxy.targets("a.test") == ("/p",)
    assert scraper.decisions("http://a.test/p")


# -- together ----------------------------------------------------------------------------------------------


def test_many_requests_at_once(start: Start) -> None:
    def site(request: Request) -> Answer:
        if request.target == "/robots.txt":
            return robots("User-agent: *\nDisallow: /x")
        return Answer(HEAD + f"{request.host}{request.target}".encode(), gzip=request.target.endswith("0"), chunk=20)

    scraper = start(site)
    urls = [f"http://h{n % 7}.test/{'x' if n % 3 == 0 else 'p'}/{n}" for n in range(160)]
    for url, answer in zip(urls, scraper.get_all(urls), strict=True):
        if "/x/" in url:
            assert isinstance(answer, Denied), answer
            assert answer.decision.url == url
        else:
            assert isinstance(answer, httpx.Response), answer
            assert answer.content == HEAD + url.removeprefix("http://").encode()
    for n in range(7):
        assert len(scraper.web.hits(f"h{n}.test", "/robots.txt")) == 1
        assert not any(target.startswith("/x") for target in scraper.web.targets(f"h{n}.test"))
    released = [o for o in scraper.outcomes() if o["disposition"] == "released"]
    assert len(released) == sum("/p/" in url for url in urls)
    # A second round asks no site for its policy again.
    before = len(scraper.web.log)
    scraper.get_all(urls[:20])
    assert len(scraper.web.log) == before + sum("/p/" in url for url in urls[:20])


def test_closing(start: Start) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE)}})
    scraper.get("http://a.test/p")
    scraper.close_client()
    with pytest.raises(RuntimeError, match="closed"):
        scraper.get("http://a.test/p")
    # The gate belongs to its maker and goes on.
    assert scraper.run(scraper.gate.check("http://a.test/p")).allowed
    make = scraper.gate.httpx_client if scraper.kind == "sync" else scraper.gate.httpx_async_client
    scraper.client = make(
        transport=scraper.web.transport() if scraper.kind == "sync" else scraper.web.async_transport()
    )
    assert scraper.get("http://a.test/p").content == PAGE
    scraper.close_gate()
    sent = len(scraper.web.log)
    with pytest.raises(LedgerError):
        scraper.get("http://a.test/p")
    assert len(scraper.web.log) == sent


def test_the_inner_transport_is_closed_with_the_client(kind: str, start: Start) -> None:
    closed: list[str] = []

    class Inner(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def close(self) -> None:
            closed.append("sync")

        async def aclose(self) -> None:
            closed.append("async")

    start({}, transport=Inner()).close_client()
    assert closed == [kind]


def test_a_record_that_cannot_be_written_keeps_the_body_back(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    scraper = start({"a.test": {"/p": Answer(PAGE), "/q": Answer(PAGE)}})
    scraper.get("http://a.test/p")
    append = scraper.gate.core.ledger.append_decision

    def full(at: Any, url: str, basis: Any, *rest: Any, **named: Any) -> Any:
        if basis.stage == "post_fetch":
            raise LedgerError("no space left", "ledger")
        return append(at, url, basis, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(scraper.gate.core.ledger, "append_decision", full)
        with pytest.raises(LedgerError):
            scraper.get("http://a.test/q")
    assert scraper.web.targets("a.test") == ("/p", "/q")


@respx.mock
def test_transports_wrap_any_inner_transport(tmp_path: Path) -> None:
    """As in the module's first lines: an inner transport, here one that a test library has replaced."""
    respx.get("http://a.test/robots.txt").respond(text="User-agent: *\nDisallow: /x")
    respx.get("http://a.test/.well-known/tdmrep.json").respond(404)
    page = respx.get("http://a.test/p").respond(html="<p>hello</p>")
    with (
        Gate(DECLARATION, home=tmp_path, evidence_transport=httpx.HTTPTransport()) as gate,
        httpx.Client(transport=GateTransport(gate), headers={"User-Agent": AGENT}) as client,
    ):
        assert client.get("http://a.test/p").text == "<p>hello</p>"
        with pytest.raises(Denied):
            client.get("http://a.test/x")
        # Under another name a site cannot know whom it speaks to.
        with httpx.Client(transport=GateTransport(gate)) as other, pytest.raises(Held):
            other.get("http://a.test/p", headers={"User-Agent": "Other/1.0"})
    assert page.call_count == 1


@respx.mock
def test_async_transports_wrap_any_inner_transport(tmp_path: Path) -> None:
    respx.get("http://a.test/robots.txt").respond(404)
    respx.get("http://a.test/.well-known/tdmrep.json").respond(404)
    respx.get("http://a.test/p").respond(html="<p>hello</p>")

    async def run() -> None:
        async with (
            AsyncGate(DECLARATION, home=tmp_path, evidence_transport=httpx.AsyncHTTPTransport()) as gate,
            httpx.AsyncClient(transport=AsyncGateTransport(gate), headers={"User-Agent": AGENT}) as client,
        ):
            assert (await client.get("http://a.test/p")).text == "<p>hello</p>"

    asyncio.run(run())


class Further(httpx.BaseTransport):
    """More octets than the length says."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/p":
            return httpx.Response(404)
        head = {"Content-Type": "text/html", "Content-Length": str(len(PAGE))}
        return httpx.Response(200, headers=head, stream=Pieces(PAGE, b"<meta name=robots content=noai>"))


class Pieces(httpx.SyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces


def test_what_follows_beyond_the_length_is_no_part_of_the_body(tmp_path: Path) -> None:
    with (
        Gate(DECLARATION, home=tmp_path, evidence_transport=Further()) as gate,
        httpx.Client(transport=GateTransport(gate, Further()), headers={"User-Agent": AGENT}) as client,
    ):
        assert client.get("http://a.test/p").content == PAGE
    _, read = [each.table for each in records(tmp_path / "ledger", kinds=("outcome",))]
    assert (read["disposition"], read["bytes"], read["complete"]) == ("read", len(PAGE), True)
    assert read["sha256"] == hashlib.sha256(PAGE).hexdigest()


@pytest.mark.parametrize("further", [0, 1])
def test_a_page_longer_than_is_read_is_not_all_looked_at(tmp_path: Path, further: int) -> None:
    limits = replace(DEFAULT_LIMITS, page_head_bytes=len(PAGE) - further)
    with (
        Gate(DECLARATION, home=tmp_path, evidence_transport=Further(), limits=limits) as gate,
        httpx.Client(transport=GateTransport(gate, Further()), headers={"User-Agent": AGENT}) as client,
    ):
        client.get("http://a.test/p")
    decision = list(records(tmp_path / "ledger", kinds=("basis",)))[-1].table
    assert decision["not_assessed"].get("check.terms") == ("not_assessed.head_only" if further else None)


# -- the server of these tests -----------------------------------------------------------------------------


def test_the_server_tells_what_it_sent() -> None:
    go_on = threading.Event()
    sites: Sites = {
        "a.test": {"/big": Answer(b"x" * BIG), "/parts": Answer((b"one", go_on, b"two")), "/cut": Answer((b"a", CUT))}
    }
    with WebServer(sites) as web, httpx.Client(transport=web.transport()) as client:
        assert len(client.get("http://a.test/big").content) == BIG
        hit: Hit = web.hit("a.test", "/big")
        assert (hit.sent, hit.complete, hit.method, hit.status) == (BIG, True, "GET", 200)
        with client.stream("GET", "http://a.test/parts") as response:
            assert next(response.iter_bytes()) == b"one"
            go_on.set()
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("http://a.test/cut")
        assert client.get("http://b.test/").status_code == 404
        assert web.targets("a.test") == ("/big", "/parts", "/cut")
