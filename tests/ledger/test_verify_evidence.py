"""Damage to evidence is seen: every kind with its own reason, everything else untouched."""

import shutil

import pytest

from crawlgate.errors import LedgerError
from crawlgate.evidence.store import EvidenceStore
from crawlgate.ledger.record import evidence_table
from crawlgate.ledger.verify_evidence import verify_evidence
from crawlgate.ledger.writer import LedgerWriter
from tests.evidence.test_store import AT, evidence
from tests.ledger.ledgers import HEAD, clock


@pytest.fixture
def home(tmp_path):
    """Three answers (the second a revisit of the first), a failure, and evidence that was not stored."""
    with EvidenceStore(tmp_path / "evidence") as store, LedgerWriter(tmp_path / "ledger", HEAD, now=clock()) as writer:
        for number, body in enumerate((b"one", b"one", b"two" * 500)):
            found = evidence(body, id=f"e{number}", fetched_at=AT.replace(day=number + 1))
            writer.append("evidence", evidence_table(found, store.put(found)))
        failed = evidence(b"part", id="e3", status=None, error="incomplete: cut")
        writer.append("evidence", evidence_table(failed, store.put(failed)))
        writer.append("evidence", evidence_table(evidence(id="e4"), None))
    return tmp_path


def checked(home):
    return verify_evidence(home / "ledger", home / "evidence")


def file(home):
    return next((home / "evidence").glob("*.warc.gz"))


def test_what_was_stored_verifies(home):
    report = checked(home)
    assert (report.ok, report.checked) == (True, 4)
    assert report.bytes < file(home).stat().st_size  # the first record of the file is named by nobody


def test_every_changed_byte_of_a_named_record_is_found(home):
    path, whole = file(home), file(home).read_bytes()
    for at in range(len(whole) - checked(home).bytes, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        faults = checked(home).faults
        assert [fault.code for fault in faults] == ["evidence_changed"] * len(faults) != [], at
    path.write_bytes(whole)
    assert checked(home).ok


def test_cut_missing_and_swapped_files(home):
    path, whole = file(home), file(home).read_bytes()
    path.write_bytes(whole[:-1])
    assert [(f.code, f.line) for f in checked(home).faults] == [("evidence_cut", 5)]
    assert "e3 of https://example.com/robots.txt" in str(checked(home).faults[0])
    path.write_bytes(b"")
    assert {f.code for f in checked(home).faults} == {"evidence_cut"}
    path.unlink()
    assert [f.code for f in checked(home).faults] == ["evidence_missing"] * 4
    path.mkdir()
    assert len(checked(home).faults) == 4


def test_a_record_that_leads_elsewhere(home, tmp_path):
    (tmp_path / "secret").write_bytes(b"x" * 100)
    for place in ({"file": "../secret", "offset": 0, "length": 3, "sha256": "0" * 64}, {"file": "x"}, "somewhere", [],
                  {"file": "a", "offset": -1, "length": 3, "sha256": "0" * 64}):  # fmt: skip
        shutil.rmtree(home / "ledger")
        with LedgerWriter(home / "ledger", HEAD, now=clock()) as writer:
            writer.append("evidence", {"at": AT, "id": "e9", "url": "https://a.example/", "location": place})
        assert [f.code for f in checked(home).faults] == ["evidence_unnamed"], place


def test_no_ledger(tmp_path):
    with pytest.raises(LedgerError):
        verify_evidence(tmp_path / "ledger", tmp_path / "evidence")
