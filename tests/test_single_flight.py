"""One evidence fetch per origin however many ask at once; how long an answer stands; who takes over from whom."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlgate import AsyncGate, Declaration, Gate
from crawlgate.ledger.query import records
from crawlgate.ledger.verify import verify
from crawlgate.limits import DEFAULT_LIMITS
from crawlgate.model import Decision
from tests.webserver import CUT, HANG, Answer, Request, WebServer, redirect, robots

DECLARATION = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0 (+https://lab.example/bot)",
    token_published=True,
)
RULES = robots("User-agent: *\nDisallow: /x")
DAY = 24 * 3600
RETRY = DEFAULT_LIMITS.unreachable_retry
SHORT = replace(DEFAULT_LIMITS, evidence_deadline=0.4, evidence_connect=0.3)
URL = "http://a.test/p"


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self._start = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.seconds)

    def ticks(self) -> float:
        return 1000.0 + self.seconds


class Asker:
    """A gate, sync or async, asked from blocking code."""

    def __init__(self, kind: str, web: WebServer, home: Path, **options: Any) -> None:
        self.home = home
        self.gate: Any
        self._runner: asyncio.Runner | None = None
        if kind == "sync":
            self.gate = Gate(DECLARATION, home=home, evidence_transport=web.transport(), **options)
        else:
            self._runner = asyncio.Runner()
            self.gate = AsyncGate(DECLARATION, home=home, evidence_transport=web.async_transport(), **options)

    def check(self, url: str = URL) -> Decision:
        return self.checks([url])[0]

    def checks(self, urls: list[str]) -> list[Decision]:
        """All at once, as threads that start together or as tasks."""
        if self._runner is not None:

            async def together() -> list[Decision]:
                return await asyncio.gather(*(self.gate.check(url) for url in urls))

            return self._runner.run(together())
        start = threading.Barrier(len(urls))

        def one(url: str) -> Decision:
            start.wait(30)
            return self.gate.check(url)

        with ThreadPoolExecutor(len(urls)) as pool:
            return list(pool.map(one, urls))

    def close(self) -> None:
        if self._runner is None:
            self.gate.close()
        else:
            self._runner.run(self.gate.aclose())
            self._runner.close()


Ask = Callable[..., Asker]


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def ask(kind: str, tmp_path: Path) -> Iterator[Ask]:
    """Makes an asker for a server; at the end its ledger must verify."""
    made: list[Asker] = []

    def make(web: WebServer, **options: Any) -> Asker:
        made.append(Asker(kind, web, tmp_path / f"home{len(made)}", **options))
        return made[-1]

    yield make
    for asker in made:
        asker.close()
        assert verify(asker.home / "ledger").ok


def fetches(web: WebServer, host: str = "a.test") -> int:
    return len(web.hits(host, "/robots.txt"))


# -- at once -----------------------------------------------------------------------------------------------


def test_a_new_origin_is_asked_once_however_many_ask(kind: str, ask: Ask) -> None:
    many = 100 if kind == "sync" else 200
    with WebServer({"a.test": {"/robots.txt": replace(RULES, before=(0.05,))}}) as web:
        asker = ask(web)
        answers = asker.checks([f"http://a.test/{'x' if n % 2 else 'p'}/{n}" for n in range(many)])
        assert [a.verdict for a in answers] == ["allow", "deny"] * (many // 2)
        assert [hit.target for hit in web.hits("a.test")] == ["/robots.txt", "/.well-known/tdmrep.json"]
        assert len({a.record for a in answers}) == many
    kept = list(records(asker.home / "ledger", kinds={"evidence"}))
    assert len(kept) == 2


def test_origins_do_not_wait_for_each_other(ask: Ask) -> None:
    other_came = threading.Event()

    def other(request: Request) -> Answer:
        other_came.set()
        return RULES

    sites = {"slow.test": {"/robots.txt": replace(RULES, before=(other_came,))}, "a.test": {"/robots.txt": other}}
    with WebServer(sites) as web:
        answers = ask(web).checks(["http://slow.test/p", "http://a.test/p"])
    assert [a.verdict for a in answers] == ["allow", "allow"]


def test_scheme_and_port_make_an_origin(ask: Ask) -> None:
    with WebServer({"a.test": {"/robots.txt": RULES}}) as web:
        asker = ask(web)
        asker.checks(["http://a.test/1", "http://a.test:80/2", "http://A.test./3", "http://a.test:8080/4"])
        assert fetches(web) == 2


# -- how long an answer stands -----------------------------------------------------------------------------

_STANDING = {
    "200": (RULES, DAY),
    "404": (Answer(status=404), DAY),
    "403": (Answer(status=403), DAY),
    "503": (Answer(status=503), RETRY),
    "429": (Answer(status=429), RETRY),
    "timeout": (replace(RULES, before=(HANG,)), RETRY),
    "cut": (replace(RULES, before=(CUT,)), RETRY),
    "cut in the middle": (replace(RULES, body=(b"User-agent: *\n", CUT)), RETRY),
    "endless redirects": (redirect("/robots.txt"), RETRY),
}


@pytest.mark.parametrize("case", _STANDING)
def test_an_answer_stands_and_is_asked_for_again(ask: Ask, case: str) -> None:
    answer, stands = _STANDING[case]
    hops = 1 + DEFAULT_LIMITS.robots_redirects if answer.status == 302 else 1
    clock = ManualClock()
    with WebServer({"a.test": {"/robots.txt": answer}}) as web:
        asker = ask(web, clock=clock, limits=SHORT if case == "timeout" else DEFAULT_LIMITS)
        first = asker.check()
        again = asker.checks([URL] * 20)
        assert all(a.basis == first.basis for a in again)
        clock.seconds = stands - 1
        assert asker.check().basis == first.basis
        assert fetches(web) == hops
        clock.seconds = stands + 1
        asker.checks([URL] * 20)
        assert fetches(web) == 2 * hops


def test_an_unreachable_site_is_denied_for_now_and_recovers(ask: Ask) -> None:
    answers = iter([Answer(status=503), Answer(status=500), RULES])
    clock = ManualClock()
    with WebServer({"a.test": {"/robots.txt": lambda _: next(answers)}}) as web:
        asker = ask(web, clock=clock)
        for _ in range(2):
            decision = asker.check()
            assert (decision.verdict, decision.temporary) == ("deny", True)
            clock.seconds += RETRY + 1
        assert asker.check().allowed
        assert asker.check("http://a.test/x").verdict == "deny"


def test_a_copy_is_never_older_than_a_day(ask: Ask) -> None:
    answers = iter([RULES, robots("User-agent: *\nDisallow: /p"), Answer(status=503)])
    clock = ManualClock()
    with WebServer({"a.test": {"/robots.txt": lambda _: next(answers)}}) as web:
        asker = ask(web, clock=clock)
        assert asker.check().allowed
        clock.seconds = DAY
        assert (asker.check().verdict, fetches(web)) == ("deny", 2)
        # Also when no new copy can be had: an old allow does not live on.
        clock.seconds = 2 * DAY
        decision = asker.check("http://a.test/x")
        assert (decision.verdict, decision.temporary) == ("deny", True)


def test_the_wall_clock_does_not_make_a_copy_younger(ask: Ask) -> None:
    clock = ManualClock()
    with WebServer({"a.test": {"/robots.txt": RULES}}) as web:
        asker = ask(web, clock=clock)
        asker.check()
        clock._start -= timedelta(days=30)  # somebody sets the clock back
        clock.seconds = DAY + 1
        asker.check()
        assert fetches(web) == 2


@pytest.mark.parametrize(
    ("asked_for", "stands"),
    [
        ("7200", 7200),
        ("Fri, 01 May 2026 14:00:00 GMT", 7200),
        ("5", RETRY),
        ("Fri, 01 May 2026 11:00:00 GMT", RETRY),
        ("999999", DAY),
        ("99999999999999999999", DAY),
        ("Fri, 01 May 2099 11:00:00 GMT", DAY),
        ("-5", RETRY),
        ("soon", RETRY),
        ("01 Jan 99999999999999999999 00:00:00 GMT", RETRY),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(ask: Ask, status: int, asked_for: str, stands: float) -> None:
    clock = ManualClock()
    with WebServer({"a.test": {"/robots.txt": Answer(status=status, headers=(("Retry-After", asked_for),))}}) as web:
        asker = ask(web, clock=clock)
        asker.check()
        clock.seconds = stands - 1
        asker.check()
        assert fetches(web) == 1
        clock.seconds = stands + 1
        asker.check()
        assert fetches(web) == 2


def test_the_page_request_is_not_what_counts(ask: Ask) -> None:
    """A 503 of a page does not make robots.txt be asked for again."""
    with WebServer({"a.test": {"/robots.txt": RULES}}) as web:
        asker = ask(web)
        for _ in range(3):
            assert asker.check().allowed
        assert web.targets("a.test") == ()
        assert fetches(web) == 1


# -- who takes over ----------------------------------------------------------------------------------------


def test_another_task_takes_over_from_a_cancelled_one(tmp_path: Path) -> None:
    release = threading.Event()
    answers = iter([replace(RULES, before=(HANG,)), replace(RULES, before=(release,))])

    async def run() -> list[Decision]:
        async with AsyncGate(DECLARATION, home=tmp_path, evidence_transport=web.async_transport()) as gate:
            first = asyncio.create_task(gate.check(URL))
            while fetches(web) < 1:
                await asyncio.sleep(0.002)
            others = [asyncio.create_task(gate.check(f"http://a.test/p/{n}")) for n in range(50)]
            await asyncio.sleep(0.01)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            # One that merely waits may give up as well.
            others[25].cancel()
            while fetches(web) < 2:
                await asyncio.sleep(0.002)
            release.set()
            told = await asyncio.gather(*others, return_exceptions=True)
            assert isinstance(told.pop(25), asyncio.CancelledError)
            return told

    with WebServer({"a.test": {"/robots.txt": lambda _: next(answers)}}) as web:
        told = asyncio.run(run())
        assert [d.verdict for d in told] == ["allow"] * 49
        assert fetches(web) == 2
    assert verify(tmp_path / "ledger").ok
    assert len(list(records(tmp_path / "ledger", kinds={"decision"}))) == 49


def test_cancelling_them_all_leaves_nothing_behind(tmp_path: Path) -> None:
    answers = iter([replace(RULES, before=(HANG,)), RULES])

    async def run() -> Decision:
        async with AsyncGate(DECLARATION, home=tmp_path, evidence_transport=web.async_transport()) as gate:
            tasks = [asyncio.create_task(gate.check(URL)) for _ in range(20)]
            while fetches(web) < 1:
                await asyncio.sleep(0.002)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return await gate.check(URL)

    with WebServer({"a.test": {"/robots.txt": lambda _: next(answers)}}) as web:
        assert asyncio.run(run()).allowed
        assert fetches(web) == 2
    assert verify(tmp_path / "ledger").ok


def test_another_thread_takes_over_from_a_failed_one(tmp_path: Path) -> None:
    """What a broken transport raises stops the one who asked, not those who wait."""
    waiting = threading.Event()

    class Broken(httpx.BaseTransport):
        calls = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            Broken.calls += 1
            if Broken.calls == 1:
                waiting.wait(10)
                raise ZeroDivisionError
            return httpx.Response(404)

    with Gate(DECLARATION, home=tmp_path, evidence_transport=Broken()) as gate, ThreadPoolExecutor(20) as pool:
        first = pool.submit(gate.check, URL)
        while Broken.calls == 0:
            time.sleep(0.002)
        others = [pool.submit(gate.check, URL) for _ in range(19)]
        time.sleep(0.02)
        waiting.set()
        with pytest.raises(ZeroDivisionError):
            first.result(10)
        assert all(other.result(10).allowed for other in others)
        assert Broken.calls == 3  # robots.txt again, and tdmrep.json
    assert verify(tmp_path / "ledger").ok


def test_a_task_that_asks_for_many_origins_keeps_no_flights(kind: str, ask: Ask) -> None:
    with WebServer(lambda request: Answer(status=404)) as web:
        asker = ask(web)
        asker.checks([f"http://h{n % 50}.test/{n}" for n in range(100)])
        assert asker.gate._flights == {}
        assert len(web.log) == 100
