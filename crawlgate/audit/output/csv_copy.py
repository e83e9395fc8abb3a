"""A Parquet file as CSV, for people and spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq


def copy_as_csv(source: Path, target: Path) -> None:
    """Write the rows of `source` into `target`: a head, then a line for each row; times are UTC."""
    with pq.ParquetFile(source, pre_buffer=False) as file:
        plain = pa.schema([pa.field(f.name, _plain(f.type)) for f in file.schema_arrow])
        with pa.csv.CSVWriter(target, plain, write_options=pa.csv.WriteOptions(quoting_style="needed")) as to:
            for group in range(file.num_row_groups):
                to.write_table(file.read_row_group(group).cast(plain))


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
