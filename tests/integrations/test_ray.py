"""Ray Data behind the gate, run for real on this machine with one worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="the ray extra is not installed")
import pyarrow.parquet as pq

from tests.audit import cluster_log
from tests.integrations.pages import COLUMNS, DROPPED, KEPT, ROWS, gate
from tests.integrations.snippets import fill, run

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`use_.*` is deprecated:DeprecationWarning"),  # Ray copies its own settings
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ray")
    fill(made)
    return made


@pytest.fixture(scope="module")
def ray(folder: Path) -> Iterator[Any]:
    """One worker on this machine, beginning in `folder`."""
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    patch.setenv("RAY_AUTH_MODE", "disabled")  # or a token is written into the user's home
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("PYTHONPATH", str(ROOT))  # inherited: a runtime_env would put aside the workers that Ray starts first
    import ray

    ray.init(
        num_cpus=2,  # one for the gate, one to read and write: with less Ray Data waits for ever
        include_dashboard=False,
        configure_logging=False,
        log_to_driver=False,
        object_store_memory=100_000_000,
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()
    patch.undo()


def test_what_the_docs_show(ray: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run("Ray Data")
    table = pq.read_table(folder / "kept")
    assert sorted(table["id"].to_pylist()) == KEPT
    assert "8 rows: 3 not_judged, 2 allow" in capsys.readouterr().out
    assert found["gate"].tally.rows == 0  # the workers' own gates were asked


def test_the_answers_are_those_of_one_process_row_for_row(ray: Any) -> None:
    from crawlgate.integrations.ray import SharedTally, judged

    counted = SharedTally()
    rows = ray.data.from_items(ROWS, override_num_blocks=2)
    found = {row["id"]: row for row in judged(rows, gate(), tally=counted).take_all()}
    assert counted.value.as_dict()["dropped"] == DROPPED
    assert counted.value.examples["C1"] == ["https://img.pirate.example/1"]
    for row, answer in zip(ROWS, gate().answers(COLUMNS).to_pylist(), strict=True):
        assert found[row["id"]] == {**row, **answer}


def test_an_audit_says_what_one_machine_says(ray: Any, tmp_path: Path) -> None:
    from crawlgate.integrations.ray import SharedTally, audited

    log, counted = cluster_log.pages(), SharedTally()
    rows, robots = ray.data.from_arrow(log), ray.data.from_arrow(cluster_log.evidence())
    found = audited(rows, cluster_log.gate(notices=None), robots, parts=2, order="id", tally=counted).take_all()
    assert len(found) == len(log)
    assert cluster_log.told(found) == cluster_log.on_one_machine(tmp_path, log)
    assert counted.value.rows == len(log)
