"""polars and DuckDB behind the gate, with the real engines."""

from __future__ import annotations

from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")
pl = pytest.importorskip("polars", reason="the polars extra is not installed")
duckdb = pytest.importorskip("duckdb", reason="the duckdb extra is not installed")

from crawlgate import ConfigError, judge_table  # noqa: E402
from crawlgate.integrations import duckdb as ducks  # noqa: E402
from crawlgate.integrations import polars as bears  # noqa: E402
from tests.integrations.pages import AT, COLUMNS, DECLARED, DROPPED, KEPT, ROWS, VERDICTS, gate  # noqa: E402


def test_a_lazy_frame_is_judged_where_it_is_collected_or_sunk(tmp_path: Path) -> None:
    frame, one = pl.DataFrame(COLUMNS).lazy(), gate()
    kept = frame.pipe(bears.allowed, one).filter(pl.col("id") > 1).select("id")
    assert one.tally.rows == 0
    assert kept.collect()["id"].to_list() == KEPT[1:]
    assert dict(one.tally.dropped) == DROPPED
    pl.DataFrame(COLUMNS).write_parquet(tmp_path / "pages.parquet")
    pl.scan_parquet(tmp_path / "pages.parquet").pipe(bears.allowed, gate()).sink_parquet(tmp_path / "kept.parquet")
    assert pl.read_parquet(tmp_path / "kept.parquet")["id"].to_list() == KEPT


def test_a_lazy_frame_gets_the_answers_as_columns() -> None:
    frame = pl.DataFrame(COLUMNS).with_columns(verdict=pl.lit("mine")).lazy()
    judged = frame.pipe(bears.judged, gate())
    assert judged.collect_schema()["crawlgate_verdict"] == pl.String
    assert judged.collect()["crawlgate_verdict"].to_list() == VERDICTS
    assert judged.select("criteria", "robots_line").collect(engine="streaming")["robots_line"].to_list()[1] == 2
    assert set(judged.collect()["verdict"]) == {"mine"}


def test_a_lazy_frame_without_urls_is_told_when_it_is_planned() -> None:
    with pytest.raises(ConfigError, match="no column of URLs was found among a"):
        bears.allowed(pl.LazyFrame({"a": [1]}), gate())
    with pytest.raises(ConfigError, match=r"a polars LazyFrame has no rows yet; use crawlgate.integrations.polars"):
        judge_table(pl.LazyFrame(COLUMNS), DECLARED)


def test_sql_asks_the_gate() -> None:
    pages, one = pa.Table.from_pylist(ROWS), gate()  # noqa: F841 - read by the query
    with duckdb.connect() as con:
        ducks.register(con, one)
        answers = con.sql("SELECT crawlgate(url, time::TIMESTAMPTZ) a FROM pages ORDER BY id").fetchall()
        assert [answer["verdict"] for (answer,) in answers] == VERDICTS
        assert answers[3][0]["reasons"] == "C1;B2;D4"
        assert answers[7][0]["problem"] == "no_time"
        counted = con.sql(
            "SELECT crawlgate(url, time::TIMESTAMPTZ).verdict v, count(*) FROM pages GROUP BY v"
        ).fetchall()
        assert dict(counted) == {"allow": 2, "deny": 2, "review": 1, None: 3}
    assert one.tally.rows == 2 * len(ROWS)


def test_sql_asks_as_of_one_instant_over_many_vectors() -> None:
    with duckdb.connect() as con:
        ducks.register(con, gate(as_of=AT), name="covered")
        found = con.sql(
            "SELECT covered('https://closed.example/' || CASE WHEN range % 2 = 0 THEN 'x/' ELSE 'y/' END || range).verdict v,"
            " count(*) FROM range(10000) GROUP BY v ORDER BY v"
        ).fetchall()
    assert found == [("allow", 5000), ("deny", 5000)]


def test_the_rows_of_a_query_pass_as_a_stream(tmp_path: Path) -> None:
    pages, one = pa.Table.from_pylist(ROWS), gate()  # noqa: F841 - read by the query
    with duckdb.connect() as con:
        kept = ducks.allowed(con.sql("SELECT id, url, time FROM pages ORDER BY id"), one, batch_size=2)  # noqa: F841
        assert [number for (number,) in con.cursor().sql("SELECT id FROM kept").fetchall()] == KEPT
        with pytest.raises(ConfigError, match="no column of URLs was found among id"):
            ducks.allowed(con.sql("SELECT id FROM pages"), one)
    assert dict(one.tally.dropped) == DROPPED


def test_a_stream_says_what_it_dropped_where_it_is_left_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "crawlgate")
    one = gate()
    with duckdb.connect() as con:
        pages = pa.Table.from_pylist(ROWS)  # noqa: F841 - read by the query
        for _ in range(2):
            kept = ducks.allowed(con.sql("SELECT id, url, time FROM pages ORDER BY id"), one)
            assert kept.read_all()["id"].to_pylist() == KEPT
        left = ducks.allowed(con.sql("SELECT id, url, time FROM pages ORDER BY id"), one, batch_size=len(ROWS))
        assert left.read_next_batch().num_rows == len(KEPT)
        del left
    told = [record.getMessage().partition(" rows")[0] for record in caplog.records]
    assert told == [f"DuckDB: {len(ROWS)}"] * 3
    assert one.tally.rows == 3 * len(ROWS)


def test_a_stream_of_text_views_is_judged() -> None:
    pages = pa.Table.from_pylist(ROWS)  # noqa: F841 - read by the query
    with duckdb.connect() as con:
        con.sql("SET produce_arrow_string_view = true")
        con.sql("SET arrow_output_version = '1.5'")
        kept = ducks.allowed(con.sql("SELECT id, url, time FROM pages ORDER BY id"), gate()).read_all()
    assert kept.schema.field("url").type == pa.string_view()
    assert kept["id"].to_pylist() == KEPT


def test_a_lazy_frame_that_was_judged_twice_is_told_when_it_is_planned() -> None:
    twice = pl.LazyFrame(COLUMNS).pipe(bears.judged, gate()).pipe(bears.judged, gate())
    with pytest.raises(ConfigError, match="drop or rename the older answers"):
        twice.pipe(bears.judged, gate())
