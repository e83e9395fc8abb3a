"""One line of the ledger: canonical JSON, the tables of every kind of record, and a decoder that is strict.

Canonical is: an object on one line, keys sorted, no blanks, UTF-8, whole numbers only, times as RFC 3339
in UTC with six digits of microseconds and `Z`. One value has one spelling, so that bytes can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from ..errors import CrawlgateError
from ..model import Basis, Evidence, Finding, Override, Signal

Table = dict[str, Any]

FORMAT = 1
"""Version of the record format; stands in every segment's head."""

ZERO = "0" * 64
"""`prev` of a segment's first line."""

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line, newline included. Bounds what a reader holds in memory; a head with long lists fits."""

KINDS = frozenset(
    {"segment", "basis", "evidence", "decision", "outcome", "override", "revocation", "list", "recovery", "seal"}
)
"""Every kind of record."""

RESERVED = frozenset({"kind", "seq", "prev"})
"""Keys that belong to the writer."""

# An allow list: what bears on permission, freshness or type. No cookie and no credential is among them.
_HEADERS = frozenset(
    {"age", "cache-control", "content-encoding", "content-length", "content-signal", "content-type", "content-usage"}
    | {"date", "etag", "expires", "last-modified", "link", "location", "retry-after", "server", "tdm-policy"}
    | {"tdm-reservation", "www-authenticate", "x-robots-tag"}
)
_SORTED = orjson.OPT_SORT_KEYS
_SMALLEST, _GREATEST = -(2**63), 2**64 - 1


class RecordError(CrawlgateError):
    """A value that cannot stand in a record, or bytes that are no record.

    `code` is one of `float`, `value`, `too_long`, `reserved` (encoding), `not_json`, `not_object`, `float`,
    `duplicate_key`, `not_canonical` (decoding).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


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


# -- canonical JSON -------------------------------------------------------------------------------------


def timestamp(at: datetime) -> str:
    """`at` as `2026-11-23T09:00:00.000000Z`. A time without a zone is refused: nobody knows when it was."""
    if at.tzinfo is None:
        raise RecordError("value", f"time {at.isoformat()} has no time zone; records are in UTC")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def clean(text: str) -> str:
    """The text as it can stand in a record; lone surrogates become visible escapes (`\\udc80`)."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return text.encode("utf-8", "backslashreplace").decode()
    return str.__str__(text)


def plain(value: Any) -> Any:
    """The value in the types of JSON. Floats, bytes and objects raise `RecordError`, never guesswork."""
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not _SMALLEST <= value <= _GREATEST:
            raise RecordError("value", f"number {value} does not fit in 64 bits; write it as text")
        return int(value)
    if isinstance(value, float):
        raise RecordError(
            "float", f"number {value!r} is a float; records hold whole numbers, write another unit or text"
        )
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise RecordError("value", f"a value of type {type(value).__name__} cannot stand in a record")


def _plain_mapping(value: Mapping[Any, Any]) -> Table:
    table: Table = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise RecordError("value", f"key {key!r} is not text")
        name = clean(key)
        if name in table:
            raise RecordError("value", f"key {name!r} stands twice once it is made printable")
        table[name] = plain(item)
    return table


def encode(table: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a table, without a newline. Raises `RecordError`."""
    return dump(_plain_mapping(table))


def dump(table: Table) -> bytes:
    """The canonical bytes of a table that is `plain` already."""
    try:
        return orjson.dumps(table, option=_SORTED)
    except TypeError as error:  # nested too deeply is all that is left
        raise RecordError("value", f"cannot stand in a record: {error}") from None


def decode(line: bytes) -> Table:
    """The table of one line (without its newline), only if the line is exactly what `encode` makes of it.

    Raises `RecordError`; its `code` tells doubled keys from other spellings.
    """
    try:
        table = orjson.loads(line)
    except ValueError as error:
        raise RecordError("not_json", f"not JSON: {error}") from None
    if not isinstance(table, dict):
        raise RecordError("not_object", "not a JSON object")
    if _has_float(table.values()):
        raise RecordError("float", "holds a number that is not a whole number of 64 bits")
    if orjson.dumps(table, option=_SORTED) != line:
        name = _doubled(line)
        if name is not None:
            raise RecordError("duplicate_key", f"key {name!r} stands twice in one object; the readings differ")
        raise RecordError("not_canonical", "not in canonical form: key order, blanks, escapes or numbers differ")
    return table


def _has_float(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind is float:
            return True
        if kind is dict and _has_float(value.values()):
            return True
        if kind is list and _has_float(value):
            return True
    return False


class _Doubled(Exception):
    pass


def _doubled(line: bytes) -> str | None:
    """A key that stands twice in one object, or None."""

    def pairs(items: list[tuple[str, Any]]) -> None:
        seen = set()
        for key, _ in items:
            if key in seen:
                raise _Doubled(key)
            seen.add(key)

    try:
        json.loads(line, object_pairs_hook=pairs)
    except _Doubled as doubled:
        return str(doubled)
    except (ValueError, RecursionError):
        return None
    return None


# -- tables ---------------------------------------------------------------------------------------------


def segment_table(
    head: Mapping[str, Any], *, at: datetime, name: str, pid: int, previous: Mapping[str, Any] | None
) -> Table:
    """A segment's first line: under which conditions its decisions are made, and what came before it.

    `head` holds program, declaration, profile, lists and versions. `previous` names the newest other
    segment with `seq` and `sha256` of its last whole line (`seq` -1: it had none); None for the first.
    """
    own = {"at": at, "format": FORMAT, "pid": pid, "previous": previous, "segment": name}
    for key in head:
        if key in own or key in RESERVED:
            raise RecordError("reserved", f"the head of a segment may not set {key!r}; the writer does")
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
    location: str | None = None,
) -> Table:
    """What became of a body: `disposition` (stored, discarded, quarantined, read, removed), its hash, its size
    (`bytes`) and where in which dataset it went. `decision` is `Decision.record`."""
    return {"at": at, "decision": decision, "disposition": disposition} | _set(
        {
            "bytes": size,
            "complete": complete,
            "dataset": dataset,
            "location": location,
            "media_type": media_type,
            "sha256": sha256,
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


def recovery_table(at: datetime, segment: str, *, offset: int, lost: int) -> Table:
    """Another segment ends in a cut line: it begins at byte `offset`, right after the last good line, and
    `lost` bytes follow."""
    return {"at": at, "lost": lost, "offset": offset, "segment": segment}


def seal_table(at: datetime, records: int) -> Table:
    """A segment's last line; `records` stand before it."""
    return {"at": at, "records": records}


def _set(optional: Mapping[str, Any]) -> Table:
    return {key: value for key, value in optional.items() if value is not None}
