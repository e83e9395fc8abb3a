"""Of many hosts at once: those of which some list may speak. The others, which are nearly all, are asked no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

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
        places = range(len(origins)) if not isinstance(listing, CompiledList) else _not_strange(listing, origins)
        found.update(_of_some(listing, places, [host_of(place) for place in places]))
    return found


def _not_strange(listing: CompiledList, origins: Texts) -> Sequence[int]:
    names, hints = (np.frombuffer(bits, np.uint8) for bits in listing.filters)
    found = np.zeros(len(origins), np.uint8)
    kernels.tell_strangers(
        origins.data, origins.offsets, names, hints, listing.has_places, MIN_RELATED_LABEL, _CRC, found
    )
    places: list[int] = np.flatnonzero(found != kernels.STRANGER).tolist()
    return places


def _of_some(listing: Listing, places: Sequence[int], hosts: Sequence[str]) -> Iterator[int]:
    for n, _ in listing.covering_each(hosts):
        yield places[n]
    if listing.has_places:
        for place, host in zip(places, hosts, strict=True):
            if listing.get(f"/{bare(host)}") or listing.get(f"={host}"):
                yield place
    for n in _related(listing, hosts):
        yield places[n]


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
