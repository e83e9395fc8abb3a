"""Of many hosts at once: those of which some list may speak. The others, which are nearly all, are asked no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..blocklist.lookup import MIN_RELATED_LABEL, bare, base
from ..blocklist.match import Listing, Lists


def maybe_listed(notices: Listing | Lists, hosts: Sequence[str]) -> set[int]:
    """The positions of hosts of which `notices` speak, and of some of which they do not: every host that shares the
    beginning of a long label with a listed name counts."""
    found: set[int] = set()
    for listing in notices.listings if isinstance(notices, Lists) else (notices,):
        found.update(position for position, _ in listing.covering_each(hosts))
        if listing.has_places:
            found.update(n for n, host in enumerate(hosts) if listing.get(f"/{bare(host)}") or listing.get(f"={host}"))
        found.update(_related(listing, hosts))
    return found


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
