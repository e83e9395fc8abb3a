"""The index finds what a plain reading finds, however it came to be, and is never believed where it is damaged."""

import multiprocessing
import os
import random
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from crawlgate.errors import LedgerError
from crawlgate.evidence.store import EvidenceStore
from crawlgate.ledger import query, segments
from crawlgate.ledger.compressed import compress
from crawlgate.ledger.index import keys, store
from crawlgate.ledger.index.store import Index
from crawlgate.ledger.record import evidence_table
from crawlgate.ledger.statements import statements
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Verdict
from tests.evidence.test_store import evidence
from tests.ledger.ledgers import AT, HEAD, HOSTILE, abandon, basis, clock

EVER = (-(2**40), 2**40)
HOSTS = ["a.example", "www.a.example", "b.example", "shop.b.example", "192.0.2.7", "c.example.co.jp"]


def wrote(home, seed=1, count=400, *, seal=True):
    """A segment of decisions about addresses drawn at random, their outcomes, evidence and other records."""
    draw = random.Random(seed)
    bases = [basis(verdict, profile=f"p{n}") for n, verdict in enumerate([Verdict.ALLOW, Verdict.DENY, Verdict.REVIEW])]
    writer = LedgerWriter(home / "ledger", HEAD, now=clock(AT + timedelta(days=seed)))
    with EvidenceStore(home / "evidence") as store:
        for number in range(count):
            at = AT + timedelta(days=seed, seconds=number)
            url = f"https://{draw.choice(HOSTS)}/{draw.randrange(60)}"
            segment, seq = writer.append_decision(at, url, draw.choice(bases), enforced=draw.random() < 0.9)
            if draw.random() < 0.5:
                became = draw.choice(["released", "read", "discarded", "removed", "unheard of"])
                writer.append("outcome", {"at": at, "decision": f"{segment}:{seq}", "disposition": became})
            if number % 50 == 0:
                found = evidence(b"%d" % number, id=f"{seed}-{number}", url=f"https://{draw.choice(HOSTS)}/robots.txt")
                writer.append("evidence", evidence_table(found, store.put(found)))
    writer.append("list", {"at": AT, "source": "list"})
    writer.append_decision(AT, "data:,x", bases[1], problem="unsupported_scheme")
    path = writer.path
    if seal:
        writer.close()
    else:
        abandon(writer)
    return path


@pytest.fixture
def home(tmp_path):
    wrote(tmp_path, 1)
    wrote(tmp_path, 2)
    return tmp_path


def told(home):
    """What the index says: decisions by host, and outcomes, all spelled out."""
    with Index(home) as index:
        index.catch_up()
        found = {}
        for host in (*HOSTS, ""):
            for one in index.ask(lambda lookup, host=host: list(lookup.of_host(host, *EVER))):
                with index.places() as places:
                    table = places.one(*one.place).table
                found[one.place] = (table["url"], one.verdict, one.observed, sorted(one.outcomes))
    return found


def plainly(home):
    """The same by reading every line."""
    outcomes = {}
    for record in query.records(home / "ledger", kinds={"outcome"}):
        known = record.table["disposition"] if record.table["disposition"] != "unheard of" else "other"
        outcomes.setdefault(record.table["decision"], []).append(known)
    return {
        (one.segment, one.seq): (one.url, one.verdict, not one.enforced, sorted(outcomes.get(one.record, [])))
        for one in query.decisions(home / "ledger")
    }


def plain(home, number):
    """A segment's file, in plain form."""
    path = segments.segments(home / "ledger")[number]
    if path.suffix == ".zst":
        with segments.Segment(path) as segment:
            path.with_suffix("").write_bytes(b"".join(segment.lines()))
        path.unlink()
        path = path.with_suffix("")
    return path


def state(home):
    return home / "state.sqlite"


def test_it_says_what_a_plain_reading_says(home):
    expected = plainly(home)
    assert told(home) == expected
    assert len(expected) == 802
    state(home).unlink()
    assert told(home) == expected


def test_a_url_is_found_under_its_other_spellings(home):
    expected = {
        place for place, (url, *_) in plainly(home).items() if keys.same_address(url, "http://www.a.example/7/")
    }
    with Index(home) as index:
        index.catch_up()
        found = index.ask(lambda lookup: lookup.of_url(keys.spellings("www.a.example"), "/7/", *EVER))
        early = index.ask(lambda lookup: lookup.of_url(["www.a.example", "a.example"], "/7", 0, found[1].at))
        nothing = index.ask(lambda lookup: lookup.of_url(["nowhere.example"], "/7", *EVER))
    assert {one.place for one in found} == expected
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert [one.place for one in early] == [one.place for one in found[:1]]
    assert nothing == []


