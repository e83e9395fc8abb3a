"""Rows into the tables: a batch at a time into a living index, or all at once into a new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from .gather import Batch, Gatherer
from .keys import surt

_DECISION = "INSERT OR REPLACE INTO {}decision VALUES (?,?,?,?,?,?,?)"
_COUNTS = (
    "INSERT INTO host VALUES (?,?,?,?,?) ON CONFLICT (key) DO UPDATE SET "
    "n = n + excluded.n, keys = keys + excluded.keys, seqs = seqs + excluded.seqs"
)
_STAGED = """
CREATE TABLE staged.decision (host, key, segment, seq, at, basis, flags);
CREATE TABLE staged.host (key INTEGER PRIMARY KEY, surt TEXT);
"""
# In the order of their keys, so that the tables are written from front to back.
_SETTLE = """
INSERT INTO main.decision SELECT * FROM staged.decision ORDER BY host, key, segment, seq;
INSERT INTO main.host
  SELECT name.key, name.surt, coalesce(found.n, 0), coalesce(found.keys, 0), coalesce(found.seqs, 0)
  FROM staged.host AS name LEFT JOIN (
    SELECT host, count(*) AS n, sum(key) AS keys, sum(seq) AS seqs FROM main.decision GROUP BY host
  ) AS found ON found.host = name.key ORDER BY name.key;
"""


def number_of(db: sqlite3.Connection) -> Callable[[str], int]:
    """Numbers of segments by name; one that is not known yet gets an empty row."""
    known: dict[str, int] = {}

    def number(name: str) -> int:
        found = known.get(name)
        if found is None:
            row = db.execute("SELECT id FROM segment WHERE name = ?", (name,)).fetchone()
            if row is None:
                row = db.execute(
                    "INSERT INTO segment (name, stamp, noted_stamp, last_at, done, lines, noted, noted_lines, "
                    "decisions, outcomes, sealed) VALUES (?,'','',0,0,0,0,0,0,0,0) RETURNING id",
                    (name,),
                ).fetchone()
            found = known[name] = row[0]
        return found

    return number


def progress(db: sqlite3.Connection, gatherer: Gatherer) -> None:
    """What is known of a segment after a batch."""
    db.execute(
        "UPDATE segment SET head = coalesce(?, head), last = coalesce(?, last), "
        "last_at = CASE WHEN ? IS NULL THEN last_at ELSE ? END, done = ?, lines = ?, "
        "noted = max(noted, ?), noted_lines = max(noted_lines, ?), "
        "first = min(coalesce(first, ?), coalesce(?, first)), latest = max(coalesce(latest, ?), coalesce(?, latest)), "
        "decisions = decisions + ?, outcomes = outcomes + ?, sealed = max(sealed, ?), gist = coalesce(?, gist) "
        "WHERE id = ?",
        (
            gatherer.head,
            gatherer.last,
            gatherer.last,
            gatherer.last_at,
            gatherer.offset,
            gatherer.lines,
            gatherer.offset,
            gatherer.lines,
            gatherer.first,
            gatherer.first,
            gatherer.latest,
            gatherer.latest,
            gatherer.decisions,
            gatherer.outcomes,
            int(gatherer.sealed),
            gatherer.gist,
            gatherer.segment,
        ),
    )
    gatherer.decisions = gatherer.outcomes = 0


def finished(db: sqlite3.Connection, gatherer: Gatherer, stamp: str) -> None:
    """All of a segment's file has been read as it was at `stamp`."""
    db.execute("UPDATE segment SET stamp = ?, noted_stamp = ? WHERE id = ?", (stamp, stamp, gatherer.segment))


def add_living(db: sqlite3.Connection, batch: Batch) -> None:
    """A batch into a living index, sorted, so that each page of the table is visited once."""
    batch.decisions.sort()
    db.executemany(_DECISION.format(""), batch.decisions)
    counts = {key: [0, 0, 0] for key in batch.hosts}
    for host, key, _, seq, *_ in batch.decisions:
        count = counts[host]
        count[0] += 1
        count[1] += key
        count[2] += seq
    db.executemany(_COUNTS, [(key, surt(batch.hosts[key]), *count) for key, count in sorted(counts.items())])
    _others(db, batch)


def add_staged(db: sqlite3.Connection, batch: Batch) -> None:
    """A batch into an index that is being made; `settle` brings its decisions into order at the end."""
    db.executemany(_DECISION.replace(" OR REPLACE", "").format("staged."), batch.decisions)
    db.executemany(
        "INSERT OR IGNORE INTO staged.host VALUES (?,?)", [(key, surt(name)) for key, name in batch.hosts.items()]
    )
    _others(db, batch)


def stage(db: sqlite3.Connection, path: str) -> None:
    """Prepare `add_staged`: rows wait in the file `path`."""
    db.execute("ATTACH ? AS staged", (path,))
    db.execute("PRAGMA staged.journal_mode = OFF")
    db.execute("PRAGMA staged.synchronous = OFF")
    db.executescript(_STAGED)


def settle(db: sqlite3.Connection) -> None:
    """Bring what was staged into the tables."""
    db.executescript(_SETTLE)
    db.execute("DETACH staged")


def forget(db: sqlite3.Connection, segments: list[int]) -> None:
    """Take out every row of these segments: they are gone, or no longer what they were."""
    for start in range(0, len(segments), 500):
        some = segments[start : start + 500]
        marks = ",".join("?" * len(some))
        for host, n, keys, seqs in db.execute(
            f"SELECT host, count(*), sum(key), sum(seq) FROM decision WHERE segment IN ({marks}) GROUP BY host", some
        ).fetchall():
            db.execute(
                "UPDATE host SET n = n - ?, keys = keys - ?, seqs = seqs - ? WHERE key = ?", (n, keys, seqs, host)
            )
        for table in ("decision", "outcome", "hop", "basis", "evidence", "statement", "fault", "mark", "closed"):
            db.execute(f"DELETE FROM {table} WHERE segment IN ({marks})", some)
        db.execute(
            "UPDATE segment SET stamp = '', noted_stamp = '', head = NULL, last = NULL, last_at = 0, done = 0, "
            "lines = 0, gist = NULL, noted = 0, noted_lines = 0, first = NULL, latest = NULL, decisions = 0, "
            f"outcomes = 0, sealed = 0 WHERE id IN ({marks})",
            some,
        )


def _others(db: sqlite3.Connection, batch: Batch) -> None:
    batch.outcomes.sort()
    for sql, rows in (
        ("INSERT OR REPLACE INTO mark VALUES (?,?,?)", batch.marks),
        ("INSERT OR REPLACE INTO outcome VALUES (?,?,?,?,?)", batch.outcomes),
        ("INSERT OR REPLACE INTO hop VALUES (?,?,?,?)", batch.hops),
        ("INSERT OR REPLACE INTO basis VALUES (?,?,?,?,?,?)", batch.bases),
        ("INSERT OR REPLACE INTO evidence VALUES (?,?,?,?,?,?,?,?,?,?)", batch.evidence),
        ("INSERT OR REPLACE INTO statement VALUES (?,?,?,?)", batch.statements),
        ("INSERT OR REPLACE INTO fault VALUES (?,?,?,?,?)", batch.faults),
        ("INSERT OR REPLACE INTO closed VALUES (?,?,?,?,?)", batch.closed),
    ):
        if rows:
            db.executemany(sql, rows)
