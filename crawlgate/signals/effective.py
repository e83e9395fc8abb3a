"""From statements to one polarity per purpose, across protocols.

Each protocol has applied its own precedence before; across protocols the most restrictive statement counts,
and a permission never lifts another protocol's reservation. No document defines a precedence between
protocols: this is our policy, and the stricter one.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Polarity, Purpose, Scope, Signal

_ORDER = list(Polarity)
# What a statement about one purpose says about narrower ones.
_INCLUDES = {
    Purpose.TDM: (Purpose.TDM, Purpose.TRAIN, Purpose.TRAIN_GEN),
    Purpose.TRAIN: (Purpose.TRAIN, Purpose.TRAIN_GEN),
}
# Statements that describe a product or speak to people decide other questions.
_NOT_ABOUT_USE = ("dataset.", "wording.")
REFUSES_COLLECTORS = "robots.ai_agent"
"""Naming AI-training crawlers speaks about training on the site, whoever asks."""


def effective(signals: Iterable[Signal]) -> dict[Purpose, Polarity]:
    """The polarity in force for each purpose; `unspecified` where nobody spoke."""
    found = dict.fromkeys(Purpose, Polarity.UNSPECIFIED)
    for signal in signals:
        if signal.kind.startswith(_NOT_ABOUT_USE):
            continue
        if signal.subject not in ("ours", "*") and signal.kind != REFUSES_COLLECTORS:
            continue
        if signal.scope is Scope.ELEMENT and signal.polarity is Polarity.PERMITTED:
            continue  # what is granted for a part is not granted for the whole
        for purpose in _INCLUDES.get(signal.purpose, (signal.purpose,)):
            found[purpose] = min(found[purpose], signal.polarity, key=_ORDER.index)
    return found
