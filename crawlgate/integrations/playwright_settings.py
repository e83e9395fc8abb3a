"""Which kinds of resources are collected; and what hides that software drives a browser, which is recorded and never
forbidden."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

from ..errors import ConfigError
from .either import now_or_later

# Kinds of resources by Playwright's names; at the network fetch() and XMLHttpRequest are one.
_KINDS = {
    "document": {"Document"},
    "stylesheet": {"Stylesheet"},
    "image": {"Image"},
    "media": {"Media"},
    "font": {"Font"},
    "script": {"Script"},
    "texttrack": {"TextTrack"},
    "xhr": {"XHR", "Fetch"},
    "fetch": {"XHR", "Fetch"},
    "eventsource": {"EventSource"},
    "manifest": {"Manifest"},
    "other": {"Other"},
}
_DRESSING = ("playwright_stealth", "undetected_playwright", "rebrowser_playwright", "patchright", "camoufox")
"""Packages that make an automated browser look like a person's."""


def kinds(collect: Collection[str]) -> frozenset[str]:
    """Chromium's names for what a user names in Playwright's. Raises `ConfigError` for a name that is none."""
    if isinstance(collect, str) or not set(collect) <= set(_KINDS):
        raise ConfigError(f"collect is {collect!r}; write a list of kinds out of {', '.join(_KINDS)}")
    return frozenset[str]().union(*(_KINDS[kind] for kind in collect))


async def hiding(browser: Any, gone: type[Exception]) -> list[tuple[str, str]]:
    """Settings and values: a `navigator.webdriver` that pages are not shown, and packages that are
    loaded. `gone` is what Playwright raises for a page that is under way."""
    open_now = [page for context in browser.contexts for page in context.pages]
    page = open_now[0] if open_now else await now_or_later(browser.new_page())
    try:
        hidden = not await now_or_later(page.evaluate("navigator.webdriver"))
    except gone:
        hidden = False
    if not open_now:
        await now_or_later(page.close())
    found = [("navigator.webdriver", "hidden")] if hidden else []
    return found + [("modules", name) for name in _DRESSING if name in sys.modules]
