"""What docs/pipelines.md shows runs, and keeps what is allowed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("pyarrow", reason="the audit extra is not installed")
import pyarrow.parquet as pq

from crawlgate.cli import main as entry  # noqa: F401 - the command is installed
from crawlgate.cli.main import cli
from crawlgate.testing import FakeWeb
from tests.integrations.pages import COLUMNS
from tests.integrations.snippets import GATE, KEPT, SITES, command, fill, run, sections

RUN_ELSEWHERE = {"Ray Data", "Spark", "Airflow", "PyTorch", GATE}  # in their own tests


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    fill(tmp_path)
    return tmp_path


def ids(file: Path) -> list[int]:
    return list(pq.read_table(file)["id"].to_pylist())


def test_every_section_with_a_snippet_is_run() -> None:
    assert {heading for heading, blocks in sections().items() if blocks} - RUN_ELSEWHERE == {
        "Arrow, polars, pandas",
        "polars, lazy",
        "DuckDB",
        "Hugging Face datasets",
        "datatrove",
        "Training loaders",
        "Dagster",
        "img2dataset",
    }


def test_arrow_polars_pandas(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("polars")
    found = run("Arrow, polars, pandas")
    assert found["kept"]["id"].to_list() == KEPT
    assert found["gate"].tally.rows == len(COLUMNS["id"])
    assert "B2 A measure against AI collection" in capsys.readouterr().out


def test_polars_lazy(here: Path) -> None:
    pytest.importorskip("polars")
    run("polars, lazy")
    assert ids(here / "allowed.parquet") == KEPT


def test_duckdb(here: Path) -> None:
    pytest.importorskip("duckdb")
    found = run("DuckDB")
    assert [number for number, _ in found["found"]] == KEPT
    found["con"].close()
    assert found["gate"].tally == found["other"].tally
    assert found["gate"].tally.rows == len(COLUMNS["id"])
    assert ids(here / "allowed.parquet") == KEPT


def test_datasets(here: Path) -> None:
    pytest.importorskip("datasets")
    found = run("Hugging Face datasets")
    assert [row["id"] for row in found["kept"]] == KEPT
    assert found["gate"].tally.rows == len(COLUMNS["id"])


def test_datatrove(here: Path) -> None:
    pytest.importorskip("datatrove")
    run("datatrove")
    lines = [
        json.loads(line)
        for file in (here / "kept").glob("*.gz")
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]
    assert [line["text"] for line in lines] == ["one", "three"]
    assert "dropped_B2" in (here / "logs" / "stats.json").read_text()


def test_loaders(here: Path) -> None:
    assert run("Training loaders")["gate"].tally.verdicts == {"allow": 1}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_dagster(here: Path) -> None:
    pytest.importorskip("dagster")
    found = run("Dagster")
    done = found["done"]
    (made,) = done.get_asset_materialization_events()
    assert made.materialization.metadata["tally"].value == found["gate"].tally.as_dict()
    assert found["gate"].tally.dropped["B2"]
    assert [evaluation.passed for evaluation in done.get_asset_check_evaluations()] == [True]


def test_img2dataset(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web = FakeWeb({f"https://{host}/robots.txt": text for host, (status, text) in SITES.items() if status == 200})
    import crawlgate

    real = crawlgate.Gate
    monkeypatch.setattr(crawlgate, "Gate", lambda declared: real(declared, evidence_transport=web.transport()))
    found = run("img2dataset")
    urls = ["https://open.example/1.jpg", "http://plain.example/1.jpg"]
    assert pq.read_table(here / "allowed.parquet")["url"].to_pylist() == urls
    assert dict(found["before"].tally.dropped) == {"B2": 1, "not_judged: no_scheme": 1, "not_judged: null": 1}
    assert found["judged"].select(["key", "verdict"]).to_pylist() == [{"key": "0", "verdict": "allow"}]


def test_the_command_of_the_airflow_task(here: Path) -> None:
    (here / "me.toml").write_text(
        'operator = "Example Lab"\ntoken = "ExampleBot"\nuser_agent = "ExampleBot/1.0"\ntoken_published = true\n'
        'purposes = ["pretraining"]\n'
    )
    program, *words = command("Airflow")
    assert program == "crawlgate"
    told: Any = CliRunner().invoke(cli, words)
    assert told.exit_code == 4, told.output
    table = pq.read_table(here / "pages.parquet")
    for rows, code in ((table.slice(0, 4), 1), (table.slice(0, 1), 0)):
        pq.write_table(rows, here / "pages.parquet")
        words[words.index("--out") + 1] = f"audit-{code}/"
        assert CliRunner().invoke(cli, words).exit_code == code
