"""Decisions of people in the ledger: their tables, and reading them back.

An override is a record of its own, and so is its revocation; neither is ever changed. What cannot be read as one is
reported and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..model import Outcome, Override, Verdict
from .query import Record, Report
from .record import Table
from .statements import statements

KINDS = frozenset({"override", "revocation"})


def override_table(override: Override) -> Table:
    """What a person decided. The record's own place and a later revocation do not stand in it."""
    optional = {
        "acknowledged": dict(override.acknowledged) or None,
        "concerns": override.concerns,
        "path_prefix": override.path_prefix,
    }
    return {
        "at": override.at,
        "by": override.by,
        "effect": override.effect,
        "findings": {criterion: list(outcomes) for criterion, outcomes in override.findings.items()},
        "reason": override.reason,
        "scope": override.scope,
        "until": override.until,
        "value": override.value,
    } | {key: value for key, value in optional.items() if value is not None}


def revocation_table(at: datetime, override: str, *, by: str, reason: str) -> Table:
    """A person took back the override of that record (`segment:number`), from `at` on."""
    return {"at": at, "by": by, "override": override, "reason": reason}


def read_overrides(directory: Path, *, report: Report | None = None) -> tuple[Override, ...]:
    """Every override of a ledger, expired and revoked ones too, in the order in which they were decided.

    Raises `LedgerError` where the ledger cannot be read; a ledger that is not there yet has none.
    """
    return overrides_of(statements(directory, KINDS, report=report))


def overrides_of(found: Iterable[Record]) -> tuple[Override, ...]:
    """The overrides among records, with what revoked them."""
    decided: dict[str, Override] = {}
    revoked: dict[str, tuple[datetime, str]] = {}
    for record in found:
        name = f"{record.segment}:{record.seq}"
        if record.kind == "override":
            override = override_from(record.table, name, record.at)
            if override is not None:
                decided[name] = override
        elif record.at is not None and isinstance(record.table.get("override"), str):
            target = record.table["override"]
            revoked[target] = min(revoked.get(target, (record.at, name)), (record.at, name))
    for name, (at, by) in revoked.items():
        if name in decided:
            decided[name] = replace(decided[name], revoked_at=at, revocation=by)
    return tuple(sorted(decided.values(), key=lambda override: (override.at, override.record)))


def override_from(table: Mapping[str, Any], record: str, at: datetime | None) -> Override | None:
    """The override in a table; None if it is not one that `override_table` made."""
    try:
        if at is None or not all(_text(table[name]) for name in ("by", "reason", "scope", "value")):
            return None
        if not all(table.get(name) is None or _text(table[name]) for name in ("path_prefix", "concerns")):
            return None
        until, effect = datetime.fromisoformat(table["until"]), Verdict(table["effect"])
        acknowledged = dict(table.get("acknowledged", {}))
        if until.tzinfo is None or effect is Verdict.REVIEW or not all(map(_text, acknowledged.values())):
            return None
        return Override(
            record=record,
            at=at.astimezone(UTC),
            by=table["by"],
            reason=table["reason"],
            effect=effect,
            scope=table["scope"],
            value=table["value"],
            findings={str(name): tuple(map(Outcome, outcomes)) for name, outcomes in table["findings"].items()},
            until=until.astimezone(UTC),
            path_prefix=table.get("path_prefix"),
            acknowledged=acknowledged,
            concerns=table.get("concerns"),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
