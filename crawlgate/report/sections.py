"""The parts of the report, each a function of the summary: first what was covered, then what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .covered import coverage, verdicts
from .decided import overrides, people, reviews
from .found import criteria, sites
from .kept import evidence, legend, outcomes
from .markup import Html
from .provenance import conditions, ledger
from .summary import Summary
from .words import Words

Section = Callable[[Summary, Words], Html]

SECTIONS: Mapping[str, Section] = {
    "conditions": conditions,
    "coverage": coverage,
    "verdicts": verdicts,
    "criteria": criteria,
    "sites": sites,
    "reviews": reviews,
    "overrides": overrides,
    "people": people,
    "outcomes": outcomes,
    "evidence": evidence,
    "ledger": ledger,
    "legend": legend,
}
