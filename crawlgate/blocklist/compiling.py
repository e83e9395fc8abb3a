"""A list from text into the files that `compiled` maps. One pass over the text, then one over the keys.

What grows with the list is written to disk or held in flat arrays: ten million entries take some hundreds of megabytes.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from ..domains import Suffixes
from ..errors import FeedError
from .compiled import (
    COMPACT,
    DATES,
    EPOCH,
    EXCEPTION,
    FILES,
    HINTS,
    KEYS,
    META,
    MICROSECOND,
    NAMES,
    NO_DATE,
    NUMBERING,
    RECORDS,
    REJECTED,
)
from .entry import NOTHING_SAID, Entry, EntryError, table_of
from .formats import RawList, accepted, nothing, reject
from .lookup import keys_of
from .name_filter import build, build_hints
from .numbering import number_entries
from .target import HOST, SCOPES, Rejected

MAX_ENTRIES = 2**31 - 1

_MOST_TERMS = 500_000  # sets of dates that are told apart in memory; beyond, each entry has its own
_FLUSH = 100_000
_SCOPE_NUMBER = {scope: number for number, scope in enumerate(SCOPES)}


def compile_list(raw: RawList, folder: Path, suffixes: Suffixes, *, force: str = "") -> dict[str, Any]:
    """Write the compiled form of a list into an empty folder; what `meta.json` says of it.

    Raises `FeedError` for a list that holds no entry, and `OSError` for the disk.
    """
    with ExitStack() as stack:
        out = _Writer(folder, stack)
        for item in accepted(raw, suffixes, force=force):
            if isinstance(item.entry, EntryError):
                out.reject(reject(item, item.entry))
            else:
                out.add(item.entry, f"{item.line}" if item.part == 1 else f"{item.line}.{item.part}", suffixes)
        out.flush()
    if not out.entries:
        raise FeedError(nothing(raw, out.first_reject, out.rejected))
    out.finish()
    meta = {
        "sha256": raw.sha256,
        "bytes": raw.bytes,
        "format": raw.format,
        "entries": out.entries,
        "rejected": out.rejected,
        "places": out.places,
        "networks": out.networks,
        "hosts": out.hosts,
        "files": {name: _sealed(folder / name) for name in FILES},
    }
    (folder / META).write_bytes(orjson.dumps(meta, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    _sync(folder / META)
    return meta


class _Writer:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._records: IO[bytes] = stack.enter_context((folder / RECORDS).open("wb"))
        self._rejects: IO[bytes] = stack.enter_context((folder / REJECTED).open("wb"))
        self._key_lines: IO[str] = stack.enter_context((folder / "keys.tmp").open("w", encoding="utf-8", newline="\n"))
        self._keys: list[str] = []
        self._lines: list[bytes] = []
        # Twice the entry's number for each key, and one more where the key is its very target.
        self._owners = array("I")
        self._offsets = array("Q")
        self._kinds = array("B")
        self._terms = array("I")
        self._times = array("q", [NO_DATE] * len(DATES))  # the first set is that of entries without a date
        self._numbers: dict[tuple[datetime | None, ...], int] = {(None,) * len(DATES): 0}
        self._size = 0
        self.places = self.networks = self.hosts = 0
        self.rejected = 0
        self.first_reject: Rejected | None = None

    @property
    def entries(self) -> int:
        return len(self._kinds)

    def reject(self, rejected: Rejected) -> None:
        self.rejected += 1
        if self.first_reject is None:
            self.first_reject = rejected
        self._rejects.write(
            orjson.dumps(
                {"line": rejected.line, "text": _writable(rejected.text), "reason": _writable(rejected.reason)}
                | {"code": rejected.code}
            )
            + b"\n"
        )

    def add(self, entry: Entry, line: str, suffixes: Suffixes) -> None:
        number = len(self._kinds)
        if number >= MAX_ENTRIES:
            raise FeedError(f"more than {MAX_ENTRIES:,} entries; split the list")
        scope, value, prefix, exception, said = entry
        kind = _SCOPE_NUMBER[scope]
        self.hosts += scope == HOST
        if exception:
            kind |= EXCEPTION
        if said is NOTHING_SAID or not said:
            kind |= COMPACT
            record = f"{value}\t{prefix or ''}\t{line}".encode()
            self._terms.append(0)
        else:
            record = orjson.dumps([line, table_of(entry)])
            self._terms.append(self._term(said))
        self._kinds.append(kind)
        self._lines.append(record)
        self._offsets.append(self._size)
        self._size += len(record) + 1
        twice = number << 1 | 1
        for key in keys_of(scope, value, prefix, suffixes):
            self._keys.append(key)
            self._owners.append(twice)
            if twice & 1:
                self.places += key[0] in "/="
                self.networks += key[0] == "#"
                twice &= ~1
        if len(self._keys) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            self._records.write(b"\n".join(self._lines) + b"\n")
        if self._keys:
            self._key_lines.write("\n".join(self._keys) + "\n")
        self._lines.clear()
        self._keys.clear()

    def finish(self) -> None:
        """Build the trie of the keys and what leads from them to entries, and put the entries in the order of keys."""
        from marisa_trie import Trie

        place = self._folder / "keys.tmp"
        trie = Trie(_text(place))
        trie.save(str(self._folder / KEYS))
        found = array("I", map(trie.key_id, _text(place)))
        keys = len(trie)
        del trie
        (self._folder / NAMES).write_bytes(build(_text(place), keys))
        (self._folder / HINTS).write_bytes(build_hints(_text(place), keys))
        place.unlink()
        numbers, *numbering = number_entries(self._owners, found, keys, self.entries, self._twins)
        uniform = len(self._times) == len(DATES)
        arrays = dict(zip(NUMBERING, numbering, strict=True)) | {
            "offsets": _in_order(self._offsets, numbers),
            "kinds": _in_order(self._kinds, numbers),
            "terms": array("I") if uniform else _in_order(self._terms, numbers),
            "times": self._times,
        }
        for name, values in arrays.items():
            with (self._folder / name).open("wb") as file:
                values.tofile(file)

    def _twins(self, one: int, other: int) -> bool:
        kind = self._kinds[other]
        return bool(kind & COMPACT) and self._kinds[one] == kind

    def _term(self, said: Mapping[str, Any]) -> int:
        dates = tuple(said.get(name) for name in DATES)
        number = self._numbers.get(dates)
        if number is None:
            number = len(self._times) // len(DATES)
            self._times.extend(_stamp(said.get(name)) for name in DATES)
            if len(self._numbers) < _MOST_TERMS:
                self._numbers[dates] = number
        return number


def _in_order(values: array[int], numbers: array[int]) -> array[int]:
    """Values of entries as they came, in the order of their numbers."""
    ordered = array(values.typecode, values)
    for number, value in zip(numbers, values, strict=True):
        ordered[number] = value
    return ordered


def _text(place: Path) -> Iterator[str]:
    with place.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line[:-1]


def _stamp(at: datetime | None) -> int:
    return NO_DATE if at is None else (at - EPOCH) // MICROSECOND


def _writable(text: str) -> str:
    """Text that JSON can hold: half a character is shown as it is written in Python."""
    return text.encode("utf-8", "backslashreplace").decode()


def _sealed(path: Path) -> tuple[int, str]:
    """Size and hash of a file that is on the disk when this returns."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return path.stat().st_size, digest


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
