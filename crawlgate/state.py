"""What gates of one home remember of refusals, and the licensor register: an index of the ledger in SQLite.

The ledger is what counts. This file answers in microseconds what would mean reading all of it, is shared by the
processes of a home, and is made again from the ledger when it is missing or damaged.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .errors import LedgerError
from .home import Home
from .ledger.attempts import read_refusals
from .ledger.register import read_register
from .model import Product, Refusal, RegisterEntry

if TYPE_CHECKING:
    import sqlite3

_VERSION = 1
_TABLES = """
    CREATE TABLE refusals (
        site TEXT NOT NULL, url TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, status INTEGER,
        user_agent TEXT, proxy TEXT, record TEXT NOT NULL
    );
    CREATE INDEX refusals_by_site ON refusals (site, at);
    CREATE TABLE register (
        host TEXT NOT NULL, product TEXT NOT NULL, name TEXT, price TEXT, currency TEXT, evidence TEXT,
        first_seen TEXT, ended_at TEXT, past INTEGER NOT NULL, urls TEXT, free_urls TEXT, source TEXT NOT NULL,
        record TEXT NOT NULL
    );
"""
PER_SITE = 64
"""Refusals of one site that are kept; the newest say who was refused last."""
_BUSY = 10.0
"""Seconds to wait for another process that writes."""


class State:
    """Refusals by site and the register's entries. Safe to share between threads; every method raises `LedgerError`
    where the file cannot be used, since an answer without it could be a false all-clear."""

    def __init__(self, home: Home, *, keep: timedelta, now: datetime) -> None:
        self._path = home.memory
        self._ledger = home.ledger
        self.keep = keep
        self._lock = threading.RLock()
        self._pid = 0
        self._connection: sqlite3.Connection | None = None
        self._open(now)

    # -- refusals -----------------------------------------------------------------------------------

    def refusals(self, site: str, now: datetime) -> tuple[Refusal, ...]:
        """The remembered refusals of a site, the newest first."""
        rows = self._run(
            "SELECT url, at, kind, status, user_agent, proxy, record FROM refusals WHERE site = ? AND at >= ? "
            "ORDER BY at DESC, rowid DESC LIMIT ?",
            (site, _stamp(now - self.keep), PER_SITE),
        )
        return tuple(
            Refusal(
                url=url,
                site=site,
                at=_moment(at),
                kind=kind,
                status=status,
                user_agent=user_agent,
                proxy=proxy,
                record=record,
            )
            for url, at, kind, status, user_agent, proxy, record in rows
        )

    def add_refusal(self, refusal: Refusal) -> None:
        """Remember a refusal; what is beyond the bound of its site, or too old, is forgotten."""
        with self._lock:
            self._insert(refusal)
            self._run(
                "DELETE FROM refusals WHERE site = ? AND (at < ? OR rowid NOT IN "
                "(SELECT rowid FROM refusals WHERE site = ? ORDER BY at DESC, rowid DESC LIMIT ?))",
                (refusal.site, _stamp(refusal.at - self.keep), refusal.site, PER_SITE),
            )

    def _insert(self, refusal: Refusal) -> None:
        self._run(
            "INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                refusal.site,
                refusal.url,
                _stamp(refusal.at),
                refusal.kind,
                refusal.status,
                refusal.user_agent,
                refusal.proxy,
                refusal.record,
            ),
        )

    # -- register -----------------------------------------------------------------------------------

    def entries(self) -> list[tuple[RegisterEntry, str]]:
        """Every entry of the register with its record, in the order in which they were made."""
        rows = self._run(
            "SELECT host, product, name, price, currency, evidence, first_seen, ended_at, past, urls, free_urls, "
            "source, record FROM register ORDER BY rowid"
        )
        return [
            (
                RegisterEntry(
                    host=host,
                    product=Product(product),
                    name=name,
                    price=price,
                    currency=currency,
                    evidence=evidence,
                    first_seen=datetime.fromisoformat(seen) if seen else None,
                    ended_at=datetime.fromisoformat(ended) if ended else None,
                    past=bool(past),
                    urls=tuple(urls.split("\n")) if urls else (),
                    free_urls=tuple(free.split("\n")) if free else (),
                    source=source,
                ),
                record,
            )
            for host, product, name, price, currency, evidence, seen, ended, past, urls, free, source, record in rows
        ]

    def add_entry(self, entry: RegisterEntry, record: str) -> None:
        """Take an entry in, with the record that holds it."""
        self._run(
            "INSERT INTO register VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.host,
                entry.product,
                entry.name,
                entry.price,
                entry.currency,
                entry.evidence,
                entry.first_seen.isoformat() if entry.first_seen else None,
                entry.ended_at.isoformat() if entry.ended_at else None,
                int(entry.past),
                "\n".join(entry.urls),
                "\n".join(entry.free_urls),
                entry.source,
                record,
            ),
        )

    @property
    def stamp(self) -> int:
        """A number that changes when another process wrote."""
        return int(self._run("PRAGMA data_version")[0][0])

    # -- the file -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file. Using the state again opens it."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and self._pid == os.getpid():
                connection.close()
                self._forgotten.detach()

    def _run(self, statement: str, values: Iterable[Any] = ()) -> list[Any]:
        import sqlite3

        with self._lock:
            try:
                return self._connected().execute(statement, tuple(values)).fetchall()
            except sqlite3.Error as error:
                raise self._failure(error) from None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None or self._pid != os.getpid():  # a connection does not survive a fork
            self._connection = self._connect()
            self._pid = os.getpid()
            # A gate that nobody closed must not leave a connection to the order in which garbage is collected.
            self._forgotten = weakref.finalize(self, self._connection.close)
            self._forgotten.atexit = False
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        connection = sqlite3.connect(
            self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        # The ledger survives a power cut; an index that does not is made again.
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
        except BaseException:  # a damaged file is made anew; its connection must not linger
            connection.close()
            raise
        return connection

    def _open(self, now: datetime) -> None:
        import sqlite3

        try:
            try:
                self._make(now)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self.close()  # damaged: away with it
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                self._make(now)
        except (sqlite3.Error, OSError) as error:
            raise self._failure(error) from None

    def _make(self, now: datetime) -> None:
        """The tables, filled from the ledger where they were not there. One process does it, the others wait."""
        connection = self._connected()
        if connection.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                for name in ("refusals", "register"):
                    connection.execute(f"DROP TABLE IF EXISTS {name}")
                for statement in _TABLES.split(";"):
                    if statement.strip():
                        connection.execute(statement)
                for refusal in read_refusals(self._ledger, since=now - self.keep):
                    self._insert(refusal)
                for entry, record in read_register(self._ledger):
                    self.add_entry(entry, record.id)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _failure(self, error: Exception) -> LedgerError:
        return LedgerError(
            f"the index {self._path} cannot be used ({error}); it holds nothing that the ledger does not: "
            "remove it and it is made again",
            str(self._path),
        )


def _stamp(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _moment(stamp: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=stamp)
