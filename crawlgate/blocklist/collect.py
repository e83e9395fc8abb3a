"""The collector's end: subscribe to a feed, and take newer versions of it, or say why not.

Every step is written to the ledger before it counts (`record`): key sets and versions received, refusals, staleness.
What was received is kept byte for byte. A refusal leaves everything as it was: the last good version stays in force.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..limits import Limits
from ..model import IssuerKind
from ..signed_note import VerifierKey
from .changes import Change, changes
from .dates import following
from .entries import check_canonical, entry_tables
from .entry import Rejected
from .events import Record, commit, settled, stale_event
from .feed import (
    SKEW,
    FeedInvalid,
    KeySet,
    Manifest,
    check_fresh,
    check_issued,
    check_order,
    read_manifest,
    read_next_keys,
    stamp,
)
from .files import locked, trouble
from .journal import canonical_line, text_of
from .offered import checked_threshold, downloaded, first_key_set, first_manifest, unproven
from .source import Fresh, Progress, Source
from .subscription import TERMS, Received, State, Subscription, folder_of
from .terms import Terms, name_for, needed

NEW, UNCHANGED, STALE, REFUSED, UNREACHABLE = "new", "unchanged", "stale", "refused", "unreachable"

LOCK = ".lock"
_MOST_ROTATIONS = 32
_AWAY = ("unreachable", "slow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """How it went. `outcome` is one of the words above; `stale` says that the version in force has expired, whatever
    the outcome. `received` is that version, `changes` what it changed, `rejected` entries that could not be taken,
    `rotated` new key sets. `code` and `message` say why something was refused or could not be had."""

    name: str
    outcome: str
    received: Received | None = None
    changes: tuple[Change, ...] = ()
    rejected: Sequence[Rejected] = ()
    rotated: tuple[int, ...] = ()
    stale: bool = False
    code: str = ""
    message: str = ""


def subscribe(
    lists: Path,
    source: Source,
    address: str,
    *,
    keys: tuple[VerifierKey, ...],
    now: datetime,
    record: Record,
    limits: Limits,
    name: str | None = None,
    threshold: int = 1,
    issuer: str = "",
    issuer_kind: IssuerKind = IssuerKind.UNSTATED,
    vouched_by: str = "",
    force: str = "",
    allow_stale: bool = False,
    progress: Progress | None = None,
) -> Update:
    """Subscribe, and receive the first version. Raises `FeedInvalid` where it does not verify, `ConfigError` for the
    rest; nothing is kept then.

    `keys` come from the issuer by another way than the feed itself. `vouched_by` names the person who checked whose
    keys they are and what is claimed; without one the list holds and never denies. Subscribing again to the same feed
    under the same name replaces source and vouching, and keeps keys and what was received.
    """
    fresh = first_manifest(source, address)
    claimed = unproven(fresh.data)
    terms = Terms(
        name=name or name_for(claimed.origin),
        source=address,
        origin=claimed.origin,
        keys=keys,
        threshold=checked_threshold(threshold, keys),
        serial=claimed.keys,
        issuer=issuer or claimed.issuer or claimed.origin,
        issuer_kind=issuer_kind,
        verified=bool(vouched_by),
        vouched_by=vouched_by,
        added_at=now,
        force=force,
    )
    folder = folder_of(lists, terms.name)
    first, trusted = first_key_set(source, terms)
    manifest = read_manifest(fresh.data, trusted.keys, needed(trusted, terms), origin=terms.origin)
    check_issued(manifest, now)
    if not allow_stale:
        check_fresh(manifest, now)
    with locked(folder, LOCK):
        sub = Subscription(lists, terms.name)
        if (folder / TERMS).exists():
            return _renew(sub, source, terms, now, record, limits, progress)
        data = _entries(sub, source, manifest, limits, progress)
        if first is not None:
            sub.write(f"keys-{terms.serial}.note", first)
        commit(sub, {"event": "subscribed", **terms.table()}, now, record)
        sub.write(TERMS, canonical_line(terms.table()))
        return _receive(Subscription(lists, terms.name), fresh, manifest, data, now, record, ())


def update(
    lists: Path,
    name: str,
    source: Source,
    *,
    now: datetime,
    record: Record,
    limits: Limits,
    progress: Progress | None = None,
) -> Update:
    """Ask for a newer version and take it. Does not raise for what a network or an issuer did: a version that does not
    verify is refused, and the last good one stays. Raises `ConfigError` for our own disk and `FeedInvalid` where what
    was kept does not verify any more."""
    removed_at = Subscription(lists, name).terms.removed_at
    if removed_at is not None:
        raise ConfigError(f"the subscription {name} was removed on {removed_at:%Y-%m-%d}; add it again")
    with locked(folder_of(lists, name), LOCK):
        return _update(Subscription(lists, name), source, now, record, limits, progress)


def remove(lists: Path, name: str, *, by: str, reason: str, now: datetime, record: Record) -> None:
    """End a subscription: from now on it counts no more, and for the time before it counts as it did. `by` is the
    person who decided that."""
    with locked(Subscription(lists, name).folder, LOCK):
        sub = settled(Subscription(lists, name), record)
        terms = replace(sub.terms, removed_at=now)
        if sub.terms.removed_at is not None:
            raise ConfigError(f"the subscription {name} ended already, on {sub.terms.removed_at:%Y-%m-%d}")
        event = {"by": by, "event": "removed", "name": name, "reason": reason, "removed_at": text_of(now)}
        commit(sub, event, now, record)
        sub.write(TERMS, canonical_line(terms.table()))


def mark_loaded(lists: Path, name: str, n: int, *, at: datetime) -> None:
    """Note that a gate has a version loaded for the first time. The ledger knows it from the gate itself."""
    with locked(folder_of(lists, name), LOCK):
        sub = Subscription(lists, name)
        if any(received.n == n and received.effective_at is None for received in sub.versions):
            sub.add({"effective_at": text_of(at), "event": "loaded", "n": n})


def is_stale(received: Received | None, now: datetime) -> bool:
    """True for a version that its issuer has not renewed in time."""
    return received is not None and received.expires <= now


def _renew(
    sub: Subscription,
    source: Source,
    terms: Terms,
    now: datetime,
    record: Record,
    limits: Limits,
    progress: Progress | None,
) -> Update:
    """Other terms for a feed that is subscribed to already; its keys follow their own chain."""
    old = sub.terms
    if old.origin != terms.origin:
        raise ConfigError(f"{old.name} is the name of the subscription to {old.origin}; choose another with --name")
    terms = replace(terms, keys=old.keys, serial=old.serial, threshold=terms.threshold, added_at=old.added_at)
    commit(sub, {"event": "subscribed", **terms.table()}, now, record)
    sub.write(TERMS, canonical_line(terms.table()))
    sub = Subscription(sub.lists, sub.name)
    if old.removed_at is not None and sub.current is not None:  # what it says is known anew
        sub.write_dates(sub.current, sub.first_receipts(sub.current))
    return _update(sub, source, now, record, limits, progress)


def _update(
    sub: Subscription, source: Source, now: datetime, record: Record, limits: Limits, progress: Progress | None
) -> Update:
    sub = settled(sub, record)
    before, trusted = sub.state, sub.trusted
    rotated: tuple[int, ...] = ()
    try:
        _check_clock(sub, now)
        while len(rotated) < _MOST_ROTATIONS and (data := source.keys(trusted.serial + 1)) is not None:
            trusted = _adopt(sub, data, trusted, now, record)
            rotated += (trusted.serial,)
            sub = Subscription(sub.lists, sub.name)
        current = sub.current
        # Asked without condition once the term is over: a tag that somebody on the way gave would hold us back.
        fresh_enough = current is not None and not rotated and not is_stale(current, now)
        named = (before.etag, before.last_modified) if fresh_enough else ("", "")
        fresh = source.manifest(*named)
        if fresh is None:
            fresh = Fresh(b"", *named)
        else:
            manifest = read_manifest(fresh.data, trusted.keys, sub.needed(trusted), origin=sub.terms.origin)
            if _is_newer(sub, manifest, trusted, current):
                check_issued(manifest, now)
                entries = _entries(sub, source, manifest, limits, progress)
                return _receive(sub, fresh, manifest, entries, now, record, rotated)
    except FeedInvalid as error:
        return _refused(sub, error, before, now, record, rotated)
    return _unchanged(sub, fresh, before, now, record, rotated)


def _adopt(sub: Subscription, data: bytes, trusted: KeySet, now: datetime, record: Record) -> KeySet:
    """Take the key set that follows."""
    keys = read_next_keys(data, trusted)
    needed(keys, sub.terms)
    if keys.issued > now + SKEW:
        raise FeedInvalid(
            "future", f"key set {keys.serial} was issued {stamp(keys.issued)}, and the clock here says {stamp(now)}"
        )
    sub.write(f"keys-{keys.serial}.note", data)
    event = {
        "event": "keys",
        "name": sub.name,
        "received_at": text_of(_received_at(sub, now)),
        "resume": keys.resume,
        "serial": keys.serial,
        "sha256": hashlib.sha256(data).hexdigest(),
        "threshold": keys.threshold,
        "keys": [str(key) for key in keys.keys],
    }
    commit(sub, event, now, record)
    return keys


def _is_newer(sub: Subscription, manifest: Manifest, trusted: KeySet, current: Received | None) -> bool:
    if manifest.keys != trusted.serial:
        raise FeedInvalid(
            "unknown_keys",
            f"version {manifest.version} is signed under key set {manifest.keys}, and {trusted.serial} is the newest "
            "that the keys known here vouch for",
        )
    last = None if current is None else sub.manifest(current)
    if manifest.version <= sub.floor and (last is None or manifest.version != last.version):
        raise FeedInvalid(
            "rollback", f"version {manifest.version} is offered, and the issuer goes on above {sub.floor}"
        )
    return check_order(manifest, last)


def _entries(sub: Subscription, source: Source, manifest: Manifest, limits: Limits, progress: Progress | None) -> bytes:
    """The entries of a manifest, those at hand or those of the source, and exactly those."""
    kept = sub.lists / f"{manifest.sha256}.jsonl"
    try:
        if kept.exists() and kept.stat().st_size == manifest.bytes:
            data = kept.read_bytes()
            if hashlib.sha256(data).hexdigest() == manifest.sha256:
                check_canonical(data, manifest)
                return data
        with tempfile.TemporaryDirectory(prefix=".", dir=sub.folder) as aside:
            return downloaded(source, manifest, Path(aside), limits, progress)
    except OSError as error:
        raise trouble(sub.folder, error) from None


def _receive(
    sub: Subscription,
    fresh: Fresh,
    manifest: Manifest,
    data: bytes,
    now: datetime,
    record: Record,
    rotated: tuple[int, ...],
) -> Update:
    """Keep a version: its bytes first, then the ledger's word for it, then the index."""
    before = sub.current
    received = Received(
        n=len(sub.versions) + 1,
        version=manifest.version,
        manifest=hashlib.sha256(fresh.data).hexdigest(),
        sha256=manifest.sha256,
        bytes=manifest.bytes,
        entries=manifest.entries,
        rejected=0,
        issued=manifest.issued,
        expires=manifest.expires,
        keys=manifest.keys,
        received_at=_received_at(sub, now),
    )
    sub.keep_entries(manifest.sha256, data)
    sub.write(received.note, fresh.data)
    tables = [] if before is None else list(_tables(sub.entries_bytes(before)))
    dates = following(tables, None if before is None else sub.dates(before), _tables(data), received.received_at)
    # Everything is new in a first version; that need not be said of each.
    differ = () if before is None else tuple(changes(tables, _tables(data)))
    sub.write_dates(received, dates)
    _, rejected = sub.listing(received, effective_at=now)
    received = replace(received, rejected=len(rejected))
    commit(sub, {"event": "received", "name": sub.name, "origin": manifest.origin, **received.table()}, now, record)
    sub = Subscription(sub.lists, sub.name)
    stale = is_stale(received, now)
    if stale:
        stale_event(sub, received, now, record)
    state = State(checked_at=now, outcome=STALE if stale else NEW, etag=fresh.etag, last_modified=fresh.last_modified)
    sub.write_state(state)
    return Update(
        name=sub.name,
        outcome=NEW,
        received=received,
        changes=differ,
        rejected=rejected,
        rotated=rotated,
        stale=stale,
    )


