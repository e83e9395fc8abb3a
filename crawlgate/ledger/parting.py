"""Where the lines of a block part from the fingerprints that were kept of them, and how: edited, deleted, reordered."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from ..signed_note import NoteError
from .canonical import RecordError, decode
from .current import FINGERPRINT
from .record import ROOTED
from .segments import Segment


class Suspect(NamedTuple):
    """A line that looks wrong, before it is known whether it is the one written."""

    place: int
    code: str
    message: str
    within: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """The lines since the last record that keeps a root: the number of the first, the hash and the place of each, and
    which of them keep roots themselves."""

    segment: Segment
    first: int
    hashes: Sequence[bytes]
    offsets: Sequence[int]
    rooted: set[int]

    def compare(self, wanted: Sequence[bytes]) -> Suspect | None:
        """Where the lines of this block part from the fingerprints kept of them, and how."""
        actual = [digest[:FINGERPRINT] for digest in self.hashes]
        if actual == wanted:
            return None
        here = next((n for n, pair in enumerate(zip(actual, wanted, strict=False)) if pair[0] != pair[1]), None)
        index = min(len(actual), len(wanted)) if here is None else here
        number = self.first + index
        more = len(actual) - len(wanted)
        rest = len(actual) - len(wanted) + 1
        if len(wanted) > 1 and rest > 1 and actual[rest:] == wanted[1:]:
            return Suspect(rest, "deleted", f"record {self.first + rest}, which keeps a root, is missing here")
        if index == 0 and 0 in self.rooted and self.first > 0:
            return self._elsewhere(actual, wanted)
        spanned = self._spanned(actual, wanted) if index == 0 else None
        if spanned is not None:
            return spanned
        if more < 0:
            gone = -more
            return Suspect(index, "deleted", f"{_count(gone)} missing here, the first was record {number}")
        if more > 0:
            twice = index > 0 and self.hashes[index] in self.hashes[:index]
            if twice:
                before = self.first + self.hashes.index(self.hashes[index])
                return Suspect(index, "duplicated", f"record {before} stands here a second time")
            return Suspect(index, "inserted", f"{_count(more)} too many: this line was added")
        if sorted(actual) == sorted(wanted):
            place = self.first + actual.index(wanted[index], index)
            return Suspect(index, "reordered", f"the record that belongs here stands as record {place}")
        return Suspect(index, "edited", "this is not the line that was written")

    def _elsewhere(self, actual: Sequence[bytes], wanted: Sequence[bytes]) -> Suspect:
        """The block begins after a record whose root was good, and the record that ends it does not know that one."""
        start = actual[0]
        index = 1
        if len(actual) == len(wanted) and actual[1:] != wanted[1:]:
            index = next(n for n in range(1, len(actual)) if actual[n] != wanted[n])
        after = self.offsets[0]
        for raw in islice(self.segment.lines(after), 1, None):
            try:
                table = decode(raw[:-1])
                if table.get("kind") in ROOTED and fingerprints(table.get("leaves"))[:1] == [start]:
                    return Suspect(index, "reordered", "the records that belong here stand further down")
            except (RecordError, NoteError):
                continue
        return self._spanned(actual, wanted) or Suspect(
            index, "deleted", "the records that belong here are missing, or the one before was changed"
        )

    def _spanned(self, actual: Sequence[bytes], wanted: Sequence[bytes]) -> Suspect | None:
        """Lines missing together with the record that kept their root: the end of the block fits the fingerprints,
        the beginning, whose own are gone, fits none of them."""
        same = 0
        while same < min(len(actual), len(wanted)) and actual[-1 - same] == wanted[-1 - same]:
            same += 1
        front, gone = len(actual) - same, len(wanted) - same
        alike = sum(one == other for one, other in zip(actual[:front], wanted, strict=False))
        few = front == gone < 4  # as likely edited
        if not front or not gone or few or (not same and gone < 2) or 2 * alike >= front:
            return None
        return Suspect(front, "deleted", "records are missing here, one that keeps a root among them")


def fingerprints(leaves: object) -> list[bytes]:
    """Those that a record keeps (`leaves`). Raises `NoteError` for what is none."""
    try:
        data = base64.b64decode(leaves.encode(), validate=True) if isinstance(leaves, str) else b"?"
    except (binascii.Error, ValueError):
        data = b"?"
    if len(data) % FINGERPRINT:
        raise NoteError("malformed", "its fingerprints cannot be read")
    return [data[n : n + FINGERPRINT] for n in range(0, len(data), FINGERPRINT)]


def _count(number: int) -> str:
    return "one record is" if number == 1 else f"{number} records are"
