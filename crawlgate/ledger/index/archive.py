"""Evidence files searched for what the ledger does not name: a record whose writer died before it could say so.

What the ledger names is passed over unread, so that a scan costs next to nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ...evidence.warc import EVIDENCE, EVIDENCE_KIND, REQUESTED

_HEAD = 64 * 1024
_CHUNK = 1 << 16
_KINDS = frozenset({"response", "revisit", "metadata"})


@dataclass(frozen=True, slots=True)
class Stray:
    """A WARC record of ours that no record of the ledger names. `at` in seconds since 1970; `sha256` is the body's."""

    offset: int
    length: int
    id: str
    source: str
    url: str
    at: int
    sha256: bytes | None


class Scan:
    """Goes through one file from byte `start`; `known` maps the offsets that the ledger names to lengths.

    `done` is where it came to, `problem` why it went no further (None: the end of the file).
    """

    def __init__(self, path: Path, start: int, known: Mapping[int, int]) -> None:
        self._path, self._known = path, known
        self.done = start
        self.problem: str | None = None

    def strays(self) -> Iterator[Stray]:
        """What is found. Raises `OSError`."""
        with self._path.open("rb") as file:
            while True:
                skip = self._known.get(self.done)
                if skip is not None and skip > 0:
                    self.done += skip
                    continue
                try:
                    member = _member(file, self.done)
                except zlib.error as error:
                    self.problem = f"no gzip member at byte {self.done}: {error}"
                    return
                if member is None:
                    return
                head, length = member
                if length < 0:
                    self.problem = f"the member at byte {self.done} is cut"
                    return
                found = _stray(head, self.done, length)
                self.done += length
                if found is not None:
                    yield found


def _member(file: BinaryIO, offset: int) -> tuple[bytes, int] | None:
    """Beginning and length (-1: cut) of the member at `offset`; None at the end of the file."""
    file.seek(offset)
    inflate = zlib.decompressobj(31)
    head, read = b"", 0
    while chunk := file.read(_CHUNK):
        read += len(chunk)
        while chunk and not inflate.eof:
            out = inflate.decompress(chunk, _CHUNK)
            if len(head) < _HEAD:
                head += out
            chunk = inflate.unconsumed_tail
        if inflate.eof:
            return head, read - len(inflate.unused_data)
    return (head, -1) if read else None


def _stray(head: bytes, offset: int, length: int) -> Stray | None:
    lines = head.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    kind, name = fields.get("warc-type"), fields.get(EVIDENCE.lower())
    if kind not in _KINDS or not name:
        return None
    try:
        at = int(datetime.fromisoformat(fields.get("warc-date", "")).timestamp())
        digest = fields.get("warc-payload-digest", "")
        sha = bytes.fromhex(digest.removeprefix("sha256:")) if digest.startswith("sha256:") else None
    except ValueError:
        return None
    url = fields.get(REQUESTED.lower()) or fields.get("warc-target-uri", "")
    return Stray(offset, length, name[:80], fields.get(EVIDENCE_KIND.lower(), "")[:40], url, at, sha)
