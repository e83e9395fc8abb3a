"""Tables of every kind as Arrow, as far as an answer needs them, and the answers put back beside the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import compress
from typing import Any

import pyarrow as pa

from ..errors import ConfigError
from .tables import Columns

PREFIX = "crawlgate_"
"""Stands before the name of an answer where the table has a column of that name."""


def names_of(table: Any) -> list[str]:
    """The columns of an Arrow table or batch, of a polars or pandas frame, or of a mapping from name to values."""
    if isinstance(table, pa.Table):
        return list(table.column_names)
    if isinstance(table, pa.RecordBatch):
        return list(table.schema.names)
    if isinstance(table, Mapping):
        return list(table)
    if library(table) == "polars":
        if not hasattr(table, "to_arrow"):
            raise ConfigError("a polars LazyFrame has no rows yet; use crawlgate.integrations.polars, or collect it")
        return list(table.columns)
    if library(table) == "pandas":
        return [str(name) for name in table.columns]
    raise ConfigError(
        f"{type(table).__name__} is no table; pass an Arrow table or batch, a polars or pandas DataFrame, or a mapping "
        "from column to values"
    )


def library(table: Any) -> str:
    """The name of the library whose table it is."""
    return type(table).__module__.partition(".")[0]


def needed(table: Any, columns: Columns) -> Any:
    """The columns of `table` that are named, as an Arrow table; one that is Arrow's is passed on as it is."""
    if isinstance(table, (pa.Table, pa.RecordBatch)):
        return table
    wanted = columns.names
    if isinstance(table, Mapping):
        arrays = {name: _array(table[name]) for name in wanted}
        if len({len(array) for array in arrays.values()}) > 1:
            lengths = ", ".join(f"{name} {len(arrays[name])}" for name in sorted(arrays))
            raise ConfigError(f"the table's columns are not equally long: {lengths}")
        return pa.table(arrays)
    if library(table) == "polars":
        return table.select(wanted).to_arrow()
    return pa.table({name: _of_pandas(table[name]) for name in wanted})


def of_rows(
    rows: Sequence[Mapping[str, Any]], columns: Callable[[list[str]], Columns]
) -> tuple[dict[str, list[Any]], Columns]:
    """Rows that are mappings, as columns by name as far as an answer needs them. A row may lack what others have; where
    all lack a URL, they have none."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        found = columns(names)
    except ConfigError:
        if "url" in names:
            raise
        found = columns([*names, "url"])
    return {name: [row.get(name) for row in rows] for name in found.names}, found


def beside(table: Any, answers: Any) -> Any:
    """The table with the answers as further columns, of the kind that it was; an index stays as it is."""
    taken = set(names_of(table))
    named = {name if name not in taken else PREFIX + name: column for name, column in _columns(answers)}
    if isinstance(table, pa.RecordBatch):
        flat = (column.combine_chunks() for column in named.values())
        columns = [*table.columns, *(c.chunk(0) if isinstance(c, pa.ChunkedArray) else c for c in flat)]
        return pa.RecordBatch.from_arrays(columns, names=[*table.schema.names, *named])
    if isinstance(table, pa.Table):
        for name, column in named.items():
            table = table.append_column(name, column)
        return table
    if isinstance(table, Mapping):
        return {**table, **{name: column.to_pylist() for name, column in named.items()}}
    if library(table) == "polars":
        import polars

        return table.hstack(polars.DataFrame(polars.from_arrow(pa.table(named))))
    frame = pa.table(named).to_pandas()
    frame.index = table.index
    return table.assign(**{name: frame[name] for name in named})


def chosen(table: Any, mask: Any) -> Any:
    """The rows of `table` for which the boolean array `mask` is true, of the kind that it was."""
    if isinstance(table, (pa.Table, pa.RecordBatch)):
        return table.filter(mask)
    kept = mask.to_numpy(zero_copy_only=False)
    if isinstance(table, Mapping):
        return {name: list(compress(values, kept)) for name, values in table.items()}
    if library(table) == "polars":
        import polars

        return table.filter(polars.Series(kept))
    return table[kept]


def _columns(table: Any) -> list[tuple[str, Any]]:
    return list(zip(table.column_names, table.columns, strict=True))


def _array(values: Any) -> Any:
    """Values of any kind as a column; where they are of several kinds, as text."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError):
        return pa.array([_text(value) for value in values], pa.large_string())


def _of_pandas(series: Any) -> Any:
    column = _array(series)
    return column.cast(pa.large_string()) if pa.types.is_null(column.type) else column


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
