"""What is no status and no text is refused in the same words, whatever kind of file or table holds it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow.parquet as pq  # noqa: E402

from crawlgate import judge_table  # noqa: E402
from crawlgate.audit.partition import judge_part  # noqa: E402
from crawlgate.audit.statuses import read_statuses  # noqa: E402
from crawlgate.batch import TableGate  # noqa: E402
from tests.audit.output.audits import DECLARED, OPEN, START, Scene, robots  # noqa: E402

AT = "2024-05-01T10:00:00Z"
NONE = ["abc", "99999", "-1", "401.5", "42", "1000", "-", "2 00", "2_00", "٢٠٠", "true", "[200]", "HTTP/1.1", "1e3"]
SAID = ["200", "401", "401.0", "HTTP/1.1 401 Unauthorized", "404 Not Found", "0", "", "NaN", " 200 "]
NUMBERS = [200, 99999, -1, 401, 99, 1000]


def url(n: int) -> str:
    return f"https://open.example/{n}"


def rejected(scene: Scene, path: Path) -> dict[int | None, tuple[str, int | None]]:
    """Code and offset of each row of a file that an audit rejects."""
    scene.evidence = [robots("open.example", 0, OPEN)]
    scene.audit([path])
    lines = (scene.folder / "out" / "rejects.jsonl").read_text("utf-8").splitlines()
    return {one["row"]: (one["code"], one["offset"]) for one in map(json.loads, lines)}


def as_csv(path: Path, urls: list[str], statuses: list[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("url", "time", "status"), *zip(urls, [AT] * len(urls), statuses, strict=True)])


def as_json(path: Path, urls: list[str], statuses: list[Any]) -> None:
    rows = [{"url": u, "time": AT, "status": s} for u, s in zip(urls, statuses, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def table(urls: list[str], statuses: list[Any]) -> Any:
    return pa.table({"url": urls, "time": [AT] * len(urls), "status": statuses})


def as_parquet(path: Path, urls: list[str], statuses: list[Any]) -> None:
    pq.write_table(table(urls, statuses), path)


def as_arrow(path: Path, urls: list[str], statuses: list[Any]) -> None:
    found = table(urls, statuses)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, found.schema) as to:
        to.write_table(found)


Write = Callable[[Path, list[str], list[Any]], None]
WRITERS: list[tuple[str, Write]] = [
    ("log.csv", as_csv), ("log.jsonl", as_json), ("log.parquet", as_parquet), ("log.arrow", as_arrow)
]  # fmt: skip


@pytest.mark.parametrize(("name", "write"), WRITERS, ids=[name for name, _ in WRITERS])
def test_a_status_that_is_none_is_refused_with_its_place(tmp_path: Path, name: str, write: Write) -> None:
    statuses = [*NONE, *SAID]
    scene, path = Scene(tmp_path), tmp_path / name
    write(path, [url(n) for n in range(len(statuses))], statuses)
    found = rejected(scene, path)
    assert {row: code for row, (code, _) in found.items()} == dict.fromkeys(range(len(NONE)), "bad_status")
    if name in ("log.csv", "log.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        head = name == "log.csv"
        assert [place for _, place in found.values()] == [len(b"".join(lines[: n + head])) for n in range(len(NONE))]
    out = (tmp_path / "out" / "rejects.jsonl").read_text("utf-8")
    assert "'99999' is no status; write a number (200)" in out


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.int32(), pa.decimal128(30, 2), pa.string()])
def test_numbers_that_are_no_status_are_refused_in_columns_of_every_type(kind: Any) -> None:
    column = pa.array([*NUMBERS, None], pa.int64()).cast(kind)
    found = read_statuses(pa.chunked_array([column]))
    assert sorted(found.refused) == [1, 2, 4, 5]
    assert found.codes.tolist() == [200, -1, -1, 401, -1, -1, -1]
    assert sorted(read_statuses(pa.array([401.5, float("inf"), float("nan"), 0.0, -9998.0])).refused) == [0, 1]
    assert sorted(read_statuses(pa.array([2**64 - 1, 200], pa.uint64())).refused) == [0]
    assert sorted(read_statuses(pa.array([True, None])).refused) == [0]


def test_tables_and_parts_refuse_the_same_rows() -> None:
    statuses = [*NONE, *SAID]
    rows = table([url(n) for n in range(len(statuses))], statuses)
    expected = ["bad_status"] * len(NONE) + [None] * len(SAID)
    answered = judge_table(rows, DECLARED)
    assert answered["problem"].to_pylist() == expected
    assert answered["verdict"].to_pylist()[: len(NONE)] == [None] * len(NONE)
    in_parts, _ = judge_part(TableGate(DECLARED), rows)
    assert in_parts["problem"].to_pylist() == expected


def test_indexes_and_archives_have_a_rule_of_their_own_for_what_is_not_said(tmp_path: Path) -> None:
    """`-` of CDX is "not said"; anything else that is no status is refused, in usual lines and in odd ones."""
    scene = Scene(tmp_path)
    said = ['"200"', "200", '"abc"', "99999", "0", '"-"', "null", "true", '"99999"', '"20"']
    lines = [f'com,open)/{n} 20240501100000 {{"url": "{url(n)}", "status": {s}}}' for n, s in enumerate(said)]
    path = tmp_path / "index.cdxj"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = rejected(scene, path)
    assert {row: code for row, (code, _) in found.items()} == dict.fromkeys((2, 3, 7, 8, 9), "bad_status")
    path = tmp_path / "index.cdx"
    usual = [
        f"com,open)/{n} 20240501100000 {url(n)} text/html {s} X 0 a.warc.gz"
        for n, s in enumerate(["200", "-", "abc", "9"])
    ]
    path.write_text(" CDX N b a m s k V g\n" + "\n".join(usual) + "\n", "utf-8")
    assert {row: code for row, (code, _) in rejected(scene, path).items()} == {3: "bad_status", 4: "bad_status"}
    path = tmp_path / "access.log"
    log = '10.0.0.1 - - [01/May/2024:10:00:00 +0000] "GET https://open.example/{} HTTP/1.1" {} 5 "-" "x"\n'
    path.write_text("".join(log.format(n, s) for n, s in enumerate(["200", "-", "000", "099", "abc"])), "utf-8")
    assert {row: code for row, (code, _) in rejected(scene, path).items()} == {3: "bad_status", 4: "not_read"}
    path = tmp_path / "crawl.warc"
    record = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\nWARC-Date: 2024-05-01T10:00:00Z\r\n"
        b"WARC-Record-ID: <urn:uuid:%d>\r\nContent-Type: application/http; msgtype=response\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n"
    )
    answers = [
        f"HTTP/1.1 {s}\r\nContent-Type: text/plain\r\n\r\nwords".encode() for s in ("200 OK", "abc", "", "99999 X")
    ]
    data = [record % (url(n).encode(), n, len(answer), answer) for n, answer in enumerate(answers)]
    path.write_bytes(b"".join(data))
    rejected(scene, path)
    told = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text("utf-8").splitlines()]
    places = [len(b"".join(data[:n])) for n in (1, 2, 3)]
    assert [(one["code"], one["offset"]) for one in told] == [("bad_status", place) for place in places]
    assert [one["url"] for one in scene.decisions()] == [url(0)]


ODD = ["https://open.example/\x00", "https://open.example/caf\ufffd", "https://open\x00.example/"]


@pytest.mark.parametrize(("name", "write"), WRITERS, ids=[name for name, _ in WRITERS])
def test_urls_that_are_no_text_are_refused_everywhere(tmp_path: Path, name: str, write: Write) -> None:
    path = tmp_path / name
    good = [url(1), "https://open.example/caf%EF%BF%BD", "https://open.example/日本"]
    write(path, [*ODD, *good], [200] * 6)
    found = rejected(Scene(tmp_path), path)
    assert {row: code for row, (code, _) in found.items()} == dict.fromkeys(range(3), "not_text")


def test_urls_that_are_no_text_are_refused_in_tables_and_parts(tmp_path: Path) -> None:
    urls = [*ODD, url(1)]
    answered = judge_table(table(urls, [200] * 4), DECLARED)
    assert answered["problem"].to_pylist() == ["not_text"] * 3 + [None]
    in_parts, _ = judge_part(TableGate(DECLARED), table(urls, [200] * 4))
    assert in_parts["problem"].to_pylist() == ["not_text"] * 3 + [None]
    mixed = judge_table({"url": ["https://open.example/\ud800", 5], "time": [START] * 2}, DECLARED)
    assert mixed["problem"] == ["not_text", "no_scheme"]
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"url": "https://open.example/\ud800", "time": AT}) + "\n", "utf-8")
    assert rejected(Scene(tmp_path), path) == {0: ("not_text", 0)}
