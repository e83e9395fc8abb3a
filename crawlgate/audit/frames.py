"""Tables of every kind as Arrow, as far as an answer needs them, and the answers put back beside the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, compress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    """The name of the library whose table it is, or is made after."""
    makers = [kind.__module__.partition(".")[0] for kind in type(table).__mro__]
    return next((maker for maker in makers if maker in ("pandas", "polars")), makers[0])


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
    places = {str(name): place for place, name in enumerate(table.columns)}  # labels may be numbers
    return pa.table({name: _of_pandas(table.iloc[:, places[name]]) for name in wanted})


class RowReader:
    """Reads rows that are mappings, batch by batch, as columns by name as far as an answer needs them.

    A row may lack what others have; where all lack a URL, they have none. What rows of the first batch did not lack, a
    later batch may. `columns` finds the columns among names.
    """

    def __init__(self, columns: Callable[[list[str]], Columns]) -> None:
        self._columns = columns
        self._before: Columns | None = None

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, list[Any]], Columns]:
        try:
            names = list(dict.fromkeys(chain.from_iterable(row.keys() for row in rows)))
        except AttributeError:
            odd = next(row for row in rows if not hasattr(row, "keys"))
            raise ConfigError(f"a row is {type(odd).__name__}, no mapping from column to value") from None
        self._before = found = self._found(names)
        return {name: [row.get(name) for row in rows] for name in found.names}, found

    def _found(self, names: list[str]) -> Columns:
        try:
            return self._columns(names)
        except ConfigError:
            if self._before is not None:
                return self._before
            if "url" in names:
                raise
        return self._columns([*names, "url"])


def first(count: int, rows: Mapping[str, list[Any]], columns: Columns) -> tuple[dict[str, list[Any]], Columns]:
    """The first of the rows that a `RowReader` read."""
    return {name: values[:count] for name, values in rows.items()}, columns


def answer_names(taken: Iterable[str], answers: Iterable[str]) -> dict[str, str]:
    """What `answers` are called beside columns whose names are `taken`, in whatever case, which SQL does not tell
    apart. Raises `ConfigError` where nothing is left."""
    taken = {name.lower() for name in taken}
    named = {name: name if name not in taken else PREFIX + name for name in answers}
    if twice := sorted(taken.intersection(named.values())):
        raise ConfigError(
            f"the table has columns {', '.join(one.removeprefix(PREFIX) for one in twice)} and {', '.join(twice)}: "
            "it was judged twice before; drop or rename the older answers"
        )
    return named


def beside(table: Any, answers: Any) -> Any:
    """The table with the answers as further columns, of the kind that it was; an index stays as it is. Raises
    `ConfigError` where the names of the answers are taken."""
    names = answer_names(names_of(table), answers.column_names)
    named = dict(zip(names.values(), answers.columns, strict=True))
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
    import pandas

    # As numbers with a fraction, which gaps would make of them, packed outcomes lose their lowest bits.
    whole = {pa.int64(): pandas.Int64Dtype(), pa.uint64(): pandas.UInt64Dtype(), pa.int32(): pandas.Int32Dtype()}
    frame = pa.table(named).to_pandas(types_mapper=whole.get)
    frame.index = table.index
    return table.assign(**{name: frame[name] for name in named})


def chosen(table: Any, mask: Any) -> Any:
    """The rows of `table` for which the boolean array `mask` is true, of the kind that it was."""
    if isinstance(table, (pa.Table, pa.RecordBatch)):
        try:
            return table.filter(mask)
        except pa.ArrowNotImplementedError:  # views of text, run ends: Arrow cannot choose among their rows yet
            return _by_column(table, mask)
    kept = mask.to_numpy(zero_copy_only=False)
    if isinstance(table, Mapping):
        return {name: list(compress(values, kept)) for name, values in table.items()}
    if library(table) == "polars":
        import polars

        return table.filter(polars.Series(kept))
    return table[kept]


def _by_column(table: Any, mask: Any) -> Any:
    """As `filter`, for columns among which it cannot choose."""
    columns = [_of_column(column, mask) for column in table.columns]
    return type(table).from_arrays(columns, schema=table.schema)


def _of_column(column: Any, mask: Any) -> Any:
    kind = column.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        wide = pa.large_string() if pa.types.is_string_view(kind) else pa.large_binary()
        return column.cast(wide).filter(mask).cast(kind)
    if pa.types.is_run_end_encoded(kind):
        return pc.run_end_encode(pc.run_end_decode(column).filter(mask), run_end_type=kind.run_end_type)
    try:
        return column.filter(mask)
    except pa.ArrowNotImplementedError:
        return _by_stretches(column, mask)


def _by_stretches(column: Any, mask: Any) -> Any:
    """For such types within others: stretches of rows that are kept, put together, which takes longer."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.to_numpy(zero_copy_only=False).view(np.int8), [0]])))
    kept = [column.slice(begin, end - begin) for begin, end in edges.reshape(-1, 2).tolist()] or [column.slice(0, 0)]
    if isinstance(column, pa.Array):
        return pa.concat_arrays(kept)
    return pa.chunked_array([chunk for part in kept for chunk in part.chunks], column.type).combine_chunks()


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
    if value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return None
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
