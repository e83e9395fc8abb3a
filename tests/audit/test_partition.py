"""An audit in parts says what an audit of the whole says."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from crawlgate import ConfigError
from crawlgate.audit.partition import PART, Parts, judge_part
from tests.audit.cluster_log import HOSTS, evidence, gate, on_one_machine, pages, told


def in_parts(log: pa.Table, count: int, heavy: dict[str, int] | None = None) -> list[dict[str, object]]:
    placing = Parts(count, heavy)
    parts, beside = placing.rows(log["url"]), placing.evidence(evidence())
    rows: list[dict[str, object]] = []
    for part in range(count):
        its = beside.filter(pa.array(np.asarray(beside[PART]) == part))
        answered, _ = judge_part(gate(notices=None), log.filter(pa.array(parts == part)), its, order="id")
        rows += answered.to_pylist()
    return rows


@pytest.mark.parametrize("count", [1, 3, 16])
def test_parts_say_what_the_whole_says(tmp_path: Path, count: int) -> None:
    log = pages()
    whole = on_one_machine(tmp_path, log)
    assert sum("B5=met" in found for _, found, _ in whole.values()) > 10
    assert told(in_parts(log, count)) == whole


def test_rows_of_a_site_that_is_too_large_are_spread_and_so_is_what_is_known_of_it(tmp_path: Path) -> None:
    log = pages(agents=False)
    heavy = {"site5.example": 4, "site7.co.jp": 2}
    parts = Parts(16, heavy).rows(log["url"])
    own = [n for n, url in enumerate(log["url"].to_pylist()) if url and "site5." in url]
    assert 1 < len(set(parts[own])) <= 4
    assert told(in_parts(log, 16, heavy)) == on_one_machine(tmp_path, log)


def test_a_site_is_in_one_part_whatever_its_hosts_and_the_process() -> None:
    placing = Parts(1000)
    first = placing.rows(pa.array([f"https://{host}/a" for host in HOSTS]))
    again = pickle.loads(pickle.dumps(placing))
    other = again.rows(pa.array([f"http://deeper.{host}:8080/b?c" for host in reversed(HOSTS)]))
    assert first.tolist() == list(reversed(other.tolist()))
    assert len(set(first.tolist())) > 30


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ConfigError, match="one at least"):
        Parts(0)
    with pytest.raises(ConfigError, match=r"a\.example cannot be spread over 9 of 4"):
        Parts(4, {"a.example": 9})
    with pytest.raises(ConfigError, match="a table of evidence has a column url"):
        Parts(4).evidence(pa.table({"url": ["a.example"], "text": [""]}))
    from tests.integrations.pages import book

    with pytest.raises(ConfigError, match="given twice"):
        judge_part(gate(evidence=book()), pages(), evidence())
