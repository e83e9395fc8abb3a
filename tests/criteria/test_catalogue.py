"""The catalogue of criteria and its sentences: complete, in both languages, and what the order asked for."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from pathlib import Path
from string import Formatter

import pytest

import crawlgate
from crawlgate.criteria import CATALOGUE
from crawlgate.criteria.catalogue import LANGUAGES
from crawlgate.model import NoticeRelation, Outcome, Stage
from crawlgate.policy import load_profile
from tests.shared_data import shared

SENTENCES = tomllib.loads(resources.files("crawlgate.criteria").joinpath("reasons.toml").read_text("utf-8"))
NAMES = {"D": "deny", "R": "review", "A": "allow"}


def test_the_catalogue_is_the_one_that_was_ordered() -> None:
    order = json.loads(shared("law/criteria.json").read_text("utf-8"))
    assert [c["id"] for c in order["criteria"]] == list(CATALOGUE.criteria)
    for wanted in order["criteria"]:
        ours = CATALOGUE[wanted["id"]]
        assert (ours.key, ours.kind, ours.title_en, ours.title_ja) == (
            wanted["key"],
            wanted["kind"],
            wanted["title_en"],
            wanted["title_ja"],
        )
        assert list(ours.sources) == wanted["source"]
    lifted = {name for name, criterion in CATALOGUE.criteria.items() if criterion.lifted_by_permission}
    assert lifted == set(order["effect_matrix"]["lifted_by_D2"])


@pytest.mark.parametrize(("column", "profile"), [(0, "strict"), (1, "standard"), (2, "minimal")])
def test_the_profiles_are_the_effect_matrix(column: int, profile: str) -> None:
    matrix = json.loads(shared("law/criteria.json").read_text("utf-8"))["effect_matrix"]
    loaded = load_profile(profile)
    for criterion in CATALOGUE.criteria:
        assert {str(outcome) for outcome in CATALOGUE[criterion].weighed} == set(matrix["rows"][criterion])
        for outcome in Outcome:
            wanted = NAMES[matrix["rows"][criterion].get(outcome, "AAA")[column]]
            assert loaded.effect(criterion, outcome, Stage.PRE_FETCH) == wanted, (criterion, outcome)
    assert (
        loaded.effect("B2", Outcome.UNKNOWN, Stage.AUDIT) == NAMES[matrix["audit_overrides"]["B2"]["unknown"][column]]
    )


def test_every_sentence_stands_in_both_languages_with_the_same_gaps() -> None:
    for key, texts in SENTENCES.items():
        assert set(texts) == set(LANGUAGES), key
        gaps = {lang: {name for _, name, _, _ in Formatter().parse(texts[lang]) if name} for lang in LANGUAGES}
        assert gaps["en"] == gaps["ja"], key
        assert re.search(r"[ぁ-んァ-ン一-龠]", texts["ja"]), key


def test_every_reason_in_the_code_has_a_sentence_and_every_sentence_is_used() -> None:
    source = "\n".join(file.read_text("utf-8") for file in Path(crawlgate.__file__).parent.rglob("*.py"))
    used = set(re.findall(r'"((?:[a-d][1-6]|not_assessed|problem|criterion)\.[a-z0-9_]+)"', source))
    used |= {
        f"d2.{part}" for part in ("scope", "no_purpose", "purpose", "no_start", "not_yet", "expired", "credentials")
    }
    linked = [relation for relation in NoticeRelation if relation is not NoticeRelation.COVERS]
    used |= {f"c2.{relation}{public}" for relation in linked for public in ("", "_public")}
    used |= {f"problem.{code}" for code in re.findall(r'UrlError\(\s*"([a-z_]+)"', source)}
    used |= {"problem.host_mismatch"}
    assert used - set(SENTENCES) == set()
    assert set(SENTENCES) - used == set()


def test_no_sentence_speaks_of_legality() -> None:
    for key, texts in SENTENCES.items():
        assert not re.search(r"\b(il)?legal(ly)?\b", texts["en"]), key
        assert "違法" not in texts["ja"], key