def _unchanged(
    sub: Subscription, fresh: Fresh, before: State, now: datetime, record: Record, rotated: tuple[int, ...]
) -> Update:
    current = sub.current
    stale = is_stale(current, now)
    if stale and current is not None and before.outcome != STALE:
        stale_event(sub, current, now, record)
    outcome = STALE if stale else UNCHANGED
    sub.write_state(State(checked_at=now, outcome=outcome, etag=fresh.etag, last_modified=fresh.last_modified))
    return Update(name=sub.name, outcome=outcome, received=current, rotated=rotated, stale=stale)


def _refused(
    sub: Subscription, error: FeedInvalid, before: State, now: datetime, record: Record, rotated: tuple[int, ...]
) -> Update:
    sub = Subscription(sub.lists, sub.name)
    outcome = UNREACHABLE if error.code in _AWAY else REFUSED
    message = str(error)
    current = sub.current
    stale = is_stale(current, now)
    if outcome == REFUSED and (before.code, before.message) != (error.code, message):
        event = {"code": error.code, "event": "refused", "name": sub.name, "reason": message, "kept": _label(current)}
        record("list", {"at": now, **event})
    if stale and current is not None and before.outcome != STALE and not before.code:
        stale_event(sub, current, now, record)
    state = replace(before, checked_at=now, outcome=outcome, code=error.code, message=message)
    sub.write_state(state)
    return Update(
        name=sub.name,
        outcome=outcome,
        received=current,
        rotated=rotated,
        stale=stale,
        code=error.code,
        message=message,
    )


def _tables(data: bytes) -> Iterator[dict[str, Any]]:
    return (table for _, _, table in entry_tables(data))


def _label(received: Received | None) -> int | None:
    return None if received is None else received.version


def _received_at(sub: Subscription, now: datetime) -> datetime:
    """`now`, but never before what was received earlier: clocks may step back a little."""
    return max([now, *(at for at, _ in sub.timeline)])


def _check_clock(sub: Subscription, now: datetime) -> None:
    last = sub.timeline[-1][0] if sub.timeline else None
    if last is not None and now < last - SKEW:
        raise FeedInvalid(
            "clock",
            f"the clock here says {stamp(now)}, before something was received on {stamp(last)}; set it right, since it "
            "dates what was known",
        )
