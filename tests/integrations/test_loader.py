"""Rows on their way into training: dropped, counted, continued where they stopped."""

from __future__ import annotations

import multiprocessing
import pickle
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError
from crawlgate.integrations.loader import AllowedRows, allowed_rows
from tests.integrations.pages import AT, DROPPED, KEPT, ROWS, gate


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
