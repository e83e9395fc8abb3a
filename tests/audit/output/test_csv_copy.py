"""The removal list as CSV: the bytes that Arrow's own writer makes."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from crawlgate.audit.output.csv_copy import copy_as_csv

TEXTS = ["a", "", '"', 'a"b""', "é,x", "x\ny", "\r", "日本", None]
TIMES = [None, 0, -1, -62135596800000000, 1714521600123456, 253402300799999999]


def by_arrow(table: pa.Table, target: Path) -> bytes:
    kinds = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in table.schema]
    plain = pa.schema(list(zip(table.column_names, kinds, strict=True)))
    pa.csv.write_csv(table.cast(plain), target, pa.csv.WriteOptions(quoting_style="needed"))
    return target.read_bytes()


@pytest.mark.parametrize("rows", [0, 1, 70_000])
def test_every_kind_of_column_is_written_as_arrow_does(tmp_path: Path, rows: int) -> None:
    rnd = random.Random(rows)
    texts = [pa.array(rnd.choices(TEXTS, k=rows), kind) for kind in (pa.string(), pa.large_string(), pa.string())]
    at = pa.array(rnd.choices(TIMES, k=rows), pa.int64()).cast(pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "coded": texts[0].dictionary_encode(),
            "number": pa.array(rnd.choices([None, -5, 2**62], k=rows), pa.int64()),
            "url": texts[1],
            "at": at,
            "never": pa.nulls(rows, at.type),
            "yes": pa.array(rnd.choices([None, True, False], k=rows), pa.bool_()),
            "text": texts[2],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=40_000)
    copy_as_csv(tmp_path / "t.parquet", tmp_path / "ours.csv")
    assert (tmp_path / "ours.csv").read_bytes() == by_arrow(table, tmp_path / "arrow.csv")
