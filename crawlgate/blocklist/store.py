"""The lists we received, byte for byte, and when: the proof of what was known at a time.

    lists/<sha256>.txt, .jsonl     each list as received
    lists/received.jsonl           one line per list and way it was vouched for, oldest first
    lists/compiled/                long lists, ready to be asked (`cache`); made again from the bytes at any time

Writes are atomic, and taken in turn where several processes share the directory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ..domains import Suffixes
from ..errors import ConfigError, FeedError
from ..model import IssuerKind, Notice
from .asof import ReceivedListing
from .cache import compiled, open_compiled
from .entry import DEFAULT_SUFFIXES, EntryDefaults, Rejected
from .files import locked, sync_folder, trouble, write_whole
from .formats import Format, RawList, interpret, load
from .hashes import REMEMBERED_FROM, FileHashes
from .history import ReceivedVersion
from .importing import read_record
from .match import Listing, NoticeIndex

INDEX = "received.jsonl"
COMPILED_FROM = 1024 * 1024
"""Bytes of a list that is compiled; a shorter one is read anew each time, within half a second."""

COMPILED = "compiled"
"""The directory of compiled lists, below that of the lists."""

_LOCK = "received.lock"
_EXTENSION = {Format.FEED: "jsonl", Format.CSV: "csv", Format.MISP: "json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedList:
    """A list as the gate uses it. `received_at` is when these bytes were first received; `first_time` says
    that this was now. `source` is the path as given."""

    listing: Listing
    rejected: Sequence[Rejected]
    sha256: str
    received_at: datetime
    source: str
    first_time: bool

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Every entry, in the order of the list. A long list is read for it."""
        return tuple(map(self.listing.notice, range(len(self.listing))))


