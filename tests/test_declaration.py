"""Declarations: what is refused, with which words; and the same from a table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crawlgate import ConfigError, Declaration, Use
from crawlgate.declaration import from_table

GOOD: dict[str, Any] = {
    "operator": "Example Lab",
    "token": "ExampleBot",
    "user_agent": "ExampleBot/1.0 (+https://lab.example/bot)",
}


def test_purposes_are_read_as_uses() -> None:
    declared = Declaration(**GOOD, purposes=["pre-training", "rag"])
    assert declared.uses == (Use.PRETRAINING, Use.RAG)
    assert declared == Declaration(**GOOD, purposes=("pretraining", "rag"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"operator": " "}, "operator is empty"),
        ({"token": "Example Bot"}, "not a robots.txt product token"),
        ({"token": "Other"}, "does not contain the token"),
        ({"user_agent": "ExampleBot\r\nX: y"}, "control or non-ASCII"),
        ({"purposes": []}, "purposes is empty"),
        ({"purposes": "pretraining"}, "write a list"),
        ({"purposes": ["pretrainig"]}, "did you mean 'pretraining'"),
        ({"legal_basis": "30-5"}, "legal_basis '30-5' is unknown"),
        ({"snippet_cap": -1}, "negative"),
    ],
)
def test_what_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        Declaration(**GOOD | change)
    assert told in str(error.value)
    with pytest.raises(ConfigError):
        from_table(GOOD | change)


def test_a_table_with_licences() -> None:
    licence = {
        "licensor": "Site",
        "scope": ["https://s.example/*"],
        "purposes": ["fine-tuning"],
        "valid_from": date(2026, 1, 1),
        "valid_to": "2026-12-31",
    }
    read = from_table(GOOD | {"licences": [licence]}).licences[0]
    assert read.purposes == ("finetune",)
    assert read.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert read.valid_to is not None
    assert read.valid_to > datetime(2026, 12, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tokn": "x"}, "declaration.tokn is unknown, did you mean 'token'"),
        ({"operator": None}, "operator is missing"),
        ({"commercial": "yes"}, "commercial must be true or false"),
        ({"snippet_cap": True}, "snippet_cap must be a whole number"),
        ({"purposes": [1]}, "must be a list of strings"),
        ({"licences": {"licensor": "x"}}, "array of tables"),
        (
            {"licences": [{"licensor": "x", "scope": "https://x", "purposes": ["*"]}]},
            "licences[0].scope must be a list",
        ),
        ({"licences": [{"licensor": "x", "scope": [], "purposes": ["*"], "until": 1}]}, "licences[0].until is unknown"),
        (
            {"licences": [{"licensor": "x", "scope": [], "purposes": ["*"], "valid_from": "2026-01-01T00:00:00"}]},
            "has no zone",
        ),
    ],
)
def test_a_broken_table_is_told_the_key(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        from_table(GOOD | change)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"intends_similar_output": "no"}, "intends_similar_output must be true or false, not 'no'"),
        ({"commercial": 1}, "commercial must be true or false"),
        ({"snippet_cap": "100"}, "snippet_cap must be a whole number of characters"),
        ({"needed_works": 1.5}, "needed_works must be a whole number of works"),
    ],
)
def test_python_is_checked_as_files_are(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        Declaration(**(GOOD | change))
    assert told in str(error.value)
