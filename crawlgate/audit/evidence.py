"""Evidence as it stands on record: what was fetched, when, and whether its bytes are still what was stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import url as urls
from ..errors import ConfigError, LedgerError, UrlError
from ..evidence.read import EvidenceReader, Location
from ..ledger.index.lookup import EvidencePlace
from ..ledger.index.store import Index
from ..ledger.query import Record
from ..ledger.verify_evidence import location_of

_REMEMBERED = 50_000
_ID = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvidence:
    """One piece of evidence. `record` is its place in the ledger, empty for what stands in an evidence file alone;
    `stored` says that its bytes were kept, `intact` that they were read for this answer and are what was stored (None:
    not kept, or not looked at). `status` None: nothing was received, `error` says why."""

    id: str
    source: str
    url: str
    at: datetime | None
    status: int | None = None
    error: str | None = None
    final_url: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    truncated: bool = False
    record: str = ""
    location: Location | None = None
    intact: bool | None = None

    @property
    def stored(self) -> bool:
        return self.location is not None


Read = Callable[[tuple[str, int]], Record | None]
"""Gives the record at a place (segment, number)."""


class Evidences:
    """Evidence of a home by its id, each piece read and checked once. `read` gives records; `check` False leaves the
    bytes of evidence unread."""

    def __init__(self, home: Path, index: Index, read: Read, *, check: bool = True) -> None:
        self._index, self._read = index, read
        self._files = EvidenceReader(Path(home) / "evidence")
        self._check = check
        self._known: dict[tuple[str, str], KeptEvidence | None] = {}
        self._located: dict[tuple[str, str], EvidencePlace | None] = {}

    def locate(self, names: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
        """Look up ids (each with the segment that names it) together; the places of records not read so far."""
        wanted = {key for key in names if key not in self._known and key not in self._located}
        self._located |= self._index.ask(lambda lookup: lookup.evidence_places(wanted))
        found = (self._located[key] for key in wanted)
        return [(place.segment, place.seq) for place in found if place is not None and place.segment]

    def named(self, name: str, segment: str = "") -> KeptEvidence | None:
        """The evidence with this id; where several records have it, that of `segment`. None if there is none."""
        key = name, segment
        if key not in self._known:
            self.locate([key])
            place = self._located.pop(key)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = None if place is None else self.at(place)
        return self._known[key]

    def at(self, place: EvidencePlace) -> KeptEvidence | None:
        """The evidence at a place of the index; None if the record cannot be read."""
        if not place.segment:
            return self._stray(place)
        record = self._read((place.segment, place.seq))
        if record is None or record.kind != "evidence":
            return None
        return kept(record.table, record.id, record.at, self._intact)

    def _stray(self, place: EvidencePlace) -> KeptEvidence:
        """What no record tells of: nobody can say whether its bytes are what was stored."""
        location = None
        if place.file is not None and place.offset is not None and place.length is not None:
            digest = self._files.digest(place.file, place.offset, place.length)
            location = Location(place.file, place.offset, place.length, digest)
        at = datetime.fromtimestamp(place.at, UTC)
        return KeptEvidence(
            id=place.id, source=place.source, url=place.url, at=at, sha256=place.sha256, location=location
        )

    def _intact(self, location: Location) -> bool | None:
        if not self._check:
            return None
        try:
            self._files.raw(location)
        except LedgerError:
            return False
        return True


def kept(
    table: Mapping[str, Any],
    record: str,
    at: datetime | None,
    check: Callable[[Location], bool | None] = lambda _: None,
) -> KeptEvidence:
    """The evidence that a record tells of."""
    location = location_of(table.get("location"))
    status, size = table.get("status"), table.get("bytes")
    return KeptEvidence(
        id=str(table.get("id")),
        source=str(table.get("source")),
        url=str(table.get("url")),
        at=at,
        status=status if type(status) is int else None,
        error=None if table.get("error") is None else str(table["error"]),
        final_url=None if table.get("final_url") is None else str(table["final_url"]),
        sha256=None if table.get("sha256") is None else str(table["sha256"]),
        bytes=size if type(size) is int else None,
        truncated=table.get("truncated") is True,
        record=record,
        location=location,
        intact=None if location is None else check(location),
    )


def find_evidence(
    home: Path, asked: str, *, at: datetime | None = None, source: str | None = None
) -> list[KeptEvidence]:
    """Evidence by its id, by the sha256 of its body, or of a host (also as origin or URL), the newest first.

    `at` leaves the newest of each URL at that time or before: what was known then. `source` is a kind (`robots`,
    `tdmrep`, `response` ...). Raises `ConfigError` for what is none of these, `LedgerError` without a ledger.
    """
    with Index(home) as index, index.places() as places:
        index.catch_up()
        evidences = Evidences(home, index, lambda place: places.one(*place))
        found = [one for place in _places(index, asked, at) if (one := evidences.at(place)) is not None]
    if source is not None:
        found = [one for one in found if one.source == source]
    if "://" in asked:
        origin = _origin(asked)
        found = [one for one in found if _origin(one.url) == origin]
    if at is None:
        return found
    newest: dict[str, KeptEvidence] = {}
    for one in found:
        if one.at is not None and one.at <= at:
            newest.setdefault(one.url or one.id, one)
    return list(newest.values())


def body_of(home: Path, evidence: KeptEvidence) -> bytes:
    """The body of stored evidence. Raises `LedgerInvalid` where it is not what was stored, `LedgerError` where it was
    not kept."""
    if evidence.location is None:
        raise LedgerError(f"the body of evidence {evidence.id} was not kept", str(home))
    return EvidenceReader(Path(home) / "evidence").body(evidence.location)


def _places(index: Index, asked: str, at: datetime | None) -> list[EvidencePlace]:
    match = _SHA256.fullmatch(asked)
    if match is not None:
        digest = bytes.fromhex(match[1])
        return index.ask(lambda lookup: lookup.evidence_with(digest))
    if _ID.fullmatch(asked):
        return index.ask(lambda lookup: lookup.evidence_named(asked))
    try:
        parsed = urls.parse(asked if "://" in asked else f"https://{asked}")
    except UrlError as error:
        raise ConfigError(f"{asked!r} is no id of evidence, no sha256, and no host or URL: {error}") from None
    until = 2**62 if at is None else int(at.timestamp())
    return index.ask(lambda lookup: list(lookup.evidence_of(parsed.host, until)))


def _origin(url: str) -> str:
    try:
        return urls.parse(url).origin
    except UrlError:
        return ""
