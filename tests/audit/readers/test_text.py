"""CSV and JSON: half lines, quotes never closed, NUL, mixed encodings, line breaks in fields; arrays of Scrapy's feeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError
from crawlgate.audit.readers import Told, read
from tests.audit.readers.reading import TOLD, rows_of, urls_of, written

AT = "2024-05-01T10:00:00Z"


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    lines = ["url,time,note"]
    lines += [f'https://a.example/{n},{AT},"fine"' for n in range(3)]
    lines += [f'https://a.example/open,{AT},"never closed']
    lines += [f'https://a.example/{n},{AT},"fine"' for n in range(3, 6)]
    rows, rejects = rows_of(written(tmp_path, "log.csv", "\n".join(lines) + "\n"))
    assert [row["url"] for row in rows] == [f"https://a.example/{n}" for n in range(6)]
    assert [(reject.row, reject.offset) for reject in rejects] == [(3, len("\n".join(lines[:4])) + 1)]
    assert [row["row"] for row in rows] == [0, 1, 2, 4, 5, 6]


def test_a_quote_left_open_at_the_end_costs_its_own_line(tmp_path: Path) -> None:
    data = f'url,time\nhttps://a.example/1,{AT}\n"https://a.example/2,{AT}\nhttps://a.example/3,{AT}\n'
    rows, rejects = rows_of(written(tmp_path, "log.csv", data))
    assert [row["url"] for row in rows] == ["https://a.example/1", "https://a.example/3"]
    assert len(rejects) == 1


def test_bytes_that_are_no_text_cost_rows_only_where_the_url_has_them(tmp_path: Path) -> None:
    data = (
        b"url,time,note\n"
        + f"https://a.example/1,{AT},".encode() + b"caf\xe9\n"
        + b"https://a.example/caf\xe9," + f"{AT},x\n".encode()
        + b"https://a.example/nul\x00," + f"{AT},x\n".encode()
        + "https://a.example/日本".encode() + f",{AT},x\n".encode()
    )  # fmt: skip
    rows, rejects = rows_of(written(tmp_path, "log.csv", data))
    assert [row["url"] for row in rows] == ["https://a.example/1", "https://a.example/日本"]
    assert [(reject.row, reject.code) for reject in rejects] == [(1, "not_text"), (2, "not_text")]
    lines = b'{"url":"https://a.example/caf\xe9","time":"x"}\n{"url":"https://a.example/1","t\xe9":NaN,"time":"x"}\n'
    rows, rejects = rows_of(written(tmp_path, "log.jsonl", lines))
    assert [row["url"] for row in rows] == ["https://a.example/1"]
    assert [reject.code for reject in rejects] == ["not_text"]


def test_objects_in_fields_stay_json(tmp_path: Path) -> None:
    row = {"url": "https://a.example/", "time": AT, "headers": {"X-Robots-Tag": "noai"}, "status": 200}
    (batch,) = read(written(tmp_path, "log.jsonl", json.dumps(row)), TOLD)
    assert json.loads(batch.rows["headers"][0].as_py()) == row["headers"]
    assert batch.rows["status"].to_pylist() == ["200"]


@pytest.mark.parametrize("close", ["]", ""])
def test_an_array_with_an_item_a_line_is_read_even_if_it_was_never_closed(tmp_path: Path, close: str) -> None:
    items = [{"url": f"https://a.example/{n}", "time": AT} for n in range(3)]
    text = "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n" + close
    assert urls_of(written(tmp_path, "items.json", text)) == [item["url"] for item in items]
    one_line = "[" + json.dumps(items[0]) + ",\n" + json.dumps(items[1]) + "]"
    assert len(urls_of(written(tmp_path, "more.json", one_line))) == 2


def test_half_written_lines_are_told_with_their_place(tmp_path: Path) -> None:
    good = json.dumps({"url": "https://a.example/", "time": AT})
    rows, rejects = rows_of(written(tmp_path, "log.jsonl", f"{good}\n\n{good[:20]}\n{good}\n{good[:-3]}"))
    assert [row["row"] for row in rows] == [0, 3]
    assert [(reject.row, reject.offset) for reject in rejects] == [(2, len(good) + 2), (4, 2 * len(good) + 24)]
    assert rejects[0].reason.startswith("not JSON")


def test_what_the_first_object_leaves_out_is_read_of_the_others(tmp_path: Path) -> None:
    lines = [{"note": "begun"}, {"url": "https://a.example/1", "time": AT}]
    lines += [{"url": "https://a.example/2", "time": AT, "status": 401}]
    (batch,) = read(written(tmp_path, "log.jsonl", "\n".join(map(json.dumps, lines))), TOLD)
    assert batch.columns.status == "status"
    assert batch.rows["status"].to_pylist() == [None, None, "401"]
    assert batch.rows["url"].to_pylist() == [None, "https://a.example/1", "https://a.example/2"]


def test_a_long_field_of_csv_is_read(tmp_path: Path) -> None:
    data = f"url,time,text\nhttps://a.example/1,{AT},{'x' * 300_000}\nhttps://a.example/2,{AT},y\n"
    rows, rejects = rows_of(written(tmp_path, "log.csv", data))
    assert [row["url"] for row in rows] == ["https://a.example/1", "https://a.example/2"]
    assert rejects == []


def test_columns_of_csv_with_one_name_are_told_apart(tmp_path: Path) -> None:
    data = f"url,note,time,url,note\nhttps://a.example/,x,{AT},https://b.example/,y\n"
    path = written(tmp_path, "log.csv", data)
    with pytest.raises(ConfigError, match=r"2 columns are called 'url'; .*--url\) with 'url#1' or 'url#2'"):
        list(read(path, TOLD))
    for column, host in (("url#1", "a"), ("url#2", "b")):
        assert urls_of(path, Told("ExampleBot", {"url": column})) == [f"https://{host}.example/"]
    with pytest.raises(ConfigError, match="2 columns are called 'status'"):
        list(read(written(tmp_path, "more.csv", "url,status,status\nhttps://a.example/,200,401\n"), TOLD))


def test_an_object_of_json_in_which_a_name_stands_twice_is_rejected(tmp_path: Path) -> None:
    lines = ['{"url": "https://a.example/1", "url": "https://a.example/2"}']
    lines += ['{"url": "https://a.example/3", "more": {"url": "x", "text": "\\"url\\": the \\"url\\""}}']
    rows, rejects = rows_of(written(tmp_path, "log.jsonl", "\n".join(lines)))
    assert [row["url"] for row in rows] == ["https://a.example/3"]
    assert [(one.row, one.reason.partition(";")[0]) for one in rejects] == [
        (0, "the name 'url' stands twice in the object")
    ]
