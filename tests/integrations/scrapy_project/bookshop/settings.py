"""Settings of the project. `ADDONS` is the one line that puts the gate in front of it."""

BOT_NAME = "bookshop"
SPIDER_MODULES = ["bookshop.spiders"]
NEWSPIDER_MODULE = "bookshop.spiders"

ADDONS = {"crawlgate.integrations.scrapy.GateAddon": 500}

ROBOTSTXT_OBEY = True
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 8
DOWNLOAD_DELAY = 0
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 0.001
AUTOTHROTTLE_MAX_DELAY = 0.01
AUTOTHROTTLE_TARGET_CONCURRENCY = 8.0
RETRY_TIMES = 2
HTTPCACHE_IGNORE_HTTP_CODES = [429, 503]
DEPTH_LIMIT = 4
TELNETCONSOLE_ENABLED = False

DEFAULT_REQUEST_HEADERS = {"Accept": "text/html", "Accept-Language": "ja, en;q=0.5"}
DOWNLOADER_MIDDLEWARES = {"bookshop.middlewares.TraceMiddleware": 450}
ITEM_PIPELINES = {
    "bookshop.pipelines.CleanTitlePipeline": 100,
    "bookshop.pipelines.DuplicatesPipeline": 200,
    "bookshop.pipelines.CountPipeline": 300,
}
EXTENSIONS = {"bookshop.extensions.StatsFile": 500}
FEED_EXPORT_ENCODING = "utf-8"
LOG_LEVEL = "INFO"
