"""Per host, the instants at which what is known changes; between two of them every row of a path is judged alike.

What is known of a host changes when a policy file is received, when it becomes too old to speak for a fetch, when a
notice is listed, received, loaded, withdrawn or expires, when a licence begins or ends, and so on. An interval is
worked out when the first row falls into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from . import kernels

BEGINNING = int(np.iinfo(np.int64).min)
"""The break before all others."""

UNRESOLVED = -1


class Timelines:
    """Intervals of all hosts, one after another in the order in which hosts turn up.

    `breaks_of` gives the instants (microseconds, in any order) at which something changes for a host number;
    `resolve` gives two numbers for a host number and an instant: the plan, and the evidence that is the host's own.
    """

    def __init__(
        self, breaks_of: Callable[[int], Iterable[int]], resolve: Callable[[int, int], tuple[int, int]]
    ) -> None:
        self._breaks_of = breaks_of
        self._resolve = resolve
        self._firsts: list[int] = []
        self._counts: list[int] = []
        self._breaks: list[int] = []
        self._hosts: list[int] = []
        self._plans = np.full(1024, UNRESOLVED, np.int32)
        self._evidence = np.full(1024, UNRESOLVED, np.int32)
        self._arrays: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None

    def plans(
        self, hosts: Any, times: Any, state: Any, count: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Plan and evidence of each row, for rows whose host is one of the first `count`; rows of `state` `UNCLEAN`
        get any."""
        self._learn(count)
        firsts, counts, breaks = self._arrays or self._build()
        found = np.zeros(len(hosts), np.int64)
        kernels.in_force(hosts, times, firsts, counts, breaks, state, found)
        plans = self._plans[found]
        waiting = (plans == UNRESOLVED) & (state != kernels.UNCLEAN)
        if waiting.any():
            for position in np.unique(found[waiting]).tolist():
                plan, evidence = self._resolve(self._hosts[position], self._breaks[position])
                self._plans[position], self._evidence[position] = plan, evidence
            plans = self._plans[found]
        return np.maximum(plans, 0), self._evidence[found]

    def _learn(self, count: int) -> None:
        for host in range(len(self._firsts), count):
            breaks = sorted({BEGINNING, *self._breaks_of(host)})
            self._firsts.append(len(self._breaks))
            self._counts.append(len(breaks))
            self._breaks += breaks
            self._hosts += [host] * len(breaks)
            self._arrays = None
        if len(self._breaks) > len(self._plans):
            more = np.full(2 * len(self._breaks) - len(self._plans), UNRESOLVED, np.int32)
            self._plans = np.concatenate([self._plans, more])
            self._evidence = np.concatenate([self._evidence, more])

    def _build(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        self._arrays = (
            np.array(self._firsts, np.int64),
            np.array(self._counts, np.int64),
            np.array(self._breaks, np.int64),
        )
        return self._arrays
