"""Answers to an inquiry for machines, one object a line (docs/schemas/inquiry.json)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ... import __version__
from ...audit.coverage import Coverage
from ...audit.inquiry import AddressAnswer, ItemAnswer, Step, UsedEvidence
from ...audit.taken import Answer
from ...ledger.query import Record
from ...ledger.segments import Fault
from ..json import decision_object
from .phrases import decided

SCHEMA = "crawlgate.inquiry/1"
_OUTCOME = ("disposition", "status", "media_type", "sha256", "bytes", "complete", "dataset", "shard", "offset")
_MORE = ("length", "to", "reason", "evidence", "error")


def answer_object(item: ItemAnswer, lang: str = "en") -> dict[str, Any]:
    """The answer about one thing asked for."""
    asked = item.asked
    return {
        "schema": SCHEMA,
        "type": "answer",
        "asked": asked.text,
        "kind": asked.kind,
        "url": asked.url or None,
        "host": asked.host or None,
        "problem": asked.problem or None,
        "answer": item.answer,
        "why": list(item.why),
        "counts": None if item.counts is None else {str(key): value for key, value in sorted(item.counts.items())},
        "decisions": None if item.decisions is None else dict(sorted(item.decisions.items())),
        "hosts": list(item.hosts),
        "addresses": [_address(one, lang) for one in item.addresses],
        "omitted": item.omitted,
        "faults": [_fault(fault) for fault in item.faults],
    }


def coverage_object(coverage: Coverage, home: Path, made_at: datetime, answers: Mapping[Answer, int]) -> dict[str, Any]:
    """What the answers before it cover; `answers` counts them."""
    return {
        "schema": SCHEMA,
        "type": "coverage",
        "home": str(home),
        "made_at": time(made_at),
        "program": f"crawlgate {__version__}",
        "answers": {str(answer): answers.get(answer, 0) for answer in Answer},
        "since": time(coverage.since),
        "until": time(coverage.until),
        "runs": coverage.runs,
        "decisions": coverage.decisions,
        "observed_runs": coverage.observed_runs,
        "first": time(coverage.first),
        "latest": time(coverage.latest),
        "conditions": [
            {
                "mode": group.mode,
                "operator": group.operator,
                "token": group.token,
                "program": group.program,
                "profile": group.profile,
                "profile_sha256": group.profile_sha256,
                "rule_pack": group.rule_pack,
                "lists": group.lists,
                "segments": group.segments,
                "decisions": group.decisions,
                "first": time(group.first),
                "latest": time(group.latest),
            }
            for group in coverage.conditions
        ],
        "more_conditions": coverage.more_conditions,
        "gaps": [{"since": time(since), "until": time(until)} for since, until in coverage.gaps],
        "more_gaps": coverage.more_gaps,
        "outside": [
            {
                "record": one.record,
                "name": one.name,
                "by": one.by,
                "reason": one.reason,
                "dataset": one.dataset,
                "since": time(one.since),
                "until": time(one.until),
            }
            for one in coverage.outside
        ],
        "deletions": [
            {
                "record": gone.record,
                "at": time(gone.at),
                "by": gone.by,
                "reason": gone.reason,
                "segments": list(gone.segments),
                "records": gone.records,
            }
            for gone in coverage.deletions
        ],
        "missing": list(coverage.missing),
        "lost": [{"segment": segment, "bytes": lost} for segment, lost in coverage.lost],
        "open": list(coverage.open),
        "unreadable": coverage.unreadable,
        "faults": [_fault(fault) for fault in coverage.faults],
        "evidence_files": list(coverage.evidence_files),
        "verified": coverage.verified,
        "whole": coverage.whole,
    }


def _address(found: AddressAnswer, lang: str) -> dict[str, Any]:
    return {
        "url": found.url,
        "answer": found.answer,
        "why": list(found.why),
        "decisions": found.decisions,
        "first": time(found.first),
        "latest": time(found.latest),
        "steps": [_step(step, lang) for step in found.steps],
        "omitted": found.omitted,
        "through": [_address(one, lang) for one in found.through],
    }


def _step(step: Step, lang: str) -> dict[str, Any]:
    told = decision_object(decided(step), lang)
    record = step.decision
    del told["schema"], told["evidence"]
    return {
        **told,
        "at": time(record.at),
        "verdict": record.verdict,  # None where what it rested on cannot be read
        "exact": step.exact,
        "user_agent": record.user_agent,
        "hop_of": record.hop_of,
        "taken": step.taken,
        "evidence": [_used(used) for used in step.evidence],
        "outcomes": [_outcome(outcome) for outcome in step.outcomes],
    }


def _used(used: UsedEvidence) -> dict[str, Any]:
    kept = used.kept
    age = None if used.age is None else int(used.age.total_seconds())
    if kept is None:
        return {"id": used.id, "on_record": False, "age_seconds": age}
    place = kept.location
    return {
        "id": used.id,
        "on_record": True,
        "source": kept.source,
        "url": kept.url,
        "at": time(kept.at),
        "age_seconds": age,
        "status": kept.status,
        "error": kept.error,
        "sha256": kept.sha256,
        "bytes": kept.bytes,
        "stored": None
        if place is None
        else {"file": place.file, "offset": place.offset, "length": place.length, "sha256": place.sha256},
        "intact": kept.intact,
        "record": kept.record or None,
    }


def _outcome(record: Record) -> dict[str, Any]:
    told = {name: record.table[name] for name in (*_OUTCOME, *_MORE) if name in record.table}
    return {"record": record.id, "at": time(record.at), **told}


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "segment": fault.segment,
        "line": fault.line,
        "offset": fault.offset,
        "code": fault.code,
        "message": fault.message,
    }


def time(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
