"""The signed feeds that a home is subscribed to: added, updated, verified, repaired, compared, acknowledged.

Whatever happens is a record of the ledger before it counts.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from . import __version__
from .blocklist.changes import Change, changes
from .blocklist.collect import Update, remove, subscribe, update
from .blocklist.entries import Entries, entry_tables
from .blocklist.feed import FeedInvalid, KeySet, Manifest
from .blocklist.files import trouble, write_whole
from .blocklist.keys import read_verifier_keys
from .blocklist.offered import inspect
from .blocklist.receipts import Receipt, write_receipt
from .blocklist.repair import repair
from .blocklist.source import FolderSource, Progress, Source, WebSource, base_address, is_address
from .blocklist.subscription import (
    Received,
    Subscription,
    check_versions,
    subscriptions,
)
from .clock import Clock, SystemClock
from .domains import Suffixes
from .errors import ConfigError
from .evidence.address import AddressPolicy
from .evidence.download import Downloader
from .home import Home
from .ledger.keys import home_key
from .ledger.open import open_ledger
from .ledger.query import records
from .ledger.writer import LedgerWriter
from .limits import DEFAULT_LIMITS, Limits
from .model import IssuerKind
from .signed_note import SigningKey, VerifierKey

CHANGED = "changed"
"""A file in the `lists` directory, written anew whenever something changed that gates are to load."""

USER_AGENT = f"crawlgate/{__version__}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What `Feeds.verify` looked at, and what is not as it was signed or recorded; each problem is a sentence."""

    versions: int
    keys: int
    problems: tuple[str, ...]


