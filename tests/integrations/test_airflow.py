"""The recipe for Airflow, run as a DAG of it in a process of its own. Airflow pins its whole environment: the test runs
where somebody installed it beside crawlgate."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")
import pyarrow.parquet as pq

from tests.integrations.snippets import DOCS, KEPT, fill, sections

pytestmark = pytest.mark.skipif(find_spec("airflow") is None, reason="Airflow pins its environment: not installed here")

RUN = """
import pathlib, sys
space = {"__name__": "recipe"}
exec(compile(pathlib.Path(sys.argv[1]).read_text(), sys.argv[1], "exec"), space)
dag = space["cleaned_pages"]()
run = dag.test()
states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
print("STATES", repr(states))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "state"), [(slice(0, 1), "success"), (slice(0, 4), "failed")])
def test_a_dag_keeps_what_is_allowed_and_fails_where_rows_are_denied(tmp_path: Path, rows: slice, state: str) -> None:
    fill(tmp_path)
    pq.write_table(pq.read_table(tmp_path / "pages.parquet")[rows.start : rows.stop], tmp_path / "pages.parquet")
    (tmp_path / "me.toml").write_text(
        'operator = "Example Lab"\ntoken = "ExampleBot"\nuser_agent = "ExampleBot/1.0"\ntoken_published = true\n'
        'purposes = ["pretraining"]\n'
    )
    (recipe,) = sections()["Airflow"]
    dags = tmp_path / "airflow" / "dags"
    dags.mkdir(parents=True)
    (dags / "recipe.py").write_text(recipe.replace("/data/crawl", str(tmp_path)))
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }

    def run(*words: str) -> Any:
        return subprocess.run(
            words, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )

    for words in (["db", "migrate"], ["dags", "reserialize"]):
        made = run(sys.executable, "-m", "airflow", *words)
        assert made.returncode == 0, made.stderr[-3000:]
    done = run(sys.executable, "-c", RUN, str(dags / "recipe.py"))
    log, _, told = done.stdout.rpartition("STATES ")
    assert told, f"{DOCS.name}: {done.stderr[-3000:]}"
    assert ("B2 A measure against AI collection" in log) == ("exited with return code 1" in log) == (state == "failed")
    assert "1 allow" in log or "2 allow" in log
    assert ast.literal_eval(told.strip()) == {"keep_allowed": "success", "covered": state}
    assert pq.read_table(tmp_path / "allowed.parquet")["id"].to_pylist() == [n for n in KEPT if n <= rows.stop]
