"""The same Scrapy crawl behind the gate and with Scrapy's own `ROBOTSTXT_OBEY`, in alternating rounds.

    python benchmarks/scrapy_crawl.py [--pages 1500] [--rounds 7] [--concurrency 100] [--small]

A server in a process of its own sends pages that look like those of the web (`weblike.py`) over loopback, no two
alike (`--small`: pages of a kilobyte); the spider follows their links and takes titles. Each crawl is a fresh process;
what counts is from its first request to its last, evidence fetch included. `ROBOTSTXT_OBEY` reads one signal and
records nothing; the gate reads headers and pages as well, whose size matters, and writes its ledger. `collected` is the
gate with `CRAWLGATE_FREEZE_HEAP = False`: garbage is collected as in the other crawl.
`process` is the processor time of the whole process, with its imports, what is loaded before the first request and what
is sealed after the last.
What counts is the ratio; absolute figures belong to the machine. CPU is that of the crawling process: on a machine
that does other things it is the steadier figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import Any

from weblike import SIZE, page, small_page, start

AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
LINKS = 15
ROBOTS = "User-agent: GPTBot\nDisallow: /drafts/\n\nUser-agent: *\n" + "".join(
    f"Disallow: /private/{n}/\nDisallow: /*?session={n}\n" for n in range(15)
)


def linked(make: Callable[[int, Iterable[str]], bytes], number: int, pages: int) -> bytes:
    """A page whose links reach all pages."""
    links = [f"/page/{number * LINKS + n + 1}" for n in range(LINKS) if number * LINKS + n + 1 < pages]
    return make(number, links or (["/private/3/never"] if number % 10 == 0 else []))


def crawl(contestant: str, port: int, home: str, concurrency: int) -> None:
    """One crawl in this process; prints its figures as JSON."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    found: dict[str, Any] = {"pages": 0}

    class Spider(scrapy.Spider):
        name = "bench"

        async def start(self) -> Any:
            found["wall"], found["cpu"] = time.perf_counter(), time.process_time()
            yield scrapy.Request(f"http://localhost:{port}/page/0")

        def parse(self, response: Any) -> Any:
            found["pages"] += 1
            found["title"] = response.css("title::text").get()
            for href in response.css("a::attr(href)").getall():
                if href.startswith(("/page/", "/private/")):
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
    if contestant != "robots":
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
            "CRAWLGATE_FREEZE_HEAP": contestant == "gate",
        }
    process = CrawlerProcess(settings)
    process.crawl(Spider)
    process.start()
    found["process"] = time.process_time()
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
    arguments.add_argument("--concurrency", type=int, default=100)
    arguments.add_argument("--small", action="store_true")
    for own in ("--crawl", "--port", "--home"):
        arguments.add_argument(own, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.crawl:
        return crawl(asked.crawl, int(asked.port), asked.home, asked.concurrency)
    make = small_page if asked.small else page
    server, port = start([linked(make, number, asked.pages) for number in range(asked.pages)], ROBOTS.encode())
    rounds: dict[str, list[dict[str, Any]]] = {"robots": [], "gate": [], "collected": []}
    for number in range(asked.rounds + 1):
        for contestant in [*rounds] if number % 2 else reversed([*rounds]):
            found = run(contestant, port, asked.concurrency)
            if number:  # the first round warms the disk's cache and the server
                rounds[contestant].append(found)
    server.terminate()
    size = 1_000 if asked.small else SIZE
    print(f"{rounds['gate'][0]['pages']} pages of about {size} bytes, concurrency {asked.concurrency}")
    for figure in ("wall", "cpu", "process"):
        each = {name: statistics.median(f[figure] for f in found) for name, found in rounds.items()}
        for name in ("gate", "collected"):
            pairs = [mine[figure] / own[figure] for mine, own in zip(rounds[name], rounds["robots"], strict=True)]
            print(
                f"{figure:7}  {name:9} {each[name]:6.3f} s, ROBOTSTXT_OBEY {each['robots']:6.3f} s, ratio of the "
                f"medians {each[name] / each['robots']:.3f}; by round {min(pairs):.3f} to {max(pairs):.3f}, "
                f"median {statistics.median(pairs):.3f}"
            )
    return None


if __name__ == "__main__":
    main()
