"""Questions to the index, answered with places and counts. Every method may raise `sqlite3.DatabaseError`, which says
that the index is of no use; `store.Index` then makes it anew and asks again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from .base import Unusable
from .keys import host_key, host_of_surt, surt, url_key
from .schema import DISPOSITIONS, OBSERVED, PROBLEM

_SOME = 400


class Asked(NamedTuple):
    """A decision as the index knows it: its address (keys of host and URL), place, second, and what it rests on.

    `verdict` and `stage` are empty where its basis is not known; `reasons` are criteria, parted by blanks.
    """

    host: int
    key: int
    segment: str
    seq: int
    at: int
    flags: int
    basis: int
    verdict: str
    stage: str
    temporary: bool
    reasons: str
    outcomes: tuple[str, ...]

    @property
    def place(self) -> tuple[str, int]:
        return self.segment, self.seq

    @property
    def observed(self) -> bool:
        """True if the answer was recorded and not enforced."""
        return bool(self.flags & OBSERVED)

    @property
    def refused(self) -> bool:
        """True if the URL could not be asked about."""
        return bool(self.flags & PROBLEM)


@dataclass(frozen=True, slots=True)
class SegmentState:
    """What is known of a segment. `first` and `latest` are seconds since 1970, None without records; `unread` is
    False where it was only named by another and its file is not here."""

    name: str
    read: bool
    lines: int
    bytes: int
    first: int | None
    latest: int | None
    decisions: int
    outcomes: int
    sealed: bool
    gist: Mapping[str, Any]


class EvidencePlace(NamedTuple):
    """Evidence as the index knows it. `segment` is empty for what stands in a file and in no record of the ledger; its
    `url` is known then."""

    id: str
    source: str
    at: int
    segment: str
    seq: int
    file: str | None
    offset: int | None
    length: int | None
    url: str
    sha256: str | None


_ASKED = """
SELECT d.host, d.key, s.name, d.seq, d.at, d.flags, d.basis, coalesce(b.verdict, ''), coalesce(b.stage, ''),
       coalesce(b.temporary, 0), coalesce(b.reasons, ''),
       (SELECT group_concat(disposition) FROM outcome AS o WHERE o.of_segment = d.segment AND o.of_seq = d.seq)
