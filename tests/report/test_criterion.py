"""Criteria explained: the pages of docs/criteria are what the catalogue says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlgate.criteria import CATALOGUE
from crawlgate.criteria.passages import passages, questions_about
from crawlgate.report.criterion import criterion_markdown, criterion_text, index_markdown

PAGES = Path(__file__).parents[2] / "docs" / "criteria"


def test_there_is_one_page_for_each_criterion_and_it_is_generated() -> None:
    assert {path.name for path in PAGES.iterdir()} == {"README.md", *(f"{name}.md" for name in CATALOGUE.criteria)}
    stale = [n for n in CATALOGUE.criteria if (PAGES / f"{n}.md").read_text("utf-8") != criterion_markdown(n)]
    assert stale == [], "write them anew: crawlgate explain ID --format markdown > docs/criteria/ID.md"
    assert (PAGES / "README.md").read_text("utf-8") == index_markdown()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_criterion_is_told_whole(lang: str) -> None:
    for name, criterion in CATALOGUE.criteria.items():
        told = criterion_text(name, lang)
        assert criterion.asks(lang) in told
        assert criterion.statement(lang) in told
        for passage in passages(name):
            assert passage.quote in told, "the exact words stand in every language"
            assert (passage.ja in told) is (lang == "ja")
        for question in questions_about(name):
            assert question.text(lang) in told
        assert "…" not in told or lang == "ja"
        assert "{" not in told.replace("^{*2}", "")


def test_effects_are_those_of_the_profiles() -> None:
    told = criterion_text("B2")
    assert "unknown: robots.txt of the time could not be had, or the page could not be read\n" in told
    assert "    strict: deny, standard: deny, minimal: deny\n    in audits of old logs: strict: review" in told
    assert "met: not found by this rule pack" not in criterion_text("B4")
    assert "C1" in criterion_text("C1")
    assert "only where it says so in words" in criterion_text("C1")
