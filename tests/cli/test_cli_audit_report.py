"""`crawlgate audit report`: the report of an audit, in the form that was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawlgate.cli.main import cli

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from tests.report.audited import audited


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited(tmp_path_factory.mktemp("audit"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["audit", "report", *map(str, arguments)])


@pytest.mark.parametrize(
    ("form", "name", "begins"),
    [
        ("html", "report.html", "<!doctype html>"),
        ("markdown", "report.md", "# Audit report: Example Lab"),
        ("json", "report.json", "{"),
        ("sarif", "report.sarif", "{"),
    ],
)
def test_the_report_is_written_beside_the_audit(out: Path, form: str, name: str, begins: str) -> None:
    first = run(out, "--format", form)
    assert (first.exit_code, first.stdout) == (0, f"{out / name}\n")
    assert "9 rows judged, 1 of them without a known answer" in first.stderr
    made = (out / name).read_bytes()
    assert made.decode().startswith(begins)
    run(out, "--format", form)  # a report is no input of the next
    assert (out / name).read_bytes() == made


def test_to_a_file_or_to_stdout_in_japanese(out: Path, tmp_path: Path) -> None:
    place = tmp_path / "r.html"
    assert run(out, "--out", place, "--lang", "ja").stdout == f"{place}\n"
    assert '<html lang="ja">' in place.read_text("utf-8")
    assert json.loads(run(out, "--format", "json", "--out", "-").stdout)["schema"] == "crawlgate.audit-report/1"


def test_what_is_wrong_is_said(out: Path, tmp_path: Path) -> None:
    assert "there is no such folder" in str(run(tmp_path / "nowhere").exception)
    assert "cannot be written" in str(run(out, "--out", tmp_path / "no" / "r.html").exception)
    assert run(out, "--format", "pdf").exit_code == 2
