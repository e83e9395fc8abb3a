"""Licences in RSS and Atom feeds: `rsl:content` in an item (RSL 1.0 4.2, "Adding RSL to RSS feeds").

Each speaks of its item, which is a part of the feed. A feed that is cut is read as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..model import Lint, Polarity, Scope, Signal
from . import rsl

MAX_BYTES = 1024 * 1024
"""Bytes of a feed that are read. Project choice."""

MAX_SIGNALS = 64
"""Statements of one feed that are told; a feed repeats itself item by item."""

_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?[^>]{0,500}\?>\s*+|<!--(?:(?!-->).){0,2000}-->\s*+)*+<(?:[\w.-]{1,32}:)?([A-Za-z][\w.-]{0,40})",
    re.DOTALL,
)
ROOTS = ("rss", "feed", "rdf")
"""Roots of RSS, Atom, and RSS 1.0."""


def root_name(body: bytes) -> str:
    """The name of an XML document's root in lower case, without its prefix; empty where none stands near the start."""
    match = _ROOT.match(body[:8_192])
    return match[1].decode("ascii", "replace").lower() if match else ""


def read(body: bytes, *, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """What the licences in a feed say of its items, each statement once. Never raises."""
    document = rsl.embedded(body, base=None, evidence=evidence, scope=Scope.ELEMENT, limit=MAX_BYTES)
    if lint is not None:
        lint.extend(document.lint)
    found: dict[tuple[object, ...], Signal] = {}
    for index in document.all:
        for signal in document.signals((index,)):
            if signal.polarity is not Polarity.UNSPECIFIED:
                said = (signal.kind, signal.purpose, signal.polarity, signal.detail.get("usage"))
                found.setdefault(said, signal)
    return tuple(_bounded(found.values()))


def _bounded(signals: Iterable[Signal]) -> list[Signal]:
    order = list(Polarity)
    return sorted(signals, key=lambda signal: order.index(signal.polarity))[:MAX_SIGNALS]
