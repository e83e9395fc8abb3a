"""A feed's folder as its publisher has it: which keys are in force, what is signed, and which signatures it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import signed_note
from ..signed_note import Note, NoteError, VerifierKey
from .entries import check_entries, entry_tables
from .feed import MANIFEST, FeedInvalid, KeySet, Manifest, parse_keys, parse_manifest, read_next_keys, verified
from .folder import MAX_KEY_SETS, FeedFolder, entries_name, keys_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A feed's folder as it stands. `keys` is the newest key set that is in force, `pending` a newer one that lacks
    signatures. `wanting` says what lacks signatures yet, in words; empty: it may be published."""

    keys: KeySet | None
    pending: KeySet | None
    manifest: Manifest | None
    entries: tuple[dict[str, Any], ...]
    wanting: tuple[str, ...]


def read_draft(folder: FeedFolder) -> Draft:
    """What stands in a publisher's folder. Raises `FeedInvalid` where it does not fit together."""
    wanting: list[str] = []
    first = folder.keys(1)
    keys = pending = None
    if first is not None:
        keys = parse_keys(note_text(first, "key set 1"))
        if (lacking := _lacking(first, keys.keys, keys.threshold)) > 0:
            wanting.append(f"key set 1 lacks {_signatures(lacking)}")
        while keys.serial < MAX_KEY_SETS and (data := folder.keys(keys.serial + 1)) is not None:
            try:
                keys = read_next_keys(data, keys)
            except FeedInvalid as error:
                if error.code != "unknown_keys":
                    raise
                pending = parse_keys(note_text(data, f"key set {keys.serial + 1}"))
                wanting.append(_pending(data, keys, pending))
                break
    data = folder.manifest()
    if data is None:
        return Draft(keys=keys, pending=pending, manifest=None, entries=(), wanting=(*wanting, "nothing is signed yet"))
    if keys is None:
        raise FeedInvalid("malformed", f"{folder.path} holds a {MANIFEST}, but no {keys_name(1)}")
    manifest = parse_manifest(note_text(data, "manifest"))
    if manifest.keys != keys.serial:
        wanting.append(f"version {manifest.version} is signed under key set {manifest.keys}; sign anew")
    elif (lacking := _lacking(data, keys.keys, keys.threshold)) > 0:
        wanting.append(f"version {manifest.version} lacks {_signatures(lacking)}")
    entries = folder.entries(manifest.sha256, manifest.bytes)
    if entries is None:
        raise FeedInvalid("mixed", f"{folder.path / entries_name(manifest.sha256)} is not there")
    check_entries(entries, manifest)
    tables = tuple(table for _, _, table in entry_tables(entries))
    return Draft(keys=keys, pending=pending, manifest=manifest, entries=tables, wanting=tuple(wanting))


def _lacking(data: bytes, keys: Sequence[VerifierKey], threshold: int) -> int:
    """How many signatures a note lacks; none may be wrong."""
    for have in range(threshold, 0, -1):
        try:
            verified(data, keys, have, "note")
        except FeedInvalid as error:
            if error.code != "unknown_keys":
                raise
        else:
            return threshold - have
    return threshold


def _pending(data: bytes, keys: KeySet, pending: KeySet) -> str:
    heirs, needed = keys.heirs
    old, new = _lacking(data, heirs, needed), _lacking(data, pending.keys, pending.threshold)
    kind = "recovery keys" if keys.recovery else "earlier keys"
    parts = [f"{_signatures(old)} of the {kind}"] if old else []
    parts += [f"{_signatures(new)} of its own keys"] if new else []
    return f"key set {pending.serial} lacks {' and '.join(parts)}"


def _signatures(count: int) -> str:
    return "a signature" if count == 1 else f"{count} signatures"


def note_text(data: bytes, what: str) -> str:
    return read_note(data, what).text


def read_note(data: bytes, what: str) -> Note:
    try:
        return signed_note.parse(data)
    except NoteError as error:
        raise FeedInvalid("malformed", f"{what}: {error}") from None
