"""What takes long to make and is the same each time, kept on disk for the user's next process.

    $CRAWLGATE_CACHE, or crawlgate/ in the folder for caches: $XDG_CACHE_HOME, ~/.cache, on macOS ~/Library/Caches

`CRAWLGATE_CACHE=off` switches it off. Whoever could write there could make a gate blind. So a folder or a file counts
only where it belongs to the user of this process and nobody else may write it; both are looked at once they are open,
so that nobody can put another in between. A file says whose it is and carries its own digest: one that is cut, damaged
or renamed is none. A cache that cannot be used costs time, and never an answer.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

logger = logging.getLogger(__name__)

VARIABLE = "CRAWLGATE_CACHE"
"""The environment variable that names the folder, or is `off`."""

_MOST = 64 * 1024 * 1024
_STALE = 90 * 24 * 3600.0
"""Seconds after which a file is removed when another is written: what is still in use is made once more."""
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_DIGEST = hashlib.sha256().digest_size


def folder() -> Path | None:
    """Where things are kept; None where nothing is to be. It need not exist."""
    named = os.environ.get(VARIABLE, "")
    if named:
        return None if named.lower() == "off" else Path(named)
    given = os.environ.get("XDG_CACHE_HOME", "")
    if given.startswith("/"):  # the XDG Base Directory Specification: other paths are to be ignored
        return Path(given, "crawlgate")
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return Path(home, *(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "crawlgate")


def read(name: str) -> bytes | None:
    """What was kept under this name, whole and as it was written; None where there is nothing to be trusted."""
    try:
        with _opened(make=False) as here:
            handle = os.open(name, _READ, dir_fd=here)
            with os.fdopen(handle, "rb") as file:
                _trust(os.fstat(handle), name)
                kept = file.read(_MOST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.info("not taken from the cache: %s", error)
        return None
    data = kept[_DIGEST:]
    if kept[:_DIGEST] != _digest(name, data):
        logger.info("not taken from the cache: %s is damaged", name)
        return None
    return data


def write(name: str, data: bytes) -> bool:
    """Keep `data` under this name, whole or not at all; False where that cannot be."""
    if len(data) + _DIGEST > _MOST:
        return False
    try:
        with _opened(make=True) as here:
            aside = f".{secrets.token_hex(8)}.tmp"
            try:
                with os.fdopen(os.open(aside, _WRITE, 0o600, dir_fd=here), "wb") as file:
                    file.write(_digest(name, data) + data)
                os.rename(aside, name, src_dir_fd=here, dst_dir_fd=here)
            except OSError:
                with suppress(OSError):
                    os.unlink(aside, dir_fd=here)
                raise
            _remove_stale(here)
    except OSError as error:
        logger.info("not kept in the cache: %s", error)
        return False
    return True


@contextmanager
def _opened(*, make: bool) -> Iterator[int]:
    """A handle on the folder. Raises `OSError` where there is none, or one that is not to be trusted."""
    path = folder()
    if path is None:
        raise FileNotFoundError(0, f"{VARIABLE} is off, or the user has no home")
    if make:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _trust(os.fstat(handle), str(path))
        yield handle
    finally:
        os.close(handle)


def _trust(found: os.stat_result, name: str) -> None:
    """Raise `PermissionError` for what somebody else may have written."""
    if found.st_uid != os.geteuid():
        raise PermissionError(0, "belongs to another user", name)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(0, "may be written by others", name)
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise PermissionError(0, "is no ordinary file", name)


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.sha256(b"crawlgate kept 1\0" + name.encode() + b"\0" + data).digest()


def _remove_stale(here: int) -> None:
    """What earlier versions kept, and what was left behind when a process was killed."""
    oldest = time.time() - _STALE
    for name in os.listdir(here):
        with suppress(OSError):
            if os.stat(name, dir_fd=here, follow_symlinks=False).st_mtime < oldest:
                os.unlink(name, dir_fd=here)
