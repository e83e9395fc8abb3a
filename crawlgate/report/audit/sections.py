"""The report of an audit as sections, in order: what was asked, coverage first, what was found, what is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..words import Words
from .account import Account
from .asked import asked, files, setup, sources
from .blocks import Block, Section
from .covered import coverage, legend, over_time, verdicts
from .decided import people, removals
from .found import concentration, criteria, lists, sites

_PARTS: Mapping[str, Callable[[Account, Words], Iterator[Block]]] = {
    "asked": asked,
    "coverage": coverage,
    "setup": setup,
    "verdicts": verdicts,
    "criteria": criteria,
    "time": over_time,
    "sites": sites,
    "concentration": concentration,
    "lists": lists,
    "people": people,
    "removals": removals,
    "files": files,
    "legend": legend,
    "sources": sources,
}


def sections(account: Account, words: Words) -> tuple[Section, ...]:
    """All parts of the report."""
    return tuple(
        Section(name, words(f"audit_section.{name}"), tuple(part(account, words))) for name, part in _PARTS.items()
    )
