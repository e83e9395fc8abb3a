import hashlib

import orjson
import pytest

from tests.cli.program import run
from tests.report.homes import ROBOTS, crawled

__all__ = ["run"]
DIGEST = hashlib.sha256(ROBOTS.encode()).hexdigest()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return crawled(
        tmp_path_factory.mktemp("home"), ["https://a.example/", "https://a.example/noai"], ["https://down.example/"]
    )


def test_reindex_says_what_it_read(run, home):
    done = run("ledger", "reindex", "--home", home)
    assert done.code == 0
    assert done.out.startswith(f"{home / 'state.sqlite'}: ")
    assert "records in 1 segments" in done.out
    assert done.err == ""


def test_reindex_names_what_cannot_be_read(run, tmp_path):
    crawled(tmp_path, ["https://a.example/"])
    (path,) = (tmp_path / "ledger").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"kind":"outcome"', b'"kind":\x1b"outcome"'))
    (archive,) = (tmp_path / "evidence").glob("*.gz")
    archive.write_bytes(archive.read_bytes() + b"\x1f\x8b trailing")
    done = run("ledger", "reindex", "--home", tmp_path)
    assert done.code == 0
    assert "[not_json]" in done.err
    assert "\x1b" not in done.err
    assert f"cannot be read to its end: {archive.name}: " in done.err


@pytest.mark.parametrize(
    "asked", ["a.example", "https://a.example", "https://a.example/robots.txt", DIGEST, f"sha256:{DIGEST}"]
)
def test_robots_txt_as_it_was(run, home, asked):
    done = run("ledger", "evidence", asked, "--home", home, "--kind", "robots", "--format", "json")
    (found,) = [orjson.loads(line) for line in done.out.splitlines()]
    assert (found["url"], found["sha256"], found["intact"]) == ("https://a.example/robots.txt", DIGEST, True)
    by_id = run("ledger", "evidence", found["id"], "--home", home)
    assert "https://a.example/robots.txt  intact" in by_id.out
    shown = run("ledger", "evidence", asked, "--kind", "robots", "--body", "--home", home)
    assert (shown.code, shown.out) == (0, ROBOTS)


def test_what_was_known_at_a_time(run, home):
    assert run("ledger", "evidence", "a.example", "--home", home, "--at", "2999-01-01").out.count("\n") == 3
    before = run("ledger", "evidence", "a.example", "--home", home, "--at", "2020-01-01")
    assert (before.code, before.out) == (0, "")
    assert before.err == "no evidence of a.example in this home\n"
    failed = run("ledger", "evidence", "down.example", "--home", home)
    assert "503, 0 bytes" in failed.out


def test_bad_questions(run, home, tmp_path):
    for arguments, word in ((["data:,x"], "no id of evidence"), (["a.example", "--at", "yesterday"], "--at"),
                            (["nowhere.example", "--body"], "no stored evidence")):  # fmt: skip
        done = run("ledger", "evidence", *arguments, "--home", home)
        assert (done.code, done.out) == (2, ""), arguments
        assert word in done.err
    assert run("ledger", "evidence", "a.example", "--home", tmp_path).code == 2


def test_changed_evidence_exits_with_3(run, tmp_path):
    crawled(tmp_path, ["https://a.example/"])
    (archive,) = (tmp_path / "evidence").glob("*.gz")
    raw = archive.read_bytes()
    archive.write_bytes(raw[:-40] + bytes(40))
    done = run("ledger", "evidence", "a.example", "--home", tmp_path)
    assert done.code == 3
    assert "CHANGED" in done.out
    assert run("ledger", "evidence", "a.example", "--kind", "tdmrep", "--body", "--home", tmp_path).code == 3
