"""Decisions of people in a case, dated, so that a replay gives the answer of its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..criteria import CATALOGUE
from ..declaration import suggestion
from ..domains import Suffixes
from ..model import Outcome, Override, Verdict
from ..policy.overrides import SCOPES, Overrides
from .fields import CaseError, member, moment, optional_text, refuse_slips, rows, table, text

_KEYS = ("record", "at", "by", "reason", "effect", "scope", "value", "path_prefix", "findings", "until", "acknowledged",
         "concerns", "revoked_at", "revocation")  # fmt: skip


def overrides_of(given: Mapping[str, Any], suffixes: Suffixes) -> Overrides:
    """The `overrides` of a case, in the form that `crawlgate review overrides --format json` prints.

    Raises `CaseError` with the key path."""
    found = tuple(_override(item, f"overrides[{n}]") for n, item in enumerate(rows(given, "overrides")))
    known = Overrides(found, suffixes)
    for override in known.unusable:
        raise CaseError(f"overrides: {override.value!r} is no {override.scope}; it would cover nothing")
    return known


def _override(item: Any, where: str) -> Override:
    if not isinstance(item, Mapping):
        raise CaseError(f"{where} must be an object")
    refuse_slips(item, _KEYS, where)
    at, until = moment(item.get("at"), f"{where}.at"), moment(item.get("until"), f"{where}.until")
    if until <= at:
        raise CaseError(f"{where}.until is not after at; the decision would never count")
    effect = member(item.get("effect"), (Verdict.ALLOW, Verdict.DENY), f"{where}.effect:")
    revoked = item.get("revoked_at")
    acknowledged = table(item, "acknowledged", where, optional=True)
    return Override(
        record=str(item.get("record") or where),
        at=at,
        by=text(item, "by", where),
        reason=text(item, "reason", where),
        effect=effect,
        scope=member(item.get("scope"), SCOPES, f"{where}.scope:"),
        value=text(item, "value", where),
        path_prefix=optional_text(item, "path_prefix", where),
        findings=_findings(table(item, "findings", where), f"{where}.findings"),
        until=until,
        acknowledged={name: text(acknowledged, name, f"{where}.acknowledged") for name in acknowledged},
        concerns=optional_text(item, "concerns", where),
        revoked_at=None if revoked is None else moment(revoked, f"{where}.revoked_at"),
        revocation=optional_text(item, "revocation", where),
    )


def _findings(given: Mapping[str, Any], where: str) -> dict[str, tuple[Outcome, ...]]:
    for name in given:
        if name not in CATALOGUE.criteria:
            raise CaseError(f"{where}.{name} is no criterion{suggestion(name, CATALOGUE.criteria)}")
    if not given:
        raise CaseError(f"{where} is empty; name the criteria that were decided about, with their outcomes")
    return {
        name: tuple(member(outcome, Outcome, f"{where}.{name}:") for outcome in rows(given, name, where))
        for name in given
    }
