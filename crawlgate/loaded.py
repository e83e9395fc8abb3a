"""The lists a gate works with: loaded when it opens, and again when something newer was received.

Everything in the home counts: feeds subscribed to, single notices; and the lists named for this gate. Asking whether
there is something newer costs one small file, so that it can be done all the time (`due`).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from .blocklist import match
from .blocklist.collect import is_stale, mark_loaded
from .blocklist.entry import Rejected
from .blocklist.feed import MANIFEST, FeedInvalid
from .blocklist.formats import Format
from .blocklist.letters import Letters, add_line
from .blocklist.match import Listing, NoticeIndex
from .blocklist.source import base_address, is_address
from .blocklist.store import ListStore
from .blocklist.subscription import Received, Subscription, subscriptions
from .clock import Clock
from .declaration import suggestion
from .domains import Suffixes
from .errors import ConfigError, CrawlgateError, FeedError
from .home import Home
from .limits import DEFAULT_LIMITS, Limits
from .lists import CHANGED, Lists
from .model import IssuerKind

_log = logging.getLogger(__name__)

LARGE = 4 * 1024 * 1024
"""Bytes of entries above which a running gate loads in a thread of its own. Project choice: some tenths of a second."""


@dataclass(frozen=True, slots=True)
class Blocklist:
    """A list or feed of rights holders to load.

    `path` is a file or folder; the folder of a signed feed is subscribed to if `keys` (public halves; `threshold` of
    them must sign) are given, and must be a subscription of the home otherwise. A web address must be one.

    `verified` says that its issuer and claims were checked, and `vouched_by` names the person who did; a
    list that nobody vouches for holds for review and never denies by itself. `issuer` stands for entries
    that name none, and `issuer_kind` (`rights_holder`, `authority`, `reviewer`, `public`) says who that is; a
    list that names nobody counts as a public one, which no answer presents as a rights holder's. `format` is how the
    file is written (docs/lists.md), found out where it is not given; `force` the reason to take entries that cover the
    world's most used sites.
    """

    path: str | PathLike[str]
    vouched_by: str | None = None
    verified: bool = False
    issuer: str | None = None
    issuer_kind: str = IssuerKind.UNSTATED
    format: str | None = None
    force: str = ""
    keys: Sequence[str] = ()
    threshold: int = 1

    def __post_init__(self) -> None:
        if self.issuer_kind not in tuple(IssuerKind):
            hint = suggestion(str(self.issuer_kind), tuple(IssuerKind))
            raise ConfigError(
                f"list {self.path}: issuer_kind {self.issuer_kind!r} is unknown{hint}; "
                f"use one of {', '.join(IssuerKind)}"
            )
        if self.format is not None and self.format not in tuple(Format):
            hint = suggestion(str(self.format), tuple(Format))
            raise ConfigError(
                f"list {self.path}: format {self.format!r} is unknown{hint}; use one of {', '.join(Format)}"
            )
        if isinstance(self.keys, str):
            raise ConfigError(f"list {self.path}: keys is one string; write a list of keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedList:
    """One list as the gate has it. `kind` is `feed` (signed), `list` (a file somebody vouches for, or nobody) or
    `notices` (those that came one by one; each says itself who speaks). `version` and `expires` are a feed's, `n`
    counts its receipts, `size` is in bytes. `first` names what no gate had loaded before `loaded_at`: the feed, or
    ids of notices."""

    kind: str
    name: str
    source: str
    sha256: str
    received_at: datetime
    listing: Listing
    rejected: Sequence[Rejected] = ()
    issuer: str = ""
    issuer_kind: str = IssuerKind.UNSTATED
    verified: bool = False
    vouched_by: str = ""
    version: int | None = None
    manifest: str = ""
    expires: datetime | None = None
    n: int = 0
    size: int = 0
    format: str | None = None
    force: str = ""
    first: tuple[str, ...] = ()
    loaded_at: datetime | None = None

    def table(self, at: datetime) -> dict[str, Any]:
        """For the head of a segment, or a record of its own: which bytes, by whose word, known since when."""
        table = {
            "entries": len(self.listing),
            "force": self.force or None,
            "format": self.format,
            "issuer": self.issuer or None,
            "issuer_kind": str(self.issuer_kind),
            "list": self.kind,
            "manifest": self.manifest or None,
            "name": self.name,
            "received_at": self.received_at,
            "rejected": len(self.rejected),
            "sha256": self.sha256,
            "source": self.source,
            "stale": True if self.stale(at) else None,
            "verified": self.verified,
            "version": self.version,
            "vouched_by": self.vouched_by or None,
        }
        return {name: value for name, value in table.items() if value is not None}

    def stale(self, at: datetime) -> bool:
        """True for a feed whose term was over at that time: its issuer may have said something newer."""
        return self.expires is not None and self.expires <= at


class LoadedLists:
    """The lists of one gate. `index` is what to ask (None: there is no list at all), `lists` what it was made of,
    `stale` names feeds that are out of their term; `generation` grows with every change of these.

    Raises `ConfigError` and `FeedError` when it is made; a list that does not verify keeps a gate from opening, and
    the message says what is known all the same. Once it works, it keeps what it has.
    """

    def __init__(self, home: Home, wanted: Sequence[Blocklist], *, clock: Clock, limits: Limits) -> None:
        self._home = home
        self._clock = clock
        self._limits = limits
        self._suffixes = Suffixes()
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._next: tuple[LoadedList, ...] | None = None
        self.generation = 0
        self.lists: tuple[LoadedList, ...] = ()
        self.stale: tuple[str, ...] = ()
        self.index: match.Lists | None = None
        now = clock.now()
        self._named = self._receive(wanted)
        self._seen = self._stamp()
        self._put((*self._named, *self._home_lists(now)), now)
        self.due = clock.ticks() + limits.lists_recheck

    def look(self, ticks: float) -> tuple[LoadedList, ...] | None:
        """What is newly loaded since the last look, and None if nothing changed. Call it when `due` has come.

        Small lists are loaded here; large ones in a thread, and a later look brings them in.
        """
        if not self._lock.acquire(blocking=False):
            return None  # somebody else is at it
        try:
            self.due = ticks + self._limits.lists_recheck
            now = self._clock.now()
            ready = self._take()
            stamp = self._stamp()
            if ready is None and stamp != self._seen and self._worker is None:
                self._seen = stamp
                if self._size() <= LARGE:
                    ready = self._read(now)
                else:
                    self._worker = threading.Thread(target=self._work, name="crawlgate-lists", daemon=True)
                    self._worker.start()
            if ready is None:
                stale = self._stale(now)
                if stale == self.stale:
                    return None
                self.stale = stale
                self.generation += 1
                return ()
            before = {(known.kind, known.name, known.manifest or known.sha256) for known in self.lists}
            self._put(ready, now)
            return tuple(new for new in ready if (new.kind, new.name, new.manifest or new.sha256) not in before)
        finally:
            self._lock.release()

    def told(self, lists: Sequence[LoadedList]) -> None:
        """The ledger says that these are loaded: so do the journals now, of what no gate had before.

        In this order, since a gate that does not come to open has loaded nothing. What the journals lack where they
        cannot be written, `blocklist rebuild` takes from the ledger.
        """
        try:
            for loaded in lists:
                for name in loaded.first:
                    self._mark(loaded, name)
        except (FeedError, ConfigError) as error:
            _log.warning("the journal of lists lacks since when they are loaded: %s", error)

    def _mark(self, loaded: LoadedList, name: str) -> None:
        at = loaded.loaded_at or self._clock.now()
        if loaded.kind == "feed":
            mark_loaded(self._home.lists, name, loaded.n, at=at)
        else:
            add_line(self._home.lists, {"effective_at": _stamp_of(at), "event": "loaded", "id": name})

    def wait(self) -> None:
        """Wait for a load in a thread, if one is under way; a look brings it in then."""
        worker = self._worker
        if worker is not None:
            worker.join()

    # -- loading ------------------------------------------------------------------------------------

    def _put(self, lists: tuple[LoadedList, ...], now: datetime) -> None:
        self.lists = lists
        self.index = match.Lists(loaded.listing for loaded in lists) if lists else None
        self.stale = self._stale(now)
        self.generation += 1

    def _stale(self, now: datetime) -> tuple[str, ...]:
        return tuple(loaded.name for loaded in self.lists if loaded.stale(now))

    def _stamp(self) -> bytes:
        try:
            return (self._home.lists / CHANGED).read_bytes()
        except OSError:
            return b""

    def _size(self) -> int:
        """Bytes of the entries that a load would read."""
        try:
            found = [sub.current for sub in subscriptions(self._home.lists) if sub.terms.removed_at is None]
        except CrawlgateError:
            return 0
        return sum(received.bytes for received in found if received is not None)

    def _read(self, now: datetime) -> tuple[LoadedList, ...] | None:
        """Everything anew; None where that fails, and what there is stays."""
        try:
            return (*self._named, *self._home_lists(now))
        except (FeedError, ConfigError) as error:
            _log.warning("lists were received that cannot be loaded; those loaded before stay in force: %s", error)
            return None

    def _work(self) -> None:
        self._next = self._read(self._clock.now())
        self.due = float("-inf")

    def _take(self) -> tuple[LoadedList, ...] | None:
        if self._worker is None or self._worker.is_alive():
            return None
        ready, self._next, self._worker = self._next, None, None
        return ready

    def _home_lists(self, now: datetime) -> tuple[LoadedList, ...]:
        """The feeds and notices of the home, those that nobody ended."""
        found = []
        for sub in subscriptions(self._home.lists, suffixes=self._suffixes):
            received = sub.current
            if sub.terms.removed_at is None and received is not None:
                found.append(_feed(sub, received, now))
        letters = Letters(self._home.lists, suffixes=self._suffixes)
        notices = tuple(replace(notice, effective_at=notice.effective_at or now) for notice in letters.notices())
        if notices:
            found.append(
                LoadedList(
                    kind="notices",
                    name="notices",
                    source="notices that came one by one",
                    sha256=letters.digest,
                    received_at=max(notice.received_at or now for notice in notices),
                    listing=NoticeIndex(notices, self._suffixes),
                    first=letters.waiting(),
                    loaded_at=now,
                )
            )
        return tuple(found)

    def _receive(self, wanted: Sequence[Blocklist]) -> tuple[LoadedList, ...]:
        """The lists named for this gate, but for feeds: those are of the home."""
        store = ListStore(self._home.lists, suffixes=self._suffixes)
        found = []
        for item in wanted:
            if is_feed(item.path):
                feed_of_home(self._home, item, clock=self._clock, limits=self._limits)
                continue
            loaded = store.receive(
                str(item.path),
                at=self._clock.now(),
                verified=item.verified,
                vouched_by=item.vouched_by,
                issuer=item.issuer,
                issuer_kind=IssuerKind(item.issuer_kind),
                form=None if item.format is None else Format(item.format),
                force=item.force,
            )
            found.append(
                LoadedList(
                    kind="list",
                    name=Path(loaded.source).name,
                    source=loaded.source,
                    sha256=loaded.sha256,
                    received_at=loaded.received_at,
                    listing=loaded.listing,
                    rejected=loaded.rejected,
                    issuer=item.issuer or "",
                    issuer_kind=_kind_of(loaded.listing, item),
                    verified=item.verified,
                    vouched_by=item.vouched_by or "",
                    format=item.format,
                    force=item.force,
                )
            )
        return tuple(found)


def feed_of_home(home: Home, item: Blocklist, *, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
    """See that a feed is one of the home's, and, in a folder, that the home has its newest
    version. Raises `FeedError` for one that does not verify, and says what is known of it all the same."""
    address = str(item.path)
    place = base_address(address) if is_address(address) else str(Path(item.path).resolve())
    known = next((s for s in subscriptions(home.lists) if s.terms.source == place and s.terms.removed_at is None), None)
    if known is None and (not item.keys or is_address(address)):
        raise ConfigError(
            f"list {address} is a signed feed that this home has not subscribed to; "
            f"run `crawlgate blocklist add {address} --key ... --home {home.path}` once"
        )
    if known is not None and item.verified and item.vouched_by != known.terms.vouched_by:
        raise ConfigError(
            f"list {address}: vouched_by {item.vouched_by!r} is not what the subscription {known.name} says "
            f"({known.terms.vouched_by or 'nobody'}); run `crawlgate blocklist add` again with --vouched-by"
        )
    if is_address(address):
        return
    with Lists(home, clock=clock, limits=limits) as lists:
        try:
            if known is None:
                lists.add(
                    item.path,
                    keys=item.keys,
                    threshold=item.threshold,
                    issuer=item.issuer or "",
                    issuer_kind=item.issuer_kind,
                    vouched_by=(item.vouched_by or "") if item.verified else "",
                    force=item.force,
                )
                return
            (done,) = lists.update([known.name])
        except FeedInvalid as error:
            raise FeedError(f"list {address} does not verify: {error}; {_still(known, clock.now())}") from None
    if done.code:
        raise FeedError(f"list {address} does not verify: {done.message}; {_still(known, clock.now())}")


def _feed(sub: Subscription, received: Received, now: datetime) -> LoadedList:
    """A feed of the home in its newest version, verified again. Raises `FeedError`."""
    terms = sub.terms
    try:
        listing, rejected = sub.listing(received, effective_at=now)
    except FeedInvalid as error:
        raise FeedError(
            f"feed {terms.name} does not verify: {error}; {_still(sub, now, broken=received)}. Restore the home's "
            f"copy, or take it from its source again with `crawlgate blocklist repair {terms.name}`"
        ) from None
    return LoadedList(
        kind="feed",
        name=terms.name,
        source=terms.source,
        sha256=received.sha256,
        received_at=received.received_at,
        listing=listing,
        rejected=rejected,
        issuer=terms.issuer,
        issuer_kind=terms.issuer_kind,
        verified=terms.verified,
        vouched_by=terms.vouched_by,
        version=received.version,
        manifest=received.manifest,
        expires=received.expires,
        n=received.n,
        first=(terms.name,) if received.effective_at is None else (),
        loaded_at=now,
        size=received.bytes,
    )


def _still(sub: Subscription | None, now: datetime, broken: Received | None = None) -> str:
    """What is known of a feed although something of it does not verify."""
    if sub is None:
        return "nothing of it was received before"
    for received in reversed(sub.versions):
        if received == broken:
            continue
        try:
            sub.check(received)
        except FeedInvalid:
            continue
        state = ", out of its term" if is_stale(received, now) else ""
        taken = received.entries - received.rejected
        return (
            f"known all the same: version {received.version} of {received.issued:%Y-%m-%d}, received "
            f"{received.received_at:%Y-%m-%d %H:%M} UTC{state}, {taken} of {received.entries} entries taken"
        )
    return "no version of it that was received verifies"


def _kind_of(listing: Listing, item: Blocklist) -> str:
    """Who speaks, as the list's first entry has it: a list that names nobody is a public one."""
    return str(listing.notice(0).issuer_kind) if len(listing) else str(item.issuer_kind)


def is_feed(path: str | os.PathLike[str]) -> bool:
    """True for a web address, and for a folder that holds a signed feed: those are subscribed to by a home."""
    try:
        return is_address(str(path)) or (Path(path) / MANIFEST).exists()
    except (OSError, ValueError):
        return False


def _stamp_of(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
