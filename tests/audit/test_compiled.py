import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

from crawlgate.audit import compiled

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import outer_kernels
print(outer_kernels.twice(20))
"""


def run(folder: Path) -> int:
    program = PROGRAM.format(folder=str(folder))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_loop_is_made_anew_when_one_that_it_takes_into_itself_changes(tmp_path: Path) -> None:
    shutil.copy(compiled.__file__, tmp_path / "compiled.py")
    for name in compiled._OTHERS:
        (tmp_path / name).touch()
    inner = tmp_path / "words.py"
    text = "from compiled import loop\n\n\n@loop(inline='always')\ndef more(n):\n    return n + 1\n"
    inner.write_text(text)
    (tmp_path / "outer_kernels.py").write_text(
        "from compiled import loop\nfrom words import more\n\n\n@loop\ndef twice(n):\n    return 2 * more(n)\n"
    )
    assert run(tmp_path) == 42
    assert list((tmp_path / "__pycache__").glob("outer_kernels.*.nbc")), "the code is kept"
    inner.write_text(text.replace("n + 1", "n + 11"))
    assert run(tmp_path) == 62


def test_every_file_with_loops_is_looked_at() -> None:
    looked_at = {path.name for path in compiled.sources()}
    folder = Path(compiled.__file__).parent
    for path in folder.rglob("*.py"):
        if "@loop" in path.read_text("utf-8") or "njit" in path.read_text("utf-8"):
            assert path.name in looked_at, path
            assert path.parent == folder, path


def test_so_is_every_file_of_which_loops_take_something() -> None:
    looked_at = {path.stem for path in compiled.sources()}
    taken = {
        node.module
        for path in compiled.sources()
        if "@loop" in (text := path.read_text("utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert "kernel_arrays" in taken
    assert taken <= looked_at
