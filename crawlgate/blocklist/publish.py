"""The publisher's end: new versions of a feed in a folder, signatures of several people, new keys, a web root.

The folder is its own state: the newest manifest says which version comes next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .. import signed_note
from ..errors import ConfigError, FeedError
from ..signed_note import SigningKey, VerifierKey
from .changes import Change, changes
from .draft import Draft, note_text, read_draft, read_note
from .entries import write_entries
from .entry import EntryError, notice_from_table
from .feed import (
    MANIFEST,
    MAX_NOTE,
    MAX_VERSION,
    FeedInvalid,
    KeySet,
    Manifest,
    parse_manifest,
    read_manifest,
    sign,
    stamp,
)
from .folder import FeedFolder, entries_name, keys_name, manifest_name
from .receipts import Receipt

Tables = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A version that was signed: its manifest, what differs from the version before, what it still lacks."""

    manifest: Manifest
    changes: tuple[Change, ...]
    wanting: tuple[str, ...]


def begin(
    folder: FeedFolder,
    origin: str,
    signers: Sequence[SigningKey],
    *,
    now: datetime,
    others: Sequence[VerifierKey] = (),
    threshold: int = 1,
    recovery: Sequence[VerifierKey] = (),
    recovery_threshold: int = 1,
) -> KeySet:
    """The first key set of a new feed, written to its folder. Raises `FeedInvalid` for what no key set can say."""
    keys = KeySet(
        origin=origin,
        serial=1,
        issued=_seconds(now),
        threshold=threshold,
        keys=(*(key.verifier for key in signers), *others),
        recovery_threshold=recovery_threshold if recovery else 0,
        recovery=tuple(recovery),
    )
    _put(folder, keys_name(1), sign(keys.text, signers))
    return keys


def sign_version(
    folder: FeedFolder,
    entries: Tables | None,
    signers: Sequence[SigningKey],
    *,
    now: datetime,
    valid: timedelta,
    issuer: str = "",
    contact: str = "",
    withdraw_missing: bool = False,
    drop_missing: bool = False,
) -> Signed:
    """Sign the next version: `entries`, or the same ones again (None), which puts off the expiry.

    An entry that was there and is missing now has to be withdrawn: `withdraw_missing` writes that, from `now` on;
    `drop_missing` leaves it out without a word, and readers are told. `listed_at` is `now` where a new entry has
    none. Raises `FeedError` and, for keys that may not sign, `ConfigError`.
    """
    draft = read_draft(folder)
    if draft.keys is None:
        raise ConfigError(f"{folder.path} is no feed yet; name its origin")
    if not signers:
        raise ConfigError("no key is named; a version needs at least one signature")
    _may_sign(signers, draft.keys)
    if entries is None and draft.manifest is None:
        raise ConfigError(f"{folder.path} holds no version yet; name the file of its entries")
    now = _seconds(now)
    before = {str(table["id"]): table for table in draft.entries}
    tables = [
        _dated(table, before.get(str(table["id"])), now) for table in (draft.entries if entries is None else entries)
    ]
    if entries is not None and draft.manifest is not None:
        tables += _missing(draft, tables, now, withdraw=withdraw_missing, drop=drop_missing)
    data = write_entries(tables)
    last = draft.manifest.version if draft.manifest else 0
    if last >= MAX_VERSION:
        raise FeedError("there is no higher version; name a new key set that says which version to go on from")
    manifest = Manifest(
        origin=draft.keys.origin,
        version=_next_version(draft),
        keys=draft.keys.serial,
        entries=len(tables),
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        issued=now,
        expires=now + valid,
        issuer=issuer or (draft.manifest.issuer if draft.manifest else ""),
        contact=contact or (draft.manifest.contact if draft.manifest else ""),
    )
    if draft.manifest and manifest.issued < draft.manifest.issued:
        raise ConfigError(
            f"the clock here says {stamp(now)}, before version {last} was issued ({stamp(draft.manifest.issued)}); "
            "set it right first"
        )
    note = sign(manifest.text, signers)
    _put(folder, entries_name(manifest.sha256), data)
    _put(folder, manifest_name(manifest.version), note)
    _put(folder, MANIFEST, note)
    return Signed(
        manifest=manifest,
        changes=tuple(changes(draft.entries, sorted(tables, key=_id))),
        wanting=read_draft(folder).wanting,
    )


