"""datatrove behind the gate, run by its own executor: what is kept, what is written aside, and the statistics."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datatrove", reason="the datatrove extra is not installed")

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from crawlgate import ConfigError
from crawlgate.integrations.datatrove import GateFilter
from tests.integrations.pages import AT, DROPPED, KEPT, ROWS, gate

REASONS = {
    "2": "B2",
    "4": "C1",
    "5": "B2",
    "6": "not_judged_no_scheme",
    "7": "not_judged_null",
    "8": "not_judged_no_time",
}


def read(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(folder.glob("*.jsonl.gz"))
        for line in gzip.open(file, "rt", encoding="utf-8")
    ]


def run(tmp_path: Path, one: Any, **options: Any) -> Any:
    source = tmp_path / "in"
    source.mkdir()
    for shard in range(2):
        lines = [json.dumps({**row, "id": str(row["id"])}) for row in ROWS[shard::2]]
        (source / f"{shard}.jsonl").write_text("\n".join(lines) + "\n")
    gated = GateFilter(one, exclusion_writer=JsonlWriter(str(tmp_path / "dropped")), batch_size=3)
    steps = [JsonlReader(str(source)), gated, LambdaFilter(lambda doc: True), JsonlWriter(str(tmp_path / "kept"))]
    return LocalPipelineExecutor(steps, logging_dir=str(tmp_path / "logs"), **options).run()


def test_an_executor_keeps_what_is_allowed_and_says_why_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "crawlgate.batch")
    one = gate()
    stats = run(tmp_path, one, tasks=2, workers=1)
    assert sorted(doc["id"] for doc in read(tmp_path / "kept")) == [str(n) for n in KEPT]
    dropped = read(tmp_path / "dropped")
    assert {doc["id"]: doc["metadata"]["filter_reason"] for doc in dropped} == REASONS
    told = json.loads((tmp_path / "logs" / "stats.json").read_text())
    counts = next(step["stats"] for step in told if "crawlgate" in step["name"])
    assert counts["total"] == len(ROWS)
    assert counts["dropped"]["total"] if isinstance(counts["dropped"], dict) else counts["dropped"] == 6
    found = {name.removeprefix("dropped_"): value for name, value in counts.items() if name.startswith("dropped_")}
    plain = {name: value["total"] if isinstance(value, dict) else value for name, value in found.items()}
    assert plain == {reason: list(REASONS.values()).count(reason) for reason in REASONS.values()}
    assert dict(one.tally.dropped) == DROPPED
    assert stats is not None
    logged = [
        record.getMessage().partition(" rows:")[0] for record in caplog.records if record.name == "crawlgate.batch"
    ]
    assert logged == [f"datatrove task {task}: {len(ROWS[task::2])}" for task in range(2)]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_tasks_run_in_processes_of_their_own(tmp_path: Path) -> None:
    run(tmp_path, gate(), tasks=2, workers=2, start_method="forkserver")
    assert sorted(doc["id"] for doc in read(tmp_path / "kept")) == [str(n) for n in KEPT]
    assert {doc["id"]: doc["metadata"]["filter_reason"] for doc in read(tmp_path / "dropped")} == REASONS


def test_single_documents_and_those_without_a_url() -> None:
    one = GateFilter(gate())
    assert one.filter(Document("x", "1", metadata={"url": ROWS[0]["url"], "date": ROWS[0]["time"]})) is True
    assert one.filter(Document("x", "2", metadata={"url": ROWS[1]["url"], "date": ROWS[1]["time"]})) == (False, "B2")
    assert GateFilter(gate(as_of=AT)).filter(Document("x", "3")) == (False, "not_judged_null")
    with pytest.raises(ConfigError, match="no column of times was found among url; name it with time="):
        GateFilter(gate()).filter(Document("x", "4", metadata={"url": "https://open.example/"}))
    # Where documents before it had one, it is counted.
    assert one.filter(Document("x", "4", metadata={"url": "https://open.example/"})) == (False, "not_judged_no_time")


def test_observing_drops_nothing() -> None:
    one = gate(mode="observe")
    documents = [Document("x", str(row["id"]), metadata=dict(row)) for row in ROWS]
    assert len(list(GateFilter(one)(iter(documents)))) == len(ROWS)
    assert dict(one.tally.dropped) == DROPPED
