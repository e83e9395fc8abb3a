"""Follows every link of the shop and of the sites that it names."""

import scrapy

from ..items import Missing, Page


class PagesSpider(scrapy.Spider):
    """`-a start=URL`: where to begin."""

    name = "pages"

    def __init__(self, start, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [start]

    async def start(self):
        for url in self.start_urls:
            yield scrapy.Request(url, callback=self.parse, errback=self.missing)

    def parse(self, response):
        decision = response.meta.get("crawlgate")
        yield Page(
            url=response.url,
            title=response.css("title::text").get() if hasattr(response, "css") else None,
            size=len(response.body),
            verdict=str(decision.verdict) if decision else None,
            cached="cached" in response.flags,
        )
        if hasattr(response, "css"):
            for href in response.css("a::attr(href)").getall():
                yield response.follow(href, callback=self.parse, errback=self.missing)

    def missing(self, failure):
        decision = getattr(failure.value, "decision", None)
        yield Missing(
            url=failure.request.url,
            error=type(failure.value).__name__,
            verdict=str(decision.verdict) if decision else None,
            criteria=sorted({f.criterion for f in decision.reasons}) if decision else [],
        )
