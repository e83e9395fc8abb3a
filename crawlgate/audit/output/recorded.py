"""An audit, and what was taken out by it, on record in the home's ledger (kinds `audit` and `removal`)."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from ... import __version__
from ...blocklist.files import write_whole
from ...clock import Clock
from ...errors import ConfigError
from ...home import Home
from ...ledger.open import open_ledger
from ...ledger.statements import statements
from .question import canonical, digest_of

AUDIT, REMOVAL = "audit", "removal"
RECORDED, REMOVAL_RECORDED = "recorded.json", "_recorded.json"
"""Beside what an audit or a removal wrote: in which home it is on record. It is no output: it says where, not what."""
NOTE = "crawlgate.recorded/1"
SHOWN = 200
"""Files that a record names one by one; their digests stand in the digest of all."""


def audit_table(at: datetime, summary: Mapping[str, Any], summary_sha256: str) -> dict[str, Any]:
    """The record of a finished audit: which question, by the digests of all that went in, and which outputs."""
    declared = summary["declaration"]
    outputs = {name: said["sha256"] for name, said in summary["outputs"].items()}
    return {
        "at": at,
        "audit": summary["audit"],
        "program": summary["program"],
        "versions": dict(summary["versions"]),
        "rule_pack": summary["rule_pack"],
        "profile": dict(summary["profile"]),
        "declaration": {
            key: declared[key] for key in ("operator", "token", "user_agent", "purposes") if key in declared
        },
        "as_of": summary["as_of"],
        "inputs": _files(summary["inputs"]),
        "evidence": _files(summary["evidence"]["files"]),
        "lists": _files(summary["lists"]),
        "outputs": {**outputs, "summary.json": summary_sha256},
        "judged": summary["coverage"]["judged"],
        "rejected": summary["coverage"]["rejected"],
        "verdicts": dict(summary["verdicts"]),
        "removals": dict(summary["removals"]["by_effect"]),
    } | ({} if summary["known_until"] is None else {"known_until": summary["known_until"]})


def removal_table(at: datetime, proof: Mapping[str, Any], proof_sha256: str) -> dict[str, Any]:
    """The record of a dataset that was written without rows of a removal list."""
    files = [
        {
            "name": one["name"],
            "written": one["written"],
            "before": one["before"]["sha256"],
            "after": one["after"]["sha256"],
            "removed": one["removed"],
        }
        for one in proof["files"]
    ]
    optional = {name: proof[name] for name in ("by", "reason") if proof[name]}
    return {
        "at": at,
        "audit": proof["audit"],
        "proof": proof_sha256,
        "rows_in": proof["rows_in"],
        "rows_out": proof["rows_out"],
        "removed": proof["removed"],
        "files": files[:SHOWN],
    } | optional


def record(home: Home, kind: str, table: Mapping[str, Any], *, clock: Clock) -> str:
    """Write the record, on the disk when this returns; where it stands. Raises `LedgerError`."""
    home.create()
    head = {"program": f"crawlgate {__version__}", "python": platform.python_version(), "written_by": AUDIT}
    with open_ledger(home.ledger, home.keys, head, now=clock.now) as writer:
        segment, number = writer.append(kind, table)
        writer.commit(segment, number)
    return f"{segment}:{number}"


def find(home: Home, kind: str, key: str, value: str) -> str | None:
    """The record of that kind in which `key` is `value`; None where there is none. Raises `LedgerError`."""
    for found in statements(home.ledger, {kind}):
        if found.table.get(key) == value:
            return found.id
    return None


def record_audit(home: Home, out: Path, summary: Mapping[str, Any], *, clock: Clock) -> str:
    """Put a finished audit on record, once; where it stands."""
    digest = digest_of(out / "summary.json")
    for found in statements(home.ledger, {AUDIT}):
        outputs = found.table.get("outputs")
        if isinstance(outputs, Mapping) and outputs.get("summary.json") == digest:
            return found.id
    return record(home, AUDIT, audit_table(clock.now(), summary, digest), clock=clock)


def _files(described: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many, the digest of all, and the first of them."""
    named = [{"name": one["name"], "sha256": one["sha256"]} for one in described]
    digest = hashlib.sha256(b"\n".join(map(canonical, named))).hexdigest()
    return {"count": len(named), "sha256": digest, "first": named[:SHOWN]}


def note_home(folder: Path, name: str, home: Home, place: str, digest: str) -> None:
    """Write down beside the outputs in `folder` which home has them on record, and where; `digest` is that of the
    summary or proof. Raises `ConfigError`."""
    found = {"schema": NOTE, "home": str(home.path.absolute()), "record": place, "sha256": digest}
    try:
        write_whole(folder / name, orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise ConfigError(f"{folder / name}: cannot be written: {error.strerror or error}") from None


def noted_home(folder: Path, name: str, digest: str) -> Path | None:
    """The home that has what stands in `folder` on record, as it says itself; None where it says nothing, or speaks of
    other outputs than those with this digest."""
    try:
        found = orjson.loads((folder / name).read_bytes())
        if found["schema"] == NOTE and found["sha256"] == digest:
            return Path(found["home"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None
