"""Installs crawlgate with each extra alone, in an environment of its own, and looks at what came:
`python .ci/extras.py [EXTRA...]`, by default all.

What came in is no package of another client's extra, but for what the extra's own packages want; the extra's
integration is there; every other one says which extra it needs; and what docs/pipelines.md shows for it runs. Takes uv
where it is on the path, pip otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = ("aiohttp", "crawlee", "httpx2", "mitmproxy", "playwright", "requests", "scrapy")
SHOWN = {
    "audit": "Training loaders",
    "dagster": "Dagster",
    "datasets": "Hugging Face datasets",
    "datatrove": "datatrove",
    "duckdb": "DuckDB",
    "polars": "polars, lazy",
    "ray": "Ray Data",
    "spark": "Spark",
}
"""The sections of docs/pipelines.md."""
TOGETHER = {"all", "test"}
SECONDS = 600
UV = shutil.which("uv")

LOOK = """
import importlib, json, sys
from importlib.metadata import distributions
extra, integrations = sys.argv[1], sys.argv[2].split()
import crawlgate
from crawlgate.errors import ConfigError
said = {}
for name in integrations:
    try:
        importlib.import_module(f"crawlgate.integrations.{name}")
    except ConfigError as error:
        said[name] = str(error)
    else:
        said[name] = ""
names = sorted({(d.metadata["Name"] or "").lower().replace("_", "-") for d in distributions()})
print(json.dumps({"said": said, "names": names}))
"""


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SECONDS, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def install(python: Path, *what: str) -> None:
    if UV:
        run(UV, "pip", "install", "-q", "--python", python, *what)
    else:
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *what)


def environment(folder: Path) -> Path:
    if UV:
        run(UV, "venv", "-q", "--python", sys.executable, folder)
    else:
        run(sys.executable, "-m", "venv", folder)
    return folder / "bin" / "python"


def wheel(folder: Path) -> Path:
    if UV:
        run(UV, "build", "-q", "--wheel", "--out-dir", folder, ROOT)
    else:
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, ROOT)
    (made,) = folder.glob("*.whl")
    return made


def look(python: Path, extra: str, integrations: set[str]) -> tuple[dict[str, str], set[str]]:
    found = json.loads(run(python, "-I", "-c", LOOK, extra, " ".join(sorted(integrations))))
    return found["said"], set(found["names"])


def shown(python: Path, heading: str, work: Path) -> list[str]:
    """What went wrong where the section's snippet was run."""
    code = [python, "-c", SHOW, heading, ROOT, tempfile.mkdtemp(dir=work)]
    environment = {**os.environ, "PYSPARK_PYTHON": str(python), "HF_HUB_OFFLINE": "1", "HF_HOME": str(work / "hf")}
    done = subprocess.run([str(one) for one in code], capture_output=True, text=True, timeout=SECONDS, env=environment)
    return [f"what the docs show under {heading!r} does not run: {done.stderr[-2000:]}"] if done.returncode else []


SHOW = """
import os, sys
from pathlib import Path
heading, root, folder = sys.argv[1:]
sys.path.append(root)  # behind what is installed
from tests.integrations.snippets import fill, run
os.chdir(folder)
fill(Path(folder))
run(heading)
"""


def main(asked: list[str]) -> int:
    extras: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    unknown = set(asked) - set(extras)
    if unknown:
        raise SystemExit(f"no extra is called {', '.join(sorted(unknown))}; there are {', '.join(extras)}")
    integrations = {name for name in extras if (ROOT / "crawlgate" / "integrations" / f"{name}.py").exists()}
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        made = wheel(Path(work) / "wheel")
        core = environment(Path(work) / "core")
        install(core, str(made))
        _, in_core = look(core, "", set())
        for extra in asked or sorted(set(extras) - TOGETHER):
            began = time.monotonic()
            python = environment(Path(work) / extra)
            install(python, f"crawlgate[{extra}] @ {made.as_uri()}")
            said, names = look(python, extra, integrations)
            came = names - in_core
            problems = [said[extra]] if said.get(extra) else []
            problems += [
                f"{other} does not name its extra: {said[other]}"
                for other in integrations - {extra}
                if said[other] and f"pip install 'crawlgate[{other}]'" not in said[other]
            ]
            others = came & (set(CLIENTS) - {extra})
            if others and extra in CLIENTS:
                why = run(python, "-I", "-c", WANTED, extra, *sorted(others)).split()
                problems += [f"it brings {other}, which {extra} does not want" for other in sorted(others - set(why))]
            if extra in SHOWN:
                problems += shown(python, SHOWN[extra], Path(work))
            wrong += bool(problems)
            told = "; ".join(problems) or f"{len(came)} packages beside the core's"
            print(f"crawlgate[{extra}]: {told} ({time.monotonic() - began:.1f} s)", flush=True)
    return 1 if wrong else 0


WANTED = """
import sys
from importlib.metadata import requires
wanted = {line.split(";")[0] for line in requires(sys.argv[1]) or () if "extra ==" not in line}
print(*(name for name in sys.argv[2:] if any(line.startswith(name) for line in wanted)))
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
