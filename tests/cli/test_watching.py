"""How long runs tell of themselves: plain lines in a pipe, now and then; a bar on a terminal; nothing when quiet."""

from __future__ import annotations

import os
import pty
import sys
import time

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.output.course import Moment
from crawlgate.cli.watching import Pace, watching
from tests.audit.output.audits import Scene


def test_a_line_is_said_when_it_is_time_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(quiet=False, every=0) as watch:
        assert watch is not None
        watch.phase("digests")
        watch.moment(Moment(1_000_000, 0.25, "a.parquet"))
        time.sleep(0.01)
        watch.moment(Moment(2_000_000, 0.5, "b.parquet"))
    first, second, third = capsys.readouterr().err.splitlines()
    assert first == "crawlgate audit: digests of the inputs"
    assert second == "crawlgate audit: 25% read, 1,000,000 rows (a.parquet)"
    assert third.startswith("crawlgate audit: 50% read, 2,000,000 rows, ")
    assert third.endswith("a second, 0:00 left (b.parquet)")
    with watching(quiet=False) as watch:
        assert watch is not None
        watch.moment(Moment(1, 0.5, "a"))
    with watching(quiet=True) as watch:
        assert watch is None
    assert capsys.readouterr().err == ""


def test_rate_and_time_left_are_those_of_this_run() -> None:
    pace = Pace()
    assert pace.said(Moment(500, 0.5, ""), 100.0) == "500 rows"  # of a run before this one
    assert pace.said(Moment(700, 0.6, ""), 110.0) == "700 rows, 20 a second, 0:40 left"
    assert pace.said(Moment(100_500, 0.501, ""), 7300.0).endswith("left")
    assert pace.said(Moment(700, 0.51, ""), 8300.0) == "700 rows, 0 a second, 111:36:40 left"


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with watching(quiet=False) as watch:
            assert watch is not None
            watch.phase("rows")
            watch.moment(Moment(1_234_567, 0.5, "a"))
            time.sleep(0.2)
        terminal.flush()
        shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert "judging rows" in shown
    assert "50%" in shown
    assert "1,234,567 rows" in shown


def test_the_share_goes_from_nothing_to_all(scene: Scene) -> None:
    moments: list[Moment] = []
    phases: list[str] = []

    class Watch:
        def phase(self, name: str) -> None:
            phases.append(name)

        def moment(self, moment: Moment) -> None:
            moments.append(moment)

    scene.watch = Watch()
    for n in range(100):
        scene.row(f"https://a.example/{n}", n / 100)
    lines = "".join(f"{row['url']},{row['time'].isoformat()}\n" for row in scene.rows)
    (scene.folder / "b.csv").write_text("url,time\n" + lines, "utf-8")
    scene.audit([scene.write(), scene.folder / "b.csv"], batch=20)
    shares = [moment.share for moment in moments]
    assert shares == sorted(shares)
    assert len(set(shares)) > 8  # within both files
    assert (moments[-1].share, moments[-1].rows) == (1.0, 200)
    assert [name for name in phases if name != "behaviour"] == ["digests", "rows", "outputs"]


@pytest.fixture
def scene(tmp_path: object) -> Scene:
    return Scene(tmp_path)  # type: ignore[arg-type]
