"""The demo's web: real servers on loopback, reached by name, with logs that tell what was asked for."""

import asyncio
import socket
from html.parser import HTMLParser

import httpx
import pytest

from crawlgate.demo.sites import LISTED, NOTICES, SITES
from crawlgate.demo.web import DemoWeb, Hit


@pytest.fixture(scope="module")
def web():
    with DemoWeb() as running:
        yield running


@pytest.fixture
def client(web):
    with httpx.Client(transport=web.transport(), headers={"user-agent": "TestBot/1.0"}) as opened:
        yield opened


def test_there_are_enough_sites_and_urls_each_on_a_reserved_domain():
    hosts = [site.host for site in SITES]
    urls = [url for site in SITES for url in site.urls]
    assert len(hosts) == len(set(hosts)) >= 20
    assert len(urls) == len(set(urls)) >= 110
    assert {host.rpartition(".")[2] for host in hosts} == {"example", "test"}
    assert {notice["value"] for notice in NOTICES} <= set(hosts)


def test_every_site_says_what_it_shows_in_both_languages():
    for site in SITES:
        assert site.shows.keys() == {"en", "ja"}
        assert site.shows["en"].isascii()
        assert not site.shows["ja"].isascii()
        assert len(site.crawl) >= 2


def test_every_site_has_its_own_port_of_loopback(web):
    assert len(set(web.ports.values())) == len(SITES)
    for port in web.ports.values():
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_name_leads_to_its_site_and_the_host_header_is_kept(web, client):
    answer = client.get("http://shopfront.example/brushes/boot")
    assert answer.status_code == 200
    assert "<h1>Boot brush</h1>" in answer.text
    assert answer.request.headers["host"] == "shopfront.example"
    # The server knows its own name only, so a request that arrives under another is turned away.
    assert client.get("http://shopfront.example/", headers={"host": "utsuwa.test"}).status_code == 421


def test_the_log_holds_method_path_and_user_agent(web, client):
    client.get("http://utsuwa.test/works/bowl?view=large")
    client.head("http://utsuwa.test/nowhere")
    client.request("BREW", "http://utsuwa.test/pot")
    assert web.log("utsuwa.test")[-3:] == (
        Hit("GET", "/works/bowl?view=large", "TestBot/1.0", 200),
        Hit("HEAD", "/nowhere", "TestBot/1.0", 404),
        Hit("BREW", "/pot", "TestBot/1.0", 501),
    )
    assert web.requested("http://utsuwa.test/works/bowl?view=large")
    assert not web.requested("http://utsuwa.test/works/bowl")
    assert not web.requested("http://elsewhere.test/works/bowl")


def test_async_clients_reach_it_too(web):
    async def ask():
        async with httpx.AsyncClient(transport=web.async_transport()) as opened:
            answers = await asyncio.gather(*(opened.get(site.urls[0]) for site in SITES if site.host != LISTED))
            with pytest.raises(httpx.ConnectError):
                await opened.get("http://elsewhere.test/")
            return [answer.status_code for answer in answers]

    statuses = asyncio.run(ask())
    assert len(statuses) == len(SITES) - 1
    assert set(statuses) == {200, 403}


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.test/",
        "http://127.0.0.1/",
        "http://localhost/",
        "https://walking-diary.example/",
        "http://walking-diary.example:8080/",
        "http://sub.walking-diary.example/",
    ],
)
def test_nothing_else_is_reached(client, url):
    with pytest.raises(httpx.ConnectError, match="not on the demo's web"):
        client.get(url)


def test_pages_are_small_real_pages():
    class Seen(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags = []
            self.lang = ""

        def handle_starttag(self, tag, attrs):
            self.tags.append(tag)
            self.lang = self.lang or dict(attrs).get("lang", "")

    pages = 0
    for site in SITES:
        for path, answer in site.answers.items():
            if (
                path == "/robots.txt"
                or answer.status != 200
                or not dict(answer.headers)["Content-Type"].startswith("text/html")
            ):
                continue
            seen = Seen()
            seen.feed(answer.body.decode())
            assert {"title", "h1", "p", "footer"} <= set(seen.tags), (site.host, path)
            assert seen.lang in ("en", "ja")
            pages += 1
    assert pages >= 80


def test_leaving_the_block_closes_every_port():
    with DemoWeb(SITES[:3]) as running:
        ports = list(running.ports.values())
        with httpx.Client(transport=running.transport()) as opened:
            opened.get(SITES[0].urls[0])
    for port in ports:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    assert len(running.log(SITES[0].host)) == 1
    assert running.connections(SITES[1].host) == 0
