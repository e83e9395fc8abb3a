"""What lists say of whole hosts, numbered: of hosts of one voice the same is said, by the same dates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from datetime import datetime
from typing import Any

from ..blocklist import knowledge
from ..blocklist.listing import HostNotices
from .book import instant, micros

SILENT = -1
"""The number of no voice."""


def notices_key(about: HostNotices, at: datetime) -> object:
    """What notices about every page of a host come to: equal keys, equal findings."""
    return tuple(
        (relation, knowledge.status(n, at), n.scope, n.issuer, n.issuer_kind, n.issuer_verified, n.source)
        for n, relation in about.anywhere
    )


class Voices:
    """Voices by number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._said: list[HostNotices] = []
        self._known: dict[tuple[int, int], object] = {}
        self._changes: list[list[int]] = []

    def number(self, about: HostNotices) -> int:
        """The number of what is said of a host, which is the same on all its pages."""
        terms = about.terms
        number = self._numbers.get(terms)
        if number is None:
            number = self._numbers[terms] = len(self._said)
            self._said.append(about)
            self._changes.append(sorted({micros(at) for notice in about.notices() for at in knowledge.changes(notice)}))
        return number

    def changes(self, voice: int) -> list[int]:
        """The instants (microseconds, ascending) at which a voice may say something else; of none for `SILENT`."""
        return [] if voice == SILENT else self._changes[voice]

    def keys(self, voices: Any, at: Any) -> list[object]:
        """What each voice comes to at an instant (see `notices_key`)."""
        found = []
        for voice, instant_of in zip(voices.tolist(), at.tolist(), strict=True):
            key = (voice, bisect_right(self._changes[voice], instant_of))
            if key not in self._known:
                self._known[key] = notices_key(self._said[voice], instant(instant_of))
            found.append(self._known[key])
        return found
