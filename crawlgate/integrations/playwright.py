"""Chromium under Playwright behind the gate, for async and for blocking code.

    gated = await async_gate.playwright(browser)      # from here on, all that this browser asks for passes the gate
    context = await gated.new_context()               # the declared user agent, service workers blocked
    page = await context.new_page()
    await gated.goto(page, url)                       # as page.goto; raises `Denied` or `Held`

`gate.playwright(browser)` is the same without `await`, for `playwright.sync_api`. A handler of `context.route` is only
called for the first URL of a redirect, and what it fetches is there whole before it can be judged. So the gate listens
where the browser itself hands out requests, by Chromium's DevTools protocol: it sees each hop before it leaves, and
headers before the body, in pages, frames, popups and workers alike, behind the user's own routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from ..errors import ConfigError, Refused
from ..model import Decision
from .either import at_once, now_or_later
from .hop import missing, route
from .playwright_hops import Hops
from .playwright_settings import hiding

try:
    from playwright import _repo_version, async_api, sync_api
except ImportError as error:
    raise missing("playwright", error) from None

if TYPE_CHECKING:
    from ..gate import AsyncGate, Gate

_ERROR_PAGE = "chrome-error://**"
_ERROR_PAGE_WAIT = 1000.0  # milliseconds


class _Behind:
    """A browser behind a gate. The methods of both are awaited here where they can be, so that one code serves both."""

    def __init__(self, browser: Any, gate: Gate | AsyncGate, **options: Any) -> None:
        if browser.browser_type.name != "chromium":
            raise ConfigError(
                f"{browser.browser_type.name} follows redirects and reads bodies before anybody is shown them; use "
                "Chromium, or put the gate before it as a proxy"
            )
        self._browser, self.gate, self._options = browser, gate, options
        self._proxies: set[str] = set()
        self._hops: Hops
        self.starting: Any = None

    def refusal(self, url: str) -> Decision | None:
        """Why the last load of a page that began with `url` was stopped; None if the gate did not stop it."""
        try:
            self._hops.explain(url)
        except Refused as refused:
            return refused.decision
        return None

    async def start(self) -> None:
        """Pause what the browser asks for from now on."""
        try:
            await self._start()
        except BaseException:
            _BEHIND.pop(self._browser, None)
            raise

    async def _start(self) -> None:
        session = await now_or_later(self._browser.new_browser_cdp_session())
        name = (await now_or_later(session.send("Browser.getVersion")))["userAgent"]
        self._hops = Hops(self.gate, session.send, gone=async_api.Error, own_name=name, **self._options)
        session.on("Fetch.requestPaused", self._listener(self._hops.paused))
        await self._hops.start()
        self._note(await hiding(self._browser, async_api.Error), "stealth_fetcher")

    def _listener(self, handler: Any) -> Any:
        return handler

    def _note(self, found: list[tuple[str, str]], looks_like: str) -> None:
        client = f"playwright {_repo_version.version}, chromium {self._browser.version}"
        settings = [{"setting": setting, "value": value, "looks_like": looks_like} for setting, value in found]
        self.gate.core.note_client(client, settings)

    async def _new_context(self, options: dict[str, Any]) -> Any:
        options = {"user_agent": self.gate.declaration.user_agent, "service_workers": "block", **options}
        if options["service_workers"] != "block":
            raise ConfigError("service_workers must be 'block': what they answer with does not come by the gate")
        if options.get("http_credentials"):
            self._hops.credentials = "the http_credentials of a context"
        if options.get("proxy"):
            self._proxies.add(route(options["proxy"]["server"]))
            self._hops.proxy = next(iter(self._proxies)) if len(self._proxies) == 1 else None
            if len(self._proxies) > 1:
                self._note([("proxy", server) for server in sorted(self._proxies)], "rotating_proxy")
        context = await now_or_later(self._browser.new_context(**options))
        await now_or_later(context.route_web_socket("**/*", self._listener(self._hops.socket)))
        return context

    async def _goto(self, page: Any, url: str, options: dict[str, Any]) -> Any:
        try:
            return await now_or_later(page.goto(url, **options))
        except async_api.Error as error:
            try:
                self._hops.explain(url)
            except Refused:
                with suppress(async_api.Error):  # its error page, on its way, would interrupt the next load
                    await now_or_later(page.wait_for_url(_ERROR_PAGE, wait_until="commit", timeout=_ERROR_PAGE_WAIT))
                    await now_or_later(page.goto("about:blank"))
                raise
            raise error


class BrowserGate(_Behind):
    """A browser of `playwright.async_api` behind an `AsyncGate`; `AsyncGate.playwright` makes it."""

    async def new_context(self, **options: Any) -> async_api.BrowserContext:
        """As `browser.new_context`, with the declared user agent and service workers blocked.

        Raises `ConfigError` for service workers that are not blocked.
        """
        return await self._new_context(options)  # type: ignore[no-any-return]

    async def goto(self, page: async_api.Page, url: str, **options: Any) -> async_api.Response | None:
        """As `page.goto`. Raises `Denied` or `Held` where the gate stopped the page or a hop on the way to it."""
        return await self._goto(page, url, options)  # type: ignore[no-any-return]


class SyncBrowserGate(_Behind):
    """As `BrowserGate`, for `playwright.sync_api` and a `Gate`; `Gate.playwright` makes it."""

    def new_context(self, **options: Any) -> sync_api.BrowserContext:
        """As `BrowserGate.new_context`."""
        return at_once(self._new_context(options))  # type: ignore[no-any-return]

    def goto(self, page: sync_api.Page, url: str, **options: Any) -> sync_api.Response | None:
        """As `BrowserGate.goto`."""
        return at_once(self._goto(page, url, options))  # type: ignore[no-any-return]

    def _listener(self, handler: Any) -> Any:
        return lambda event: at_once(handler(event))


_BEHIND: WeakKeyDictionary[Any, _Behind] = WeakKeyDictionary()  # until they are closed


async def before(
    browser: async_api.Browser,
    gate: AsyncGate,
    *,
    collect: Collection[str] = ("document",),
    subresources: str = "ask",
    proxy: str | None = None,
) -> BrowserGate:
    """Put `gate` before all that `browser` asks for, whatever the context. Asked twice, it answers with the same.

    `collect` are the kinds of resources (Playwright's names) whose answers are judged: by their headers, and pages by
    their head before they are shown. The others serve to show a page: with `subresources` "ask" each is asked about and
    stopped if it is not allowed, with "pass" they leave unasked, with "block" none leaves. `proxy` names the route of a
    browser that was launched with one. Raises `ConfigError` for a browser that is not Chromium, or has another gate.
    """
    made = _behind(BrowserGate, browser, gate, collect=collect, subresources=subresources, proxy=proxy)
    if made.starting is None:
        made.starting = asyncio.ensure_future(made.start())
    await asyncio.shield(made.starting)
    return made


def before_sync(
    browser: sync_api.Browser,
    gate: Gate,
    *,
    collect: Collection[str] = ("document",),
    subresources: str = "ask",
    proxy: str | None = None,
) -> SyncBrowserGate:
    """As `before`, for `playwright.sync_api`."""
    made = _behind(SyncBrowserGate, browser, gate, collect=collect, subresources=subresources, proxy=proxy)
    if made.starting is None:
        made.starting = True
        at_once(made.start())
    return made


B = TypeVar("B", bound=_Behind)


def _behind(kind: type[B], browser: Any, gate: Any, **options: Any) -> B:
    made = _BEHIND.get(browser)
    if made is None:
        made = kind(browser, gate, **options)
        browser.on("disconnected", lambda *_: _BEHIND.pop(browser, None))
        _BEHIND[browser] = made
    if made.gate is not gate or not isinstance(made, kind):
        raise ConfigError("this browser is behind another gate; launch one for each gate")
    return made
