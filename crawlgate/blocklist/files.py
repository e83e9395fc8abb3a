"""Small files, read within bounds and written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import ConfigError


def read_bounded(path: Path, limit: int) -> bytes | None:
    """The bytes of an ordinary file, at most `limit` + 1 of them; None where there is none. Raises `OSError`, also
    for what is no ordinary file."""
    try:
        # Without O_NONBLOCK a pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "no ordinary file", str(path))
        return file.read(limit + 1)


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """All of `data` under `path`, or nothing: written aside, synced, renamed, the folder synced. Raises `OSError`."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
        os.fchmod(handle, mode)  # mkstemp makes it private
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except OSError:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        raise


def append_line(path: Path, line: bytes) -> None:
    """One line more at the end of a file, on the disk when this returns. A cut line before it is closed first."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line
        done = 0
        while done < len(line):
            done += os.write(handle, line[done:])
        os.fsync(handle)
    finally:
        os.close(handle)
    if not size:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """One at a time, among threads and processes; makes the folder. Raises `ConfigError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise trouble(folder, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def trouble(folder: Path, error: OSError) -> ConfigError:
    """What to tell where the lists received cannot be kept."""
    return ConfigError(
        f"directory {folder} cannot keep the lists received: {error.strerror or error}; "
        "make it writable, or choose another home"
    )
