"""Lists of URL prefixes (squidGuard's and UT1's `urls`): `host/path`, all below it; with a query, one page."""

from __future__ import annotations

from collections.abc import Sequence

from ...domains import Suffixes
from ..entry import Entry, EntryError
from . import plain

COMMENTS = ("#", "!")


def read_line(text: str, suffixes: Suffixes) -> Sequence[Entry | EntryError]:
    """One line, with or without scheme."""
    return (plain.place(plain.INLINE_COMMENT.sub("", text).rstrip(), suffixes, pages=False),)
