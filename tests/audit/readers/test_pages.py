"""A page of Parquet that is damaged costs its own rows, whatever codec, encoding and version it has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow as pa
import pyarrow.parquet as pq

from crawlgate.audit import thrift
from crawlgate.audit.readers import pages
from tests.audit.readers.reading import rows_of

ROWS = 9000
AT = datetime(2024, 5, 1, tzinfo=UTC)
TABLE = pa.table(
    {
        "url": [f"https://h{n % 50}.example/{n}" for n in range(ROWS)],
        "time": pa.array([AT + timedelta(seconds=n) for n in range(ROWS)], pa.timestamp("us", "UTC")),
        "status": pa.array([None if n % 7 == 0 else 200 + n % 4 for n in range(ROWS)], pa.int32()),
        "user_agent": pa.array([f"agent {n % 3}" for n in range(ROWS)]).dictionary_encode(),
    }
)
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {"use_dictionary": False, "compression": "none"},
    "snappy": {"use_dictionary": False, "compression": "snappy"},
    "zstd, second version": {"use_dictionary": False, "compression": "zstd", "data_page_version": "2.0"},
    "dictionary": {"use_dictionary": True, "compression": "gzip"},
    "index": {"use_dictionary": True, "compression": "zstd", "write_page_index": True},
    "no schema of Arrow": {"use_dictionary": False, "compression": "lz4", "store_schema": False},
}


def write(path: Path, table: Any = TABLE, **options: Any) -> None:
    usual = {"row_group_size": 4500, "data_page_size": 2000, "write_batch_size": 100, "write_page_checksum": True}
    pq.write_table(table, path, **usual | options)


def places(path: Path, group: int, name: str) -> tuple[bytes, list[Any]]:
    with path.open("rb") as file:
        footer = pages._footer(file)
        return pages._pages(file, pages._chunk(footer, group, name), 4500)


def damage(path: Path, *offsets: int) -> None:
    data = bytearray(path.read_bytes())
    for offset in offsets:
        data[offset] ^= 0x55
    path.write_bytes(data)


def require_rows_but(path: Path, gone: set[int]) -> list[Any]:
    """All rows but some are read, each as it was; the rejects."""
    rows, rejects = rows_of(path)
    expected = TABLE.to_pylist()
    assert [row["row"] for row in rows] == [n for n in range(ROWS) if n not in gone]
    assert all({**expected[row["row"]], "row": row["row"]} == row for row in rows)
    return rejects


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("column", ["url", "status", "time"])
def test_a_damaged_page_costs_its_own_rows(tmp_path: Path, shape: str, column: str) -> None:
    path = tmp_path / "log.parquet"
    write(path, **SHAPES[shape])
    _, found = places(path, 1, column)
    assert len(found) > 2 or (column == "status" and SHAPES[shape]["use_dictionary"])  # two bits a row
    page = found[len(found) // 2]
    damage(path, page.offset + page.size - 3)
    first = 4500 + page.first
    (reject,) = require_rows_but(path, set(range(first, first + page.rows)))
    assert (reject.row, reject.code) == (first, "damaged")
    assert f"rows {first} to {first + page.rows - 1} ({page.rows} rows)" in reject.reason
    assert repr(column) in reject.reason


def test_pages_of_several_columns_cost_what_they_have_together(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write(path, **SHAPES["snappy"])
    url, time = places(path, 0, "url")[1][3], places(path, 0, "time")[1][1]
    damage(path, url.offset + url.size - 3, time.offset + time.size - 3)
    gone = {*range(url.first, url.first + url.rows), *range(time.first, time.first + time.rows)}
    assert len(require_rows_but(path, gone)) in (1, 2)


def test_behind_a_damaged_head_the_column_is_lost_unless_the_page_index_knows_better(tmp_path: Path) -> None:
    for index in (False, True):
        path = tmp_path / f"{index}.parquet"
        write(path, **SHAPES["snappy"], write_page_index=index)
        page = places(path, 0, "url")[1][2]
        data = bytearray(path.read_bytes())
        data[page.offset : page.offset + 3] = b"\xff\xff\xff"
        path.write_bytes(data)
        gone = range(page.first, page.first + page.rows if index else 4500)
        assert len(require_rows_but(path, set(gone))) == 1


def test_a_damaged_dictionary_costs_what_is_coded_by_it(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write(path, **SHAPES["dictionary"])
    meta = pq.read_metadata(path).row_group(0).column(0)
    damage(path, meta.dictionary_page_offset + 60)
    assert len(require_rows_but(path, set(range(4500)))) == 1


def test_columns_of_structs_cost_the_row_group(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    headers = pa.array([[("a", f"some words {n}")] for n in range(ROWS)], pa.map_(pa.string(), pa.string()))
    write(path, TABLE.append_column("headers", headers), **SHAPES["snappy"])
    meta = pq.read_metadata(path).row_group(0)
    column = next(meta.column(n) for n in range(meta.num_columns) if "headers" in meta.column(n).path_in_schema)
    damage(path, column.data_page_offset + column.total_compressed_size // 2)
    (reject,) = require_rows_but(path, set(range(4500)))
    assert "row group 0 (4500 rows) cannot be read" in reject.reason


def test_what_is_no_struct_of_the_protocol_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="no struct of the compact protocol"):
        thrift.read_sized(b"\x15")
    assert thrift.read_sized(b"\x15\x02\x00rest") == ({1: thrift.Field(5, 1)}, 3)
