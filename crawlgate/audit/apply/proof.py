"""The proof of a removal: digests of every file before and after, rows in and out, which went and why.

`_proof.json` (docs/schemas/removal-proof.json) names everything by digest and holds no time, so that equal removals
have equal proofs. `_proof.dsse.json` is the same in an in-toto Statement over the files written, in a signed DSSE
envelope.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from ... import __version__
from ...errors import ConfigError
from ...ledger.attest import PAYLOAD, STATEMENT, envelope, pre_authentication
from ...signed_note import SigningKey, VerifierKey
from ..output.question import digest_of

SCHEMA = "crawlgate.removal-proof/1"
PREDICATE = "urn:crawlgate:removal-proof:1"
PROOF, SIGNED, REMOVED = "_proof.json", "_proof.dsse.json", "_removed.parquet"
"""Names that readers of data sets pass over, as they begin with `_`."""


def proof_table(
    summary: Mapping[str, Any],
    summary_sha256: str,
    files: Sequence[Mapping[str, Any]],
    removed: Path,
    *,
    effects: Sequence[str],
    causes: Sequence[str],
    by_cause: Mapping[str, int],
    by: str,
    reason: str,
) -> dict[str, Any]:
    """The proof. `files` are as `run.Written.table` gives them, `removed` is the list of the rows that went."""
    taken = sum(one["removed"] for one in files)
    rows = sum(one["before"]["rows"] for one in files)
    return {
        "schema": SCHEMA,
        "program": f"crawlgate {__version__}",
        "versions": {"pyarrow": pa.__version__},
        "audit": summary["audit"],
        "summary": summary_sha256,
        "removals": summary["outputs"]["removals.parquet"]["sha256"],
        "effects": sorted(effects),
        "causes": sorted(causes),
        "by": by,
        "reason": reason,
        "rows_in": rows,
        "rows_out": rows - taken,
        "removed": taken,
        "by_cause": dict(sorted(by_cause.items())),
        "removed_list": {"name": REMOVED, "bytes": removed.stat().st_size, "sha256": digest_of(removed)},
        "files": list(files),
    }


def with_parts(files: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Files, each followed by those that belong to it."""
    return [one for file in files for one in (file, *file.get("parts", ()))]


def written(proof: Mapping[str, Any]) -> bytes:
    """The proof as a file."""
    return orjson.dumps(proof, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def signed(proof: Mapping[str, Any], key: SigningKey) -> bytes:
    """The proof as a statement about the files written, signed."""
    files = with_parts(proof["files"])
    subjects = [{"name": one["written"], "digest": {"sha256": one["after"]["sha256"]}} for one in files]
    statement = {"_type": STATEMENT, "subject": subjects, "predicateType": PREDICATE, "predicate": dict(proof)}
    return envelope(statement, key) + b"\n"


def read_proof(folder: Path) -> dict[str, Any]:
    """The proof in a folder. Raises `ConfigError` where there is none."""
    place = folder / PROOF
    try:
        found = orjson.loads(place.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place}: cannot be read: {error}") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ConfigError(f"{place} is no proof of the kind {SCHEMA}")
    return found


def check_signature(raw: bytes, proof: Mapping[str, Any], keys: Sequence[VerifierKey]) -> str | None:
    """What is wrong with a signed proof; None if a key among `keys` signed just this one."""
    try:
        held = orjson.loads(raw)
        payload = base64.b64decode(held["payload"], validate=True)
        statement = orjson.loads(payload)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in held["signatures"]]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return "it is no signed statement"
    if held.get("payloadType") != PAYLOAD or statement.get("predicateType") != PREDICATE:
        return "it is a statement of another kind"
    if statement.get("predicate") != proof:
        return f"it was signed over another proof than {PROOF}"
    message = pre_authentication(PAYLOAD, payload)
    if any(key.verifies_bytes(message, signature) for key in keys for signature in signatures):
        return None
    return "no key that is believed signed it"
