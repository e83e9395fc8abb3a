"""What an entry is asked beyond its form: would it hit sites that most people use?"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .popular import first_covered, popular
from .target import HOST, REGISTRABLE_DOMAIN, SUBDOMAIN, shown


class HasTarget(Protocol):
    """What `Entry` and `Notice` have in common."""

    @property
    def scope(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def exception(self) -> bool: ...


class EntryProblem(NamedTuple):
    """Why an entry is not taken as it stands: a short stable `code`, the `reason`, and the `way_out`."""

    code: str
    reason: str
    way_out: str


def check_entry(entry: HasTarget) -> EntryProblem | None:
    """The problem with an entry that is well formed, or None.

    What `entry_from_table` refuses (public suffixes, patterns, odd addresses ...) never comes here. `popular_site`:
    the entry covers one of the world's most used sites as a whole, which a person may insist on with a reason.
    """
    if entry.exception or entry.scope not in (REGISTRABLE_DOMAIN, SUBDOMAIN, HOST):
        return None
    covered = first_covered(entry.value, below=entry.scope != HOST)
    if covered is None:
        return None
    return EntryProblem(
        "popular_site",
        f"{shown(entry.value)} covers {covered}, one of the most used sites (list of {popular().date})",
        "name the path or the page, or insist with a reason (force)",
    )
