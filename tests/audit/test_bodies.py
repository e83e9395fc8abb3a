"""Bodies in a column: pages are read as those of an archive are, and what they refuse counts across rows."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from crawlgate.cli.main import cli

AT = datetime(2024, 5, 1, tzinfo=UTC)
HTML = {"Content-Type": "text/html"}
WORDS = "<p>" + "some words of an article " * 60
PAGES: list[tuple[int, dict[str, str], str]] = [
    (200, HTML, f"<!doctype html><html><head><title>x</title></head><body>{WORDS}</body></html>"),
    (200, HTML, f'<!doctype html><html><head><meta name="robots" content="noai"></head><body>{WORDS}</body></html>'),
    (200, HTML, '<html><head><title>Just a moment...</title></head><body><div id="cf-challenge-running"></div></body>'),
    (200, HTML, '<html><body><form><input name="user"><input type="password"><button>Log in</button></form></body>'),
    (403, HTML, "<html><body>Access denied</body></html>"),
    (200, {"Content-Type": "text/plain"}, "words"),
    (200, HTML | {"WWW-Authenticate": "Basic"}, f"<html><body>{WORDS}</body></html>"),
    (200, HTML, ""),
]
ME = 'operator = "Example Lab"\ntoken = "ExampleBot"\ntoken_published = true\npurposes = ["pretraining"]\nuser_agent = "ExampleBot/1.0"\n'


def row(n: int, **more: Any) -> dict[str, Any]:
    status, headers, body = PAGES[n]
    at = (AT + timedelta(minutes=n)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"url": f"https://h{n}.example/p", "time": at, "status": status, "headers": headers, "body": body} | more


def audit(folder: Path, path: Path, *more: str) -> list[dict[str, Any]]:
    me = folder / "me.toml"
    me.write_text(ME, "utf-8")
    hosts = [f"h{n}.example,2024-05-01T12:00:00Z,404,\n" for n in range(len(PAGES))]
    (folder / "robots.csv").write_text("host,time,status,body\n" + "".join(hosts), "utf-8")
    given = ["audit", str(path), "--declaration", str(me), "--out", str(folder / "out"), "--home", str(folder / "home")]
    given += ["--as-of", "2024-05-02T00:00:00Z"]
    ran = CliRunner().invoke(cli, [*given, "--evidence", str(folder / "robots.csv"), *more])
    assert ran.exit_code == 0, ran.output + str(ran.exception)
    found: list[dict[str, Any]] = pq.read_table(folder / "out" / "decisions.parquet").to_pylist()
    return found


def archive(path: Path) -> Path:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    for n, (status, headers, body) in enumerate(PAGES):
        http = StatusAndHeaders(f"{status} X", list(headers.items()), protocol="HTTP/1.1")
        asked = StatusAndHeaders("GET /p HTTP/1.1", [("User-Agent", "ExampleBot/1.0")], is_http_request=True)
        dated = {"WARC-Date": row(n)["time"]}
        page = writer.create_warc_record(
            row(n)["url"],
            "response",
            io.BytesIO(body.encode()),
            length=len(body),
            http_headers=http,
            warc_headers_dict=dated,
        )
        request = writer.create_warc_record(
            row(n)["url"], "request", io.BytesIO(), length=0, http_headers=asked, warc_headers_dict=dated
        )
        writer.write_request_response_pair(request, page)
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize("kind", ["jsonl", "array", "parquet", "bytes"])
def test_a_column_of_bodies_says_what_an_archive_of_them_says(tmp_path: Path, kind: str) -> None:
    rows = [row(n, user_agent="ExampleBot/1.0") for n in range(len(PAGES))]
    path = tmp_path / {"jsonl": "log.jsonl", "array": "log.json"}.get(kind, "log.parquet")
    if kind in ("jsonl", "array"):
        path.write_text(json.dumps(rows, indent=2) if kind == "array" else "\n".join(map(json.dumps, rows)), "utf-8")
    else:
        bodies = [one["body"].encode() if kind == "bytes" else one["body"] for one in rows]
        table = pa.Table.from_pylist([{**one, "headers": json.dumps(one["headers"])} for one in rows])
        pq.write_table(table.set_column(table.column_names.index("body"), "body", pa.array(bodies)), path)
    of_table = audit(tmp_path, path, "--body", "body")
    of_archive = audit(tmp_path, archive(tmp_path / "crawl.warc.gz"))
    empty = len(PAGES) - 1 if kind in ("jsonl", "array") else None  # empty text is "not said" in a file of text
    for n, (one, other) in enumerate(zip(of_table, of_archive, strict=True)):
        if n != empty:
            assert (one["findings"], one["verdict"]) == (other["findings"], other["verdict"]), n
    assert "B2=indicated" in of_table[1]["findings"]
    without = audit(tmp_path, path)
    assert "B2=indicated" not in without[1]["findings"]


def test_what_a_body_refuses_counts_across_rows(tmp_path: Path) -> None:
    """A challenge in a body, then the same page as somebody else."""
    again = {"time": "2024-05-01T01:00:00Z", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "body": PAGES[0][2]}
    for n, headers in ((2, True), (2, False), (3, True)):
        rows = [row(n, user_agent="ExampleBot/1.0"), row(n, **again)]
        if not headers:
            rows = [{name: value for name, value in one.items() if name != "headers"} for one in rows]
        path = tmp_path / "log.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
        found = audit(tmp_path, path, "--body", "body")
        assert ("B5=met" in found[1]["findings"], found[1]["earlier_row"]) == (True, 0), (n, headers)
        assert "B5=met" not in audit(tmp_path, path)[1]["findings"]


def test_a_body_is_read_only_where_it_is_named_and_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(row(1)), "utf-8")
    ran = CliRunner().invoke(cli, ["audit", str(path), "--body", "html", "--out", str(tmp_path / "out")])
    assert "there is no column 'html' (body)" in str(ran.exception)
