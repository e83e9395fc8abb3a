"""Lines of text files, in blocks: whatever stands in them, each has a number and a place, and none is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ...errors import ConfigError
from .packed import Damage, pieces
from .source import Source

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a longer one is rejected, and the reading goes on behind it."""
BLOCK = 16 * 1024 * 1024
UTF16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"


class Trouble(NamedTuple):
    """A line or stretch that cannot be read: the line's number (from 0), its offset in the unpacked text, and why."""

    number: int
    offset: int
    reason: str


@dataclass(slots=True)
class Block:
    """Whole lines: `data` holds them with their ends, `number` and `offset` are those of the first."""

    data: bytes
    number: int
    offset: int
    troubles: list[Trouble] = field(default_factory=list)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Number, offset and bytes of each line, without its end."""
        offset = self.offset
        for number, line in enumerate(self.data.split(b"\n"), self.number):
            if line or offset < self.offset + len(self.data):
                yield number, offset, line.rstrip(b"\r")
            offset += len(line) + 1

    def column(self) -> tuple[Any, Any]:
        """The lines as an Arrow column, ends included, and where each begins in the data; what is no UTF-8 is
        replaced."""
        ends = np.flatnonzero(np.frombuffer(self.data, np.uint8) == 10) + 1
        if not self.data.endswith(b"\n"):
            ends = np.append(ends, len(self.data))
        starts = np.concatenate([np.zeros(1, np.int64), ends.astype(np.int64)])
        raw = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(ends), [None, pa.py_buffer(starts.tobytes()), pa.py_buffer(self.data)]
        )
        try:
            return raw.cast(pa.large_string()), starts[:-1]
        except pa.ArrowInvalid:
            texts = [line.decode("utf-8", "replace") for line in raw.to_pylist()]
            return pa.array(texts, pa.large_string()), starts[:-1]


def blocks(source: Source, size: int = BLOCK, *, line: re.Pattern[bytes] | None = None) -> Iterator[Block]:
    """The lines of a file, unpacked, in blocks of about `size` bytes. Where data are damaged, the line that was cut
    is told, and reading goes on where they are whole
    again; `line` is for `packed.pieces`. Raises `ConfigError` for a file that cannot be opened."""
    try:
        with source.open("rb") as file:
            yield from _blocks(source, pieces(file, line), size)
    except (OSError, EOFError) as error:
        raise ConfigError(f"{source}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


class _Cutter:
    """Pieces of text in, blocks of whole lines out."""

    def __init__(self, source: Source, size: int) -> None:
        self._source, self._size = source, size
        self._number = self._offset = 0
        self._waiting = bytearray()
        self._left = bytearray()  # the line whose end has not come yet
        self._dropped = 0  # bytes of it that are not kept, because it is too long
        self._troubles: list[Trouble] = []
        self._begun = False

    def take(self, piece: bytes) -> Iterator[Block]:
        if not self._begun:
            self._begun = True
            if piece.startswith(UTF16):
                raise ConfigError(f"{self._source}: the text is UTF-16; write it as UTF-8")
            if piece.startswith(BOM):
                piece, self._offset = piece[len(BOM) :], len(BOM)
        end = piece.rfind(b"\n") + 1
        if end and self._dropped:
            first = piece.index(b"\n") + 1
            self._too_long(self._dropped + len(self._left) + first)
            piece, end = piece[first:], end - first
        if end:
            self._waiting += self._left
            self._waiting += piece[:end]
            self._left = bytearray(piece[end:])
        else:
            self._left += piece
        if len(self._left) > MAX_LINE:
            yield from self._flush()
            self._dropped += len(self._left)
            self._left.clear()
        if len(self._waiting) >= self._size:
            yield from self._flush()

    def broken(self, damage: Damage) -> Iterator[Block]:
        """The data are damaged here: the line at hand is lost."""
        yield from self._flush()
        self._troubles.append(Trouble(self._number, self._offset, damage.reason))
        if self._left or self._dropped:
            self._troubles.append(Trouble(self._number, self._offset, "the line is cut where the data are damaged"))
            self._number, self._offset = self._number + 1, self._offset + self._dropped + len(self._left)
            self._left.clear()
            self._dropped = 0

    def rest(self) -> Iterator[Block]:
        if self._dropped:
            self._too_long(self._dropped + len(self._left))
        else:
            self._waiting += self._left
        self._left.clear()
        if self._waiting or self._troubles:
            yield from self._flush()
            if self._troubles:
                yield Block(b"", self._number, self._offset, self._troubles)

    def _too_long(self, size: int) -> None:
        self._troubles.append(Trouble(self._number, self._offset, f"the line is longer than {MAX_LINE} bytes"))
        self._number, self._offset, self._dropped = self._number + 1, self._offset + size, 0
        self._left.clear()

    def _flush(self) -> Iterator[Block]:
        if not self._waiting:
            return
        data = bytes(self._waiting)
        self._waiting.clear()
        yield Block(data, self._number, self._offset, self._troubles)
        self._number, self._offset, self._troubles = self._number + data.count(b"\n"), self._offset + len(data), []


def _blocks(source: Source, unpacked: Iterator[bytes | Damage], size: int) -> Iterator[Block]:
    cutter = _Cutter(source, size)
    for piece in unpacked:
        yield from cutter.broken(piece) if isinstance(piece, Damage) else cutter.take(piece)
    yield from cutter.rest()
