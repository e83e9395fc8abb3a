"""The ledger as tables: every column is documented and written, the documented queries run, nothing is lost."""

import csv
import json
import re
import sqlite3
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlgate import ConfigError, Gate, LedgerError
from crawlgate.audit import Inquiry
from crawlgate.audit.export import export
from crawlgate.audit.export.schema import OF_KIND, TABLES
from crawlgate.ledger import segments
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.record import KINDS
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Verdict
from crawlgate.testing import FakeClock, FakeWeb
from tests.audit.inquiries import BEGIN, DECLARATION, ROBOTS, SHA, crawled, plain
from tests.ledger.ledgers import AT, HEAD, HOSTILE, basis, clock

DOCUMENT = Path(__file__).parents[2] / "docs" / "ledger-export.md"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", "'quoted"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A crawl, a list that denies and one that holds, and a record of each kind of statement."""
    folder = tmp_path_factory.mktemp("export")
    home = crawled(folder / "home")
    listed, public = folder / "list.txt", folder / "public.txt"
    listed.write_text("pirate.example\n", "utf-8")
    public.write_text("held.example\n", "utf-8")
    pages = FakeWeb({f"https://{name}/robots.txt": ROBOTS for name in ("pirate.example", "held.example")})
    later = FakeClock(BEGIN + timedelta(days=1))
    with Gate(DECLARATION, home=home, evidence_transport=pages.transport(), clock=later, blocklists=[public]) as gate:
        gate.check("https://held.example/1")
    with LedgerWriter(home / "ledger", HEAD, now=clock(BEGIN + timedelta(days=2))) as writer:
        for kind, table in {
            "outside": {"name": "crawl of 2024", "by": "A. Person", "reason": HOSTILE, "since": "2024-01-01T00:00:00Z"},
            "hold": {
                "name": "case 7",
                "action": "add",
                "by": "A. Person",
                "reason": "asked",
                "from": "2026-01-01T00:00:00Z",
            },
            "notice": {
                "id": "n1",
                "event": "notice",
                "issuer": "=cmd()",
                "received_at": "not a time",
                "new": {"a": [1]},
            },
            "register": {
                "host": "data.example",
                "product": "dataset",
                "source": "seen",
                "urls": ["https://data.example/"],
            },
            "attempt": {
                "site": "a.example",
                "url": "https://a.example/x",
                "user_agent": "Other/1",
                "refusal": "http_403",
            },
        }.items():
            writer.append(kind, {"at": BEGIN + timedelta(days=2), **table})
    return home


@pytest.fixture(scope="module")
def database(home, tmp_path_factory):
    out = tmp_path_factory.mktemp("sqlite") / "ledger.sqlite"
    export(home, out, "sqlite", now=NOW)
    with closing(sqlite3.connect(out)) as db, db:
        db.row_factory = sqlite3.Row
        yield db
    db.close()


