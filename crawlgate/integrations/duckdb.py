"""DuckDB behind the gate: a function for SQL, and a stream of the rows of a query that are allowed.

register(con, gate)
con.sql("SELECT * FROM pages WHERE crawlgate(url, time::TIMESTAMPTZ).verdict = 'allow'")

kept = allowed(con.sql("SELECT * FROM 'pages.parquet'"), gate)      # larger batches, every row counted once
con.sql("COPY (SELECT * FROM kept) TO 'allowed.parquet'")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..tally import Tally
from .hop import missing

try:
    import duckdb
    import pyarrow as pa
    from duckdb import func, sqltypes
except ImportError as error:
    raise missing("duckdb", error) from None

if TYPE_CHECKING:
    from ..batch import TableGate

_BATCH = 100_000


def register(con: duckdb.DuckDBPyConnection, gate: TableGate, name: str = "crawlgate") -> None:
    """Make the function `name(url, time)` on a connection; `name(url)` where the gate judges as of one instant.

    It answers a struct with the columns of `crawlgate.audit.answers.SCHEMA`. `time` is a timestamp with time zone.
    The gate's tally counts what DuckDB asks: a row once for the filter and once more for the projection, where both
    name the function. Judged `AS MATERIALIZED` first, each row is asked once (docs/pipelines.md).
    """
    from ..audit.tables import Columns

    timed = gate.as_of is None
    answer = duckdb.struct_type(
        {
            "verdict": sqltypes.VARCHAR,
            "reasons": sqltypes.VARCHAR,
            "findings": sqltypes.VARCHAR,
            "criteria": sqltypes.BIGINT,
            "robots_line": sqltypes.INTEGER,
            "problem": sqltypes.VARCHAR,
        }
    )

    def judge(url: Any, time: Any) -> Any:
        return gate.answers({"url": url, "time": time}, Columns("url", "time")).to_struct_array()

    def judge_as_of(url: Any) -> Any:
        return gate.answers({"url": url}, Columns("url")).to_struct_array()

    con.create_function(
        name,
        judge if timed else judge_as_of,
        [sqltypes.VARCHAR, sqltypes.TIMESTAMP_TZ] if timed else [sqltypes.VARCHAR],
        answer,
        type=func.PythonUDFType.ARROW,
        null_handling=func.FunctionNullHandling.SPECIAL,
    )


def allowed(relation: duckdb.DuckDBPyRelation, gate: TableGate, *, batch_size: int = _BATCH) -> pa.RecordBatchReader:
    """The rows of a query that are allowed, as a stream of Arrow batches, which DuckDB reads like a table."""
    rows = relation.to_arrow_reader(batch_size)
    gate.columns(rows.schema.names)

    def kept() -> Iterator[Any]:
        told = Tally()
        try:
            for batch in rows:
                own = gate.apart()
                passed = own.allowed(batch)
                gate.count(own.tally)
                told += own.tally
                yield passed
        finally:
            gate.log_tally("DuckDB", told)

    return pa.RecordBatchReader.from_batches(rows.schema, kept())
