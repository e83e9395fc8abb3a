"""Parquet and Arrow files without some of their rows: same schema, same order, same row groups and batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from ..readers import Source, Told
from ..tables import Columns
from .checked import Check
from .chosen import Going

_UNPACKED = "UNCOMPRESSED"
_CODECS = {"LZ4_RAW": "LZ4", _UNPACKED: "NONE"}


def without_parquet(source: Source, target: Path, going: Going, told: Told, check: Check) -> int:
    """Write a Parquet file without rows; how many there were. Compression and dictionaries stay as they are by column.
    A row group that loses all of its rows is left out."""
    with source.open("rb") as opened, pq.ParquetFile(opened) as file:
        url = Columns.find(file.schema_arrow.names, **told.columns).url
        kinds = _columns(file.metadata)
        with pq.ParquetWriter(
            target,
            file.schema_arrow,
            compression={name: codec for name, (codec, _) in kinds.items()} or "NONE",
            use_dictionary=[name for name, (_, coded) in kinds.items() if coded] or False,
        ) as to:
            first = 0
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, use_threads=False)
                kept = _kept(table, first, going, url, check)
                if len(kept):
                    to.write_table(kept, row_group_size=len(kept))
                first += len(table)
    return first


def without_arrow(source: Source, target: Path, going: Going, told: Told, check: Check) -> int:
    """Write an Arrow file or stream without rows; how many there were."""
    with source.open("rb") as opened:
        whole = opened.read(6) == b"ARROW1"
        opened.seek(0)
        reader: Any = pa.ipc.open_file(opened) if whole else pa.ipc.open_stream(opened)
        url = Columns.find(reader.schema.names, **told.columns).url
        batches = (reader.get_batch(n) for n in range(reader.num_record_batches)) if whole else iter(reader)
        options = pa.ipc.IpcWriteOptions(unify_dictionaries=whole)
        make = pa.ipc.new_file if whole else pa.ipc.new_stream
        first = 0
        with target.open("wb") as file, make(file, reader.schema, options=options) as to:
            for batch in batches:
                kept = _kept(pa.Table.from_batches([batch]), first, going, url, check)
                for one in kept.to_batches():
                    to.write_batch(one)
                first += len(batch)
    return first


def _kept(table: Any, first: int, going: Going, url: str, check: Check) -> Any:
    """The rows that stay of a table whose first row has the number `first`."""
    low, high = np.searchsorted(going.rows, [first, first + len(table)])
    rows = going.rows[low:high] - first
    if not len(rows):
        return table
    found = table[url].take(pa.array(rows)).to_pylist()
    check.seen((rows + first).tolist(), [None if text is None else str(text) for text in found])
    stays = np.ones(len(table), np.bool_)
    stays[rows] = False
    return table.filter(pa.array(stays))


def _columns(metadata: Any) -> dict[str, tuple[str, bool]]:
    """Codec, and whether values are coded by a dictionary, by column."""
    if not metadata.num_row_groups:
        return {}
    group = metadata.row_group(0)
    chunks = [group.column(n) for n in range(group.num_columns)]
    return {
        one.path_in_schema: (_CODECS.get(one.compression, one.compression), one.has_dictionary_page) for one in chunks
    }
