"""Lists of IP addresses and networks, one a line, each of any spelling that names one place."""

from __future__ import annotations

from collections.abc import Sequence

from ...domains import Suffixes
from ..entry import Entry, EntryError
from ..target import CIDR, IP, address, network, shown
from .plain import INLINE_COMMENT

COMMENTS = ("#", "!", ";", "//")


def read_line(text: str, suffixes: Suffixes) -> Sequence[Entry | EntryError]:  # noqa: ARG001 (no names here)
    """One line: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/48`."""
    entry = INLINE_COMMENT.sub("", text).rstrip()
    if "/" in entry:
        return (Entry(CIDR, network(entry)),)
    if "-" in entry and all(part.strip()[:1].isdigit() for part in entry.split("-")):
        raise EntryError("range", f"{shown(entry)} is a range from one address to another", "write it as networks")
    return (Entry(IP, address(entry)),)
