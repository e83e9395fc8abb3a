"""What a profile does, in one form: the table behind `crawlgate config show`, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..criteria import CATALOGUE
from ..model import NamedLimit, Outcome, Verdict

_Effects = Mapping[str, Mapping[Outcome, Verdict]]


def policy_table(effects: _Effects, audit_effects: _Effects, limits: Mapping[str, NamedLimit]) -> dict[str, Any]:
    """Every criterion with the effect of each of its five outcomes; the audit effects that differ from them;
    the limits in full. Texts and whole numbers only."""
    whole = {
        name: {str(outcome): str(effects.get(name, {}).get(outcome, Verdict.ALLOW)) for outcome in Outcome}
        for name in CATALOGUE.criteria
    }
    audit = {
        name: differing
        for name, row in sorted(audit_effects.items())
        if (differing := {str(o): str(e) for o, e in sorted(row.items()) if str(e) != whole[name][o]})
    }
    return {
        "effects": whole,
        "audit_effects": audit,
        "limits": {name: limit_table(limit) for name, limit in sorted(limits.items())},
    }


def limit_table(limit: NamedLimit) -> dict[str, Any]:
    """A limit as a table: value, unit, owner, date (ISO 8601) and reason."""
    return {
        "value": limit.value,
        "unit": limit.unit,
        "owner": limit.owner,
        "date": limit.date.isoformat(),
        "reason": limit.reason,
    }


def policy_hash(table: Mapping[str, Any]) -> str:
    """The sha256 of a policy table as JSON: keys sorted, no blanks, non-ASCII characters as they are, UTF-8."""
    text = json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
