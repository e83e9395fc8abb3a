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


def test_scenarios_print_one_line_each_and_exit_with_0() -> None:
    code, rows, words = run(shared("law/scenarios.jsonl"))
    assert code == 0
    assert len(rows) == 37
    assert "37 judged, 0 not judged, profile standard" in words
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


def test_userinfo_is_left_out_and_the_page_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    robots = {"status": 200, "body": "User-agent: *\nDisallow: /x", "fetched_at": "2026-11-10T03:00:00Z"}
    asked = "https://user:secret@www.example.com/x"
    path.write_text(json.dumps(case(robots=robots, url=asked)) + "\n" + json.dumps(case(url="user:secret@")), "utf-8")
    result = CliRunner().invoke(judge, [str(path), "--details"])
    (first, second) = map(json.loads, result.stdout.splitlines())
    assert first["findings"]["B2"] == "met"
    assert second["verdict"] is None
    assert "secret" not in result.output


def test_all_judged_exits_with_0_and_speaks_japanese(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    robots = {"status": 200, "body": "User-agent: *\nDisallow: /", "fetched_at": "2026-11-10T03:00:00Z"}
    path.write_text(json.dumps(case(robots=robots)), "utf-8")
    code, rows, _ = run(path, "--lang", "ja", "--profile", "strict")
    assert code == 0
    assert rows[0]["verdict"] == "deny"
    assert "技術的な措置" in str(rows[0]["reasons"])


def test_a_change_of_profile_is_shown_as_what_changes() -> None:
    _, rows, words = run(shared("law/scenarios.jsonl"), "--diff", "standard", "minimal")
    changed = {row["id"]: row for row in rows}
    assert changed["SC51"]["verdict"] == ["review", "allow"]
    assert changed["SC17"]["verdict"] == ["deny", "review"]
    assert all("findings" not in row for row in rows), "a profile weighs findings and makes none"
    assert f"37 cases, {len(rows)} change from standard to minimal" in words
    expected = [json.loads(line) for line in shared("law/scenarios.jsonl").read_text("utf-8").splitlines()]
    moved = {c["id"] for c in expected if c["expected"]["decision"]["standard"] != c["expected"]["decision"]["minimal"]}
    judged = {row["id"] for row in run(shared("law/scenarios.jsonl"))[1] if row["verdict"]}
    assert {name for name, row in changed.items() if "verdict" in row} == moved & judged


def test_two_outputs_of_two_rule_packs_are_compared_by_case(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps(case(id=name)) for name in "abc"), "utf-8")
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    rows = run(path)[1]
    old.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    rows[1]["findings"] |= {"B3": "met"}  # type: ignore[operator]
    new.write_text("\n".join(map(json.dumps, rows[1:])), "utf-8")
    result = CliRunner().invoke(judge, ["--diff", str(old), str(new), "--format", "text"])
    assert result.exit_code == 0
    assert result.stdout == f"a  ({new}: not there)\n" + result.stdout.partition("\n")[2]
    assert "b\n  B3 not met -> met\n" in result.stdout
    assert "3 cases, 2 change" in result.stderr
    mixed = CliRunner().invoke(judge, [str(path), "--diff", str(old), "standard"])
    assert (mixed.exit_code, mixed.stdout) == (0, "")


def test_a_comparison_says_what_it_needs(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a"}\n', "utf-8")
    for arguments, told in (
        (["--diff", "strict", "standard"], "a file with cases is needed"),
        (["--diff", "strikt", "standard"], "did you mean 'strict'"),
        (["--diff", str(bad), str(bad)], "line 1: is no output of crawlgate judge"),
        ([], "name a file with cases"),
    ):
        result = CliRunner().invoke(judge, arguments)
        assert result.exit_code != 0
        assert told in result.stderr + str(result.exception), arguments


def test_text_for_people(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    robots = {"status": 200, "body": "User-agent: *\nDisallow: /", "fetched_at": "2026-11-10T03:00:00Z"}
    path.write_text(json.dumps(case(robots=robots)) + "\n[]\n", "utf-8")
    result = CliRunner().invoke(judge, [str(path), "--format", "text"])
    assert result.stdout.startswith("T: deny\n  B2: a measure covers")
    assert "?: a case must be a JSON object" in result.stdout


def test_notices_that_no_gate_takes_count_for_nothing_and_are_told(tmp_path: Path) -> None:
    def listed(entry: str, url: str, **more: str) -> str:
        on = {"issuer": "RHA", "issuer_verified": True, "scope": "registrable_domain", "entry": entry}
        times = dict.fromkeys(("listed_at", "received_at", "effective_at"), "2026-10-01T00:00:00Z")
        return json.dumps(case(url=url, list_notices=[on | times | more]))

    path = tmp_path / "cases.jsonl"
    lines = [
        listed("co.jp", "https://shop.co.jp/"),
        listed("blogsuffix.test", "https://a.blogsuffix.test/"),
        listed("google.com", "https://mail.google.com/"),
        listed("google.com", "https://mail.google.com/", force="court order 12"),
        listed("a.blogsuffix.test", "https://a.blogsuffix.test/"),
        listed("a.test", "https://a.test/", expires_at="2026-11-10"),
    ]
    path.write_text("\n".join(lines), "utf-8")
    code, rows, words = run(path)
    assert code == 0
    assert [row["verdict"] for row in rows] == ["allow", "allow", "allow", "deny", "deny", "deny"]
    assert [len(row.get("not_taken", [])) for row in rows] == [1, 1, 1, 0, 0, 0]  # type: ignore[arg-type]
    assert "line 1, case T: not taken: list_notices[0]: 'co.jp' is a public suffix" in words
