"""What looking through a page costs: fast (`crawlgate[fast]`) and in full; medians over the pages, in processor time.

    python benchmarks/pages.py [DATA]

Pages are those of `weblike`; with a data folder (`html/pages.tar.xz`) also pages of the web, and how many of those that
say nothing have to be read in full.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from weblike import ORIGIN, page, real_pages

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.signals import quick_page, response
from crawlgate.signals.triggers import triggers

_HEADERS = Headers({"content-type": "text/html"})
_ROUNDS = 5


def took(work: Callable[[], object]) -> float:
    """Microseconds, the median of some rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        start = time.process_time_ns()
        work()
        rounds.append((time.process_time_ns() - start) / 1e3)
    return statistics.median(rounds)


def measure(name: str, pages: list[bytes]) -> None:
    fast: list[float] = []
    full: list[float] = []
    left = silent = 0
    for number, body in enumerate(pages):
        url = urls.parse(f"{ORIGIN}/articles/{number}")
        before = response.read_headers(200, _HEADERS, url=url, token="ExampleBot")

        def quickly(body: bytes = body, url: urls.Url = url, before: response.Reading = before) -> object:
            return quick_page.read(
                body, before, url=url, content_type="text/html", token="ExampleBot", whole=True, not_looked={}
            )

        def wholly(body: bytes = body, url: urls.Url = url, before: response.Reading = before) -> response.Reading:
            return response.read_body(200, _HEADERS, body, before, url=url, token="ExampleBot", whole=True)

        reading = wholly()
        full.append(took(wholly))
        quiet = reading.silent and not reading.licences and not reading.original
        silent += quiet
        left += quiet and quickly() is None
        fast.append(took(quickly))
    for way, times in (("fast", fast), ("in full", full)):
        print(f"{name}, {way}: median {statistics.median(times):.0f} us, mean {statistics.mean(times):.0f} us a page")
    print(f"{name}: {left} of {silent} pages that say nothing are read in full")


def main() -> None:
    triggers()
    measure("made-up pages", [page(number) for number in range(60)])
    if len(sys.argv) > 1:
        found = [body for body in real_pages(Path(sys.argv[1]), 150) if len(body) <= 262_144]
        measure("pages of the web", found)


if __name__ == "__main__":
    main()
