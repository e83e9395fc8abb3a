"""Which records belong to those asked for: the conditions of their runs, bases, evidence, outcomes, decisions of
people, and what happened to the lists that an answer rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ConfigError, LedgerInvalid
from ...home import Home
from ...ledger.index.places import Places
from ...ledger.index.store import Index
from ...ledger.query import Record
from ...ledger.record import RecordError, record_id
from ..evidence import Evidences, KeptEvidence
from ..lookup import nearest_name
from .listed import ListSource, sources_of

ASKED = "asked for"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a record refers to and that cannot be had."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """Records by name with the reason why each is here, the evidence among them, the lists, and what is missing."""

    records: dict[str, Record]
    why: dict[str, str]
    evidence: dict[str, KeptEvidence]
    lists: dict[str, ListSource]
    missing: tuple[Missing, ...]


def gather(home: Path, asked: tuple[str, ...]) -> Gathered:
    """Everything that belongs to the records `asked`. Raises `ConfigError` for a name that names none, with the one
    that is probably meant; `LedgerInvalid` for a line that cannot be read; `LedgerError` without a ledger."""
    for name in asked:
        try:
            record_id(name)
        except RecordError as error:
            raise ConfigError(str(error)) from None
    with Index(home) as index, index.places() as places:
        index.catch_up()
        found = _Gatherer(home, index, places)
        for name in asked:
            found.asked(name)
        return found.done()


class _Gatherer:
    def __init__(self, home: Path, index: Index, places: Places) -> None:
        self._ledger = Home(home).ledger
        self._index, self._places = index, places
        self._evidences = Evidences(home, index, lambda place: places.one(*place))
        self._statements: dict[str, list[Record]] = {}
        self._records: dict[str, Record] = {}
        self._why: dict[str, str] = {}
        self._evidence: dict[str, KeptEvidence] = {}
        self._lists: dict[str, ListSource] = {}
        self._missing: dict[str, Missing] = {}

    def asked(self, name: str) -> None:
        """A record that was asked for, with what belongs to it."""
        record = self._read(name)
        if record is None:
            near = nearest_name(self._ledger, name)
            hint = f"; did you mean {near}?" if near else "; `crawlgate ledger show` and `inquire` name records"
            raise ConfigError(f"there is no record {name} in {self._ledger}{hint}")
        self._take(record, ASKED)
        self._why[record.id] = ASKED

    def done(self) -> Gathered:
        names = sorted(self._records, key=lambda name: (self._records[name].segment, self._records[name].seq))
        return Gathered(
            {name: self._records[name] for name in names},
            self._why,
            dict(sorted(self._evidence.items())),
            dict(sorted(self._lists.items())),
            tuple(self._missing[what] for what in sorted(self._missing)),
        )

    def _read(self, name: str) -> Record | None:
        segment, _, number = name.rpartition(":")
        before = len(self._places.faults)
        record = self._places.one(segment, int(number))
        for fault in self._places.faults[before:]:
            if fault.code not in ("missing", "cut"):
                raise LedgerInvalid(f"record {name} cannot be read: {fault}", str(self._ledger))
        return record

    def _follow(self, name: str, why: str) -> Record | None:
        if name in self._records:
            return self._records[name]
        record = self._read(name)
        if record is None:
            self._missing.setdefault(name, Missing(f"record {name}", f"{why}; it is not in this ledger"))
        else:
            self._take(record, why)
        return record

    def _take(self, record: Record, why: str) -> None:
        if record.id in self._records:
            return
        self._records[record.id], self._why[record.id] = record, why
        self._follow(f"{record.segment}:0", "the conditions of the run")
        table = record.table
        if record.kind == "decision":
            self._decision(record, table)
        elif record.kind == "basis":
            self._basis(record, table)
        elif record.kind == "outcome":
            if isinstance(table.get("decision"), str):
                self._follow(table["decision"], "the decision about it")
            if isinstance(table.get("evidence"), str):
                self._named(table["evidence"], record.segment)
        elif record.kind == "evidence":
            self._named(str(table.get("id")), record.segment)
        elif record.kind == "override":
            for other in self._stated("revocation"):
                if other.table.get("override") == record.id:
                    self._take(other, "it takes back a decision of a person")
        elif record.kind == "revocation" and isinstance(table.get("override"), str):
            self._follow(table["override"], "the decision that was taken back")

    def _decision(self, record: Record, table: Any) -> None:
        basis = self._follow(f"{record.segment}:{table['basis']}", "what the decision rests on")
        if isinstance(table.get("hop_of"), str):
            self._follow(table["hop_of"], "the hop before")
        for segment, number in self._index.ask(lambda lookup: lookup.outcomes((record.segment, record.seq))):
            self._follow(f"{segment}:{number}", "what became of the body")
        for other in self._stated("client"):
            if other.segment == record.segment and other.seq < record.seq:
                self._take(other, "the client behind the gate")
        for source in () if basis is None else sources_of(basis.table):
            self._lists.setdefault(source.name, source).entries.update(source.entries)
            for other in self._about(source, record):
                self._take(other, "it tells of the list that the answer rests on")

    def _basis(self, record: Record, table: Any) -> None:
        for name in table.get("evidence") or ():
            if isinstance(name, str):
                self._named(name, record.segment)
        for cited in table.get("overrides") or ():
            if isinstance(cited, dict) and isinstance(cited.get("record"), str):
                self._follow(cited["record"], "a decision of a person that made a difference")

    def _named(self, name: str, segment: str) -> None:
        """Evidence by its id."""
        if name in self._evidence:
            return
        kept = self._evidences.named(name, segment)
        if kept is None or not kept.record:
            self._missing.setdefault(name, Missing(f"evidence {name}", "no record of it can be read"))
            return
        self._evidence[name] = kept
        self._follow(kept.record, "evidence that was used")

    def _about(self, source: ListSource, decision: Record) -> Iterator[Record]:
        """Records of a list or a notice up to a decision; for a notice its withdrawal too, whenever it came."""
        if source.notice is not None:
            yield from (one for one in self._stated("notice") if one.table.get("id") == source.notice)
            return
        told = self._stated("list")
        feeds = {one.table.get("name") for one in told if source.is_begun_by(one.table)}
        for one in told:
            before = one.at is None or decision.at is None or one.at <= decision.at
            if before and source.is_told_by(one.table, feeds):
                yield one

    def _stated(self, kind: str) -> list[Record]:
        if kind not in self._statements:
            self._statements[kind] = self._index.statements([kind])[0]
        return self._statements[kind]
