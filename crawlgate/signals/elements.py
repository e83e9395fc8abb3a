"""Elements of a page as they open and close, for readers of attributes that belong to a part of the page.

No tree is built. An end tag closes the nearest open element of its name, within a bounded number of elements; what it
leaves open above is closed with it. That is what a browser shows of well-nested markup, and close to it for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .markup import END, HOLDS_TEXT, START, Token, tokens

MAX_TAGS = 60_000
"""Tags of a page that are walked. Project choice; the fullest of 1,212 real pages has 24,000."""

MAX_OPEN = 512
_MISNESTED = 64
VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())


class Event(NamedTuple):
    """An element opens at `depth` (`token` is its start tag), closes (`token` None), or text stands inside it."""

    depth: int
    token: Token | None = None
    text: bytes = b""
    closes: bool = False


def walk(data: bytes) -> Iterator[Event]:
    """The elements and the text of `data` in order. Every element that opens also closes, at the end at the
    latest, unless the page has more tags than are walked."""
    opened: list[bytes] = []
    last = 0
    holder: bytes | None = None
    for number, token in enumerate(tokens(data)):
        kind, name, start, end = token
        if start > last and holder is None:
            yield Event(len(opened), text=data[last:start])
        last, holder = end, None
        if kind == START:
            if len(opened) >= MAX_OPEN:
                continue
            yield Event(len(opened), token)
            if name in VOID:
                yield Event(len(opened), closes=True)
            elif name in HOLDS_TEXT:
                holder = name
                opened.append(name)
            else:
                opened.append(name)
        elif kind == END and name in opened[-_MISNESTED:]:
            while opened:
                closed = opened.pop()
                yield Event(len(opened), closes=True)
                if closed == name:
                    break
        if number >= MAX_TAGS:
            return
    if holder is None and last < len(data):
        yield Event(len(opened), text=data[last:])
    while opened:
        opened.pop()
        yield Event(len(opened), closes=True)
