"""As `pages`, from somebody who wanted to look like a browser."""

from .pages import PagesSpider


class BrowserlikeSpider(PagesSpider):
    """Sends the user agents of browsers, one after the other."""

    name = "browserlike"
    custom_settings = {  # noqa: RUF012
        "USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        "DOWNLOADER_MIDDLEWARES": {"bookshop.middlewares.RandomUserAgentMiddleware": 460},
    }
