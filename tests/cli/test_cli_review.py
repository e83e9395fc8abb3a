"""`crawlgate review`: from the queue to a person's decision and back, as a person types it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crawlgate.cli.main import cli
from crawlgate.clock import SystemClock
from crawlgate.ledger.overrides import read_overrides
from crawlgate.model import Verdict
from tests.review.homes import gate

DAY = datetime.now(UTC).date() + timedelta(days=30)
PERSON = ("--by", "R. Mori", "--reason", "they agreed in a letter", "--until", DAY.isoformat())


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["review", *map(str, arguments)])
    if result.exception is None or isinstance(result.exception, SystemExit):
        assert result.exit_code == code, result.stderr
    return result


def rows(*arguments: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--format", "json").stdout.splitlines()]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with gate(tmp_path, SystemClock()) as at_work:  # type: ignore[arg-type]
        for path in ("1", "2"):
            at_work.check(f"https://held.example/{path}")
        at_work.check("https://news.held.example/a\x1b[2J")
    return tmp_path


def test_a_question_is_listed_shown_decided_and_gone(home: Path) -> None:
    shown = run("list", "--home", home, "--host", "held.example", "--criterion", "B3")
    assert "held.example  B3 The site blocks AI crawlers, ours is not named - met" in shown.stdout
    assert "2 URLs, waiting less than an hour" in shown.stdout
    assert "User-agent: GPTBot / Disallow: /" in shown.stdout
    assert "Question: The site refuses AI crawlers of other operators by name." in shown.stdout
    assert "2 questions on 3 URLs" in shown.stderr
    (item,) = [row for row in rows("list", "--home", home) if row["host"] == "held.example"]
    story = run("show", item["id"], "--home", home)
    assert "https://held.example/1\n" in story.stdout
    assert "review: a person decides: https://held.example/2" in story.stdout
    assert f"crawlgate review decide {item['id']} --allow|--deny" in story.stderr
    decided = run("decide", item["id"], "--allow", "--scope", "host", *PERSON, "--home", home)
    assert "no longer held back  (in force)" in decided.stdout
    assert "covers host held.example, for B3 met" in decided.stdout
    assert f"until {DAY.isoformat()} 23:59:59 UTC" in decided.stdout
    assert "running gates that share this home follow it within 10 seconds" in decided.stderr
    (override,) = read_overrides(home / "ledger")
    assert override.concerns == item["record"]
    assert [row["host"] for row in rows("list", "--home", home)] == ["news.held.example"]
    assert override.record in run("show", override.record, "--home", home).stdout
    run("revoke", override.record, "--by", "K. Sato", "--reason", "they changed their mind", "--home", home)
    assert len(rows("list", "--home", home)) == 2
    assert rows("overrides", "--home", home) == []
    assert [row["in_force"] for row in rows("overrides", "--home", home, "--all")] == [False]
    assert "revoked at" in run("overrides", "--home", home, "--all").stdout


def test_in_japanese_and_without_hostile_characters(home: Path) -> None:
    shown = run("list", "--home", home, "--lang", "ja")
    assert "他のAIクローラを名指しで拒否（本クローラは名指しなし） - 該当" in shown.stdout
    assert "設問: サイトは他のAIクローラを名指しで拒否している。" in shown.stdout
    assert "2件の設問（延べ3 URL）" in shown.stderr
    assert "\x1b" not in shown.stdout
    told = run("decide", rows("list", "--home", home)[0]["id"], "--deny", "--scope", "registrable_domain", *PERSON,
               "--home", home, "--lang", "ja")  # fmt: skip
    assert "拒否  （有効）" in told.stdout or "拒否  (有効)" in told.stdout
    assert "範囲 ドメイン held.example、対象 B3 該当" in told.stdout
    assert "人の判断を待つ項目はない" in run("list", "--home", home, "--lang", "ja").stderr


def test_a_record_of_the_gate_or_a_place_can_be_decided_about(home: Path) -> None:
    record = rows("list", "--home", home)[0]["record"]
    run("decide", record, "--allow", "--scope", "url", *PERSON, "--home", home)
    run("decide", "--allow", "--scope", "path_prefix", "--value", "held.example", "--path", "/1", "--criterion",
        "b3=met,needs_human", "--criterion", "C1=needs_human", "--acknowledge", "c1: the sender is our own test",
        *PERSON, "--home", home)  # fmt: skip
    first, second = read_overrides(home / "ledger")
    assert (first.scope, first.concerns) == ("url", record)
    assert second.place == "held.example/1"
    assert dict(second.findings) == {"B3": ("met", "needs_human"), "C1": ("needs_human",)}
    assert second.acknowledged == {"C1": "the sender is our own test"}
    assert second.effect is Verdict.ALLOW


@pytest.mark.parametrize(
    ("arguments", "told", "ja"),
    [
        (["X", *PERSON], "whether the findings no longer hold", "保留を解除するか"),
        (["X", "--allow", *PERSON], "say what it covers: --scope", "範囲を --scope で示す"),
        (["X", "--allow", "--scope", "host"], "--until", "--until"),
        (["X", "--allow", "--scope", "host", "--until", DAY.isoformat()], "name the person who decides", "判断者の氏名"),
        (["X", "--allow", "--scope", "path_prefix", *PERSON], "needs the path", "パスが必要"),
        (["X", "--allow", "--scope", "host", "--criterion", "B33", *PERSON], "did you mean", "のことか"),
        (["X", "--allow", "--scope", "host", "--criterion", "B3=mett", *PERSON], "did you mean 'met'", "'met' のことか"),
        (["X", "--allow", "--scope", "host", "--criterion", "C1=met", "--acknowledge", "C1 because", *PERSON], "in words, as in", "文言を示す"),
        (["X", "--allow", "--scope", "host", "--criterion", "C1=met", *PERSON], "never lifted in passing", "黙示に解除する"),
        (["R-0000000000", "--allow", "--scope", "host", *PERSON], "there is no open question", "未決の設問"),
        (["seg:99", "--allow", "--scope", "host", *PERSON], "no decision of the gate in record", "ゲートの判定はない"),
        (["--allow", "--scope", "host", "--value", "a.example", *PERSON], "name an open question or a record", "未決の設問若しくは記録"),
        (["--allow", "--scope", "host", "--value", "a.example", "--criterion", "B3", *PERSON], "with their outcome", "基準と結果"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_in_both_languages(home: Path, arguments: list[str], told: str, ja: str) -> None:
    item = next(row["id"] for row in rows("list", "--home", home) if row["host"] == "held.example")
    typed = [item if argument == "X" else argument for argument in arguments]
    for lang, want in (("en", told), ("ja", ja)):
        result = run("decide", *typed, "--home", home, "--lang", lang, code=1)
        assert want in str(result.exception), lang
    assert read_overrides(home / "ledger") == ()


def test_a_home_without_a_ledger_is_told(tmp_path: Path) -> None:
    assert "there is no ledger at" in str(run("list", "--home", tmp_path / "absent", code=1).exception)
