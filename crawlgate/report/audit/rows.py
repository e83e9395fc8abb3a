"""Single rows of decisions.parquet by their place, read from the row groups that hold them and from no others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pyarrow as pa

from .account import ExampleRow
from .outputs import Outputs

_COLUMNS = ["file", "row", "url", "time", "basis", "robots", "robots_at", "robots_line", "list", "notice"]
_MORE = ("earlier_file", "earlier_row")  # audits before these were told are read too


def rows_at(outputs: Outputs, places: Iterable[int]) -> dict[int, ExampleRow]:
    """The rows at these places, counted from 0 through the whole file, with the lines they quote."""
    with outputs.decisions() as file:
        columns = _COLUMNS + [name for name in _MORE if name in file.schema_arrow.names]
        found = {place: _row(row, outputs) for place, row in read_at(file, places, columns).items()}
    quoted = ((row.robots, row.line) for row in found.values() if row.robots and row.line)
    naming = (row.robots for row in found.values() if row.robots and row.names_others)
    quotes, named = outputs.quotes(quoted, naming)
    return {
        place: replace(
            row,
            quote=quotes.get((row.robots or "", row.line or 0)),
            named=named.get(row.robots or "") if row.names_others else None,
        )
        for place, row in found.items()
    }


def read_at(file: Any, places: Iterable[int], columns: list[str]) -> dict[int, dict[str, Any]]:
    """The rows of a Parquet file at these places; row groups without one are not read."""
    found: dict[int, dict[str, Any]] = {}
    groups = file.metadata.num_row_groups
    starts = [0, *accumulate(file.metadata.row_group(n).num_rows for n in range(groups))]
    by_group: dict[int, list[int]] = {}
    for place in sorted(set(places)):
        by_group.setdefault(bisect_right(starts, place) - 1, []).append(place)
    for group, inside in by_group.items():
        wanted = pa.array([place - starts[group] for place in inside], pa.int64())
        table = file.read_row_group(group, columns=columns).take(wanted)
        found |= dict(zip(inside, table.to_pylist(), strict=True))
    return found


def _row(row: dict[str, Any], outputs: Outputs) -> ExampleRow:
    return ExampleRow(
        file=row["file"],
        row=row["row"],
        url=row["url"],
        at=row["time"],
        basis=outputs.bases[row["basis"]],
        robots=row["robots"],
        robots_at=row["robots_at"],
        line=row["robots_line"],
        quote=None,
        named=None,
        list=row["list"],
        notice=row["notice"],
        earlier_file=row.get("earlier_file"),
        earlier_row=row.get("earlier_row"),
    )
