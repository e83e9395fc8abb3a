"""Many patterns looked for in one pass over some octets, by Hyperscan's automata.

They are compiled once and never grow while they run: time is linear in the octets, and a scan allocates nothing. The
letters a to z stand for both cases unless a pattern says otherwise (`(?-i:...)`). What compiling took long for is kept
for the user's next process (`kept`), under a name made of all that it depends on.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import platform
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from .. import kept

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

_LEAST = 8 * 1024
"""Octets of an automaton that is worth keeping: smaller ones are compiled as fast as they are read."""


class Automaton:
    """Patterns with a number each; several may have the same number. Those in `once` are told at their first match
    only, those in `places` at each. Safe for use by several threads."""

    __slots__ = ("_database", "_free")

    def __init__(self, once: Iterable[tuple[int, bytes]] = (), places: Iterable[tuple[int, bytes]] = ()) -> None:
        single, every = list(once), list(places)
        both = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL
        self._database = _database(
            [pattern for _, pattern in (*single, *every)],
            [number for number, _ in (*single, *every)],
            [both | hyperscan.HS_FLAG_SINGLEMATCH] * len(single) + [both] * len(every),
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


def _database(patterns: Sequence[bytes], ids: Sequence[int], flags: Sequence[int]) -> Any:
    """The automaton as it was kept, or made now. Raises `Failed` for what does not compile."""
    made_of = repr((_made_for(), patterns, ids, flags)).encode()
    name = f"automaton-{hashlib.sha256(made_of).hexdigest()}"
    octets = kept.read(name)
    if octets is not None:
        try:
            return hyperscan.loadb(octets, hyperscan.HS_MODE_BLOCK)
        except Failed:  # for another processor or version: Hyperscan looks at both, and at a checksum
            pass
    database = _compiled(patterns, ids, flags)
    if database.size() >= _LEAST:
        kept.write(name, hyperscan.dumpb(database))
    return database


def _compiled(patterns: Sequence[bytes], ids: Sequence[int], flags: Sequence[int]) -> Any:
    database = hyperscan.Database()
    database.compile(expressions=patterns, ids=ids, flags=flags)
    return database


@functools.cache
def _made_for() -> tuple[str, ...]:
    """The versions, the machine, and the features of the processor that Hyperscan makes use of, as it tells them of an
    automaton made here."""
    told = _compiled([b"a"], [0], [0]).info()
    return hyperscan.__version__, repr(told), sys.platform, platform.machine()
