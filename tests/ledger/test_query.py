import logging
import os
from datetime import timedelta

import pytest
from ledgers import AT, HEAD, basis, clock, written

from crawlgate.errors import LedgerError
from crawlgate.ledger import query
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Verdict


@pytest.fixture
def ledger(tmp_path):
    written(tmp_path)
    with LedgerWriter(tmp_path, HEAD, now=clock()) as second:
        second.append_decision(AT + timedelta(hours=1), "https://example.org/", basis(Verdict.DENY), enforced=False)
        second.append_decision(AT, "", basis(), problem="no_host", user_agent="Other/1", hop_of="x:1")
        second.append("outcome", {"at": AT, "decision": f"{second.segment}:2"})
    return tmp_path


def test_records_in_order(ledger):
    found = list(records(ledger))
    assert [item.kind for item in found][:3] == ["segment", "basis", "decision"]
    assert sorted({item.segment for item in found}) == list(dict.fromkeys(item.segment for item in found))
    assert [item.seq for item in found if item.segment == found[0].segment] == list(range(8))
    assert found[2].at == AT
    assert found[1].at is None


def test_kinds(ledger):
    assert {item.kind for item in records(ledger, kinds={"outcome", "seal"})} == {"outcome", "seal"}


def test_since_and_until(ledger):
    low, high = AT + timedelta(seconds=1), AT + timedelta(seconds=3)
    found = list(records(ledger, since=low, until=high, kinds=["decision", "basis"]))
    assert [item.at for item in found if item.kind == "decision"] == [low, low + timedelta(seconds=1)]
    assert sum(item.kind == "basis" for item in found) == 3
    assert [item.url for item in decisions(ledger, since=AT + timedelta(minutes=1))] == ["https://example.org/"]


def test_decisions_with_their_basis(ledger):
    found = list(decisions(ledger))
    assert [item.verdict for item in found] == ["allow"] * 5 + ["deny", "allow"]
    assert found[0].url == "https://example.com/0"
    assert found[0].basis["findings"]["B2"]["signals"][0]["line"] == 7
    assert (found[0].enforced, found[0].problem) == (True, None)
    assert found[5].enforced is False
    assert (found[6].problem, found[6].user_agent, found[6].hop_of) == ("no_host", "Other/1", "x:1")
    assert found[6].record == f"{found[6].segment}:{found[6].seq}"


def test_bases_beyond_the_cache_are_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(query, "_TABLES", 2)
    many = [basis(evidence=(str(number),)) for number in range(6)]
    with LedgerWriter(tmp_path, HEAD, now=clock()) as writer:
        for _ in range(2):
            for one in many:
                writer.append_decision(AT, "https://example.com/", one)
    assert [item.basis["evidence"] for item in decisions(tmp_path)] == [[str(n)] for n in range(6)] * 2


def test_a_cut_tail_loses_nothing_else_and_is_reported(tmp_path, caplog):
    path = written(tmp_path, seal=False)
    os.truncate(path, path.stat().st_size - 3)
    faults = []
    assert len(list(decisions(tmp_path, report=faults.append))) == 4
    assert [(fault.code, fault.line, fault.segment) for fault in faults] == [("cut", 7, path.stem)]
    with caplog.at_level(logging.WARNING, "crawlgate.ledger.query"):
        assert len(list(records(tmp_path))) == 6
    assert "cut" in caplog.text


def test_bad_lines_are_passed_over_and_reported(tmp_path):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines()
    lines[1] = b"{}"
    lines[3] = b'{"kind":"decision","kind":"decision"}'
    lines[4] = lines[4].replace(b'"at":', b'"at":"x","b":')
    path.write_bytes(b"\n".join(lines) + b"\n")
    faults = []
    found = list(decisions(tmp_path, report=faults.append))
    assert [item.url[-1] for item in found] == ["0", "3", "4"]
    assert {item.verdict for item in found} == {None}
    assert [fault.code for fault in faults] == ["fields", "basis", "duplicate_key", "fields", "basis", "basis"]


def test_a_living_ledger_can_be_read(tmp_path):
    with LedgerWriter(tmp_path, HEAD, now=clock()) as writer:
        writer.append_decision(AT, "https://example.com/", basis())
        os.write(writer._current.fd, b'{"half')
        faults = []
        assert len(list(decisions(tmp_path, report=faults.append))) == 1
        assert faults == []
        os.truncate(writer.path, writer._current.size)


def test_nothing_to_read(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(LedgerError):
            list(records(place))
        with pytest.raises(LedgerError):
            list(decisions(place))
