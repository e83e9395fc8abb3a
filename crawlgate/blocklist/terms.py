"""What was agreed when a feed was subscribed to, and the keys that follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..model import IssuerKind
from ..signed_note import VerifierKey
from .feed import FeedInvalid, KeySet, parse_keys, verified
from .journal import text_of, time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was agreed when a feed was subscribed to. `verified` says that a person (`vouched_by`) checked who holds
    the keys and what is claimed, `issuer_kind` who that is. `keys` were given by hand; at least `threshold` of them,
    and as many as the feed's own key set asks for, sign every version. `serial` is the key set they belong to.
    `force` is the reason why entries are taken that cover the world's most used sites."""

    name: str
    source: str
    origin: str
    keys: tuple[VerifierKey, ...]
    threshold: int
    serial: int
    issuer: str
    issuer_kind: IssuerKind
    verified: bool
    vouched_by: str
    added_at: datetime
    force: str = ""
    removed_at: datetime | None = None

    def table(self) -> dict[str, Any]:
        """For a file or a record."""
        return {
            "added_at": text_of(self.added_at),
            "force": self.force,
            "issuer": self.issuer,
            "issuer_kind": str(self.issuer_kind),
            "keys": [str(key) for key in self.keys],
            "name": self.name,
            "origin": self.origin,
            "removed_at": None if self.removed_at is None else text_of(self.removed_at),
            "serial": self.serial,
            "source": self.source,
            "threshold": self.threshold,
            "verified": self.verified,
            "vouched_by": self.vouched_by,
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Terms:
        """Raises `KeyError`, `TypeError`, `ValueError` or `NoteError` for what `table` did not write."""
        removed = table["removed_at"]
        return cls(
            name=table["name"],
            source=table["source"],
            origin=table["origin"],
            keys=tuple(VerifierKey.parse(text) for text in table["keys"]),
            threshold=int(table["threshold"]),
            serial=int(table["serial"]),
            issuer=table["issuer"],
            issuer_kind=IssuerKind(table["issuer_kind"]),
            verified=table["verified"] is True,
            vouched_by=table["vouched_by"],
            added_at=time_of(table["added_at"]),
            force=table.get("force", ""),
            removed_at=None if removed is None else time_of(removed),
        )


def given_keys(terms: Terms) -> KeySet:
    """The keys given by hand as a key set, for a feed that publishes none."""
    return KeySet(
        origin=terms.origin, serial=terms.serial, issued=terms.added_at, threshold=terms.threshold, keys=terms.keys
    )


def first_keys(data: bytes, terms: Terms) -> KeySet:
    """The key set that the keys given by hand vouch for. Raises `FeedInvalid`."""
    what = f"key set {terms.serial}"
    keys = parse_keys(verified(data, terms.keys, terms.threshold, what))
    if keys.origin != terms.origin or keys.serial != terms.serial:
        raise FeedInvalid("origin", f"{what} is number {keys.serial} of the feed {keys.origin}")
    verified(data, keys.keys, keys.threshold, f"{what}, its own keys")
    needed(keys, terms)
    return keys


def needed(keys: KeySet, terms: Terms) -> int:
    """How many of a key set must sign. Raises `FeedInvalid` where it has fewer keys than were asked for here."""
    if len(keys.keys) < terms.threshold:
        raise FeedInvalid(
            "unknown_keys",
            f"key set {keys.serial} of {terms.origin} has {len(keys.keys)} keys, and {terms.threshold} signatures are "
            "asked for here; speak with the issuer, and add the feed again with another --threshold",
        )
    return max(keys.threshold, terms.threshold)


def name_for(origin: str) -> str:
    """A name for the subscription to a feed: `rights.example-pirate-sites`."""
    return re.sub(r"[^a-z0-9._-]+", "-", origin.lower()).strip("-._")[:100] or "feed"
