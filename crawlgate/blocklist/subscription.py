"""A subscription as kept in a home: what was agreed, every key set and every version received byte for byte, and when.

    lists/<sha256>.jsonl                      entries as received, shared by all lists
    lists/feeds/<name>/subscription.json      where from, by whose word, with which keys
    lists/feeds/<name>/received.jsonl         what happened, oldest first: key sets, versions, first loads
    lists/feeds/<name>/keys-<serial>.note     key sets as received
    lists/feeds/<name>/<n>-v<version>.note    manifests as received; n counts receipts
    lists/feeds/<name>/state.json             when the server was last asked and how that went; proves nothing

Nothing here is believed without its signature: manifest and entries are verified whenever they are read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from ..domains import Suffixes
from ..errors import ConfigError
from ..model import Notice
from ..signed_note import NoteError
from .cache import open_compiled
from .dates import Dates, following
from .entries import Entries, check_canonical, entry_tables, read_entries
from .entry import DEFAULT_SUFFIXES, EntryDefaults, Rejected
from .feed import MAX_NOTE, FeedInvalid, KeySet, Manifest, read_manifest, read_next_keys
from .feedlist import FeedListing, Known
from .files import append_line, read_bounded, trouble, write_whole
from .formats import MAX_BYTES, Format, load
from .hashes import FileHashes
from .history import ReceivedVersion
from .journal import canonical_line, read_journal, text_of, time_of
from .match import Listing, NoticeIndex
from .store import COMPILED, COMPILED_FROM
from .terms import Terms, first_keys, given_keys, needed

FEEDS = "feeds"
TERMS, RECEIVED, STATE, DATES = "subscription.json", "received.jsonl", "state.json", "dates.json"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One version as it came: the `n`-th receipt. `manifest` is the hash of the note, `sha256` that of the entries,
    `keys` the key set that signed; `effective_at` is when a gate first had it loaded."""

    n: int
    version: int
    manifest: str
    sha256: str
    bytes: int
    entries: int
    rejected: int
    issued: datetime
    expires: datetime
    keys: int
    received_at: datetime
    effective_at: datetime | None = None

    @property
    def note(self) -> str:
        """The file of the manifest."""
        return f"{self.n}-v{self.version}.note"

    def table(self) -> dict[str, Any]:
        """For a journal or a record; the first load is a happening of its own."""
        return {
            "bytes": self.bytes,
            "entries": self.entries,
            "expires": text_of(self.expires),
            "issued": text_of(self.issued),
            "keys": self.keys,
            "manifest": self.manifest,
            "n": self.n,
            "received_at": text_of(self.received_at),
            "rejected": self.rejected,
            "sha256": self.sha256,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class State:
    """How the last attempt to update went. `outcome` is `new`, `unchanged`, `stale`, `refused` or `unreachable`."""

    checked_at: datetime | None = None
    outcome: str = ""
    code: str = ""
    message: str = ""
    etag: str = ""
    last_modified: str = ""


class Subscription:
    """One subscription in a home's `lists` directory. Reading raises `FeedInvalid`, and `ConfigError` for our own disk.

    It is a view of the files at one moment; after something was written, open it anew.
    """

    def __init__(self, lists: Path, name: str, *, suffixes: Suffixes = DEFAULT_SUFFIXES) -> None:
        self.lists = lists
        self.name = name
        self.folder = folder_of(lists, name)
        self.suffixes = suffixes

    @cached_property
    def terms(self) -> Terms:
        """What was agreed."""
        data = self._file(TERMS, MAX_NOTE)
        if data is None:
            raise ConfigError(
                f"there is no subscription {self.name!r} in {self.lists}; `crawlgate blocklist list` names them"
            )
        try:
            return Terms.from_table(orjson.loads(data))
        except (ValueError, KeyError, TypeError, NoteError):
            raise ConfigError(
                f"{self.folder / TERMS} cannot be read; restore it from a copy, or run `crawlgate blocklist rebuild`"
            ) from None

    @cached_property
    def journal(self) -> tuple[dict[str, Any], ...]:
        """What happened, oldest first, as written."""
        return read_journal(self.folder / RECEIVED)

    @cached_property
    def versions(self) -> tuple[Received, ...]:
        """Every version received, in that order."""
        loads: dict[int, datetime] = {}
        for line in self.journal:
            if line["event"] == "loaded":
                loads.setdefault(int(line["n"]), time_of(line["effective_at"]))
        return tuple(
            Received(
                n=int(line["n"]),
                version=int(line["version"]),
                manifest=line["manifest"],
                sha256=line["sha256"],
                bytes=int(line["bytes"]),
                entries=int(line["entries"]),
                rejected=int(line["rejected"]),
                issued=time_of(line["issued"]),
                expires=time_of(line["expires"]),
                keys=int(line["keys"]),
                received_at=time_of(line["received_at"]),
                effective_at=loads.get(int(line["n"])),
            )
            for line in self.journal
            if line["event"] == "received"
        )

    @cached_property
    def timeline(self) -> tuple[tuple[datetime, Received | None], ...]:
        """Which version counted, from when on. A key set that voids versions puts an earlier one back; after the
        subscription ended none counts, until it is added again."""
        return tuple((at, None if ended else newest) for at, newest, ended in self._states)

    @property
    def current(self) -> Received | None:
        """The newest version that stands, also after the subscription ended; None where none does."""
        return self._states[-1][1] if self._states else None

    @cached_property
    def _states(self) -> tuple[tuple[datetime, Received | None, bool], ...]:
        by_n = {received.n: received for received in self.versions}
        found: list[tuple[datetime, Received | None, bool]] = []
        newest: Received | None = None
        ended = False
        for line in self.journal:
            at = line.get("at", "")
            if line["event"] == "received":
                newest, at = by_n[int(line["n"])], line["received_at"]
            elif line["event"] == "keys" and line["resume"] is not None:
                earlier = [r for _, r, _ in found if r is not None and r.version <= line["resume"]]
                kept = [r for r in earlier if r.keys < line["serial"]]
                standing = max(kept, key=lambda r: (r.version, r.n), default=None)
                if standing is newest:
                    continue
                newest, at = standing, line["received_at"]
            elif line["event"] == "removed" or (line["event"] == "subscribed" and ended):
                ended = not ended
            else:
                continue
            found.append((time_of(at), newest, ended))
        return tuple(found)

    @property
    def floor(self) -> int:
        """The version that the next one must be above, where no kept version says it."""
        return max(
            (line["resume"] for line in self.journal if line["event"] == "keys" and line["resume"] is not None),
            default=0,
        )

    @property
    def state(self) -> State:
        """How the last attempt to update went."""
        try:
            table = orjson.loads(self._file(STATE, MAX_NOTE) or b"{}")
            checked = table.pop("checked_at", None)
            return State(checked_at=None if checked is None else time_of(checked), **table)
        except (ValueError, TypeError):
            return State()  # it proves nothing, so nothing is lost

    @cached_property
    def key_sets(self) -> dict[int, KeySet]:
        """The key sets received, by serial, each vouched for by the one before, the first by the keys given."""
        terms = self.terms
        data = self._file(f"keys-{terms.serial}.note", MAX_NOTE)
        keys = given_keys(terms) if data is None else first_keys(data, terms)
        found = {keys.serial: keys}
        for line in self.journal:
            if line["event"] != "keys" or line["serial"] <= keys.serial:
                continue
            data = self._file(f"keys-{keys.serial + 1}.note", MAX_NOTE)
            if data is None:
                raise FeedInvalid(
                    "malformed", f"{self.folder}: key set {keys.serial + 1} was received and is not there"
                )
            keys = read_next_keys(data, keys)
            found[keys.serial] = keys
        return found

    @property
    def trusted(self) -> KeySet:
        """The newest key set."""
        return self.key_sets[max(self.key_sets)]

    def needed(self, keys: KeySet) -> int:
        """How many of a key set must sign: as many as it says, and as were asked for here."""
        return needed(keys, self.terms)

    def manifest(self, received: Received) -> Manifest:
        """The manifest of a version, verified again."""
        data = self._file(received.note, MAX_NOTE)
        if data is None or hashlib.sha256(data).hexdigest() != received.manifest:
            raise FeedInvalid(
                "malformed" if data is not None else "unreachable",
                f"{self.folder / received.note} is not the manifest that was received",
            )
        keys = self.key_sets.get(received.keys)
        if keys is None:
            raise FeedInvalid(
                "unknown_keys",
                f"{self.folder / received.note} is signed under key set {received.keys}, which is not there",
            )
        return read_manifest(data, keys.keys, self.needed(keys), origin=self.terms.origin)

    def entries(self, received: Received) -> Entries:
        """What a version says, verified again; dates are the issuer's."""
        manifest = self.manifest(received)
        data = self.entries_bytes(received)
        return read_entries(data, manifest, defaults=self.defaults, suffixes=self.suffixes, force=self.terms.force)

    def entries_bytes(self, received: Received) -> bytes:
        """The entries of a version, as kept."""
        place = self.lists / f"{received.sha256}.jsonl"
        try:
            data = read_bounded(place, MAX_BYTES)
        except OSError as error:
            raise ConfigError(f"{place} cannot be read: {error.strerror or error}") from None
        if data is None:
            raise FeedInvalid("unreachable", f"{place}, the entries of version {received.version}, is not there")
        return data

    @property
    def defaults(self) -> EntryDefaults:
        """What no entry says for itself."""
        terms = self.terms
        return EntryDefaults(
            issuer=terms.issuer,
            issuer_verified=terms.verified,
            issuer_kind=terms.issuer_kind,
            vouched_by=terms.vouched_by,
        )

    # -- knowledge ----------------------------------------------------------------------------------

    def received_versions(self) -> Iterable[ReceivedVersion]:
        """Every version for `history`, in order, unchanged entries read once."""
        read: dict[tuple[str, str], tuple[Notice, ...]] = {}
        for since, received in self.timeline:
            if received is None:
                yield ReceivedVersion(list=self.name, label="", received_at=since, effective_at=None, notices=())
                continue
            key = (received.sha256, received.manifest)
            if key not in read:
                read[key] = self.entries(received).notices
            yield ReceivedVersion(
                list=self.name,
                label=f"{self.terms.origin} version {received.version}",
                received_at=since,
                effective_at=received.effective_at,
                notices=read[key],
            )

    def listing(self, received: Received, *, effective_at: datetime) -> tuple[Listing, Sequence[Rejected]]:
        """A version ready to be asked, verified again, and what of it cannot be taken. Each notice is dated with its
        first receipt, and loaded at `effective_at`. A long version is compiled once and mapped then."""
        manifest = self.manifest(received)
        known = Known(
            source=f"{manifest.origin} version {manifest.version}",
            issuer=self.terms.issuer,
            contact=manifest.contact,
            dates=self.dates(received),
            effective_at=effective_at,
        )
        if received.bytes < COMPILED_FROM:
            entries = self.entries(received)
            dated = (
                replace(n, received_at=min(known.dates.of(n.id), effective_at), effective_at=effective_at)
                for n in entries.notices
            )
            return NoticeIndex(dated, self.suffixes), entries.rejected
        hashes = FileHashes(self.lists)
        place = self.lists / f"{received.sha256}.jsonl"
        try:
            altered = place.stat().st_size != manifest.bytes or hashes.sha256(place) != manifest.sha256
        except OSError as error:
            raise FeedInvalid("unreachable", f"{place} cannot be read: {error.strerror or error}") from None
        if altered:
            raise FeedInvalid("mixed", f"{place}, the entries of version {received.version}, were altered")
        compiled = open_compiled(
            load(place, Format.FEED, hashes=hashes),
            self.lists / COMPILED,
            hashes=hashes,
            defaults=self.defaults,
            suffixes=self.suffixes,
            force=self.terms.force,
        )
        return FeedListing(compiled, known), compiled.rejected

    def check(self, received: Received) -> None:
        """Raises `FeedInvalid` unless a version is kept as it was signed; what its entries mean is not looked at."""
        check_canonical(self.entries_bytes(received), self.manifest(received))

    def dates(self, received: Received) -> Dates:
        """First receipts of the entries of a version: as computed when it came, or once more from all versions."""
        try:
            table = orjson.loads(self._file(DATES, MAX_BYTES) or b"{}")
            if (table.get("n"), table.get("manifest")) == (received.n, received.manifest):
                return Dates.from_table(table)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            pass
        return self.first_receipts(received)

    def first_receipts(self, received: Received) -> Dates:
        """First receipts of the entries of a version, from all versions up to it."""
        last = max((place for place, (_, version) in enumerate(self.timeline) if version == received), default=-1)
        before: Received | None = None
        dates: Dates | None = None
        for since, version in self.timeline[: last + 1]:
            if version is not None:
                dates = following(self._tables(before), dates, self._tables(version), since)
            before = version
        return dates or Dates(received.received_at)

    def _tables(self, received: Received | None) -> Iterator[dict[str, Any]]:
        if received is not None:
            for _, _, table in entry_tables(self.entries_bytes(received)):
                yield table

    # -- files --------------------------------------------------------------------------------------

    def _file(self, name: str, limit: int) -> bytes | None:
        place = self.folder / name
        try:
            data = read_bounded(place, limit)
        except OSError as error:
            raise ConfigError(f"{place} cannot be read: {error.strerror or error}") from None
        if data is not None and len(data) > limit:
            raise ConfigError(f"{place} is longer than {limit} bytes; it was not written by this program")
        return data

    def write(self, name: str, data: bytes) -> None:
        """A file of the subscription, whole or not at all."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / name, data)
        except OSError as error:
            raise trouble(self.folder, error) from None

    def keep_entries(self, sha256: str, data: bytes) -> None:
        """Entries beside those of other lists, under their hash."""
        place = self.lists / f"{sha256}.jsonl"
        try:
            if read_bounded(place, MAX_BYTES) != data:  # not there, or damaged
                write_whole(place, data)
        except OSError as error:
            raise trouble(self.lists, error) from None

    def add(self, line: Mapping[str, Any]) -> None:
        """One line more of what happened."""
        try:
            append_line(self.folder / RECEIVED, canonical_line(line))
        except OSError as error:
            raise trouble(self.folder, error) from None

    def write_dates(self, received: Received, dates: Dates) -> None:
        """Keep first receipts, so that a gate need not read every version to open."""
        table = {**dates.table(), "manifest": received.manifest, "n": received.n}
        self.write(DATES, orjson.dumps(table))

    def write_state(self, state: State) -> None:
        """Keep how an update went."""
        table = {name: getattr(state, name) for name in ("outcome", "code", "message", "etag", "last_modified")}
        table["checked_at"] = None if state.checked_at is None else text_of(state.checked_at)
        self.write(STATE, orjson.dumps(table, option=orjson.OPT_SORT_KEYS))


def check_versions(sub: Subscription) -> Iterator[str]:
    """What of the versions received does not verify any more, as sentences."""
    for received in sub.versions:
        try:
            sub.check(received)
        except FeedInvalid as error:
            yield f"version {received.version}: {error}"


def folder_of(lists: Path, name: str) -> Path:
    """Where a subscription is kept. Raises `ConfigError` for what is no name of one."""
    if not _NAME.match(name):
        raise ConfigError(
            f"{name[:100]!r} is no name of a subscription; use lower-case letters, digits, '.', '-' and '_'"
        )
    return lists / FEEDS / name


def subscriptions(lists: Path, *, suffixes: Suffixes = DEFAULT_SUFFIXES) -> tuple[Subscription, ...]:
    """Every subscription of a home, by name; those that were removed are among them."""
    folder = lists / FEEDS
    try:
        names = sorted(place.name for place in folder.iterdir() if (place / TERMS).exists() and _NAME.match(place.name))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read: {error.strerror or error}") from None
    return tuple(Subscription(lists, name, suffixes=suffixes) for name in names)
