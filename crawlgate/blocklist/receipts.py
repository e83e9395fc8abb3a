"""A receipt: the collector's signed word that a version of a feed reached it, for the issuer to keep.

    crawlgate feed receipt 1
    collector Example Lab
    origin rights.example/pirate-sites
    version 12
    manifest 5f0c…          sha256 of the manifest, signatures included, as it came
    sha256 9c1d…            of the entries
    received 2026-07-21T09:00:05Z
    effective 2026-07-21T09:01:00Z

It is a signed note (C2SP) under a key of the collector's. `effective` is when the collector's gate first had the
version loaded; the line is missing where it had not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..signed_note import SigningKey, VerifierKey
from .feed import FeedInvalid, NoteLines, sign, stamp, verified, write_lines

RECEIPT_FORMAT = "crawlgate feed receipt"
_ORDER = ("collector", "origin", "version", "manifest", "sha256", "received", "effective")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receipt says; times are UTC, whole seconds, `effective` None where the version was not loaded yet."""

    collector: str
    origin: str
    version: int
    manifest: str
    sha256: str
    received: datetime
    effective: datetime | None = None

    @property
    def text(self) -> str:
        """The text that is signed. Raises `FeedInvalid` (`malformed`)."""
        lines = [
            ("collector", self.collector),
            ("origin", self.origin),
            ("version", str(self.version)),
            ("manifest", self.manifest),
            ("sha256", self.sha256),
            ("received", stamp(self.received)),
        ]
        if self.effective is not None:
            lines.append(("effective", stamp(self.effective)))
        text = write_lines(RECEIPT_FORMAT, lines)
        parse_receipt(text)
        return text


def parse_receipt(text: str) -> Receipt:
    """Read the text of a receipt. Raises `FeedInvalid` (`malformed`, `unknown_version`)."""
    lines = NoteLines.of(text, RECEIPT_FORMAT)
    receipt = Receipt(
        collector=lines.text("collector"),
        origin=lines.origin(),
        version=lines.number("version"),
        manifest=lines.sha256("manifest"),
        sha256=lines.sha256("sha256"),
        received=lines.time("received"),
        effective=lines.time("effective") if lines.next_is("effective") else None,
    )
    lines.end(_ORDER)
    if receipt.effective is not None and receipt.effective < receipt.received:
        raise FeedInvalid("malformed", "receipt: effective is before received")
    return receipt


def write_receipt(receipt: Receipt, key: SigningKey) -> bytes:
    """The receipt as a signed note. Raises `FeedInvalid`."""
    return sign(receipt.text, [key])


def read_receipt(data: bytes, keys: Sequence[VerifierKey]) -> Receipt:
    """A receipt that one of the collector's `keys` signed. Raises `FeedInvalid`."""
    return parse_receipt(verified(data, keys, 1, "receipt"))
