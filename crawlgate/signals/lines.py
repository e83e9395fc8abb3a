"""The lines of robots.txt that are neither groups nor rules: extension lines, as other protocols read them."""

from __future__ import annotations

from typing import NamedTuple


class ExtensionLine(NamedTuple):
    """A line of robots.txt with a key that RFC 9309 does not define (2.2.4: it never touches groups).

    `number` counts from 1; `key` is lower case; `value` is without comment; `agents` are the values of
    the `User-agent` lines of the group it stands in, empty where it stands before any group.
    """

    number: int
    key: str
    value: str
    raw: str
    agents: tuple[str, ...] = ()
