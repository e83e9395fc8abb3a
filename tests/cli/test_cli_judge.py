"""`crawlgate judge`: one line a case, and exit code 4 where something was not judged."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from crawlgate.cli.judge import judge
from tests.shared_data import shared
from tests.test_cases import case


def run(path: Path, *options: str) -> tuple[int, list[dict[str, object]], str]:
    result = CliRunner().invoke(judge, [str(path), *options])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_scenarios_print_one_line_each_and_exit_with_4() -> None:
    code, rows, words = run(shared("law/scenarios.jsonl"))
    assert code == 4
    assert len(rows) == 37
    assert "28 judged, 9 not judged, profile standard" in words
    first = rows[0]
    assert set(first) == {"id", "verdict", "temporary", "findings", "reasons", "profile"}
    assert (first["id"], first["verdict"], first["profile"]) == ("SC01", "allow", "standard")


def test_broken_lines_are_told_and_the_others_judged(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    good = json.dumps(case())
    path.write_text(f"{good}\n\nnot json\n[1]\n{json.dumps(case(url='x'))}\n{good}\n", "utf-8")
    code, rows, words = run(path)
    assert code == 4
    assert [row["verdict"] for row in rows] == ["allow", None, None, None, "allow"]
    assert "line 3, case ?: not JSON" in words
    assert "line 5, case T: url: URL 'x' has no scheme" in words


def test_all_judged_exits_with_0_and_speaks_japanese(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    robots = {"status": 200, "body": "User-agent: *\nDisallow: /", "fetched_at": "2026-11-10T03:00:00Z"}
    path.write_text(json.dumps(case(robots=robots)), "utf-8")
    code, rows, _ = run(path, "--lang", "ja", "--profile", "strict")
    assert code == 0
    assert rows[0]["verdict"] == "deny"
    assert "技術的な措置" in str(rows[0]["reasons"])