def test_hosts_of_a_domain(home):
    with Index(home) as index:
        index.catch_up()
        assert index.ask(lambda lookup: lookup.hosts_below("a.example")) == ["a.example", "www.a.example"]
        assert index.ask(lambda lookup: lookup.hosts_below("example.co.jp")) == ["c.example.co.jp"]
        assert index.ask(lambda lookup: lookup.hosts_below("ample.co.jp")) == []


def test_evidence_by_origin_and_time_and_by_hash(home):
    records = sorted(query.records(home / "ledger", kinds={"evidence"}), key=lambda record: record.id)
    with Index(home) as index:
        index.catch_up()
        for record in records:
            host = keys.address(record.table["url"]).host
            second = int(record.at.timestamp())
            assert record.table["id"] in [
                one.id for one in index.ask(lambda x, h=host, s=second: list(x.evidence_of(h, s)))
            ]
            assert index.ask(lambda x, h=host, s=second: list(x.evidence_of(h, s - 1))) == []
            by_hash = index.ask(lambda x, digest=record.table["sha256"]: x.evidence_with(bytes.fromhex(digest)))
            assert (record.segment, record.seq) in [(one.segment, one.seq) for one in by_hash]
            assert index.ask(lambda x, name=record.table["id"]: x.evidence_named(name))[0].seq == record.seq


# -- catching up ----------------------------------------------------------------------------------------


def test_only_what_is_new_is_read(home, monkeypatch):
    told(home)
    read = []
    blocks = segments.Segment.blocks
    monkeypatch.setattr(
        segments.Segment,
        "blocks",
        lambda self, start, size: read.append((self.name, start)) or blocks(self, start, size),
    )
    told(home)
    assert read == []
    with LedgerWriter(home / "ledger", HEAD, now=clock(AT + timedelta(days=9))) as writer:
        writer.append_decision(AT, "https://new.example/", basis())
        told(home)
        end = writer.path.stat().st_size
        writer.append_decision(AT, "https://a.example/late", basis())
        found = told(home)
    assert read == [(writer.segment, 0), (writer.segment, end)]
    assert ("https://a.example/late", "allow", False, []) in found.values()
    assert found == {place: one for place, one in plainly(home).items() if "new.example" not in one[0]}


def test_a_cut_tail_waits_for_its_end(home):
    path = wrote(home, 3, seal=False)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert len(told(home)) == 802 + 400
    path.write_bytes(whole)
    assert told(home) == plainly(home)


def test_lines_that_are_no_records_are_told_and_passed_over(home):
    path = plain(home, 0)
    lines = path.read_bytes().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if b'"decision","url"' in line and n > 20)
    bad = [b"{\n", b"[]\n", b'{"kind":"decision"}\n', b'{"at":1.5,"basis":1,"kind":"decision","url":"https://a.example/"}\n',
           b'{"at":1,"basis":99999999,"kind":"decision","url":"https://a.example/"}\n', b'{"at":1,"kind":"outcome","decision":"x"}\n',
           b'{"at":18446744073709551616000,"basis":1,"kind":"decision","url":"https://a.example/"}\n', b"\x00\xff\n",
           b'{"at":1,"id":"e","kind":"evidence","url":"https://a.example/","sha256":"zz"}\n']  # fmt: skip
    path.write_bytes(b"".join(lines[:first] + bad + lines[first:]))
    with Index(home) as index:
        index.catch_up()
        faults = index.ask(lambda lookup: lookup.faults())
        assert [fault[1] for fault in faults[: len(bad)]] == list(range(first + 1, first + 1 + len(bad)))
        assert {fault[3] for fault in faults} == {"not_json", "fields"}
        assert index.ask(lambda lookup: lookup.segments())[0].decisions == 401
        assert len(index.ask(lambda lookup: list(lookup.of_host("b.example", *EVER)))) > 50


