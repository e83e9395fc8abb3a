"""What stands in the ledger: the kinds of records, their fields, and the tables that become their lines.

Every record has `kind`. `at`, when it was written or decided, is a whole number of microseconds since 1970 in UTC
(`canonical.micros`); times inside a record are RFC 3339 text. A record's number is its line, counted from 0, and is
not written; `segment:number` names it everywhere, and within its own segment the number alone does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from ..model import Basis, Evidence, Finding, Override, Signal
from .canonical import MAX_LINE, RecordError, Table, decode, encode, micros, plain_mapping, timestamp

__all__ = ["MAX_LINE", "RecordError", "Table", "decode", "encode", "timestamp"]  # as good to have from here

FORMAT = 2
"""Version of the record format; stands in every segment's head."""

_TIMED = (("at", int),)
FIELDS: Mapping[str, tuple[tuple[str, type], ...]] = {
    "segment": (*_TIMED, ("segment", str), ("format", int), ("ledger", str)),
    "basis": (("id", int), ("verdict", str), ("findings", dict)),
    "evidence": (*_TIMED, ("id", str), ("url", str)),
    "decision": (*_TIMED, ("basis", int), ("url", str)),
    "outcome": _TIMED,
    "override": (*_TIMED, ("by", str), ("effect", str), ("findings", dict), ("until", str)),
    "revocation": (*_TIMED, ("by", str), ("override", str)),
    "attempt": (*_TIMED, ("site", str), ("url", str), ("user_agent", str)),
    "client": (*_TIMED, ("client", str), ("settings", list)),
    "register": (*_TIMED, ("host", str), ("product", str), ("source", str)),
    "list": _TIMED,
    "outside": (*_TIMED, ("name", str), ("by", str), ("reason", str)),
    "audit": (*_TIMED, ("audit", str), ("inputs", dict), ("outputs", dict)),
    "removal": (*_TIMED, ("audit", str), ("proof", str), ("files", list)),
    "notice": (*_TIMED, ("id", str)),
    "hold": (*_TIMED, ("name", str), ("action", str), ("by", str), ("reason", str)),
    "deletion": (*_TIMED, ("by", str), ("reason", str), ("segments", list)),
    "merge": (*_TIMED, ("segments", list)),
    "tree": (("leaves", str), ("root", str)),
    "checkpoint": (*_TIMED, ("leaves", str), ("note", str)),
    "closed": (*_TIMED, ("segment", str), ("records", int), ("root", str), ("bytes", int), ("lost", int)),
    "seal": (("leaves", str), ("records", int)),
}
"""Every kind of record, with the fields that a record of that kind always has."""

KINDS = frozenset(FIELDS)

OWN_KINDS = frozenset({"segment", "basis", "tree", "checkpoint", "closed", "seal"})
"""Kinds that only the writer itself writes."""

ROOTED = frozenset({"tree", "checkpoint", "seal"})
"""Kinds that keep the root of all records before them, and fingerprints of those since the last of these."""

RESERVED = frozenset({"kind"})
"""Keys that belong to the writer."""

REFERENCES = ("decision", "hop_of")
"""Keys that name another record: a number in the same segment, or `segment:number`."""

# An allow list: what bears on permission, freshness or type. No cookie and no credential is among them.
_HEADERS = frozenset(
    {"age", "cache-control", "content-encoding", "content-length", "content-signal", "content-type", "content-usage"}
    | {"date", "etag", "expires", "last-modified", "link", "location", "retry-after", "server", "tdm-policy"}
    | {"tdm-reservation", "www-authenticate", "x-robots-tag"}
)


_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PLACED = frozenset({"stored", "removed"})


