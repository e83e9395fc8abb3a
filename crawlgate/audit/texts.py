"""A text column of Arrow as arrays that kernels read: bytes of all rows, and where each row begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Texts:
    """`data` holds all rows, `offsets` has one number more than there are rows. Neither is a copy, if it can be
    avoided. `nulls` are rows without a value; they are empty here."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    nulls: npt.NDArray[np.bool_] | None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        """The row as text; what is no UTF-8 is replaced."""
        return bytes(self.data[self.offsets[row] : self.offsets[row + 1]]).decode("utf-8", "replace")

    def take(self, rows: npt.NDArray[np.int64]) -> Texts:
        """Some of the rows, copied."""
        begins, ends = self.offsets[rows], self.offsets[rows + 1]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends - begins)])
        pieces = [self.data[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
        data = np.concatenate([*pieces, np.zeros(1, np.uint8)])
        return Texts(data, offsets, None if self.nulls is None else self.nulls[rows])

    def ascii(self) -> list[str]:
        """All rows, which hold ASCII only."""
        first, last = int(self.offsets[0]), int(self.offsets[-1])
        whole = self.data[first:last].tobytes().decode("ascii", "replace")
        bounds = (self.offsets - first).tolist()
        return [whole[begin:end] for begin, end in pairwise(bounds)]


def texts(column: Any) -> Texts:
    """The rows of a string column (any of Arrow's string types, dictionaries and chunks of them)."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(column, pa.ChunkedArray):  # too long for one array of its own type
            column = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in column.chunks])
    column = readable(column)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = column.cast(pa.large_string())
    nulls = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    if nulls is not None:  # Arrow lets any text stand below a null, and some engines leave one there
        column = column.fill_null("")
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    _, offsets, data = column.buffers()
    empty = np.zeros(1, np.uint8)
    if offsets is None or len(column) == 0:
        return Texts(empty, np.zeros(len(column) + 1, np.int64), None)
    bounds = np.frombuffer(offsets, width, len(column) + 1, column.offset * np.dtype(width).itemsize)
    return Texts(
        np.frombuffer(data, np.uint8) if data is not None and data.size else empty,
        bounds.astype(np.int64, copy=False),
        nulls,
    )


def joined(values: Sequence[str]) -> Texts:
    """Text of Python as a column."""
    found = [value.encode() for value in values]
    bounds = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(value) for value in found], out=bounds[1:])
    return Texts(np.frombuffer(b"".join(found) or b"\0", np.uint8), bounds, None)


def readable(column: Any) -> Any:
    """An array that can be cast to text: dictionaries are decoded, bytes are read as UTF-8 (what is none is replaced),
    lists, maps and structs are spelled as JSON."""
    column = plain(column)
    kind = column.type
    if _is_bytes(kind):
        return _spelled(column, lambda value: value.decode("utf-8", "replace"))
    if pa.types.is_nested(kind):
        return _spelled(column, lambda value: json.dumps(value, default=str))
    return column


def plain(column: Any) -> Any:
    """An array without what types are wrapped in: dictionaries, run ends and extensions."""
    while True:
        if isinstance(column, pa.DictionaryArray):
            column = _decoded(column)
        elif isinstance(column, pa.RunEndEncodedArray):
            column = pc.run_end_decode(column)
        elif isinstance(column, pa.ExtensionArray):
            column = column.storage
        else:
            return column


def _decoded(column: Any) -> Any:
    kind = column.type.value_type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):  # which Arrow cannot take by index yet
        wide = pa.large_string() if pa.types.is_string_view(kind) else pa.large_binary()
        column = pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(wide))
    return column.dictionary_decode()


def _is_bytes(kind: Any) -> bool:
    plain = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return bool(plain or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind))


def encoded(column: Any) -> Any:
    """An array as a dictionary of text: equal values are there once, or as often as the table has them."""
    if isinstance(column, pa.DictionaryArray):
        kind = column.type.value_type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return column
    return pc.dictionary_encode(readable(column).cast(pa.large_string()))


def _spelled(column: Any, spell: Callable[[Any], str]) -> Any:
    return pa.array([None if one is None else spell(one) for one in column.to_pylist()], pa.large_string())
