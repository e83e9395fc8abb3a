"""Which robots.txt was in force for which host: numbered, in columns, made into `Evidence` when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from ..model import Evidence
from .book import ROBOTS_PATH, EvidenceBook
from .growing import Growing


class RobotsOnRecord(Sequence[Evidence]):
    """Every robots.txt that was in force for some row, by number. `at` are the times of receipt (microseconds)."""

    def __init__(self, book: EvidenceBook, origin_of: Callable[[int], str]) -> None:
        self._book = book
        self._origin_of = origin_of
        self._hosts, self._contents, self._at = Growing(np.int32), Growing(np.int32), Growing(np.int64)

    def add(self, hosts: Any, contents: Any, at: Any) -> Any:
        """The numbers of more of them."""
        first = self._hosts.add(hosts)
        self._contents.add(contents)
        self._at.add(at)
        return np.arange(first, self._hosts.count, dtype=np.int32)

    def __len__(self) -> int:
        return self._hosts.count

    @overload
    def __getitem__(self, wanted: int) -> Evidence: ...
    @overload
    def __getitem__(self, wanted: slice) -> Sequence[Evidence]: ...
    def __getitem__(self, wanted: int | slice) -> Evidence | Sequence[Evidence]:
        if isinstance(wanted, slice):
            return [self[n] for n in range(len(self))[wanted]]
        number = range(len(self))[wanted]
        origin, at = self._origin_of(int(self._hosts.array[number])), int(self._at.array[number])
        return dict(self._book.in_force(origin, at))[ROBOTS_PATH].evidence

    @property
    def at(self) -> Any:
        """When each was received."""
        return self._at.rows

    def sha256(self, number: int) -> str:
        """The hash of one's body."""
        return self._book.contents[int(self._contents.array[number])].sha256
