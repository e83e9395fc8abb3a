"""`python -m tidebook URL...` collects harbours and tides, and prints what came of it."""

import asyncio
import json
import sys

from .crawler import build
from .store import harbours, missing


async def main(urls):
    crawler = build()
    statistics = await crawler.run(urls)
    return {
        "finished": statistics.requests_finished,
        "failed": statistics.requests_failed,
        "retries": statistics.retry_histogram,
        "harbours": await harbours(),
        "missing": await missing(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1:]))))
