"""An array that grows at its end, so that what was learnt from one batch to the next is never copied again."""

from __future__ import annotations

from typing import Any

import numpy as np


class Growing:
    """Rows of one kind, `count` of them in use. `array` is longer than that; hand it to kernels as it is."""

    __slots__ = ("array", "count")

    def __init__(self, kind: Any, width: int = 0, *, expected: int = 1024) -> None:
        self.array = np.zeros((expected, width) if width else expected, kind)
        self.count = 0

    def room(self, more: int) -> Any:
        """The array, with room for so many rows more."""
        if self.count + more > len(self.array):
            longer = np.zeros((2 * (self.count + more), *self.array.shape[1:]), self.array.dtype)
            longer[: self.count] = self.array[: self.count]
            self.array = longer
        return self.array

    def add(self, rows: Any) -> int:
        """Put rows at the end; where the first of them stands."""
        first = self.count
        if len(rows):
            self.room(len(rows))[first : first + len(rows)] = rows
            self.count += len(rows)
        return first

    @property
    def rows(self) -> Any:
        """The rows in use."""
        return self.array[: self.count]
