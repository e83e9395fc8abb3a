"""`crawlgate ledger keygen, checkpoint, prove, compress, merge, hold, delete` and `crawlgate attest` as a user meets them."""

import hashlib
import json
import subprocess
import sys

import pytest

from crawlgate.cli.main import cli
from crawlgate.ledger.open import open_ledger
from crawlgate.ledger.query import records
from crawlgate.ledger.verify import verify
from tests.cli.test_cli_report import command_line
from tests.report.homes import AT, HEAD, basis, clock


def home_of(place, urls=("https://a.example/1", "https://a.example/2")):
    with open_ledger(place / "ledger", place / "keys", HEAD, now=clock()) as writer:
        for url in urls:
            writer.append_decision(AT, url, basis())
    return place, writer.segment


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*words, code=0):
        got, out, err = command_line(monkeypatch, capsys, *map(str, words))
        assert got == code, (out, err)
        return out, err

    return call


def test_every_command_has_help():
    group = cli.commands["ledger"]
    for name in ("keygen", "checkpoint", "prove", "compress", "merge", "hold", "delete"):
        assert group.commands[name].help, name
    assert cli.commands["attest"].help


def test_keygen(run, tmp_path):
    out, _ = run("ledger", "keygen", "--home", tmp_path, "--name", "lab.example/crawl")
    assert out.startswith("lab.example/crawl+")
    assert (tmp_path / "keys" / "ledger.pub").read_text() == out
    _, err = run("ledger", "keygen", "--home", tmp_path, code=2)
    assert "--replace" in err
    other, _ = run("ledger", "keygen", "--home", tmp_path, "--replace")
    assert other.startswith("lab.example/crawl+")
    assert other != out
    assert "--name" in run("ledger", "keygen", "--home", tmp_path / "x", "--name", "a b", code=2)[1]


def test_a_checkpoint_is_printed_anchored_and_held_against_the_ledger(run, tmp_path):
    home, segment = home_of(tmp_path)
    kept = tmp_path / "kept"
    out, _ = run("ledger", "checkpoint", "--home", home, "--anchor", f"file:{kept}")
    assert kept.read_text() == out + "\n"
    assert run("ledger", "checkpoint", "--home", home)[0] == out  # nothing came since
    public = home / "keys" / "ledger.pub"
    out, _ = run("ledger", "verify", "--home", home, "--checkpoint", kept, "--key", public, "--no-evidence")
    assert "signed by crawlgate-ledger/" in out
    path = home / "ledger" / f"{segment}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"a.example/1", b"b.example/1"))
    out, _ = run("ledger", "verify", "--home", home, "--checkpoint", kept, code=3)
    assert "[edited]" in out
    path.unlink()
    for newer in (home / "ledger").glob("*.jsonl"):
        newer.unlink()
    home_of(home)
    out, _ = run("ledger", "verify", "--home", home, "--checkpoint", kept, code=3)
    assert "which is not here" in out
    _, err = run("ledger", "verify", "--home", home, "--checkpoint", home / "keys" / "ledger.pub", code=2)
    assert "checkpoint" in err
    assert "no directory" in run("ledger", "checkpoint", "--home", home, "--anchor", "git:/no/such", code=2)[1]
    stranger, _ = run("ledger", "keygen", "--home", tmp_path / "stranger")
    run("ledger", "verify", "--home", home, "--checkpoint", kept, "--key", stranger.strip(), code=3)
    assert "verifier key" in run("ledger", "verify", "--home", home, "--key", "x", code=2)[1]


def test_prove_writes_what_an_outsider_checks(run, tmp_path):
    home, segment = home_of(tmp_path / "home")
    kept = tmp_path / "kept"
    run("ledger", "checkpoint", "--home", home, "--anchor", f"file:{kept}")
    out, err = run("ledger", "prove", f"{segment}:2", "--home", home, "--out", tmp_path / "p", "--checkpoint", kept)
    names = {line.rpartition("/")[2] for line in out.splitlines()}
    assert names >= {
        f"{segment}-2.json",
        f"{segment}-2.tlog-proof",
        f"{segment}-1.json",
        "verify_record.py",
        "ledger.pub",
    }
    assert json.loads((tmp_path / "p" / f"{segment}-2.json").read_bytes())["url"] == "https://a.example/1"
    command = err.partition("check them with: ")[2].replace("python ", f"{sys.executable} ")
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ok: ") == len(done.stdout.splitlines()) >= 5
    for bad, words in ((f"{segment}:99", "no record"), ("x:1", "no segment"), ("nonsense", "segment:number")):
        assert words in run("ledger", "prove", bad, "--home", home, code=2)[1]
    (tmp_path / "file").write_text("")
    run("ledger", "prove", f"{segment}:2", "--home", home, "--out", tmp_path / "file" / "x", code=2)
    run("ledger", "prove", f"{segment}:2", "--home", home, "--checkpoint", tmp_path / "file", code=2)


def test_compress(run, tmp_path):
    home, segment = home_of(tmp_path)
    assert run("ledger", "compress", "--home", home)[0].startswith("segments compressed: 1,")
    assert (home / "ledger" / f"{segment}.jsonl.zst").exists()
    assert run("ledger", "compress", "--home", home)[0].startswith("segments compressed: 0,")
    assert "a.example/1" in run("ledger", "show", "--home", home)[0]
    run("ledger", "verify", "--home", home)


