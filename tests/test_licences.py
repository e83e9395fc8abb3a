"""Licences as files and folders, published since a day, and declarations that contradict themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawlgate import ConfigError, Declaration
from crawlgate.declaration import from_table

GOOD: dict[str, Any] = {"operator": "Lab", "token": "ExampleBot", "user_agent": "ExampleBot/1.0"}
LICENCE = (
    'licensor = "Press"\nscope = ["https://p.example/*"]\npurposes = ["finetune"]\nfrom = 2026-04-01\nto = 2027-03-31\n'
)


def test_files_and_folders_below_the_declaration(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    (tmp_path / "one.toml").write_text(LICENCE)
    several = "".join(f'[[licences]]\n{LICENCE}reference = "{n}"\n' for n in (1, 2))
    (tmp_path / "held" / "two.toml").write_text(several)
    declared = from_table(GOOD | {"licences": ["one.toml", "held"]}, base=tmp_path)
    assert [licence.reference for licence in declared.held] == ["", "1", "2"]
    assert declared.held[0].valid_from == datetime(2026, 4, 1, tzinfo=UTC)
    assert Declaration(**GOOD, licences=[tmp_path / "one.toml"]).held[0].licensor == "Press"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LICENCE.replace("2027", "2025"), "valid_to is before valid_from"),
        (LICENCE.replace("finetune", "finetunning"), "did you mean 'finetun"),
        (LICENCE.replace('purposes = ["finetune"]\n', ""), "purposes is missing"),
        (LICENCE.replace("from = 2026-04-01\n", ""), "valid_from is missing"),
        (LICENCE + "valid_from = 2026-04-01\n", "both from and valid_from"),
        (LICENCE.replace("licensor", "licenser"), "did you mean 'licensor'"),
        ("licensor = ", "not valid TOML"),
    ],
)
def test_a_broken_file_is_told_with_its_name_and_key(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "l.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        Declaration(**GOOD, licences=[file])
    assert told in str(error.value)
    assert "l.toml" in str(error.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token_published": False, "published_since": "2026-01-01"}, "say one of both"),
        ({"token_published": "2026-01-02", "published_since": "2026-01-01"}, "different dates"),
        ({"intends_expression_output": True, "output_contains_expression": False}, "Correct one of both"),
        ({"purposes": ["rag"], "output_contains_expression": True, "snippet_cap": 0}, "Correct one of both"),
        ({"legal_basis": "47-5"}, "Article 47-5 is about giving results"),
        ({"purposes": ["search"], "intends_overfitting": True}, "no model is trained"),
        ({"target_creator": " "}, "target_creator is empty"),
        ({"user_agent": "ExampleBotX/1.0"}, "does not contain the token"),
        ({"licences": "one.toml"}, "write a list"),
        ({"licences": ["nowhere.toml"]}, "cannot be read"),
    ],
)
def test_what_cannot_all_be_true_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        Declaration(**GOOD | change)
    assert told in str(error.value)


def test_published_since_a_day() -> None:
    declared = Declaration(**GOOD, token_published="2026-11-10")
    assert declared.token_published is True
    assert not declared.published(datetime(2026, 11, 9, 23, 59, tzinfo=UTC))
    assert declared.published(datetime(2026, 11, 10, tzinfo=UTC))
    assert Declaration(**GOOD, token_published=True).published(datetime(1999, 1, 1, tzinfo=UTC))