def cosign(folder: FeedFolder, signers: Sequence[SigningKey]) -> tuple[str, ...]:
    """Add signatures to what lacks some: a pending key set and the newest manifest. What was signed, in words.
    Raises `ConfigError` where a key has nothing to sign."""
    draft = read_draft(folder)
    done: list[str] = []
    newest = draft.pending or draft.keys
    if newest is not None:
        before = draft.keys if draft.pending is not None else None
        entitled = (*newest.keys, *(before.heirs[0] if before else ()))
        done += _cosign(folder, keys_name(newest.serial), signers, entitled, f"key set {newest.serial}")
    if draft.manifest is not None and draft.keys is not None and draft.manifest.keys == draft.keys.serial:
        what = f"version {draft.manifest.version}"
        done += _cosign(folder, MANIFEST, signers, draft.keys.keys, what, also=manifest_name(draft.manifest.version))
    if not done:
        names = ", ".join(key.name for key in signers)
        raise ConfigError(f"there is nothing in {folder.path} that {names} may sign and has not signed")
    return tuple(done)


def rotate(
    folder: FeedFolder,
    signers: Sequence[SigningKey],
    *,
    now: datetime,
    add: Sequence[VerifierKey] = (),
    drop: Sequence[str] = (),
    threshold: int | None = None,
    recovery: Sequence[VerifierKey] | None = None,
    recovery_threshold: int | None = None,
    resume: int | None = None,
) -> tuple[KeySet, tuple[str, ...]]:
    """The next key set: `add` comes in, keys whose name or text is in `drop` go out. Returns it and what it lacks.

    `resume` declares the versions above it, signed with the keys so far, void. Raises `ConfigError`, `FeedInvalid`.
    """
    draft = read_draft(folder)
    if draft.keys is None:
        raise ConfigError(f"{folder.path} is no feed yet; sign a first version")
    if draft.pending is not None:
        raise ConfigError(f"key set {draft.pending.serial} still lacks signatures; have it cosigned, or take it away")
    old = draft.keys
    kept = [key for key in old.keys if key.name not in drop and str(key) not in drop]
    for name in drop:
        if not any(name in (key.name, str(key)) for key in old.keys):
            raise ConfigError(f"key {name!r} is not in key set {old.serial}: {', '.join(k.name for k in old.keys)}")
    safe = old.recovery if recovery is None else tuple(recovery)
    keys = replace(
        old,
        serial=old.serial + 1,
        issued=_seconds(now),
        threshold=old.threshold if threshold is None else threshold,
        keys=(*kept, *add),
        recovery=safe,
        recovery_threshold=(recovery_threshold or old.recovery_threshold or 1) if safe else 0,
        resume=resume,
    )
    entitled = {key.public for key in (*keys.keys, *old.heirs[0])}
    for signer in signers:
        if signer.verifier.public not in entitled:
            raise ConfigError(f"key {signer.name} is neither among the new keys nor one of those that may name them")
    _put(folder, keys_name(keys.serial), sign(keys.text, signers))
    return keys, read_draft(folder).wanting


def check_folder(folder: FeedFolder) -> tuple[Manifest, KeySet]:
    """What a folder offers its readers, checked as they will. Raises `FeedError` with what is missing."""
    draft = read_draft(folder)
    if draft.wanting:
        raise FeedError(f"{folder.path} cannot be published yet: {'; '.join(draft.wanting)}")
    stray = next(folder.stray_keys(), None)
    if stray is not None:
        raise FeedError(f"{stray} holds a signing key; move it out of the feed's folder, which everybody can read")
    if draft.manifest is None or draft.keys is None:
        raise FeedError(f"{folder.path} holds no version")
    data = folder.manifest() or b""
    read_manifest(data, draft.keys.keys, draft.keys.threshold, origin=draft.keys.origin)
    return draft.manifest, draft.keys


def publish(folder: FeedFolder, target: FeedFolder) -> tuple[Manifest, tuple[str, ...]]:
    """Copy a feed to the folder that a web server serves, the newest manifest last, so that a reader in between
    finds one version or the other whole. Names of the files written. Raises `FeedError`."""
    manifest, keys = check_folder(folder)
    there = target.manifest()
    if there is not None:
        online = parse_manifest(note_text(there, f"{target.path}: manifest"))
        if online.origin != manifest.origin:
            raise FeedError(
                f"{target.path} holds the feed {online.origin}, not {manifest.origin}; choose another folder"
            )
        if online.version > manifest.version and keys.resume is None:
            raise FeedError(
                f"{target.path} holds version {online.version}, and {folder.path} only {manifest.version}; sign anew "
                "on top of the newest version"
            )
        if online.version == manifest.version and online != manifest:
            raise FeedError(f"{target.path} holds another version {online.version}; sign anew, under a higher number")
    names = [keys_name(serial) for serial in range(1, keys.serial + 1)]
    names += [entries_name(manifest.sha256), manifest_name(manifest.version), MANIFEST]
    written = []
    for name in names:
        data = (folder.path / name).read_bytes()
        if _there(target.path / name) != data:
            _put(target, name, data)
            written.append(name)
    return manifest, tuple(written)