def test_merge(run, tmp_path):
    one, two = home_of(tmp_path / "one")[0], home_of(tmp_path / "two", ["https://b.example/"])[0]
    (two / "evidence").mkdir()
    (two / "evidence" / "x.warc.gz").write_bytes(b"w")
    (two / "lists" / "documents").mkdir(parents=True)
    letter = hashlib.sha256(b"letter").hexdigest()
    (two / "lists" / "documents" / letter).write_bytes(b"letter")
    (two / "lists" / "documents" / ("0" * 64)).write_bytes(b"altered")
    out, err = run("ledger", "merge", two, "--home", one)
    assert "lists and letters 1" in out
    assert (one / "lists" / "documents" / letter).read_bytes() == b"letter"
    assert "is not what its name says" in err
    assert "segments copied 1, here already 0" in out
    assert "evidence files copied 1" in out
    assert (one / "evidence" / "x.warc.gz").read_bytes() == b"w"
    assert "here already 1" in run("ledger", "merge", two, "--home", one)[0]
    assert verify(one / "ledger").ok
    (two / "evidence" / "x.warc.gz").write_bytes(b"written on")  # its writer was alive the first time
    assert "evidence files copied 1" in run("ledger", "merge", two, "--home", one)[0]
    assert (one / "evidence" / "x.warc.gz").read_bytes() == b"written on"
    (two / "evidence" / "x.warc.gz").write_bytes(b"other")
    assert "other content" in run("ledger", "merge", two, "--home", one, code=3)[1]
    (two / "evidence" / "x.warc.gz").unlink()
    assert "name the other ones" in run("ledger", "merge", one, "--home", one, code=2)[1]
    assert "no ledger" in run("ledger", "merge", tmp_path / "three", "--home", one, code=2)[1]
    path = next((two / "ledger").glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"b.example", b"c.example"))
    assert "does not verify" in run("ledger", "merge", two, "--home", tmp_path / "four", code=3)[1]


def test_hold_and_delete(run, tmp_path):
    home, segment = home_of(tmp_path)
    home_of(tmp_path)
    who = ("--by", "K. Sato", "--reason", "claim 7", "--home", home)
    record = run("ledger", "hold", "add", "claim-7", *who)[0].strip()
    assert {found.id for found in records(home / "ledger", kinds={"hold"})} == {record}
    assert "claim-7  records of the beginning to any time" in run("ledger", "hold", "list", "--home", home)[0]
    assert json.loads(run("ledger", "hold", "list", "--home", home, "--format", "json")[0])["by"] == "K. Sato"
    run("ledger", "hold", "add", "claim-7", *who, code=2)
    run("ledger", "hold", "add", "x", *who, "--from", "2026-02-01", "--to", "2026-01-01", code=2)
    run("ledger", "hold", "add", "x", "--by", " ", "--reason", "r", "--home", home, code=2)
    out, err = run("ledger", "delete", "--before", "2030-01-01", *who)
    assert out == ""
    assert f"stays: {segment}: held: claim-7" in err
    run("ledger", "hold", "release", "claim-8", *who, code=2)
    run("ledger", "hold", "release", "claim-7", *who)
    assert "no hold" in run("ledger", "hold", "list", "--home", home)[1]
    out, _ = run("ledger", "delete", "--before", "2030-01-01", *who, "--dry-run")
    assert f"would go: {segment}  records 4" in out
    assert (home / "ledger" / f"{segment}.jsonl").exists()
    out, err = run("ledger", "delete", "--before", "2030-01-01", *who)
    assert f"goes: {segment}" in out
    assert "on record as" in err
    out, _ = run("ledger", "verify", "--home", home)
    assert "deleted on record: 2 segments" in out
    assert "but for what is on record as deleted" in out
    report = json.loads(run("ledger", "verify", "--home", home, "--format", "json")[0])
    assert report["deleted"][0]["segment"] == segment
    assert report["last"]["root"]
    assert "nothing to delete" in run("ledger", "delete", "--before", "1999-01-01", *who)[1]
    run("ledger", "delete", "--before", "whenever", *who, code=2)


def test_attest(run, tmp_path):
    home, segment = home_of(tmp_path)
    data = tmp_path / "part-0"
    data.write_bytes(b"x")
    out, _ = run("attest", data, "--sha256", f"part-1={'ab' * 32}", "--home", home, "--statement")
    found = json.loads(out)
    assert [one["name"] for one in found["subject"]] == ["part-0", "part-1"]
    assert found["predicate"]["ledger"]["records"]["decision"] == 2
    run("attest", data, "--home", home, "--out", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_bytes())["payloadType"] == "application/vnd.in-toto+json"
    run("attest", "--home", home, code=2)
    run("attest", data, "--home", home, "--out", tmp_path / "no" / "a.json", code=2)
    path = home / "ledger" / f"{segment}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"a.example/1", b"b.example/1"))
    assert "does not verify" in run("attest", data, "--home", home, code=3)[1]
