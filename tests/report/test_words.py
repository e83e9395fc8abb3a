"""Texts for people: every key that code uses is there, every key that is there is used, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import crawlgate
from crawlgate.explain import _WORDS, EFFECTS, OUTCOMES, VERDICTS
from crawlgate.ledger.record import KINDS
from crawlgate.model import EvidenceKind, Outcome, Stage, Use, Verdict
from crawlgate.report.words import all_texts
from crawlgate.review import ReviewError

SOURCE = "\n".join(file.read_text("utf-8") for file in Path(crawlgate.__file__).parent.rglob("*.py"))
# Sections whose keys are values of the program's own words.
VALUES = {
    "use": {str(use) for use in Use},
    "stage": {str(stage) for stage in Stage},
    "kind": set(KINDS),
    "source": {str(kind) for kind in EvidenceKind},
}


def test_every_key_that_code_names_is_there() -> None:
    named = set(re.findall(r'\bwords\(\s*f?"([a-z_]+\.[a-z_0-9]+)"', SOURCE))
    named |= {f"review_error.{key}" for key in re.findall(r'ReviewError\(\s*"([a-z_]+)"', SOURCE)}
    assert len(named) > 100
    assert named - set(all_texts()) == set()


def test_every_key_that_is_there_is_used() -> None:
    literal = set(re.findall(r'"([a-z_]+\.[A-Za-z0-9_]+)"', SOURCE))
    literal |= set(re.findall(r"'([a-z_]+\.[A-Za-z0-9_]+)'", SOURCE))
    words = set(re.findall(r'"([a-z0-9_]+)"', SOURCE)) | {str(o) for o in Outcome} | {str(v) for v in Verdict}
    unused = [
        key
        for key in all_texts()
        if key not in literal and key.partition(".")[2] not in words | VALUES.get(key.partition(".")[0], set())
    ]
    assert unused == []


def test_values_of_the_program_have_their_word() -> None:
    for section, values in VALUES.items():
        assert {value for value in values if f"{section}.{value}" not in all_texts()} == set(), section


def test_both_languages_have_the_same_keys_and_gaps() -> None:
    for table in (_WORDS, EFFECTS, OUTCOMES, VERDICTS):
        assert table["en"].keys() == table["ja"].keys()
    for key, text in _WORDS["en"].items():
        gaps = [{name for _, name, _, _ in Formatter().parse(t) if name} for t in (text, _WORDS["ja"][key])]
        assert gaps[0] == gaps[1], key


def test_an_error_tells_the_same_in_both_languages() -> None:
    error = ReviewError("criterion", word="B33", near=("B3", "B1"))
    assert str(error) == "'B33' is no criterion, did you mean 'B3'?"
    assert error.text("ja") == "'B33' という基準はない（'B3' のことか）"
