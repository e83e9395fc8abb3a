"""What every reader yields, and how a list of lines is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ...domains import Suffixes
from ..entry import Entry
from ..lines import Line
from ..target import EntryError


class Item(NamedTuple):
    """One item of a list: the line it stands on (or its number, in a format without lines), its text as received,
    and the entry, or why there is none. `part` counts the items of one line."""

    line: int
    text: str
    entry: Entry | EntryError
    part: int = 1


ReadLine = Callable[[str, Suffixes], Entry | Sequence[Entry | EntryError]]
"""What a line holds, one entry or several items; it may raise the `EntryError` of its only item."""

_new = tuple.__new__  # what Item(...) does, without the call


def read_lines(
    found: Iterable[Line], read: ReadLine, suffixes: Suffixes, comments: tuple[str, ...] = ("#", "!")
) -> Iterator[Item]:
    """The items of a list whose lines stand for themselves; those that begin with one of `comments` hold none."""
    for number, text, problem in found:
        if text.startswith(comments):
            continue
        if problem is not None:
            yield Item(number, text, EntryError("encoding" if "UTF-8" in problem else "too_long", problem))
            continue
        try:
            entries = read(text, suffixes)
            if isinstance(entries, Entry):
                yield _new(Item, (number, text, entries, 1))
                continue
            for part, entry in enumerate(entries, 1):
                yield Item(number, text, entry, part)
        except EntryError as error:
            yield Item(number, text, error)


def each(names: Iterable[str], read: Callable[[str], Entry]) -> list[Entry | EntryError]:
    """Several names of one line, each an entry or a reason of its own."""
    found: list[Entry | EntryError] = []
    for name in names:
        try:
            found.append(read(name))
        except EntryError as error:
            found.append(error)
    return found
