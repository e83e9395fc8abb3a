"""Hosts files: an address that leads nowhere, then names. A name of the machine itself is no entry."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from ...domains import Suffixes
from ..entry import Entry, EntryError
from ..target import shown
from .items import each
from .plain import INLINE_COMMENT, bare_name

COMMENTS = ("#", "!")

# What every system's hosts file holds, under whatever address.
_OWN_NAMES = frozenset(
    ("localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0")  # noqa: S104 (a word in a file)
) | {
    f"ip6-{name}" for name in ("localhost", "loopback", "localnet", "mcastprefix", "allnodes", "allrouters", "allhosts")
}


def read_line(text: str, suffixes: Suffixes) -> Sequence[Entry | EntryError]:
    """One line: `0.0.0.0 pirate.example www.pirate.example # note` holds two entries."""
    address, *names = INLINE_COMMENT.sub("", text).split()
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        raise EntryError("other_format", f"{shown(address)} is no address; a hosts line begins with one") from None
    if not names:
        raise EntryError("no_host", "an address without a name")
    dead = found.is_unspecified or found.is_loopback

    def name(text: str) -> Entry:
        if text.lower() in _OWN_NAMES:
            raise EntryError("own_name", f"{shown(text)} is a name of the machine itself, no site")
        if not dead:
            raise EntryError(
                "maps_somewhere", f"{shown(text)} is sent to {address}, which is no block", "use 0.0.0.0 for a block"
            )
        return bare_name(text, suffixes)

    return each(names, name)
