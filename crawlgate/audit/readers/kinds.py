"""The kinds of files that audits read, and how a file's kind is found: by its content first, then by its name."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ...errors import ConfigError
from ..tables import Columns
from . import cdx, logs
from .batch import Batch, Told
from .columnar import parquet_columns, read_arrow, read_parquet
from .ledger import read_ledger
from .packed import beginning, head_of
from .source import Source
from .text import read_csv, read_json
from .warc import read_archive

Reader = Callable[[Source, Told], Iterator[Batch]]
_HEAD = 1 << 16
_LINES = 60


class Head(NamedTuple):
    """The beginning of a file: as it is, unpacked, and its first lines."""

    raw: bytes
    text: bytes
    lines: list[str]


def _never(_: Head) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `looks` says whether a beginning is of it, `endings` what such files are called (`.gz` and
    `.zst` may follow); `archive` that its records bring robots.txt with them, `columns` which columns a file has, where
    that is known before a row is read; `parts` names further files that are read with it."""

    name: str
    read: Reader
    endings: tuple[str, ...] = ()
    looks: Callable[[Head], bool] = field(default=_never)
    archive: bool = False
    columns: Callable[[Source, Told], Columns] | None = None
    parts: Callable[[Source], list[Source]] | None = None


def _starts(*marks: bytes) -> Callable[[Head], bool]:
    return lambda head: head.text.startswith(marks)


def _is_json(head: Head) -> bool:
    text = head.text.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith((b'{"', b"{ ", b'[{"')) or (text.startswith(b"[") and text[1:].lstrip().startswith(b"{"))


KINDS = (
    Kind("parquet", read_parquet, (".parquet", ".pq"), _starts(b"PAR1"), columns=parquet_columns),
    Kind("arrow", read_arrow, (".arrow", ".feather", ".ipc"), _starts(b"ARROW1", b"\xff\xff\xff\xff")),
    Kind("wacz", read_archive, (".wacz",), _starts(b"PK\x03\x04"), archive=True),
    Kind("warc", read_archive, (".warc",), _starts(b"WARC/"), archive=True),
    Kind("arc", read_archive, (".arc",), _starts(b"filedesc://"), archive=True),
    Kind("ledger", read_ledger, (), lambda head: b'"kind":"segment"' in head.text[:8192], archive=True),
    Kind("zipnum", cdx.read_cluster, (".idx",), lambda head: cdx.is_cluster(head.lines), parts=cdx.cluster_parts),
    Kind("cdxj", cdx.read_cdx, (".cdxj",), lambda head: cdx.is_cdxj(head.lines)),
    Kind("cdx", cdx.read_cdx, (".cdx",), lambda head: cdx.is_cdx(head.lines)),
    *(Kind(log.name, log.read, (), lambda head, log=log: log.looks(head.lines)) for log in logs.LOGS),  # type: ignore[misc]
    Kind("json", read_json, (".jsonl", ".ndjson", ".jl", ".json"), _is_json),
    Kind("csv", read_csv, (".csv", ".tsv")),
)
BY_NAME = {kind.name: kind for kind in KINDS}
COMPANIONS = (".idx", ".loc", "_stats.json")
"""Files that belong to others of their folder, and are read with them."""


def kind_of(source: Source, form: str | None = None) -> Kind | None:
    """The kind of a file: `form` if it is given, else by what stands in it, else by its name; None if it is of none.
    Raises `ConfigError` for a `form` that is none, or a file that cannot be opened."""
    if form is not None:
        if form not in BY_NAME:
            raise ConfigError(f"--input-format {form}: not a kind that is read; kinds are {', '.join(BY_NAME)}")
        return BY_NAME[form]
    try:
        with source.open("rb") as file:
            raw = head_of(file, _HEAD)
            if raw.startswith(b"PK\x03\x04") and not _is_wacz(file):
                return None
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror or error}") from None
    text = beginning(raw)
    lines = text.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    head = Head(raw, text, [line for line in lines[: -1 if len(lines) > 1 else None] if line.strip()][:_LINES])
    return next((kind for kind in KINDS if kind.looks(head)), None) or _by_name(source.name)


def _by_name(name: str) -> Kind | None:
    plain = name.lower().removesuffix(".gz").removesuffix(".zst")
    return next((kind for kind in KINDS if plain.endswith(kind.endings)), None) if plain else None


def _is_wacz(file: object) -> bool:
    """True if a zip file is a WACZ: it says so in `datapackage.json`."""
    try:
        with zipfile.ZipFile(file) as packed:  # type: ignore[call-overload]
            return "datapackage.json" in packed.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return True  # the reader says what is wrong with it


def spelled() -> str:
    """The kinds and their endings, for messages."""
    ends = sorted({ending for kind in KINDS for ending in kind.endings})
    return f"{', '.join(BY_NAME)} (by content, or by their endings {', '.join(ends)}; .gz and .zst may follow)"
