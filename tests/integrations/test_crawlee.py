"""A crawlee project behind the gate, as its own module runs it, against a real server whose log has the last word."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from crawlee import Request
from crawlee.crawlers import HttpCrawler, PlaywrightCrawler
from crawlee.http_clients import HttpClient, HttpxHttpClient, ImpitHttpClient
from crawlee.proxy_configuration import ProxyConfiguration
from crawlee.storage_clients import MemoryStorageClient

from crawlgate import AsyncGate, ConfigError, Denied
from crawlgate.integrations.crawlee import GateHttpClient, GateRefused, put_before
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from tests.integrations.clients import AGENT, CHROMIUM, DECLARATION, HERE
from tests.webserver import Answer, WebServer, redirect, robots

PROJECT = Path(__file__).parent / "crawlee_project"
ROOT = Path(__file__).parents[2]
RUN = """
import runpy, sys
from tests.loopback import names
with names():
    runpy.run_module("tidebook", run_name="__main__")
"""
BIG = 8 * 1024 * 1024
BUSY = Answer("later", status=429, headers=(("Retry-After", "0"),))


def page(body: str, head: str = "", **options: Any) -> Answer:
    return Answer(f"<!doctype html><html><head><title>Tides</title>{head}</head><body>{body}</body></html>", **options)


def harbour(name: str, note: str = "") -> str:
    link = f'<a class="note" href="{note}">note</a>' if note else ""
    row = '<tr><td class="at">06:10</td><td class="metres">3.4</td></tr>'
    return f'<h1> {name} </h1>{link}<table class="tides">{row}</table>'


def sites() -> dict[str, Any]:
    turns = [BUSY]
    links = (
        "calm",
        "noai",
        "meta",
        "private/x",
        "moved",
        "to-private",
        "busy",
        "gone",
        "door",
        "members",
        "noted",
        "big",
    )

    def index(request: Any) -> Answer:
        port = request.headers["host"].partition(":")[2]
        return page(f'<a class="region" href="/north">x</a><a class="region" href="http://closed.test:{port}/">x</a>')

    north = "".join(f'<a class="harbour" href="/h/{name}">{name}</a>' for name in links)
    return {
        "tides.test": {
            "/robots.txt": robots("User-agent: *\nDisallow: /h/private/\nDisallow: /h/secret"),
            "/": index,
            "/north": page(north),
            "/h/calm": page(harbour("Calm")),
            "/h/noai": page(harbour("Noai"), headers=(("X-Robots-Tag", "noai"),)),
            "/h/meta": page(harbour("Meta"), head='<meta name="robots" content="noai">'),
            "/h/moved": redirect("/h/calm2"),
            "/h/calm2": page(harbour("Calm 2"), gzip=True),
            "/h/to-private": redirect("/h/private/y"),
            "/h/busy": lambda _: turns.pop() if turns else page(harbour("Busy")),
            "/h/door": redirect("/login?return_to=/h/door"),
            "/h/members": page("no", status=401, headers=(("WWW-Authenticate", "Basic"),)),
            "/h/noted": page(harbour("Noted", "note.txt")),
            "/h/note.txt": Answer("mind the bar", content_type="text/plain"),
            "/h/big": Answer(b"<html><head><title>x</title></head>" + b"tide " * (BIG // 5), headers=(("tdm-reservation", "1"),)),
        },
        "closed.test": {"/robots.txt": robots("User-agent: ExampleBot\nDisallow: /")},
    }  # fmt: skip


def test_a_project_gets_the_gate_with_one_line_and_keeps_working(tmp_path: Path) -> None:
    shutil.copytree(PROJECT, tmp_path / "project")
    folder = tmp_path / "project"
    with WebServer(sites()) as web:
        # The crawler's client looks up names by itself: the server is its proxy.
        told = os.environ | {"TIDEBOOK_PROXY": f"http://127.0.0.1:{web.port}", "PYTHONPATH": f"{ROOT}:{folder}"}
        start = f"http://tides.test:{web.port}/"
        command = [sys.executable, "-W", "error", "-c", RUN, start]
        done = subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout.splitlines()[-1])

        def short(url: str) -> str:
            return url.removeprefix(f"http://tides.test:{web.port}/h/")

        kept = {short(row["url"]): (row["name"], row["highest"], row["note"]) for row in made["harbours"]}
        assert kept == {
            "calm": ("Calm", 3.4, ""),
            "calm2": ("Calm 2", 3.4, ""),
            "busy": ("Busy", 3.4, ""),
            "noted": ("Noted", 3.4, "mind the bar"),
        }
        missing = {short(url): reason for url, reason in made["missing"].items()}
        assert missing == {
            "noai": "crawlgate: deny B2",
            "meta": "crawlgate: deny B2",
            "private/x": "crawlgate: deny B2",
            "to-private": "crawlgate: deny B2",
            "door": "crawlgate: deny B2",
            "members": "crawlgate: deny B2",
            "big": "crawlgate: deny B2",
            "gone": "failed: HttpClientStatusCodeError",
            f"http://closed.test:{web.port}/": "crawlgate: deny B2",
        }
        # crawlee's own failure is the page that is not there; what the gate refused is none, and is asked for once.
        assert made["failed"] == 1
        asked = web.targets("tides.test")
        assert not {"/h/private/x", "/h/private/y", "/login?return_to=/h/door"} & set(asked)
        assert [target for target in set(asked) if asked.count(target) > 1] == ["/h/busy"]
        assert web.targets("closed.test") == ()
        assert not web.hit("tides.test", "/h/big").complete
        assert len(web.hits("tides.test", "/robots.txt")) == 1
        assert {hit.user_agent for hit in web.log} == {AGENT}
        assert any(hit.headers.get("x-trace") for hit in web.log)  # the project's own hook
    home = folder / ".crawlgate"
    assert verify(home / "ledger").ok
    (client,) = records(home / "ledger", kinds={"client"})
    assert {found["looks_like"] for found in client.table["settings"]} == {"retry_on_blocked", "session_rotation"}
    refused = [record.table.get("refusal") for record in records(home / "ledger", kinds={"attempt"})]
    assert refused.count("http_401") == refused.count("login") == 1


@contextmanager
def gated(tmp_path: Path, site: dict[str, Any]) -> Iterator[tuple[WebServer, str]]:
    with WebServer({"127.0.0.1": site}) as web:
        yield web, f"http://127.0.0.1:{web.port}"


def crawler(**options: Any) -> HttpCrawler:
    return HttpCrawler(storage_client=MemoryStorageClient(), configure_logging=False, **options)


@pytest.mark.parametrize("client", [ImpitHttpClient, HttpxHttpClient], ids=["impit", "httpx"])
def test_a_session_that_the_site_gave_to_anybody_is_no_login(client: type[HttpClient], tmp_path: Path) -> None:
    moved = Answer("", status=302, headers=(("Location", "/p"), ("Set-Cookie", "PHPSESSID=1; Path=/")))
    reached = []
    with gated(tmp_path, {"/in": moved, "/p": Answer("tide")}) as (web, here):

        async def run() -> None:
            async with AsyncGate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate:
                crawling = put_before(crawler(http_client=client()), gate)

                @crawling.router.default_handler
                async def handler(context: Any) -> None:
                    reached.append(context.request.loaded_url)

                await crawling.run([f"{here}/in"])

        asyncio.run(run())
        assert reached == [f"{here}/p"]
        assert web.log[-1].headers["cookie"] == "PHPSESSID=1"


@pytest.mark.parametrize("client", [ImpitHttpClient, HttpxHttpClient], ids=["impit", "httpx"])
def test_every_client_of_crawlee_goes_hop_by_hop(client: type[HttpClient], tmp_path: Path) -> None:
    site = {
        "/robots.txt": robots("User-agent: *\nDisallow: /x"),
        "/a": redirect("/b", 301),
        "/b": Answer("tide", headers=(("Set-Cookie", "seen=1"),)),
        "/into": redirect("/x"),
        "/x": Answer("never"),
        "/two": Answer("never", headers=(("X-Robots-Tag", "otherbot: noindex"), ("X-Robots-Tag", "noai"))),
    }
    with gated(tmp_path, site) as (web, here):

        async def run() -> None:
            async with (
                AsyncGate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate,
                GateHttpClient(gate, client()) as gated,
            ):
                answer = await gated.send_request(f"{here}/a")
                assert (answer.status_code, await answer.read()) == (200, b"tide")
                for refused in ("/into", "/two"):
                    with pytest.raises(Denied):
                        await gated.send_request(f"{here}{refused}")
                    with pytest.raises(GateRefused) as skipped:
                        await gated.crawl(Request.from_url(f"{here}{refused}"))
                    assert skipped.value.decision.verdict == "deny"
                async with gated.stream(f"{here}/b") as streamed:
                    assert [chunk async for chunk in streamed.read_stream()] == [b"tide"]
                asked = Request.from_url(f"{here}/a")
                await gated.crawl(asked)
                assert asked.loaded_url == f"{here}/b"

        asyncio.run(run())
        assert "/x" not in web.targets("127.0.0.1")
        assert {hit.user_agent for hit in web.log} == {AGENT}
    read = [record.table for record in records(tmp_path / "ledger", kinds={"outcome"}) if "sha256" in record.table]
    assert [table["bytes"] for table in read if table["complete"]] == [4, 4, 4]


def test_a_gate_is_made_for_each_run_from_the_file_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"crawlgate\.toml: cannot be read"):
        put_before(crawler())
    shutil.copy(PROJECT / "crawlgate.toml", tmp_path)
    with gated(tmp_path, {"/p": Answer("tide"), "/p?2": Answer("tide")}) as (_, here):

        async def run() -> list[str]:
            seen = []
            made = put_before(crawler(), allow_addresses=HERE)

            @made.router.default_handler
            async def got(context: Any) -> None:
                seen.append(context.request.url)

            for name in ("p", "p?2"):
                await made.run([f"{here}/{name}"])
            with pytest.raises(ConfigError, match="when the crawl begins"):
                made._http_client.gate  # type: ignore[attr-defined] # noqa: B018
            return seen

        assert asyncio.run(run()) == [f"{here}/p", f"{here}/p?2"]
    assert {decision.verdict for decision in decisions(tmp_path / ".crawlgate" / "ledger")} == {"allow"}


def test_what_looks_like_evasion_is_found_and_recorded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[dict[str, str]]:
        async with AsyncGate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate:
            proxies = ProxyConfiguration(proxy_urls=["http://one.test:8000", "http://two.test:8000"])
            made = crawler(http_client=ImpitHttpClient(browser="chrome"), proxy_configuration=proxies)
            with caplog.at_level(logging.WARNING):
                put_before(made, gate)
            plain = put_before(crawler(retry_on_blocked=False, max_session_rotations=0), gate)
            assert plain._http_client.evasive == []  # type: ignore[attr-defined]
            drawn = put_before(crawler(http_client=HttpxHttpClient(), retry_on_blocked=False), gate)
            assert ("header_generator", "rotating_user_agent") in {
                (found["setting"], found["looks_like"])
                for found in drawn._http_client.evasive  # type: ignore[attr-defined]
            }
            await made.run([])
        (client,) = records(tmp_path / "ledger", kinds={"client"})
        assert client.table["client"].startswith("crawlee ")
        return client.table["settings"]

    found = {table["setting"]: (table["value"], table["looks_like"]) for table in asyncio.run(run())}
    assert found == {
        "retry_on_blocked": ("True", "retry_on_blocked"),
        "max_session_rotations": ("10", "session_rotation"),
        "proxy_configuration": ("ProxyConfiguration", "rotating_proxy"),
        "browser": ("chrome", "stealth_fetcher"),
    }
    assert "retry_on_blocked is True, which looks like evasion" in caplog.text


def test_a_client_that_follows_redirects_by_itself_is_refused(tmp_path: Path) -> None:
    class Another(HttpClient):
        def __init__(self) -> None:
            super().__init__()

        crawl = send_request = stream = cleanup = None  # type: ignore[assignment]

    async def run() -> None:
        async with AsyncGate(DECLARATION, home=tmp_path) as gate:
            with pytest.raises(ConfigError, match="Another cannot be told to leave redirects alone"):
                GateHttpClient(gate, Another())
            made = crawler(http_client=GateHttpClient(gate))
            assert put_before(made, gate)._http_client is put_before(made)._http_client
            async with AsyncGate(DECLARATION, home=tmp_path / "other") as other:
                for wrong in (lambda: put_before(made, other), lambda: put_before(made, mode="observe")):
                    with pytest.raises(ConfigError, match="has a gate already"):
                        wrong()

    asyncio.run(run())


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"{CHROMIUM} is absent: install Debian's package chromium")
@pytest.mark.parametrize("incognito", [True, False])
def test_pages_of_a_browser_are_asked_about_and_skipped_alike(incognito: bool, tmp_path: Path) -> None:
    site = {
        "/robots.txt": robots("User-agent: *\nDisallow: /x"),
        "/p": Answer("<title>Tide</title>"),
        "/noai": Answer("<title>Noai</title>", headers=(("X-Robots-Tag", "noai"),)),
        "/go": redirect("/x"),
    }
    told: dict[str, str] = {}

    async def run(here: str) -> Any:
        async with AsyncGate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate:
            made = PlaywrightCrawler(
                storage_client=MemoryStorageClient(),
                configure_logging=False,
                use_incognito_pages=incognito,
                browser_launch_options={"executable_path": CHROMIUM, "chromium_sandbox": False},
            )
            put_before(made, gate)

            @made.router.default_handler
            async def got(context: Any) -> None:
                told[context.request.url] = await context.page.title()
                with pytest.raises(Denied):
                    await context.send_request(f"{here}/x")

            @made.on_skipped_request
            async def skipped(url: str, reason: Any) -> None:
                told[url] = reason

            return await made.run([f"{here}{target}" for target in ("/p", "/x", "/noai", "/go")])

    with gated(tmp_path, site) as (web, here):
        statistics = asyncio.run(run(here))
        assert {url.removeprefix(here): what for url, what in told.items()} == {
            "/p": "Tide",
            "/x": "crawlgate: deny B2",
            "/noai": "crawlgate: deny B2",
            "/go": "crawlgate: deny B2",
        }
        assert (statistics.requests_finished, statistics.requests_failed, statistics.retry_histogram) == (1, 0, [1])
        assert "/x" not in web.targets("127.0.0.1")
        assert {hit.user_agent for hit in web.log} == {AGENT}
