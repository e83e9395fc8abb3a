"""A text column of Arrow as arrays that kernels read: bytes of all rows, and where each row begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


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


def texts(column: Any) -> Texts:
    """The rows of a string column (any of Arrow's string types, dictionaries and chunks of them)."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(column, pa.ChunkedArray):  # too long for one array of its own type
            column = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in column.chunks])
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
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
