"""`crawlgate audit`: logs and archives of the past, judged by what was on record then; nothing lost on the way."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from crawlgate.cli.main import cli
from crawlgate.errors import FeedError
from tests.blocklist.feeds import ONE, TWO, Publisher, entry
from tests.cli.program import Run, run  # noqa: F401
from tests.shared_data import shared
from tests.test_schemas import validator

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow.parquet as pq  # noqa: E402

from crawlgate.audit.readers.kinds import kind_of  # noqa: E402

DECLARATION = """
operator = "Example Lab"
token = "ExampleBot"
user_agent = "ExampleBot/1.0"
token_published = true
purposes = ["pretraining"]
"""
ROBOTS = 'url,time,status,body\nhttps://closed.example/robots.txt,2024-05-01T00:00:00Z,200,"User-agent: *\nDisallow: /x\n"\nopen.example,2024-05-01T00:00:00Z,404,\n'
LOG = [
    {"url": "https://closed.example/x/1", "time": "2024-05-01T10:00:00Z", "status": 200},
    {"url": "https://closed.example/y", "time": "2024-05-01T10:00:00Z", "status": 200},
    {"url": "https://open.example/", "time": "2024-05-01T10:00:00Z", "status": 200},
    {"url": "https://open.example/", "time": "2024-04-01T10:00:00Z", "status": 200},  # before anything was on record
]


class Place:
    """A folder with a declaration and evidence, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "me.toml").write_text(DECLARATION, "utf-8")
        (folder / "robots.csv").write_text(ROBOTS, "utf-8")

    def audit(self, *arguments: str, code: int = 0) -> dict[str, object]:
        given = ["--declaration", str(self.folder / "me.toml"), "--home", str(self.folder / "home")]
        out = self.folder / "out"
        ran = CliRunner().invoke(cli, ["audit", *arguments, *given, "--out", str(out), "--format", "json"])
        assert ran.exit_code == code, ran.output + str(ran.exception)
        summary = json.loads(ran.stdout)
        validator("audit-summary").validate(summary)
        assert json.loads((out / "summary.json").read_bytes()) == summary
        for name, said in summary["outputs"].items():
            assert hashlib.sha256((out / name).read_bytes()).hexdigest() == said["sha256"], name
        return summary  # type: ignore[no-any-return]

    def refused(self, *arguments: str) -> str:
        given = ["--declaration", str(self.folder / "me.toml"), "--out", str(self.folder / "none")]
        ran = CliRunner().invoke(cli, ["audit", *arguments, *given])
        assert ran.exception is not None
        assert not (self.folder / "none" / "summary.json").exists()
        return str(ran.exception)

    def rows(self) -> list[dict[str, object]]:
        return pq.read_table(self.folder / "out" / "decisions.parquet").to_pylist()  # type: ignore[no-any-return]

    def rejects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "out" / "rejects.jsonl").read_text("utf-8").splitlines()]

    def write(self, name: str, text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else text.encode()
        (self.folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(self.folder / name)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def log(place: Place, name: str) -> str:
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(LOG), place.folder / name)
        return str(place.folder / name)
    if ".csv" in name:
        return place.write(name, "url,time,status\n" + "".join(f"{r['url']},{r['time']},{r['status']}\n" for r in LOG))
    return place.write(name, "".join(json.dumps(row) + "\n" for row in LOG))


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.csv.gz", "log.jsonl", "log.jsonl.gz"])
def test_rows_are_judged_by_what_was_on_record_at_their_time(place: Place, name: str) -> None:
    summary = place.audit(log(place, name), "--evidence", str(place.folder / "robots.csv"))
    rows = place.rows()
    assert [row["verdict"] for row in rows] == ["deny", "allow", "allow", "review"]
    assert [row["row"] for row in rows] == [0, 1, 2, 3]
    assert "B5=met" in str(rows[0]["findings"])  # taken past a Disallow of the time
    assert (rows[0]["robots_line"], rows[0]["surt"]) == (2, "example,closed")
    assert rows[3]["robots"] is None
    assert "B2=unknown" in str(rows[3]["findings"])
    assert summary["coverage"] == {
        "judged": 4,
        "rejected": 0,
        "rejected_by": {},
        "beside": {},
        "hosts": 2,
        "without_robots_of_the_time": 1,
    }
    assert summary["verdicts"] == {"allow": 2, "review": 1, "deny": 1}
    bases = {basis["basis"]: basis for basis in pq.read_table(place.folder / "out" / "bases.parquet").to_pylist()}
    assert [bases[row["basis"]]["verdict"] for row in rows] == [row["verdict"] for row in rows]


def test_as_of_now_asks_the_other_question(place: Place) -> None:
    evidence = place.write(
        "now.csv", 'host,time,status,body\nopen.example,2026-01-01T00:00:00Z,200,"User-agent: *\nDisallow: /\n"\n'
    )
    place.audit(log(place, "log.jsonl"), "--evidence", evidence, "--as-of", "2026-01-01T12:00:00Z")
    assert [row["verdict"] for row in place.rows()] == ["review", "review", "deny", "deny"]
    place.audit(log(place, "log.jsonl"), "--evidence", evidence)
    assert [row["verdict"] for row in place.rows()] == ["review"] * 4  # today's file says nothing about then


def test_what_cannot_be_judged_is_rejected_with_its_place_and_nothing_stops(place: Place) -> None:
    lines = [
        json.dumps(LOG[1]),
        "{half",
        "[1]",
        json.dumps(LOG[1] | {"url": "no url"}),
        json.dumps(LOG[1] | {"time": "2024-05-01T10:00:00"}),
        json.dumps(LOG[1] | {"time": "9999-01-01T00:00:00Z"}),
        json.dumps(LOG[2] | {"status": "teapot"}),
    ]
    path = place.write("log.jsonl", "\n".join(lines))
    summary = place.audit(path, "--evidence", str(place.folder / "robots.csv"), code=4)
    assert [(row["row"], row["verdict"]) for row in place.rows()] == [(0, "allow")]
    found = {reject["row"]: reject["code"] for reject in place.rejects()}
    codes = ["not_read", "not_read", "no_scheme", "no_zone", "time_out_of_range", "bad_status"]
    assert found == dict(enumerate(codes, 1))
    assert {r["row"]: r["offset"] for r in place.rejects()}[3] == len("\n".join(lines[:3])) + 1
    assert summary["coverage"]["rejected"] == 6  # type: ignore[index]


def test_rows_of_csv_may_hold_line_breaks_and_bad_ones_are_told(place: Place) -> None:
    path = place.write(
        "log.csv",
        'note,url,time\n"two\nlines",https://open.example/a,2024-05-01T10:00:00Z\nshort,https://open.example/b\n'
        "nul\x00,https://open.example/c,2024-05-01T10:00:00Z\n",
    )
    place.audit(path, "--evidence", str(place.folder / "robots.csv"), code=4)
    assert [(row["row"], row["url"]) for row in place.rows()] == [
        (0, "https://open.example/a"),
        (2, "https://open.example/c"),
    ]
    assert [reject["reason"] for reject in place.rejects()] == ["2 fields where the head has 3"]


def archive(records: list[tuple[str, str, str, dict[str, str], bytes]]) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    for url, at, status, headers, body in records:
        answered = StatusAndHeaders(status, list(headers.items()), protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                url,
                "response",
                payload=io.BytesIO(body),
                length=len(body),
                http_headers=answered,
                warc_headers_dict={"WARC-Date": at},
            )
        )
    return buffer.getvalue()


