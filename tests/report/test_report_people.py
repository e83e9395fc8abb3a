"""What the report says of people: limits they set, what they decided, and what is left to them; passages in full."""

from __future__ import annotations

from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawlgate.criteria.passages import statements
from crawlgate.report.html import page
from crawlgate.report.summary import summarise
from crawlgate.review import decide, revoke
from tests.review.homes import Moved, gate, lift

PROFILE = """name = "ours"
based_on = "standard"
[limits.site_pages]
value = 5000
unit = "pages"
owner = "R. <b>Mori</b>"
date = 2026-04-01
reason = "below one section of a newspaper"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, clock = tmp_path_factory.mktemp("home"), Moved()
    profile = path / "ours.toml"
    profile.write_text(PROFILE, "utf-8")
    override = decide(path, **lift(), clock=clock)
    with gate(path, clock, profile=profile) as at_work:
        for number in range(3):
            at_work.check(f"https://held.example/{number}")
        at_work.check("https://news.held.example/")
    clock.move(days=1)
    revoke(path, override.record, by="K. Sato", reason="they changed their mind", clock=clock)
    return path


def section(home: Path, name: str, lang: str = "en") -> str:
    tree = LexborHTMLParser(page(summarise(home), lang))
    node = tree.css_first(f"#{name}")
    assert node is not None
    return " ".join(node.text(separator=" ").split())


def test_limits_stand_with_owner_date_and_reason(home: Path) -> None:
    told = section(home, "conditions")
    assert "5,000 pages - B6: pages of one site in a run" in told
    assert "set by R. <b>Mori</b> on 2026-04-01: below one section of a newspaper" in told
    assert "5,000 ページ - B6: 一度の収集における同一サイトのページ数" in section(home, "conditions", "ja")
    assert len(summarise(home).conditions) == 1, "what people wrote is no setting of a gate"


def test_decisions_of_people_are_told_with_the_answers_that_followed(home: Path) -> None:
    told = section(home, "overrides")
    assert "no longer held back (revoked at 2026-11-24 09:00:00 UTC" in told
    assert "decided by R. Mori: the publisher agreed in a letter" in told
    assert "3 answers followed it" in told
    assert "これに従った回答 3件" in section(home, "overrides", "ja")


def test_what_only_people_can_decide_follows_from_the_findings(home: Path) -> None:
    told = section(home, "people")
    assert "Is it enough that this crawler is not among those that robots.txt names?" in told
    assert "B3: 4 URLs" in told
    assert "Does a measure that the overview does not name" not in told
    assert "robots.txt が本クローラを名指ししていないことをもって足りるか。" in section(home, "people", "ja")


def test_findings_stand_with_the_exact_words_they_rest_on(home: Path) -> None:
    for lang in ("en", "ja"):
        told = section(home, "criteria", lang)
        assert f"ST23 {statements()['ST23'].quote}" in told
    assert statements()["ST23"].ja in section(home, "criteria", "ja")


def test_a_home_without_any_says_so(tmp_path: Path) -> None:
    with gate(tmp_path, Moved()) as at_work:
        at_work.check("https://free.example/")
    assert "Nobody decided anything in this ledger." in section(tmp_path, "overrides")
    assert "none set; what needs one goes to a person" in section(tmp_path, "conditions")
