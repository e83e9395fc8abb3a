"""The story of a recorded decision: asked, seen, decided, not assessed, and what is left to people."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from crawlgate.audit.lookup import evidence_of, look_up, nearest_name, outcomes_of
from crawlgate.ledger.query import DecisionRecord, records
from crawlgate.model import Verdict
from crawlgate.report.story import Story, story_object, story_text
from crawlgate.review import decide
from tests.report.homes import AT
from tests.review.homes import Moved, Web, gate, lift


def story(home: Path, record: str) -> Story:
    from crawlgate.cli.explain import _story

    found = look_up(home / "ledger", record)
    assert found is not None
    return _story(found, home / "ledger")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    path, clock, web = tmp_path_factory.mktemp("home"), Moved(), Web()
    named: dict[str, str] = {}
    with gate(path, clock, web) as at_work:
        named["held"] = at_work.check("https://held.example/1").record
        named["shut"] = at_work.check("https://shut.example/\x1b[2Jx", user_agent="Other/1").record
        named["odd"] = at_work.check("ftp://x.example/").record
        override = decide(path, **lift(reason="letter of 3 May", acknowledged={}), clock=clock)
        named["override"] = override.record
        clock.move(minutes=5)
        named["lifted"] = at_work.check("https://held.example/1").record
        with at_work.httpx_client(transport=httpx.MockTransport(web)) as client:
            client.get("https://free.example/")
    kept = list(records(path / "ledger", kinds={"outcome"}))
    named["free"] = kept[0].table["decision"]
    return path, named


def test_it_tells_what_was_asked_seen_and_found(home: tuple[Path, dict[str, str]]) -> None:
    told = story_text(story(home[0], home[1]["held"]))
    for part in (
        "by Example Lab, token ExampleBot, for pretraining",
        "Article 30-4 of the Copyright Act; no licence declared",
        "robots.ai_agent, line 1: User-agent: GPTBot / Disallow: /  evidence ",
        "ST23: Measures to prevent web crawlers from collecting AI training data include",
        "robots.txt https://held.example/robots.txt: 200, 2026-11-23 09:00:00 UTC, 0 s before the answer",
        "Is it enough that this crawler is not among those that robots.txt names? (B3)",
        "C1, C2 (no list of rights holders is loaded)",
        "no legal conclusion is drawn",
    ):
        assert part in told


def test_it_speaks_japanese(home: tuple[Path, dict[str, str]]) -> None:
    told = story_text(story(home[0], home[1]["shut"]), "ja")
    for part in (
        "著作権法第30条の4; 申告された許諾なし",
        "B2 本クローラ・本URLに及ぶ技術的な措置 - 該当: ",
        "robots.disallow、2行目: Disallow: /",
        "（要旨。本プロジェクトによる訳）クローラによるAI学習用データの収集を防止する措置には",
        "送信した User-Agent は Other/1（申告と異なる）",
        "法的な結論を示すものではない",
    ):
        assert part in told
    assert "\x1b" not in told


def test_it_tells_what_people_had_decided(home: tuple[Path, dict[str, str]]) -> None:
    lifted = story(home[0], home[1]["lifted"])
    told = story_text(lifted)
    assert (
        f"B3: no longer held back, decided by R. Mori until 2026-12-23 09:00 UTC (record {home[1]['override']})" in told
    )
    assert "no longer held back: host held.example; letter of 3 May" in told
    assert "5 min before the answer" in told
    table = story_object(lifted)
    assert table["overrides"][0]["reason"] == "letter of 3 May"
    assert (table["verdict"], table["findings"]["B3"]["outcome"]) == ("allow", "met")
    assert table["passages"]["B3"][1]["id"] == "ST23"


def test_it_tells_a_url_that_could_not_be_asked_about_and_what_became_of_a_body(
    home: tuple[Path, dict[str, str]],
) -> None:
    odd = story_text(story(home[0], home[1]["odd"]))
    assert "The URL could not be asked about: only http and https URLs are asked about" in odd
    free = story(home[0], home[1]["free"])
    assert "released  200  text/html" in story_text(free)
    assert [row["disposition"] for row in story_object(free)["body"]] == ["released", "read"]


def test_records_are_found_by_name(home: tuple[Path, dict[str, str]]) -> None:
    ledger = home[0] / "ledger"
    held = home[1]["held"]
    segment = held.partition(":")[0]
    assert look_up(ledger, held).decision.record == held  # type: ignore[union-attr]
    for name in ("", "x", f"{segment}:", f"{segment}:99999", f"{segment}:x", "../x:1", f"{segment}:-1"):
        assert look_up(ledger, name) is None, name
    assert nearest_name(ledger, f"{segment}:99999").startswith(f"{segment}:")
    assert nearest_name(ledger, f"x{segment}:1").startswith(f"{segment}:")
    assert nearest_name(ledger, "nothing") == ""
    assert evidence_of(ledger, segment, {"nowhere"}) == {}
    assert outcomes_of(ledger, held) == []


def test_a_record_of_another_version_is_told_as_far_as_it_is_known(tmp_path: Path) -> None:
    basis = {"verdict": "perhaps", "stage": "later", "findings": {"B2": {"outcome": "met", "reason": "b2.new"}, "Z1": {}, "B1": []},
             "reasons": ["B2", "Z1", 3], "not_assessed": {"A1": "not_assessed.new"}, "evidence": ["e1", 2], "overrides": [{}, 1]}  # fmt: skip
    told = Story(
        record=DecisionRecord("s", 1, AT, "https://a.example/\u202e", basis, problem=None), head={}, evidence={}
    )
    text = story_text(told)
    assert told.decision.verdict is Verdict.DENY
    assert "B2 A measure against AI collection covers this fetch - met: b2.new" in text
    assert "A1 (not_assessed.new)" in text
    assert "evidence e1 is not on record in this ledger" in text
    assert "\u202e" not in text
    assert story_object(told)["asked_by"] is None
