"""Clients in other languages behind the proxy: nothing denied is requested, no denied page is seen, all is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlgate import Blocklist
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from crawlgate.limits import DEFAULT_LIMITS
from tests.integrations import programs
from tests.integrations.clients import AGENT, DECLARATION, HERE
from tests.integrations.mitmproxy_env import Absent, Proxy, proxy
from tests.webserver import CUT, Answer, WebServer, redirect, robots

HEAD = b"<!doctype html><html><head><title>Tide tables</title></head><body>"
NOAI = b'<!doctype html><html><head><meta name="robots" content="noai"></head><body>'
BIG = 8 * 1024 * 1024
LISTED = "pirate.example"
DECLARED = {name: getattr(DECLARATION, name) for name in ("operator", "token", "user_agent", "token_published")}
ROBOTS = "/robots.txt"


def site() -> dict[str, Any]:
    return {
        "/": Answer(HEAD + b"tide"),
        "/go": redirect("/there"),
        "/there": Answer(HEAD + b"there"),
        "/big": Answer(HEAD + b"y" * 1_000_000, chunk=4000),
        "/packed": Answer(HEAD + b"y" * 1000, gzip=True),
        "/image": Answer(b"i" * 1_000_000, content_type="image/png"),
        "/noai": Answer(NOAI + b"x" * BIG),
        "/noai-chunked": Answer(NOAI + b"x" * BIG, chunk=4000),
        "/header": Answer(b"x" * BIG, headers=(("X-Robots-Tag", "noai"),), content_type="image/png"),
        "/forbidden": Answer(b"x" * BIG, status=403),
        "/cut": Answer((HEAD, CUT)),
        "/empty": Answer(b""),
        "/nothing": Answer(b"", status=204),
        "/leads-away": redirect(f"http://{LISTED}/"),
    }


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with WebServer({}) as web:
        yield web


@pytest.fixture(scope="module")
def behind(web: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("proxy")
    listed = folder / "list.txt"
    listed.write_text(LISTED)
    told = {
        "declaration": DECLARED,
        "allow_addresses": HERE,
        "home": folder / "home",
        "limits": replace(DEFAULT_LIMITS, evidence_deadline=1.0),
        "blocklists": [Blocklist(listed, vouched_by="tester", verified=True, issuer="RHA")],
    }
    try:
        with proxy(folder, **told) as at_work:
            yield at_work
        report = verify(folder / "home" / "ledger")
        assert (report.ok, report.problems) == (True, ())
        assert not [path for path in (folder / "home" / "ledger").iterdir() if path.suffix == ".open"]
    except Absent as absent:
        pytest.skip(str(absent))


@pytest.fixture
def sites(web: WebServer, request: pytest.FixtureRequest) -> dict[str, str]:
    """The addresses of an open site, of one that is closed to us, and of one on the list; new names for each test."""
    name = request.node.name.replace("[", "-").replace("]", "").replace("_", "-")[:50].lower().strip("-")
    closed = {ROBOTS: robots("User-agent: ExampleBot\nDisallow: /"), "/": Answer(HEAD), "/x.png": Answer(b"i")}
    web.sites |= {f"open-{name}.test": site(), f"closed-{name}.test": closed, LISTED: {"/": Answer(HEAD)}}  # type: ignore[operator]
    return {
        "open": f"http://open-{name}.test:{web.port}",
        "closed": f"http://closed-{name}.test:{web.port}",
        "listed": f"http://{LISTED}:{web.port}",
    }


def host(url: str) -> str:
    return url.partition("://")[2].partition(":")[0]


@pytest.fixture
def client(behind: Proxy) -> Iterator[httpx.Client]:
    with httpx.Client(proxy=behind.url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("run", [programs.curl, programs.node, programs.java], ids=["curl", "node", "java"])
def test_a_loop_in_another_language(
    behind: Proxy, web: WebServer, sites: dict[str, str], tmp_path: Path, run: Callable[..., list[str]]
) -> None:
    urls = [f"{sites['open']}/", f"{sites['open']}/go", f"{sites['open']}/big", f"{sites['closed']}/"]
    urls += [f"{sites['open']}{path}" for path in ("/noai", "/noai-chunked", "/header", "/forbidden")]
    urls += [f"{sites['listed']}/", f"{sites['open']}/"]
    lines = run(behind.port, urls, tmp_path)
    assert [line.split(" ", 1)[0] for line in lines] == ["200"] * 3 + ["403"] * 6 + ["200"]
    from_site = [line.split(" ", 1)[1].startswith("the site") for line in lines]
    assert from_site == [True] * 3 + [False] * 6 + [True]
    assert [line.rpartition(" ")[2] for line in lines[:3]] == [str(len(HEAD) + n) for n in (4, 5, 1_000_000)]
    before, after = lines[3], lines[4]
    assert 'crawlgate; error=http_request_denied; details="deny, B2"' in before
    assert 'crawlgate; received-status=200; details="deny, B2"' in after
    assert 'details="deny, C1"' in lines[8]
    assert web.targets(host(sites["closed"])) == ()
    assert web.hits(LISTED) == ()
    asked = [hit.wait() for hit in web.hits(host(sites["open"]))]
    assert {hit.user_agent for hit in asked} == {AGENT}
    cut = [
        (hit.target, hit.sent < BIG // 2, hit.complete) for hit in asked if hit.target[1:5] in ("noai", "head", "forb")
    ]
    assert cut == [(path, True, False) for path in ("/noai", "/noai-chunked", "/header", "/forbidden")]


def test_a_headless_chromium(behind: Proxy, web: WebServer, sites: dict[str, str], tmp_path: Path) -> None:
    """The page and what it brings along: each is asked about."""
    page = f"<body><h1>Tides</h1><img src='{sites['closed']}/x.png'><img src='{sites['open']}/image'></body>"
    web.sites[host(sites["open"])]["/page"] = Answer(page)  # type: ignore[index]
    named = f"--user-agent={AGENT}"
    assert "<h1>Tides</h1>" in programs.chromium(behind.port, f"{sites['open']}/page", tmp_path, named)
    assert "/image" in web.targets(host(sites["open"]))
    shown = programs.chromium(behind.port, f"{sites['closed']}/", tmp_path, named)
    assert '"verdict":"deny"' in shown
    shown = programs.chromium(behind.port, f"{sites['open']}/noai", tmp_path, named)
    assert '"verdict":"deny"' in shown
    assert "xxxx" not in shown
    assert web.targets(host(sites["closed"])) == ()
    assert {hit.user_agent for hit in web.hits(host(sites["open"]))} == {AGENT}


def test_a_browser_under_its_own_name_is_held(
    behind: Proxy, web: WebServer, sites: dict[str, str], client: httpx.Client
) -> None:
    answer = client.get(f"{sites['open']}/", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/146.0"})
    table = answer.json()
    assert (answer.status_code, table["verdict"], table["reasons"]) == (403, "review", ["D3"])
    assert table["type"] == "urn:crawlgate:problem:held"
    assert web.targets(host(sites["open"])) == ()


def test_what_passes_is_as_it_was_sent(sites: dict[str, str], client: httpx.Client, web: WebServer) -> None:
    for path, status, size in (("/", 200, 70), ("/image", 200, 1_000_000), ("/empty", 200, 0), ("/nothing", 204, 0)):
        answer = client.get(f"{sites['open']}{path}")
        assert (answer.status_code, len(answer.content)) == (status, size), path
        assert answer.headers["Crawlgate-Record"]
        assert "Proxy-Status" not in answer.headers
    assert client.head(f"{sites['open']}/big").status_code == 200
    assert client.get(f"{sites['open']}/packed").headers["content-encoding"] == "gzip"


def test_a_client_gets_no_coding_that_it_did_not_ask_for(
    sites: dict[str, str], client: httpx.Client, web: WebServer
) -> None:
    for offered, asked in (("", "identity"), ("br, zstd", "identity"), ("gzip, deflate, br", "gzip, deflate")):
        client.get(f"{sites['open']}/", headers={"Accept-Encoding": offered})
        assert web.hits(host(sites["open"]), "/")[-1].headers["accept-encoding"] == asked


def test_a_deny_for_now_says_when_to_ask_again(sites: dict[str, str], client: httpx.Client, web: WebServer) -> None:
    web.sites[host(sites["closed"])] = {ROBOTS: robots("busy", status=503)}  # type: ignore[index]
    answer = client.get(f"{sites['closed']}/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "300")
    assert answer.json()["type"] == "urn:crawlgate:problem:not_now"
    assert 'details="deny for now, B2' in answer.headers["proxy-status"]


def test_a_request_for_another_site_than_its_name_says_is_refused(
    sites: dict[str, str], client: httpx.Client, web: WebServer
) -> None:
    answer = client.get(f"{sites['open']}/", headers={"Host": host(sites["closed"])})
    assert (answer.status_code, answer.json()["problem"]) == (403, "host_mismatch")
    assert web.targets(host(sites["open"])) == web.targets(host(sites["closed"])) == ()


def test_an_upload_is_asked_about_too(sites: dict[str, str], client: httpx.Client, web: WebServer) -> None:
    assert client.post(f"{sites['open']}/", content=b"z" * 100_000).status_code == 200
    assert client.post(f"{sites['closed']}/", content=b"z" * 100_000).status_code == 403
    assert web.targets(host(sites["closed"])) == ()


def test_a_connection_is_used_on_after_a_refusal(behind: Proxy, sites: dict[str, str], client: httpx.Client) -> None:
    for path in ("/", "/noai", "/", "/header", "/", "/forbidden", "/", "/noai-chunked", "/big"):
        said = client.get(f"{sites['open']}{path}")
        assert said.status_code == (200 if path in ("/", "/big") else 403), path


def test_what_breaks_on_the_way_is_on_record(
    behind: Proxy, sites: dict[str, str], client: httpx.Client, web: WebServer
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{sites['open']}/cut")
    client.get(f"{sites['open']}/big")
    ledger = behind.conf.parent / "home" / "ledger"
    by_url = {f"{said.segment}:{said.seq}": said.url for said in decisions(ledger)}
    outcomes = [dict(row.table) for row in records(ledger, kinds={"outcome"})]
    ends = {(by_url[row["decision"]].rpartition("/")[2], row["complete"]) for row in outcomes if "complete" in row}
    assert ("cut", False) in ends
    assert ("big", True) in ends
    assert ("big", False) not in ends


def test_the_record_names_client_and_route(behind: Proxy, sites: dict[str, str], client: httpx.Client) -> None:
    client.get(f"{sites['open']}/forbidden")
    ledger = behind.conf.parent / "home" / "ledger"
    (started,) = [dict(row.table) for row in records(ledger, kinds={"client"})]
    assert started["client"].startswith("mitmproxy ")
    refused = [dict(row.table) for row in records(ledger, kinds={"attempt"})][-1]
    assert (refused["user_agent"], refused["proxy"], refused["status"]) == (AGENT, "direct", 403)
