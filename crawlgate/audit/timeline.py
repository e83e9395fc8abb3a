"""Per host, the instants at which what is known changes; between two of them every row of a path is judged alike.

What is known of a host changes when a policy file is received, when it becomes too old to speak for a fetch, when a
notice is listed, received, loaded, withdrawn or expires, when a licence begins or ends, and so on. An interval is
worked out when the first row falls into it.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from . import kernels
from .growing import Growing
from .kernel_arrays import Timeline

BEGINNING = int(np.iinfo(np.int64).min)
"""The break before all others."""

UNRESOLVED = -1


class Intervals(Protocol):
    """Who knows when something changes, and what is in force then."""

    def breaks(self, first: int, end: int) -> tuple[Any, Any]:
        """For each host from number `first` to `end`: how many instants there are at which something changes; and
        those of all of them, one host after another, ascending, each host's first `BEGINNING`."""

    def resolve(self, hosts: Any, at: Any) -> tuple[Any, Any]:
        """For each host and instant, the number of the plan, and that of the evidence that is the host's own."""


class Timelines:
    """Intervals of all hosts, one after another in the order in which hosts turn up."""

    def __init__(self, intervals: Intervals) -> None:
        self._intervals = intervals
        self._firsts = Growing(np.int64)
        self._firsts.add([0])
        self._breaks = Growing(np.int64)
        self._hosts = Growing(np.int32)
        self._said = Growing(np.int32, 2)  # plan and evidence
        self._latest = Growing(np.int64)

    @property
    def known(self) -> Timeline:
        """The intervals of the hosts that are known, for kernels."""
        return Timeline(self._firsts.rows, self._breaks.array, self._said.array, self._latest.array)

    def plans(self, hosts: Any, times: Any, state: Any, count: int, *, aside: bool = False) -> tuple[Any, Any]:
        """Plan and evidence of each row, for rows whose host is one of the first `count`; rows of `state` `UNCLEAN`
        get any. `aside`: the rows are of another time than those that come next."""
        self._learn(count)
        size = len(hosts)
        found, plans, evidence = np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.int32)
        latest = self._latest.array.copy() if aside else self._latest.array
        told = Timeline(self._firsts.array, self._breaks.array, self._said.array, latest)
        if kernels.in_force(hosts, times, told, state, found, plans, evidence)[0]:
            waiting = np.flatnonzero(plans == UNRESOLVED)
            wanted = np.zeros(self._breaks.count, np.bool_)
            wanted[found[waiting]] = True
            places = np.flatnonzero(wanted)
            resolved = self._intervals.resolve(self._hosts.array[places], self._breaks.array[places])
            self._said.array[places] = np.stack(resolved, axis=1)
            plans[waiting], evidence[waiting] = self._said.array[found[waiting]].T
        return plans, evidence

    def _learn(self, count: int) -> None:
        known = self._firsts.count - 1
        if count <= known:
            return
        counts, breaks = self._intervals.breaks(known, count)
        ends = self._breaks.count + np.cumsum(counts)
        self._latest.add(ends - counts)
        self._firsts.add(ends)
        self._hosts.add(np.repeat(np.arange(known, count, dtype=np.int32), counts))
        self._breaks.add(breaks)
        self._breaks.room(1)[self._breaks.count] = BEGINNING  # behind the last
        self._said.add(np.full((len(breaks), 2), UNRESOLVED, np.int32))
