"""Many patterns looked for in one pass over some octets, by Hyperscan's automata.

They are compiled once and never grow while they run: time is linear in the octets, and a scan allocates nothing. The
letters a to z stand for both cases unless a pattern says otherwise (`(?-i:...)`).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, TypeAlias

hyperscan: Any
try:
    hyperscan = importlib.import_module("hyperscan")
except ImportError:
    hyperscan = None

AVAILABLE = hyperscan is not None
"""Whether Hyperscan is here (`crawlgate[fast]`). Without it pages are read in full."""

Failed: type[Exception] = hyperscan.error if AVAILABLE else RuntimeError
"""What a pattern that does not compile, or a scan that gave up, raises."""

Hit: TypeAlias = tuple[int, int]
"""The number of a pattern, and where its match ends."""


class Automaton:
    """Patterns with a number each; several may have the same number. Those in `once` are told at their first match
    only, those in `places` at each. Safe for use by several threads."""

    __slots__ = ("_database", "_free")

    def __init__(self, once: Iterable[tuple[int, bytes]] = (), places: Iterable[tuple[int, bytes]] = ()) -> None:
        single, every = list(once), list(places)
        both = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[pattern for _, pattern in (*single, *every)],
            ids=[number for number, _ in (*single, *every)],
            flags=[both | hyperscan.HS_FLAG_SINGLEMATCH] * len(single) + [both] * len(every),
        )
        self._free: list[Any] = []  # what scans work in; each may be used by one scan at a time

    def hits(self, data: bytes) -> list[Hit]:
        """All matches, in no order. Raises `Failed`."""
        found: list[Hit] = []
        try:
            scratch = self._free.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        self._database.scan(data, _told, context=found, scratch=scratch)
        self._free.append(scratch)
        return found


def _told(number: int, _start: int, end: int, _flags: int, found: list[Hit]) -> None:
    found.append((number, end))
