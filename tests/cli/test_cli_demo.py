"""`crawlgate demo` as a person runs it."""

import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from crawlgate.cli.demo import _access, demo
from crawlgate.demo.crawl import crawl
from crawlgate.demo.sites import LISTED, SITES


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("demo home") / "here"


@pytest.fixture(scope="module")
def shown(home):
    return CliRunner().invoke(demo, ["--home", str(home)], env={"COLUMNS": "100"}, catch_exceptions=False)


def test_it_ends_well_and_says_what_it_did(shown):
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert any(
        line.startswith("118 URLs in ")
        and "46 allow, 18 review, 54 deny (4 of them for now only, 2 where a redirect led)" in line
        for line in lines
    )
    flat = " ".join(shown.stdout.split())
    assert "none for the 45 URLs that were stopped before the fetch" in flat
    assert "manga-tide.test, which is on the list, saw 0 connections" in flat


@pytest.mark.parametrize(
    "line",
    [
        "Disallow: /essays/  (robots.disallow, line 2)",
        "Content-Signal: search=yes, ai-train=no  (content_signal.line, line 2)",
        'www-authenticate: Basic realm="machi-archive", charset="UTF-8"  (access.401)',
        "robots: noai, noimageai  (robots_tag.noai)",
        "http://link-corner.example/go/1 -> http://manga-tide.test/read/1",
        "licence KEP-7 of Kitamado Example Press covers this URL, purpose and date",
    ],
)
def test_it_shows_the_line_or_header_that_said_so(shown, line):
    assert line in shown.stdout


def test_progress_and_sites_go_to_stderr(shown):
    assert "24 sites, 118 URLs" in " ".join(shown.stderr.split())
    assert "A blog with nothing to say" in shown.stderr
    assert "A blog with nothing to say" not in shown.stdout
    assert "\x1b" not in shown.stdout + shown.stderr


def test_everything_lies_where_it_says(shown, home):
    assert any((home / "ledger").iterdir())
    assert any((home / "evidence").iterdir())
    assert (home / "report.html").stat().st_size > 1000
    for line in (f"Ledger: {home}/ledger", f"Evidence: {home}/evidence", f"Report: {home}/report.html"):
        assert line in shown.stdout
    # The path holds a blank: what is to be typed is quoted.
    for command in ("ledger verify", "ledger show", "review list", "report"):
        assert f"  crawlgate {command} --home '{home}'\n" in shown.stdout


def test_it_speaks_japanese_and_takes_a_home_again(shown, home):
    again = CliRunner().invoke(demo, ["--home", str(home), "--lang", "ja"], catch_exceptions=False)
    assert again.exit_code == 0
    assert "許可 44、保留 20、拒否 54" in again.stdout
    assert "海賊版等を掲載すると知っているサイトからの収集" in "".join(again.stdout.split())
    assert "要求は一件もない" in "".join(again.stdout.split())


def test_what_cannot_work_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("")
    for arguments in (["--home", str(tmp_path / "file")], ["--home", str(tmp_path / "h"), "--profile", "standart"]):
        ran = subprocess.run(
            [sys.executable, "-c", "from crawlgate.cli import main; main()", "demo", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 2
        assert "Traceback" not in ran.stderr
        assert ran.stdout == ""


def test_a_contradiction_between_gate_and_logs_is_never_hidden(tmp_path):
    result = crawl(tmp_path, sites=SITES[:2])
    leaked = replace(result, sent_anyway=("http://kohan-news.example/",), connections={LISTED: 0})
    with pytest.raises(RuntimeError, match=r"http://kohan-news\.example/"):
        _access(leaked, "en")
    with pytest.raises(RuntimeError, match=LISTED):
        _access(replace(result, connections={LISTED: 1}), "en")
