"""Who speaks in a list, and whether anybody checked that: said the same way wherever a list is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import IssuerKind
from .gist import text
from .words import Words


def speaker(table: Mapping[str, Any], words: Words) -> str:
    """One phrase from `issuer_kind`, `verified` and `vouched_by` of a record. A public list is never called a rights
    holder's, and neither is one that nobody checked, whatever it says of itself."""
    kind, by = text(table.get("issuer_kind")), text(table.get("vouched_by"))
    if kind not in tuple(IssuerKind):
        kind = str(IssuerKind.UNSTATED)
    if table.get("verified") is True and by:
        return words(f"speaker.{kind}", by=by)
    return words("speaker.public_unverified" if kind == IssuerKind.PUBLIC else "speaker.unverified")
