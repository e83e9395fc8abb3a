"""A spreadsheet's rows, and what is said about them before they are signed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlgate.blocklist.lint import ERROR, WARNING, Linted, lint
from crawlgate.blocklist.sheet import Sheet, read_sheet
from crawlgate.errors import ConfigError, FeedError

NOW = datetime(2026, 7, 20, tzinfo=UTC)
GOOD = "registrable_domain,pirate.example,scans,desk@rights.example,Series One,case 1,2027-06-30"
HEAD = "scope,value,reason,contact,works,evidence,expires_at"


def sheet(tmp_path: Path, data: str | bytes, name: str = "sites.csv", **options: str) -> Sheet:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_sheet(path, **options)  # type: ignore[arg-type]


def linted(tmp_path: Path, *rows: str, head: str = HEAD) -> Linted:
    return lint(sheet(tmp_path, "\n".join((head, *rows))).rows, now=NOW)


def test_a_good_row(tmp_path: Path) -> None:
    found = linted(tmp_path, GOOD)
    assert found.problems == ()
    assert found.entries == (
        {
            "id": "registrable_domain:pirate.example",
            "scope": "registrable_domain",
            "value": "pirate.example",
            "reason": "scans",
            "contact": "desk@rights.example",
            "works": ["Series One"],
            "evidence": ["case 1"],
            "expires_at": "2027-06-30",
        },
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("value;reason;works\r\npirate.example;まんが;作品\r\n", "utf-8-sig"),
        ("value\treason\tworks\r\npirate.example\tまんが\t作品\r\n", "utf-16"),
        ("value,reason,works\r\npirate.example,まんが,作品\r\n", "cp932"),
        ("Value , Reason,WORKS\rpirate.example,まんが,作品\r", "utf-8"),
    ],
)
def test_what_spreadsheets_write(tmp_path: Path, text: str, encoding: str) -> None:
    read = sheet(tmp_path, text.encode(encoding))
    assert [(row.line, dict(row.table)) for row in read.rows] == [
        (2, {"value": "pirate.example", "reason": "まんが", "works": ["作品"]})
    ]


def test_cells_with_several_lines_and_blank_rows(tmp_path: Path) -> None:
    read = sheet(tmp_path, 'value,works\n"a.example","One; Two\nThree | Four"\n,\n\nb.example,\n')
    assert [(row.line, row.table) for row in read.rows] == [
        (2, {"value": "a.example", "works": ["One; Two", "Three", "Four"]}),
        (6, {"value": "b.example"}),
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026/4/1", "2026-04-01"),
        ("2026年4月1日", "2026-04-01"),
        ("20260401", "2026-04-01"),
        ("2026.04.01", "2026-04-01"),
        ("2026-04-01T09:00:00+09:00", "2026-04-01T09:00:00+09:00"),
    ],
)
def test_dates(tmp_path: Path, cell: str, expected: str) -> None:
    assert sheet(tmp_path, f"value,listed_at\na.example,{cell}\n").rows[0].table["listed_at"] == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no column is named value"),
        (b"site,reason\na.example,x\n", "no column is named value"),
        (b"value,value\n", "two columns are named value"),
        (b"\x00\x01", "binary"),
        (b"value\n\xff\xfe\xfd\n", "Save as, CSV UTF-8"),
        (b'value\n"a.example\n', "stands in quotes"),
        (b'value\n"a"b.example\n', "stands in quotes"),
    ],
)
def test_no_table(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(FeedError, match=r"sites\.csv") as error:
        sheet(tmp_path, data)
    assert reason in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        read_sheet(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_sheet(tmp_path)
    with pytest.raises(ConfigError, match="utf-7x"):
        sheet(tmp_path, "value\n", encoding="utf-7x")


def test_columns_nobody_reads_are_named(tmp_path: Path) -> None:
    first, second = sheet(tmp_path, "value,reasons,Colour\na.example,x,red\n").unread
    assert "did you mean 'reason'" in first
    assert second == "colour"


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("registrable_domain,co.jp,x,c,w,e,2027-01-01", "value", "public suffix"),
        ("registrable_domain,img.pirate.example,x,c,w,e,2027-01-01", "value", "not a registrable domain"),
        ("hots,pirate.example,x,c,w,e,2027-01-01", "scope", "did you mean 'host'"),
        ("host,,x,c,w,e,2027-01-01", "value", "missing"),
        ("host,a.example,,c,w,e,2027-01-01", "reason", "missing"),
        ("host,a.example,x,,w,e,2027-01-01", "contact", "missing"),
        ("host,a.example,x,c,w,e,04/01/2027", "expires_at", "either way round"),
        ("host,a.example,x,c,w,e,soon", "expires_at", "not an ISO 8601"),
        ("host,a.example,x,c,w,e,2027-01-01T00:00:00", "expires_at", "no zone"),
        ("host,=B2,x,c,w,e,2027-01-01", "", "formula"),
        ("host,a.example,x,c,w,e,2027-01-01,more", "", "8 cells under 7 columns"),
        ("path_prefix,a.example,x,c,w,e,2027-01-01", "scope", "no path_prefix"),
        ("cidr,10.0.0.0/8,x,c,w,e,2027-01-01", "value", "at most a /16"),
    ],
)
def test_errors_say_line_field_reason_and_way_out(tmp_path: Path, row: str, field: str, reason: str) -> None:
    found = linted(tmp_path, GOOD, row)
    (error,) = found.errors
    assert (error.line, error.field) == (3, field)
    assert reason in str(error)
    assert error.reason
    assert error.way_out
    assert len(found.entries) == 1


def test_warnings_do_not_keep_a_row_out(tmp_path: Path) -> None:
    found = linted(
        tmp_path,
        ",pirate.example,x,c,,,",
        "host,b.example,x,c,w,e,2026-01-01",
        "host,https://b.example/,x,c,w,e,2027-01-01",
    )
    assert [(p.line, p.field, p.level) for p in found.problems] == [
        (2, "scope", WARNING),
        (2, "works", WARNING),
        (2, "evidence", WARNING),
        (2, "expires_at", WARNING),
        (3, "expires_at", WARNING),
        (4, "id", ERROR),
        (4, "value", WARNING),
    ]
    assert [entry["scope"] for entry in found.entries] == ["registrable_domain", "host"]


def test_ids_that_are_given(tmp_path: Path) -> None:
    head = f"id,listed_at,{HEAD}"
    found = linted(tmp_path, f"1,2026-07-01,{GOOD}", f"1,2026-07-01,{GOOD}", f"3,2026-08-01,{GOOD}", head=head)
    assert [(p.line, p.field) for p in found.errors] == [(3, "id"), (4, "listed_at")]


def test_json_lines(tmp_path: Path) -> None:
    data = (
        '{"id":"a","scope":"host","value":"a.example","reason":"x","contact":"c","works":"One","evidence":["e"],'
        '"expires_at":"2027-01-01"}\n\n{"id":"a","id":"b"}\n{"colour":1,"value":"b.example","works":[1]}\n'
    )
    found = lint(sheet(tmp_path, data, "sites.jsonl").rows, now=NOW)
    assert [entry["works"] for entry in found.entries] == [["One"]]
    assert {(p.line, p.field) for p in found.errors} == {(3, ""), (4, "contact"), (4, "reason"), (4, "works")}
    assert any(p.field == "colour" for p in found.problems)


def test_a_further_check(tmp_path: Path) -> None:
    rows = sheet(tmp_path, f"{HEAD}\n{GOOD}\n").rows
    found = lint(rows, now=NOW, checks=[lambda notice: ("everybody uses it", "force it with a reason")])
    assert [(str(p), p.level) for p in found.problems] == [
        ("line 2, value: error: everybody uses it; force it with a reason", ERROR)
    ]
    assert found.entries == ()