def check_receipt(folder: FeedFolder, receipt: Receipt) -> Manifest:
    """The manifest of which a receipt speaks, as it was published from this folder. Raises `FeedInvalid` (`mixed`) for
    a receipt of something else: its hashes are over the bytes, so that neither side can mean other ones."""
    data = folder.read(manifest_name(receipt.version), MAX_NOTE)
    if data is None:
        raise FeedInvalid("mixed", f"{folder.path} holds no version {receipt.version}")
    manifest = parse_manifest(note_text(data, f"manifest of version {receipt.version}"))
    if manifest.origin != receipt.origin:
        raise FeedInvalid("origin", f"the receipt is for {receipt.origin}, and {folder.path} holds {manifest.origin}")
    if manifest.sha256 != receipt.sha256 or hashlib.sha256(data).hexdigest() != receipt.manifest:
        raise FeedInvalid("mixed", f"the receipt is for another version {receipt.version} than that in {folder.path}")
    return manifest


def _there(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except OSError:
        return None  # written anew, or told where that fails


def _id(table: Mapping[str, Any]) -> str:
    return str(table["id"])


def _missing(draft: Draft, tables: Tables, now: datetime, *, withdraw: bool, drop: bool) -> list[dict[str, Any]]:
    """Entries of the version before that are missing now, withdrawn; none where they stood no more, or are dropped."""
    here = {str(table["id"]) for table in tables}
    gone = [table for table in draft.entries if table["id"] not in here and _stands(table, now)]
    if not gone or drop:
        return []
    if withdraw:
        return [{**table, "withdrawn_at": stamp(now)} for table in gone]
    names = ", ".join(str(table["id"]) for table in gone[:5]) + (", …" if len(gone) > 5 else "")
    raise FeedError(
        f"{len(gone)} entries of version {draft.manifest.version if draft.manifest else 0} are missing ({names}). "
        "Give them a date in withdrawn_at, or let --withdraw-missing do it; --drop-missing leaves them out without a "
        "word, and every reader is told"
    )


def _stands(table: Mapping[str, Any], now: datetime) -> bool:
    try:
        notice = notice_from_table(table)
    except EntryError:
        return False
    ends = (notice.withdrawn_at, notice.expires_at)
    return all(end is None or end > now for end in ends)


def _dated(table: Mapping[str, Any], before: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    if table.get("listed_at"):
        return dict(table)
    same = before is not None and all(before.get(n) == table.get(n) for n in ("scope", "value", "path_prefix"))
    return {**table, "listed_at": before["listed_at"] if before and same and "listed_at" in before else stamp(now)}


def _next_version(draft: Draft) -> int:
    last = draft.manifest.version if draft.manifest else 0
    if draft.keys and draft.keys.resume is not None and draft.manifest and draft.manifest.keys < draft.keys.serial:
        return draft.keys.resume + 1
    return last + 1


def _may_sign(signers: Sequence[SigningKey], keys: KeySet) -> None:
    for signer in signers:
        if not any(signer.verifier.public == key.public and signer.name == key.name for key in keys.keys):
            raise ConfigError(
                f"key {signer.name} is not in key set {keys.serial} ({', '.join(key.name for key in keys.keys)}); "
                "sign with one of these, or rotate the keys first"
            )


def _cosign(
    folder: FeedFolder,
    name: str,
    signers: Sequence[SigningKey],
    entitled: Sequence[VerifierKey],
    what: str,
    also: str = "",
) -> list[str]:
    data = folder.read(name, signed_note.MAX_NOTE)
    if data is None:
        return []
    note = read_note(data, what)
    done = []
    for signer in signers:
        known = any(signer.verifier.public == key.public for key in entitled)
        signed = any((s.name, s.key_id) == (signer.name, signer.verifier.id) for s in note.signatures)
        if known and not signed:
            note = signed_note.cosign(note, signer)
            done.append(f"{what}, by {signer.name}")
    if done:
        for place in filter(None, (also, name)):
            _put(folder, place, signed_note.format_note(note))
    return done


def _put(folder: FeedFolder, name: str, data: bytes) -> None:
    try:
        folder.write(name, data)
    except OSError as error:
        raise ConfigError(f"{folder.path / name} cannot be written: {error.strerror or error}") from None


def _seconds(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def in_folder(path: str | Path, folder: Path) -> bool:
    """True if a file lies below a folder, and so would be served with it."""
    return Path(path).resolve().is_relative_to(folder.resolve())