PAGE = b"<!doctype html><html><head><title>x</title></head><body>words</body></html>"
HTML = {"Content-Type": "text/html"}
ARCHIVE = [
    (
        "https://a.example/robots.txt",
        "2024-05-01T00:00:00Z",
        "200 OK",
        {"Content-Type": "text/plain"},
        b"User-agent: *\nDisallow: /x\n",
    ),
    ("https://a.example/.well-known/tdmrep.json", "2024-05-01T00:00:00Z", "404 Not Found", {}, b""),
    ("https://a.example/x", "2024-05-01T01:00:00Z", "200 OK", HTML, PAGE),
    ("https://a.example/y", "2024-05-01T01:00:00Z", "200 OK", HTML, PAGE),
    ("https://a.example/noai", "2024-05-01T01:00:00Z", "200 OK", HTML | {"X-Robots-Tag": "noai"}, PAGE),
    (
        "https://a.example/meta",
        "2024-05-01T01:00:00Z",
        "200 OK",
        HTML,
        PAGE.replace(b"<title>", b'<meta name="robots" content="noai"><title>'),
    ),
]


def test_an_archive_brings_its_robots_txt_headers_and_heads(place: Place) -> None:
    (place.folder / "crawls").mkdir()
    (place.folder / "crawls" / "crawl.warc.gz").write_bytes(archive(ARCHIVE))
    place.audit(str(place.folder / "crawls"))
    rows = {str(row["url"]).rpartition("/")[2]: row for row in place.rows()}
    assert rows["x"]["verdict"] == "deny"
    assert rows["y"]["verdict"] == "allow"
    assert "B2=indicated" in str(rows["noai"]["findings"])
    assert "B2=indicated" in str(rows["meta"]["findings"])


