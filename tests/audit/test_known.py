"""What is known is answered in one loop: the same as the long way, row for row, and nothing new is made up."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.book import EvidenceBook  # noqa: E402
from crawlgate.audit.engine import Engine  # noqa: E402
from crawlgate.audit.tables import Columns, TableJudge  # noqa: E402
from crawlgate.model import Evidence, EvidenceKind  # noqa: E402
from tests.audit.test_differential import AT, COLLECTOR, urls_of, web  # noqa: E402
from tests.audit.test_kernels import ODD  # noqa: E402
from tests.integrations.pages import LISTED  # noqa: E402

COLUMNS = Columns("url", "time", "status", "agent")


def book(rnd: random.Random, files: dict[str, tuple[int, bytes] | None]) -> EvidenceBook:
    """Each file as it was received on one or two days."""
    found = EvidenceBook()
    for url, answer in files.items():
        status, body = answer or (None, b"")
        kind = EvidenceKind.ROBOTS if url.endswith("/robots.txt") else EvidenceKind.TDMREP
        for hours in rnd.sample((-40, -3, 0, 5), rnd.randint(1, 2)):
            digest = hashlib.sha256(body).hexdigest()
            at = AT + timedelta(hours=hours)
            error = "timeout" if answer is None else None
            told: dict[str, Any] = {"status": status, "body": body, "sha256": digest, "error": error}
            found.add(Evidence(id=url, kind=kind, url=url, final_url=url, fetched_at=at, **told))
    return found


def table(rnd: random.Random, urls: list[str | None]) -> Any:
    hours = [rnd.choice((-30, -2, 0, 1, 3, 30)) for _ in urls]
    times = [None if rnd.random() < 0.01 else AT + timedelta(hours=hour) for hour in hours]
    return pa.table(
        {
            "url": pa.array(urls, pa.string()),
            "time": pa.array([time and time.replace(year=1970) if rnd.random() < 0.01 else time for time in times]),
            "status": pa.array([rnd.choice((200, 200, 200, 301, 404, 999, 0, -9998, -1, None)) for _ in urls]),
            "agent": [rnd.choice((None, None, COLLECTOR.user_agent, "Firefox/1.0")) for _ in urls],
        }
    )


@pytest.fixture(scope="module")
def known() -> tuple[EvidenceBook, Any]:
    rnd = random.Random(5)
    sites = web(rnd, 40)
    urls: list[str | None] = [*urls_of(rnd, sites.hosts, 3_000), *ODD]
    rnd.shuffle(urls)
    return book(rnd, sites.files), table(rnd, urls)


def told(judge: TableJudge, found: Any, refused: Any) -> list[Any]:
    return [
        (judge.classes[n], int(line)) if n >= 0 else (refused[row], None)
        for row, (n, line) in enumerate(zip(found.classes.tolist(), found.lines.tolist(), strict=True))
    ]


def long_way(judge: TableJudge, rows: Any) -> list[Any]:
    return told(judge, *judge.judge(rows, COLUMNS))


def short_way(judge: TableJudge, rows: Any) -> list[Any]:
    found = judge.classes_of(rows, COLUMNS)
    return told(judge, found, found.refused)


@pytest.mark.parametrize("size", [1, 40, 1_000])
def test_what_is_known_is_answered_as_it_was_worked_out(known: tuple[EvidenceBook, Any], size: int) -> None:
    evidence, rows = known
    if size == 1:
        rows = rows[:300]
    expected = long_way(TableJudge(COLLECTOR, evidence=evidence, now=AT), rows)
    one = TableJudge(COLLECTOR, evidence=evidence, now=AT)
    for _ in range(2):  # the first time much is new
        parts = [rows[first : first + size] for first in range(0, len(rows), size)]
        assert [row for part in parts for row in short_way(one, part)] == expected
    if size > 1:
        assert len({one for one, _ in expected}) > 30


def test_rows_of_known_hosts_are_not_worked_out_again(
    known: tuple[EvidenceBook, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawlgate.batch import TableGate
    from crawlgate.blocklist.match import NoticeIndex
    from crawlgate.blocklist.target import DEFAULT_SUFFIXES

    evidence, _ = known
    gate = TableGate(COLLECTOR, evidence=evidence, notices=NoticeIndex([LISTED], DEFAULT_SUFFIXES), as_of=AT)
    urls = ["https://h8.example/b", "https://h8.example/%62|", "https://h9.example/a/.git", "https://a.pirate.example/"]
    first = gate.mask({"url": urls})
    monkeypatch.delattr(Engine, "judge")
    assert gate.mask({"url": urls[::-1] * 3}) == pa.array(first.to_pylist()[::-1] * 3)
    with pytest.raises(AttributeError):
        gate.mask({"url": ["https://new.example/"]})


def test_a_host_that_was_only_known_for_another_time_is_worked_out(known: tuple[EvidenceBook, Any]) -> None:
    evidence, _ = known
    fresh = TableJudge(COLLECTOR, evidence=evidence, now=AT)
    one = TableJudge(COLLECTOR, evidence=evidence, now=AT)
    for hours in (0, -50, 20, 0):
        rows = table(random.Random(1), ["https://h5.example/a"] * 3).set_column(
            1, "time", pa.array([AT + timedelta(hours=hours)] * 3)
        )
        assert short_way(one, rows) == long_way(fresh, rows)
