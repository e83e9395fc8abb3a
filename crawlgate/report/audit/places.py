"""Rows by site: what each site has, which are the worst, and which rows stand for them. All on numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...domains import Suffixes
from ..shared import VERDICTS
from .account import Concentration
from .outputs import Basis
from .tally import Tally

ANSWERS = VERDICTS
_NEEDED = (50, 80, 90, 99, 100)
_CURVE = 48
_LOOKED_AT = 10_000

_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows of one site with one basis: how many, and the place of the first."""

    basis: int
    rows: int
    first: int


class Places:
    """Sites (registrable domains) of a tally. Hosts without one, such as addresses, are sites of their own."""

    def __init__(self, tally: Tally, bases: Mapping[int, Basis]) -> None:
        suffixes = Suffixes()
        numbers: dict[str, int] = {}
        of_host = np.array(
            [numbers.setdefault(_site(host, suffixes), len(numbers)) for host in tally.hosts] or [0], np.int64
        )
        self.names = list(numbers)
        hosts, self._bases, self._rows, self._first = tally.of_hosts
        self._sites = of_host[hosts] if len(hosts) else hosts
        self.hosts = np.bincount(of_host[: len(tally.hosts)], minlength=len(self.names))
        keys = self._sites * len(ANSWERS) + ranks(bases)[self._bases]
        counts = np.bincount(keys, self._rows, len(self.names) * len(ANSWERS)).astype(np.int64)
        self.counts = counts.reshape(len(self.names), len(ANSWERS))
        self.denied: _Numbers = self.counts[:, 2] + self.counts[:, 3]
        self.held: _Numbers = self.counts[:, 1]
        # The worst first: most rows denied, then most held, then by name, so that equal sites keep one order.
        names = np.argsort(np.array(self.names, object)) if self.names else np.zeros(0, np.int64)
        by_name = np.empty(len(names), np.int64)
        by_name[names] = np.arange(len(names))
        self._worst = np.lexsort((by_name, -self.held, -self.denied))
        self._by_place = np.argsort(self._first, kind="stable")

    @property
    def stopped(self) -> int:
        """Sites with a row that was denied or held."""
        return int(((self.denied + self.held) > 0).sum())

    def worst(self, count: int) -> list[int]:
        """The numbers of the sites with most rows denied, then held; none without any."""
        worst = self._worst[:count]
        return [int(n) for n in worst[(self.denied + self.held)[worst] > 0]]

    def pairs(self, sites: Iterable[int]) -> dict[int, list[Pair]]:
        """What each of these sites has, basis by basis, most rows first."""
        chosen = np.zeros(len(self.names), np.bool_)
        chosen[list(sites)] = True
        found: dict[int, dict[int, Pair]] = {}
        for at in np.flatnonzero(chosen[self._sites]).tolist() if len(self._sites) else []:
            here = found.setdefault(int(self._sites[at]), {})
            basis, rows, first = int(self._bases[at]), int(self._rows[at]), int(self._first[at])
            known = here.get(basis)
            here[basis] = (
                Pair(basis, rows, first) if known is None else Pair(basis, known.rows + rows, min(known.first, first))
            )
        return {
            site: sorted(pairs.values(), key=lambda pair: (-pair.rows, pair.basis)) for site, pairs in found.items()
        }

    def first_of(self, chosen: Callable[[int], bool], most: int) -> list[int]:
        """Places of the first rows whose basis is chosen, from different sites as far as there are any."""
        wanted = np.array([chosen(n) for n in range(int(self._bases.max()) + 1)]) if len(self._bases) else None
        if wanted is None or not wanted.any():
            return []
        order = self._by_place[wanted[self._bases[self._by_place]]]
        found: dict[int, int] = {}
        for at in order[:_LOOKED_AT].tolist():
            found.setdefault(int(self._sites[at]), int(self._first[at]))
            if len(found) == most:
                break
        return sorted(found.values())

    def concentration(self) -> Concentration:
        """How few sites make how much of the denials."""
        order = np.sort(self.denied)[::-1]
        order = order[order > 0]
        total = int(order.sum())
        sums = np.cumsum(order)
        ranks = sorted({int(n) for n in np.geomspace(1, len(order), _CURVE).round()}) if len(order) else []
        # The first site with which so many percent are reached, in whole numbers.
        needed = [(percent, int(np.searchsorted(sums * 100, percent * total)) + 1) for percent in _NEEDED if total]
        return Concentration(
            sites=len(self.names),
            sites_denied=len(order),
            denied=total,
            curve=tuple((rank, int(sums[rank - 1])) for rank in ranks),
            needed=tuple(needed),
        )


def _site(host: str, suffixes: Suffixes) -> str:
    name = host if host.startswith("[") else host.partition(":")[0]
    return suffixes.registrable(name) or host


def ranks(bases: Mapping[int, Basis]) -> _Numbers:
    """The place of each basis's answer among `ANSWERS`, by its number."""
    return np.array([ANSWERS.index(bases[n].answer) if n in bases else 0 for n in range(max(bases, default=0) + 1)])
