"""`crawlgate check` and how every error becomes a message and an exit code: through the real program, and where many
cases are alike, through its entry point in this process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawlgate.ledger.verify import verify
from tests.cli.program import Run
from tests.cli.program import run as inside  # noqa: F401 - a fixture

DECLARATION = """
operator = "Example Lab"
token = "ExampleBot"
user_agent = "ExampleBot/1.0 (+https://lab.example/bot)"
token_published = true
purposes = ["pretraining"]
"""


def run(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crawlgate", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d.toml").write_text(DECLARATION, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("example.com/x", "has no scheme"),
        ("https://", "has no host"),
        ("data:text/plain,x", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("https://user:secret@a.example/", "user name or password"),
        ("http://127.0.0.1/", "host is a number"),
        ("http://[::1]/", "host is a number"),
    ],
)
def test_a_url_that_cannot_be_asked_about_is_a_typed_deny(
    folder: Path,
    inside: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    told: str,
) -> None:
    monkeypatch.chdir(folder)
    done = inside("check", url, "--declaration", "d.toml")
    assert done.code == 4
    assert "deny" in done.out
    assert told in done.out
    assert "secret" not in done.out + done.err
    assert verify(folder / ".crawlgate" / "ledger").ok


def test_the_real_program_does_the_same(folder: Path) -> None:
    done = run("check", "https://user:secret@a.example/", "--declaration", "d.toml", cwd=folder)
    assert done.returncode == 4
    assert "user name or password" in done.stdout
    assert "secret" not in done.stdout + done.stderr
    verified = run("ledger", "verify", cwd=folder)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    wrong = run("nonsense", cwd=folder)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "No such command" in wrong.stderr


def test_an_address_that_is_not_public_is_refused_and_the_way_out_is_named(folder: Path) -> None:
    done = run("check", "http://localhost:9/", "--declaration", "d.toml", cwd=folder)
    assert done.returncode == 1
    assert "--allow-address" in done.stderr
    allowed = run("check", "http://localhost:9/", "--declaration", "d.toml", "--allow-address", "127.0.0.0/8",
                  "--allow-address", "::1", cwd=folder)  # fmt: skip
    assert "--allow-address" not in allowed.stderr
    assert "refused" in allowed.stdout
    ledger = "".join(file.read_text("utf-8") for file in (folder / ".crawlgate" / "ledger").glob("*.jsonl"))
    assert '"kind":"decision"' in ledger
    assert "secret" not in ledger


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("check",), "Missing argument"),
        (("check", "-"), "no URL to ask about"),
        (("check", "https://a.example/", "--declaration", "absent.toml"), "absent.toml"),
        (("check", "https://a.example/", "--declaration", "bad.toml"), "not valid TOML"),
        (("check", "https://a.example/", "--declaration", "key.toml"), "did you mean 'token'"),
        (("check", "https://a.example/", "--profile", "strickt"), "did you mean 'strict'"),
        (("check", "https://a.example/", "--home", "d.toml"), "d.toml"),
        (("check", "https://a.example/", "--allow-address", "nonsense"), "nonsense"),
        (("judge", "absent.jsonl"), "absent.jsonl"),
        (("judge", "empty.jsonl"), "no case in it"),
        (("ledger", "verify"), ".crawlgate"),
        (("nonsense",), "No such command"),
    ],
)
def test_usage_and_configuration_exit_with_2(
    folder: Path,
    inside: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (folder / "bad.toml").write_text("operator = ", "utf-8")
    (folder / "key.toml").write_text('operator = "x"\ntoken = "X"\nuser_agent = "X"\ntokn = "y"\n', "utf-8")
    (folder / "empty.jsonl").write_text("\n", "utf-8")
    done = inside(*arguments)
    assert done.code == 2, done.out + done.err
    assert told in done.err
    assert done.out == ""


def test_a_list_whose_path_leads_nowhere_exits_with_2_and_one_that_is_none_with_3(folder: Path) -> None:
    done = run("check", "https://a.example/", "--blocklist", "absent.txt", "--declaration", "d.toml", cwd=folder)
    assert done.returncode == 2
    assert "absent.txt" in done.stderr
    (folder / "binary.txt").write_bytes(b"a\x00b\n")
    done = run("check", "https://a.example/", "--blocklist", "binary.txt", "--declaration", "d.toml", cwd=folder)
    assert done.returncode == 3
    assert "binary.txt" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").exists(), reason="needs a path nobody can write")
def test_a_home_that_cannot_be_written_exits_with_2(folder: Path) -> None:
    done = run("check", "https://a.example/", "--home", "/proc/crawlgate", "--declaration", "d.toml", cwd=folder)
    assert done.returncode == 2
    assert "/proc/crawlgate" in done.stderr
    assert "choose another" in done.stderr


def test_json_goes_to_stdout_and_words_to_stderr(folder: Path) -> None:
    done = run("check", "-", "--format", "json", cwd=folder, stdin="ftp://a.example/\nhttp://10.0.0.1/\n")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["verdict"], row["problem"]) for row in rows] == [
        ("deny", "unsupported_scheme"),
        ("deny", "ip_literal"),
    ]
    assert all(row["schema"] == "crawlgate.decision/1" and row["record"] for row in rows)
    assert "undeclared" in done.stderr


def test_a_listed_site_is_denied_without_contact_and_exits_with_1(folder: Path) -> None:
    (folder / "list.txt").write_text("pirate-manga.example\n", "utf-8")
    arguments = ("check", "https://img.pirate-manga.example/1", "--declaration", "d.toml", "--blocklist", "list.txt")
    held = run(*arguments, cwd=folder)
    assert "C1" in held.stdout
    denied = run(*arguments, "--vouched-by", "Reviewer", cwd=folder)
    assert denied.returncode == 1
    assert denied.stdout.startswith("deny: https://img.pirate-manga.example/1")
    assert "a listed site is not contacted" in denied.stdout
    japanese = run(*arguments, "--vouched-by", "Reviewer", "--lang", "ja", "--fail-on", "never", cwd=folder)
    assert japanese.returncode == 0
    assert "海賊版等を掲載すると知っているサイトからの収集" in japanese.stdout


def test_a_host_that_cannot_be_resolved_is_denied_for_now(folder: Path) -> None:
    done = run("check", "https://nobody.invalid/", "--declaration", "d.toml", cwd=folder)
    assert done.returncode == 1
    assert "for now" in done.stdout
    assert "robots.txt could not be had" in done.stdout
