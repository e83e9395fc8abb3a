"""`crawlgate explain`: criteria, statements and records; what is unknown is told with a suggestion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawlgate.cli.main import cli
from crawlgate.clock import SystemClock
from crawlgate.criteria import CATALOGUE
from crawlgate.ledger.query import records
from crawlgate.review import decide
from tests.review.homes import gate, lift


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["explain", *map(str, arguments)])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with gate(tmp_path, SystemClock()) as at_work:  # type: ignore[arg-type]
        at_work.check("https://held.example/1")
    return tmp_path


def test_without_an_argument_the_criteria_are_listed() -> None:
    assert [line[:2] for line in run().stdout.splitlines()] == list(CATALOGUE.criteria)
    assert "B2  本クローラ・本URLに及ぶ技術的な措置" in run("--lang", "ja").stdout
    assert len(run("--format", "json").stdout.splitlines()) == 18
    assert "| [C3](C3.md) |" in run("--format", "markdown").stdout


def test_criteria_and_statements_in_any_spelling() -> None:
    assert run("b2").stdout == run("B2").stdout
    assert "Does a technical measure against AI collection cover this crawler" in run("B2").stdout
    assert json.loads(run("B2", "--format", "json", "--lang", "ja").stdout)["passages"][1]["id"] == "ST23"
    assert "Criteria that rest on it: B2 A measure" in run("st23").stdout
    assert json.loads(run("ST23", "--format", "json").stdout)["criteria"] == ["B2", "B3", "D3"]
    assert run("ST23", "--format", "markdown").exit_code == 2


def test_a_record_tells_its_story(home: Path) -> None:
    (record,) = [r.id for r in records(home / "ledger", kinds={"decision"})]
    assert "What a person must still decide" in run(record, "--home", home).stdout
    assert "人が判断すべき事項" in run(record, "--home", home, "--lang", "ja").stdout
    assert json.loads(run(record, "--home", home, "--format", "json").stdout)["record"] == record
    override = decide(home, **lift(until=SystemClock().now().replace(year=2099)))
    assert "decided by R. Mori" in run(override.record, "--home", home).stdout
    assert json.loads(run(override.record, "--home", home, "--format", "json").stdout)["in_force"] is True


@pytest.mark.parametrize(
    ("what", "told", "ja"),
    [
        ("B22", "did you mean 'B2'?", "（'B2' のことか）"),
        ("ST99", "did you mean 'ST", "のことか"),
        ("nothing", "is no criterion, statement or record; criteria are A1", "いずれでもない。基準は A1"),
        ("R-0123456789", "see `crawlgate review show R-0123456789`", "未決の設問"),
        ("{segment}:99", "there is no record", "はない（"),
        ("{segment}:0", "is of kind segment heads", "種別は セグメントの先頭"),
    ],
)
def test_what_is_unknown_is_told_in_both_languages(home: Path, what: str, told: str, ja: str) -> None:
    segment = next(iter(records(home / "ledger"))).segment
    for lang, want in (("en", told), ("ja", ja)):
        result = run(what.format(segment=segment), "--home", home, "--lang", lang)
        assert want in str(result.exception)


def test_a_missing_ledger_is_told(tmp_path: Path) -> None:
    assert "there is no ledger at" in str(run("x:1", "--home", tmp_path).exception)
