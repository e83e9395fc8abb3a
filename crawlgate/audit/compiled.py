"""How loops are compiled: by numba, once a machine; machine code is kept beside the source, or in the user's cache.

numba takes kept code for good as long as the file of the loop itself is unchanged. Loops take those of other files
whole into themselves, constants by value, tuples by the order of their fields: code made from an older one would go on
judging as that did. So kept code counts only while all of these files are as they were when it was made.
"""

# mypy: disable-error-code="no-untyped-call, no-any-return"
from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_STAMP = "crawlgate-loops.sha256"
_HERE = Path(__file__).parent
_OTHERS = ("kernel_arrays.py", "shown.py", "words.py")


def sources() -> list[Path]:
    """The files with compiled loops, and those of which loops take constants and tuples."""
    return sorted([*_HERE.glob("*kernels.py"), *(_HERE / name for name in _OTHERS), Path(__file__)])


def loop(function: F | None = None, **options: Any) -> Any:
    """A decorator: the function compiled at its first call, without the interpreter's lock, and kept. `options` are
    those of `numba.njit`."""
    if function is None:
        return lambda given: loop(given, **options)
    made = njit(cache=True, nogil=True, **options)(function)
    return made if _good(made.stats.cache_path) else njit(nogil=True, **options)(function)


@cache
def _good(folder: str) -> bool:
    """True if what is kept in `folder` was made from these very files, or is gone now. False: it can neither be trusted
    nor removed, and is not to be used."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    stamp, said = Path(folder, _STAMP), digest.hexdigest()
    try:
        if stamp.is_file() and stamp.read_text("ascii", "replace") == said:
            return True
        for kept in Path(folder).glob("*.nb[ic]"):
            kept.unlink(missing_ok=True)
        stamp.write_text(said, "ascii")
    except OSError:
        return False
    return True
