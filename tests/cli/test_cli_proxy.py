"""`crawlgate proxy` runs mitmdump with the add-on, or says what is missing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from click.testing import CliRunner

from crawlgate.cli import main
from crawlgate.cli.main import cli
from crawlgate.ledger.query import decisions
from tests.integrations.mitmproxy_env import ROOT, Absent, python
from tests.webserver import Answer, WebServer, robots

DECLARATION = 'operator = "Example Lab"\ntoken = "ExampleBot"\nuser_agent = "ExampleBot/1.0"\ntoken_published = true\n'


def test_the_script_for_mitmdump_stands_alone_in_its_folder() -> None:
    result = CliRunner().invoke(cli, ["proxy", "--print-script"])
    script = Path(result.stdout.strip())
    assert "GateAddon()" in script.read_text("utf-8")
    assert [path.name for path in script.parent.glob("*.py")] == [script.name]


def test_without_mitmproxy_it_names_the_extra(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        patch("importlib.util.find_spec", return_value=None),
        patch("sys.argv", ["crawlgate", "proxy"]),
        pytest.raises(SystemExit) as left,
    ):
        main()
    assert left.value.code == 2
    assert "pip install 'crawlgate[mitmproxy]'" in capsys.readouterr().err


def test_it_runs_with_the_options_given(tmp_path: Path) -> None:
    (tmp_path / "me.toml").write_text(DECLARATION)
    log = tmp_path / "log"
    options = ["--declaration", "me.toml", "--home", "home", "--allow-address", "127.0.0.0/8", "--mode", "observe"]
    try:
        command = [str(python()), "-m", "crawlgate", "proxy", *options, "--port", "0", "--", "--set", "confdir=conf"]
    except Absent as absent:
        pytest.skip(str(absent))
    site = {"/robots.txt": robots("User-agent: *\nDisallow: /"), "/": Answer("<html><head></head><body>tide")}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with WebServer({"127.0.0.1": site}) as web, log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=tmp_path, env=environment)
        try:
            until = time.monotonic() + 60
            while "the gate is open (observe)" not in log.read_text("utf-8") and time.monotonic() < until:
                assert process.poll() is None, log.read_text("utf-8")
                time.sleep(0.05)
            found = re.search(r"proxy listening at (127\.0\.0\.1:\d+)", log.read_text("utf-8"))
            assert found, log.read_text("utf-8")
            answer = httpx.get(f"http://127.0.0.1:{web.port}/", proxy=f"http://{found[1]}", timeout=30)
            assert (answer.status_code, "tide" in answer.text) == (200, True)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert process.returncode == 0, log.read_text("utf-8")
    assert [(said.verdict, said.enforced) for said in decisions(tmp_path / "home" / "ledger")] == [("deny", False)] * 2
