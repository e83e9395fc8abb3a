"""Findings against the eighteen criteria: pure functions from observed signals and declared facts.

One file per family; `evaluate` runs them in order. Nothing here decides what follows from a finding.
"""

from .catalogue import CATALOGUE, Catalogue, Criterion
from .evaluate import Assessment, evaluate
from .facts import Facts

__all__ = ["CATALOGUE", "Assessment", "Catalogue", "Criterion", "Facts", "evaluate"]
