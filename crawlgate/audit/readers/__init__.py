"""Crawl logs and archives as batches of rows. What cannot be read is rejected one by one, with its place."""

from __future__ import annotations

import glob  # Path.glob knows no absolute patterns
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ...errors import ConfigError
from .batch import Batch, Reject, Told
from .tables import ENDINGS as TABLES
from .tables import read_table
from .warc import ENDINGS as ARCHIVES
from .warc import read_archive

Reader = Callable[[Path, Told], Iterator[Batch]]


def files(names: Sequence[str]) -> list[Path]:
    """The files that paths, folders and patterns name, each once, in the order of their names. Raises
    `ConfigError` for a name that leads to none."""
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            here = sorted(inner for inner in path.rglob("*") if inner.is_file() and reader_of(inner) is not None)
        elif path.exists():
            here = [path]
        else:
            here = sorted(Path(match) for match in glob.iglob(name, recursive=True) if Path(match).is_file())  # noqa: PTH207
        if not here:
            what = "holds no file of a kind that is read" if path.is_dir() else "is not there, and matches no file"
            raise ConfigError(f"{name} {what}; kinds read are {', '.join(sorted((*TABLES, *ARCHIVES)))}")
        found.update(dict.fromkeys(here))
    return list(found)


def reader_of(path: Path) -> Reader | None:
    """What reads a file, by its name's ending."""
    name = path.name.lower()
    if name.endswith(tuple(TABLES)):
        return read_table
    return read_archive if name.endswith(ARCHIVES) else None


def read(path: Path, told: Told) -> Iterator[Batch]:
    """The rows of one file, batch by batch. Raises `ConfigError` for a kind of file that is not read, or a file that
    cannot be read at all."""
    reader = reader_of(path)
    if reader is None:
        known = ", ".join(sorted((*TABLES, *ARCHIVES)))
        raise ConfigError(f"{path}: this kind of file is not read; kinds read are {known}")
    return reader(path, told)


__all__ = ["Batch", "Reject", "Told", "files", "read", "reader_of"]
