"""Servers that break the rules of HTTP, before the real clients: what they say is heard all the same."""

import gzip
from pathlib import Path

import pytest

from crawlgate import Denied
from tests.integrations.clients import CLIENTS, HEAD, Client, Requests, started
from tests.webserver import Answer

NOAI = b'<!doctype html><html><head><meta name="robots" content="noai"></head><body>not for AI</body></html>'


def _lies_of_its_length() -> Answer:
    """Chunks, and a length beside them that is that of the first one. Clients go by the chunks (RFC 9112 6.3); aiohttp
    takes no such answer."""
    return Answer((NOAI[:15], 0.05, NOAI[15:]), headers=(("Content-Length", "15"),))


@pytest.mark.parametrize(
    "kind", [CLIENTS[name] for name in ("httpx", "httpx async", "httpx2", "requests", "Scrapy", "crawlee")]
)
def test_a_length_beside_chunks_ends_no_page(kind: type[Client], tmp_path: Path) -> None:
    with started(kind, tmp_path) as start:
        client, site = start({"/": _lies_of_its_length()})
        with pytest.raises(Denied) as refused:
            client.get(f"{site}/")
    assert [reason.criterion for reason in refused.value.decision.reasons] == ["B2"]


@pytest.mark.parametrize("kind", [CLIENTS[name] for name in ("httpx", "requests", "aiohttp")])
def test_a_page_in_several_ranges_is_no_page_that_was_read(kind: type[Client], tmp_path: Path) -> None:
    parts = b"".join(b"--X\r\nContent-Type: text/html\r\n\r\n" + part + b"\r\n" for part in (NOAI[:40], NOAI[40:]))
    several = Answer(parts + b"--X--\r\n", status=206, content_type="multipart/byteranges; boundary=X")
    with started(kind, tmp_path) as start:
        client, site = start({"/": several})
        with pytest.raises(Denied) as refused:
            client.get(f"{site}/", Range="bytes=0-39,40-")
    assert refused.value.decision.reasons[0].outcome == "unknown"


@pytest.mark.parametrize("kind", [CLIENTS[name] for name in ("httpx", "requests", "aiohttp")])
def test_a_compressed_page_that_does_not_say_so_is_not_silent(kind: type[Client], tmp_path: Path) -> None:
    with started(kind, tmp_path) as start:
        client, site = start({"/": Answer(gzip.compress(NOAI))})
        with pytest.raises(Denied) as refused:
            client.get(f"{site}/")
    assert refused.value.decision.reasons[0].outcome == "unknown"


def test_requests_hears_header_lines_behind_a_broken_one(tmp_path: Path) -> None:
    broken = Answer(HEAD, headers=(("X-Cache ", "hit"), ("X-Robots-Tag", "noai")))
    with started(Requests, tmp_path) as start:
        client, site = start({"/": broken})
        with pytest.raises(Denied):
            client.get(f"{site}/")
