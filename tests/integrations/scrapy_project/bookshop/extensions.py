"""Extensions of the project."""

import json
from pathlib import Path

from scrapy import signals
from scrapy.exceptions import NotConfigured


class StatsFile:
    """Writes the stats of a crawl to `STATS_FILE`."""

    def __init__(self, crawler):
        self.file = crawler.settings.get("STATS_FILE")
        if not self.file:
            raise NotConfigured
        self.stats = crawler.stats
        crawler.signals.connect(self.spider_closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def spider_closed(self):
        Path(self.file).write_text(json.dumps(self.stats.get_stats(), default=str), "utf-8")
