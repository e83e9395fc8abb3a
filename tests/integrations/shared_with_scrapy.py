"""A crawl that shares its gate with requests: `python -m tests.integrations.shared_with_scrapy HOME URL URL`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess

import tests.integrations.loopback_scrapy  # noqa: F401 - before Scrapy looks up a name
from crawlgate import Gate
from tests.integrations.clients import DECLARATION, HERE

home, first, second = sys.argv[1:] or ("", "", "")
gate = Gate(DECLARATION, home=home, allow_addresses=HERE) if home else None


class BothSpider(scrapy.Spider):
    """Takes one page by itself and another, at the same time, by requests."""

    name = "both"

    async def start(self) -> Any:
        import requests  # noqa: F401 - the session's own

        session = gate.requests_session()
        other = asyncio.create_task(asyncio.to_thread(session.get, second))
        yield scrapy.Request(first, callback=self.got)
        print("requests", (await other).status_code)
        session.close()

    def got(self, response: Any) -> None:
        print("Scrapy", response.status, flush=True)


if __name__ == "__main__":
    sys.modules["shared_with_scrapy"] = sys.modules["__main__"]
    with gate:
        process = CrawlerProcess(
            {
                "CRAWLGATE_GATE": "shared_with_scrapy.gate",
                "ADDONS": {"crawlgate.integrations.scrapy.GateAddon": 500},
                "TELNETCONSOLE_ENABLED": False,
                "LOG_LEVEL": "ERROR",
            }
        )
        process.crawl(BothSpider)
        process.start()
