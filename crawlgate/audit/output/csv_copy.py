"""A Parquet file as CSV, for people and spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_ROWS = 1 << 16  # written at once


def copy_as_csv(source: Path, target: Path) -> None:
    """Write the rows of `source` into `target`: a head, then a line for each row. Texts stand in quotes, nothing stands
    for null; times are UTC.

    Each value is spelled once, not once a row: most columns hold few.
    """
    with pq.ParquetFile(source, pre_buffer=False) as file, target.open("wb") as to:
        to.write((",".join(f'"{name}"' for name in file.schema_arrow.names) + "\n").encode())
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            for first in range(0, len(table), _ROWS):
                to.write(_lines(table.slice(first, _ROWS)))


def _lines(table: Any) -> Any:
    cells = [_spelled(column.combine_chunks()).fill_null("") for column in table.columns]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
    comma = pa.scalar(",", pa.large_string())
    lines = pc.binary_join_element_wise(*(cell.cast(pa.large_string()) for cell in cells), comma)
    _, offsets, data = lines.buffers()
    return memoryview(data)[: int.from_bytes(memoryview(offsets)[8 * len(lines) : 8 * len(lines) + 8], "little")]


def _spelled(column: Any) -> Any:
    """The values of a column as texts."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _spelled(column.dictionary).take(column.indices)
    if pa.types.is_timestamp(kind):
        coded = column.dictionary_encode()
        # Arrow spells a time with a zone by way of the zone's calendar; in UTC the letter alone says it.
        naive = coded.dictionary.cast(pa.timestamp(kind.unit)).cast(pa.string())
        return pc.binary_join_element_wise(naive, "Z", "").take(coded.indices)
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        return column.cast(pa.string())
    quote = pa.scalar('"', kind)
    if pc.any(pc.match_substring(column, '"')).as_py():
        column = pc.replace_substring(column, '"', '""')
    return pc.binary_join_element_wise(quote, column, quote, pa.scalar("", kind))
