"""On which days the agents became known that a robots.txt names: from then on, it says more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

import numpy as np

from ..signals.agents import AgentCatalogue
from ..signals.robots_agents import tokens
from .book import EvidenceBook, micros
from .growing import Growing
from .outlines import Outlines

_AGENT_LINE = re.compile(r"^\s*user[- ]?agent[a-z-]*\s*:?\s*([^\r\n#]*)", re.IGNORECASE | re.MULTILINE)


class AgentDays:
    """Days by the number of a content, as instants, ascending. `bounds` says where in `days` each content's stand."""

    def __init__(self, book: EvidenceBook, catalogue: AgentCatalogue, outlines: Outlines) -> None:
        self._book = book
        self._catalogue = catalogue
        self._outlines = outlines
        self._days, self._bounds = Growing(np.int64), Growing(np.int32, 2)

    @property
    def columns(self) -> tuple[Any, Any]:
        """`days` and `bounds` of all contents that were learnt, for kernels."""
        return self._days.array, self._bounds.array

    def learn(self, contents: Any) -> None:
        """Read the files that are new among some contents (below 0: none)."""
        there = np.bincount(contents[contents >= 0], minlength=1)
        self._make_room(len(there))
        for content in np.flatnonzero((there > 0) & (self._bounds.array[: len(there), 0] < 0)).tolist():
            self._learn(content)

    def of(self, content: int) -> list[int]:
        """The days of one content."""
        self._make_room(content + 1)
        if self._bounds.array[content, 0] < 0:
            self._learn(content)
        begin, end = self._bounds.array[content].tolist()
        found: list[int] = self._days.array[begin:end].tolist()
        return found

    def _make_room(self, count: int) -> None:
        if count > self._bounds.count:
            self._bounds.add(np.full((count - self._bounds.count, 2), -1, np.int32))

    def _learn(self, content: int) -> None:
        days = self._outlines.days(content)
        if days is None:
            days = sorted(set(self._read(self._book.body_of(content))))
        first = self._days.count
        if days:
            self._days.add(list(map(_beginning, days)))
        self._bounds.array[content] = first, self._days.count

    def _read(self, body: bytes) -> Iterator[date]:
        for value in _AGENT_LINE.findall(body.decode("utf-8", "replace")):
            for name in tokens(value):
                agent = self._catalogue.get(name)
                if agent is not None:
                    yield self._catalogue.known_from(agent)


@lru_cache(maxsize=1024)
def _beginning(day: date) -> int:
    return micros(datetime.combine(day, time(), UTC))
