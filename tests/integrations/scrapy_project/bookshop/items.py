"""What the spiders collect."""

import scrapy


class Page(scrapy.Item):
    """A page as it was collected."""

    url = scrapy.Field()
    title = scrapy.Field()
    size = scrapy.Field()
    verdict = scrapy.Field()
    cached = scrapy.Field()


class Missing(scrapy.Item):
    """A page that was not collected, and why."""

    url = scrapy.Field()
    error = scrapy.Field()
    verdict = scrapy.Field()
    criteria = scrapy.Field()
