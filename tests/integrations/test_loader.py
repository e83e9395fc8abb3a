"""Rows on their way into training: dropped, counted, continued where they stopped."""

from __future__ import annotations

import multiprocessing
import pickle
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError
from crawlgate.integrations.loader import AllowedRows, allowed_rows
from tests.integrations.pages import AT, DROPPED, KEPT, ROWS, gate
from tests.integrations.snippets import GATE, fill, sections


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_rows_pass_in_their_order_and_the_rest_is_told(batch_size: int, caplog: pytest.LogCaptureFixture) -> None:
    one = gate()
    with caplog.at_level("INFO", "crawlgate"):
        assert list(allowed_rows(iter(ROWS), one, batch_size=batch_size)) == [ROWS[0], ROWS[2]]
    assert dict(one.tally.dropped) == DROPPED
    assert "loader: 8 rows" in caplog.text


def test_a_row_without_a_url_is_dropped_not_raised() -> None:
    rows: list[dict[str, Any]] = [{"text": "no url"}, {"url": "https://open.example/", "text": "one"}, {}]
    one = gate(as_of=AT)
    assert [row["text"] for row in allowed_rows(rows, one, batch_size=1)] == ["one"]
    assert dict(one.tally.dropped) == {"not_judged: null": 2}
    with pytest.raises(ConfigError, match="no column of times was found among text, url; name it with time="):
        list(allowed_rows([{"text": "x", "url": "https://open.example/"}], gate()))


def test_a_passage_continues_where_it_stopped() -> None:
    first = allowed_rows(ROWS, gate(), batch_size=4)
    passing = iter(first)
    assert next(passing)["id"] == 1
    place = pickle.loads(pickle.dumps(first.state_dict()))
    one = gate()
    later = allowed_rows(ROWS, one, batch_size=4)
    later.load_state_dict(place)
    assert [row["id"] for row in later] == KEPT[1:]
    assert one.tally.rows == len(ROWS) - 1
    assert [row["id"] for row in later] == KEPT  # the next passage begins at the beginning
    assert later.state_dict() == {"taken": len(ROWS)}


def work(rows: AllowedRows[dict[str, Any]], results: Any) -> None:
    results.put([row["id"] for row in rows])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("method", "count"), [("fork", 2), pytest.param("spawn", 1, marks=pytest.mark.slow)])
def test_worker_processes_take_it_along(method: str, count: int) -> None:
    one = gate()
    one.mask({"url": ["https://open.example/"], "time": [AT]})  # was at work before the workers began
    context = multiprocessing.get_context(method)
    results = context.Queue()
    workers = [context.Process(target=work, args=(allowed_rows(ROWS[n::count], one), results)) for n in range(count)]
    for worker in workers:
        worker.start()
    found = sorted(number for _ in workers for number in results.get(timeout=60))
    for worker in workers:
        worker.join()
    results.close()
    results.join_thread()
    assert found == KEPT
    assert one.tally.rows == 1


def test_a_batch_has_rows() -> None:
    with pytest.raises(ConfigError, match="batch_size is 0; it is 1 or more"):
        allowed_rows(ROWS, gate(), batch_size=0)


# -- what a passage counts ----------------------------------------------------------------------------------------------


def train(rows: Any) -> None:
    for row in rows:
        row["id"] /= 0


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(" rows")[0] for record in caplog.records]


def test_a_passage_tells_of_itself_and_a_gate_of_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "crawlgate")
    one = gate()
    rows = allowed_rows(ROWS, one, batch_size=3)
    for _ in range(2):
        assert [row["id"] for row in rows] == KEPT
    assert logged(caplog) == [f"loader: {len(ROWS)}"] * 2
    assert one.tally.rows == 2 * len(ROWS)


@pytest.mark.parametrize("batch_size", [1, 4, 1000])
def test_a_passage_that_is_left_counts_what_it_gave_and_the_next_one_the_rest(
    batch_size: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "crawlgate")
    one = gate()
    first = allowed_rows(ROWS, one, batch_size=batch_size)
    for _ in first:
        break
    assert one.tally.verdicts == {"allow": 1}
    later = allowed_rows(ROWS, one, batch_size=batch_size)
    later.load_state_dict(first.state_dict())
    assert later.state_dict() == first.state_dict()  # as where it is saved again before a row was asked for
    with pytest.raises(ZeroDivisionError):
        train(later)
    last = allowed_rows(ROWS, one, batch_size=batch_size)
    last.load_state_dict(later.state_dict())
    assert list(last) == []
    assert logged(caplog) == ["loader: 1", "loader: 2", "loader: 5"]
    assert dict(one.tally.dropped) == DROPPED
    assert one.tally.rows == len(ROWS)


def test_a_source_that_breaks_is_told_with_what_passed_before(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "crawlgate")

    def source() -> Any:
        yield from ROWS[:5]
        raise OSError("the disk is gone")

    rows, passed = allowed_rows(source(), gate(), batch_size=2), []
    with pytest.raises(OSError, match="the disk is gone"):
        passed += [row["id"] for row in rows]
    assert logged(caplog) == ["loader: 4"]
    assert rows.state_dict() == {"taken": 4}


def test_rows_that_lack_what_those_before_had_are_dropped_and_no_error() -> None:
    rows = [*ROWS[:2], {"id": 9, "url": "https://open.example/"}, {"id": 10, "text": "neither"}, *ROWS[2:3]]
    one = gate()
    assert [row["id"] for row in allowed_rows(rows, one, batch_size=1)] == KEPT
    assert one.tally.dropped["not_judged: no_time"] == 2


@pytest.mark.parametrize("place", [{}, {"taken": -1}, {"taken": "3"}, None, 3])
def test_what_is_no_place_is_told(place: Any) -> None:
    with pytest.raises(ConfigError, match="is no place in a passage; pass what state_dict"):
        allowed_rows(ROWS, gate()).load_state_dict(place)


@pytest.mark.parametrize("row", ["https://open.example/", ("url", "x"), None, 7])
def test_what_is_no_row_is_told(row: Any) -> None:
    with pytest.raises(ConfigError, match=f"a row is {type(row).__name__}, no mapping"):
        list(allowed_rows([row], gate(as_of=AT)))


ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="torch, a gigabyte, is not installed beside the tests")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_what_the_docs_show_for_torch(method: str, tmp_path: Path) -> None:
    fill(tmp_path)
    shown = "\n".join(sections()[GATE] + sections()["PyTorch"]).replace(
        "num_workers=2", f'num_workers=2, multiprocessing_context="{method}"'
    )
    file = tmp_path / "training.py"
    file.write_text(shown.replace('batch["text"]', 'print("batch", len(batch["text"]))') + "    print(gate.tally)\n")
    done = subprocess.run(
        [sys.executable, file], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert sum(int(size) for size in re.findall(r"batch (\d+)", done.stdout)) == 100
    told = re.findall(r"worker (\d): loader: (\d+) rows: (\d+) allow", done.stderr)
    assert sorted(told) == [("0", "50", "50"), ("1", "50", "50")]
    assert "0 rows" in done.stdout.splitlines()
