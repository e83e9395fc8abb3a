"""What hides that software drives a browser: found and recorded, never forbidden."""

from __future__ import annotations

import sys
from typing import Any

from .either import now_or_later

_DRESSING = ("playwright_stealth", "undetected_playwright", "rebrowser_playwright", "patchright", "camoufox")
"""Packages that make an automated browser look like a person's."""


async def hiding(browser: Any) -> list[tuple[str, str]]:
    """Settings and values: a `navigator.webdriver` that pages are not shown, and packages that are loaded."""
    open_now = [page for context in browser.contexts for page in context.pages]
    page = open_now[0] if open_now else await now_or_later(browser.new_page())
    hidden = not await now_or_later(page.evaluate("navigator.webdriver"))
    if not open_now:
        await now_or_later(page.close())
    found = [("navigator.webdriver", "hidden")] if hidden else []
    return found + [("modules", name) for name in _DRESSING if name in sys.modules]