def test_a_damaged_archive_is_read_as_far_as_it_goes(place: Place) -> None:
    whole = archive(ARCHIVE)
    cut = place.folder / "cut.warc.gz"
    cut.write_bytes(whole[:-150] + b"\xff" * 60)
    place.audit(str(cut), code=4)
    assert {row["verdict"] for row in place.rows()} >= {"deny", "allow"}
    assert place.rejects()[-1]["code"] == "damaged"


def test_the_same_inputs_give_the_same_bytes(place: Place) -> None:
    path = log(place, "log.parquet")
    outputs = []
    for _ in range(2):
        place.audit(path, "--evidence", str(place.folder / "robots.csv"))
        outputs.append({file.name: file.read_bytes() for file in sorted((place.folder / "out").iterdir())})
    assert outputs[0] == outputs[1]
    assert set(outputs[0]) == {
        "decisions.parquet",
        "bases.parquet",
        "lines.parquet",
        "recorded.json",
        "rejects.jsonl",
        "removals.csv",
        "removals.parquet",
        "summary.json",
    }


def test_an_audit_is_on_record_once_and_verifies(place: Place) -> None:
    path = log(place, "log.parquet")
    summary = place.audit(path, "--evidence", str(place.folder / "robots.csv"))
    place.audit(path, "--evidence", str(place.folder / "robots.csv"), "--resume")
    home = ("--home", str(place.folder / "home"))
    shown = CliRunner().invoke(cli, ["ledger", "show", *home, "--kind", "audit", "--format", "json"])
    (record,) = map(json.loads, shown.stdout.splitlines())
    assert record["audit"] == summary["audit"]
    assert record["inputs"]["first"] == [{"name": path, "sha256": sha256(Path(path))}]
    files = {file.name: sha256(file) for file in sorted((place.folder / "out").iterdir())}
    assert record["outputs"] == {name: digest for name, digest in files.items() if name != "recorded.json"}
    assert record["verdicts"] == summary["verdicts"]
    assert record["declaration"]["operator"] == "Example Lab"
    text = CliRunner().invoke(cli, ["ledger", "show", *home, "--kind", "audit"]).stdout
    assert "4 rows judged, 0 rejected" in text
    assert CliRunner().invoke(cli, ["ledger", "verify", *home]).exit_code == 0


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_home_that_is_neither_named_nor_there_is_not_made(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.folder)
    arguments = ["audit", log(place, "log.parquet"), "--declaration", "me.toml", "--out", "out", "--as-of", "now"]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    assert not (place.folder / ".crawlgate").exists()
    assert CliRunner().invoke(cli, [*arguments, "--fail-on", "review"]).exit_code == 1
    assert CliRunner().invoke(cli, [*arguments, "--fail-on", "deny"]).exit_code == 0


def test_where_nothing_can_be_judged_the_rejects_are_written_all_the_same(place: Place) -> None:
    path = place.write("log.jsonl", "".join(json.dumps(row | {"url": "no url"}) + "\n" for row in LOG))
    summary = place.audit(path, code=4)
    assert summary["coverage"]["judged"] == 0  # type: ignore[index]
    assert [reject["code"] for reject in place.rejects()] == ["no_scheme"] * 4
    assert {reject["audit"] for reject in place.rejects()} == {str(summary["audit"])[:16]}
    assert place.rows() == []


def test_errors_say_what_was_found_and_what_to_pass(place: Place) -> None:
    assert "no column of URLs was found among a, b; name it with url=" in place.refused(
        place.write("t.csv", "a,b\n1,2\n")
    )
    assert "is not there, and matches no file" in place.refused(str(place.folder / "missing.parquet"))
    assert "this kind of file is not read" in place.refused(place.write("log.docx", "x"))
    assert "there is no row in it" in place.refused(place.write("empty.jsonl", ""))
    assert "cannot be read" in place.refused(place.write("bad.parquet", "PAR1 no"))
    only = place.write("only.jsonl", json.dumps({"url": "https://a.example/"}))
    assert "no column of times was found among url" in place.refused(only)
    assert "a table of evidence has a column url" in place.refused(
        log(place, "log.jsonl"), "--evidence", place.write("e.csv", "x,y\n1,2\n")
    )


