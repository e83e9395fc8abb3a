"""Parquet and Arrow: damaged pages cost their row group; Common Crawl's index and img2dataset's metadata by what they mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow.parquet as pq  # noqa: E402

from crawlgate import ConfigError  # noqa: E402
from crawlgate.audit.readers import Told, read  # noqa: E402
from crawlgate.audit.rows import NO_ANSWER  # noqa: E402
from tests.audit.readers.reading import rows_of, urls_of, written  # noqa: E402

URLS = [f"https://a{n}.example/{'x' * (n % 50)}" for n in range(4000)]


def test_a_damaged_page_costs_its_row_group_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"url": URLS}), path, row_group_size=1000, use_dictionary=False, compression="snappy")
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    for place in range(column.data_page_offset + 8, column.data_page_offset + column.total_compressed_size - 8):
        data[place] = 0xFF
    path.write_bytes(data)
    batches = list(read(path, Told("ExampleBot")))
    kept = [url for batch in batches for url in batch.rows["url"].to_pylist()]
    assert kept == URLS[:1000] + URLS[2000:]
    assert [batch.first for batch in batches if len(batch.rows)] == [0, 2000, 3000]
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert [(reject.row, reject.code) for reject in rejects] == [(1000, "damaged")]
    assert "rows 1000 to 1999 (1000 rows) cannot be read, a page of the column 'url'" in rejects[0].reason


def test_damage_that_can_be_unpacked_is_found_by_the_checksum(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    options = {"use_dictionary": False, "compression": "none", "write_page_checksum": True}
    pq.write_table(pa.table({"url": URLS}), path, row_group_size=1000, **options)
    place = path.read_bytes().index(URLS[1500].encode())
    data = bytearray(path.read_bytes())
    data[place + 9] ^= 1
    path.write_bytes(data)
    rows, rejects = rows_of(path)
    assert [row["url"] for row in rows] == URLS[:1000] + URLS[2000:]
    assert [(reject.row, reject.code) for reject in rejects] == [(1000, "damaged")]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_bytes_are_read_as_text_and_what_is_none_is_marked(tmp_path: Path, kind: object) -> None:
    path = tmp_path / "log.arrow"
    table = pa.table({"url": pa.array([b"https://a.example/1", b"https://a.example/\xff", None], kind)})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    rows, rejects = rows_of(path)
    assert [row["url"] for row in rows] == ["https://a.example/1", "https://a.example/\ufffd", None]
    assert rejects == []  # the judge refuses it: tests/audit/test_refused_rows.py


def test_a_damaged_arrow_stream_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.arrow"
    table = pa.table({"url": URLS})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        for start in range(0, 4000, 1000):
            writer.write_table(table.slice(start, 1000))
    assert urls_of(path) == URLS
    path.write_bytes(path.read_bytes()[:-40_000])
    rows, rejects = rows_of(path)
    assert [row["url"] for row in rows] == URLS[: len(rows)]
    assert len(rows) in (2000, 3000)
    assert [reject.code for reject in rejects] == ["damaged"]


def test_common_crawls_index_has_utc_times_without_a_zone(tmp_path: Path) -> None:
    at = datetime(2024, 5, 1, 10, tzinfo=UTC)
    row = {
        "url_surtkey": "example,a)/",
        "url": "https://a.example/",
        "url_host_name": "a.example",
        "fetch_time": at.replace(tzinfo=None),
        "fetch_status": 301,
        "fetch_redirect": "https://b.example/",
        "content_digest": "ABC",
        "warc_filename": "crawl-data/x.warc.gz",
        "warc_record_offset": 5,
    }
    path = tmp_path / "part-0.parquet"
    pq.write_table(pa.Table.from_pylist([row]), path)
    assert rows_of(path)[0] == [{"row": 0, "url": "https://a.example/", "time": at, "status": 301}]
    # Any other table with such times has none that can be used.
    pq.write_table(pa.Table.from_pylist([{"url": row["url"], "time": row["fetch_time"]}]), path)
    assert rows_of(path)[0][0]["time"].tzinfo is None


def test_img2dataset_says_what_came_and_when_its_shard_began(tmp_path: Path) -> None:
    said = [
        ("success", None, 200),
        ("failed_to_download", "HTTP Error 403: Forbidden", 403),
        ("failed_to_download", "<urlopen error timed out>", NO_ANSWER),
        ("failed_to_download", "Use of image disallowed by X-Robots-Tag directive", NO_ANSWER),
        ("failed_to_resize", "Image decoding error", 200),
        (None, None, None),
    ]
    rows = [
        {"url": f"https://a.example/{n}.jpg", "key": f"{n:09}", "status": status, "error_message": message}
        for n, (status, message, _) in enumerate(said)
    ]
    path = tmp_path / "00000.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert [row.get("time") for row in rows_of(path)[0]] == [None] * len(said)
    written(tmp_path, "00000_stats.json", json.dumps({"count": 6, "start_time": 1714557600.5, "end_time": 1714557700}))
    found, _ = rows_of(path)
    assert [row["status"] for row in found] == [status for *_, status in said]
    assert {row["time"] for row in found} == {1714557600.5}


def test_empty_and_broken_tables_are_errors_that_say_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.parquet"
    pq.write_table(pa.table({"url": pa.array([], pa.string())}), empty)
    with pytest.raises(ConfigError, match="there is no row in it"):
        urls_of(empty)
    with pytest.raises(ConfigError, match="cannot be read"):
        urls_of(written(tmp_path, "bad.parquet", b"PAR1 and nothing more PAR1"))
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"text": ["x"]}), other)
    with pytest.raises(ConfigError, match="no column of URLs was found among text; name it with url="):
        urls_of(other)
