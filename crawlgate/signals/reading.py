"""What one response says, as its readers gather it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model import Lint, Polarity, Signal
from .dataset import PaidOffer
from .rsl_links import RslReference
from .tdm_policy import TdmPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one response says. TDMRep's carriers stay apart, because a later one supersedes an earlier one.

    `licences` are RSL documents that the response names and that are not read yet, `named_licences` all it names;
    `policies` are TDM policies that were read, by URL. `dataset` is how the data sets stand that a page describes.
    `open_licences` are licences that the resource names for itself; `creators` who made it, and `original` the URL on
    another host that it names as its canonical one. `of_site` are words of terms and the like, which speak for more
    than their page.
    `not_looked` names the checks that were not made (`page`, `terms`, `licence` ...) with the
    reason key.
    """

    signals: tuple[Signal, ...] = ()
    tdm_header: tuple[Signal, ...] = ()
    tdm_meta: tuple[Signal, ...] = ()
    offers: tuple[PaidOffer, ...] = ()
    open_licences: tuple[Signal, ...] = ()
    creators: tuple[str, ...] = ()
    original: str = ""
    of_site: tuple[Signal, ...] = ()
    lint: tuple[Lint, ...] = ()
    licences: tuple[RslReference, ...] = ()
    named_licences: tuple[RslReference, ...] = ()
    dataset: Polarity = Polarity.UNSPECIFIED
    policies: Mapping[str, TdmPolicy] = field(default_factory=dict)
    not_looked: dict[str, str] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """True if nothing was said, the usual case."""
        return not (self.signals or self.tdm_header or self.tdm_meta or self.offers or self.open_licences)


SILENCE = Reading()
"""A response of which nothing is known, or that said nothing."""


def merged(earlier: Reading, later: Reading) -> Reading:
    """Two hops of one fetch as one reading: what the earlier hop said about access still stands."""
    return replace(later, signals=earlier.signals + later.signals)