def test_a_list_counts_from_the_day_it_came(place: Place) -> None:
    listed = place.write("list.txt", "closed.example\n")
    path = log(place, "log.jsonl")
    place.audit(
        path, "--evidence", str(place.folder / "robots.csv"), "--blocklist", listed, "--vouched-by", "A. Reader"
    )
    assert [row["verdict"] for row in place.rows()] == ["deny", "allow", "allow", "review"]  # nobody knew then
    assert [row["list"] for row in place.rows()] == [None] * 4
    summary = place.audit(path, "--blocklist", listed, "--vouched-by", "A. Reader", "--as-of", "now")
    rows = place.rows()
    assert "C1=met" in str(rows[1]["findings"])
    (told,) = summary["lists"]  # type: ignore[misc]
    assert [row["list"] for row in rows] == [told["name"]] * 2 + [None] * 2
    assert (told["entries"], told["rejected"], told["vouched_by"]) == (1, 0, "A. Reader")
    assert rows[0]["notice"] == rows[1]["notice"] != ""


def test_a_signed_feed_is_taken_by_its_folder_with_a_key_or_if_it_is_the_homes(place: Place) -> None:
    publisher = Publisher(place.folder / "feed")
    publisher.put(entry("closed"), days=36_500)
    feed, path = str(publisher.web.path), log(place, "log.jsonl")
    given = ["--declaration", str(place.folder / "me.toml"), "--home", str(place.folder / "home")]
    ran = CliRunner().invoke(cli, ["audit", path, *given, "--out", str(place.folder / "out"), "--blocklist", feed])
    assert "is a signed feed that this home has not subscribed to" in str(ran.exception)
    assert f"crawlgate blocklist add {feed} --key ..." in str(ran.exception)
    with_key = ("--blocklist", feed, "--key", str(ONE.verifier), "--vouched-by", "A. Reader")
    summary = place.audit(path, *with_key)
    assert [row["verdict"] for row in place.rows()] == ["review"] * 4  # nobody knew then
    found = pq.read_table(place.folder / "out" / "removals.parquet").to_pylist()
    assert [(row["row"], row["effect"], row["known"]) for row in found] == [
        (0, "deny", "before_receipt"),
        (1, "deny", "before_receipt"),
    ]
    (told,) = summary["lists"]  # type: ignore[misc]
    assert {row["list"] for row in found} == {told["name"]}
    assert place.audit(path, "--blocklist", feed)["lists"] == summary["lists"]  # the home's by now
    wrong = ("--blocklist", feed, "--key", str(TWO.verifier))
    ran = CliRunner().invoke(
        cli,
        ["audit", path, *given[:2], "--home", str(place.folder / "other"), "--out", str(place.folder / "o"), *wrong],
    )
    assert isinstance(ran.exception, FeedError)


def test_a_list_of_places_speaks_of_its_places_only(place: Place) -> None:
    listed = place.write("list.txt", "https://closed.example/x/1\nopen.example\n")
    place.audit(log(place, "log.jsonl"), "--blocklist", listed, "--vouched-by", "A. Reader", "--as-of", "now")
    rows = place.rows()
    assert ["C1=met" in str(row["findings"]) for row in rows] == [True, False, True, True]
    assert "C2=" in str(rows[1]["findings"])  # another page of a site of which one place is listed
    assert rows[0]["notice"] == rows[1]["notice"] != rows[2]["notice"] == rows[3]["notice"]
    assert len({row["list"] for row in rows} - {None}) == 1


