"""Spark behind the gate, run for real in local mode: one worker process, two partitions."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="the spark extra is not installed")

from crawlgate import ConfigError
from crawlgate.integrations.spark import SharedTally, allowed, audited, counted, judged
from tests.audit import cluster_log
from tests.integrations.pages import COLUMNS, DROPPED, KEPT, ROWS, VERDICTS, gate
from tests.integrations.snippets import fill, run

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # py4j leaves its sockets to the garbage collector
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # nor do we ask it to
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("spark")
    fill(made)
    return made


@pytest.fixture(scope="module")
def spark(folder: Path) -> Iterator[Any]:
    """A session whose relative paths begin in `folder`."""
    from pyspark.sql import SparkSession

    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    builder = SparkSession.builder.master("local[1]").appName("crawlgate")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.log.level": "ERROR",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    patch.undo()
    yield session
    session.stop()


def pages(spark: Any) -> Any:
    frame = spark.createDataFrame([tuple(row.values()) for row in ROWS], list(ROWS[0]))
    return frame.repartition(2, "id")


def test_a_frame_is_filtered_and_all_workers_are_counted(spark: Any) -> None:
    one, counted = gate(), SharedTally(spark)
    kept = allowed(pages(spark), one, tally=counted)
    assert kept.columns == list(ROWS[0])
    assert sorted(row.id for row in kept.collect()) == KEPT
    assert counted.value.as_dict()["dropped"] == DROPPED
    assert counted.value.examples["C1"] == ["https://img.pirate.example/1"]
    assert one.tally.rows == 0  # the workers' own gates were asked


def test_the_answers_are_those_of_one_process_row_for_row(spark: Any) -> None:
    frame = pages(spark)
    frame = frame.withColumn("Verdict", frame["text"])  # to Spark the name of an answer
    rows = {row.id: row.asDict() for row in judged(frame, gate()).collect()}
    answers = gate().answers(COLUMNS).to_pylist()
    for row, answer in zip(ROWS, answers, strict=True):
        found = rows[row["id"]]
        assert found["Verdict"] == row["text"]
        answer["crawlgate_verdict"] = answer.pop("verdict")
        assert {name: found[name] for name in answer} == answer
    assert [rows[n]["crawlgate_verdict"] for n in COLUMNS["id"]] == VERDICTS


def test_instants_of_spark_are_times(spark: Any) -> None:
    from pyspark.sql import functions as f

    frame = pages(spark).withColumn("time", f.to_timestamp("time"))
    assert sorted(row.id for row in allowed(frame, gate()).collect()) == KEPT
    naive = frame.withColumn("time", f.col("time").cast("timestamp_ntz"))
    assert allowed(naive, gate()).collect() == []
    assert sorted(row.id for row in allowed(naive, gate(zone="UTC")).collect()) == KEPT


def test_a_frame_without_urls_is_told_before_it_runs(spark: Any) -> None:
    with pytest.raises(ConfigError, match="no column of URLs was found among id"):
        allowed(pages(spark).select("id"), gate())


def test_what_the_docs_show(
    spark: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    run("Spark", spark=spark)
    assert sorted(row.id for row in spark.read.parquet("kept/").collect()) == KEPT
    assert "8 rows: 3 not_judged, 2 allow" in capsys.readouterr().out


def test_an_audit_says_what_one_machine_says(spark: Any, tmp_path: Path) -> None:
    log, counted, one = cluster_log.pages(), SharedTally(spark), cluster_log.gate(notices=None)
    rows, robots = spark.createDataFrame(log), spark.createDataFrame(cluster_log.evidence())
    found = audited(rows, one, robots, parts=4, order="id", tally=counted).collect()
    assert len(found) == len(log)
    assert cluster_log.told([row.asDict() for row in found]) == cluster_log.on_one_machine(tmp_path, log)
    assert counted.value.rows == len(log)
    alone = audited(rows, one, parts=2, order="id").collect()
    assert {row.verdict for row in alone} == {"deny", "review", None}  # nothing is on record


def test_a_site_cannot_be_spread_where_its_rows_are_compared(spark: Any) -> None:
    rows = spark.createDataFrame(cluster_log.pages())
    with pytest.raises(ConfigError, match=r"site5\.example cannot be spread"):
        audited(rows, cluster_log.gate(), heavy={"site5.example": 2})


def test_answers_are_counted_by_spark_as_well(spark: Any) -> None:
    answered = judged(pages(spark), gate()).cache()
    told = counted(answered, gate())
    assert dict(told.dropped) == DROPPED
    assert told.examples["C1"] == ["https://img.pirate.example/1"]
    assert told.rows == len(ROWS)
    answered.unpersist()


CONNECT = """
from pyspark.sql import SparkSession
from crawlgate import ConfigError
from crawlgate.integrations.spark import SharedTally, allowed, audited, counted, judged
from tests.integrations.pages import ROWS, gate

builder = SparkSession.builder.remote("local[1]")
for name, value in {
    "spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "512m", "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "1",
}.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
pages, one = spark.createDataFrame([tuple(row.values()) for row in ROWS], list(ROWS[0])), gate()
try:
    SharedTally(spark)
except ConfigError as error:
    refused = str(error)
print(repr({
    "kind": type(spark).__module__,
    "kept": sorted(row.id for row in allowed(pages, one).collect()),
    "dropped": dict(counted(judged(pages, one), one).dropped),
    "audited": sorted((row.id, row.verdict) for row in audited(pages, one, parts=1).collect()),
    "refused": refused,
}))
spark.stop()
"""


def test_spark_connect(tmp_path: Path) -> None:
    for name in ("grpc_status", "zstandard"):
        pytest.importorskip(name, reason="pyspark's extra connect is not installed")
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CONNECT],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = ast.literal_eval(done.stdout[done.stdout.index("{") :])
    assert found["kind"].startswith("pyspark.sql.connect")
    assert found["kept"] == KEPT
    assert found["dropped"] == DROPPED
    assert [verdict for _, verdict in found["audited"]] == VERDICTS
    assert "counted(judged(frame, gate), gate)" in found["refused"]
