"""mitmproxy in an environment of its own, beside that of the tests: it pins versions of what crawlgate uses too."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_ADDON = Path(__file__).parent / "mitmdump" / "addon.py"
_RUN = "import sys; from mitmproxy.tools.main import mitmdump; sys.exit(mitmdump())"
_LISTENS = re.compile(r"proxy listening at 127\.0\.0\.1:(\d+)")
_OPEN = "the gate is open"
_SECONDS = 600


class Absent(Exception):
    """mitmproxy cannot be had here; the reason."""


@cache
def python() -> Path:
    """The interpreter of an environment that has mitmproxy and what crawlgate needs; made once, kept beside the
    tests' own. Raises `Absent`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["mitmproxy"]]
    own = Path(sys.prefix) if sys.prefix != sys.base_prefix else Path(tempfile.gettempdir())
    digest = hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()[:12]
    folder = own / f"mitmproxy-{digest}"
    found, done = folder / "bin" / "python", folder / "done"
    if os.environ.get("CRAWLGATE_NO_MITMPROXY"):
        raise Absent("CRAWLGATE_NO_MITMPROXY is set")
    folder.mkdir(exist_ok=True)
    with (own / f"mitmproxy-{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            try:
                _make(folder, wanted)
            except (subprocess.SubprocessError, OSError) as error:
                said = getattr(error, "stderr", None) or str(error)
                raise Absent(f"mitmproxy could not be installed: {said.strip()[-500:]}") from None
            done.touch()
    return found


def _make(folder: Path, wanted: list[str]) -> None:
    def run(*command: object) -> None:
        subprocess.run([*map(str, command)], check=True, capture_output=True, text=True, timeout=_SECONDS)

    uv = shutil.which("uv")
    if uv:
        run(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder)
        run(uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *wanted)
    else:
        run(sys.executable, "-m", "venv", folder)
        run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted)


class Proxy:
    """mitmdump at work: `port`, `url`, the folder of its certificates (`conf`), and what it said (`log`)."""

    def __init__(self, port: int, conf: Path, log: Path) -> None:
        self.port, self.conf, self._log = port, conf, log

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The certificate that clients have to trust for HTTPS."""
        return self.conf / "mitmproxy-ca-cert.pem"

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")


@contextmanager
def proxy(folder: Path, settings: tuple[str, ...] = (), **told: Any) -> Iterator[Proxy]:
    """mitmdump with the add-on of tests/integrations/mitmdump; `told` are the options of its gate."""
    folder.mkdir(exist_ok=True)
    conf, log = folder / "conf", folder / "mitmdump.log"
    if "limits" in told:
        told["limits"] = asdict(told["limits"])
    told["blocklists"] = [asdict(item) for item in told.get("blocklists", ())]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        "CRAWLGATE_TEST": json.dumps(told, default=str),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    options = ("--listen-host", "127.0.0.1", "--listen-port", "0", "--set", f"confdir={conf}", *settings)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(python()), "-c", _RUN, "-s", str(_ADDON), *options],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
        try:
            yield Proxy(_port(process, log), conf, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(20)
    said = log.read_text("utf-8", "replace")
    assert "Traceback" not in said, said
    assert process.returncode == 0, said


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        said = log.read_text("utf-8", "replace")
        found = _LISTENS.search(said)
        if found and _OPEN in said:
            return int(found[1])
        assert process.poll() is None, said
        time.sleep(0.02)
    raise AssertionError(log.read_text("utf-8", "replace"))
