"""An attestation that a dataset was made under a ledger: an in-toto Statement v1 over the dataset's digests.

The predicate holds a signed checkpoint and what it covers, so that who holds the statement can later ask for any
record and check it against the checkpoint. The statement travels in a DSSE envelope signed with the ledger's key:
a bare statement says who made it nowhere, and in-toto's verifiers expect the envelope.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from ..errors import ConfigError
from ..signed_note import SigningKey
from .canonical import timestamp
from .checkpoint import encode_hash, read

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:crawlgate:ledger-checkpoint:1"
PAYLOAD = "application/vnd.in-toto+json"

_BLOCK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def subject(path: Path) -> dict[str, Any]:
    """A file as a subject: its name and digest. Raises `ConfigError` if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise ConfigError(f"dataset {path}: {error.strerror}") from None
    return {"name": path.name, "digest": {"sha256": digest.hexdigest()}}


def digest_subject(given: str) -> dict[str, Any]:
    """A subject from `NAME=HEX`, the SHA-256 of a file that is elsewhere. Raises `ConfigError`."""
    name, _, digest = given.partition("=")
    if not name or not _SHA256.fullmatch(digest):
        raise ConfigError(f"--sha256 {given!r}: write NAME=HEX, 64 hexadecimal digits in lower case")
    return {"name": name, "digest": {"sha256": digest}}


def statement(
    subjects: Sequence[Mapping[str, Any]], note: bytes, *, at: datetime, made_by: str, verified: Mapping[str, Any]
) -> dict[str, Any]:
    """The statement: these subjects, this checkpoint, and what verifying the ledger under it gave (`verified`).

    Raises `ConfigError` without a subject, or for two of one name.
    """
    names = [one["name"] for one in subjects]
    if not names or len(set(names)) < len(names):
        raise ConfigError("an attestation needs at least one file of the dataset, and each name once")
    checkpoint = read(note)
    return {
        "_type": STATEMENT,
        "subject": [dict(one) for one in subjects],
        "predicateType": PREDICATE,
        "predicate": {
            "checkpoint": {
                "note": note.decode(),
                "origin": checkpoint.origin,
                "records": checkpoint.size,
                "root": encode_hash(checkpoint.root),
            },
            "ledger": dict(verified),
            "madeAt": timestamp(at),
            "madeBy": made_by,
        },
    }


def envelope(made: Mapping[str, Any], key: SigningKey) -> bytes:
    """The statement in a DSSE envelope, signed; a line of JSON. `keyid` is the name and hash of the verifier key."""
    payload = orjson.dumps(made, option=orjson.OPT_SORT_KEYS)
    signature = key.sign_bytes(pre_authentication(PAYLOAD, payload))
    return orjson.dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD,
            "signatures": [
                {"keyid": f"{key.name}+{key.verifier.id.hex()}", "sig": base64.b64encode(signature).decode()}
            ],
        }
    )


def pre_authentication(kind: str, payload: bytes) -> bytes:
    """What DSSE signs: type and payload with their lengths (DSSE v1.0, PAE)."""
    return b"DSSEv1 %d %b %d %b" % (len(kind.encode()), kind.encode(), len(payload), payload)
