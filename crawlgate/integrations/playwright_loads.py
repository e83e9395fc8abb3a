"""Requests of a browser under way: with what URL each began, the permit of its hop, and what stopped it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .. import url as urls
from ..errors import UrlError
from ..permit import Permit

_KEPT = 1024
"""Requests under way, and refusals, that are remembered at most."""


@dataclass(slots=True)
class Load:
    """One request from its first hop to its answer: the URL it began with, the permit of the hop under way, and the
    cookies that the browser had when it left."""

    first: str
    permit: Permit | None = None
    cookies: frozenset[str] = frozenset()


class Loads:
    """Keeps them by the browser's own name of a request, which is the same over all its hops."""

    def __init__(self) -> None:
        self._under_way: dict[str, Load] = {}
        self._stopped: dict[str, Exception] = {}

    def leaving(self, event: Mapping[str, Any], url: str) -> Load:
        """The load whose hop to `url` is about to leave."""
        key = _key(event)
        load = self._under_way.get(key)
        if load is None or "redirectedRequestId" not in event:
            load = self._under_way[key] = Load(url)
            self._stopped.pop(url, None)
            if len(self._under_way) > _KEPT:  # given up by the browser, which does not say so
                oldest = self._under_way.pop(next(iter(self._under_way)))
                if oldest.permit is not None:
                    oldest.permit.failed(TimeoutError())
        return load

    def arrived(self, event: Mapping[str, Any]) -> tuple[Permit | None, frozenset[str]]:
        """The permit of the hop whose answer is here, which it has no more afterwards, and the cookies before it."""
        load = self._under_way.get(_key(event))
        if load is None:
            return None, frozenset()
        permit, load.permit = load.permit, None
        return permit, load.cookies

    def ended(self, event: Mapping[str, Any]) -> None:
        """The load needs no more hop."""
        self._under_way.pop(_key(event), None)

    def stopped(self, event: Mapping[str, Any], why: Exception) -> None:
        """The gate stopped the load, or could not judge it."""
        load = self._under_way.pop(_key(event), None)
        if load is not None:
            self._stopped[load.first] = why
            if len(self._stopped) > _KEPT:
                del self._stopped[next(iter(self._stopped))]

    def why(self, url: str) -> Exception | None:
        """What stopped the last load that began with `url`, if it was not the browser."""
        with suppress(UrlError):
            return self._stopped.get(urls.parse(url).href)
        return None


def _key(event: Mapping[str, Any]) -> str:
    return str(event.get("networkId") or event["requestId"])
