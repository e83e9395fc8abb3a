"""Manifests and key sets: one text each, and every way in which one is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlgate.blocklist.entries import read_entries, write_entries
from crawlgate.blocklist.feed import (
    MAX_STEP,
    FeedInvalid,
    KeySet,
    Manifest,
    check_fresh,
    check_issued,
    check_order,
    parse_keys,
    parse_manifest,
    read_manifest,
    read_next_keys,
    sign,
)
from crawlgate.signed_note import SigningKey

NOW = datetime(2026, 7, 20, tzinfo=UTC)
ONE, TWO, THREE, SAFE = (SigningKey(f"rights.example/{n}", bytes([n] * 32)) for n in (1, 2, 3, 9))
TABLES = [
    {"id": "b", "scope": "host", "value": "img.pirate.example", "reason": "scans", "contact": "desk@rights.example"},
    {"id": "a", "scope": "registrable_domain", "value": "pirate.example", "listed_at": "2026-05-01"},
]
ENTRIES = write_entries(TABLES)


def manifest(**fields: object) -> Manifest:
    made = Manifest(
        origin="rights.example/list",
        version=3,
        keys=1,
        entries=2,
        bytes=len(ENTRIES),
        sha256=hashlib.sha256(ENTRIES).hexdigest(),
        issued=NOW,
        expires=NOW + timedelta(days=30),
        issuer="Rights Holders",
        contact="desk@rights.example",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def key_set(**fields: object) -> KeySet:
    made = KeySet(
        origin="rights.example/list",
        serial=1,
        issued=NOW,
        threshold=2,
        keys=(ONE.verifier, TWO.verifier, THREE.verifier),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def code(error: pytest.ExceptionInfo[FeedInvalid]) -> str:
    return error.value.code


def test_a_manifest_has_one_text() -> None:
    assert manifest().text == (
        "crawlgate feed 1\norigin rights.example/list\nversion 3\nkeys 1\nentries 2\n"
        f"bytes {len(ENTRIES)}\nsha256 {hashlib.sha256(ENTRIES).hexdigest()}\n"
        "issued 2026-07-20T00:00:00Z\nexpires 2026-08-19T00:00:00Z\nissuer Rights Holders\ncontact desk@rights.example\n"
    )
    for made in (manifest(), manifest(issuer="", contact=""), manifest(issuer="権利者団体")):
        assert parse_manifest(made.text) == made
    for keys in (
        key_set(),
        key_set(recovery=(SAFE.verifier,), recovery_threshold=1),
        key_set(serial=2, resume=12),
    ):
        assert parse_keys(keys.text) == keys


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("crawlgate feed 1", "crawlgate feed 2", "unknown_version"),
        ("crawlgate feed 1", "crawlgate feed", "malformed"),
        ("crawlgate feed 1", "crawlgate feed keys 1", "malformed"),
        ("version 3", "version 03", "malformed"),
        ("version 3", "version +3", "malformed"),
        ("version 3", "version 0", "malformed"),
        ("version 3", "version 9007199254740992", "malformed"),
        ("version 3", "version 3\nversion 4", "malformed"),
        ("version 3\n", "", "malformed"),
        ("keys 1\nentries 2", "entries 2\nkeys 1", "malformed"),
        ("sha256 ", "sha256 A", "malformed"),
        ("2026-07-20T00:00:00Z", "2026-07-20T00:00:00+00:00", "malformed"),
        ("2026-07-20T00:00:00Z", "2026-13-20T00:00:00Z", "malformed"),
        ("2026-08-19", "2026-07-19", "malformed"),
        ("origin rights.example/list", "origin two words", "malformed"),
        ("contact desk@rights.example\n", "contact desk@rights.example\nversion 9\n", "malformed"),
        ("contact desk@rights.example\n", "contact  desk\n", "malformed"),
    ],
)
def test_a_manifest_that_says_it_otherwise_is_refused(old: str, new: str, expected: str) -> None:
    text = manifest().text
    assert old in text
    with pytest.raises(FeedInvalid) as error:
        parse_manifest(text.replace(old, new, 1))
    assert code(error) == expected


def test_lines_of_a_later_format_are_passed_over() -> None:
    assert parse_manifest(manifest().text + "mirror https://b.example/\n") == manifest()


def test_k_of_n() -> None:
    keys = key_set()
    two, one = sign(manifest().text, [ONE, THREE]), sign(manifest().text, [ONE])
    assert read_manifest(two, keys.keys, keys.threshold) == manifest()
    with pytest.raises(FeedInvalid) as error:
        read_manifest(one, keys.keys, keys.threshold)
    assert code(error) == "unknown_keys"
    with pytest.raises(FeedInvalid) as error:
        read_manifest(sign(manifest().text, [SAFE, SigningKey("rights.example/1", bytes(32))]), keys.keys, 1)
    assert code(error) == "unknown_keys"
    with pytest.raises(FeedInvalid) as error:
        read_manifest(two.replace(b"version 3", b"version 4"), keys.keys, 1)
    assert code(error) == "bad_signature"
    with pytest.raises(FeedInvalid) as error:
        read_manifest(two, keys.keys, 2, origin="other.example/list")
    assert code(error) == "origin"


def test_keys_follow_keys() -> None:
    first = key_set(threshold=1, keys=(ONE.verifier,))
    second = key_set(serial=2, threshold=1, keys=(TWO.verifier,), resume=7)
    assert read_next_keys(sign(second.text, [ONE, TWO]), first) == second
    for signers, why in (([ONE], "its own keys"), ([TWO], "needed"), ([TWO, THREE], "needed")):
        with pytest.raises(FeedInvalid, match=why) as error:
            read_next_keys(sign(second.text, signers), first)
        assert code(error) == "unknown_keys"
    with pytest.raises(FeedInvalid, match="serial 3"):
        read_next_keys(sign(replace(second, serial=3).text, [ONE, TWO]), first)
    with pytest.raises(FeedInvalid, match=r"other\.example"):
        read_next_keys(sign(replace(second, origin="other.example/list").text, [ONE, TWO]), first)


def test_where_there_are_recovery_keys_they_alone_name_the_next() -> None:
    first = key_set(threshold=1, keys=(ONE.verifier,), recovery=(SAFE.verifier,), recovery_threshold=1)
    second = key_set(serial=2, threshold=1, keys=(TWO.verifier,))
    assert read_next_keys(sign(second.text, [SAFE, TWO]), first) == second
    with pytest.raises(FeedInvalid):
        read_next_keys(sign(second.text, [ONE, TWO]), first)


@pytest.mark.parametrize(
    "fields",
    [
        {"threshold": 4},
        {"threshold": 0},
        {"keys": ()},
        {"keys": (ONE.verifier, ONE.verifier)},
        {"serial": 0},
        {"recovery_threshold": 2},
        {"issued": NOW.replace(microsecond=1)},
    ],
)
def test_a_key_set_that_cannot_be(fields: dict[str, object]) -> None:
    with pytest.raises(FeedInvalid) as error:
        _ = key_set(**fields).text
    assert code(error) == "malformed"


def test_order() -> None:
    last = manifest()
    assert check_order(manifest(version=4), last)
    assert check_order(last, None)
    assert not check_order(manifest(), last)
    for offered, expected in (
        (manifest(version=2), "rollback"),
        (manifest(expires=NOW + timedelta(days=31)), "conflict"),
        (manifest(version=4 + MAX_STEP), "fast_forward"),
    ):
        with pytest.raises(FeedInvalid) as error:
            check_order(offered, last)
        assert code(error) == expected
    assert check_order(manifest(version=3 + MAX_STEP), last)


def test_time() -> None:
    check_issued(manifest(), NOW - timedelta(minutes=10))
    with pytest.raises(FeedInvalid) as error:
        check_issued(manifest(), NOW - timedelta(minutes=11))
    assert code(error) == "future"
    check_fresh(manifest(), NOW + timedelta(days=30, seconds=-1))
    with pytest.raises(FeedInvalid) as error:
        check_fresh(manifest(), NOW + timedelta(days=30))
    assert code(error) == "expired"


def test_entries_are_canonical_and_sorted() -> None:
    lines = ENTRIES.decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a", "b"]
    for line in lines:
        assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    read = read_entries(ENTRIES, manifest())
    assert [notice.value for notice in read.notices] == ["pirate.example", "img.pirate.example"]
    assert {notice.contact for notice in read.notices} == {"desk@rights.example"}
    assert read.rejected == ()


def signed_for(data: bytes, lines: int) -> Manifest:
    return manifest(entries=lines, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"id":"a","id":"b"}\n', "duplicate_key"),
        (b'{"evidence":[{"x":1,"x":1}],"id":"a"}\n', "duplicate_key"),
        (b'{"id":"a"} \n', "not_canonical"),
        (b'{"scope":"host","id":"a"}\n', "not_canonical"),
        (b'{"id":"\\u0061"}\n', "not_canonical"),
        (b'{"id":"a"}', "not_canonical"),
        (b'{"id":"a"}\r\n', "not_canonical"),
        (b'{"id":"a"}\n\n', "not_canonical"),
        (b'{"id":"a","n":1.5}\n', "not_canonical"),
        (b'{"id":"a","n":1.0}\n', "not_canonical"),
        (b'{"id":"a","n":18446744073709551616}\n', "not_canonical"),
        (b'{"id":"\\ud800"}\n', "not_canonical"),
        (b'{"id":"b"}\n{"id":"a"}\n', "not_canonical"),
        (b'{"id":"a"}\n{"id":"a"}\n', "not_canonical"),
        (b'{"value":"a"}\n', "not_canonical"),
        (b'["a"]\n', "not_canonical"),
        (b"\xff\n", "not_canonical"),
        (b'{"id":"a","x":' + b"[" * 40 + b"]" * 40 + b"}\n", "not_canonical"),
        (b'{"id":"a","x":"' + b"x" * 70_000 + b'"}\n', "not_canonical"),
    ],
)
def test_what_is_signed_has_one_reading(data: bytes, expected: str) -> None:
    with pytest.raises(FeedInvalid) as error:
        read_entries(data, signed_for(data, data.count(b"\n")))
    assert code(error) == expected


def test_a_meaning_that_cannot_be_taken_is_a_reject() -> None:
    data = write_entries([*TABLES, {"id": "c", "scope": "registrable_domain", "value": "co.jp"}])
    read = read_entries(data, signed_for(data, 3))
    assert len(read.notices) == 2
    assert [(reject.line, "public suffix" in reject.reason) for reject in read.rejected] == [(3, True)]


def test_the_issuer_does_not_date_our_knowledge() -> None:
    data = write_entries([{**TABLES[1], "received_at": "2020-01-01", "effective_at": "2020-01-01"}])
    (notice,) = read_entries(data, signed_for(data, 1)).notices
    assert (notice.received_at, notice.effective_at) == (None, None)


def test_entries_of_another_version() -> None:
    other = write_entries(TABLES[:1])
    for data, made in ((other, manifest()), (ENTRIES, manifest(bytes=1)), (ENTRIES, manifest(entries=3))):
        with pytest.raises(FeedInvalid) as error:
            read_entries(data, made)
        assert code(error) == "mixed"
    assert read_entries(b"", signed_for(b"", 0)).notices == ()


def test_a_verifier_that_uses_nothing_of_ours(tmp_path: Path) -> None:
    """Read by hand: split the note, check Ed25519 over the text, hash the entries."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    note = sign(manifest().text, [ONE, TWO])
    text, _, signatures = note.decode().partition("\n\n")
    text += "\n"
    for line, key in zip(signatures.splitlines(), (ONE, TWO), strict=True):
        name, key_hash, encoded = str(key.verifier).split("+", 2)
        public = base64.b64decode(encoded)
        assert public[:1] == b"\x01"
        key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        assert key_id.hex() == key_hash
        dash, signed_by, signature = line.split(" ")
        assert (dash, signed_by) == ("—", name)
        blob = base64.b64decode(signature)
        assert blob[:4] == key_id
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(blob[4:], text.encode())
    said = dict(line.split(" ", 1) for line in text.splitlines()[1:])
    assert said["sha256"] == hashlib.sha256(ENTRIES).hexdigest()
    assert int(said["bytes"]) == len(ENTRIES)
    assert int(said["entries"]) == len(ENTRIES.splitlines())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_a_note(tmp_path: Path) -> None:
    text, _, line = sign(manifest().text, [ONE]).decode().partition("\n\n")
    (tmp_path / "text").write_bytes((text + "\n").encode())
    (tmp_path / "signature").write_bytes(base64.b64decode(line.split()[2])[4:])
    public = base64.b64decode(str(ONE.verifier).split("+", 2)[2])[1:]
    # RFC 8410: the header of an Ed25519 key in SubjectPublicKeyInfo, then its 32 bytes.
    (tmp_path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key"]
    told = subprocess.run(
        [*command, "-in", "text", "-sigfile", "signature"], cwd=tmp_path, capture_output=True, text=True
    )
    if "rawin" in told.stderr or "unknown option" in told.stderr.lower():
        pytest.skip("this openssl cannot verify Ed25519 on the command line")
    assert told.returncode == 0, told.stderr
