"""Compiled lists, kept for the next time: found by the list's hash, made where they are missing or damaged.

    lists/compiled/<hash of the list>-<how it was read>-<by which version>/

Several processes may share the directory; one compiles, the others wait for it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import orjson

from ..domains import Suffixes, psl_version
from ..errors import ConfigError
from .compiled import FILES, CompiledList, Damaged
from .compiling import compile_list
from .entry import EntryDefaults
from .files import locked, sync_folder
from .formats import RawList, source_of
from .hashes import FileHashes
from .popular import popular

VERSION = 1
"""Counted up when the files change, or what a line of a list is read as; what was compiled before is made again."""

_LOCK = "compiled.lock"


def open_compiled(
    raw: RawList,
    directory: Path,
    *,
    hashes: FileHashes,
    defaults: EntryDefaults,
    suffixes: Suffixes,
    force: str = "",
) -> CompiledList:
    """The compiled form of a list, made if need be. `defaults` are what is known of the list beyond its text.

    Raises `FeedError` for a list that holds no entry, `ConfigError` where the directory cannot keep it.
    """
    name, version = _names(raw, suffixes, force)
    folder = directory / f"{name}-{version}"

    def opened() -> CompiledList:
        return CompiledList(folder, defaults=replace(defaults, source=source_of(raw)), suffixes=suffixes, hashes=hashes)

    with suppress(Damaged, OSError):
        return opened()
    with locked(directory, _LOCK):
        with suppress(Damaged, OSError):  # made by another process while this one waited
            return opened()
        try:
            _make(raw, folder, suffixes, force)
            _remove_older(directory, name, folder)
            hashes.remember({folder / file: digest for file, digest in _digests(folder)})
            return opened()
        except (Damaged, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise ConfigError(
                f"list {raw.path} cannot be compiled into {folder}: {reason}; make room there, or choose another home"
            ) from None


def compiled(raw: RawList, directory: Path, *, hashes: FileHashes, suffixes: Suffixes, force: str = "") -> int:
    """Make the compiled form of a list, if need be; how many entries it has. Raises as `open_compiled`."""
    return len(open_compiled(raw, directory, hashes=hashes, defaults=EntryDefaults(), suffixes=suffixes, force=force))


def _names(raw: RawList, suffixes: Suffixes, force: str) -> tuple[str, str]:
    read_as = [raw.format, sorted(raw.options.items()), bool(force), sorted(suffixes.extra)]
    made_by = [VERSION, sys.byteorder, psl_version(), popular().date, len(popular().names)]
    return f"{raw.sha256[:32]}-{_short(read_as)}", _short(made_by)


def _short(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value)).hexdigest()[:8]


def _make(raw: RawList, folder: Path, suffixes: Suffixes, force: str) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".", suffix=".tmp", dir=folder.parent))
    try:
        temporary.chmod(0o755)  # mkdtemp makes it private
        compile_list(raw, temporary, suffixes, force=force)
        sync_folder(temporary)
        if folder.exists():  # damaged: whoever has it mapped keeps what is mapped
            shutil.rmtree(folder)
        os.rename(temporary, folder)  # noqa: PTH104 (Path.rename says nothing of being atomic)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _remove_older(directory: Path, name: str, kept: Path) -> None:
    """What an earlier version made of the same list, and what was left behind when a machine stopped."""
    for other in directory.iterdir():
        if other != kept and (other.name.startswith(f"{name}-") or other.name.endswith(".tmp")):
            shutil.rmtree(other, ignore_errors=True)


def _digests(folder: Path) -> list[tuple[str, str]]:
    meta = orjson.loads((folder / "meta.json").read_bytes())
    return [(name, meta["files"][name][1]) for name in FILES]
