"""Columns of every type that engines hand over, and names that are taken: told or read, never a traceback."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")
import pyarrow.compute as pc  # noqa: E402

from crawlgate import ConfigError  # noqa: E402
from crawlgate.audit.classes import CRITERIA, unpack  # noqa: E402
from crawlgate.audit.frames import beside  # noqa: E402
from tests.integrations.pages import AT, COLUMNS, DROPPED, KEPT, VERDICTS, gate  # noqa: E402

TABLE = pa.table(COLUMNS)


def dictionary(kind: Any) -> Any:
    def made(values: list[str | None]) -> Any:
        places = pa.array([None if value is None else n for n, value in enumerate(values)], pa.int8())
        return pa.DictionaryArray.from_arrays(places, pa.array([value or "" for value in values], kind))

    return made


def column(table: Any, name: str) -> list[Any]:
    return list(table.column(name).to_pylist())


TYPES: dict[str, Any] = {
    "large_string": lambda values: pa.array(values, pa.large_string()),
    "string_view": lambda values: pa.array(values, pa.string_view()),
    "binary_view": lambda values: pa.array([value and value.encode() for value in values], pa.binary_view()),
    "dictionary of string": dictionary(pa.string()),
    "dictionary of string_view": dictionary(pa.string_view()),
    "run ends": lambda values: pc.run_end_encode(pa.array(values)),
    "extension": lambda values: pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(values)),
    "chunks of views": lambda values: pa.chunked_array(
        [values[:1], values[1:1], values[1:6], values[6:]], pa.string_view()
    ),
}


@pytest.mark.parametrize("form", TYPES)
def test_text_of_every_type_is_judged_and_chosen(form: str) -> None:
    made, one, other = TYPES[form], gate(), gate()
    table = pa.table({"id": COLUMNS["id"], "url": made(COLUMNS["url"]), "time": made(COLUMNS["time"])})
    kept = one.allowed(table)
    assert kept["id"].to_pylist() == KEPT
    assert kept.schema == table.schema
    twice = pa.concat_tables([table, table]).slice(len(table) - 1, 2)  # the last row and the first
    assert other.judged(twice)["verdict"].to_pylist() == [VERDICTS[-1], VERDICTS[0]]
    assert dict(one.tally.dropped) == DROPPED
    assert other.allowed(table.slice(1, 1)).num_rows == 0
    for batch in table.combine_chunks().to_batches():
        assert gate().allowed(batch).column("id").to_pylist() == KEPT


def test_rows_are_chosen_from_columns_with_views_within_them() -> None:
    within = pa.array([[text] for text in COLUMNS["text"]], pa.list_(pa.string_view()))
    table = TABLE.append_column("words", within).append_column("views", TABLE["text"].cast(pa.string_view()))
    for one in (table, table.to_batches()[0], pa.concat_tables([table.slice(0, 1), table.slice(1)])):
        kept = gate().allowed(one)
        assert kept.schema == table.schema
        assert column(kept, "words") == [["one"], ["three"]]
        assert column(kept, "views") == ["one", "three"]
    assert gate().allowed(table.slice(1, 1)).num_rows == 0


@pytest.mark.parametrize("form", ["run ends", "dictionary of string_view", "string_view"])
def test_statuses_and_names_of_every_type_are_read(form: str) -> None:
    made = TYPES[form]
    rows = {"url": pa.array(["https://open.example/"] * 2), "status": made(["200", "403"])}
    answers = gate(as_of=AT).answers(pa.table(rows | {"user_agent": made(["ExampleBot/1.0", "Mozilla/5.0"])}))
    assert answers["verdict"].to_pylist()[0] == "allow"
    assert answers["verdict"].to_pylist()[1] != "allow"


@pytest.mark.parametrize("kind", ["Table", "RecordBatch", "mapping", "polars", "pandas"])
def test_rows_that_were_judged_twice_are_not_judged_over_their_answers(kind: str) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    makers = {
        "Table": lambda: TABLE,
        "RecordBatch": lambda: TABLE.to_batches()[0],
        "mapping": lambda: COLUMNS,
        "polars": lambda: polars.DataFrame(COLUMNS),
        "pandas": lambda: pandas.DataFrame(COLUMNS),
    }
    twice = gate().judged(gate().judged(makers[kind]()))
    with pytest.raises(ConfigError, match=r"columns criteria, .* and crawlgate_criteria, .* drop or rename the older"):
        gate().judged(twice)


def test_names_that_sql_does_not_tell_apart_are_taken() -> None:
    judged = gate().judged(TABLE.append_column("Verdict", TABLE["text"]))
    assert judged["crawlgate_verdict"].to_pylist() == VERDICTS
    assert "verdict" not in judged.column_names


def test_packed_outcomes_reach_pandas_whole() -> None:
    pandas = pytest.importorskip("pandas")
    packed = (5 << 3 * (len(CRITERIA) - 1)) + 1  # the last criterion waits for a person, the first is met
    answers = pa.table(
        {"criteria": pa.array([packed, None], pa.int64()), "robots_line": pa.array([None, 2], pa.int32())}
    )
    frame = beside(pandas.DataFrame({"url": ["a", "b"]}), answers)
    assert unpack(int(frame["criteria"][0])) == unpack(packed)
    assert len(unpack(packed)) == 2
    assert frame["robots_line"].tolist() == [pandas.NA, 2]


def test_frames_made_after_pandas_and_labels_that_are_numbers() -> None:
    pandas = pytest.importorskip("pandas")

    class Mapped(pandas.DataFrame):  # as GeoDataFrame is
        @property
        def _constructor(self) -> Any:
            return Mapped

    kept = gate().allowed(Mapped(COLUMNS))
    assert type(kept) is Mapped
    assert kept["id"].tolist() == KEPT
    numbered = pandas.DataFrame({0: COLUMNS["id"], 1: COLUMNS["url"], 2: COLUMNS["time"]})
    assert gate(url="1", time="2").allowed(numbered)[0].tolist() == KEPT


def test_what_pandas_writes_for_a_gap_among_values_of_several_kinds_is_a_gap() -> None:
    pandas = pytest.importorskip("pandas")
    urls = ["https://open.example/", pandas.NA, float("nan"), None, 7]
    times = [AT, pandas.NA, pandas.NaT, "2024-05-01T13:00:00Z", AT]
    frame = pandas.DataFrame({"url": pandas.Series(urls, dtype=object), "time": pandas.Series(times, dtype=object)})
    answers = gate(as_of=AT).answers(frame)
    assert answers["problem"].to_pylist() == [None, "null", "null", "null", "no_scheme"]
    sure = frame.assign(url="https://open.example/")
    assert gate().answers(sure)["problem"].to_pylist() == [None, "no_time", "no_time", None, None]


def test_a_row_without_a_url_is_no_example() -> None:
    one = gate(as_of=AT)
    one.mask({"url": [None, "nothing"]})
    assert one.tally.examples == {"not_judged: no_scheme": ["nothing"]}
    assert "None" not in str(one.tally)


# -- in a process that was forked ---------------------------------------------------------------------------------------


def in_a_fork(work: Any) -> str:
    """What `work` gives in a fork of this process."""
    out, into = os.pipe()
    if not (child := os.fork()):
        try:
            os.write(into, repr(work()).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_counts_for_itself() -> None:
    one = gate()
    one.mask(TABLE)
    assert in_a_fork(lambda: (one.tally.rows, one.mask(TABLE).to_pylist(), one.tally.rows)) == repr(
        (0, [verdict == "allow" for verdict in VERDICTS], len(TABLE))
    )
    assert one.tally.rows == len(TABLE)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_does_not_wait_for_a_thread_that_it_has_not() -> None:
    one = gate(as_of=datetime(2024, 5, 1, 14, tzinfo=UTC))
    begun, done = threading.Event(), threading.Event()

    def judging() -> None:
        with one._judge.lock:
            begun.set()
            done.wait(30)

    thread = threading.Thread(target=judging)
    thread.start()
    begun.wait(30)
    try:
        assert in_a_fork(lambda: one.mask({"url": ["https://open.example/"]}).to_pylist()) == "[True]"
    finally:
        done.set()
        thread.join()
