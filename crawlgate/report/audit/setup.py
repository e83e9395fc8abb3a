"""What the set-up of an audit itself leaves open: a reader must know it before the numbers mean anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ..words import number
from .account import Coverage, SetupFinding
from .outputs import Digest


def setup_findings(
    summary: Mapping[str, Any],
    coverage: Coverage,
    last: datetime | None,
    outcomes: Mapping[str, Mapping[str, int]],
    outputs: Iterable[Digest],
) -> tuple[SetupFinding, ...]:
    """What is missing or unusual, the gravest first. `outcomes` are rows by criterion and outcome, `last` the latest
    fetch, `outputs` the files of the audit as they are now."""
    order = {"error": 0, "warning": 1, "note": 2}
    changed = [file.name for file in outputs if not file.as_noted]
    found = [
        *(SetupFinding("changed", "error", {"file": name}) for name in changed),
        *_of_input(summary, coverage),
        *_of_lists(summary, last),
        *_of_declaration(summary, coverage, outcomes),
    ]
    return tuple(sorted(found, key=lambda finding: order[finding.level]))


def _of_input(summary: Mapping[str, Any], coverage: Coverage) -> Iterator[SetupFinding]:
    if coverage.judged == 0:
        yield SetupFinding("nothing_judged", "error", {})
    if coverage.rejected:
        yield SetupFinding("rejected", "error", {"count": number(coverage.rejected), "judged": number(coverage.judged)})
    if not (summary.get("evidence") or {}).get("answers"):
        yield SetupFinding("no_evidence", "warning", {})
    elif coverage.not_covered:
        yield SetupFinding(
            "without_robots", "warning", {"count": number(coverage.not_covered), "of": number(coverage.judged)}
        )
    if summary.get("as_of", "fetched") != "fetched":
        yield SetupFinding("other_time", "note", {"at": str(summary["as_of"])})


def _of_lists(summary: Mapping[str, Any], last: datetime | None) -> Iterator[SetupFinding]:
    lists = summary.get("lists") or ()
    if not lists:
        yield SetupFinding("no_lists", "warning", {})
    for noted in lists:
        name = str(noted.get("name", ""))
        if noted.get("rejected"):
            yield SetupFinding("list_rejected", "warning", {"list": name, "count": number(noted["rejected"])})
        if "vouched_by" in noted and not noted["vouched_by"]:
            yield SetupFinding("list_unvouched", "warning", {"list": name})
        received = _instant(noted.get("received_at"))
        if received is not None and last is not None and received > last:
            yield SetupFinding("list_later", "note", {"list": name, "at": received.strftime("%Y-%m-%d")})


def _of_declaration(
    summary: Mapping[str, Any], coverage: Coverage, outcomes: Mapping[str, Mapping[str, int]]
) -> Iterator[SetupFinding]:
    declared = summary.get("declaration") or {}
    if not declared.get("token_published") and not declared.get("published_since"):
        yield SetupFinding("token_unpublished", "warning", {"token": str(declared.get("token", ""))})
    undeclared = [name for name in ("A1", "A2", "A3") if outcomes.get(name, {}).get("unknown")]
    if undeclared:
        yield SetupFinding("outputs_undeclared", "warning", {"criteria": ", ".join(undeclared)})
    if coverage.judged and outcomes.get("D3", {}).get("unknown", 0) == coverage.judged:
        yield SetupFinding("user_agent_not_on_record", "note", {})


def _instant(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
