"""Bringing the index up to what the ledger and the evidence files hold now.

Each segment's place up to which it was read is kept, so that only what is new is read. A segment that is no longer
what it was is taken out and read again. Several processes may do this at once: whoever finds that another was faster
goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from .. import segments
from ..compressed import Damaged
from ..segments import Segment
from . import write
from .archive import Scan
from .gather import Gatherer
from .keys import address, host_key, surt
from .schema import NO_STATEMENTS

BULK = 64 << 20
"""Bytes from which on it is quicker to make the whole index anew than to add to it, if they are the greater part."""

_BLOCK = 1 << 22
_KIND = b'"kind":"'

Progress = Callable[[int, int], None]
"""Called with bytes of the ledger read so far and in all."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A segment of which something is new: its file, stamp, and the bytes before compression."""

    path: Path
    name: str
    stamp: str
    size: int
    done: int

    @property
    def new(self) -> int:
        return max(self.size - self.done, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: segments with something new, and those whose rows must go first."""

    pending: tuple[Pending, ...]
    forget: tuple[int, ...]
    kept: int

    @property
    def new(self) -> int:
        """Bytes to read."""
        return sum(each.new for each in self.pending)


def plan(db: sqlite3.Connection, ledger: Path, *, statements: bool = False) -> Plan:
    """Compare the segments on disk with what was read, or with what was searched for statements only."""
    columns = "noted_stamp, noted" if statements else "stamp, done"
    rows = {row[0]: row for row in db.execute(f"SELECT name, id, head, last, last_at, {columns} FROM segment")}
    pending: list[Pending] = []
    forget: list[int] = []
    kept = 0
    for path in segments.segments(ledger):
        name = segments.name_of(path)
        row = rows.pop(name, None)
        stamp = _stamp(path)
        if row is not None and row[5] == stamp:
            kept += row[6]
            continue
        done = 0 if row is None else row[6]
        try:
            with Segment(path) as segment:
                if row is not None and not _same(segment, *row[2:5]):
                    forget.append(row[1])
                    done = 0
                pending.append(Pending(path, name, stamp, _size(segment), done))
        except OSError as error:
            raise segments.failure("read the ledger segment", path, error) from None
        kept += done
    # A name of which nothing was read is only referred to; its file was never here.
    forget += [row[1] for row in rows.values() if row[6]]
    return Plan(tuple(pending), tuple(forget), kept)


def read_all(db: sqlite3.Connection, todo: Plan, report: Progress | None) -> None:
    """Read everything into an index that is being made, whose staging is prepared."""
    numbers = write.number_of(db)
    total, before = sum(each.size for each in todo.pending), 0
    for each in todo.pending:
        with _opened(each) as segment:
            gatherer = Gatherer(numbers(each.name), each.name, numbers)
            damage: list[str] = []
            for batch in gatherer.batches(_blocks(segment, 0, damage)):
                db.execute("BEGIN")
                write.add_staged(db, batch)
                write.progress(db, gatherer)
                db.execute("COMMIT")
                if report is not None:
                    report(before + gatherer.offset, total)
            _damage(db, gatherer, damage)
            write.finished(db, gatherer, each.stamp)
        before += each.size


def read_on(db: sqlite3.Connection, todo: Plan, report: Progress | None) -> None:
    """Read what is new into a living index."""
    if todo.forget:
        db.execute("BEGIN IMMEDIATE")
        write.forget(db, list(todo.forget))
        db.execute("COMMIT")
    total, read = todo.new, 0
    for each in todo.pending:
        with _opened(each) as segment:
            while not _read_one(db, each, segment):
                pass
        read += each.new
        if report is not None:
            report(read, total)


def _read_one(db: sqlite3.Connection, each: Pending, segment: Segment) -> bool:
    """Read on in one segment; False if another process read meanwhile, so that it has to be looked at again."""
    numbers = write.number_of(db)
    number = numbers(each.name)
    done, lines = db.execute("SELECT done, lines FROM segment WHERE id = ?", (number,)).fetchone()
    gatherer = Gatherer(number, each.name, numbers, offset=done, line=lines)
    damage: list[str] = []
    for batch in gatherer.batches(_blocks(segment, done, damage)):
        db.execute("BEGIN IMMEDIATE")
        if db.execute("SELECT done FROM segment WHERE id = ?", (number,)).fetchone()[0] != done:
            db.execute("ROLLBACK")
            return False
        write.add_living(db, batch)
        write.progress(db, gatherer)
        db.execute("COMMIT")
        done = gatherer.offset
    _damage(db, gatherer, damage)
    write.finished(db, gatherer, each.stamp)
    return True


def note_statements(db: sqlite3.Connection, todo: Plan) -> None:
    """Look for statements only in what is new: records of every kind that is not among the many."""
    if todo.forget:
        db.execute("BEGIN IMMEDIATE")
        write.forget(db, list(todo.forget))
        db.execute("COMMIT")
    for each in todo.pending:
        with _opened(each) as segment:
            numbers = write.number_of(db)
            number = numbers(each.name)
            row = db.execute("SELECT noted, noted_lines FROM segment WHERE id = ?", (number,)).fetchone()
            offset, line = row
            found: list[tuple[Any, ...]] = []
            rest = b""
            for block in _blocks(segment, offset, []):
                whole = rest + block if rest else block
                end = whole.rfind(b"\n") + 1
                rest = whole[end:]
                found += _statements(whole[:end], number, line, offset)
                line += whole.count(b"\n", 0, end)
                offset += end
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO statement VALUES (?,?,?,?)", found)
            db.execute(
                "UPDATE segment SET noted = max(noted, ?), noted_lines = max(noted_lines, ?), noted_stamp = ? "
                "WHERE id = ?",
                (offset, line, each.stamp, number),
            )
            db.execute("COMMIT")


def search_archives(db: sqlite3.Connection, evidence: Path) -> None:
    """Look in evidence files for records that the ledger does not name."""
    try:
        paths = sorted(path for path in evidence.iterdir() if path.name.endswith(".warc.gz") and path.is_file())
    except FileNotFoundError:
        return
    except OSError as error:
        raise segments.failure("read the evidence in", evidence, error) from None
    known = {name: (stamp, done) for name, stamp, done in db.execute("SELECT name, stamp, done FROM archive")}
    gone = known.keys() - {path.name for path in paths}
    for path in paths:
        stamp = _stamp(path)
        before, done = known.get(path.name, ("", 0))
        if before == stamp:
            continue
        if done > path.stat().st_size:
            gone, done = gone | {path.name}, 0
        named = dict(
            db.execute("SELECT offset, length FROM evidence WHERE file = ? AND offset >= ?", (path.name, done))
        )
        scan = Scan(path, done, named)
        try:
            strays = [
                (path.name, s.offset, s.length, s.id, host_key(address(s.url).host), s.at, s.source, s.url, s.sha256)
                for s in scan.strays()
            ]
        except OSError as error:
            raise segments.failure("read the evidence file", path, error) from None
        hosts = {address(row[7]).host for row in strays}
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT OR REPLACE INTO unrecorded VALUES (?,?,?,?,?,?,?,?,?)", strays)
        db.executemany(
            "INSERT OR IGNORE INTO host VALUES (?,?,0,0,0)", [(host_key(host), surt(host)) for host in sorted(hosts)]
        )
        db.execute("INSERT OR REPLACE INTO archive VALUES (?,?,?,?)", (path.name, stamp, scan.done, scan.problem))
        db.execute("COMMIT")
    for name in gone:
        db.execute("DELETE FROM unrecorded WHERE file = ?", (name,))
        if not (evidence / name).exists():
            db.execute("DELETE FROM archive WHERE name = ?", (name,))


def _statements(block: bytes, number: int, line: int, offset: int) -> Iterator[tuple[Any, ...]]:
    """Places of statements in whole lines. Most lines are passed over without being parsed: a kind that is not among
    the many stands as `"kind":"…"` in its line, unescaped, at whatever depth."""
    position = 0
    counted = 0
    while (at := block.find(_KIND, position)) >= 0:
        start = at + len(_KIND)
        end = block.find(b'"', start)
        kind = block[start:end]
        position = end
        if kind in _MANY:
            continue
        begin = block.rfind(b"\n", 0, at) + 1
        finish = block.find(b"\n", at)
        # A line that cannot be parsed may have been one: whoever reads the place is told.
        name = _kind_of(block[begin:finish]) or kind.decode("utf-8", "replace")
        if name not in NO_STATEMENTS:
            line += block.count(b"\n", counted, begin)
            counted = begin
            yield name[:40], number, line, offset + begin
        position = finish


def _kind_of(line: bytes) -> str | None:
    try:
        kind = orjson.loads(line)["kind"]
    except (ValueError, KeyError, TypeError):
        return None
    return kind if isinstance(kind, str) else None


_MANY = frozenset(kind.encode() for kind in NO_STATEMENTS)


def _blocks(segment: Segment, start: int, damage: list[str]) -> Iterator[bytes]:
    """The bytes of a segment from `start` on, before compression. A damaged file ends early, and `damage` says why."""
    try:
        yield from segment.blocks(start, _BLOCK)
    except Damaged as error:
        damage.append(f"the compressed file {error}")
    except OSError as error:
        raise segments.failure("read the ledger segment", segment.path, error) from None


def _damage(db: sqlite3.Connection, gatherer: Gatherer, damage: list[str]) -> None:
    if damage:
        row = (gatherer.segment, gatherer.lines + 1, gatherer.offset, "damaged", damage[0])
        db.execute("INSERT OR REPLACE INTO fault VALUES (?,?,?,?,?)", row)


def _same(segment: Segment, head: bytes | None, last: bytes | None, last_at: int) -> bool:
    """True if first and last line read are still what they were."""
    if head is None or last is None:
        return True
    try:
        return _digest(segment.line(0)) == head and _digest(segment.line(last_at)) == last
    except Damaged:
        return False


def _digest(line: bytes) -> bytes:
    return sha256(line[:-1]).digest()


def _size(segment: Segment) -> int:
    try:
        return segment.size
    except Damaged:  # its table of frames is broken; what can be read of it is read
        return os.fstat(segment.file.fileno()).st_size


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except FileNotFoundError:  # compressed meanwhile
        return ""
    except OSError as error:
        raise segments.failure("read the ledger segment", path, error) from None
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}:{int(path.name.endswith('.zst'))}"


@contextlib.contextmanager
def _opened(each: Pending) -> Iterator[Segment]:
    try:
        segment = Segment(each.path)
    except OSError as error:
        raise segments.failure("read the ledger segment", each.path, error) from None
    with segment:
        yield segment
