"""Short ways to state an outcome."""

from __future__ import annotations

from typing import NamedTuple

from ..model import Finding, Outcome, Signal


class NotAssessed(NamedTuple):
    """The criterion was not looked at; `reason` is a key of reasons.toml."""

    reason: str


def finding(
    criterion: str, outcome: Outcome, reason: str, signals: tuple[Signal, ...] = (), /, **params: str
) -> Finding:
    """A `Finding`; keyword arguments fill the sentence of `reason`."""
    return Finding(criterion=criterion, outcome=outcome, reason=reason, params=params, signals=signals)


def quote(signal: Signal) -> str:
    """The raw text of a signal with its place, for sentences."""
    place = f" (line {signal.line})" if signal.line else ""
    return f"{signal.raw}{place}"
