"""How the crawler is put together."""

import os
from datetime import timedelta

from crawlee import ConcurrencySettings
from crawlee.crawlers import ParselCrawler
from crawlee.proxy_configuration import ProxyConfiguration
from crawlee.storage_clients import MemoryStorageClient

from crawlgate.integrations.crawlee import put_before

from .routes import router
from .store import note_missing


def build():
    proxy = os.environ.get("TIDEBOOK_PROXY")
    crawler = ParselCrawler(
        request_handler=router,
        max_request_retries=2,
        max_requests_per_crawl=200,
        max_crawl_depth=4,
        request_handler_timeout=timedelta(seconds=20),
        respect_robots_txt_file=True,
        concurrency_settings=ConcurrencySettings(desired_concurrency=4, max_concurrency=8),
        proxy_configuration=ProxyConfiguration(proxy_urls=[proxy]) if proxy else None,
        storage_client=MemoryStorageClient(),
    )
    put_before(crawler, allow_addresses=["127.0.0.0/8"])
    crawler.pre_navigation_hook(trace)
    crawler.on_skipped_request(note_missing)
    crawler.failed_request_handler(failed)
    return crawler


async def trace(context):
    """Numbers requests, to find them again in the logs of a proxy."""
    context.request.headers |= {"X-Trace": context.request.unique_key[-40:]}


async def failed(context, error):
    await note_missing(context.request.url, f"failed: {type(error).__name__}")