def test_the_first_line_that_names_another_crawler_for_ai_data_is_kept(place: Place) -> None:
    body = "User-agent: Bingbot\nDisallow: /b\n\nUser-agent: CCBot # one\nUser-agent: GPTBot\nAllow: /p\nDisallow:\nDisallow: /\n\nUser-agent: ClaudeBot\nDisallow: /c\n"
    evidence = place.write(
        "robots.jsonl",
        json.dumps(
            {"url": "https://open.example/robots.txt", "time": "2024-05-01T00:00:00Z", "status": 200, "body": body}
        ),
    )
    place.audit(log(place, "log.parquet"), "--evidence", evidence)
    (line,) = pq.read_table(place.folder / "out" / "lines.parquet").to_pylist()
    row = place.rows()[2]
    assert "B3=met" in str(row["findings"])
    assert (line["robots"], line["line"], line["about"]) == (row["robots"], 8, "agents")
    assert (line["text"], line["agents"]) == ("Disallow: /", ["User-agent: CCBot # one", "User-agent: GPTBot"])


def test_the_lines_that_kept_rows_out_are_kept_as_they_stood(place: Place) -> None:
    body = "User-agent: other\nDisallow: /\n\n# all\nUser-agent: a\nUser-agent : ExampleBot # us\n\nCrawl-delay: 1\nAllow: /p\n  DISALLOW :/x  \n"
    evidence = place.write(
        "robots.jsonl",
        json.dumps(
            {"url": "https://closed.example/robots.txt", "time": "2024-05-01T00:00:00Z", "status": 200, "body": body}
        ),
    )
    place.audit(log(place, "log.parquet"), "--evidence", evidence)
    (line,) = pq.read_table(place.folder / "out" / "lines.parquet").to_pylist()
    row = place.rows()[0]
    assert (line["robots"], line["line"], line["about"]) == (row["robots"], row["robots_line"], "own")
    assert line["text"] == "DISALLOW :/x"
    assert line["agents"] == ["User-agent: a", "User-agent : ExampleBot # us"]


def test_a_file_that_cannot_be_read_stops_no_run_among_others(place: Place) -> None:
    good = log(place, "log.jsonl")
    broken = [place.write("bad.parquet", "PAR1 no"), place.write("t.csv", "a,b\n1,2\n")]
    broken += [place.write("empty.jsonl", ""), place.write("timeless.jsonl", '{"url":"https://a.example/"}\n')]
    place.audit(good, *broken, code=4)
    assert len(place.rows()) == 4
    assert {str(reject["file"]): reject["code"] for reject in place.rejects()} == dict.fromkeys(broken, "file")
    assert "no column of URLs was found among a, b" in str([reject["reason"] for reject in place.rejects()])


