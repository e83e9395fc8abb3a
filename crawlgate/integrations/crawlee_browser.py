"""The browsers of a crawlee crawler behind the gate: a hook before each navigation finds the browser, the rest is that
of `crawlgate.integrations.playwright`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import ConfigError, Refused
from ..gate import AsyncGate

logger = logging.getLogger(__name__)

_TWO_WAYS = ("AdaptivePlaywrightCrawler", "StagehandCrawler")


def has_browser(crawler: Any) -> bool:
    """True for a crawler whose pages come from browsers. Raises `ConfigError` where no gate can be put before it."""
    kinds = {kind.__name__ for kind in type(crawler).__mro__}
    for name in _TWO_WAYS:
        if name in kinds:
            raise ConfigError(
                f"{name} fetches in ways that its hooks do not see; use PlaywrightCrawler or an HTTP crawler"
            )
    return getattr(crawler, "_browser_pool", None) is not None


def ask_for_pages(
    crawler: Any, gate: Callable[[], AsyncGate], user_agent: str, skip: Callable[[str, Refused], Awaitable[Exception]]
) -> None:
    """Put the gate before all that the browsers of `crawler` ask for; `skip` makes what ends a refused page.

    crawlee's own fingerprint generator, which makes pages claim to be somebody's browser where nobody chose anything,
    is switched off, and its generated headers with it; contexts have the declared name unless another one was chosen.
    """
    for plugin in crawler._browser_pool.plugins:
        if type(plugin._fingerprint_generator).__name__ == "DefaultFingerprintGenerator":
            plugin._fingerprint_generator = None
        ours = {"user_agent": user_agent, "service_workers": "block", "extra_http_headers": {}}
        plugin._browser_new_context_options = {**ours, **(plugin._browser_new_context_options or {})}

    async def ask(context: Any) -> None:
        page = context.page
        if page.context.browser is None:
            raise ConfigError(
                "this browser gives no access to what it asks for; the gate needs one launched by Playwright"
            )
        gated = await gate().playwright(page.context.browser)

        async def goto(url: str, **options: Any) -> Any:
            del page.goto  # the page's own again, for what its handler does
            try:
                return await gated.goto(page, url, **options)
            except Refused as refused:
                raise await skip(url, refused) from None

        page.goto = goto

    crawler.pre_navigation_hook(ask)
