"""The attestation is an in-toto Statement in a DSSE envelope that the ledger's key signed."""

import base64
import hashlib
import json

import pytest
from ledgers import AT

from crawlgate.errors import ConfigError
from crawlgate.ledger.attest import digest_subject, envelope, pre_authentication, statement, subject
from crawlgate.ledger.checkpoint import Checkpoint
from crawlgate.signed_note import SigningKey, write

KEY = SigningKey("crawlgate-ledger/test", bytes(32))
NOTE = write(Checkpoint("crawlgate-ledger/test/seg", 7, bytes(32)).text, [KEY])


def made(tmp_path, **changes):
    file = tmp_path / "part-0.parquet"
    file.write_bytes(b"data")
    return statement([subject(file)], NOTE, at=AT, made_by="crawlgate test", verified={"segments": 1}, **changes)


def test_the_statement(tmp_path):
    found = made(tmp_path)
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["subject"] == [{"name": "part-0.parquet", "digest": {"sha256": hashlib.sha256(b"data").hexdigest()}}]
    checkpoint = found["predicate"]["checkpoint"]
    assert (checkpoint["origin"], checkpoint["records"]) == ("crawlgate-ledger/test/seg", 7)
    assert checkpoint["note"].encode() == NOTE
    assert found["predicate"]["madeAt"] == "2026-11-23T09:00:00.000250Z"
    assert ":" in found["predicateType"]


def test_the_envelope_is_signed_over_type_and_payload(tmp_path):
    table = json.loads(envelope(made(tmp_path), KEY))
    payload = base64.b64decode(table["payload"])
    assert json.loads(payload)["predicate"]["ledger"] == {"segments": 1}
    assert table["payloadType"] == "application/vnd.in-toto+json"
    (signature,) = table["signatures"]
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    assert pre_authentication(table["payloadType"], payload) == signed
    KEY.verifier._ed25519.verify(base64.b64decode(signature["sig"]), signed)  # raises if it is not
    assert signature["keyid"] == f"{KEY.name}+{KEY.verifier.id.hex()}"


def test_the_example_of_the_dsse_specification():
    assert pre_authentication("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_subjects_that_cannot_be(tmp_path):
    assert digest_subject(f"a=b={'ab' * 32}".replace("a=b", "a")) == {"name": "a", "digest": {"sha256": "ab" * 32}}
    for bad in ("", "a", "=" + "ab" * 32, "a=AB", f"a={'AB' * 32}", f"a={'ab' * 33}"):
        with pytest.raises(ConfigError, match="NAME=HEX"):
            digest_subject(bad)
    with pytest.raises(ConfigError, match="missing"):
        subject(tmp_path / "missing")
    for subjects in ([], [digest_subject(f"a={'ab' * 32}")] * 2):
        with pytest.raises(ConfigError, match="at least one"):
            statement(subjects, NOTE, at=AT, made_by="x", verified={})