class ListStore:
    """A directory that keeps every list received. Several processes may share it."""

    def __init__(self, directory: str | Path, *, suffixes: Suffixes = DEFAULT_SUFFIXES) -> None:
        self.directory = Path(directory)
        self._suffixes = suffixes

    def receive(
        self,
        path: str | Path,
        *,
        at: datetime,
        verified: bool = False,
        vouched_by: str | None = None,
        issuer: str | None = None,
        issuer_kind: IssuerKind = IssuerKind.UNSTATED,
        form: Format | None = None,
        force: str = "",
    ) -> LoadedList:
        """Read a list, keep its bytes, and date what it says.

        A list seen before keeps the time it was first received. `verified` says that issuer and claim were
        checked, and by whom in `vouched_by`; a list nobody vouches for only holds. `issuer` stands for entries
        that name none, `issuer_kind` says who that is; a list that names nobody is a public one. A folder that was
        imported says these itself, but never that it was checked. `form` is the format,
        found out where it is not given; `force` the reason to take entries that cover the world's most used sites.
        A long list is compiled once. Raises `FeedError` for a list that cannot be read and `ConfigError` for the rest.
        """
        vouched_by, issuer = _words("vouched_by", vouched_by), _words("issuer", issuer)
        force = _words("force", force) or ""
        record = read_record(path)
        if record is not None:  # what was written down when the list was imported; that it was checked is not
            vouched_by, issuer = vouched_by or record["vouched_by"] or None, issuer or record["issuer"] or None
            force = force or record["force"]
            issuer_kind = record["issuer_kind"] if issuer_kind is IssuerKind.UNSTATED else issuer_kind
        if verified and vouched_by is None:
            raise ConfigError(
                f"list {path}: verified is set, but vouched_by is not; name the person who checked the issuer and "
                "the claim, or leave verified out: the list then holds for review and does not deny"
            )
        if at.tzinfo is None:
            raise ConfigError(f"list {path}: at {at.isoformat()} has no zone; write Z or an offset")
        at = at.astimezone(UTC)
        self._create()
        hashes = FileHashes(self.directory)
        given = load(path, form, hashes=hashes)
        with self._kept(given, hashes) as raw:
            long = raw.bytes >= COMPILED_FROM
            if long:  # before the lock: it may take a minute
                compiled(raw, self.directory / COMPILED, hashes=hashes, suffixes=self._suffixes, force=force)
            with locked(self.directory, _LOCK):
                known = self._index()
                first = next((line for line in known if line["sha256"] == raw.sha256), None)
                received_at = at if first is None else datetime.fromisoformat(first["received_at"])
                defaults = EntryDefaults(
                    issuer=issuer or "",
                    issuer_verified=verified,
                    issuer_kind=issuer_kind,
                    vouched_by=vouched_by or "",
                    received_at=received_at,
                    # Loaded when first received: the gate has held these bytes since then, restarts or not.
                    effective_at=received_at,
                )
                listing: Listing
                rejected: Sequence[Rejected]
                if long:
                    listing = opened = open_compiled(
                        raw,
                        self.directory / COMPILED,
                        hashes=hashes,
                        defaults=defaults,
                        suffixes=self._suffixes,
                        force=force,
                    )
                    rejected = opened.rejected
                else:
                    parsed = interpret(raw, defaults=defaults, suffixes=self._suffixes, force=force)
                    listing, rejected = NoticeIndex(parsed.notices, self._suffixes), parsed.rejected
                line = {
                    "bytes": raw.bytes,
                    "entries": len(listing),
                    "force": force or None,
                    "format": str(raw.format),
                    "issuer": issuer,
                    "issuer_kind": str(issuer_kind),
                    "received_at": received_at.isoformat().replace("+00:00", "Z"),
                    "rejected": len(rejected),
                    "sha256": raw.sha256,
                    "source": raw.path,
                    "verified": verified,
                    "vouched_by": vouched_by,
                }
                if not any(old == line for old in known):
                    self._write(INDEX, b"".join(map(_canonical, [*known, line])))
        return LoadedList(
            listing=listing,
            rejected=rejected,
            sha256=raw.sha256,
            received_at=received_at,
            source=raw.path,
            first_time=first is None,
        )

    def received_versions(self) -> Iterator[ReceivedVersion]:
        """Every list received, for `history`, but for long ones (`received_listings`): lists from one source are
        versions of each other. Their entries bear no names of their own, so what they name tells them apart. Raises
        `ConfigError` and `FeedError`."""
        for line in self._index():
            raw = self._received(line)
            if raw.bytes >= COMPILED_FROM:
                continue
            parsed = interpret(raw, defaults=_said(line), suffixes=self._suffixes, force=line.get("force") or "")
            received_at = datetime.fromisoformat(line["received_at"])
            numbered = f"{raw.sha256[:12]}:"
            yield ReceivedVersion(
                list=raw.path,
                label=f"{raw.name} of {received_at.date().isoformat()}",
                received_at=received_at,
                effective_at=received_at,
                notices=tuple(replace(n, id="") if n.id.startswith(numbered) else n for n in parsed.notices),
            )

    def received_listings(self) -> Iterator[ReceivedListing]:
        """The long lists received, compiled. Raises as `received_versions`."""
        hashes = FileHashes(self.directory)
        for line in self._index():
            raw = self._received(line)
            if raw.bytes < COMPILED_FROM:
                continue
            received_at = datetime.fromisoformat(line["received_at"])
            listing = open_compiled(
                raw,
                self.directory / COMPILED,
                hashes=hashes,
                defaults=replace(_said(line), received_at=received_at, effective_at=received_at),
                suffixes=self._suffixes,
                force=line.get("force") or "",
            )
            yield ReceivedListing(raw.path, received_at, listing)

    def restore(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write the index anew from what the ledger says of lists received, where the index lacks it."""
        with locked(self.directory, _LOCK):
            try:
                known = self._index()
            except ConfigError:
                known = []
            said = {(line["sha256"], line["source"], line["verified"], line["vouched_by"]) for line in known}
            for line in lines:
                if (line["sha256"], line["source"], line["verified"], line["vouched_by"]) not in said:
                    place = next(self.directory.glob(f"{line['sha256']}.*"), None)
                    known.append({**line, "bytes": 0 if place is None else place.stat().st_size})
            known.sort(key=lambda line: str(line["received_at"]))
            self._write(INDEX, b"".join(map(_canonical, known)))

    def bring(self, other: ListStore) -> None:
        """Take the lines of another store's index that are not here; a list received twice counts from the first time.
        Raises `ConfigError` where one of the two cannot be read."""
        theirs = other._index()
        if not theirs:
            return
        with locked(self.directory, _LOCK):
            known = self._index()
            more = [line for line in theirs if line not in known]
            if more:
                lines = sorted(known + more, key=lambda line: datetime.fromisoformat(line["received_at"]))
                self._write(INDEX, b"".join(map(_canonical, lines)))

    def _received(self, line: dict[str, Any]) -> RawList:
        """A list as it was received, from the copy kept."""
        known = Format(line["format"]) if line.get("format") else None
        for place in (self.directory / f"{line['sha256']}.{end}" for end in ("txt", *_EXTENSION.values())):
            if place.exists():
                raw = load(place, known, hashes=FileHashes(self.directory))
                if raw.sha256 == line["sha256"]:
                    return replace(raw, path=line["source"], name=Path(line["source"]).name)
        raise FeedError(f"{self.directory}: the list {line['sha256'][:16]}… was received and is not there unchanged")

    @contextmanager
    def _kept(self, given: RawList, hashes: FileHashes) -> Iterator[RawList]:
        """The list with its bytes where nobody changes them: kept when the block ends well, if they were not before."""
        place = self.directory / f"{given.sha256}.{_EXTENSION.get(given.format, 'txt')}"
        with suppress(OSError):
            if place.stat().st_size == given.bytes and hashes.sha256(place) == given.sha256:
                yield replace(given, place=place)
                return
        # Not there, or damaged: written again.
        temporary = None
        try:
            handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self.directory)
            temporary = Path(name)
            with os.fdopen(handle, "wb") as file, given.place.open("rb") as source:
                os.fchmod(handle, 0o644)  # as readable as the ledger beside it; mkstemp makes it private
                shutil.copyfileobj(source, file, 1024 * 1024)
                file.flush()
                os.fsync(handle)
            with temporary.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != given.sha256:
                    raise FeedError(f"list {given.path} changed while it was read; read it again")
            yield replace(given, place=temporary)
            temporary.replace(place)
            temporary = None
            sync_folder(self.directory)
            if given.bytes >= REMEMBERED_FROM:
                hashes.remember({place: given.sha256})
        except OSError as error:
            raise trouble(self.directory, error) from None
        finally:
            if temporary is not None:
                with suppress(OSError):
                    temporary.unlink()

    def _create(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise trouble(self.directory, error) from None

    def _index(self) -> list[dict[str, Any]]:
        place = self.directory / INDEX
        try:
            data = place.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise trouble(self.directory, error) from None
        lines = []
        for number, text in enumerate(data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n"), 1):
            try:
                line = orjson.loads(text)
                if not isinstance(line["sha256"], str) or datetime.fromisoformat(line["received_at"]).tzinfo is None:
                    raise ValueError
            except (ValueError, KeyError, TypeError):
                # Going on would give the list a new date, and knowledge would look younger than it is.
                raise ConfigError(
                    f"{place}, line {number}, cannot be read; it dates the lists received, so restore it from a "
                    "copy, or move the directory away to begin anew"
                ) from None
            lines.append(line)
        return lines

    def _write(self, name: str, data: bytes) -> None:
        try:
            write_whole(self.directory / name, data)
        except OSError as error:
            raise trouble(self.directory, error) from None


def _said(line: Mapping[str, Any]) -> EntryDefaults:
    """What is known of a list beyond its text, as its line in the index has it."""
    return EntryDefaults(
        issuer=line["issuer"] or "",
        issuer_verified=line["verified"],
        issuer_kind=IssuerKind(line.get("issuer_kind") or IssuerKind.UNSTATED),
        vouched_by=line["vouched_by"] or "",
    )


def _words(name: str, text: str | None) -> str | None:
    text = (text or "").strip()
    if not text.isprintable():
        raise ConfigError(f"{name} {text[:80]!r} holds a character that cannot be shown; write words of one line")
    return text or None


def _canonical(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
