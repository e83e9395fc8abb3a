import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import AT, HOSTILE, basis

from crawlgate.ledger import record
from crawlgate.ledger.canonical import RecordError, decode, encode, micros, moment, plain
from crawlgate.model import Evidence, EvidenceKind, Outcome, Verdict

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@dataclass
class Place:
    file: str = "a.warc.gz"
    offset: int = 10
    length: int = 20
    sha256: str = "ab"


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5))
def test_round_trip(table):
    line = encode(table)
    assert b"\n" not in line
    assert decode(line) == plain(table)
    assert encode(decode(line)) == line


@given(st.binary(max_size=60))
def test_decode_takes_it_or_says_why(raw):
    try:
        table = decode(raw)
    except RecordError:
        return
    assert encode(table) == raw


def test_hostile_text_stays_on_one_line_and_comes_back():
    line = encode({"text": HOSTILE})
    assert b"\n" not in line
    assert b"\r" not in line
    assert b"\x1b" not in line
    assert decode(line)["text"] == HOSTILE.replace("\udc80", "\\udc80").replace("\ud800", "\\ud800")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000000Z"),
        (datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))), "2026-01-01T00:00:00.000000Z"),
        (AT, "2026-11-23T09:00:00.000250Z"),
    ],
)
def test_times_have_one_form(at, text):
    assert decode(encode({"at": at})) == {"at": text}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "float"),
        ([{"deep": (0.5,)}], "float"),
        (float("nan"), "float"),
        (b"bytes", "value"),
        ({1: 2}, "value"),
        ({1, 2}, "value"),
        (object(), "value"),
        (2**64, "value"),
        (-(2**63) - 1, "value"),
        (datetime(2026, 1, 1), "value"),  # noqa: DTZ001
        ({"\udc80": 1, "\\udc80": 2}, "value"),
    ],
)
def test_what_cannot_stand_in_a_record(value, code):
    with pytest.raises(RecordError) as caught:
        encode({"value": value})
    assert caught.value.code == code


def test_nesting_without_end_is_refused():
    deep = []
    for _ in range(400):
        deep = [deep]
    with pytest.raises(RecordError):
        encode({"deep": deep})


def test_enums_and_tuples_become_plain():
    assert decode(encode({"outcome": Outcome.MET, "pair": (1, True)})) == {"outcome": "met", "pair": [1, True]}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"verdict":"deny","verdict":"allow"}', "duplicate_key"),
        (b'{"a":[{"b":1,"b":1}]}', "duplicate_key"),
        (b'{"a": 1}', "not_canonical"),
        (b'{"b":1,"a":2}', "not_canonical"),
        (b'{"a":"\\u0041"}', "not_canonical"),
        (b'{"a":-0}', "not_canonical"),
        (b'{"a":1}\n', "not_canonical"),
        (b'{"a":"\\/"}', "not_canonical"),
        (b'{"a":1.0}', "float"),
        (b'{"a":1e3}', "float"),
        (b'{"a":[[0.5]]}', "float"),
        (b'{"a":18446744073709551616}', "float"),
        (b'{"a":NaN}', "not_json"),
        (b'{"a":"\\ud800"}', "not_json"),
        (b'{"a":"\xff"}', "not_json"),
        (b'{"a":1', "not_json"),
        (b"", "not_json"),
        (b"[1]", "not_object"),
        (b'{"a":' * 100_000, "not_json"),
    ],
)
def test_decode_is_strict(line, code):
    with pytest.raises(RecordError) as caught:
        decode(line)
    assert caught.value.code == code


def test_basis_table():
    table = plain(record.basis_table(basis(Verdict.DENY), 3))
    assert table["verdict"] == "deny"
    assert table["id"] == 3
    assert table["findings"]["A1"] == {"outcome": "not_met", "reason": "a1.none"}
    assert table["findings"]["B2"]["signals"] == [
        {
            "detail": {"pattern": "/private"},
            "evidence": "ev1",
            "kind": "robots.disallow",
            "line": 7,
            "name": "robots",
            "polarity": "reserved",
            "purpose": "crawl",
            "raw": "Disallow: /private",
            "scope": "origin",
            "span": [10, 28],
            "strength": "measure",
            "subject": "*",
        }
    ]


