"""Item pipelines of the project."""

from scrapy.exceptions import DropItem

from .items import Page


class CleanTitlePipeline:
    """Titles without surrounding space."""

    def process_item(self, item, spider=None):
        if isinstance(item, Page):
            item["title"] = (item.get("title") or "").strip()
        return item


class DuplicatesPipeline:
    """Each page once."""

    def __init__(self):
        self.seen = set()

    def process_item(self, item, spider=None):
        if item["url"] in self.seen:
            raise DropItem(f"seen: {item['url']}")
        self.seen.add(item["url"])
        return item


class CountPipeline:
    """Pages and bytes in the stats."""

    def __init__(self, stats):
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler.stats)

    def process_item(self, item, spider=None):
        if isinstance(item, Page):
            self.stats.inc_value("bookshop/pages")
            self.stats.inc_value("bookshop/bytes", item["size"])
        return item
