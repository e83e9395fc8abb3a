"""`crawlgate ledger bundle`: what is said, where, and with which exit code."""

import subprocess
import sys
import zipfile

from crawlgate.ledger.query import decisions
from tests.audit.inquiries import crawled
from tests.cli.program import Run, run

__all__ = ["run"]


def test_a_bundle_is_written_named_and_verifies(run: Run, tmp_path):
    home = crawled(tmp_path / "home")
    names = [found.record for found in decisions(home / "ledger") if found.verdict == "deny"]
    done = run("ledger", "bundle", *names, "--out", tmp_path / "b.zip", "--home", home)
    assert done.code == 0
    assert done.out.endswith(f"  {tmp_path / 'b.zip'}\n")
    assert "python verify.py" in done.err
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        packed.extractall(tmp_path / "there")
    check = subprocess.run(
        [sys.executable, "-I", "-S", tmp_path / "there" / "verify.py"], capture_output=True, text=True
    )
    assert (check.returncode, check.stderr) == (0, "")
    again = run("ledger", "bundle", names[0], "--out", tmp_path / "b.zip", "--home", home)
    assert (again.code, "--force" in again.err) == (2, True)
    assert run("ledger", "bundle", names[0], "--out", tmp_path / "b.zip", "--home", home, "--force").code == 0


def test_bad_input_is_named(run: Run, tmp_path):
    home = crawled(tmp_path / "home")
    name = next(decisions(home / "ledger")).record
    near = run("ledger", "bundle", name.replace(":", "x:"), "--out", tmp_path / "b.zip", "--home", home)
    assert (near.code, "did you mean" in near.err) == (2, True)
    assert run("ledger", "bundle", "x", "--out", tmp_path / "b.zip", "--home", home).code == 2
    assert run("ledger", "bundle", name, "--out", tmp_path / "none" / "b.zip", "--home", home).code == 2
    assert run("ledger", "bundle", name, "--out", tmp_path / "b.zip", "--home", tmp_path / "none").code == 2
    for path in (home / "evidence").iterdir():
        data = path.read_bytes()
        path.write_bytes(data[:100] + bytes(len(data) - 100))
    used = next(found.record for found in decisions(home / "ledger") if found.verdict == "deny")
    assert run("ledger", "bundle", used, "--out", tmp_path / "b.zip", "--home", home).code == 3
    assert not (tmp_path / "b.zip").exists()