def test_segments_that_changed_went_or_were_compressed(home):
    old, new = plain(home, 0), plain(home, 1)
    expected = told(home)
    packed = old.with_name(old.name + ".zst")
    packed.write_bytes(b"".join(compress(old.read_bytes().splitlines(keepends=True))))
    old.unlink()
    assert told(home) == expected == plainly(home)
    raw = new.read_bytes()
    new.write_bytes(
        raw.replace(b"ExampleBot/1.0", b"ExampleBot/9.9").replace(b"https://b.example/", b"https://a.example/")
    )
    assert told(home) == plainly(home)
    new.unlink()
    assert told(home) == plainly(home)
    assert len(plainly(home)) == 401
    packed.write_bytes(packed.read_bytes()[:-20])
    with Index(home) as index:
        index.catch_up()
        assert index.ask(lambda lookup: lookup.segments())[0].decisions == 401
        assert index.ask(lambda lookup: lookup.faults())[0][3] == "damaged"


def test_a_new_index_and_one_that_grew_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("crawlgate.ledger.index.gather.BATCH", 50)
    monkeypatch.setattr("crawlgate.ledger.index.catchup._BLOCK", 3_000)
    for seed in (1, 2, 3):
        wrote(tmp_path, seed, 150)
        told(tmp_path)
    grown = dumped(tmp_path)
    with Index(tmp_path) as index:
        index.rebuild()
    assert dumped(tmp_path) == grown


def dumped(home):
    with closing(sqlite3.connect(state(home))) as db, db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


def _ask(home, results):
    results.put(len(told(home)))


