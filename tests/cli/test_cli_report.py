from pathlib import Path

import pytest
from click.testing import CliRunner

from crawlgate.cli.main import main
from crawlgate.cli.report import report
from crawlgate.errors import ConfigError, LedgerError
from crawlgate.model import Verdict
from tests.report.homes import basis, segment, written


@pytest.fixture
def home(tmp_path):
    return written(
        tmp_path / "my home", [("https://a.example/1", basis()), ("https://b.example/2", basis(Verdict.ALLOW))]
    )


def run(*arguments):
    return CliRunner().invoke(report, [str(argument) for argument in arguments])


def command_line(monkeypatch, capsys, *arguments):
    """As typed: exit code, stdout, stderr."""
    monkeypatch.setattr("sys.argv", ["crawlgate", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    shown = capsys.readouterr()
    return stop.value.code, shown.out, shown.err


def test_path_on_stdout_summary_on_stderr(home):
    shown = run("--home", home)
    assert shown.exit_code == 0
    assert shown.stdout == f"{home / 'report.html'}\n"
    assert shown.stderr == (
        "2 URLs asked: 1 allow, 0 review, 1 deny, 0 deny for now, 0 refused as a URL; the ledger verifies\n"
    )
    assert (home / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_out_and_language(home, tmp_path):
    out = tmp_path / "elsewhere.html"
    shown = run("--home", home, "--out", out, "--lang", "ja")
    assert (shown.exit_code, shown.stdout) == (0, f"{out}\n")
    assert '<html lang="ja">' in out.read_text("utf-8")
    assert not (home / "report.html").exists()


def test_the_default_home(home, monkeypatch):
    monkeypatch.chdir(home.parent)
    home.rename(home.parent / ".crawlgate")
    assert run().stdout == f"{Path('.crawlgate/report.html')}\n"


def test_a_cut_tail_is_reported_and_exits_with_3(home):
    path = segment(home)
    path.write_bytes(path.read_bytes()[:-9])
    shown = run("--home", home)
    assert shown.exit_code == 3
    assert shown.stdout == f"{home / 'report.html'}\n"
    assert "DOES NOT VERIFY" in shown.stderr
    assert "the last line is cut" in shown.stderr
    assert "does not verify" in (home / "report.html").read_text("utf-8")


def test_no_home_no_ledger_no_place(home, tmp_path):
    assert isinstance(run("--home", tmp_path / "nowhere").exception, LedgerError)
    (tmp_path / "empty" / "ledger").mkdir(parents=True)
    assert isinstance(run("--home", tmp_path / "empty").exception, LedgerError)
    assert isinstance(run("--home", home, "--out", tmp_path / "no" / "r.html").exception, ConfigError)
    assert run("--lang", "de").exit_code == 2


def test_errors_are_messages_with_exit_code_2(home, tmp_path, monkeypatch, capsys):
    code, out, err = command_line(monkeypatch, capsys, "report", "--home", tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert err.startswith(f"crawlgate: there is no ledger at {tmp_path / 'nowhere' / 'ledger'}: ")
    code, out, err = command_line(monkeypatch, capsys, "report", "--home", home, "--out", tmp_path)
    assert (code, out) == (2, "")
    assert err == f"crawlgate: report {tmp_path}: cannot be written: Is a directory; choose another file\n"