def documented():
    """Columns as the document has them: table -> [(column, type, meaning)]."""
    found = {}
    for part in DOCUMENT.read_text("utf-8").split("\n### `")[1:]:
        name, _, text = part.partition("`")
        found[name] = (text.strip().split("\n")[0], re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", text, re.MULTILINE))
    return found


def queries():
    return re.findall(r"^```sql\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_document_tells_every_table_and_column_as_it_is_written(database):
    told = documented()
    assert list(told) == [table.name for table in TABLES]
    for table in TABLES:
        assert told[table.name] == (table.meaning, [(c.name, c.type, c.meaning) for c in table.columns])
        assert [row["name"] for row in database.execute(f'PRAGMA table_info("{table.name}")')] == list(table.names)
        assert len(set(table.names)) == len(table.names)
    written = database.execute("SELECT table_name, column_name, type, meaning FROM columns").fetchall()
    assert [tuple(row) for row in written] == [(t.name, c.name, c.type, c.meaning) for t in TABLES for c in t.columns]


def test_every_kind_of_record_has_a_table():
    assert OF_KIND.keys() == KINDS


def test_the_documented_queries_answer(database):
    texts = queries()
    assert len(texts) >= 9
    found = [[tuple(row) for row in database.execute(text)] for text in texts]
    denied, taken, held, lists, ages, stored, said, runs, missing = found
    assert ("B2", "a.example") in [row[:2] for row in denied]
    assert "https://a.example/taken" in [row[0] for row in taken]
    assert ("C1", "held.example") in [row[:2] for row in held]
    assert [row[2:] for row in lists] == [("held.example", "review", 1)]
    assert all(hours >= 0 for _, _, _, hours in ages)
    assert max(hours for _, _, _, hours in ages) > 0
    assert stored == []  # the one that was stored was removed
    assert "robots.disallow" in [row[0] for row in said]
    assert runs[0][3] == "ExampleBot"
    assert "outside" in [row[0] for row in missing]


def test_a_stored_item_is_found_until_it_is_removed(home, tmp_path):
    export(home, tmp_path / "out.db", "sqlite", now=NOW, until=BEGIN + timedelta(hours=1))
    with closing(sqlite3.connect(tmp_path / "out.db")) as db, db:
        (row,) = db.execute(queries()[5]).fetchall()
    db.close()
    assert row[:6] == ("https://a.example/stored?id=1&utm_source=x", "corpus-1", "part-7.parquet", 123, 47, SHA)


def test_duckdb_reads_the_parquet_files_with_the_same_queries(home, database, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    export(home, tmp_path / "out", "parquet", now=NOW)
    db = duckdb.connect()
    for table in TABLES:
        db.execute(f"CREATE VIEW \"{table.name}\" AS SELECT * FROM '{tmp_path}/out/{table.name}.parquet'")
    for text in queries():
        if "julianday" not in text:
            counted = db.execute(f"SELECT count(*) FROM ({text.strip().removesuffix(';')})").fetchone()
            assert counted == (len(database.execute(text).fetchall()),), text
    seconds = "SELECT max(date_diff('second', e.at, d.at)) FROM decisions AS d " + (
        "JOIN basis_evidence AS b ON b.basis = d.basis JOIN evidence AS e ON e.id = b.evidence"
    )
    assert db.execute(seconds).fetchone()[0] > 0


def test_the_three_forms_hold_the_same(home, database, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    seen = []
    counts = export(
        home, tmp_path / "p", "parquet", now=NOW, report=lambda read, total: seen.append((read, total))
    ).rows
    assert all(0 <= read <= total for read, total in seen)
    assert seen
    assert export(home, tmp_path / "c", "csv", now=NOW).rows == counts
    for table in TABLES:
        rows = database.execute(f'SELECT * FROM "{table.name}"').fetchall()
        assert len(rows) == counts[table.name] == parquet.read_table(tmp_path / "p" / f"{table.name}.parquet").num_rows
        with (tmp_path / "c" / f"{table.name}.csv").open(encoding="utf-8-sig", newline="") as file:
            header, *cells = csv.reader(file)
        assert header == list(table.names)
        kinds = [column.type for column in table.columns]
        for row, line in zip(rows, cells, strict=True):
            for value, cell, kind in zip(row, line, kinds, strict=True):
                if value is None:
                    assert cell == ""
                elif kind == "boolean":
                    assert cell == ("true" if value else "false")
                else:
                    assert cell.removeprefix("'") == str(value).removeprefix("'")
    at = parquet.read_table(tmp_path / "p" / "decisions.parquet")["at"]
    assert str(at.type) == "timestamp[us, tz=UTC]"


def test_every_decision_is_there_with_what_it_rests_on(home, database):
    wanted = [(one.record, one.url, one.verdict, " ".join(one.basis["reasons"])) for one in decisions(home / "ledger")]
    found = database.execute("SELECT record, url, verdict, reasons FROM decisions ORDER BY record").fetchall()
    assert sorted(wanted) == sorted(map(tuple, found))
    assert len(wanted) > 15
    counted = sum(1 for record in records(home / "ledger"))
    listed = database.execute("SELECT sum(records) FROM segments").fetchone()[0]
    assert counted == listed
    assert (
        database.execute("SELECT count(*) FROM findings WHERE basis NOT IN (SELECT basis FROM bases)").fetchone()[0]
        == 0
    )


def test_what_no_column_takes_is_not_lost(database):
    (row,) = database.execute("SELECT issuer, received_at, more FROM notices WHERE id = 'n1'").fetchall()
    assert row["issuer"] == "=cmd()"
    assert row["received_at"] is None
    assert json.loads(row["more"]) == {"new": {"a": [1]}, "received_at": "not a time"}
    for table in TABLES:  # what a gate writes has a column
        if "more" in table.names and table.name not in ("notices", "others"):
            assert database.execute(f'SELECT count(*) FROM "{table.name}" WHERE more IS NOT NULL').fetchone()[0] == 0, (
                table
            )


def test_a_period_selects_decisions_and_the_bases_they_rest_on(home, tmp_path):
    since, until = BEGIN + timedelta(minutes=2), BEGIN + timedelta(minutes=4)
    export(home, tmp_path / "out.db", "sqlite", now=NOW, since=since, until=until)
    with closing(sqlite3.connect(tmp_path / "out.db")) as db, db:
        found = db.execute("SELECT record FROM decisions ORDER BY record").fetchall()
        used = set(db.execute("SELECT DISTINCT basis FROM decisions"))
        assert set(db.execute("SELECT basis FROM bases")) == used
        assert db.execute("SELECT count(*) FROM evidence").fetchone()[0] > 5
    db.close()
    assert [row[0] for row in found] == sorted(
        one.record for one in decisions(home / "ledger", since=since, until=until)
    )
    assert found


def test_a_basis_that_stands_far_before_its_use_in_the_period_is_there(tmp_path):
    since = AT.replace(microsecond=0) + timedelta(days=1)
    with LedgerWriter(tmp_path / "home" / "ledger", HEAD, now=clock()) as writer:
        shared = [basis(evidence=(f"ev{number}",)) for number in range(4_200)]
        for one in shared:
            writer.append_decision(AT, "https://h.example/early", one)
        for number in (0, 1, 4_199, 0):
            writer.append_decision(since, f"https://h.example/{number}", shared[number])
    done = export(tmp_path / "home", tmp_path / "out.db", "sqlite", now=NOW, since=since)
    assert (done.rows["decisions"], done.rows["bases"]) == (4, 3)
    with closing(sqlite3.connect(tmp_path / "out.db")) as db, db:
        found = db.execute(
            "SELECT url, evidence FROM decisions JOIN basis_evidence USING (basis) ORDER BY record"
        ).fetchall()
    db.close()
    assert [(url.rpartition("/")[2], evidence) for url, evidence in found] == [
        (f"{number}", f"ev{number}") for number in (0, 1, 4_199, 0)
    ]


def test_a_cell_is_never_a_formula(tmp_path):
    with LedgerWriter(tmp_path / "home" / "ledger", HEAD, now=clock()) as writer:
        for text in FORMULAS:
            writer.append("outside", {"at": AT, "name": text, "by": "x", "reason": 'a,b\n"c"'})
    export(tmp_path / "home", tmp_path / "out", "csv", now=NOW)
    with (tmp_path / "out" / "outside.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [f"'{text}" for text in FORMULAS]
    assert rows[0]["reason"] == 'a,b\n"c"'


def test_lines_that_cannot_be_read_are_told_and_the_rest_is_there(tmp_path):
    home = crawled(tmp_path / "home")
    (path,) = plain(home)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"disposition":"released"', b'"disposition":"released","disposition":1', 1))
    done = export(home, tmp_path / "out.db", "sqlite", now=NOW)
    assert done.unreadable == 1
    with closing(sqlite3.connect(tmp_path / "out.db")) as db, db:
        (row,) = db.execute("SELECT segment, count, detail FROM coverage WHERE what = 'unreadable'").fetchall()
    db.close()
    assert row[0] == segments.name_of(path)
    assert "duplicate" in row[2]
    assert done.rows["decisions"] == whole.count(b'"kind":"decision"')


def test_nothing_is_written_over_and_nothing_is_left_behind(home, tmp_path, monkeypatch):
    (tmp_path / "out.db").write_text("mine")
    with pytest.raises(ConfigError, match=r"out\.db is there already; --force"):
        export(home, tmp_path / "out.db", "sqlite", now=NOW)
    assert (tmp_path / "out.db").read_text() == "mine"
    export(home, tmp_path / "out.db", "sqlite", now=NOW, force=True)
    assert (tmp_path / "out.db").read_bytes().startswith(b"SQLite format 3")
    with pytest.raises(ConfigError, match="name a directory"):
        export(home, tmp_path / "out.db", "csv", now=NOW)
    with pytest.raises(ConfigError, match="name one"):
        export(home, tmp_path, "sqlite", now=NOW)
    with pytest.raises(ConfigError, match="cannot be made"):
        export(home, tmp_path / "out.db" / "below", "csv", now=NOW)
    with pytest.raises(LedgerError, match="no ledger"):
        export(tmp_path / "none", tmp_path / "x.db", "sqlite", now=NOW)

    def full(*_):
        raise OSError(28, "No space left on device")

    for form in ("sqlite", "csv", "parquet"):
        monkeypatch.setattr("crawlgate.audit.export.rows.BasisRows.__call__", full)
        with pytest.raises(ConfigError, match="No space left"):
            export(home, tmp_path / "y", form, now=NOW)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == [tmp_path / "out.db"]


def test_memory_stays_flat(tmp_path):
    def peak(number):
        home = tmp_path / str(number)
        with LedgerWriter(home / "ledger", HEAD, now=clock()) as writer:
            shared = basis(Verdict.ALLOW)
            for each in range(number):
                writer.append_decision(AT + timedelta(seconds=each), f"https://example.com/{each}", shared)
        with Inquiry(home):  # brings the index up to date, which has bounds of its own
            pass
        tracemalloc.start()
        export(home, tmp_path / f"{number}.db", "sqlite", now=NOW)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    small = peak(6_000)
    assert peak(20_000) < 1.5 * small
