"""`crawlgate config`: what it writes can be checked, shown and read again; what is wrong is told with its key."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawlgate.cli.main import cli
from crawlgate.declaration import from_table
from crawlgate.errors import ConfigError
from crawlgate.model import Declaration, Licence, Use
from crawlgate.policy import load_profile
from crawlgate.policy.config import BUILT_IN


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["config", *map(str, arguments)])


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_init_writes_passes_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    written = run("init", tmp_path / "new", "--profile", "strict", "--lang", lang)
    assert written.stdout.split() == [str(tmp_path / "new" / name) for name in ("declaration.toml", "profile.toml")]
    monkeypatch.chdir(tmp_path / "new")
    checked = run("check")
    assert checked.exit_code == 0
    assert checked.stdout.splitlines() == [
        "declaration.toml: declaration Example Lab is fine; sha256:-",
        f"profile.toml: profile mine is fine; sha256:{load_profile('strict').hash}",
    ]
    assert "operator is still the example's ('Example Lab')" in checked.stderr
    assert "limits not set for A2 (single_creator_share, small_group_works)" in checked.stderr
    again = run("init")
    assert isinstance(again.exception, ConfigError)
    assert "is there already; write over it with --force" in str(again.exception)
    assert run("init", "--force").exit_code == 0


def test_check_tells_every_file_and_exits_with_2(tmp_path: Path) -> None:
    texts = {
        "good.toml": 'name = "a"\nbased_on = "minimal"\n',
        "hole.toml": 'name = "a"\n[effects.B2]\nmet = "deny"\n',
        "who.toml": 'operator = "X"\ntoken = "XBot"\nuser_agent = "XBot/1"\npurposes = ["pretrainin"]\n',
        "odd.toml": "x = 1\n",
        "old.toml": 'licensor = "P"\nscope = ["https://p.example/*"]\npurposes = ["*"]\nfrom = 2020-01-01\nto = 2020-12-31\n',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    files = [*(tmp_path / name for name in texts), tmp_path / "absent.toml"]
    told = run("check", *files, "--format", "json")
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 2
    assert [(row["kind"], row["ok"]) for row in rows] == [
        ("profile", True),
        ("profile", False),
        ("declaration", False),
        (None, False),
        ("licence", True),
        (None, False),
    ]
    assert rows[4]["hints"] == ["P: ended on 2020-12-31", "P: no reference, so nobody can look it up"]
    assert "effects.A1.met" in rows[1]["error"]
    assert "did you mean 'pretraining'" in rows[2]["error"]
    assert "is no profile" in rows[3]["error"]
    assert "No such file" in rows[5]["error"]
    plain = run("check", *files)
    assert plain.exit_code == 2
    assert plain.stdout.count("is fine") == 2
    assert plain.stderr.count("crawlgate: ") == 4


@pytest.mark.parametrize("name", BUILT_IN)
def test_show_prints_a_policy_that_can_be_saved_and_hashed(tmp_path: Path, name: str) -> None:
    told = json.loads(run("show", name, "--format", "json").stdout)
    assert told["sha256"] == load_profile(name).hash
    assert (told["schema"], told["declaration"]) == ("crawlgate.policy/1", None)
    assert {len(row) for row in told["policy"]["effects"].values()} == {5}
    path = tmp_path / "saved.toml"
    for lang in ("en", "ja"):
        path.write_text(run("show", name, "--format", "toml", "--lang", lang).stdout, "utf-8")
        assert load_profile(path).hash == told["sha256"]
        assert told["sha256"] in run("show", path, "--lang", lang).stdout


def test_limits_and_hostile_words_are_shown_whole(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    limit = '[limits.site_pages]\nvalue = 5000\nunit = "pages"\nowner = "R. Mori"\ndate = 2026-04-01\n'
    path.write_text(f'name = "p"\nbased_on = "standard"\n{limit}reason = "a\\u001b[2J\\"\\u007f"\n', "utf-8")
    english, japanese = run("show", path).stdout, run("show", path, "--lang", "ja").stdout
    assert r'site_pages (B6): 5,000 pages (R. Mori, 2026-04-01: a\x1b[2J"\x7f)' in english
    assert "site_pages (B6): 5,000 ページ" in japanese
    assert "single_creator_share (A2): 定めなし" in japanese
    saved = tmp_path / "saved.toml"
    saved.write_text(run("show", path, "--format", "toml").stdout, "utf-8")
    assert load_profile(saved).limits == load_profile(path).limits


def test_show_names_who_asks_where_it_is_given(tmp_path: Path) -> None:
    run("init", tmp_path)
    told = json.loads(run("show", "--declaration", tmp_path / "declaration.toml", "--format", "json").stdout)
    assert told["declaration"]["token"] == "ExampleBot"
    assert "token: ExampleBot" in run("show", "--declaration", tmp_path / "declaration.toml").stdout


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_starter_names_every_field_and_every_purpose(tmp_path: Path, lang: str) -> None:
    run("init", tmp_path, "--lang", lang)
    text = (tmp_path / "declaration.toml").read_text("utf-8")
    for name in [*(field.name for field in fields(Declaration)), *(field.name for field in fields(Licence)), *Use]:
        assert name in text, name
    whole = re.sub(r"(?m)^# (?=\[|[a-z_]+ = )", "", text.replace("token_published = false", ""))
    read = from_table(tomllib.loads(whole))
    assert (read.needed_works, read.snippet_cap, len(read.licences)) == (100000, 200, 1)