FROM decision AS d JOIN segment AS s ON s.id = d.segment
LEFT JOIN basis AS b ON b.segment = d.segment AND b.seq = d.basis
WHERE d.host = ? {} AND d.at >= ? AND d.at < ? ORDER BY d.host, d.key, d.segment, d.seq
"""
_EVIDENCE = """
SELECT e.id, e.source, e.at, s.name, e.seq, e.file, e.offset, e.length, '', e.sha
FROM evidence AS e JOIN segment AS s ON s.id = e.segment WHERE {}
"""
_STRAY = (
    "SELECT id, source, at, '', -1, file, offset, length, url, sha FROM unrecorded AS u WHERE {} AND NOT EXISTS ("
    "SELECT 1 FROM evidence AS e WHERE e.file = u.file AND e.offset = u.offset)"
)


class Lookup:
    """Reads one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._ids: dict[str, int | None] = {}

    # -- decisions ----------------------------------------------------------------------------------

    def of_url(self, hosts: Sequence[str], target: str, low: int, high: int) -> list[Asked]:
        """Decisions about addresses whose loosened form may be `target` on one of `hosts`, in the order of their
        places. Seconds from `low` on, before `high`."""
        key = url_key(target)
        found: list[Asked] = []
        for host in hosts:
            found += self._asked(_ASKED.format("AND d.key = ?"), (host_key(host), key, low, high))
        if not found:
            for host in hosts:
                self._sound(host_key(host))
        found.sort(key=lambda one: one.place)
        return found

    def of_host(self, host: str, low: int, high: int) -> Iterator[Asked]:
        """Decisions about one host, those about one address together."""
        key = host_key(host)
        self._sound(key)
        cursor = self._db.execute(_ASKED.format(""), (key, low, high))
        while rows := cursor.fetchmany(_SOME):
            yield from self._with_outcomes(rows)

    def hosts_below(self, domain: str) -> list[str]:
        """The domain and every host below it of which the ledger speaks."""
        first = surt(domain)
        rows = self._db.execute(
            "SELECT surt FROM host WHERE surt = ? OR (surt >= ? AND surt < ?) ORDER BY surt",
            (first, first + ",", first + "-"),
        )
        return [host_of_surt(row[0]) for row in rows]

    def followers(self, place: tuple[str, int]) -> list[tuple[str, int]]:
        """Decisions that name this one as the hop before them."""
        number = self._id(place[0])
        rows = self._db.execute(
            "SELECT s.name, h.seq FROM hop AS h JOIN segment AS s ON s.id = h.segment "
            "WHERE h.of_segment = ? AND h.of_seq = ?",
            (number, place[1]),
        )
        return [(name, seq) for name, seq in rows]

    def outcomes(self, place: tuple[str, int]) -> list[tuple[str, int]]:
        """Outcomes of a decision, in order."""
        rows = self._db.execute(
            "SELECT s.name, o.seq FROM outcome AS o JOIN segment AS s ON s.id = o.segment "
            "WHERE o.of_segment = ? AND o.of_seq = ? ORDER BY s.name, o.seq",
            (self._id(place[0]), place[1]),
        )
        return [(name, seq) for name, seq in rows]

    def outcomes_of(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], list[tuple[str, int]]]:
        """Outcomes of several decisions."""
        return {place: self.outcomes(place) for place in places}

    def _asked(self, sql: str, values: tuple[int, ...]) -> list[Asked]:
        return self._with_outcomes(self._db.execute(sql, values).fetchall())

    @staticmethod
    def _with_outcomes(rows: list[Any]) -> list[Asked]:
        found = []
        for *most, temporary, reasons, outcomes in rows:
            became = tuple(DISPOSITIONS[int(number)] for number in outcomes.split(",")) if outcomes else ()
            found.append(Asked._make((*most, bool(temporary), reasons, became)))
        return found

    def _sound(self, key: int) -> None:
        """Raise `Unusable` if rows of a host are missing or changed: an answer of "nothing" must not be a page lost."""
        stated = self._db.execute("SELECT n, keys, seqs FROM host WHERE key = ?", (key,)).fetchone() or (0, 0, 0)
        there = self._db.execute(
            "SELECT count(*), coalesce(sum(key), 0), coalesce(sum(seq), 0) FROM decision WHERE host = ?", (key,)
        ).fetchone()
        if tuple(stated) != tuple(there):
            raise Unusable("rows of a host are missing")

    # -- places -------------------------------------------------------------------------------------

    def marks(self, places: Sequence[tuple[str, int]], every: int) -> list[tuple[int, int]]:
        """For each place the nearest remembered line before it, and its offset."""
        found = []
        for name, number in places:
            row = self._db.execute(
                "SELECT offset FROM mark WHERE segment = ? AND n = ?", (self._id(name), number // every)
            ).fetchone()
            found.append((0, 0) if row is None else (number // every * every, row[0]))
        return found

    def _id(self, name: str) -> int | None:
        if name not in self._ids:
            row = self._db.execute("SELECT id FROM segment WHERE name = ?", (name,)).fetchone()
            self._ids[name] = None if row is None else row[0]
        return self._ids[name]

    # -- evidence -----------------------------------------------------------------------------------

    def evidence_named(self, name: str) -> list[EvidencePlace]:
        """Evidence by its id."""
        return self._evidence(_EVIDENCE.format("e.id = ?"), (name,))

    def evidence_places(self, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], EvidencePlace | None]:
        """For each id and segment the evidence of that id, that of the segment where there are several."""
        found: dict[tuple[str, str], EvidencePlace | None] = {}
        for name, segment in names:
            places = self.evidence_named(name)
            here = (place for place in places if place.segment == segment)
            found[name, segment] = next(here, places[0] if places else None)
        return found

    def evidence_of(self, host: str, until: int, since: int = -(2**62)) -> Iterator[EvidencePlace]:
        """Evidence asked of a host up to a second, the newest first."""
        key = host_key(host)
        recorded = self._db.execute(
            _EVIDENCE.format("e.host = ? AND e.at <= ? AND e.at >= ? ORDER BY e.at DESC, e.segment DESC, e.seq DESC"),
            (key, until, since),
        )
        strays = self._evidence(_STRAY.format("u.host = ? AND u.at <= ? AND u.at >= ? "), (key, until, since))
        strays.sort(key=lambda one: -one.at)
        for row in recorded:
            found = _evidence(row)
            while strays and strays[0].at > found.at:
                yield strays.pop(0)
            yield found
        yield from strays

    def evidence_with(self, digest: bytes) -> list[EvidencePlace]:
        """Evidence whose body has this sha256, recorded or not."""
        return self._evidence(_EVIDENCE.format("e.sha = ? ORDER BY e.at"), (digest,)) + self._evidence(
            _STRAY.format("u.sha = ?"), (digest,)
        )

    def _evidence(self, sql: str, values: tuple[Any, ...]) -> list[EvidencePlace]:
        return [_evidence(row) for row in self._db.execute(sql, values)]

    # -- the whole ----------------------------------------------------------------------------------

    def statements(self, kinds: Iterable[str] | None) -> list[tuple[str, int, int]]:
        """Places (segment, number, offset) of records of these kinds, or of every kind of statement, in order."""
        sql = (
            "SELECT s.name, t.seq, t.offset FROM statement AS t JOIN segment AS s ON s.id = t.segment {} "
            "ORDER BY s.name, t.seq"
        )
        if kinds is None:
            return self._db.execute(sql.format("")).fetchall()
        wanted = sorted(set(kinds))
        return self._db.execute(sql.format(f"WHERE t.kind IN ({','.join('?' * len(wanted))})"), wanted).fetchall()

    def segments(self) -> list[SegmentState]:
        """Every segment, oldest first."""
        return [
            SegmentState(
                name, head is not None, lines, done, first, latest, decisions, outcomes, bool(sealed), _gist(gist)
            )
            for name, head, lines, done, first, latest, decisions, outcomes, sealed, gist in self._db.execute(
                "SELECT name, head, lines, done, first, latest, decisions, outcomes, sealed, gist FROM segment "
                "ORDER BY name"
            )
        ]

    def ends(self) -> list[tuple[str, int, str | None]]:
        """What segments say of others that ended: name, bytes of a cut line, and why the writer gave it up."""
        return self._db.execute("SELECT name, lost, problem FROM closed ORDER BY name, segment, seq").fetchall()

    def faults(self) -> list[tuple[str, int, int, str, str]]:
        """Lines that are no records: segment, line (from 1), offset, code, message."""
        return self._db.execute(
            "SELECT s.name, f.line, f.offset, f.code, f.message FROM fault AS f JOIN segment AS s ON s.id = f.segment "
            "ORDER BY s.name, f.line"
        ).fetchall()

    def archive_problems(self) -> list[tuple[str, str]]:
        """Evidence files that could not be read to their end, and why."""
        return self._db.execute("SELECT name, problem FROM archive WHERE problem IS NOT NULL ORDER BY name").fetchall()


def _gist(text: str | None) -> Mapping[str, Any]:
    found = orjson.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def _evidence(row: Any) -> EvidencePlace:
    sha = row[-1]
    return EvidencePlace._make((*row[:-1], None if sha is None else bytes(sha).hex()))
