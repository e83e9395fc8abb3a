"""From the lines of a segment to rows of the index: one pass, a few microseconds a line, in batches.

A line that is no record becomes a fault row; the lines after it are read all the same. Nothing is judged here:
whether a record may be believed is asked when it is read for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import orjson

from ..canonical import MAX_LINE
from .keys import address, host_key, url_key
from .schema import DISPOSITIONS, MARK_EVERY, OBSERVED, PROBLEM

BATCH = 100_000
"""Decisions and outcomes whose rows are held in memory at once."""

_CODES = {name: number for number, name in enumerate(DISPOSITIONS)}
_SECOND = 1_000_000
_MOST_FAULTS = 1_000
_GREATEST = 2**63

Row = tuple[Any, ...]


class Batch:
    """Rows that wait to be written, and what is known of the segment so far."""

    def __init__(self) -> None:
        self.marks: list[Row] = []
        self.decisions: list[Row] = []
        self.outcomes: list[Row] = []
        self.hops: list[Row] = []
        self.bases: list[Row] = []
        self.evidence: list[Row] = []
        self.statements: list[Row] = []
        self.faults: list[Row] = []
        self.closed: list[Row] = []
        self.hosts: dict[int, str] = {}


class Gatherer:
    """Reads on in one segment from byte `offset`, line `line`.

    `segment` is its number in the index; `number_of` gives that of another segment by name. `lines` of it have been
    read up to byte `offset`; `head` and `last` are hashes of its first and its last line.
    """

    def __init__(
        self, segment: int, name: str, number_of: Callable[[str], int], *, offset: int = 0, line: int = 0
    ) -> None:
        self.segment, self.name = segment, name
        self.offset, self.lines = offset, line
        self.head: bytes | None = None
        self.last: bytes | None = None
        self.last_at = 0
        self.first: int | None = None
        self.latest: int | None = None
        self.decisions = self.outcomes = 0
        self.sealed = False
        self.gist: str | None = None
        self.tail = 0
        self._number_of = number_of

    def batches(self, blocks: Iterator[bytes]) -> Iterator[Batch]:
        """Rows of the whole lines in `blocks`, which begin at `offset`; a batch is to be written before the next
        one is asked for. `tail` are the bytes after the last whole line."""
        batch = Batch()
        rest = b""
        for block in blocks:
            whole = rest + block if rest else block
            lines = whole.split(b"\n")
            rest = lines.pop()
            if lines:
                self._take(batch, lines)
            if len(rest) > MAX_LINE:  # no line of a ledger is that long; what follows cannot be told apart
                self._fault(batch, self.lines, self.offset, "too_long", f"a line of more than {MAX_LINE} bytes")
                break
            if len(batch.decisions) + len(batch.outcomes) >= BATCH:
                yield self._counted(batch)
                batch = Batch()
        self.tail = len(rest)
        yield self._counted(batch)

    def _counted(self, batch: Batch) -> Batch:
        self.decisions += len(batch.decisions)
        self.outcomes += len(batch.outcomes)
        return batch

    def _take(self, batch: Batch, lines: list[bytes]) -> None:
        """The rows of these lines. Most are decisions and outcomes, so those are read right here."""
        offset, number, segment = self.offset, self.lines, self.segment
        decide, happen, hosts = batch.decisions.append, batch.outcomes.append, batch.hosts
        first, latest = self.first, self.latest
        loads = orjson.loads
        line = b""
        if number == 0:
            self.head = sha256(lines[0]).digest()
        for line in lines:
            if not number % MARK_EVERY:
                batch.marks.append((segment, number // MARK_EVERY, offset))
            try:
                table = loads(line)
                kind = table["kind"]
                at: int | None
                if kind == "decision":
                    at = _whole(table["at"]) // _SECOND
                    flags = self._extras(batch, table, number) if len(table) > 4 else 0
                    host, target = ("", table["url"]) if flags & PROBLEM else address(table["url"])
                    key = host_key(host)
                    hosts[key] = host
                    basis = table["basis"]
                    if not 0 <= basis < number:
                        raise ValueError("its basis does not stand before it")
                    decide((key, url_key(target), segment, number, at, basis, flags))
                elif kind == "outcome":
                    at = _whole(table["at"]) // _SECOND
                    of = table.get("decision")
                    if of.__class__ is int:
                        if not 0 <= of < number:
                            raise ValueError("its decision does not stand before it")
                        happen((segment, of, segment, number, _CODES.get(table.get("disposition"), 0)))
                    elif of is not None:
                        happen((*self._place(of), segment, number, _CODES.get(table.get("disposition"), 0)))
                else:
                    at = self._other(batch, kind, table, number, offset)
                if at is not None:
                    if first is None or latest is None:
                        first = latest = at
                    elif at < first:
                        first = at
                    elif at > latest:
                        latest = at
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                self._fault(batch, number, offset, *_why(error))
            offset += len(line) + 1
            number += 1
        self.last, self.last_at = sha256(line).digest(), offset - len(line) - 1
        self.offset, self.lines = offset, number
        self.first, self.latest = first, latest

    def _extras(self, batch: Batch, table: dict[str, Any], number: int) -> int:
        flags = 0
        if table.get("enforced") is False:
            flags |= OBSERVED
        if table.get("problem") is not None:
            flags |= PROBLEM
        before = table.get("hop_of")
        if before is not None:
            place = (self.segment, before) if before.__class__ is int and 0 <= before < number else self._place(before)
            batch.hops.append((*place, self.segment, number))
        return flags

    def _other(self, batch: Batch, kind: Any, table: dict[str, Any], number: int, offset: int) -> int | None:
        if kind == "tree":
            return None
        if kind == "basis":
            verdict, stage = str(table["verdict"])[:40], str(table.get("stage", ""))[:40]
            reasons = " ".join(str(name)[:40] for name in table.get("reasons", ())[:40])
            batch.bases.append((self.segment, number, verdict, stage, int(table.get("temporary") is True), reasons))
            return None
        at = None if table.get("at") is None else _whole(table["at"]) // _SECOND
        if kind == "evidence":
            batch.evidence.append(self._evidence(batch, table, number, _whole(at)))
        elif kind == "seal":
            self.sealed = True
        elif kind == "segment":
            self.gist = _gist(table)
        elif kind == "closed":
            problem = None if table.get("problem") is None else str(table["problem"])[:300]
            name = str(table["segment"])[:200]
            batch.closed.append((name, self.segment, number, _whole(table["lost"]), problem))
        elif kind != "checkpoint":
            batch.statements.append((str(kind)[:40], self.segment, number, offset))
        return at

    def _evidence(self, batch: Batch, table: dict[str, Any], number: int, at: int) -> Row:
        host = address(table["url"]).host
        key = host_key(host)
        batch.hosts[key] = host
        place = table.get("location")
        file = offset = length = None
        if isinstance(place, dict) and isinstance(place.get("file"), str):
            file, offset, length = place["file"][:200], _whole(place.get("offset")), _whole(place.get("length"))
        sha = table.get("sha256")
        digest = bytes.fromhex(sha) if isinstance(sha, str) else None
        name, source = str(table["id"])[:80], str(table.get("source"))[:40]
        return (key, at, self.segment, number, name, source, digest, file, offset, length)

    def _place(self, reference: str) -> tuple[int, int]:
        name, _, number = reference.rpartition(":")
        if not name or not number.isdecimal() or len(number) > 18:
            raise ValueError(f"{reference[:80]!r} names no record")
        return self._number_of(name[:200]), int(number)

    def _fault(self, batch: Batch, number: int, offset: int, code: str, message: str) -> None:
        if len(batch.faults) < _MOST_FAULTS:
            batch.faults.append((self.segment, number + 1, offset, code, message[:300]))


def _gist(head: dict[str, Any]) -> str:
    """What is told of a run without reading its head again."""
    declared, profile = head.get("declaration"), head.get("profile")
    told = {name: head.get(name) for name in ("ledger", "mode", "previous", "program", "rule_pack", "written_by")}
    for name in ("operator", "token"):
        told[name] = declared.get(name) if isinstance(declared, dict) else None
    for name in ("name", "sha256"):
        told[f"profile_{name}"] = profile.get(name) if isinstance(profile, dict) else None
    lists = head.get("lists")
    told["lists"] = len(lists) if isinstance(lists, list) else None
    kept = {
        name: value[:200] if isinstance(value, str) else value
        for name, value in told.items()
        if isinstance(value, (str, int))
    }
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()


def _whole(value: Any) -> int:
    """A whole number that SQLite holds as such."""
    if value.__class__ is int and -_GREATEST < value < _GREATEST:
        return value
    raise TypeError


def _why(error: Exception) -> tuple[str, str]:
    if isinstance(error, orjson.JSONDecodeError):
        return "not_json", f"not JSON: {error}"
    if isinstance(error, ValueError):
        return "fields", str(error)
    return "fields", "lacks a field that every record of its kind has, or holds another type there"
