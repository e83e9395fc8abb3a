"""Every distinct URL of a ledger, once, on disk: where it stands before and after its fetch, and on which site."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

_BATCH = 8_192
_SCHEMA = """
    CREATE TABLE url (
        hash INTEGER PRIMARY KEY, site TEXT NOT NULL,
        before_at INTEGER NOT NULL, before INTEGER NOT NULL,
        after_at INTEGER NOT NULL, after INTEGER NOT NULL
    )"""
_UPSERT = """
    INSERT INTO url VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET
        before = CASE WHEN excluded.before_at >= before_at THEN excluded.before ELSE before END,
        before_at = max(before_at, excluded.before_at),
        after = CASE WHEN excluded.after_at >= after_at THEN excluded.after ELSE after END,
        after_at = max(after_at, excluded.after_at)"""
_GROUPS = """
    SELECT site, before, after, count(*), min(CASE WHEN before_at > after_at THEN before_at ELSE after_at END)
    FROM url GROUP BY site, before, after ORDER BY site"""
_NEVER = (-1, -1)


class Group(NamedTuple):
    """URLs of one site that stand alike. `before` and `after` are numbers of gists, None for a stage that was
    not reached; `since` is the earliest of their latest answers, in microseconds."""

    site: str
    before: int | None
    after: int | None
    urls: int
    since: int


class UrlTable:
    """Latest answers by URL in a temporary SQLite file, so that memory stays flat however many URLs there are.

    URLs are kept as hashes of 64 bits: two of ten million share one in about three ledgers of a million.
    """

    def __init__(self) -> None:
        # An empty name is a file that SQLite removes by itself; what fits its cache never reaches the disk.
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute("PRAGMA temp_store = FILE")
        self._base.execute("PRAGMA cache_size = -8192")
        self._base.execute(_SCHEMA)
        self._new: dict[int, tuple[str, tuple[int, int], tuple[int, int]]] = {}

    def add(self, url: str, site: str, at: int, gist: int, *, before: bool) -> None:
        """An answer about `url`, given at `at` (microseconds). `before` its fetch, or after it."""
        key = _hash(url)
        site, first, second = self._new.get(key, (site, _NEVER, _NEVER))
        if before:
            first = max(first, (at, gist), key=_time)
        else:
            second = max(second, (at, gist), key=_time)
        self._new[key] = (site, first, second)
        if len(self._new) >= _BATCH:
            self._flush()

    def groups(self) -> Iterator[Group]:
        """All URLs, those of one site one after another."""
        self._flush()
        for site, before, after, urls, since in self._base.execute(_GROUPS):
            yield Group(site, _number(before), _number(after), urls, since)

    def standing(self, url: str) -> tuple[int | None, int | None]:
        """The gists of the latest answers about a URL, before and after its fetch."""
        self._flush()
        row = self._base.execute("SELECT before, after FROM url WHERE hash = ?", (_hash(url),)).fetchone()
        return (_number(row[0]), _number(row[1])) if row else (None, None)

    def close(self) -> None:
        """Drop the temporary file."""
        self._base.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _flush(self) -> None:
        rows = [(key, site, *first, *second) for key, (site, first, second) in sorted(self._new.items())]
        if rows:
            self._base.execute("BEGIN")
            self._base.executemany(_UPSERT, rows)
            self._base.execute("COMMIT")
        self._new.clear()


def _hash(url: str) -> int:
    digest = hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _time(answer: tuple[int, int]) -> int:
    return answer[0]


def _number(stored: int) -> int | None:
    return stored if stored >= 0 else None
