"""Headers that say nothing, known again: most responses of a crawl carry no header that any protocol reads.

What was read of such a response is kept together with the names that the readers asked for in vain. Headers in which
none of these stands answer every question of the readers in the same way, so that the same is read of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..headers import Headers
from .reading import Reading

_KEPT = 256
_READ_ANYWAY = "content-type"  # stands nearly everywhere; its value is part of the key

_Key = tuple[int, str, tuple[str, ...]]


class QuietHeaders:
    """What was read of quiet headers, by status, token and `Content-Type`. Bounded; safe to share between threads."""

    def __init__(self) -> None:
        self._kept: dict[_Key, tuple[frozenset[str], Reading]] = {}

    def read(self, status: int, token: str, headers: Headers, reader: Callable[[Headers], Reading]) -> Reading:
        """What `reader` makes of `headers`, without asking it where that is known. Only a successful answer is known
        again: in any other the URL bears on what is read."""
        known = self.known(status, token, headers)
        if known is not None:
            return known
        if headers.cut or not 200 <= status < 300:
            return reader(headers)
        watched = _Watched(headers)
        reading = reader(watched)
        asked = watched.asked - {_READ_ANYWAY}
        quiet = reading.silent and not (reading.licences or reading.lint)
        if quiet and not watched.seen_whole and asked.isdisjoint(headers.names) and len(self._kept) < _KEPT:
            self._kept[(status, token, headers.all(_READ_ANYWAY))] = frozenset(asked), reading
        return reading

    def known(self, status: int, token: str, headers: Headers) -> Reading | None:
        """What was read of headers as quiet as these, if any were met before."""
        known = self._kept.get((status, token, headers.all(_READ_ANYWAY)))
        return known[1] if known is not None and not headers.cut and known[0].isdisjoint(headers.names) else None


class _Watched(Headers):
    """Headers that note which of their names were asked for, and whether somebody looked at all of them."""

    __slots__ = ("_headers", "asked", "seen_whole")

    def __init__(self, headers: Headers) -> None:
        super().__init__(headers)
        self._headers = headers
        self.cut = headers.cut
        self.asked: set[str] = set()
        self.seen_whole = False

    def all(self, name: str) -> tuple[str, ...]:
        self.asked.add(name)
        return self._headers.all(name)

    def get(self, name: str) -> str | None:
        self.asked.add(name)
        return self._headers.get(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return name in self._headers

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        self.seen_whole = True
        return iter(self._headers)

    def __len__(self) -> int:
        self.seen_whole = True
        return len(self._headers)
