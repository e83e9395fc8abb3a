"""What is particular to requests: bodies as the session reads them, retries, sessions, errors."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from crawlgate import ConfigError, Denied, Held
from crawlgate.integrations.requests import GateAdapter, GateSession
from tests.integrations.clients import AGENT, HEAD, PAGE, Requests, started
from tests.webserver import CUT, Answer, Request, redirect, robots

Start = Callable[..., tuple[Requests, str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with started(Requests, tmp_path) as start:
        yield start


def test_bodies_arrive_as_without_the_gate(start: Start) -> None:
    answers = {
        "/gzip": Answer(PAGE, gzip=True),
        "/length": Answer(PAGE),
        "/chunked": Answer(PAGE, gzip=True, chunk=1000),
        "/empty": Answer(b""),
        "/204": Answer(b"", status=204, content_type=""),
        "/pdf": Answer(PAGE, content_type="application/pdf"),
    }
    client, at = start(answers)
    with requests.Session() as plain:
        for path, answer in answers.items():
            bare, ours = plain.get(at + path), client.client.get(at + path)
            assert (ours.status_code, ours.content) == (bare.status_code, bare.content), path
            assert (ours.url, ours.headers, ours.raw.closed) == (bare.url, bare.headers, bare.raw.closed), path
            ours = client.client.get(at + path, stream=True)
            assert ours.raw.read(decode_content=True) == bare.content, path
            if ours.raw.chunked:
                ours = client.client.get(at + path, stream=True)
                assert b"".join(ours.raw.read_chunked(777, decode_content=True)) == bare.content, path
            ours = client.client.get(at + path, stream=True)
            assert ours.raw.geturl() == bare.raw.geturl() == path
            assert b"".join(ours.iter_content(777)) == bare.content, path
            wire = gzip.compress(PAGE, mtime=0) if answer.gzip else bare.content
            read = client.records("outcome")[-1]
            assert (read["disposition"], read["complete"], read["bytes"]) == ("read", True, len(wire)), path
            assert read["sha256"] == hashlib.sha256(wire).hexdigest(), path
    assert client.web.connections < 10  # they are used again


def test_a_page_streams_as_it_comes_once_its_head_is_judged(start: Start) -> None:
    more = threading.Event()
    client, at = start({"/p": Answer((HEAD, b"one", more, b"two"))})
    pieces = client.client.get(at + "/p", stream=True).iter_content(8192)
    assert next(pieces).startswith(HEAD)
    more.set()
    assert b"".join(pieces).endswith(b"two")


def test_a_body_left_unread_is_not_downloaded(start: Start) -> None:
    client, at = start({"/p": Answer(HEAD + bytes(8_000_000))})
    with client.client.get(at + "/p", stream=True) as answer:
        assert answer.raw.read(10) == HEAD[:10]
    read = client.records("outcome")[-1]
    assert (read["complete"], read["bytes"]) == (False, 10)
    assert not client.web.hit("a.test", "/p").complete


def test_cookies_redirects_and_posts_work(start: Start) -> None:
    def echo(request: Request) -> Answer:
        return Answer(request.body + request.headers.get("cookie", "").encode(), content_type="text/plain")

    moved = Answer("", status=302, headers=(("Location", "/echo"), ("Set-Cookie", "seen=1")))
    client, at = start({"/go": moved, "/echo": echo, "/307": redirect("/echo", 307)})
    answer = client.client.get(at + "/go")
    assert (answer.content, [hop.status_code for hop in answer.history]) == (b"seen=1", [302])
    assert client.client.post(at + "/307", data=b"tide ").content == b"tide seen=1"


@pytest.mark.parametrize("part", [HEAD[:30], HEAD])
def test_a_connection_that_breaks_is_told_as_by_requests(start: Start, part: bytes) -> None:
    client, at = start({"/p": Answer((part, CUT))})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.client.get(at + "/p")
    last = client.records("outcome")[-1]
    assert (
        last["disposition"] == "failed" if part != HEAD else (last["disposition"], last["complete"]) == ("read", False)
    )


def test_each_retry_is_asked(start: Start) -> None:
    left = [Answer("busy", status=503), Answer("busy", status=503), Answer(HEAD)]
    client, at = start({"/p": lambda _: left.pop(0)})
    again = Retry(total=3, status_forcelist=[503], backoff_factor=0)
    with GateSession(client.gate, max_retries=again) as session:
        assert session.get(at + "/p").content == HEAD
        assert len(client.web.hits("a.test", "/p")) == 3
        assert len([d for d in client.decisions() if d.basis["stage"] == "pre_fetch"]) == 3
        client.web.sites = {"a.test": {"/p": Answer("busy", status=503)}}
        with pytest.raises(requests.exceptions.RetryError):
            session.get(at + "/p")
    assert len(client.web.hits("a.test", "/p")) == 7


def test_a_retry_never_asks_again_for_what_refused(start: Start) -> None:
    client, at = start({"/p": Answer("no", status=403)})
    with GateSession(client.gate, max_retries=Retry(3, status_forcelist=[403])) as session, pytest.raises(Denied):
        session.get(at + "/p")
    assert client.web.targets("a.test") == ("/p",)


def test_an_adapter_that_leads_around_the_gate(start: Start) -> None:
    client, at = start({"/p": Answer(HEAD)})
    client.client.mount("http://a.test", HTTPAdapter())
    with pytest.raises(ConfigError, match="GateAdapter"):
        client.client.get(at + "/p")
    client.client.mount("http://a.test", GateAdapter(client.gate, pool_maxsize=2))
    assert client.client.get(at + "/p").content == HEAD


def test_a_session_of_ones_own_needs_one_line(start: Start) -> None:
    client, at = start({"/p": Answer(HEAD)})
    with requests.Session() as session:
        session.mount("http://", GateAdapter(client.gate))
        assert session.get(at + "/p").content == HEAD
    assert {hit.user_agent for hit in client.web.log} == {AGENT}


def test_what_is_judged_is_what_is_asked_for(start: Start) -> None:
    client, at = start({"/robots.txt": robots("User-agent: *\nDisallow: /b"), "/c": Answer(HEAD)})
    request = client.client.prepare_request(requests.Request("GET", at + "/"))
    request.url = at + "/a/%2e%2e/b"
    with pytest.raises(Denied):
        client.client.send(request)
    request.url = at + "/a/%2e%2e/c"
    assert client.client.send(request).content == HEAD
    with pytest.raises(Denied, match="another host"):
        client.client.get(at + "/c", headers={"Host": "b.test"})
    assert client.web.targets("a.test") == ("/c",)


def test_the_route_and_credentials_are_seen_and_no_secret_kept(start: Start) -> None:
    client, at = start({"/p": Answer(HEAD), "/q": Answer("no", status=403)})
    proxies = {"http": at.replace("http://", "http://ann:s3cret@").replace("a.test", "127.0.0.1")}
    with pytest.raises(Denied):
        client.client.get(at + "/q", proxies=proxies)
    assert client.records("attempt")[-1]["proxy"] == f"127.0.0.1:{client.web.port}"
    with pytest.raises((Denied, Held)):
        client.client.get(at + "/p", auth=("ann", "s3cret"))
    assert client.web.targets("a.test") == ("/q",)
    assert all(b"s3cret" not in file.read_bytes() for file in client.home.rglob("*") if file.is_file())
