"""Chromium behind the gate: what pages, frames, popups, workers and redirects ask for, by the server's own log."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error, async_playwright
from playwright.sync_api import sync_playwright

from crawlgate import AsyncGate, ConfigError, Declaration, Denied, Gate, Held, LedgerError
from crawlgate.ledger.query import records
from crawlgate.ledger.verify import verify
from tests.integrations.clients import AGENT, CHROMIUM, DECLARATION, HERE, LOCAL, RESOLVED, names
from tests.webserver import CUT, Answer, Request, WebServer, redirect, robots

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason=f"{CHROMIUM} is absent: install Debian's package chromium"
)
DOCS = Path(__file__).parents[2] / "docs" / "browsers.md"
LAUNCH: dict[str, Any] = {"executable_path": CHROMIUM, "args": [RESOLVED, LOCAL]}
HIDING = "--disable-blink-features=AutomationControlled"
NOAI = (("X-Robots-Tag", "noai"),)
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
SCRIPT = """
window.open("/popup"); fetch("/private/data.json").catch(() => 0); fetch("/data.json"); new Worker("/worker.js");
"""


class Driver:
    """Playwright itself, started once for all tests here."""

    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.playwright = self.runner.run(async_playwright().start())

    def run(self, test: Any) -> Any:
        return self.runner.run(test)

    def stop(self) -> None:
        self.runner.run(self.playwright.stop())
        self.runner.close()


DRIVER = Driver()


@pytest.fixture(scope="module", autouse=True)
def driver() -> Iterator[None]:
    DRIVER.start()
    yield
    DRIVER.stop()


class Behind:
    """A browser behind a gate, with the web before it."""

    def __init__(self, web: WebServer, gate: AsyncGate, browser: Any, gated: Any) -> None:
        self.web, self.gate, self.browser, self.gated = web, gate, browser, gated

    def at(self, target: str, host: str = "a.test") -> str:
        return f"http://{host}:{self.web.port}{target}"

    async def load(self, target: str, host: str = "a.test", **options: Any) -> Any:
        page = await (await self.gated.new_context(**options)).new_page()
        return page, await self.gated.goto(page, self.at(target, host))


@asynccontextmanager
async def behind(
    home: Path, sites: dict[str, Any], launch: list[str] | None = None, **options: Any
) -> AsyncIterator[Behind]:
    with WebServer(sites) as web, names():
        async with AsyncGate(DECLARATION, home=home, allow_addresses=HERE) as gate:
            browser = await DRIVER.playwright.chromium.launch(
                executable_path=CHROMIUM, args=[RESOLVED, LOCAL, *(launch or ())]
            )
            yield Behind(web, gate, browser, await gate.playwright(browser, **options))
            await browser.close()


def elsewhere(text: str) -> Any:
    """A page with links to other hosts of the same server."""
    return lambda request: Answer(text.replace("PORT", request.headers["host"].partition(":")[2]))


def site(**more: Any) -> dict[str, Any]:
    return {
        "/robots.txt": robots("User-agent: *\nDisallow: /private/"),
        "/p": Answer("<title>Tide</title><p>tide"),
        "/noai": Answer("<title>Noai</title>", headers=NOAI),
        "/meta": Answer('<html><head><meta name="robots" content="noai"><script src="/never.js"></script></head>'),
        "/go": redirect("/private/x"),
        "/cut": Answer(before=(CUT,)),
        "/photo.svg": Answer(DRAWING, content_type="image/svg+xml", headers=NOAI),
        "/data.json": Answer("{}", content_type="application/json"),
        **more,
    }


def test_everything_that_a_page_loads_is_asked_about_and_the_page_goes_on_without_what_is_refused(
    tmp_path: Path,
) -> None:
    page = (
        "<title>Tide</title><img src='/photo.svg'><img src='/private/i.png'><iframe src='/private/frame'></iframe>"
        f"<iframe src='http://b.test:PORT/frame'></iframe><script>{SCRIPT}</script>"
    )
    sites = {
        "a.test": site(
            **{
                "/": elsewhere(page),
                "/popup": Answer("<title>popup</title><img src='http://closed.test/x.png'>"),
                "/worker.js": Answer("fetch('/private/w.json'); fetch('/w.json')", content_type="text/javascript"),
            }
        ),
        "b.test": {"/robots.txt": robots("User-agent: ExampleBot\nDisallow: /")},
    }

    def read() -> list[Any]:
        became = [t.table for t in records(tmp_path / "ledger", kinds={"outcome"})]
        return [table["complete"] for table in became if table["disposition"] == "read"]

    async def run() -> None:
        async with behind(tmp_path, sites) as b:
            page, answer = await b.load("/")
            assert (answer.status, await page.title()) == (200, "Tide")
            for _ in range(400):
                if {"/w.json", "/popup", "/data.json"} <= set(b.web.targets("a.test")) and len(read()) == 2:
                    break
                await asyncio.sleep(0.05)
            asked = b.web.targets("a.test")
            assert {"/", "/photo.svg", "/popup", "/data.json", "/worker.js", "/w.json"} <= set(asked)
            assert not [target for target in asked if target.startswith("/private")]
            assert b.web.targets("b.test") == ()
            assert b.gated.refusal(b.at("/private/frame")).verdict == "deny"
            assert {hit.user_agent for hit in b.web.log} == {AGENT}
            assert [len(b.web.hits(host, "/robots.txt")) for host in sites] == [1, 1]

    DRIVER.run(run())
    assert verify(tmp_path / "ledger").ok
    assert read() == [True, True]  # the page and the popup


def test_what_is_refused_raises_and_is_not_shown(tmp_path: Path) -> None:
    async def run() -> None:
        async with behind(tmp_path, {"a.test": site()}) as b:
            page = await (await b.gated.new_context()).new_page()
            for _ in range(2):  # one page, again and again: an error page of the browser is in nobody's way
                for target in ("/private/x", "/noai", "/meta", "/go"):
                    with pytest.raises(Denied) as denied:
                        await b.gated.goto(page, b.at(target))
                    assert {finding.criterion for finding in denied.value.decision.reasons} == {"B2"}
                assert (await b.gated.goto(page, b.at("/p"))).status == 200
            with pytest.raises(Error, match="ERR_BLOCKED_BY_CLIENT"):
                await page.goto(b.at("/noai"))
            assert b.gated.refusal(b.at("/noai")).verdict == "deny"
            assert b.gated.refusal(b.at("/p")) is None
            with pytest.raises(Error, match="ERR_EMPTY_RESPONSE"):
                await b.gated.goto(page, b.at("/cut"))
            assert not {"/never.js", "/private/x"} & set(b.web.targets("a.test"))

    DRIVER.run(run())
    tables = [record.table for record in records(tmp_path / "ledger", kinds={"outcome"})]
    assert {"released", "discarded", "passed_on", "failed"} <= {table["disposition"] for table in tables}


def test_the_name_that_is_sent_is_the_declared_one_or_on_record(tmp_path: Path) -> None:
    async def run() -> None:
        async with behind(tmp_path, {"a.test": site()}) as b:
            own = await (await b.browser.new_context()).new_page()  # a context that nobody gave a name
            await b.gated.goto(own, b.at("/p"))
            assert b.web.hit("a.test", "/p").user_agent == AGENT
            with pytest.raises(Held, match="D3"):
                await b.load("/p", user_agent="Mozilla/5.0 (Windows NT 10.0)")
            with pytest.raises(Denied, match="http_credentials"):
                await b.load("/p", http_credentials={"username": "collector", "password": "secret"})
            assert len(b.web.hits("a.test", "/p")) == 1

    DRIVER.run(run())
    named, known = (record.table for record in records(tmp_path / "ledger", kinds={"attempt"}))
    assert named["user_agent"].startswith("Mozilla/5.0 (Windows")
    assert known["credentials"] == "the http_credentials of a context"


def test_a_session_that_the_site_gave_to_anybody_is_no_login_and_one_brought_along_is(tmp_path: Path) -> None:
    session = (("Set-Cookie", "PHPSESSID=1; Path=/"),)
    moved = Answer("", status=302, headers=(("Location", "/p"), ("Set-Cookie", "sid=2; Path=/")))

    async def test() -> None:
        async with behind(tmp_path, {"a.test": site(**{"/in": Answer("in", headers=session), "/moved": moved})}) as b:
            page, _ = await b.load("/in")
            for target in ("/p", "/moved", "/p"):
                assert (await b.gated.goto(page, b.at(target))).status == 200
            await page.context.add_cookies([{"name": "session", "value": "3", "url": b.at("/")}])
            with pytest.raises(Denied, match="session"):
                await b.gated.goto(page, b.at("/p"))

    DRIVER.run(test())


def test_service_workers_are_blocked_and_asked_about_where_somebody_lets_them(tmp_path: Path) -> None:
    worker = "self.addEventListener('install', e => e.waitUntil(fetch('/private/sw').catch(() => fetch('/sw-done'))))"
    register = "<script>navigator.serviceWorker.register('/sw.js')</script>"
    sites = {"localhost": site(**{"/": Answer(register), "/sw.js": Answer(worker, content_type="text/javascript")})}

    async def run() -> None:
        async with behind(tmp_path, sites) as b:
            await b.load("/", "localhost")
            with pytest.raises(ConfigError, match="service_workers"):
                await b.gated.new_context(service_workers="allow")
            page = await b.browser.new_page()
            assert b.web.hits("localhost", "/sw.js") == ()
            await b.gated.goto(page, b.at("/", "localhost"))
            for _ in range(100):
                if b.web.hits("localhost", "/sw-done"):
                    break
                await asyncio.sleep(0.05)
            assert b.web.hits("localhost", "/sw-done")
            assert not b.web.hits("localhost", "/private/sw")

    DRIVER.run(run())


def test_what_is_collected_is_judged_and_the_rest_may_be_left_or_let_through(tmp_path: Path) -> None:
    page = Answer("<img src='/photo.svg' onerror=\"document.title='none'\"><script src='/private/s.js'></script>")

    async def run(title: str, targets: set[str], **options: Any) -> None:
        home = tmp_path / title
        async with behind(home, {"a.test": site(**{"/": page})}, **options) as b:
            loaded, _ = await b.load("/")
            assert await loaded.title() == ("none" if "none" in title else "")
            assert set(b.web.targets("a.test")) - {"/favicon.ico"} == targets

    DRIVER.run(run("none, judged", {"/", "/photo.svg"}, collect=("document", "image")))
    DRIVER.run(run("none, blocked", {"/"}, subresources="block"))
    DRIVER.run(run("pass", {"/", "/photo.svg", "/private/s.js"}, subresources="pass"))


def test_a_browser_has_one_gate(tmp_path: Path) -> None:
    async def run() -> None:
        async with behind(tmp_path / "one", {"a.test": site()}) as b:
            again = await asyncio.gather(*(b.gate.playwright(b.browser) for _ in range(3)))
            assert all(gated is b.gated for gated in again)
            async with AsyncGate(DECLARATION, home=tmp_path / "two") as other:
                with pytest.raises(ConfigError, match="behind another gate"):
                    await other.playwright(b.browser)
            browser = await b.browser.browser_type.launch(**LAUNCH)
            for wrong in ({"collect": "document"}, {"collect": ["pictures"]}, {"subresources": "maybe"}):
                with pytest.raises(ConfigError, match="write"):
                    await b.gate.playwright(browser, **wrong)
            assert await b.gate.playwright(browser) is not b.gated
            await browser.close()

    DRIVER.run(run())


def test_what_hides_a_browser_is_found_and_recorded(tmp_path: Path) -> None:
    async def run() -> None:
        async with behind(tmp_path, {}, launch=[HIDING]) as b:
            for server in ("http://one.test:1", "http://user:secret@two.test:2"):
                await b.gated.new_context(proxy={"server": server})

    DRIVER.run(run())
    hidden, rotated = (record.table for record in records(tmp_path / "ledger", kinds={"client"}))
    assert re.fullmatch(r"playwright \S+, chromium \d+\S*", hidden["client"])
    assert hidden["settings"] == [
        {"setting": "navigator.webdriver", "value": "hidden", "looks_like": "stealth_fetcher"}
    ]
    assert [(found["value"], found["looks_like"]) for found in rotated["settings"]] == [
        ("one.test:1", "rotating_proxy"),
        ("two.test:2", "rotating_proxy"),
    ]


def test_nothing_loads_that_cannot_be_recorded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with behind(tmp_path, {"a.test": site()}) as b:
            await b.gate.aclose()
            with caplog.at_level(logging.CRITICAL), pytest.raises(LedgerError):
                await b.load("/p")
            assert b.web.targets("a.test") == ()

    DRIVER.run(run())


def test_web_sockets_are_asked_about(tmp_path: Path) -> None:
    page = "<script>for (let t of ['/private/ws', '/ws']) new WebSocket('ws://a.test:PORT' + t).onclose = e => {"
    page += "document.title += t + (e.code == 1008 ? ' refused|' : ' closed|')}</script>"

    async def run() -> None:
        async with behind(tmp_path, {"a.test": site(**{"/": elsewhere(page)})}) as b:
            shown, _ = await b.load("/")
            for _ in range(100):
                if (await shown.title()).count("|") == 2:
                    break
                await asyncio.sleep(0.05)
            assert sorted((await shown.title()).split("|")) == ["", "/private/ws refused", "/ws closed"]
            assert [target for target in b.web.targets("a.test") if target.endswith("ws")] == ["/ws"]

    DRIVER.run(run())


def test_routes_of_the_user_work_as_ever(tmp_path: Path) -> None:
    async def run() -> None:
        async with behind(tmp_path, {"a.test": site()}) as b:
            context = await b.gated.new_context()
            await context.route("**/private/made-up", lambda route: route.fulfill(body="<title>made up</title>"))
            await context.route("**/p", lambda route: route.continue_())
            page = await context.new_page()
            await b.gated.goto(page, b.at("/private/made-up"))
            assert await page.title() == "made up"
            await b.gated.goto(page, b.at("/p"))
            assert await page.title() == "Tide"
            assert b.web.targets("a.test") == ("/p",)

    DRIVER.run(run())


def test_blocking_code_has_the_same(tmp_path: Path) -> None:
    served: list[str] = []

    def page(request: Request) -> Answer:
        served.append(request.target)
        return Answer("<title>Tide</title><img src='/private/i.png'>", gzip=True)

    with WebServer({"a.test": site(**{"/": page})}) as web, names(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        with Gate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate:
            gated = gate.playwright(browser)
            assert gate.playwright(browser) is gated
            shown = gated.new_context().new_page()
            answer = gated.goto(shown, f"http://a.test:{web.port}/")
            assert answer is not None
            assert (answer.status, shown.title()) == (200, "Tide")
            for target in ("/private/x", "/noai", "/go"):
                with pytest.raises(Denied):
                    gated.goto(shown, f"http://a.test:{web.port}{target}")
            assert web.targets("a.test").count("/") == 1
            assert not [target for target in web.targets("a.test") if target.startswith("/private")]
        browser.close()
    assert verify(tmp_path / "ledger").ok


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"<!-- playwright -->\n```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    space: dict[str, Any] = {}
    exec(example.replace("chromium.launch()", f"chromium.launch(**{LAUNCH!r})"), space)
    with WebServer({"a.test": site()}) as web, names():
        urls = [f"http://a.test:{web.port}{target}" for target in ("/p", "/private/x", "/p")]
        declaration: Declaration = DECLARATION
        made = asyncio.run(space["collect"](urls, declaration, home=tmp_path, allow_addresses=HERE))
        assert list(made.values()) == ["Tide", "deny"]
