"""What commands print as JSON is what docs/schemas says."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
from click.testing import CliRunner

from crawlgate import Declaration, Gate
from crawlgate.cli.main import cli
from crawlgate.clock import SystemClock
from crawlgate.report.json import decision_object
from tests.review.homes import gate
from tests.test_cases import case

SCHEMAS = Path(__file__).parent.parent / "docs" / "schemas"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def printed(name: str, *arguments: object) -> list[Any]:
    """What a command prints, each line valid under the schema and nothing lost."""
    result = CliRunner().invoke(cli, [*map(str, arguments)])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows, result.stderr
    check = validator(name)
    for row in rows:
        check.validate(row)
    return rows


def test_every_schema_is_one_and_names_its_version() -> None:
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"crawlgate.{path.stem}/1"


def test_decisions(tmp_path: Path) -> None:
    declaration = Declaration(operator="Example Lab", token="ExampleBot", user_agent="ExampleBot/1.0")
    robots = "User-agent: GPTBot\nDisallow: /\n"
    web = httpx.MockTransport(
        lambda request: httpx.Response(200 if request.url.path == "/robots.txt" else 404, text=robots)
    )
    with Gate(declaration, home=tmp_path, evidence_transport=web) as gate:
        for url in ("https://a.example/", "ftp://b.example/"):
            told = json.loads(json.dumps(decision_object(gate.check(url)), default=str))
            validator("decision").validate(told)


def test_config(tmp_path: Path) -> None:
    printed("policy", "config", "show", "strict", "--format", "json")
    CliRunner().invoke(cli, ["config", "init", str(tmp_path)])
    bad = tmp_path / "bad.toml"
    bad.write_text("x = 1\n", "utf-8")
    files = [tmp_path / "declaration.toml", tmp_path / "profile.toml", bad]
    assert [row["ok"] for row in printed("config-check", "config", "check", "--format", "json", *files)] == [
        True,
        True,
        False,
    ]


def test_judgements(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(f"{json.dumps(case())}\n[]\n", "utf-8")
    assert [row["verdict"] for row in printed("judgement", "judge", path)] == ["allow", None]
    (detailed, _) = printed("judgement", "judge", path, "--details", "--lang", "ja")
    assert detailed["details"]["findings"]["B2"]["sources"] == ["ST20", "ST23"]


def test_changes(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    robots = {"status": 200, "body": "User-agent: GPTBot\nDisallow: /", "fetched_at": "2026-11-10T03:00:00Z"}
    path.write_text(json.dumps(case(robots=robots)), "utf-8")
    printed("changes", "judge", path, "--diff", "strict", "minimal")


def test_review(tmp_path: Path) -> None:
    with gate(tmp_path, SystemClock()) as at_work:  # type: ignore[arg-type]
        at_work.check("https://held.example/1")
    (item,) = printed("review-item", "review", "list", "--home", tmp_path, "--format", "json")
    printed("review-item", "review", "show", item["id"], "--home", tmp_path, "--format", "json", "--lang", "ja")
    until = (SystemClock().now() + timedelta(days=3)).date().isoformat()
    person = ("--by", "R. Mori", "--reason", "asked them", "--until", until)
    (made,) = printed(
        "override",
        "review",
        "decide",
        item["id"],
        "--allow",
        "--scope",
        "host",
        *person,
        "--home",
        tmp_path,
        "--format",
        "json",
    )
    with gate(tmp_path, SystemClock()) as at_work:  # type: ignore[arg-type]
        told = decision_object(at_work.check("https://held.example/1"))
    assert told["overrides"][0]["record"] == made["record"]
    validator("decision").validate(json.loads(json.dumps(told, default=str)))
    printed("override", "review", "revoke", made["record"], *person[:4], "--home", tmp_path, "--format", "json")
    printed("override", "review", "overrides", "--all", "--home", tmp_path, "--format", "json")


def test_explain(tmp_path: Path) -> None:
    for lang in ("en", "ja"):
        printed("criterion", "explain", "--format", "json", "--lang", lang)
    printed("statement", "explain", "ST01", "--format", "json")
    with gate(tmp_path, SystemClock()) as at_work:  # type: ignore[arg-type]
        names = [at_work.check(url).record for url in ("https://held.example/1", "ftp://x.example/")]
    for name in names:
        printed("story", "explain", name, "--home", tmp_path, "--format", "json")
