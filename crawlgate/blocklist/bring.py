"""The lists of another home, brought into this one: bytes as received, subscriptions, notices, and when each came.

What homes recorded about rights holders counts for all of them once their ledgers are one, so the bytes behind those
records come along. Nothing that is here is written over.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..domains import Suffixes
from .collect import LOCK
from .entry import DEFAULT_SUFFIXES
from .files import locked, sync_folder, trouble, write_whole
from .journal import canonical_line, merged, read_journal
from .letters import DOCUMENTS, JOURNAL
from .letters import LOCK as LETTERS_LOCK
from .store import ListStore
from .subscription import DATES, FEEDS, RECEIVED

_KEPT = re.compile(r"([0-9a-f]{64})(\.[a-z]{3,5})?\Z")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Brought:
    """What came: `files` lists and letters, `feeds` subscriptions, `notices` lines about single notices. `apart` are
    subscriptions that both homes have with a different history, left as they are here; `damaged` are files of the
    other home that are not what their name says, and were not taken."""

    files: int
    feeds: tuple[str, ...]
    notices: int
    apart: tuple[str, ...]
    damaged: tuple[Path, ...]


def bring(lists: Path, other: Path, *, suffixes: Suffixes = DEFAULT_SUFFIXES) -> Brought:
    """Bring what the directory `other` keeps of lists into `lists`. May be done again at any time.

    Raises `ConfigError` where a journal cannot be read or the disk does not take it; what was brought until then
    stays.
    """
    if not other.is_dir():
        return Brought(0, (), 0, (), ())
    theirs = read_journal(other / JOURNAL)
    try:
        files, damaged = _files(lists, other)
        more, bad = _files(lists / DOCUMENTS, other / DOCUMENTS)
        feeds, apart = _feeds(lists, other)
        ListStore(lists, suffixes=suffixes).bring(ListStore(other, suffixes=suffixes))
        notices = 0
        if theirs:
            with locked(lists, LETTERS_LOCK):
                mine = read_journal(lists / JOURNAL)
                lines = merged(mine, other / JOURNAL)
                notices = len(lines) - len(mine)
                if notices:
                    write_whole(lists / JOURNAL, b"".join(map(canonical_line, lines)))
    except OSError as error:
        raise trouble(lists, error) from None
    return Brought(files + more, feeds, notices, apart, damaged + bad)


def _files(here: Path, there: Path) -> tuple[int, tuple[Path, ...]]:
    """Files named by the hash of what they hold."""
    count, damaged = 0, []
    for path in sorted(there.iterdir()) if there.is_dir() else ():
        named = _KEPT.match(path.name)
        if named is None or not path.is_file() or (here / path.name).exists():
            continue
        here.mkdir(parents=True, exist_ok=True)
        if _copy(path, here / path.name, named[1]):
            count += 1
        else:
            damaged.append(path)
    return count, tuple(damaged)


def _copy(source: Path, target: Path, sha256: str) -> bool:
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=target.parent)
    try:
        digest = hashlib.sha256()
        os.fchmod(handle, 0o644)
        with os.fdopen(handle, "wb") as file, source.open("rb") as given:
            while block := given.read(_BLOCK):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            return False
        Path(temporary).replace(target)
        sync_folder(target.parent)
        return True
    finally:
        Path(temporary).unlink(missing_ok=True)


def _feeds(lists: Path, other: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    brought, apart = [], []
    for source in sorted((other / FEEDS).iterdir()) if (other / FEEDS).is_dir() else ():
        theirs = read_journal(source / RECEIVED)
        if not theirs:
            continue
        target = lists / FEEDS / source.name
        with locked(target, LOCK):
            mine = read_journal(target / RECEIVED)
            if theirs == mine[: len(theirs)]:
                continue
            if mine != theirs[: len(mine)]:
                apart.append(source.name)
                continue
            # The journal last: what it names is there once it says so.
            files = [path for path in sorted(source.iterdir()) if path.is_file() and path.name not in (LOCK, DATES)]
            for path in sorted(files, key=lambda path: path.name == RECEIVED):
                write_whole(target / path.name, path.read_bytes())
            if (target / DATES).exists():
                (target / DATES).unlink()
            brought.append(source.name)
    return tuple(brought), tuple(apart)