class Stored(Protocol):
    """Where evidence was stored: `offset` and `length` of a record in `file`, and the sha256 of its bytes."""

    @property
    def file(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def sha256(self) -> str: ...


def record_id(text: str) -> str:
    """`segment:number`, if that is what `text` is. Raises `RecordError`."""
    segment, _, number = text.rpartition(":")
    if not segment or not (number.isascii() and number.isdecimal()):
        raise RecordError("value", f"{text[:120]!r} names no record; one reads segment:number, as Decision.record does")
    return text


def row(kind: str, table: Mapping[str, Any]) -> Table:
    """A record's table in the types of JSON, `at` as a number. Raises `RecordError` for what cannot stand there."""
    at = table.get("at")
    made = plain_mapping({key: value for key, value in table.items() if key != "at"} if at is not None else table)
    made["kind"] = kind
    if at is not None:
        if isinstance(at, datetime):
            made["at"] = micros(at)
        elif type(at) is int:
            made["at"] = at
        else:
            raise RecordError("value", f"at is {at!r}; a record's own time is a datetime with a zone")
    for name, wanted in FIELDS[kind]:
        if type(made.get(name)) is not wanted:
            raise RecordError("value", f"a record of kind {kind} needs {name!r} of type {wanted.__name__}")
    return made


# -- tables ---------------------------------------------------------------------------------------------


def segment_table(
    head: Mapping[str, Any],
    *,
    at: datetime,
    name: str,
    pid: int,
    ledger: str,
    key: str | None,
    previous: str | None,
    still_open: list[str],
) -> Table:
    """A segment's first line: under which conditions its decisions are made, and what came before it.

    `head` holds program, declaration, profile, lists and versions. `ledger` is the chain of segments it belongs to,
    `key` the verifier key of its checkpoints (None: they are not signed), `previous` the segment opened before it in
    that chain, `still_open` those that were being written at that moment.
    """
    own = {
        "at": at,
        "format": FORMAT,
        "key": key,
        "ledger": ledger,
        "open": still_open,
        "pid": pid,
        "previous": previous,
        "segment": name,
    }
    for name_of_key in head:
        if name_of_key in own or name_of_key in RESERVED:
            raise RecordError("reserved", f"the head of a segment may not set {name_of_key!r}; the writer does")
    return {**head, **own}


def basis_table(basis: Basis, id: int) -> Table:  # noqa: A002 (the word of the record)
    """What decisions rest on, written once per segment. `id` is the number of this record.

    `findings` maps a criterion to its finding; `reasons` names criteria, most severe first. `overrides` stands only
    where decisions of people made a difference.
    """
    findings = {finding.criterion: _finding_table(finding) for finding in basis.findings}
    reasons = [finding.criterion for finding in basis.reasons]
    if len(findings) != len(basis.findings) or not findings.keys() >= set(reasons):
        raise RecordError("value", "a basis needs one finding for a criterion, and its reasons among its findings")
    return {
        "evidence": list(basis.evidence),
        "findings": findings,
        "id": id,
        "not_assessed": dict(basis.not_assessed),
        "profile": basis.profile,
        "reasons": reasons,
        "rule_pack": basis.rule_pack,
        "stage": basis.stage,
        "temporary": basis.temporary,
        "verdict": basis.verdict,
    } | _set({"overrides": [_override_cited(override) for override in basis.overrides] or None})


def _override_cited(override: Override) -> Table:
    """What an answer says of a person's decision that it follows; the whole stands in its own record."""
    return {
        "by": override.by,
        "criteria": sorted(override.findings),
        "effect": override.effect,
        "record": override.record,
        "until": override.until,
    }


def _finding_table(finding: Finding) -> Table:
    table: Table = {"outcome": finding.outcome, "reason": finding.reason}
    if finding.params:
        table["params"] = dict(finding.params)
    if finding.signals:
        table["signals"] = [_signal_table(signal) for signal in finding.signals]
    return table


def _signal_table(signal: Signal) -> Table:
    table: Table = {
        "kind": signal.kind,
        "polarity": signal.polarity,
        "purpose": signal.purpose,
        "scope": signal.scope,
        "strength": signal.strength,
        "subject": signal.subject,
    }
    optional = {
        "ambiguity": signal.ambiguity,
        "detail": dict(signal.detail) or None,
        "evidence": signal.evidence or None,
        "line": signal.line,
        "name": signal.name,
        "raw": signal.raw or None,
        "span": signal.span,
    }
    return table | _set(optional)


def evidence_table(evidence: Evidence, location: Stored | None) -> Table:
    """What was fetched, when, and where its bytes are (None: not stored). `source` is the kind of evidence.

    `sha256` and `bytes` are of the body; `location.sha256` is of the stored record, headers included.
    Only headers of an allow list are quoted here.
    """
    stored = (
        None
        if location is None
        else {
            "file": location.file,
            "length": location.length,
            "offset": location.offset,
            "sha256": location.sha256,
        }
    )
    headers = [[name, value] for name, value in evidence.headers if name.lower() in _HEADERS]
    return {
        "at": evidence.fetched_at,
        "bytes": len(evidence.body),
        "id": evidence.id,
        "source": evidence.kind,
        "status": evidence.status,
        "url": evidence.url,
    } | _set(
        {
            "error": evidence.error,
            "final_url": evidence.final_url if evidence.final_url != evidence.url else None,
            "headers": headers or None,
            "location": stored,
            "redirects": list(evidence.redirects) or None,
            "sha256": evidence.sha256 or None,
            "truncated": evidence.truncated or None,
        }
    )


def decision_table(
    at: datetime,
    url: str,
    basis: int,
    *,
    enforced: bool = True,
    problem: str | None = None,
    user_agent: str | None = None,
    hop_of: str | None = None,
) -> Table:
    """The answer for one URL. `basis` is the id of a basis of the same segment; the rest stands only when set:
    `enforced` false (observe mode), `problem` (the URL could not be asked about), `user_agent` (not the
    declared one), `hop_of` (the record of the decision before this one in a chain of redirects)."""
    return {"at": at, "basis": basis, "url": url} | _set(
        {"enforced": None if enforced else False, "hop_of": hop_of, "problem": problem, "user_agent": user_agent}
    )


def outcome_table(
    at: datetime,
    decision: str,
    disposition: str,
    *,
    status: int | None = None,
    sha256: str | None = None,
    size: int | None = None,
    media_type: str | None = None,
    complete: bool | None = None,
    dataset: str | None = None,
    shard: str | None = None,
    offset: int | None = None,
    length: int | None = None,
    reason: str | None = None,
) -> Table:
    """What became of a body: `disposition` (released, discarded, held, passed_on, failed, read, stored, removed), its
    hash, its size (`bytes`) and where it went: `length` bytes at `offset` of `shard` in `dataset`. `decision` is
    `Decision.record`. Raises `RecordError` for a digest or a place that cannot be."""
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise RecordError("value", f"sha256 {sha256[:80]!r} is not 64 hexadecimal digits in lower case")
    for name, number in (("offset", offset), ("length", length), ("bytes", size)):
        if number is not None and number < 0:
            raise RecordError("value", f"{name} is {number}; places and sizes are counted from 0")
    if disposition in _PLACED and not dataset:
        raise RecordError("value", f"a body that is {disposition} needs the name of its dataset")
    return {"at": at, "decision": decision, "disposition": disposition} | _set(
        {
            "bytes": size,
            "complete": complete,
            "dataset": dataset,
            "length": length,
            "media_type": media_type,
            "offset": offset,
            "reason": reason,
            "sha256": sha256,
            "shard": shard,
            "status": status,
        }
    )


def list_table(
    at: datetime,
    source: str,
    sha256: str,
    *,
    entries: int,
    rejected: int = 0,
    received_at: datetime | None = None,
    version: str | None = None,
) -> Table:
    """A list of rights holders was loaded: which bytes, how many entries, when they came to us."""
    return {"at": at, "entries": entries, "rejected": rejected, "sha256": sha256, "source": source} | _set(
        {"received_at": received_at, "version": version}
    )


def closed_table(
    at: datetime,
    segment: str,
    *,
    records: int,
    root: str,
    size: int,
    sealed: bool,
    lost: int,
    leaves: str | None = None,
    note: str | None = None,
    problem: str | None = None,
) -> Table:
    """Another segment is not written any more: its first `records` lines, `bytes` bytes, have this `root`. What
    follows is its seal (`sealed`), or a cut line of `lost` bytes, or nothing. `leaves` are the fingerprints of its
    lines since the last root it keeps itself, `note` a checkpoint of it, which it has no seal to hold; `problem` says
    why its writer gave it up, where that is known.
    """
    table = {"at": at, "bytes": size, "lost": lost, "records": records, "root": root, "segment": segment}
    return table | _set({"leaves": leaves, "note": note, "problem": problem, "sealed": sealed or None})


def _set(optional: Mapping[str, Any]) -> Table:
    return {key: value for key, value in optional.items() if value is not None}
