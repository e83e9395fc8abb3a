"""The recipes of docs/recipes.md, as they stand there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from crawlgate import AsyncGate, Gate
from crawlgate.ledger.query import records
from tests.integrations.clients import AGENT, CHROMIUM, DECLARATION, HERE, RESOLVED, names
from tests.webserver import Answer, WebServer, redirect, robots

DOCS = Path(__file__).parents[2] / "docs" / "recipes.md"
TEXT = "The tide tables of the northern harbours are printed every year, with the moon and the bars in mind. " * 12
PAGE = f"<!doctype html><html><head><title>Tides</title></head><body><article><h1>Tides</h1><p>{TEXT}</p></article>"
LINKS = '<a href="/private/x">x</a><a href="/more">more</a><a href="/noai">noai</a>'


def recipe(name: str) -> dict[str, Any]:
    (code,) = re.findall(rf"<!-- {name} -->\n```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    space: dict[str, Any] = {}
    exec(code, space)
    return space


def site() -> dict[str, Any]:
    return {
        "/robots.txt": robots("User-agent: *\nDisallow: /private/"),
        "/": Answer(PAGE + LINKS),
        "/more": Answer(PAGE),
        "/noai": Answer(PAGE, headers=(("X-Robots-Tag", "noai"),)),
        "/go": redirect("/private/x"),
        "/moved": redirect("/more"),
    }


def test_trafilatura_extracts_what_was_fetched_behind_the_gate(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    with WebServer({"a.test": site()}) as web, names(), Gate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate:
        urls = [f"http://a.test:{web.port}{target}" for target in ("/", "/moved", "/noai", "/go", "/private/x")]
        made = {url.rpartition("/")[2]: (text, told) for url, text, told in recipe("trafilatura")["texts"](gate, urls)}
        assert {name for name, (text, told) in made.items() if told == 200 and "tide tables" in text} == {"", "moved"}
        assert {made[name][1].verdict for name in ("noai", "go", "x")} == {"deny"}
        assert "/private/x" not in web.targets("a.test")
        assert {hit.user_agent for hit in web.log} == {AGENT}


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"{CHROMIUM} is absent: install Debian's package chromium")
def test_crawl4ai_asks_for_each_hop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crawl4ai = pytest.importorskip("crawl4ai", reason="crawl4ai is large, and tested in an environment of its own")
    from crawl4ai.deep_crawling import BFSDeepCrawlStrategy
    from crawl4ai.deep_crawling.filters import FilterChain
    from playwright.async_api import BrowserType

    launch = BrowserType.launch

    async def launched(self: BrowserType, **options: Any) -> Any:  # crawl4ai knows no path of a browser
        return await launch(self, **{**options, "executable_path": CHROMIUM})

    monkeypatch.setattr(BrowserType, "launch", launched)
    monkeypatch.setenv("CRAWL4AI_NO_CLOUD_NOTICE", "1")
    monkeypatch.setenv("CRAWL4_AI_BASE_DIRECTORY", str(tmp_path))
    made = recipe("crawl4ai")

    async def run(web: WebServer) -> None:
        async with (
            AsyncGate(DECLARATION, home=tmp_path / "home", allow_addresses=HERE) as gate,
            made["behind"](gate, extra_args=[RESOLVED], verbose=False) as crawler,
        ):
            given = {"cache_mode": crawl4ai.CacheMode.BYPASS, "verbose": False}
            for target, taken in (
                ("/", True),
                ("/moved", True),
                ("/noai", False),
                ("/go", False),
                ("/private/x", False),
            ):
                url = f"http://a.test:{web.port}{target}"
                result = await crawler.arun(url, config=crawl4ai.CrawlerRunConfig(**given))
                refusal = crawler.gated.refusal(url)
                assert (result.success, refusal is None) == (taken, taken), target
                assert taken == ("tide tables" in str(result.markdown)), target
            web.log.clear()
            deep = BFSDeepCrawlStrategy(max_depth=1, filter_chain=FilterChain([made["GateFilter"](gate)]))
            config = crawl4ai.CrawlerRunConfig(deep_crawl_strategy=deep, **given)
            results = await crawler.arun(f"http://a.test:{web.port}/", config=config)
            assert {r.url.rpartition("/")[2]: r.success for r in results} == {"": True, "more": True, "noai": False}

    with WebServer({"a.test": site()}) as web, names():
        asyncio.run(run(web))
        assert "/private/x" not in web.targets("a.test")
        assert {hit.user_agent for hit in web.log} == {AGENT}
    (client,) = records(tmp_path / "home" / "ledger", kinds={"client"})
    assert ("navigator.webdriver", "hidden") in {(f["setting"], f["value"]) for f in client.table["settings"]}
