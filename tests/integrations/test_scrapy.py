"""A Scrapy project behind the gate, as its own command line runs it, against a real server whose log has the last word."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crawlgate import Blocklist, ConfigError, Gate, Refused
from crawlgate.declaration import from_table
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from crawlgate.limits import DEFAULT_LIMITS
from crawlgate.policy.config import read_toml
from tests.webserver import CUT, HANG, POLICY_FILES, Answer, Request, WebServer, redirect, robots

pytest.importorskip("scrapy")

CACHED = "HTTPCACHE_ENABLED=True"
HERE = Path(__file__).parent
PROJECT = HERE / "scrapy_project"
AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
HEAD = "<!doctype html><html><head><title> A page </title>"
NOAI = '<meta name="robots" content="noai">'
BIG = 4 * 1024 * 1024
FILL = b"x" * BIG
"""So much more than fits into the buffers on the way that a body which was not wanted is seen to be cut."""

ALLOWED = [
    "http://books.test/plain",
    "http://books.test/zipped",
    "http://books.test/unnamed",
    "http://books.test/busy",
    "http://books.test/photo.png",
    "http://html.test/page",
    "http://search.test/page",
]
REFUSED_BEFORE = [
    "http://books.test/private/diary",
    "http://bots.test/page",  # others are named, we are not: for a person
    "http://named.test/page",
    "http://bom.test/page",
    "http://down.test/page",
    "http://slow.test/page",
    "http://gone.test/page",
    "http://usage.test/page",
    "http://signal.test/page",
    "http://tdm.test/page",
    "http://listed.test/page",
]
REFUSED_BY_HEADERS = [
    "http://noai-header.test/page",
    "http://usage-header.test/page",
    "http://tdm-header.test/page",
    "http://unauthorized.test/page",
    "http://priced.test/page",
    "http://forbidden.test/page",
    "http://legal.test/page",
    "http://challenge.test/page",
]
REFUSED_BY_HEAD = ["http://noai-meta.test/page", "http://zipped-meta.test/page", "http://dataset.test/page"]
REDIRECTS = {
    "http://books.test/moved": "http://books.test/plain?moved",
    "http://books.test/to-listed": "http://listed.test/film",
    "http://books.test/to-private": "http://books.test/private/letters",
    "http://books.test/hop1": "http://books.test/hop2",
    "http://books.test/hop2": "http://named.test/deep",
}
NEVER_REACHED = ["http://listed.test/film", "http://books.test/private/letters", "http://named.test/deep"]
"""Where redirects lead, the last one over two hops."""
MEMBERS = "http://members.test/page"  # sends to a login
DOTTED = "http://books.test/open/%2e%2e/plain?dots"
"""Readers of URLs differ about it; what is judged is what is asked for."""
TAKEN = ["http://books.test/", "http://books.test/plain?moved", "http://books.test/plain?dots", *ALLOWED]


def page(head: str = "", body: str | bytes = b"", **options: Any) -> Answer:
    text = body.encode() if isinstance(body, str) else body
    return Answer(HEAD.encode() + head.encode() + b"</head><body>" + text + b"</body></html>", **options)


def sites() -> dict[str, Any]:
    served = {"busy": 0}

    def busy(request: Request) -> Answer:
        served["busy"] += 1
        return page() if served["busy"] > 1 else Answer("later", status=429, headers=(("Retry-After", "0"),))

    def index(request: Request) -> Answer:
        port = request.headers["host"].partition(":")[2]
        urls = (*ALLOWED, *REFUSED_BEFORE, *REFUSED_BY_HEADERS, *REFUSED_BY_HEAD, *REDIRECTS, MEMBERS, DOTTED)
        return page(body="".join(f'<a href="{at(url, port)}">x</a>' for url in urls))

    def elsewhere(url: str) -> Any:
        return lambda request: redirect(at(url, request.headers["host"].partition(":")[2]))

    data = '{"@context":"https://schema.org","@type":"Dataset","name":"Corpus","license":"https://shop.test/eula",'
    data += '"isAccessibleForFree":false,"offers":{"@type":"Offer","price":"900","priceCurrency":"USD"}}'
    books = {
        "/robots.txt": robots("User-agent: *\nDisallow: /private/\n"),
        "/": index,
        "/plain": page(),
        "/zipped": page(gzip=True),
        "/unnamed": page(chunk=100),
        "/moved": redirect("/plain?moved"),
        "/plain?moved": page(),
        "/plain?dots": page(),
        "/busy": busy,
        "/photo.png": Answer(b"\x89PNG", content_type="image/png"),
        "/private/diary": page(),
        "/to-listed": elsewhere("http://listed.test/film"),
        "/to-private": redirect("/private/letters"),
        "/hop1": redirect("/hop2"),
        "/hop2": elsewhere("http://named.test/deep"),
    }
    reservation = Answer('[{"location":"*","tdm-reservation":1}]', content_type="application/json")
    policies = {
        "bots.test": robots("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /"),
        "named.test": robots("User-agent: ExampleBot\nDisallow: /"),
        "bom.test": robots(b"\xef\xbb\xbfUser-agent: *\nDisallow: /"),
        "down.test": robots("busy", status=503),
        "slow.test": robots("", before=(HANG,)),
        "gone.test": robots("", before=(CUT,)),
        "html.test": page(body="not a robots.txt"),
        "signal.test": robots("User-agent: *\nContent-Signal: ai-train=no\nAllow: /"),
        "search.test": robots("User-agent: *\nContent-Signal: search=no\nAllow: /"),
        "usage.test": robots("User-agent: *\nContent-Usage: train-ai=n\nAllow: /"),
    }
    pages = {
        "noai-header.test": page(body=FILL, headers=(("X-Robots-Tag", "noai"),)),
        "usage-header.test": page(body=FILL, headers=(("Content-Usage", "train-ai=n"),)),
        "tdm-header.test": page(body=FILL, headers=(("TDM-Reservation", "1"),)),
        "unauthorized.test": page(body=FILL, status=401, headers=(("WWW-Authenticate", 'Basic realm="x"'),)),
        "priced.test": page(body=FILL, status=402, headers=(("crawler-price", "USD 0.05"),)),
        "forbidden.test": page(body=FILL, status=403),
        "legal.test": page(body=FILL, status=451),
        "challenge.test": page(body=FILL, status=403, headers=(("cf-mitigated", "challenge"),)),
        "noai-meta.test": page(NOAI, FILL),
        "zipped-meta.test": page(NOAI, os.urandom(BIG), gzip=True),
        "dataset.test": page(f'<script type="application/ld+json">{data}</script>', FILL),
        "members.test": redirect("/login?next=/page"),
    }
    return (
        {"books.test": books, "listed.test": {"/page": page()}}
        | {"tdm.test": {"/page": page(), "/.well-known/tdmrep.json": reservation}}
        | {host: {"/page": page(), "/robots.txt": policy} for host, policy in policies.items()}
        | {host: {"/page": answer, "/login?next=/page": page()} for host, answer in pages.items()}
    )


def at(url: str, port: int | str) -> str:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}:{port}{slash}{path}"


@dataclass
class Crawl:
    """One run of the project's own command line, and what it left."""

    home: Path
    pages: dict[str, dict[str, Any]]
    missing: dict[str, dict[str, Any]]
    stats: dict[str, Any]
    log: str
    port: int
    hits: int
    """How long the server's log was when it ended."""


