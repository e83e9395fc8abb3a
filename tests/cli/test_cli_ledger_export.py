"""`crawlgate ledger export`: forms by name, refusals, exit codes."""

import sqlite3
import sys
from contextlib import closing

from tests.audit.inquiries import crawled
from tests.cli.program import Run, run

__all__ = ["run"]


def test_the_form_follows_from_the_name_and_counts_are_told(run: Run, tmp_path):
    home = crawled(tmp_path / "home")
    done = run("ledger", "export", tmp_path / "out.sqlite", "--home", home)
    assert done.code == 0
    counts = dict(line.split("\t") for line in done.out.splitlines())
    with closing(sqlite3.connect(tmp_path / "out.sqlite")) as db, db:
        assert counts["decisions"] == str(db.execute("SELECT count(*) FROM decisions").fetchone()[0])
    db.close()
    assert run("ledger", "export", tmp_path / "out", "--home", home).code == 2
    assert run("ledger", "export", tmp_path / "out", "--format", "csv", "--home", home).code == 0
    again = run("ledger", "export", tmp_path / "out", "--format", "csv", "--home", home)
    assert again.code == 2
    assert "--force" in again.err
    assert run("ledger", "export", tmp_path / "out", "--format", "csv", "--home", home, "--force").code == 0


def test_bad_input_is_named(run: Run, tmp_path, monkeypatch):
    home = crawled(tmp_path / "home")
    assert "no ledger" in run("ledger", "export", tmp_path / "a.db", "--home", tmp_path / "none").err
    upside = run("ledger", "export", tmp_path / "a.db", "--home", home, "--from", "2026-02-01", "--to", "2026-01-01")
    assert (upside.code, "before it begins" in upside.err) == (2, True)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    without = run("ledger", "export", tmp_path / "p", "--format", "parquet", "--home", home)
    assert without.code == 2
    assert "crawlgate[audit]" in without.err


def test_a_line_that_cannot_be_read_is_exit_3(run: Run, tmp_path):
    home = crawled(tmp_path / "home")
    for path in (home / "ledger").iterdir():
        data = path.read_bytes()
        if path.suffix == ".jsonl":
            path.write_bytes(data[: len(data) // 2] + b"\x00" + data[len(data) // 2 + 1 :])
        else:
            path.write_bytes(data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :])
    done = run("ledger", "export", tmp_path / "out.db", "--home", home)
    assert done.code == 3
    assert "cannot be read" in done.err
