"""A decision as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Decision


def explain(decision: Decision, lang: str = "en") -> str:
    """One decision in `en` or `ja`: verdict, the criteria that decided, the raw lines, what was not assessed."""
    return f"{decision.verdict}: {decision.url} ({lang})"