def test_a_basis_that_would_lose_something_is_refused():
    one = basis()
    for bad in (replace(one, findings=one.findings * 2), replace(one, findings=(), reasons=one.findings)):
        with pytest.raises(RecordError):
            record.basis_table(bad, 0)


def test_evidence_table_quotes_no_secret():
    evidence = Evidence(
        id="e1",
        kind=EvidenceKind.ROBOTS,
        url="https://example.com/robots.txt",
        final_url="https://www.example.com/robots.txt",
        fetched_at=AT,
        status=200,
        headers=(("Content-Type", "text/plain"), ("Set-Cookie", "secret"), ("Authorization", "secret"), ("X-Odd", "?")),
        body=b"User-agent: *",
        sha256="cd",
        redirects=("https://example.com/robots.txt",),
    )
    table = decode(encode(record.evidence_table(evidence, Place())))
    assert "secret" not in json.dumps(table)
    assert table["headers"] == [["Content-Type", "text/plain"]]
    assert table["location"] == {"file": "a.warc.gz", "length": 20, "offset": 10, "sha256": "ab"}
    assert (table["bytes"], table["source"], table["status"], table["sha256"]) == (13, "robots", 200, "cd")
    assert table["redirects"] == ["https://example.com/robots.txt"]
    failed = replace(evidence, status=None, error="dns: no such name", body=b"", sha256="", redirects=(), headers=())
    table = record.evidence_table(failed, None)
    assert table["error"] == "dns: no such name"
    assert table["status"] is None
    assert not {"location", "sha256", "headers", "truncated", "redirects"} & table.keys()


def test_small_tables_hold_only_what_is_set():
    assert record.decision_table(AT, "u", 1) == {"at": AT, "basis": 1, "url": "u"}
    assert record.decision_table(AT, "u", 1, enforced=False, problem="no_host", user_agent="X", hop_of="s:1") == {
        "at": AT,
        "basis": 1,
        "enforced": False,
        "hop_of": "s:1",
        "problem": "no_host",
        "url": "u",
        "user_agent": "X",
    }
    outcome = record.outcome_table(AT, "s:1", "stored", size=0, dataset="d")
    assert outcome == {"at": AT, "bytes": 0, "dataset": "d", "decision": "s:1", "disposition": "stored"}
    loaded = record.list_table(AT, "list.txt", "ab", entries=2)
    assert loaded == {"at": AT, "entries": 2, "rejected": 0, "sha256": "ab", "source": "list.txt"}


@pytest.mark.parametrize("key", ["kind", "at", "segment", "previous", "open", "ledger", "key"])
def test_a_head_cannot_overwrite_the_writers_keys(key):
    with pytest.raises(RecordError, match=key):
        record.segment_table({key: 1}, at=AT, name="n", pid=1, ledger="l", key=None, previous=None, still_open=[])


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_records_own_time_is_a_number_and_comes_back(at):
    assert moment(micros(at)) == at


def test_a_records_own_time():
    assert micros(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert micros(datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))) == 1_767_225_600_000_000
    with pytest.raises(RecordError):
        micros(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="beyond"):
        moment(2**62)


@pytest.mark.parametrize(
    ("line", "code", "offset"),
    [
        (b'{"a":"1.5 \\" 2.5","b":7,"c":1.5}', "float", 28),
        (b'{"a":99999999999999999999999}', "float", 5),
        ('{"a":"é","b":x}'.encode(), "not_json", 14),
        (b'{"a":"\xff"}', "not_json", 6),
        (b'{"a":01}', "not_json", 5),
        (b'{"a":1, "b":2}', "not_canonical", 7),
    ],
)
def test_the_first_bad_byte_of_a_line(line, code, offset):
    with pytest.raises(RecordError) as refused:
        decode(line)
    assert (refused.value.code, refused.value.offset) == (code, offset)
