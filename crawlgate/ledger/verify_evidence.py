"""Does the evidence that the ledger names stand where it was stored, unchanged? Reads every byte of it once.

A record of evidence holds the sha256 of what was stored, and the records themselves are what `verify` checks. A
revisit is followed to the record that holds its body. What nobody names (the first record of a file) is not looked
at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import LedgerError, LedgerInvalid
from ..evidence.read import EvidenceReader, Location
from . import query
from .segments import Fault


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """`checked` records of evidence were read and are what was stored, `bytes` in all; `faults` are not."""

    checked: int
    bytes: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


def verify_evidence(ledger: Path, evidence: Path) -> EvidenceReport:
    """Check every stored evidence that `ledger` names against the files in `evidence`.

    Lines of the ledger that cannot be read are `verify`'s to report. Raises `LedgerError` where there is no ledger.
    The `code` of a fault is `evidence_missing` (no such file), `evidence_cut` (the file ends too early),
    `evidence_changed` (other bytes), `evidence_unreadable`, or `evidence_unnamed` (the record names no place).
    """
    checker = _Checker(Path(evidence))
    for record in query.records(Path(ledger), kinds={"evidence"}, report=lambda _: None):
        checker.take(record.segment, record.seq, record.table)
    return EvidenceReport(checker.checked, checker.bytes, tuple(checker.faults))


class _Checker:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reader = EvidenceReader(directory)
        self._followed: set[tuple[str, int]] = set()
        self._sizes: dict[str, int] = {}
        self.checked = 0
        self.bytes = 0
        self.faults: list[Fault] = []

    def take(self, segment: str, seq: int, table: Mapping[str, Any]) -> None:
        stated = table.get("location")
        if stated is None:  # not stored, and the record says so
            return
        location = location_of(stated)
        if location is None:
            code, why = "evidence_unnamed", "its place is not a file with offset, length and hash"
        else:
            fault = self._check(location)
            if fault is None:
                self.checked += 1
                self.bytes += location.length
                return
            code, why = fault
        message = f"evidence {table.get('id')} of {table.get('url')}: {why}"
        self.faults.append(Fault(segment, seq + 1, location.offset if location else 0, code, message))

    def _check(self, location: Location) -> tuple[str, str] | None:
        try:
            path = self._reader.path(location)
        except LedgerError as error:
            return "evidence_unnamed", str(error)
        try:
            end = location.offset + location.length
            size = self._sizes.get(path.name, 0)
            if size < end:  # not looked at yet, or it has grown
                size = self._sizes[path.name] = path.stat().st_size
            if size < end:
                return "evidence_cut", f"the file {path} ends at byte {size}, before the record does"
            raw = self._reader.raw(location)
            body_at = self._reader.body_offset(raw, path)
            if body_at is not None and (location.file, body_at) not in self._followed:
                self._reader.body(location)
                self._followed.add((location.file, body_at))
        except FileNotFoundError:
            return "evidence_missing", f"the file {path} is not there"
        except LedgerInvalid as error:
            return "evidence_changed", str(error)
        except (LedgerError, OSError) as error:
            return "evidence_unreadable", str(error)
        return None


def location_of(stated: Any) -> Location | None:
    """The place that a record of evidence states, or None if it is none."""
    if not isinstance(stated, Mapping):
        return None
    file, offset, length, sha256 = (stated.get(key) for key in ("file", "offset", "length", "sha256"))
    if not (isinstance(file, str) and isinstance(sha256, str)):
        return None
    if type(offset) is not int or type(length) is not int or offset < 0 or length <= 0:
        return None
    return Location(file, offset, length, sha256)
