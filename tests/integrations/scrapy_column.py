"""A Scrapy crawl that asks for what it is told, one URL after the other: pickled on standard input (the gate's options,
then pairs of URL and headers), answers on standard output."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from dataclasses import asdict
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess

import tests.integrations.loopback_scrapy  # noqa: F401 - before Scrapy looks up a name
from tests.integrations.clients import DECLARATION, HERE

told, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")


def say(answer: Any) -> None:
    pickle.dump(answer, answers)
    answers.flush()


class AskedSpider(scrapy.Spider):
    """Its errback gets what the gate refused."""

    name = "asked"

    async def start(self) -> Any:
        while True:
            try:
                url, headers = await asyncio.to_thread(pickle.load, told)
            except EOFError:
                return
            yield scrapy.Request(url, headers=headers, callback=self.got, errback=self.missing, dont_filter=True)

    def got(self, response: Any) -> None:
        say((response.status, response.body))

    def missing(self, failure: Any) -> None:
        say(getattr(failure.value, "decision", failure.value))


def settings(options: dict[str, Any]) -> dict[str, Any]:
    given = {f"CRAWLGATE_{name.upper()}": value for name, value in options.items()}
    if "limits" in options:
        given["CRAWLGATE_LIMITS"] = asdict(options["limits"])
    return {
        **given,
        "CRAWLGATE_DECLARATION": DECLARATION,
        "CRAWLGATE_ALLOW_ADDRESSES": HERE,
        "ADDONS": {"crawlgate.integrations.scrapy.GateAddon": 500},
        "HTTPERROR_ALLOW_ALL": True,
        "RETRY_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
        "DOWNLOAD_DELAY": 0,
    }


if __name__ == "__main__":
    process = CrawlerProcess(settings(pickle.load(told)))
    process.crawl(AskedSpider)
    process.start()
