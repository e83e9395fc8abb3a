"""Names of the world's most used sites: a dated list of our own. An entry that covers one of them needs a reason."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Popular(NamedTuple):
    """The names, and for each name above them (`google.com` for `docs.google.com`) the first of those below it."""

    date: str
    names: frozenset[str]
    below: dict[str, str]


@cache
def popular() -> Popular:
    """The list as shipped."""
    table = tomllib.loads(files(__package__).joinpath("popular.toml").read_text("utf-8"))
    names: list[str] = table["names"]
    below: dict[str, str] = {}
    for name in names:
        above = name
        while above:
            below.setdefault(above, name)
            above = above.partition(".")[2]
    return Popular(str(table["date"]), frozenset(names), below)


def is_popular(name: str) -> bool:
    """True if `name` (a host or domain) is one of them, or its `www.` twin."""
    return name.removeprefix("www.") in popular().names


def first_covered(name: str, *, below: bool) -> str | None:
    """The first of them that `name` covers: itself, or (`below`) any that stands below it. None if none does."""
    bare = name.removeprefix("www.")
    if below and bare == name:
        return popular().below.get(name)
    return bare if bare in popular().names else None
