"""The house keeps its shape: public names, and imports that run one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import crawlgate

PACKAGE = Path(crawlgate.__file__).parent
# Each room may import the rooms before it, and of the side rooms what is named.
ORDER = [
    "signals",
    "criteria",
    "policy",
    "flow",
    "site",
    "register",
    "assess",
    "permit",
    "people",
    "feeds",
    "lists",
    "loaded",
    "commits",
    "core",
    "gate",
]
COMMON = {
    "signed_note",
    "vocabulary",
    "notice",
    "model",
    "errors",
    "limits",
    "url",
    "headers",
    "declaration",
    "clock",
    "home",
    "explain",
    "__version__",
}
SIDE = {
    "evidence": COMMON - {"explain", "declaration"},
    "ledger": {"model", "errors", "limits", "evidence", "signed_note"},
    "blocklist": COMMON | {"domains", "evidence"},
    "kept": set(),
}
PURE = ["signals", "criteria", "policy", "flow", "site", "register", "assess", "cases", "inspection"]
IMPURE = {"httpx", "httpcore", "anyio", "asyncio", "socket", "threading", "random", "time", "subprocess", "os"}


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file: Path) -> set[str]:
    """Rooms of this package that a file imports when it is loaded; not those under TYPE_CHECKING."""
    tree = ast.parse(file.read_text("utf-8"))
    skipped = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    depth = len(file.relative_to(PACKAGE).parts)
    rooms: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or id(node) in skipped or node.level == 0:
            continue
        if node.level == depth:
            rooms.update([node.module.split(".")[0]] if node.module else [name.name for name in node.names])
    return rooms


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_run_one_way(file: Path) -> None:
    room, used = room_of(file), imported(file)
    if room in ORDER:
        later = set(ORDER[ORDER.index(room) + 1 :]) | {
            "integrations",
            "serve",
            "audit",
            "cli",
            "report",
            "demo",
            "cases",
            "review",
        }
        lazy = {"integrations", "audit"} if room == "gate" else set()
        assert not used & (later - lazy)
    elif room in SIDE:
        assert used <= SIDE[room] | {room}


@pytest.mark.parametrize("room", PURE)
def test_the_core_opens_no_socket_and_reads_no_clock(room: str) -> None:
    for file in FILES:
        if room_of(file) != room:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            assert not {name.split(".")[0] for name in names} & IMPURE, (file, names)


def test_only_the_command_line_prints_or_exits() -> None:
    for file in FILES:
        if room_of(file) in ("cli", "__main__"):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "exit", "quit"), file


def test_public_names() -> None:
    assert set(crawlgate.__all__) <= set(dir(crawlgate))
    visible = {
        name for name, value in vars(crawlgate).items() if not name.startswith("_") and not isinstance(value, type(sys))
    }
    assert visible | {"__version__"} == set(crawlgate.__all__)
    assert len(crawlgate.__all__) <= 32


def test_import_pulls_in_no_client_but_httpx_and_no_columnar_engine() -> None:
    code = "import sys, crawlgate; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    # httpx itself imports click and rich where they are installed.
    for heavy in ("requests", "aiohttp", "scrapy", "polars", "pyarrow", "starlette", "uvicorn", "mitmproxy"):
        assert f"'{heavy}'" not in loaded, heavy
