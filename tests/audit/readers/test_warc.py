"""Archives: past damage to the next record; requests give their user agent; WACZ; what is no page."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError
from crawlgate.audit.readers import read
from crawlgate.audit.readers.warc import policy_files
from tests.audit.readers.reading import TOLD, rows_of, urls_of, written

zstd = import_module("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
AT = {"WARC-Date": "2024-05-01T10:00:00Z"}


def record(
    url: str, *, kind: str = "response", body: bytes = b"some words", status: str = "200 OK", **more: str
) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False)
    head = {
        "response": StatusAndHeaders(status, [("Content-Type", "text/plain")], protocol="HTTP/1.1"),
        "request": StatusAndHeaders("GET / HTTP/1.1", [("User-Agent", "ExampleBot/2.0")], is_http_request=True),
    }.get(kind)
    headers = AT | {name.replace("_", "-"): value for name, value in more.items()}
    made = writer.create_warc_record(
        url, kind, payload=io.BytesIO(body), length=len(body), http_headers=head, warc_headers_dict=headers
    )
    writer.write_record(made)
    return buffer.getvalue()


PAGES = [record(f"https://a.example/{n}") for n in range(5)]
NAMES = [f"https://a.example/{n}" for n in range(5)]


def packed(records: list[bytes]) -> list[bytes]:
    return [gzip.compress(one) for one in records]


def test_a_bad_member_costs_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    members = packed(PAGES)
    members[2] = members[2][:12] + b"\xff" * (len(members[2]) - 12)
    rows, rejects = rows_of(written(tmp_path, "x.warc.gz", b"".join(members)))
    assert [row["url"] for row in rows] == [*NAMES[:2], *NAMES[3:]]
    assert len(rejects) == 1
    assert capsys.readouterr().err == ""  # what the reader of archives says to people becomes a reject


@pytest.mark.parametrize("length", ["5", "100000", "nonsense"])
def test_a_wrong_length_costs_no_other_record(tmp_path: Path, length: str, capsys: pytest.CaptureFixture[str]) -> None:
    bad = PAGES[1].replace(b"Content-Length: 55", f"Content-Length: {length}".encode())
    assert bad != PAGES[1]
    path = written(tmp_path, "x.warc", PAGES[0] + bad + b"".join(PAGES[2:]))
    rows, rejects = rows_of(path)
    assert {row["url"] for row in rows} >= {NAMES[0], *NAMES[2:]}
    assert len({row["url"] for row in rows}) == len(rows)
    assert rejects
    assert capsys.readouterr().err == ""


def test_garbage_between_records_and_a_cut_end_are_told(tmp_path: Path) -> None:
    rows, rejects = rows_of(written(tmp_path, "x.warc", PAGES[0] + b"garbage\r\nmore\r\n" + PAGES[1] + PAGES[2][:-30]))
    assert [row["url"] for row in rows] == NAMES[:3]
    assert {reject.code for reject in rejects} == {"damaged"}
    assert any("is cut" in reject.reason or "to its end" in reject.reason for reject in rejects)


def test_records_in_one_member_or_in_zstd_are_read_all_the_same(tmp_path: Path) -> None:
    whole = b"".join(PAGES)
    assert urls_of(written(tmp_path, "one.warc.gz", gzip.compress(whole))) == NAMES
    assert urls_of(written(tmp_path, "x.warc.zst", zstd.compress(whole))) == NAMES
    mixed = gzip.compress(PAGES[0]) + gzip.compress(b"".join(PAGES[1:3])) + gzip.compress(b"".join(PAGES[3:]))
    assert urls_of(written(tmp_path, "mixed.warc.gz", mixed)) == NAMES


def test_requests_tell_as_whom_was_asked_before_or_behind_the_answer(tmp_path: Path) -> None:
    one, two = "<urn:uuid:00000000-0000-0000-0000-000000000001>", "<urn:uuid:00000000-0000-0000-0000-000000000002>"
    asked = [record(NAMES[0], kind="request", body=b"", WARC_Concurrent_To=one)]
    asked += [record(NAMES[1], kind="request", body=b"", WARC_Concurrent_To=two)]
    data = record(NAMES[0], WARC_Record_ID=one) + asked[0] + asked[1] + record(NAMES[1], WARC_Record_ID=two) + PAGES[2]
    rows, _ = rows_of(written(tmp_path, "x.warc", data))
    assert [row["user_agent"] for row in rows] == ["ExampleBot/2.0", "ExampleBot/2.0", None]


def test_content_without_an_answer_is_a_row_and_name_lookups_are_none(tmp_path: Path) -> None:
    data = record("https://a.example/text", kind="conversion") + record("https://a.example/r", kind="resource")
    data += record("dns:a.example", kind="resource") + record("urn:x:log", kind="metadata")
    rows, rejects = rows_of(written(tmp_path, "x.warc.wet", data))
    assert [(row["url"], row["status"]) for row in rows] == [
        ("https://a.example/text", None),
        ("https://a.example/r", None),
    ]
    assert rejects == []
    with pytest.raises(ConfigError, match="no page in it; its records: 1 metadata"):
        urls_of(written(tmp_path, "notes.warc", record("urn:x:log", kind="metadata")))


def wacz(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "x.wacz"
    with zipfile.ZipFile(path, "w") as to:
        for name, data in members.items():
            to.writestr(name, data)
    return path


def test_a_wacz_is_read_by_its_archives(tmp_path: Path) -> None:
    robots = record("https://a.example/robots.txt", body=b"User-agent: *\nDisallow: /1\n")
    path = wacz(
        tmp_path,
        {
            "datapackage.json": json.dumps({"profile": "data-package"}).encode(),
            "archive/one.warc.gz": b"".join(packed([robots, *PAGES[:2]])),
            "archive/two.warc": PAGES[2],
            "indexes/index.cdx.gz": gzip.compress(b""),
        },
    )
    rows, rejects = rows_of(path)
    assert [(row["row"], row["url"]) for row in rows] == list(enumerate(NAMES[:3]))
    assert rejects == []
    taken: list[str] = []
    assert policy_files(path, lambda evidence: taken.append(evidence.url)) == 1
    assert taken == ["https://a.example/robots.txt"]
    with pytest.raises(ConfigError, match=r"no WARC file stands in its folder archive/; it holds datapackage\.json"):
        urls_of(wacz(tmp_path, {"datapackage.json": b"{}"}))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ConfigError, match="cannot be read"):
        urls_of(path)


@pytest.mark.parametrize("first", ["request", "response"])
def test_requests_and_answers_meet_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    monkeypatch.setattr("crawlgate.audit.readers.warc._BATCH", 2)
    data = b""
    for n in range(5):
        url, name = f"https://a.example/{n}", f"<urn:uuid:{n}>"
        answer = record(url, WARC_Record_ID=name)
        request = record(url, kind="request", body=b"", WARC_Concurrent_To=name)
        data += request + answer if first == "request" else answer + request
    path = written(tmp_path, "a.warc", data)
    assert [len(batch.rows) for batch in read(path, TOLD)] == [2, 2, 1]
    assert [row["user_agent"] for row in rows_of(path)[0]] == ["ExampleBot/2.0"] * 5