def test_processes_catch_up_at_the_same_time(home):
    told(home)
    for seed in (4, 5):
        wrote(home, seed, 300)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=_ask, args=(home, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    counts = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert counts == [len(plainly(home))] * 4
    assert told(home) == plainly(home)
    with closing(sqlite3.connect(state(home))) as db, db:
        assert (
            db.execute("SELECT sum(n) FROM host").fetchone() == db.execute("SELECT count(*) FROM decision").fetchone()
        )


# -- never believed -------------------------------------------------------------------------------------


def test_whatever_stands_in_its_place_it_is_made_anew(home):
    expected = plainly(home)
    assert told(home) == expected
    good = state(home).read_bytes()
    with closing(sqlite3.connect(home / "foreign")) as db, db:
        db.execute("CREATE TABLE decision (x)")
    db.close()
    foreign = (home / "foreign").read_bytes()
    half = len(good) // 2
    for number, bad in enumerate(
        (b"", b"no database at all" * 400, foreign, good[:half], good[:100] + bytes(len(good) - 100),
         good[:half] + bytes(8192) + good[half + 8192 :], good[:4096] + os.urandom(len(good) - 4096),
         good.replace(b"CREATE TABLE basis", b"CREATE TABLE bases")),
    ):  # fmt: skip
        for name in ("-wal", "-shm"):
            (home / f"state.sqlite{name}").unlink(missing_ok=True)
        state(home).write_bytes(bad)
        assert told(home) == expected, number


def test_every_damaged_page_leads_to_the_same_answers(tmp_path):
    home = tmp_path
    wrote(home, 1, 60)
    expected = plainly(home)
    told(home)
    good = state(home).read_bytes()
    for page in range(4096, len(good), 4096):
        state(home).write_bytes(good[:page] + bytes(4096) + good[page + 4096 :])
        assert told(home) == expected, page // 4096


def test_an_older_version_is_made_anew(home):
    told(home)
    with closing(sqlite3.connect(state(home))) as db, db:
        db.execute("PRAGMA user_version = 0")
    db.close()
    with Index(home) as index:
        index.catch_up()
        assert index.remade == "it is of version 0, not 1"


def test_rows_that_are_missing_are_noticed(home):
    expected = told(home)
    with closing(sqlite3.connect(state(home))) as db, db:
        db.execute("DELETE FROM decision WHERE host = ? AND seq > 100", (keys.host_key("b.example"),))
        db.execute("UPDATE decision SET key = key + 1 WHERE host = ?", (keys.host_key("a.example"),))
    db.close()
    assert told(home) == expected
    with closing(sqlite3.connect(state(home))) as db, db:
        db.execute("DELETE FROM decision WHERE host = ?", (keys.host_key("b.example"),))
    db.close()
    with Index(home) as index:
        index.catch_up()
        url = next(url for url, *_ in expected.values() if "//b.example" in url)
        assert index.ask(lambda lookup: lookup.of_url(["b.example"], keys.address(url).target, *EVER))
        assert index.remade == "rows of a host are missing"


def test_a_home_that_cannot_be_written_gets_one_for_the_time_being(home, monkeypatch):
    def refused(self):
        raise PermissionError(13, "Permission denied")

    acquire = store.IndexFile.acquire
    monkeypatch.setattr(
        store.IndexFile, "acquire", lambda self: refused(self) if self.path.parent == home else acquire(self)
    )
    before = sorted(home.rglob("*"))
    assert told(home) == plainly(home)
    assert sorted(home.rglob("*")) == before


def test_no_ledger(tmp_path):
    for _ in range(2):
        with pytest.raises(LedgerError, match=r"there is no ledger|is empty"):
            Index(tmp_path)
        (tmp_path / "ledger").mkdir(exist_ok=True)
    assert statements(tmp_path / "ledger") == []


def test_nothing_is_left_behind(home):
    told(home)
    assert sorted(path.name for path in home.iterdir()) == ["evidence", "ledger", "state.lock", "state.sqlite"]


# -- statements and strays ------------------------------------------------------------------------------


@pytest.mark.parametrize("small", [0, 1 << 30])
def test_statements_are_found_without_reading_the_rest(home, monkeypatch, small):
    monkeypatch.setattr("crawlgate.ledger.statements.SMALL", small)
    hostile = f'https://a.example/"kind":"list"/{HOSTILE}'
    with LedgerWriter(home / "ledger", HEAD, now=clock(AT + timedelta(days=9))) as writer:
        writer.append_decision(AT, hostile, basis())
        writer.append("evidence", {"at": AT, "id": "e", "url": "https://a.example/", "nested": {"kind": "list"}})
        writer.append("list", {"at": AT, "source": hostile})
        live = statements(home / "ledger", {"list"})
    expected = [r for r in query.records(home / "ledger") if r.kind == "list"]
    assert live == statements(home / "ledger", {"list"}) == expected
    assert len(expected) == 3
    assert statements(home / "ledger", {"override"}) == []
    assert statements(home / "ledger") == [r for r in query.records(home / "ledger") if r.kind == "list"]
    with Index(home) as index:
        index.catch_up()
    assert statements(home / "ledger", {"list"}) == expected


def test_a_statement_that_cannot_be_read_is_reported(home, monkeypatch):
    monkeypatch.setattr("crawlgate.ledger.statements.SMALL", 0)
    path = plain(home, 0)
    path.write_bytes(path.read_bytes().replace(b'"kind":"list","source"', b'"kind":"list";"source"'))
    faults = []
    assert len(statements(home / "ledger", {"list"}, report=faults.append)) == 1
    assert [fault.code for fault in faults] == ["not_json"]


def test_statements_of_a_large_ledger_do_not_wait_for_the_whole_index(home, monkeypatch):
    monkeypatch.setattr("crawlgate.ledger.statements.SMALL", 0)
    assert len(statements(home / "ledger", {"list"})) == 2
    with closing(sqlite3.connect(state(home))) as db, db:
        assert db.execute("SELECT count(*) FROM decision").fetchone() == (0,)
    db.close()
    assert told(home) == plainly(home)
    assert len(statements(home / "ledger", {"list"})) == 2


def test_evidence_that_the_ledger_does_not_name_is_found_in_its_file(home):
    with EvidenceStore(home / "evidence") as kept:
        found = evidence(b"User-agent: *\nDisallow: /lost\n", id="stray", url="https://lost.example/robots.txt", final_url="https://lost.example/robots.txt",
                         request=(("Host", "lost.example"),))  # fmt: skip
        place = kept.put(found)
        kept.put(evidence(b"x", id="named"))
        for _ in range(2):  # again while the file is still being written
            with Index(home) as index:
                index.catch_up()
                (stray, *rest) = index.ask(lambda lookup: list(lookup.evidence_of("lost.example", 2**40)))
                assert (stray.id, stray.segment, stray.offset, rest) == ("stray", "", place.offset, [])
                assert index.ask(lambda lookup: lookup.evidence_with(bytes.fromhex(found.sha256)))[0].file == place.file
    with LedgerWriter(home / "ledger", HEAD, now=clock(AT + timedelta(days=9))) as writer:
        writer.append("evidence", evidence_table(found, place))
    with Index(home) as index:
        index.catch_up()
        (one,) = index.ask(lambda lookup: list(lookup.evidence_of("lost.example", 2**40)))
        assert one.segment == writer.segment
    (home / "evidence" / place.file).write_bytes(b"\x1f\x8b garbage")
    with Index(home) as index:
        index.catch_up()
        assert index.ask(lambda lookup: lookup.archive_problems())[0][0] == place.file
