"""polars behind the gate. A DataFrame goes to `gate.judged(frame)` and `gate.allowed(frame)` directly; these do the
same for a LazyFrame, when it is collected and in pieces.

    pl.scan_parquet("pages.parquet").pipe(allowed, gate).sink_parquet("allowed.parquet")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .hop import missing

try:
    import polars as pl
except ImportError as error:
    raise missing("polars", error) from None

if TYPE_CHECKING:
    from ..batch import TableGate

_ANSWERS = {
    "verdict": pl.String,
    "reasons": pl.String,
    "findings": pl.String,
    "criteria": pl.Int64,
    "robots_line": pl.Int32,
    "problem": pl.String,
}


def allowed(frame: pl.LazyFrame, gate: TableGate) -> pl.LazyFrame:
    """The rows of `frame` that are allowed."""
    gate.columns(frame.collect_schema().names())
    # Nothing may be asked of the frame before these rows are chosen: what was dropped is to be counted.
    return frame.map_batches(gate.allowed, streamable=True, predicate_pushdown=False, slice_pushdown=False)


def judged(frame: pl.LazyFrame, gate: TableGate) -> pl.LazyFrame:
    """`frame` with the answers as further columns."""
    known = frame.collect_schema()
    gate.columns(known.names())
    from ..audit.frames import answer_names

    names = answer_names(known.names(), _ANSWERS)
    added = {names[name]: kind for name, kind in _ANSWERS.items()}
    return frame.map_batches(
        gate.judged,
        schema=pl.Schema({**known, **added}),
        streamable=True,
        predicate_pushdown=False,
        projection_pushdown=False,
        slice_pushdown=False,
    )
