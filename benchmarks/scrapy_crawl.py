"""The same Scrapy crawl behind the gate and with Scrapy's own `ROBOTSTXT_OBEY`, in alternating rounds.

    python benchmarks/scrapy_crawl.py [--pages 1500] [--rounds 7] [--size 20000] [--concurrency 100]

A server in a process of its own sends pages with links over loopback; the spider follows them and takes titles. Each
crawl is a fresh process; what counts is from its first request to its last, evidence fetch included.
`ROBOTSTXT_OBEY` reads one signal and records nothing; the gate reads headers and pages as well: their size matters.
What counts is the ratio; absolute figures belong to the machine. CPU is that of the crawling process: on a machine
that does other things it is the steadier figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from typing import Any

AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
LINKS = 15
ROBOTS = "User-agent: GPTBot\nDisallow: /drafts/\n\nUser-agent: *\n" + "".join(
    f"Disallow: /private/{n}/\nDisallow: /*?session={n}\n" for n in range(15)
)


def page(number: int, pages: int, size: int) -> bytes:
    """A page of about `size` bytes whose links reach all pages."""
    links = "".join(f'<li><a href="/page/{number * LINKS + n + 1}">page</a></li>' for n in range(LINKS))
    if number * LINKS + LINKS >= pages:
        links = '<li><a href="/private/3/never">a page that is disallowed</a></li>' if number % 10 == 0 else ""
    head = (
        f'<title>Page {number}</title><meta name="description" content="One of many"><link rel="stylesheet" href="s">'
    )
    text = "<p>The tide comes in at six and goes out at noon, and nobody minds.</p>" * (size // 70)
    return f"<!doctype html><html><head>{head}</head><body><ul>{links}</ul>{text}</body></html>".encode()


def serve(told: Connection, pages: int, size: int) -> None:
    """Answer until the process is ended."""
    made: dict[bytes, bytes] = {}

    def answer(target: bytes) -> bytes:
        kind, status, body = b"text/html; charset=utf-8", b"200 OK", b""
        if target == b"/robots.txt":
            kind, body = b"text/plain", ROBOTS.encode()
        elif target.startswith(b"/page/") and int(target[6:]) < pages:
            body = page(int(target[6:]), pages, size)
        else:
            status = b"404 Not Found"
        head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
        return head + body

    class Web(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.seen = transport, b""

        def data_received(self, data: bytes) -> None:
            self.seen += data
            while b"\r\n\r\n" in self.seen:
                head, _, self.seen = self.seen.partition(b"\r\n\r\n")
                target = head.split(b" ", 2)[1]
                if target not in made:
                    made[target] = answer(target)
                self.transport.write(made[target])

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Web, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def crawl(contestant: str, port: int, home: str, concurrency: int) -> None:
    """One crawl in this process; prints its figures as JSON."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    found: dict[str, Any] = {"pages": 0}

    class Spider(scrapy.Spider):
        name = "bench"

        async def start(self) -> Any:
            found["wall"], found["cpu"] = time.perf_counter(), time.process_time()
            yield scrapy.Request(f"http://127.0.0.1:{port}/page/0")

        def parse(self, response: Any) -> Any:
            found["pages"] += 1
            found["title"] = response.css("title::text").get()
            for href in response.css("a::attr(href)").getall():
                yield response.follow(href)

        def closed(self, reason: str) -> None:  # noqa: ARG002
            found["wall"] = time.perf_counter() - found["wall"]
            found["cpu"] = time.process_time() - found["cpu"]

    settings: dict[str, Any] = {
        "LOG_LEVEL": "WARNING",
        "TELNETCONSOLE_ENABLED": False,
        "USER_AGENT": AGENT,
        "CONCURRENT_REQUESTS": concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": True,
    }
    if contestant == "gate":
        settings |= {
            "ADDONS": {"crawlgate.integrations.scrapy.GateAddon": 500},
            "CRAWLGATE_DECLARATION": {
                "operator": "Bench",
                "token": "ExampleBot",
                "user_agent": AGENT,
                "token_published": True,
                "purposes": ["pretraining"],
            },
            "CRAWLGATE_HOME": home,
            "CRAWLGATE_ALLOW_ADDRESSES": ["127.0.0.0/8"],
        }
    process = CrawlerProcess(settings)
    process.crawl(Spider)
    process.start()
    print(json.dumps(found))


def run(contestant: str, port: int, concurrency: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, __file__, "--crawl", contestant, "--port", str(port), "--home", home]
        command += ["--concurrency", str(concurrency)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--pages", type=int, default=1500)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--size", type=int, default=20_000)
    arguments.add_argument("--concurrency", type=int, default=100)
    for own in ("--crawl", "--port", "--home"):
        arguments.add_argument(own, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.crawl:
        return crawl(asked.crawl, int(asked.port), asked.home, asked.concurrency)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(
        target=serve, args=(there, asked.pages, asked.size), daemon=True
    )
    server.start()
    port = here.recv()
    rounds: dict[str, list[dict[str, Any]]] = {"robots": [], "gate": []}
    for number in range(asked.rounds + 1):
        for contestant in ("robots", "gate") if number % 2 else ("gate", "robots"):
            found = run(contestant, port, asked.concurrency)
            if number:  # the first round warms the disk's cache and the server
                rounds[contestant].append(found)
    server.terminate()
    print(f"{rounds['gate'][0]['pages']} pages of {asked.size} bytes, concurrency {asked.concurrency}")
    for figure in ("wall", "cpu"):
        pairs = [gate[figure] / robots[figure] for gate, robots in zip(rounds["gate"], rounds["robots"], strict=True)]
        each = {name: statistics.median(f[figure] for f in found) for name, found in rounds.items()}
        print(
            f"{figure:4}  gate {each['gate']:6.3f} s, ROBOTSTXT_OBEY {each['robots']:6.3f} s, ratio of the medians "
            f"{each['gate'] / each['robots']:.3f}; by round {min(pairs):.3f} to {max(pairs):.3f}, "
            f"median {statistics.median(pairs):.3f}"
        )
    return None


if __name__ == "__main__":
    main()
