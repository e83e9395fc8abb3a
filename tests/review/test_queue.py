"""The queue is read from the ledger: one item for each question on each host, closed by what settles it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crawlgate.errors import LedgerError
from crawlgate.model import Outcome, Verdict
from crawlgate.review import decide, open_items, revoke
from tests.report.homes import basis, written
from tests.review.homes import START, Moved, gate, lift


def asked(home: Path, clock: Moved, *urls: str) -> None:
    with gate(home, clock) as at_work:
        for url in urls:
            at_work.check(url)


def test_urls_of_a_host_held_for_one_reason_are_one_question(tmp_path: Path) -> None:
    clock = Moved()
    asked(tmp_path, clock, "https://held.example/1", "https://held.example/2", "https://shut.example/")
    clock.move(hours=5)
    asked(tmp_path, clock, "https://held.example/1", "https://news.held.example/")
    first, second = open_items(tmp_path, clock.now())
    assert (first.question.host, first.question.criterion, first.question.outcome) == (
        "held.example",
        "B3",
        Outcome.MET,
    )
    assert (first.urls, first.since, first.latest) == (2, START, START + timedelta(hours=5))
    assert first.examples == ("https://held.example/1", "https://held.example/2")
    assert first.url == "https://held.example/1"
    assert first.finding.signals[0].raw == "User-agent: GPTBot / Disallow: /"
    assert first.age(clock.now()) == timedelta(hours=5)
    assert second.question.host == "news.held.example"
    assert first.id != second.id
    again = open_items(tmp_path, clock.now())
    assert [item.id for item in again] == [first.id, second.id]


def test_it_is_filtered_by_host_and_criterion(tmp_path: Path) -> None:
    clock = Moved()
    asked(tmp_path, clock, "https://held.example/1", "https://news.held.example/")
    now = clock.now()
    assert {i.question.host for i in open_items(tmp_path, now, host="held.example")} == {
        "held.example",
        "news.held.example",
    }
    assert [i.question.host for i in open_items(tmp_path, now, host="news.held.example")] == ["news.held.example"]
    assert open_items(tmp_path, now, host="eld.example") == []
    assert open_items(tmp_path, now, criterion="D1") == []
    assert len(open_items(tmp_path, now, criterion="B3")) == 2


def test_a_decision_of_a_person_closes_it_and_its_end_opens_it_again(tmp_path: Path) -> None:
    clock = Moved()
    asked(tmp_path, clock, "https://held.example/1", "https://held.example/2")
    override = decide(tmp_path, **lift(scope="url", value="https://held.example/1"), clock=clock)
    assert [item.examples for item in open_items(tmp_path, clock.now())] == [("https://held.example/2",)]
    assert open_items(tmp_path, override.until)[0].urls == 2
    revoke(tmp_path, override.record, by="K. Sato", reason="they changed their mind", clock=clock)
    assert open_items(tmp_path, clock.now())[0].urls == 2
    decide(tmp_path, **lift(effect=Verdict.DENY), clock=clock)
    assert open_items(tmp_path, clock.now()) == []


def test_a_later_answer_closes_it(tmp_path: Path) -> None:
    review, allow, deny = basis(Verdict.REVIEW), basis(Verdict.ALLOW), basis(Verdict.DENY)
    after = basis(Verdict.ALLOW, stage="post_fetch")
    urls = [f"https://a.example/{n}" for n in range(4)]
    pairs = [(url, review) for url in urls] + [(urls[0], allow), (urls[1], deny), (urls[2], after)]
    home = written(tmp_path, pairs)
    (item,) = open_items(home, START)
    assert item.examples == (urls[2], urls[3]), "an allow after the fetch does not answer the question before it"


def test_a_home_without_records_has_nothing_open_and_one_without_a_ledger_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        open_items(tmp_path, START)
    (tmp_path / "ledger").mkdir()
    assert open_items(tmp_path, START) == []
