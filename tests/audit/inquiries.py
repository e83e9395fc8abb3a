"""A home with something of everything that an inquiry may meet, made by a gate at work."""

from contextlib import suppress
from datetime import UTC, datetime

import httpx

from crawlgate import Declaration, Gate
from crawlgate.errors import Refused
from crawlgate.ledger import segments
from crawlgate.testing import FakeClock, FakeWeb, Page

DECLARATION = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0 (+https://lab.example/bot)",
    token_published=True,
)
BEGIN = datetime(2026, 11, 10, 3, tzinfo=UTC)
ROBOTS = "User-agent: *\nDisallow: /private\n"
SHA = "ab" * 32
PAGE = "<head><title>a</title></head><body>hello</body>"


def plain(home):
    """The segments of a home, those that are compressed unpacked."""
    for path in segments.segments(home / "ledger"):
        if path.suffix == ".zst":
            with segments.Segment(path) as segment:
                path.with_suffix("").write_bytes(b"".join(segment.lines()))
            path.unlink()
    return segments.segments(home / "ledger")


def web():
    pages = {
        f"https://{host}/robots.txt": ROBOTS for host in ("a.example", "www.a.example", "b.example", "xn--r8jz45g.jp")
    }
    return FakeWeb(
        pages
        | {
            "https://a.example/taken": PAGE,
            "https://a.example/stored?id=1&utm_source=x": PAGE,
            "https://a.example/noai": "<head><meta name=robots content=noai></head><body>x",
            "https://a.example/old": Page(status=301, headers={"location": "https://b.example/new"}),
            "https://a.example/loop": Page(status=302, headers={"location": "/loop2"}),
            "https://a.example/loop2": Page(status=302, headers={"location": "/loop"}),
            "https://b.example/new": PAGE,
            "https://www.a.example/w": PAGE,
            "https://xn--r8jz45g.jp/%E8%A8%98%E4%BA%8B": PAGE,
            "https://broken.example/robots.txt": Page(status=503),
        }
    )


def crawled(home, *, clock=None, mode="enforce", found=None):
    """A day of crawling. `found` maps URLs to their decisions."""
    clock, pages = clock or FakeClock(BEGIN), web()
    with Gate(DECLARATION, home=home, evidence_transport=pages.transport(), clock=clock, mode=mode) as gate:
        with gate.httpx_client(transport=pages.transport(), follow_redirects=True) as client:
            for url in (
                "https://a.example/taken",
                "https://a.example/stored?id=1&utm_source=x",
                "https://a.example/noai",
                "https://a.example/private/1",
                "https://a.example/old",
                "https://www.a.example/w",
                "https://xn--r8jz45g.jp/%E8%A8%98%E4%BA%8B",
                "https://a.example/gone",
            ):
                clock.advance(60)
                try:
                    client.get(url)
                except Refused:
                    continue
            with suppress(httpx.TooManyRedirects):
                client.get("https://a.example/loop")
        clock.advance(60)
        gate.check("https://a.example/checked-only")
        gate.check("https://broken.example/")
        gate.check("https://user:pass@a.example/")
        stored = gate.inspect("https://a.example/stored?id=1&utm_source=x", status=200, headers={}, body=PAGE.encode())
        gate.stored(stored, dataset="corpus-1", shard="part-7.parquet", offset=123, length=47, sha256=SHA)
        clock.advance(3600)
        gate.removed(stored, reason="asked for by its owner", dataset="corpus-1", shard="part-7.parquet", offset=123)
    return home
