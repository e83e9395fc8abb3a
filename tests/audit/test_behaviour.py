"""Behaviour across the rows of a log is what a gate says of the same attempts, one after another."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlgate import Declaration, Gate
from crawlgate.model import Evidence, EvidenceKind
from crawlgate.testing import FakeClock, FakeWeb

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.behaviour import shows  # noqa: E402
from crawlgate.audit.book import EvidenceBook  # noqa: E402
from crawlgate.audit.past import Past  # noqa: E402
from crawlgate.audit.readers import Batch  # noqa: E402
from crawlgate.audit.rows import NO_ANSWER, ROBOTS_PRECLUDED  # noqa: E402
from crawlgate.audit.tables import Columns, TableJudge  # noqa: E402

START = datetime(2024, 5, 1, tzinfo=UTC)
OURS, NEWER, BROWSER, FOREIGN = (
    "ExampleBot/1.0",
    "ExampleBot/2.0 (+https://lab.example)",
    "Mozilla/5.0",
    "Googlebot/2.1",
)
DECLARED = Declaration(
    operator="Example Lab", token="ExampleBot", token_published=True, purposes=["pretraining"], user_agent=OURS
)
COLUMNS = Columns("url", "time", "status", "user_agent", proxy="proxy")
Attempt = tuple[str, int, str | None, str | None]
"""URL, status, user agent, proxy."""


def table(attempts: list[Attempt], every: timedelta = timedelta(minutes=1)) -> Any:
    """A log in which an attempt is made every minute."""
    rows = [
        {"url": url, "status": status, "user_agent": agent, "proxy": proxy, "time": START + n * every}
        for n, (url, status, agent, proxy) in enumerate(attempts)
    ]
    schema = [("url", pa.string()), ("status", pa.int32()), ("user_agent", pa.string()), ("proxy", pa.string())]
    return pa.Table.from_pylist(rows, schema=pa.schema([*schema, ("time", pa.timestamp("us", "UTC"))]))


def nothing_in_the_way(hosts: set[str], body: str = "") -> EvidenceBook:
    book = EvidenceBook()
    for host in hosts:
        for day in range(60):
            url = f"https://{host}/robots.txt"
            book.add(
                Evidence(
                    id="r",
                    kind=EvidenceKind.ROBOTS,
                    url=url,
                    final_url=url,
                    fetched_at=START + timedelta(days=day, hours=-1),
                    status=200 if body else 404,
                    body=body.encode(),
                    sha256=body,
                )
            )
    return book


B5 = tuple[str, str] | None


def audited(batches: list[Any], book: EvidenceBook, columns: Columns = COLUMNS) -> list[list[tuple[B5, int]]]:
    """What is said of each row of each batch (a file each): outcome and reason of B5, and the row compared with."""
    judge = TableJudge(DECLARED, evidence=book)
    past = Past(judge)
    files = [Batch(Path(f"{n}.parquet"), 0, batch, columns) for n, batch in enumerate(batches)]
    for number, file in enumerate(files):
        past.note(file, number)
    past.settle()
    found = []
    for number, file in enumerate(files):
        seen = past.look(file, number)
        earlier = [-1] * len(file.rows) if seen.earlier is None else seen.earlier
        judged, refused = judge.judge(file.rows, columns, seen.particulars, seen.shown, seen.refused)
        assert not refused
        said = [next((f for f in judge.classes[c].findings if f.criterion == "B5"), None) for c in judged.classes]
        found.append([((str(f.outcome), f.reason) if f else None, int(n)) for f, n in zip(said, earlier, strict=True)])
    return found


def by_gate(attempts: list[Attempt], home: Path, every: timedelta = timedelta(minutes=1)) -> list[B5]:
    """What a gate says that is told of the attempts as they are made."""
    web, clock = FakeWeb({}), FakeClock()
    said: list[B5] = []
    with Gate(DECLARED, home=home, evidence_transport=web.transport(), clock=clock) as gate:
        for url, status, agent, proxy in attempts:
            decision = gate.inspect(url, status=status, headers={}, body=b"", user_agent=agent, proxy=proxy)
            finding = decision.basis.finding("B5")
            said.append(None if finding is None else (str(finding.outcome), finding.reason))
            clock.advance(every.total_seconds())
    return said


def random_attempts(seed: int, count: int) -> list[Attempt]:
    rnd = random.Random(seed)
    hosts = ["www.one.example", "two.one.example", "three.test", "four.github.io", "five.github.io"]
    return [
        (
            f"https://{rnd.choice(hosts)}/{rnd.choice('abcd')}",
            rnd.choice((200, 200, 200, 200, 404, 503, 403, 401, 402, 429, 451, 407)),
            rnd.choice((OURS, OURS, OURS, NEWER, BROWSER, FOREIGN)),
            rnd.choice((None, None, "p1", "p1", "p2")),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_found_as_the_gate_finds_the_same_attempts(tmp_path: Path, seed: int) -> None:
    attempts = random_attempts(seed, 120)
    expected = by_gate(attempts, tmp_path)
    book = nothing_in_the_way({url.split("/")[2] for url, *_ in attempts})
    (found,) = audited([table(attempts)], book)
    assert [said for said, _ in found] == expected
    reasons = {said[1] for said in expected if said}
    assert reasons >= {"b5.identity_changed", "b5.identity_changed_elsewhere", "b5.foreign_name", "b5.nothing_seen"}


def test_identities_that_change_before_any_refusal_and_patience_after_one(tmp_path: Path) -> None:
    url, other = "https://www.one.example/a", "https://two.one.example/b"
    attempts: list[Attempt] = [
        (url, 200, OURS, "p1"),
        (other, 200, OURS, "p2"),  # rotating
        (url, 200, OURS, "p1"),
        (url, 403, OURS, "p1"),
        (url, 200, OURS, "p1"),  # waited, unchanged
        (url, 403, NEWER, "p1"),  # refused again, and stopped
        (other, 200, OURS, "p2"),  # another route to another page
        (url, 200, BROWSER, "p1"),  # another name at the same page
        (url, 200, OURS, "p1"),  # back to the declared crawler
    ]
    expected = by_gate(attempts, tmp_path)
    (found,) = audited([table(attempts)], nothing_in_the_way({"www.one.example", "two.one.example"}))
    assert [said for said, _ in found] == expected
    assert [said[1].removeprefix("b5.") for said, _ in found if said] == [
        "nothing_seen", "rotating", "rotating", "rotating", "backed_off", "stopped", "identity_changed_elsewhere",
        "identity_changed", "backed_off",
    ]  # fmt: skip
    assert [row for _, row in found] == [-1, -1, -1, -1, 3, 3, 5, 5, 5]


def test_a_refusal_is_forgotten_as_a_gate_forgets_it(tmp_path: Path) -> None:
    url = "https://www.one.example/a"
    attempts: list[Attempt] = [(url, 403, OURS, None)] + [(url, 200, BROWSER, None)] * 3
    (found,) = audited([table(attempts, timedelta(days=15))], nothing_in_the_way({"www.one.example"}))
    assert [said[1] for said, _ in found if said] == [
        "b5.nothing_seen", "b5.identity_changed", "b5.identity_changed", "b5.nothing_seen",
    ]  # fmt: skip
    with Gate(
        DECLARED, home=tmp_path, evidence_transport=FakeWeb({}).transport(), clock=(clock := FakeClock())
    ) as gate:
        gate.inspect(url, status=403, headers={}, body=b"", user_agent=OURS)
    for days, reason in ((30, "b5.identity_changed"), (1, "b5.nothing_seen")):
        clock.advance(timedelta(days=days).total_seconds())
        with Gate(DECLARED, home=tmp_path, evidence_transport=FakeWeb({}).transport(), clock=clock) as later:
            finding = later.check(url, user_agent=BROWSER).basis.finding("B5")
            assert finding is not None
            assert finding.reason == reason


@pytest.mark.parametrize("seed", [1, 2])
def test_neither_the_order_of_rows_nor_files_nor_batches_matter(seed: int) -> None:
    attempts = random_attempts(seed, 200)
    book = nothing_in_the_way({url.split("/")[2] for url, *_ in attempts})
    whole = table(attempts)
    (expected,) = audited([whole], book)
    order = list(range(len(attempts)))
    random.Random(seed).shuffle(order)
    pieces = [order[:70], order[70:71], order[71:]]
    found = audited([whole.take(piece) for piece in pieces], book)
    for number, (piece, said) in enumerate(zip(pieces, found, strict=True)):
        for place, (row, (b5, earlier)) in enumerate(zip(piece, said, strict=True)):
            assert b5 == expected[row][0], (number, place)
            if earlier >= 0:
                assert pieces[earlier >> 40][earlier & (1 << 40) - 1] == expected[row][1]


def test_what_the_own_check_denied_and_was_taken_all_the_same(tmp_path: Path) -> None:
    closed, other = "https://www.one.example/closed", "https://www.one.example/other"
    attempts: list[Attempt] = [
        (closed, ROBOTS_PRECLUDED, OURS, None),
        (closed, NO_ANSWER, OURS, None),
        (closed, 200, OURS, None),
        (other, 200, OURS, None),
    ]
    (found,) = audited([table(attempts)], EvidenceBook())
    assert [said for said, _ in found][2:] == [("met", "b5.fetched_after_deny"), ("not_met", "b5.nothing_seen")]
    assert found[2][1] == 0
    # A day later another robots.txt may have been in force; and what is on record of that time counts.
    (later,) = audited([table(attempts, timedelta(days=1))], EvidenceBook())
    assert later[2][0] == ("not_met", "b5.nothing_seen")
    (allowed,) = audited([table(attempts)], nothing_in_the_way({"www.one.example"}))
    assert allowed[2][0] == ("not_met", "b5.nothing_seen")
    web = FakeWeb({"https://www.one.example/robots.txt": "User-agent: *\nDisallow: /closed"})
    with Gate(DECLARED, home=tmp_path, evidence_transport=web.transport()) as gate:
        assert gate.check(closed).verdict == "deny"
        taken = gate.inspect(closed, status=200, headers={}, body=b"").basis.finding("B5")
    assert taken is not None
    assert (str(taken.outcome), taken.reason) == ("met", "b5.fetched_after_deny")


def test_a_log_that_does_not_show_attempts_says_nothing_of_them() -> None:
    attempts: list[Attempt] = [
        ("https://www.one.example/a", 403, None, None),
        ("https://www.one.example/a", 200, None, None),
    ]
    (found,) = audited([table(attempts)], nothing_in_the_way({"www.one.example"}))
    assert found[0][0] is None
    assert not shows(Columns("url", "time", "status"))
    assert not shows(Columns("url", "time", None, "user_agent"))
    assert shows(Columns("url", "time", "status", "user_agent"))
