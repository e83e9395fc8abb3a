"""One record of the ledger by its name, with what it rests on: its segment's head, its basis, its evidence."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..ledger import segments
from ..ledger.query import DecisionRecord, Record, records, records_of

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record, the head of its segment, and, for a decision, the decision joined with its basis."""

    record: Record
    head: Mapping[str, Any]
    decision: DecisionRecord | None = None


@dataclass(slots=True)
class _Passed:
    head: Mapping[str, Any] = field(default_factory=dict)
    bases: dict[int, Mapping[str, Any]] = field(default_factory=dict)


def look_up(directory: Path, name: str) -> Found | None:
    """The record `segment:number`, or None. Raises `LedgerError` where the ledger cannot be read."""
    segment, _, number = name.rpartition(":")
    path = segments.find(directory, segment) if segment and number.isdecimal() else None
    if path is None:
        return None
    passed = _Passed()
    for record in records_of(path):
        if record.kind == "segment":
            passed.head = record.table
        elif record.kind == "basis" and isinstance(record.table.get("id"), int):
            passed.bases[record.table["id"]] = record.table
        if record.seq == int(number):
            return Found(record=record, head=passed.head, decision=_decision(record, passed))
        if record.seq > int(number):
            break
    return None


def _decision(record: Record, passed: _Passed) -> DecisionRecord | None:
    if record.kind != "decision" or record.at is None:
        return None
    table = record.table
    return DecisionRecord(
        record.segment,
        record.seq,
        record.at,
        table["url"],
        passed.bases.get(table["basis"], _NOTHING),
        table.get("problem"),
        table.get("enforced", True),
        table.get("user_agent"),
        table.get("hop_of"),
    )


def evidence_of(directory: Path, segment: str, ids: set[str]) -> dict[str, Record]:
    """Evidence records by id: those of a segment, and where it lacks some, those of the segments before it."""
    found: dict[str, Record] = {}
    paths = segments.segments(directory)
    names = [segments.name_of(path) for path in paths]
    upto = names.index(segment) + 1 if segment in names else len(paths)
    for path in reversed(paths[:upto]):
        for record in records_of(path):
            if record.kind == "evidence" and record.table.get("id") in ids:
                found.setdefault(record.table["id"], record)
        if found.keys() >= ids:
            break
    return found


def outcomes_of(directory: Path, name: str) -> list[Record]:
    """What became of the body of a decision, in the order of the records."""
    return [record for record in records(directory, kinds={"outcome"}) if record.table.get("decision") == name]


def nearest_name(directory: Path, name: str) -> str:
    """The record that is probably meant: the last of the segment that is named, or of the one that it is like; an
    empty string where none is near."""
    segment = name.rpartition(":")[0] or name
    known = [segments.name_of(path) for path in segments.segments(directory)]
    near = [segment] if segment in known else difflib.get_close_matches(segment, known, n=1)
    path = segments.find(directory, near[0]) if near else None
    if path is None:
        return ""
    last = deque((record.seq for record in records_of(path)), maxlen=1)
    return f"{near[0]}:{last[0]}" if last else ""
