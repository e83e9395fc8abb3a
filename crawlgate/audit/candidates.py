"""Of many hosts at once: those of which some list may speak. The others, which are nearly all, are asked no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..blocklist.compiled import CompiledList
from ..blocklist.listing import Listing
from ..blocklist.lookup import MIN_RELATED_LABEL, bare, base
from ..blocklist.match import Lists
from . import candidate_kernels as kernels
from .texts import Texts

_CRC = kernels.crc_table()


def maybe_listed(notices: Listing | Lists, origins: Texts, host_of: Callable[[int], str]) -> set[int]:
    """The positions of origins of whose hosts `notices` speak, and of some of which they do not: every host that
    shares the beginning of a long label with a listed name counts. `host_of` gives the host at a position."""
    found: set[int] = set()
    for listing in notices.listings if isinstance(notices, Lists) else (notices,):
        if isinstance(listing, CompiledList):
            told = _told(listing, origins)
            found.update(np.flatnonzero(told == kernels.NAMED).tolist())
            near = np.flatnonzero(told == kernels.RELATED).tolist()
            found.update(near[n] for n in _related(listing, map(host_of, near)))
        else:
            found.update(_of_few(listing, [host_of(place) for place in range(len(origins))]))
    return found


def _told(listing: CompiledList, origins: Texts) -> npt.NDArray[np.uint8]:
    names, hints = (np.frombuffer(bits, np.uint8) for bits in listing.filters)
    found = np.zeros(len(origins), np.uint8)
    kernels.tell_strangers(
        origins.data, origins.offsets, names, hints, listing.has_places, MIN_RELATED_LABEL, _CRC, found
    )
    return found


def _of_few(listing: Listing, hosts: Sequence[str]) -> Iterator[int]:
    yield from (place for place, _ in listing.covering_each(hosts))
    if listing.has_places:
        yield from (n for n, host in enumerate(hosts) if listing.get(f"/{bare(host)}") or listing.get(f"={host}"))
    yield from _related(listing, hosts)


def _related(listing: Listing, hosts: Iterable[str]) -> Iterator[int]:
    begins: dict[str, bool] = {}
    for position, host in enumerate(hosts):
        for label in host.split(".")[:-1]:
            if len(label) < MIN_RELATED_LABEL:
                continue
            if label.startswith("xn--"):
                yield position
                break
            stem = base(label)
            if len(stem) < MIN_RELATED_LABEL:
                continue
            listed = begins.get(stem)
            if listed is None:
                listed = begins[stem] = _begins(listing, stem)
            if listed:
                yield position
                break


def _begins(listing: Listing, stem: str) -> bool:
    for _ in listing.keys_from(stem):
        return True
    return any(True for _ in listing.keys_from("^" + stem))
