"""Where inputs stand: files on disk, and anything that fsspec opens (s3://, gs://, memory://, zip:// ...)."""

from __future__ import annotations

import glob  # Path.glob knows no absolute patterns
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple, cast

from ...errors import ConfigError


class _Size(NamedTuple):
    st_size: int


@dataclass(frozen=True, slots=True)
class Remote:
    """A file behind fsspec, with as much of the face of a `Path` as readers use. `url` names it to people."""

    url: str
    fs: Any
    path: str

    def __str__(self) -> str:
        return self.url

    def __fspath__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    @property
    def suffixes(self) -> list[str]:
        return PurePosixPath(self.path).suffixes

    @property
    def parts(self) -> tuple[str, ...]:
        return PurePosixPath(self.path).parts

    def open(self, mode: str = "rb") -> BinaryIO:
        """The bytes of the file, seekable. Raises `OSError` like `Path.open`."""
        return cast(BinaryIO, self.fs.open(self.path, mode))

    def stat(self) -> _Size:
        return _Size(int(self.fs.size(self.path) or 0))

    def beside(self, name: str) -> Remote:
        """The file `name` in the same folder."""
        path = str(PurePosixPath(self.path).with_name(name))
        return Remote(self.url.replace(self.path.lstrip("/"), path.lstrip("/"), 1), self.fs, path)

    def exists(self) -> bool:
        return bool(self.fs.exists(self.path))


Source = Path | Remote
"""A file to read. Both kinds have `name`, `suffix`, `open("rb")`, `stat().st_size`, `exists()`, and a name as `str`."""


def beside(source: Source, name: str) -> Source:
    """The file `name` in the folder of `source`."""
    return source.beside(name) if isinstance(source, Remote) else source.with_name(name)


def named(name: str) -> Source:
    """The file of this name, as `str` of a source gives it. Raises `ConfigError` where fsspec does not know it."""
    if "://" not in name:
        return Path(name)
    try:
        fs, path = _fsspec(name).core.url_to_fs(name)
    except (ImportError, OSError, ValueError) as error:
        raise ConfigError(f"{name}: {error}") from None
    return Remote(name, fs, path)


def found(name: str) -> tuple[list[Source], bool]:
    """The files that a path, folder, pattern or fsspec URL names, in the order of their names; and whether they were
    named one by one. Files in a folder that begin with `.` or `_` are none (`_SUCCESS`, checksums). Raises
    `ConfigError` for a name that leads to nothing."""
    if "://" in name:
        return _remote(name)
    path = Path(name)
    try:
        if path.is_dir():
            return list(_below(path)), False
        if path.exists():
            return [path], True
        matches = sorted(Path(match) for match in glob.iglob(name, recursive=True) if Path(match).is_file())  # noqa: PTH207
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name!r}: cannot be looked at: {error}") from None
    if not matches:
        raise ConfigError(f"{name} is not there, and matches no file")
    return list(matches), True


def _below(folder: Path) -> Iterator[Source]:
    for path in sorted(inner for inner in folder.rglob("*") if inner.is_file()):
        if not path.name.startswith((".", "_")):
            yield path


def _fsspec(name: str) -> Any:
    try:
        import fsspec  # type: ignore[import-untyped]
    except ImportError:
        raise ConfigError(
            f"{name}: files named by URL need fsspec, which is not installed; install the extra: "
            "pip install 'crawlgate[audit,fsspec]'"
        ) from None
    return fsspec


def _remote(name: str) -> tuple[list[Source], bool]:
    fsspec = _fsspec(name)
    try:
        fs, path = fsspec.core.url_to_fs(name)
        if fs.isdir(path):
            paths = [one for one in sorted(fs.find(path)) if not PurePosixPath(one).name.startswith((".", "_"))]
            alone = False
        else:
            paths = sorted(fs.glob(path)) if any(mark in path for mark in "*?[") else [path] * fs.exists(path)
            alone = True
    except ImportError as error:
        raise ConfigError(f"{name}: {error}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: cannot be looked at: {str(error)[:200] or type(error).__name__}") from None
    if not paths and alone:
        raise ConfigError(f"{name} is not there, and matches no file")
    _, chained, rest = name.partition("::")
    return [Remote(f"{fs.unstrip_protocol(one)}{chained}{rest}", fs, one) for one in paths], alone
