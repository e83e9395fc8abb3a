"""The cookies that a browser has.

Chromium's Fetch domain leaves `Set-Cookie` out of the answers it shows, so that what a site gave to the anonymous
crawler is what the browser has more of when the answer is there than when the request left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[str, dict[str, Any]], Awaitable[Any]]


async def cookies(send: Send, frame: str) -> frozenset[str]:
    """The cookies, as `name=value`, of the context that the frame is in; of all contexts for a frame that is no
    target of its own."""
    targets = (await send("Target.getTargets", {}))["targetInfos"]
    contexts = {target["targetId"]: target.get("browserContextId") for target in targets}
    found: set[str] = set()
    for context in [contexts[frame]] if frame in contexts else sorted(set(contexts.values()) - {None}):
        kept = await send("Storage.getCookies", {"browserContextId": context} if context else {})
        found.update(f"{cookie['name']}={cookie['value']}" for cookie in kept["cookies"])
    return frozenset(found)