class Feeds:
    """The feeds that a home is subscribed to. Use it as a context manager, or `close` it.

    `user_agent` is sent to the servers of feeds; `allow_addresses` are ranges (CIDR) that may be reached although they
    are not public; `transport` replaces the pinned one, for tests. Methods raise `ConfigError` for what the user
    wrote, `FeedInvalid` (a `FeedError`) for what does not verify, `LedgerError` where nothing can be recorded.
    """

    def __init__(
        self,
        home: Home | str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        limits: Limits = DEFAULT_LIMITS,
        user_agent: str = USER_AGENT,
        allow_addresses: Sequence[str] = (),
        transport: httpx.BaseTransport | None = None,
        suffixes: Suffixes | None = None,
    ) -> None:
        self.home = home if isinstance(home, Home) else Home(home)
        self._clock = clock or SystemClock()
        self._limits = limits
        self._policy = AddressPolicy(allow_addresses)
        self._user_agent = user_agent
        self._transport = transport
        self._suffixes = suffixes or Suffixes()
        self._downloader: Downloader | None = None
        self._ledger: LedgerWriter | None = None

    # -- feeds --------------------------------------------------------------------------------------

    def add(
        self,
        source: str | os.PathLike[str],
        *,
        keys: Sequence[str],
        threshold: int = 1,
        name: str | None = None,
        issuer: str = "",
        issuer_kind: str = IssuerKind.UNSTATED,
        vouched_by: str = "",
        force: str = "",
        allow_stale: bool = False,
        progress: Progress | None = None,
    ) -> Update:
        """Subscribe to a signed feed at a web address or in a folder. `keys` are public halves, as text or as paths of
        files; `vouched_by` is the person who checked whose they are and what is claimed; `force` a reason to take
        entries that cover the world's most used sites; `allow_stale` takes a version that has expired."""
        self.home.create()
        address = base_address(str(source)) if is_address(str(source)) else str(Path(source).resolve())
        if issuer_kind == IssuerKind.RIGHTS_HOLDER and not vouched_by.strip():
            raise ConfigError(
                "a rights holder's feed is one because a person checked it; name that person (vouched_by)"
            )
        done = subscribe(
            self.home.lists,
            self._source(address),
            address,
            keys=read_verifier_keys(keys),
            now=self._clock.now(),
            record=self._record,
            limits=self._limits,
            name=name,
            threshold=threshold,
            issuer=words("issuer", issuer),
            issuer_kind=IssuerKind(issuer_kind),
            vouched_by=words("vouched_by", vouched_by),
            force=words("force", force),
            allow_stale=allow_stale,
            progress=progress,
        )
        self._tell()
        return done

    def inspect(
        self,
        source: str | os.PathLike[str],
        *,
        keys: Sequence[str],
        threshold: int = 1,
        progress: Progress | None = None,
    ) -> tuple[Manifest, KeySet, Entries]:
        """What a feed at a web address or in a folder offers, verified as `add` would, and nothing kept."""
        address = base_address(str(source)) if is_address(str(source)) else str(Path(source).resolve())
        return inspect(
            self._source(address),
            address,
            keys=read_verifier_keys(keys),
            threshold=threshold,
            now=self._clock.now(),
            limits=self._limits,
            progress=progress,
        )

    def update(self, names: Sequence[str] = (), *, progress: Progress | None = None) -> tuple[Update, ...]:
        """Ask the sources of the subscriptions `names` (none: of all) for newer versions. What went wrong is in each
        `Update`; one that is refused leaves the last good version in force."""
        wanted = names or [sub.name for sub in self.subscriptions() if sub.terms.removed_at is None]
        found = []
        for name in wanted:
            sub = Subscription(self.home.lists, name)
            done = update(
                self.home.lists,
                name,
                self._source(sub.terms.source),
                now=self._clock.now(),
                record=self._record,
                limits=self._limits,
                progress=progress,
            )
            if done.rotated or (done.received is not None and done.outcome == "new"):
                self._tell()
            found.append(done)
        return tuple(found)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Every subscription, those that were removed among them."""
        return subscriptions(self.home.lists, suffixes=self._suffixes)

    def subscription(self, name: str) -> Subscription:
        """One subscription. Raises `ConfigError` where there is none of that name."""
        sub = Subscription(self.home.lists, name, suffixes=self._suffixes)
        _ = sub.terms
        return sub

    def verify(self, name: str) -> Verified:
        """Check every version received: keys, signatures, entries, and the ledger's word for when each came."""
        sub = self.subscription(name)
        problems = list(check_versions(sub))
        recorded = {
            (str(r.table.get("manifest")), str(r.table.get("received_at")))
            for r in records(self.home.ledger, kinds={"list"})
            if r.table.get("event") == "received" and r.table.get("name") == name
        }
        problems += [
            f"version {received.version}: the ledger has no record that it was received "
            f"{received.received_at:%Y-%m-%d %H:%M:%S} UTC"
            for received in sub.versions
            if (received.manifest, received.table()["received_at"]) not in recorded
        ]
        return Verified(versions=len(sub.versions), keys=_key_sets(sub), problems=tuple(problems))

    def remove(self, name: str, *, by: str, reason: str) -> None:
        """End a subscription: from now on it counts no more, and for the time before it counts as it did. `by` is the
        person who decided that, and why is in `reason`."""
        by, reason = words("by", by), words("reason", reason)
        if not by or not reason:
            raise ConfigError("ending a subscription is a person's decision; name the person (by) and the reason")
        remove(self.home.lists, name, by=by, reason=reason, now=self._clock.now(), record=self._record)
        self._tell()

    def repair(self, name: str) -> tuple[int, ...]:
        """Put back what of the versions received is missing or damaged, from the feed's source; which were. Raises
        `FeedInvalid` for what the source does not have any more."""
        sub = self.subscription(name)
        source = self._source(sub.terms.source)
        repaired, lost = repair(self.home.lists, name, source, now=self._clock.now(), record=self._record)
        if repaired:
            self._tell()
        if lost:
            versions = ", ".join(map(str, lost))
            raise FeedInvalid(
                "unreachable", f"{name}: {sub.terms.source} does not have version {versions} any more; restore a copy"
            )
        return repaired

    def diff(self, name: str, old: int | None = None, new: int | None = None) -> tuple[Change, ...]:
        """What differs between two versions received; without numbers, between the newest and the one before it."""
        sub = self.subscription(name)
        current = sub.current
        if current is None:
            raise ConfigError(f"{name} has no version in force")
        after = current if new is None else _version(sub, new)
        if old is None:
            earlier = [received for received in sub.versions if received.n < after.n]
            before = earlier[-1] if earlier else None
        else:
            before = _version(sub, old)
        return tuple(changes([] if before is None else _tables(sub, before), _tables(sub, after)))

    def receipt(
        self, name: str, key: SigningKey | None = None, *, collector: str, version: int | None = None
    ) -> tuple[bytes, VerifierKey]:
        """A signed receipt for the issuer, and the key to verify it with: which version reached us when, and when a
        gate had it loaded. Signed with `key`, or with that of the home's ledger."""
        key = key or home_key(self.home.keys)
        sub = self.subscription(name)
        received = sub.current if version is None else _version(sub, version)
        if received is None:
            raise ConfigError(f"{name} has no version in force")
        sub.manifest(received)
        effective = received.effective_at
        note = write_receipt(
            Receipt(
                collector=words("collector", collector),
                origin=sub.terms.origin,
                version=received.version,
                manifest=received.manifest,
                sha256=received.sha256,
                received=received.received_at.replace(microsecond=0),
                effective=None if effective is None else effective.replace(microsecond=0),
            ),
            key,
        )
        table = {"event": "receipt", "key": str(key.verifier), "name": name, "version": received.version}
        digest = hashlib.sha256(note).hexdigest()
        self._record("list", {"at": self._clock.now(), **table, "sha256": received.sha256, "receipt": digest})
        return note, key.verifier

    # -- lifetime -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Seal what was written and close connections."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        if self._downloader is not None:
            self._downloader.close()
            self._downloader = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _source(self, address: str) -> Source:
        if not is_address(address):
            return FolderSource(address)
        if self._downloader is None:
            self._downloader = Downloader(
                self._user_agent, policy=self._policy, limits=self._limits, transport=self._transport
            )
        return WebSource(address, self._downloader, self._limits)

    def _record(self, kind: str, table: Mapping[str, Any]) -> str:
        """A record on the disk; where it stands."""
        if self._ledger is None:
            head = {"program": f"crawlgate {__version__}", "python": platform.python_version(), "written_by": "lists"}
            self._ledger = open_ledger(self.home.ledger, self.home.keys, head, now=self._clock.now)
        segment, number = self._ledger.append(kind, table)
        self._ledger.commit(segment, number)
        return f"{segment}:{number}"

    def _tell(self) -> None:
        try:
            write_whole(self.home.lists / CHANGED, f"{secrets.token_hex(8)}\n".encode())
        except OSError as error:
            raise trouble(self.home.lists, error) from None


def _key_sets(sub: Subscription) -> int:
    try:
        return len(sub.key_sets)
    except FeedInvalid:
        return 0


def _tables(sub: Subscription, received: Received) -> list[dict[str, Any]]:
    sub.manifest(received)
    return [table for _, _, table in entry_tables(sub.entries_bytes(received))]


def _version(sub: Subscription, number: int) -> Received:
    found = [received for received in sub.versions if received.version == number]
    if not found:
        have = ", ".join(str(received.version) for received in sub.versions[-10:])
        raise ConfigError(f"{sub.name}: version {number} was not received; the latest that were: {have}")
    return found[-1]


def words(name: str, text: str) -> str:
    """`text` in one line; `name` says what it is. Raises `ConfigError` for what cannot be shown."""
    text = " ".join(text.split())
    if not text.isprintable():
        raise ConfigError(f"{name} {text[:80]!r} holds a character that cannot be shown")
    return text
