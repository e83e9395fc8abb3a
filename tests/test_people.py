"""Gates honour what people decided: at the next open, or while they run within a bounded time."""

from __future__ import annotations

import logging
from pathlib import Path

import anyio
import httpx
import pytest

from crawlgate import AsyncGate, Held
from crawlgate.ledger.query import decisions
from crawlgate.model import Outcome, Verdict
from crawlgate.report.json import decision_object
from crawlgate.review import decide, revoke
from tests.review.homes import DECLARATION, Moved, Web, gate, lift

URL = "https://held.example/1"


def test_a_running_gate_follows_within_the_time_and_cites_the_record(tmp_path: Path) -> None:
    clock = Moved()
    with gate(tmp_path, clock) as at_work:
        assert at_work.check(URL).verdict is Verdict.REVIEW
        override = decide(tmp_path, **lift(), clock=clock)
        assert at_work.check(URL).verdict is Verdict.REVIEW, "looked ten seconds later at the latest"
        clock.move(seconds=10)
        after = at_work.check(URL)
        assert (after.verdict, after.overrides) == (Verdict.ALLOW, (override,))
        assert f"R. Mori until 2026-12-23 09:00 UTC (record {override.record})" in after.explain()
        assert "R. Mori の判断により保留を解除" in after.explain("ja")
        assert decision_object(after)["overrides"][0]["record"] == override.record
        assert at_work.check("https://news.held.example/").verdict is Verdict.REVIEW
        clock.move(days=30)
        assert at_work.check(URL).verdict is Verdict.REVIEW, "it stops by itself"
    recorded = [d.basis.get("overrides") for d in decisions(tmp_path / "ledger") if d.verdict == "allow"]
    assert [row["record"] for row in recorded[0]] == [override.record]


def test_a_revocation_is_followed_too(tmp_path: Path) -> None:
    clock = Moved()
    override = decide(tmp_path, **lift(), clock=clock)
    with gate(tmp_path, clock) as at_work:
        assert at_work.check(URL).allowed
        revoke(tmp_path, override.record, by="K. Sato", reason="they changed their mind", clock=clock)
        clock.move(seconds=10)
        assert at_work.check(URL).verdict is Verdict.REVIEW


def test_adapters_and_inspections_follow_it(tmp_path: Path) -> None:
    clock, web = Moved(), Web()
    refused = lift(findings={"B3": [Outcome.MET], "D1": [Outcome.MET]})
    with gate(tmp_path, clock, web) as at_work:
        with at_work.httpx_client(transport=httpx.MockTransport(web)) as client, pytest.raises(Held):
            client.get(URL)
        decide(tmp_path, **refused, clock=clock)
        clock.move(seconds=10)
        with at_work.httpx_client(transport=httpx.MockTransport(web)) as client:
            assert client.get("https://held.example/refused").status_code == 200
        seen = at_work.inspect(
            "https://held.example/refused",
            status=200,
            headers={"content-type": "text/html"},
            body=b"<p>AI\xe5\xad\xa6\xe7\xbf\x92\xe7\xa6\x81\xe6\xad\xa2",
        )
        assert seen.allowed
        assert seen.basis.finding("D1").outcome is Outcome.MET  # type: ignore[union-attr]


def test_a_site_that_a_person_denies_is_not_contacted(tmp_path: Path) -> None:
    clock, web = Moved(), Web()
    decide(
        tmp_path,
        **lift(effect=Verdict.DENY, scope="registrable_domain", findings={"C2": [Outcome.INDICATED]}),
        clock=clock,
    )
    with gate(tmp_path, clock, web) as at_work:
        denied = at_work.check("https://img.held.example/1")
        assert (denied.verdict, denied.temporary, web.asked) == (Verdict.DENY, False, [])
        assert denied.not_assessed["B2"] == "not_assessed.denied_by_person"
        assert "denied by R. Mori until" in denied.explain()
        assert at_work.check("https://free.example/").allowed


def test_the_async_gate_follows_it(tmp_path: Path) -> None:
    clock = Moved()

    async def run() -> list[Verdict]:
        transport = httpx.MockTransport(Web())
        async with AsyncGate(DECLARATION, home=tmp_path, clock=clock, evidence_transport=transport) as at_work:
            found = [(await at_work.check(URL)).verdict]
            decide(tmp_path, **lift(), clock=clock)
            clock.move(seconds=10)
            return [*found, (await at_work.check(URL)).verdict]

    assert anyio.run(run) == [Verdict.REVIEW, Verdict.ALLOW]


def test_what_cannot_be_read_any_more_lifts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Moved()
    decide(tmp_path, **lift(), clock=clock)
    decide(tmp_path, **lift(effect=Verdict.DENY, value="bad.example"), clock=clock)
    with gate(tmp_path, clock) as at_work:
        assert at_work.check(URL).allowed
        (tmp_path / "decided").write_text("anew", "utf-8")

        def broken(*_: object, **__: object) -> object:
            from crawlgate.errors import LedgerError

            raise LedgerError("no such disk", "ledger")

        monkeypatch.setattr("crawlgate.people.read_overrides", broken)
        clock.move(seconds=10)
        with caplog.at_level(logging.WARNING):
            assert at_work.check(URL).verdict is Verdict.REVIEW
        assert "nothing is lifted until they can" in caplog.text
        assert at_work.check("https://bad.example/").verdict is Verdict.DENY
        monkeypatch.undo()
        clock.move(seconds=10)
        assert at_work.check(URL).allowed
