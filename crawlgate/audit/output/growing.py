"""A Parquet file that grows by row groups, can be cut back to any of them, and is finished by its footer.

A row group is encoded as a file of its own; its pages are appended, and its entry in the footer is moved to where they
now stand (`parquet.thrift`: offsets in RowGroup, ColumnChunk and ColumnMetaData). So a run that was broken goes on, and
ends in the same bytes as one that was not.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .. import thrift
from ..thrift import Elements, Field, Struct

MAGIC = b"PAR1"
_FILE_ROWS, _GROUPS = 3, 4  # FileMetaData
_GROUP_OFFSET, _ORDINAL = 5, 7  # RowGroup
_CHUNK_OFFSET, _META, _INDEXES = 2, 3, (4, 6)  # ColumnChunk
_PAGES = (9, 10, 11, 14)  # ColumnMetaData: data, index and dictionary pages, bloom filter
_I16, _I64, _STRUCT = 4, 6, 12
_ROW = "row"


class GrowingParquet:
    """The file `path`, with columns `schema`. Made anew, or, with the `state` of an earlier one, cut back to that.

    `state` is JSON-able; everything up to it is on the disk once `sync` came back.
    """

    def __init__(self, path: Path, schema: Any, *, state: dict[str, Any] | None = None) -> None:
        self.path = path
        self.schema = schema
        self._groups: list[bytes] = [bytes.fromhex(one) for one in state["groups"]] if state else []
        self._footer = bytes.fromhex(state["footer"]) if state else b""
        self.rows: int = state["rows"] if state else 0
        size: int = state["bytes"] if state else 0
        self._file = path.open("r+b" if state else "wb")
        self._file.truncate(size)
        self._file.seek(size)
        if not size:
            self._file.write(MAGIC)

    @property
    def state(self) -> dict[str, Any]:
        """What is written so far."""
        return {
            "bytes": self._file.tell(),
            "footer": self._footer.hex(),
            "groups": [group.hex() for group in self._groups],
            "rows": self.rows,
        }

    def write(self, table: Any) -> None:
        """Append a table as one row group; one without rows adds nothing."""
        if len(table):
            self.append(encoded(table.cast(self.schema).replace_schema_metadata(self.schema.metadata)))

    def append(self, part: bytes) -> None:
        """Append the row groups of a whole Parquet file of the same columns, as `encoded` makes it."""
        footer, pages = _parted(part)
        read = thrift.read(footer)
        moved = self._file.tell() - len(MAGIC)
        for group in read[_GROUPS].value.values:
            _move(group, moved)
            group[_ORDINAL] = Field(_I16, min(len(self._groups), 2**15 - 1))
            self._groups.append(thrift.write(group))
        self.rows += read[_FILE_ROWS].value
        self._footer = self._footer or thrift.write(read | {_GROUPS: Field(9, Elements(_STRUCT, []))})
        self._file.write(pages)

    def sync(self) -> None:
        """Bring what was written to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def reader(self) -> Any:
        """A `pyarrow.parquet.ParquetFile` of what is written so far."""
        self._file.flush()
        return pq.ParquetFile(self.path, metadata=pq.read_metadata(pa.BufferReader(MAGIC + self._tail())))

    def finish(self) -> None:
        """Write the footer, sync and close."""
        self._file.write(self._tail())
        self.sync()
        self._file.close()

    def close(self) -> None:
        """Close without a footer: the file can be continued from its state."""
        self._file.close()

    def _tail(self) -> bytes:
        footer = self._footer or _parted(encoded(self.schema.empty_table()))[0]
        whole = thrift.read(footer)
        whole[_FILE_ROWS] = Field(_I64, self.rows)
        whole[_GROUPS] = Field(9, Elements(_STRUCT, [thrift.read(group) for group in self._groups]))
        data = thrift.write(whole)
        return data + len(data).to_bytes(4, "little") + MAGIC


def encoded(table: Any) -> bytes:
    """A table as a Parquet file in memory; a million rows are one row group."""
    sink = pa.BufferOutputStream()
    coded = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    # Of texts that repeat, or are long, the least and the greatest tell no reader anything, and cost much.
    numbers = [field.name for field in table.schema if _is_number(field.type)]
    options: dict[str, Any] = {"compression": "zstd", "use_dictionary": coded, "write_statistics": numbers}
    if any(field.name == _ROW for field in table.schema):
        options["column_encoding"] = {_ROW: "DELTA_BINARY_PACKED"}  # they ascend
    with pq.ParquetWriter(sink, table.schema, **options) as to:
        if len(table):
            to.write_table(table, row_group_size=len(table))
    return bytes(sink.getvalue())


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_timestamp(kind) or pa.types.is_boolean(kind))


def _parted(part: bytes) -> tuple[bytes, memoryview]:
    """Footer and pages of a Parquet file."""
    size = int.from_bytes(part[-8:-4], "little")
    end = len(part) - 8 - size
    return part[end:-8], memoryview(part)[len(MAGIC) : end]


def _move(group: Struct, by: int) -> None:
    """Move the offsets of a row group."""
    _add(group, _GROUP_OFFSET, by)
    for chunk in group[1].value.values:
        for number in (_CHUNK_OFFSET, *_INDEXES):
            _add(chunk, number, by)
        for number in _PAGES:
            _add(chunk[_META].value, number, by)


def _add(struct: Struct, number: int, by: int) -> None:
    field = struct.get(number)
    if field is not None and field.value > 0:
        struct[number] = Field(field.type, field.value + by)
