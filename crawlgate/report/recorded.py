"""Decisions as they stand in a ledger, as the values they were: findings, signals, what people decided.

A ledger may be of another version or may have been altered, so nothing in a table is taken for granted: what does
not fit is left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..criteria import CATALOGUE
from ..ledger.query import DecisionRecord
from ..model import (
    Basis,
    Decision,
    Finding,
    Outcome,
    Override,
    Polarity,
    Purpose,
    Scope,
    Signal,
    Stage,
    Strength,
    Verdict,
)
from .gist import mapping, sequence, text, utc

_RAW = 2000


def decision_of(record: DecisionRecord) -> Decision:
    """The decision of a record. What its basis lacks is taken for the severest: a verdict that cannot be read is
    deny, a stage that cannot be read is before the fetch."""
    basis = record.basis
    findings = tuple(
        found for name, table in mapping(basis.get("findings")).items() if (found := finding_of(name, table))
    )
    by_name = {finding.criterion: finding for finding in findings}
    return Decision(
        url=record.url,
        at=utc(record.at),
        basis=Basis(
            stage=_member(Stage, basis.get("stage"), Stage.PRE_FETCH),
            verdict=_member(Verdict, basis.get("verdict"), Verdict.DENY),
            temporary=basis.get("temporary") is True,
            findings=findings,
            reasons=tuple(by_name[name] for name in sequence(basis.get("reasons")) if name in by_name),
            not_assessed={
                name: why for name, why in mapping(basis.get("not_assessed")).items() if isinstance(why, str)
            },
            evidence=tuple(text(item) for item in sequence(basis.get("evidence"))),
            profile=text(basis.get("profile")),
            rule_pack=text(basis.get("rule_pack")),
            overrides=tuple(_override(mapping(item)) for item in sequence(basis.get("overrides"))),
        ),
        segment=record.segment,
        seq=record.seq,
        enforced=record.enforced,
        problem=record.problem,
    )


def finding_of(criterion: object, table: object) -> Finding | None:
    """The finding in a table of a basis; None where criterion or outcome are not known here."""
    found = mapping(table)
    outcome = _member(Outcome, found.get("outcome"), None)
    if not isinstance(criterion, str) or criterion not in CATALOGUE.criteria or outcome is None:
        return None
    return Finding(
        criterion=criterion,
        outcome=outcome,
        reason=text(found.get("reason")),
        params={text(key): text(value, _RAW) for key, value in mapping(found.get("params")).items()},
        signals=tuple(_signal(mapping(item)) for item in sequence(found.get("signals"))),
    )


def _signal(table: dict[str, Any] | Any) -> Signal:
    line = table.get("line")
    return Signal(
        kind=text(table.get("kind")),
        purpose=_member(Purpose, table.get("purpose"), Purpose.CRAWL),
        polarity=_member(Polarity, table.get("polarity"), Polarity.UNSPECIFIED),
        strength=_member(Strength, table.get("strength"), Strength.NOTICE),
        scope=_member(Scope, table.get("scope"), Scope.ORIGIN),
        subject=text(table.get("subject")) or "*",
        raw=text(table.get("raw"), _RAW),
        evidence=text(table.get("evidence")),
        line=line if type(line) is int else None,
        name=text(table.get("name")) or None,
        detail={text(key): text(value, _RAW) for key, value in mapping(table.get("detail")).items()},
        ambiguity=text(table.get("ambiguity"), _RAW) or None,
    )


def _override(table: dict[str, Any] | Any) -> Override:
    """What a basis says of an override; its reason and scope stand in its own record."""
    return Override(
        record=text(table.get("record")),
        at=_NEVER,
        by=text(table.get("by")),
        reason="",
        effect=_member(Verdict, table.get("effect"), Verdict.DENY),
        scope="",
        value="",
        findings={text(name): () for name in sequence(table.get("criteria"))},
        until=_time(table.get("until")),
    )


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _time(value: object) -> datetime:
    try:
        return utc(datetime.fromisoformat(str(value)))
    except ValueError:
        return _NEVER


def _member(kind: Any, value: object, otherwise: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return otherwise
