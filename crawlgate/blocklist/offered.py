"""What a source offers to somebody who has nothing of it yet, verified by the keys that were given by hand."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from ..errors import ConfigError
from ..limits import Limits
from ..model import IssuerKind
from ..signed_note import NoteError, VerifierKey
from ..signed_note import parse as parse_note
from .entries import Entries, check_canonical, read_entries
from .entry import EntryDefaults
from .feed import FeedInvalid, KeySet, Manifest, check_fresh, check_issued, parse_manifest, read_manifest
from .source import Fresh, Progress, Source
from .terms import Terms, first_keys, given_keys, name_for, needed


def inspect(
    source: Source,
    address: str,
    *,
    keys: tuple[VerifierKey, ...],
    threshold: int = 1,
    now: datetime,
    limits: Limits,
    progress: Progress | None = None,
) -> tuple[Manifest, KeySet, Entries]:
    """What a feed offers, verified as a subscription would, and nothing kept. Raises `FeedInvalid`, also for a version
    that has expired, and `ConfigError`."""
    fresh = first_manifest(source, address)
    claimed = unproven(fresh.data)
    terms = Terms(
        name=name_for(claimed.origin),
        source=address,
        origin=claimed.origin,
        keys=keys,
        threshold=checked_threshold(threshold, keys),
        serial=claimed.keys,
        issuer=claimed.issuer or claimed.origin,
        issuer_kind=IssuerKind.UNSTATED,
        verified=False,
        vouched_by="",
        added_at=now,
    )
    _, trusted = first_key_set(source, terms)
    manifest = read_manifest(fresh.data, trusted.keys, needed(trusted, terms), origin=terms.origin)
    check_issued(manifest, now)
    check_fresh(manifest, now)
    with tempfile.TemporaryDirectory() as aside:
        data = downloaded(source, manifest, Path(aside), limits, progress)
    return manifest, trusted, read_entries(data, manifest, defaults=EntryDefaults(issuer=terms.issuer))


def first_manifest(source: Source, address: str) -> Fresh:
    fresh = source.manifest()
    if fresh is None:
        raise FeedInvalid("unreachable", f"{address} answers that nothing changed, to somebody who has nothing")
    return fresh


def unproven(data: bytes) -> Manifest:
    """What a manifest says of itself, to know whose keys to try."""
    try:
        return parse_manifest(parse_note(data).text)
    except NoteError as error:
        raise FeedInvalid("malformed", f"manifest: {error}") from None


def checked_threshold(threshold: int, keys: tuple[VerifierKey, ...]) -> int:
    if not 1 <= threshold <= len(keys):
        raise ConfigError(f"threshold {threshold} of {len(keys)} keys; name at least as many keys as must sign")
    return threshold


def first_key_set(source: Source, terms: Terms) -> tuple[bytes | None, KeySet]:
    """The key set that the keys given vouch for, as received and as read; those keys themselves where there is none."""
    first = source.keys(terms.serial)
    return first, given_keys(terms) if first is None else first_keys(first, terms)


def downloaded(source: Source, manifest: Manifest, aside: Path, limits: Limits, progress: Progress | None) -> bytes:
    if manifest.bytes > limits.feed_bytes:
        raise FeedInvalid("too_long", f"entries of {manifest.bytes:,} bytes; {limits.feed_bytes:,} are read")
    target = aside / "entries"
    source.entries(manifest.sha256, manifest.bytes, target, progress)
    data = target.read_bytes()
    check_canonical(data, manifest)
    return data