def crawl(web: WebServer, folder: Path, *settings: str, spider: str = "pages", start: str = "/") -> Crawl:
    items, stats, home = folder / "items.jsonl", folder / "stats.json", folder / "home"
    items.unlink(missing_ok=True)
    (folder / "pirates.txt").write_text("listed.test\n")
    lists = [{"path": str(folder / "pirates.txt"), "vouched_by": "K. Sato", "verified": True}]
    given = {
        "CRAWLGATE_HOME": str(home),
        "CRAWLGATE_ALLOW_ADDRESSES": "127.0.0.0/8",
        "CRAWLGATE_BLOCKLISTS": json.dumps(lists),
        "CRAWLGATE_LIMITS": json.dumps({"evidence_deadline": 1}),
        "STATS_FILE": str(stats),
        "HTTPCACHE_DIR": str(folder / "cache"),
    }
    options = [word for name, value in given.items() for word in ("-s", f"{name}={value}")]
    options += [word for setting in settings for word in ("-s", setting)]
    command = [
        sys.executable,
        str(HERE / "loopback_scrapy.py"),
        "crawl",
        spider,
        "-a",
        f"start={at('http://books.test' + start, web.port)}",
    ]
    done = subprocess.run(
        [*command, "-O", str(items), *options],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(HERE.parent.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in items.read_text("utf-8").splitlines()]
    bare = {row["url"].replace(f":{web.port}", ""): row for row in rows}
    return Crawl(
        home,
        {url: row for url, row in bare.items() if "title" in row},
        {url: row for url, row in bare.items() if "title" not in row},
        json.loads(stats.read_text("utf-8")),
        done.stderr,
        web.port,
        len(web.log),
    )


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with WebServer(sites()) as server:
        yield server


@pytest.fixture(scope="module")
def whole(web: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    """The whole web crawled once; the tests look at different sides of it."""
    return crawl(web, tmp_path_factory.mktemp("crawl"), CACHED)


def test_the_spider_sees_what_may_be_taken_and_its_errback_the_rest(whole: Crawl) -> None:
    assert set(whole.pages) == set(TAKEN)
    assert {row["verdict"] for row in whole.pages.values()} == {"allow"}
    refused = {*REFUSED_BEFORE, *NEVER_REACHED, *REFUSED_BY_HEADERS, *REFUSED_BY_HEAD, MEMBERS}
    assert set(whole.missing) == refused
    assert {row["error"] for row in whole.missing.values()} == {"GateRefused"}
    assert all(row["criteria"] for row in whole.missing.values())
    for_a_person = {url for url, row in whole.missing.items() if row["verdict"] == "review"}
    assert for_a_person == {"http://bots.test/page", "http://dataset.test/page"}


def test_the_project_keeps_working(whole: Crawl, web: WebServer) -> None:
    assert whole.pages["http://books.test/zipped"]["title"] == "A page"  # decoded, and stripped by a pipeline
    assert whole.stats["bookshop/pages"] == len(whole.pages)
    assert whole.stats["retry/reason_count/429 Unknown Status"] == 1
    assert all("x-trace" in hit.headers for hit in web.log if hit.target not in POLICY_FILES)
    assert whole.stats["finish_reason"] == "finished"
    assert "log_count/ERROR" not in whole.stats


def test_the_servers_log(whole: Crawl, web: WebServer) -> None:
    asked = [(hit.host, hit.target) for hit in web.log[: whole.hits]]
    robots_asked = [host for host, target in asked if target == "/robots.txt"]
    assert len(robots_asked) == len(set(robots_asked))
    assert "listed.test" not in {host for host, _ in asked}
    assert {hit.user_agent for hit in web.log[: whole.hits]} == {AGENT}
    pages = [f"http://{host}{target}" for host, target in asked if target not in POLICY_FILES]
    once = [*TAKEN, *REDIRECTS, MEMBERS, *REFUSED_BY_HEADERS, *REFUSED_BY_HEAD]
    assert sorted(pages) == sorted([*once, "http://books.test/busy"])  # that one was asked again after its 429
    for url in (*REFUSED_BY_HEADERS, *REFUSED_BY_HEAD):
        hit = web.hits(url.split("/")[2], "/page")[0].wait()
        assert not hit.complete
        assert hit.sent < BIG / 4


def test_stats_count_by_verdict_and_criterion(whole: Crawl) -> None:
    stats = whole.stats
    reviews = 2
    assert stats["crawlgate/review"] == reviews
    assert stats["crawlgate/review/B3"] == stats["crawlgate/review/B1"] == 1
    assert stats["crawlgate/deny"] == len(whole.missing) - reviews
    assert stats["crawlgate/deny/C1"] == 2
    assert stats["crawlgate/stopped"] == len(REFUSED_BY_HEADERS) + len(REFUSED_BY_HEAD) + 1  # MEMBERS
    passed_on = len(REDIRECTS) + 1
    assert stats["crawlgate/allow"] == len(whole.pages) + passed_on


def test_everything_is_on_record(whole: Crawl) -> None:
    assert verify(whole.home / "ledger").ok
    told = {record.url.replace(f":{whole.port}", ""): record for record in decisions(whole.home / "ledger")}
    assert {url: str(told[url].verdict) for url in whole.missing} == {
        url: row["verdict"] for url, row in whole.missing.items()
    }
    outcomes = [record.table for record in records(whole.home / "ledger", kinds={"outcome"})]
    assert sum(o["disposition"] == "discarded" for o in outcomes) == len(REFUSED_BY_HEADERS) + 3
    (client,) = records(whole.home / "ledger", kinds={"client"})
    assert client.table["client"].startswith("scrapy 2.")
    assert client.table["settings"] == []


def test_httpx_answers_the_same(whole: Crawl, web: WebServer, tmp_path: Path) -> None:
    declared = from_table(read_toml((PROJECT / "crawlgate.toml").read_bytes(), "declaration"))
    lists = [Blocklist(whole.home.parent / "pirates.txt", vouched_by="K. Sato", verified=True)]
    limits = replace(DEFAULT_LIMITS, evidence_deadline=1)
    gate = Gate(declared, home=tmp_path, blocklists=lists, evidence_transport=web.transport(), limits=limits)
    with gate, gate.httpx_client(transport=web.transport()) as client:
        for url in (*ALLOWED, *whole.missing):
            try:
                client.get(at(url, whole.port))
                verdict = "allow"
            except Refused as refused:
                verdict = str(refused.decision.verdict)
            assert verdict == (whole.missing.get(url) or whole.pages[url])["verdict"], url


def test_the_http_cache_serves_a_second_run_and_never_held_what_was_refused(whole: Crawl, web: WebServer) -> None:
    kept = b"".join(file.read_bytes() for file in (whole.home.parent / "cache").rglob("*") if file.is_file())
    assert b"A page" in kept
    assert NOAI.encode() not in kept
    assert b"xxxxxxxx" not in kept
    before, later = len(web.log), robots("User-agent: *\nDisallow: /private/\nDisallow: /plain\n")
    web.sites["books.test"]["/robots.txt"] = later  # type: ignore[index]
    again = crawl(web, whole.home.parent, CACHED)
    hits = web.log[before:]
    assert {hit.target for hit in hits if hit.host == "books.test"} == set(POLICY_FILES)
    assert again.pages["http://books.test/unnamed"]["cached"] is True
    assert again.stats["httpcache/hit"] >= len(ALLOWED)
    # The site changed its mind: a copy at hand is no reason to take it.
    assert again.missing["http://books.test/plain"]["verdict"] == "deny"


@pytest.mark.parametrize("reactor", ["asyncioreactor.AsyncioSelectorReactor", "selectreactor.SelectReactor"])
def test_observe_records_and_never_blocks_whatever_the_reactor(reactor: str, tmp_path: Path) -> None:
    few = {
        "/robots.txt": robots("User-agent: *\nDisallow: /private\n"),
        "/": page(body='<a href="/private">x</a><a href="/noai">x</a><a href="/meta">x</a>'),
        "/private": page(),
        "/noai": page(headers=(("X-Robots-Tag", "noai"),)),
        "/meta": page(NOAI),
    }
    with WebServer({"books.test": few}) as web:
        seen = crawl(web, tmp_path, "CRAWLGATE_MODE=observe", f"TWISTED_REACTOR=twisted.internet.{reactor}")
        assert {url.rpartition("/")[2]: row["verdict"] for url, row in seen.pages.items()} == {
            "": "allow",
            "private": "deny",
            "noai": "deny",
            "meta": "deny",
        }
        assert sorted(web.targets("books.test")) == ["/", "/meta", "/noai", "/private"]
        enforced = crawl(web, tmp_path, f"TWISTED_REACTOR=twisted.internet.{reactor}")
        assert {url.rpartition("/")[2] for url in enforced.missing} == {"private", "noai", "meta"}
        assert verify(enforced.home / "ledger").ok


def test_another_identity_is_a_finding_and_rotation_is_on_record(tmp_path: Path) -> None:
    with WebServer({"books.test": {"/": page()}}) as web:
        seen = crawl(web, tmp_path, spider="browserlike")
        assert {hit.user_agent for hit in web.log} == {AGENT}  # policy files; no page was asked for
        assert web.targets("books.test") == ()
    assert "the declaration says" in seen.log
    (client,) = records(seen.home / "ledger", kinds={"client"})
    (found,) = client.table["settings"]
    assert found["looks_like"] == "rotating_user_agent"
    assert found["value"] == "bookshop.middlewares.RandomUserAgentMiddleware"
    for decision in decisions(seen.home / "ledger"):
        assert decision.basis["findings"]["D3"]["reason"] == "d3.token_not_sent"
    attempts = [record.table for record in records(seen.home / "ledger", kinds={"attempt"})]
    assert attempts
    assert all(table["user_agent"].startswith("Mozilla/5.0") for table in attempts)


def test_settings_that_cannot_be_stop_the_crawl_before_it_begins(tmp_path: Path) -> None:
    from scrapy.settings import Settings

    from crawlgate.integrations.scrapy import GateAddon

    declared = {"operator": "Example Lab", "token": "ExampleBot", "user_agent": AGENT}
    good = {"CRAWLGATE_DECLARATION": declared}
    for wrong, said in (
        ({"CRAWLGATE_DECLARATION": str(tmp_path / "none.toml")}, "none.toml: cannot be read"),
        ({"CRAWLGATE_DECLARATION": {"operator": "Example Lab"}}, "token is missing"),
        (good | {"CRAWLGATE_PROFIL": "strict"}, "did you mean 'CRAWLGATE_PROFILE'"),
        (good | {"CRAWLGATE_BLOCKLISTS": [{"vouched_by": "K. Sato"}]}, "CRAWLGATE_BLOCKLISTS"),
        (good | {"CRAWLGATE_BLOCKLISTS": "[broken"}, "begins like JSON"),
        (good | {"CRAWLGATE_LIMITS": {"evidence_deadlin": 1}}, "did you mean 'evidence_deadline'"),
        (good | {"CRAWLGATE_GATE": "some.gate"}, "CRAWLGATE_DECLARATION would not be heeded"),
        ({"CRAWLGATE_GATE": "nowhere.gate"}, "cannot be imported"),
        ({"CRAWLGATE_GATE": "os.path"}, "no Gate or AsyncGate but module"),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)):
            GateAddon().update_settings(Settings(wrong))
    settings = Settings(good | {"ROBOTSTXT_OBEY": True})
    GateAddon().update_settings(settings)
    assert settings["USER_AGENT"] == AGENT
    assert not settings.getbool("ROBOTSTXT_OBEY")


def test_without_scrapy_the_extra_is_named() -> None:
    code = "import sys; sys.modules['scrapy'] = None; import crawlgate.integrations.scrapy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'crawlgate[scrapy]'" in done.stderr
