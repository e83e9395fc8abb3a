"""Where the files of a dataset are written: aside first, under their names when all of them are whole."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

from ...blocklist.files import sync_folder
from ...errors import ConfigError
from ..readers import Source
from .proof import PROOF, REMOVED, SIGNED

UNFINISHED = ".unfinished"


def targets_of(inputs: list[Source], to: Path) -> dict[Source, Path]:
    """Where each input goes: its place below what all inputs have in common. Raises `ConfigError` where that is not one
    place for each, or the place of an input."""
    places = {source: _place(source) for source in inputs}
    common = Path(os.path.commonpath([str(place.parent) for place in places.values()]))
    targets = {source: place.relative_to(common) for source, place in places.items()}
    here = to.absolute().resolve()
    for source, target in targets.items():
        if ".." in target.parts:
            raise ConfigError(f"{source}: its name leads out of its folder")
        if isinstance(source, Path) and (
            (here / target) == source.absolute().resolve() or source.absolute().resolve().is_relative_to(here)
        ):
            raise ConfigError(f"{to} is where {source} is; nothing is written in place, name another folder")
    twice = next((name for name, count in Counter(targets.values()).items() if count > 1), None)
    if twice is not None:
        raise ConfigError(f"two inputs would be written to {twice}; audit them one by one")
    reserved = {PROOF, SIGNED, REMOVED} & {str(target) for target in targets.values()}
    if reserved:
        raise ConfigError(f"an input is called {min(reserved)}, as the proof would be; rename it, and audit it again")
    return targets


def _place(source: Source) -> Path:
    """A path as long as names of files differ; what is behind fsspec has that of its store."""
    if isinstance(source, Path):
        return source.absolute()
    return Path("/" + (source.path.partition("://")[2] or source.path).lstrip("/"))


def begin(to: Path) -> Path:
    """The folder to write in. What an earlier run left unfinished is taken away."""
    folder = to / UNFINISHED
    try:
        to.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        if any(to.iterdir()):
            raise ConfigError(f"{to} is not empty; name a folder that is, or is not there")
        folder.mkdir()
    except OSError as error:
        raise ConfigError(f"{to}: cannot be used: {error.strerror or error}") from None
    return folder


def publish(folder: Path, to: Path, names: list[str]) -> None:
    """Rename everything into its place, in this order."""
    for name in names:
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).replace(to / name)
    sync_folder(to)
    shutil.rmtree(folder, ignore_errors=True)
