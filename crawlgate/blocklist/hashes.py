"""Hashes of long files, remembered while nobody touches the file: hashing 200 MB takes longer than opening a list.

A file is known by device, inode, size and the times of its last change, `ctime` among them, which no program can set.
One that changed within the last moments is hashed again: a second change could hide in the same tick of the clock.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import orjson

from .files import write_whole

REMEMBERED_FROM = 1024 * 1024
"""Bytes of a file whose hash is worth remembering."""

_FILE = "hashes.json"
_MOMENTS = 2_000_000_000  # nanoseconds; file systems stamp in ticks of up to two seconds
_REMEMBERED = 1_000


class FileHashes:
    """The memory of one directory. What cannot be read or written there is only slower."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._place = directory / _FILE
        self._known: dict[str, list[object]] = {}
        with suppress(OSError, ValueError):
            known = orjson.loads(self._place.read_bytes())
            if isinstance(known, dict):
                self._known = known

    def known(self, path: Path) -> str | None:
        """The hash of a file that nobody touched since it was remembered; None for any other. Raises `OSError`."""
        entry = self._known.get(_name(path))
        if not isinstance(entry, list) or entry[:-1] != _state(path.stat()):
            return None
        return str(entry[-1])

    def sha256(self, path: Path) -> str:
        """The hash of a file, remembered or made. Raises `OSError`."""
        known = self.known(path)
        if known is not None:
            return known
        before = path.stat()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.remember_settled(path, before, digest)
        return digest

    def remember_settled(self, path: Path, before: os.stat_result, digest: str) -> None:
        """Keep the hash of a file that others may write, if it has been left alone: `before` is from before it was
        hashed."""
        state = path.stat()
        if state.st_size < REMEMBERED_FROM:
            return
        settled = time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) > _MOMENTS
        if settled and _state(before) == _state(state):
            self.remember({path: digest})

    def remember(self, found: Mapping[Path, str]) -> None:
        """Keep hashes: of files that this process wrote, and that nobody else writes."""
        for path, digest in found.items():
            self._known.pop(_name(path), None)
            self._known[_name(path)] = [*_state(path.stat()), digest]
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        with suppress(OSError):
            write_whole(self._place, orjson.dumps(self._known))


def _name(path: Path) -> str:
    return os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")


def _state(found: os.stat_result) -> list[object]:
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