def test_userinfo_is_judged_without_it_and_never_stored(place: Place) -> None:
    listed = place.write("list.txt", "closed.example\n")
    given = ["--blocklist", listed, "--vouched-by", "A. Reader", "--as-of", "now"]
    at = "2024-05-01T10:00:00Z"
    rows = [{"url": url, "time": at} for url in ("https://user:secret@closed.example/x", "https://user:secret@[bad/")]
    path = place.write("log.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    place.audit(path, *given, code=4)
    (row,) = place.rows()
    assert row["url"] == "https://closed.example/x"
    assert "C1=met" in str(row["findings"])
    assert len(place.rejects()) == 1
    written = b"".join(file.read_bytes() for file in (place.folder / "out").iterdir())
    assert b"secret" not in written


def test_times_without_a_zone_and_rows_without_a_time_are_judged_where_they_are_told(place: Place) -> None:
    path = place.write("log.csv", "url,time\nhttps://open.example/,2024-05-01 19:00:00\n")
    place.audit(path, code=4)
    assert [reject["code"] for reject in place.rejects()] == ["no_zone"]
    for zone in ("Asia/Tokyo", "+09:00"):
        place.audit(path, "--zone", zone, "--evidence", str(place.folder / "robots.csv"))
        assert str(place.rows()[0]["time"]) == "2024-05-01 10:00:00+00:00"
    assert "--zone Mars: not a zone" in place.refused(path, "--zone", "Mars")
    timeless = place.write("urls.csv", "url\nhttps://open.example/\n")
    place.audit(timeless, "--fetched-at", "2024-05-01T10:00:00Z", "--evidence", str(place.folder / "robots.csv"))
    assert place.rows()[0]["verdict"] == "allow"


def test_an_attempt_without_an_answer_took_nothing(place: Place) -> None:
    line = "2024-05-01T10:00:00.0Z {} - https://closed.example/x - - - #1 - - - -\n"
    path = place.write("crawl.log", line.format("  200") + line.format("-9998") + line.format("   -2"))
    place.audit(path, "--evidence", str(place.folder / "robots.csv"))
    taken, *others = [str(row["findings"]) for row in place.rows()]
    assert "B5=met" in taken  # past the Disallow of its time
    assert all("B2=met" in findings and "B5" not in findings for findings in others)


def test_retries_and_changes_of_identity_are_told_with_example_rows(place: Place) -> None:
    line = '10.0.0.1 - - [01/May/2024:{} +0000] "GET http://open.example/{} HTTP/1.1" {} 5 "-" "{}"\n'
    asked = [("10:00:00", "a", 403, "ExampleBot/1.0"), ("10:00:02", "b", 200, "Mozilla/5.0")]
    later = [("10:00:01", "a", 200, "Mozilla/5.0"), ("10:00:03", "a", 200, "ExampleBot/1.0")]
    paths = [place.write(f"{n}.log", "".join(line.format(*one) for one in log)) for n, log in enumerate((asked, later))]
    summary = place.audit(*paths)
    told = {one["reason"]: one for one in summary["behaviour"]}  # type: ignore[attr-defined]
    assert {reason: (one["outcome"], one["rows"], one["hosts"]) for reason, one in told.items()} == {
        "b5.identity_changed": ("met", 1, 1),
        "b5.identity_changed_elsewhere": ("indicated", 1, 1),
    }
    (example,) = told["b5.identity_changed"]["examples"]
    assert (example["file"], example["row"], example["url"]) == (paths[1], 0, "http://open.example/a")
    assert (example["earlier_file"], example["earlier_row"]) == (paths[0], 0)
    rows = place.rows()
    assert [(row["earlier_file"], row["earlier_row"]) for row in rows] == [(None, None)] + [(paths[0], 0)] * 3
    assert "B5=met" in str(rows[2]["findings"])
    assert "B5" not in str(rows[3]["findings"])
    place.audit(*paths, "--as-of", "now")  # the order is that of the log whatever the question
    assert [row["earlier_row"] for row in place.rows()] == [None, 0, 0, 0]


def test_a_log_of_paths_is_read_with_its_host(place: Place) -> None:
    line = '10.0.0.1 - - [01/May/2024:10:00:00 +0000] "GET /x HTTP/1.1" 200 5 "-" "ExampleBot/1.0"\n'
    path = place.write("access.log", line)
    place.audit(path, "--host", "closed.example", "--evidence", str(place.folder / "robots.csv"))
    assert (place.rows()[0]["url"], place.rows()[0]["verdict"]) == ("https://closed.example/x", "deny")
    assert "not a kind that is read" in place.refused(path, "--input-format", "word")
    place.audit(path, "--input-format", "access", code=4)
    assert "pass --host" in str(place.rejects()[0]["reason"])


def rows_in(path: Path) -> int:
    """The rows of a real file, counted in another way than it is read: lines, records by their heads, table rows."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        return int(pq.ParquetFile(path).metadata.num_rows)
    if path.suffix == ".wacz":
        with zipfile.ZipFile(path) as packed:
            data = b"".join(packed.read(name) for name in packed.namelist() if name.startswith("archive/"))
    text, rest = b"", data
    while rest:
        machine = zlib.decompressobj(31)
        try:
            piece = machine.decompress(rest)
        except zlib.error:
            break
        text += piece + b"\n" * (not piece.endswith(b"\n"))
        rest = machine.unused_data
    text = text or data
    if ".cdx" in path.name:
        return sum(bool(line.strip()) and b" CDX " not in line for line in text.splitlines())
    if ".arc" in path.name:
        return len(re.findall(rb"(?m)^https?://.* [0-9]{14,18} \S+ \S+\r?$", text))
    pieces = re.split(rb"(?m)^WARC/1\.[01]\n", text.replace(b"\r", b""))
    heads = [piece.partition(b"\n\n")[0] for piece in pieces[1:]]
    answers = [head for head in heads if re.search(rb"(?m)^WARC-Type: (?:response|revisit|resource)", head)]
    return len([head for head in answers if re.search(rb"Target-URI: <?https?://", head)])


def test_real_archives_and_tables_end_to_end(place: Place) -> None:
    """All of them in one run: each row is a decision or a reject. Damage is told beside the rows that it left whole."""
    every = sorted([*shared("data/archives").rglob("*"), *shared("data/tables").glob("*.parquet")])
    paths = [path for path in every if path.is_file() and kind_of(path) is not None]
    summary = place.audit(*map(str, paths), "--fetched-at", "2024-01-01T00:00:00Z", code=4)
    told = [reject for reject in place.rejects() if reject["code"] != "damaged"]
    unread = {str(reject["file"]): str(reject["reason"]) for reject in told if reject["code"] == "file"}
    rejected = Counter(str(reject["file"]) for reject in told)
    judged = {str(one["name"]): int(one["judged"]) for one in summary["inputs"]}  # type: ignore[attr-defined]
    for path in paths:
        if str(path) in unread:
            continue
        expected = 188 if path.suffix == ".idx" else rows_in(path)
        assert judged[str(path)] + rejected[str(path)] == expected, path
    gists = ("no page in it", "no WARC file", "no row can be read")
    assert Counter(next(g for g in gists if g in why) for why in unread.values()) == dict(
        zip(gists, (2, 1, 1), strict=True)
    )
    assert sum(judged.values()) == len(place.rows()) > 11_000
    adds_up(place, summary)  # type: ignore[arg-type]


def adds_up(place: Place, summary: dict[str, Any]) -> None:
    """Summary, decisions, rejects and report speak of the same rows: judged, unknown, not covered, rejected."""
    covered, rejects = summary["coverage"], place.rejects()
    assert covered["judged"] == len(place.rows()) == sum(summary["verdicts"].values())
    assert covered["rejected"] == len(rejects) == sum(covered["rejected_by"].values())
    beside = [one for one in rejects if one["code"] in ("evidence", "file", "unknown_kind")]
    assert Counter(one["code"] for one in beside) == covered["beside"]
    rows_rejected = len(rejects) - len(beside)
    assert sum(one["judged"] for one in summary["inputs"]) == covered["judged"]
    assert sum(summary["not_allowed_by"].values()) == covered["judged"] - summary["verdicts"]["allow"] + rows_rejected
    asked = ["audit", "report", str(place.folder / "out"), "--format", "json", "--out", "-"]
    found = json.loads(CliRunner().invoke(cli, asked, catch_exceptions=False).stdout)["coverage"]
    assert found["rows"] == covered["judged"] + rows_rejected
    assert found["known"] + found["unknown"] + found["not_covered"] + found["rejected"] == found["rows"]
    assert (found["rejected"], found["beside"]) == (rows_rejected, len(beside))


def test_a_folder_of_real_archives_is_read_with_all_its_kinds(place: Place) -> None:
    whole = place.audit(str(shared("data/archives")), code=4)
    assert whole["coverage"]["judged"] > 800  # type: ignore[index]
    assert whole["coverage"]["rejected_by"]["unknown_kind"] > 10  # type: ignore[index]
    adds_up(place, whole)  # type: ignore[arg-type]


def test_a_broken_run_as_of_now_goes_on_as_of_then(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from crawlgate.audit.run import Audit

    path, out = log(place, "log.jsonl"), place.folder / "out"
    given = ["audit", path, "--declaration", str(place.folder / "me.toml"), "--out", str(out), "--as-of", "now"]
    given += ["--home", str(place.folder / "home")]
    with monkeypatch.context() as broken:
        broken.setattr("crawlgate.audit.output.draft.GROUP", 1)
        broken.setattr(Audit, "_conclude", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        assert "No space left" in str(CliRunner().invoke(cli, given).exception)
    begun = json.loads((out / ".unfinished" / "state.json").read_bytes())["question"]["as_of"]
    for _ in range(2):  # the second finds it finished
        ran = CliRunner().invoke(cli, [*given, "--resume"])
        assert ran.exit_code == 0, ran.output + str(ran.exception)
        assert f"as of {begun}, when the run began that is gone on with" in ran.stderr
        assert json.loads((out / "summary.json").read_bytes())["as_of"] == begun


@pytest.mark.parametrize("command", ["check", "audit"])
@pytest.mark.parametrize("option", ["--declaration", "--blocklist", "--profile"])
def test_a_path_that_leads_nowhere_is_a_mistake_of_usage(place: Place, run: Run, command: str, option: str) -> None:  # noqa: F811
    given = {"check": ["https://open.example/"], "audit": [log(place, "log.jsonl"), "--out", str(place.folder / "out")]}
    none = str(place.folder / "none.txt")
    home = str(place.folder / "home")
    ran = run(command, *given[command], option, none, "--home", home)
    assert ran.code == 2
    assert none in ran.err
