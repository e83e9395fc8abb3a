"""`crawlgate serve` as a process: where it listens, how it ends, and what it refuses to start with."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from crawlgate.cli import main
from crawlgate.ledger.query import decisions
from crawlgate.ledger.verify import verify
from tests.webserver import Answer, WebServer, robots

DECLARATION = """
operator = "Example Lab"
token = "ExampleBot"
user_agent = "ExampleBot/1.0"
token_published = true
"""
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    file = tmp_path / "me.toml"
    file.write_text(DECLARATION)
    return file


def command(*options: object) -> list[str]:
    return [sys.executable, "-m", "crawlgate", "serve", *map(str, options)]


@contextmanager
def started(*options: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(command(*options), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.fullmatch(r"crawlgate serves on (\S+)\n", line)
        assert found, line + process.stderr.read()
        yield process, found[1]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def turned_away(at: str) -> None:
    """Return once nobody new is let in."""
    with suppress(httpx.TransportError):
        while True:
            httpx.get(f"{at}/health/live", timeout=5)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def test_sigterm_answers_what_is_under_way_and_seals(tmp_path: Path, declared: Path) -> None:
    asked, goes_on = threading.Event(), threading.Event()

    def slow(_: object) -> Answer:
        asked.set()
        return robots("User-agent: *\nAllow: /", before=(goes_on,))

    home = tmp_path / "home"
    # 127.0.0.1 itself stands in for a site, allowed by its range.
    with (
        WebServer({"127.0.0.1": {"/robots.txt": slow}}) as web,
        started("--declaration", declared, "--home", home, "--port", 0, "--allow-address", "127.0.0.0/8") as (
            at_work,
            at,
        ),
    ):
        answers: list[httpx.Response] = []
        question = {"url": f"http://127.0.0.1:{web.port}/page"}
        thread = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{at}/v1/check", json=question, timeout=20)), daemon=True
        )
        thread.start()
        assert asked.wait(10)
        at_work.send_signal(signal.SIGTERM)
        turned_away(at)
        goes_on.set()
        thread.join(20)
        assert ended(at_work) == (0, "", "")
    assert answers[0].json()["verdict"] == "allow"
    report = verify(home / "ledger")
    assert (report.ok, report.problems) == (True, ())
    assert [f"{said.verdict} {said.record}" for said in decisions(home / "ledger")] == [
        f"allow {answers[0].json()['record']}"
    ]
    assert not list((home / "ledger").glob("*.open"))


def test_a_unix_socket_goes_away_with_the_service(tmp_path: Path, declared: Path) -> None:
    path = tmp_path / "gate.sock"
    with started("--declaration", declared, "--home", tmp_path / "home", "--socket", path, "--mode", "observe") as (
        at_work,
        at,
    ):
        assert at == f"unix:{path}"
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            answer = client.post("http://gate/v1/check", json={"url": "ftp://a.example/"})
            assert (answer.json()["problem"], answer.json()["enforced"]) == ("unsupported_scheme", False)
        at_work.send_signal(signal.SIGINT)
        assert ended(at_work) == (0, "", "")
    assert not path.exists()


def test_told_to_stop_before_it_is_ready(tmp_path: Path, declared: Path) -> None:
    path = tmp_path / "gate.sock"
    options = ("--declaration", declared, "--home", tmp_path / "home", "--socket", path)
    process = subprocess.Popen(command(*options), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until:  # it is there before the gate is open
        time.sleep(0.001)
    process.send_signal(signal.SIGTERM)
    code, out, err = ended(process)
    assert (code, out) == (0, "")
    assert err in ("", f"crawlgate serves on unix:{path}\n")
    assert not path.exists()


def test_a_token_is_asked_for_and_never_shown(tmp_path: Path, declared: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    common = ("--declaration", declared, "--home", tmp_path / "home", "--host", "0.0.0.0", "--port", 0)
    with started(*common, "--token-file", file) as (at_work, at):
        here = at.replace("0.0.0.0", "127.0.0.1")
        assert httpx.post(f"{here}/v1/check", json={"url": "ftp://a.example/"}).status_code == 401
        known = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.post(f"{here}/v1/check", json={"url": "ftp://a.example/"}, headers=known).status_code == 200
        at_work.send_signal(signal.SIGTERM)
        code, out, err = ended(at_work)
        assert (code, TOKEN in out + err) == (0, False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0"), "needs? a token"),
        (("--host", "::"), "needs? a token"),
        (("--token-file", "nowhere"), "token file nowhere: cannot be read"),
        (("--socket", "/proc/no/such.sock"), "--socket /proc/no/such.sock"),
        (("--declaration", "nowhere.toml"), "declaration nowhere.toml"),
        (("--profile", "lenient"), "lenient"),
        (("--blocklist", "nowhere.txt"), "nowhere.txt"),
        (("--home", "/proc/home"), "/proc/home"),
    ],
)
def test_what_it_does_not_start_with(
    tmp_path: Path, declared: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    given = ("--declaration", declared, "--home", tmp_path / "home", "--port", 0, *options)
    with pytest.raises(SystemExit) as left, patch("sys.argv", ["crawlgate", "serve", *map(str, given)]):
        main()
    said = capsys.readouterr()
    assert (left.value.code, said.out) in ((2, ""), (3, ""))
    assert re.search(words, said.err), said.err


def test_a_missing_package_is_told_with_its_extra() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; sys.argv = ['crawlgate', 'serve']; from crawlgate.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "pip install 'crawlgate[serve]'" in done.stderr
