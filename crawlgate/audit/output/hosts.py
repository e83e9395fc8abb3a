"""Hosts as they stand in outputs, each spelled once for the whole run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..growing import Growing
from ..interning import Spans
from .coded import by_appearance


class Hosts:
    """Columns of hosts by the numbers of their `origins`."""

    def __init__(self, origins: Spans) -> None:
        self._origins = origins
        self._hosts, self._surts = _Names(), _Names()

    def column(self, origins: npt.NDArray[np.int32]) -> Any:
        """The host of each row, by the number of its origin; a dictionary in the order of the rows."""
        self._learn()
        return self._hosts.column(origins)

    def surts(self, origins: npt.NDArray[np.int32]) -> Any:
        """The same hosts, as archives sort them."""
        self._learn()
        return self._surts.column(origins)

    def _learn(self) -> None:
        known = self._hosts.count
        if known < self._origins.count:
            hosts = [host_of(self._origins.text(number)) for number in range(known, self._origins.count)]
            self._hosts.add(hosts)
            self._surts.add([surt_host(host) for host in hosts])


class _Names:
    """A name for each number; several numbers may have one name."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._place_of = Growing(np.int32)
        self._texts = pa.array([], pa.string())

    @property
    def count(self) -> int:
        return self._place_of.count

    def add(self, names: list[str]) -> None:
        places = self._places
        before = len(places)
        self._place_of.add([places.setdefault(name, len(places)) for name in names])
        new = pa.array(list(places)[before:], pa.string())
        self._texts = pa.concat_arrays([self._texts, new])

    def column(self, numbers: npt.NDArray[np.int32]) -> Any:
        fresh, used = by_appearance(self._place_of.rows[numbers], len(self._texts))
        return pa.DictionaryArray.from_arrays(pa.array(fresh), self._texts.take(pa.array(used)))


def host_of(origin: str) -> str:
    """The host of an origin, with its port if it is not the usual one."""
    return origin.partition("://")[2]


def surt_host(host: str) -> str:
    """A host as web archives sort it: labels from the last to the first (`com,example,www`); addresses as they are."""
    name, colon, port = host.partition(":") if not host.startswith("[") else (host, "", "")
    if name.startswith("[") or name.rpartition(".")[2].isdigit():
        return host
    return ",".join(reversed(name.split("."))) + colon + port
