"""A run that was broken, wherever, goes on and ends in the same bytes; one that was not finished is no audit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError
from crawlgate.audit.output import draft, growing
from crawlgate.audit.run import Audit
from tests.audit.output.audits import CLOSED, START, Scene, filled, outputs, robots

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_in_the_bytes_of_one_that_was_not(tmp_path: Path) -> None:
    hows = ("unbroken", "anywhere", "at_the_disk")
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.audit.output.killed", str(tmp_path / how), "7", how],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for how in hows
    ]
    told = [program.communicate(timeout=100)[0].split() for program in programs]
    assert [(status, int(kills) > 0) for kills, _, status in told] == [("0", False), ("0", True), ("0", True)]
    whole, *broken = (outputs(Scene(tmp_path / how)) for how in hows)
    assert len(whole) == 7
    for one in broken:
        assert one.keys() == whole.keys()
        assert [name for name in whole if one[name] != whole[name]] == []


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(draft, "GROUP", 50)
    return filled(tmp_path, 600)


def broken(scene: Scene, monkeypatch: pytest.MonkeyPatch, after: int = 3) -> list[Path]:
    """Break a run after some batches; the inputs."""
    paths = sorted(scene.folder.glob("data-*"))
    judge, left = Audit._judge_batch, [after]

    def breaking(*arguments: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        judge(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Audit, "_judge_batch", breaking)
        with pytest.raises(KeyboardInterrupt):
            scene.audit(paths, batch=40)
    assert [one.name for one in (scene.folder / "out").iterdir()] == [draft.FOLDER]
    return paths


def test_rows_that_were_judged_are_not_judged_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = broken(scene, monkeypatch)
    seen = []
    judge = Audit._judge_batch
    with monkeypatch.context() as patched:
        patched.setattr(Audit, "_judge_batch", lambda *given: (seen.append(given[1].first), judge(*given)))
        scene.audit(paths, batch=40, resume=True)
    assert seen[0] == 80  # two batches were written down
    first = outputs(scene)
    scene.audit(paths, batch=40)
    assert outputs(scene) == first


def test_an_unfinished_audit_is_not_overwritten_unasked(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = broken(scene, monkeypatch)
    with pytest.raises(ConfigError, match=r"was not finished; go on with --resume, or delete .*\.unfinished"):
        scene.audit(paths, batch=40)
    with pytest.raises(ConfigError, match=r"of another question: other profile"):
        scene.audit(paths, batch=40, resume=True, profile="strict")
    with pytest.raises(ConfigError, match=r"other as_of \(before: fetched\)"):
        scene.audit(paths, batch=40, resume=True, as_of=START)
    scene.write("data-3.parquet", scene.rows[:3])
    with pytest.raises(ConfigError, match=r"other inputs \(.*data-3.parquet\)"):
        scene.audit(paths, batch=40, resume=True)


def test_a_finished_audit_is_told_again_and_nothing_is_done(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(scene.folder.glob("data-*"))
    done = scene.audit(paths, resume=True)
    assert done.fresh
    monkeypatch.setattr(Audit, "_judge_batch", None)
    again = scene.audit(paths, resume=True)
    assert (again.fresh, again.summary) == (False, done.summary)


def test_a_finished_audit_of_another_question_is_named_and_left_alone(scene: Scene) -> None:
    paths = sorted(scene.folder.glob("data-*"))
    scene.audit(paths)
    first = outputs(scene)
    with pytest.raises(ConfigError, match=r"a finished audit of another question: other profile; ask it as before"):
        scene.audit(paths, resume=True, profile="strict")
    with pytest.raises(ConfigError, match=r"other inputs \(.*data-"):
        scene.audit(paths[:-1], resume=True)
    assert outputs(scene) == first
    assert scene.audit(paths[:-1]).fresh


def test_a_run_that_is_broken_before_anything_was_written_down_leaves_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(scene.folder.glob("data-*"))
    monkeypatch.setattr(Audit, "_judge_batch", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        scene.audit(paths)
    assert list((scene.folder / "out").iterdir()) == []


def _interrupted(*_given: object) -> None:
    raise KeyboardInterrupt


def test_an_input_that_changes_while_it_is_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path)
    scene.evidence = [robots("a.example", 0, CLOSED)]
    scene.row("https://a.example/", 0.5)
    path = scene.write()
    real = Audit._judge_batch

    def changing(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        os.utime(path, (1, 1))

    monkeypatch.setattr(Audit, "_judge_batch", changing)
    with pytest.raises(ConfigError, match=r"data.parquet changed while it was read"):
        scene.audit([path])
    assert not (tmp_path / "out" / "summary.json").exists()


def test_a_growing_file_is_one_that_others_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"a": pa.array(["x", "y", None]).dictionary_encode(), "b": [[1], [], None], "c": [1.5, None, 2.0]})
    marked = table.schema.with_metadata({"k": "v"})
    path = tmp_path / "t.parquet"
    growing_file = growing.GrowingParquet(path, marked)
    for _ in range(20):
        growing_file.write(table)
    state = growing_file.state
    growing_file.write(table)
    assert growing_file.reader().read(columns=["c"]).num_rows == 63
    growing_file.finish()
    whole = path.read_bytes()
    with path.open("ab") as more:
        more.write(b"what a broken run left")
    again = growing.GrowingParquet(path, marked, state=state)
    again.write(table)
    again.finish()
    assert path.read_bytes() == whole
    with pq.ParquetFile(path) as read:
        assert (read.metadata.num_row_groups, read.schema_arrow.metadata) == (21, {b"k": b"v"})
        assert read.read().to_pylist() == table.to_pylist() * 21
    growing.GrowingParquet(tmp_path / "e.parquet", marked).finish()
    assert pq.read_table(tmp_path / "e.parquet").schema.names == ["a", "b", "c"]
