"""What criteria rest on and leave open: exact words, every outcome that rules find, questions only people answer."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from importlib import resources
from pathlib import Path

import crawlgate
from crawlgate.criteria import CATALOGUE
from crawlgate.criteria.passages import (
    bearings,
    leaves_open,
    open_questions,
    outcome_text,
    passages,
    person_questions,
    questions_about,
    statements,
)
from crawlgate.model import Finding, Outcome, Polarity, Purpose, Signal, Strength
from tests.shared_data import shared

PACKAGE = Path(crawlgate.__file__).parent
JAPANESE = re.compile(r"[ぁ-んァ-ン一-龠]")


def described() -> set[tuple[str, str]]:
    raw = tomllib.loads(resources.files("crawlgate.criteria").joinpath("outcomes.toml").read_text("utf-8"))
    return {(criterion, outcome) for criterion, row in raw.items() for outcome in row}


def made() -> set[tuple[str, str]]:
    """Pairs that rules state literally: `finding("B2", Outcome.MET, ...)`."""
    found = set()
    for file in (PACKAGE / "criteria").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "finding" and len(node.args) >= 2:
                name, outcome = node.args[:2]
                if isinstance(name, ast.Constant):
                    stated = (part for part in ast.walk(outcome) if isinstance(part, ast.Attribute))
                    found |= {(name.value, str(Outcome[o.attr])) for o in stated if ast.unparse(o.value) == "Outcome"}
    return found


def test_the_words_are_those_of_the_source() -> None:
    ordered = json.loads(shared("law/statements.json").read_text("utf-8"))
    assert [(s["id"], s["slide"], s["quote"]) for s in ordered] == [
        (s.id, s.slide, s.quote) for s in statements().values()
    ]
    source = " ".join(
        re.sub(r"[*❑^{}-]", " ", shared("law/general-understanding-2024-05.txt").read_text("utf-8")).split()
    )
    for statement in statements().values():
        words = " ".join(re.sub(r"[*❑^{}-]", " ", statement.quote).split())
        assert words in source, statement.id


def test_every_criterion_rests_on_statements_and_every_text_stands_in_both_languages() -> None:
    for criterion in CATALOGUE.criteria.values():
        assert [passage.id for passage in passages(criterion.id)] == list(criterion.sources)
        assert criterion.kind in CATALOGUE.kinds
        for text in (criterion.title, criterion.asks, criterion.statement, criterion.suggest):
            assert JAPANESE.search(text("ja")), criterion.id
            assert not JAPANESE.search(text("en")), criterion.id
        assert criterion.asks("en").endswith("?")
    for statement in statements().values():
        assert JAPANESE.search(statement.ja), statement.id


def test_every_outcome_that_a_rule_finds_is_described_in_both_languages() -> None:
    assert made() - described() == set()
    for criterion, outcome in described():
        english, japanese = (outcome_text(criterion, Outcome(outcome), lang) for lang in ("en", "ja"))
        assert english
        assert japanese
        assert JAPANESE.search(japanese)
        assert not re.search(r"\b(il)?legal\b", english)
    assert outcome_text("B4", Outcome.MET) is None, "never met by machine"


def test_what_is_weighed_beyond_what_rules_find_is_known() -> None:
    weighed = {(name, str(o)) for name, c in CATALOGUE.criteria.items() for o in c.weighed}
    assert weighed - described() == {
        ("A4", "unknown"), ("B5", "unknown"), ("B6", "unknown"), ("D1", "unknown"), ("D1", "needs_human"),
    }  # fmt: skip


def test_everything_that_bears_on_a_criterion_is_named_and_every_kind_of_signal_belongs_somewhere() -> None:
    used = {key for criterion in CATALOGUE.criteria.values() for key in criterion.bears}
    assert used == set(bearings())
    families = [kind for bearing in bearings().values() for kind in bearing.kinds]
    assert len(families) == len(set(families))
    kinds: set[str] = set()
    for file in [*(PACKAGE / "signals").glob("*.py"), PACKAGE / "site.py"]:
        kinds |= set(re.findall(r'kind=f?"([a-z0-9_]+)\.', file.read_text("utf-8")))
    assert kinds
    assert kinds <= set(families)
    for bearing in bearings().values():
        assert JAPANESE.search(bearing.ja), bearing.key


def test_questions_for_people_cover_every_criterion() -> None:
    for question in person_questions():
        assert set(question.criteria) <= set(CATALOGUE.criteria)
        assert set(question.sources) <= set(statements())
        assert JAPANESE.search(question.ja)
        assert question.en.endswith("?")
    assert all(questions_about(name) for name in CATALOGUE.criteria)
    keys = {question.key for question in person_questions()}
    assert keys >= {"database_work", "market_plan", "not_named", "expression_or_idea", "platform", "rights_holder",
                    "body_of_information", "public_list"}  # fmt: skip


def found(criterion: str, outcome: Outcome, kind: str = "") -> Finding:
    signal = Signal(kind=kind, purpose=Purpose.CRAWL, polarity=Polarity.RESERVED, strength=Strength.MEASURE)
    return Finding(criterion=criterion, outcome=outcome, reason="x", signals=(signal,) if kind else ())


def test_what_is_left_open_follows_from_the_findings() -> None:
    asked = open_questions([found("B3", Outcome.MET), found("B1", Outcome.INDICATED), found("B4", Outcome.NOT_MET)])
    assert {question.key: criteria for question, criteria in asked.items()} == {
        "database_work": ("B1",),
        "market_plan": ("B1",),
        "body_of_information": ("B1",),
        "not_named": ("B3",),
    }
    assert open_questions([found("C1", Outcome.NOT_MET), found("D3", Outcome.MET), found("B2", Outcome.UNKNOWN)]) == {}
    assert [leaves_open(found("D4", outcome)) for outcome in Outcome] == [False, True, True, True, True]
    assert leaves_open(found("D2", Outcome.MET)), "whether the licensor is the right holder"


def test_a_measure_that_the_source_names_raises_no_question_of_analogy() -> None:
    for kind, raised in (
        ("robots.disallow", False),
        ("access.401", False),
        ("payment.402", True),
        ("tdmrep.file", True),
    ):
        keys = [question.key for question in open_questions([found("B2", Outcome.MET, kind)])]
        assert ("analogy" in keys) is raised, kind
