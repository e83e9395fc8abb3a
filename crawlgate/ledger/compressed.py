"""Sealed segments in zstd: frames of about a mebibyte, each whole lines, and a table by which a reader finds the
frame of an offset (Zstandard Seekable Format 0.1.0). Any zstd tool unpacks them (`zstd -d`, `zstdcat`)."""

from __future__ import annotations

import io
import struct
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import accumulate
from types import ModuleType
from typing import IO, BinaryIO

LEVEL = 9
FRAME = 1 << 20
"""Bytes of a frame before compression, at least; the last line goes in whole."""

_SKIPPABLE, _SEEKABLE = 0x184D2A5E, 0x8F92EAB1
_HEAD, _ENTRY, _FOOT = struct.Struct("<II"), struct.Struct("<II"), struct.Struct("<IBI")
_CHECKSUMS, _RESERVED = 0x80, 0x7C
_PIECE = 1 << 18


class Damaged(Exception):
    """A compressed file that cannot be read, or not further. The message says what it does or has."""


def _zstd() -> ModuleType:
    # Loaded with the first compressed segment: most processes never meet one.
    return import_module("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")


def compress(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The compressed file for these lines, piece by piece."""
    zstd = _zstd()
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: LEVEL, parameter.checksum_flag: 1}
    entries: list[tuple[int, int]] = []
    waiting: list[bytes] = []
    size = 0

    def frame() -> bytes:
        packed: bytes = zstd.compress(b"".join(waiting), options=options)
        entries.append((len(packed), size))
        return packed

    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= FRAME:
            yield frame()
            waiting, size = [], 0
    if waiting:
        yield frame()
    body = b"".join(_ENTRY.pack(*entry) for entry in entries) + _FOOT.pack(len(entries), 0, _SEEKABLE)
    yield _HEAD.pack(_SKIPPABLE, len(body)) + body


class Frames:
    """The table of a compressed file: where each frame begins, before and after compression.

    `frames` are their number; raises `Damaged` for a file without a table, or with one that cannot be.
    """

    def __init__(self, file: BinaryIO) -> None:
        end = file.seek(0, io.SEEK_END)
        self.frames, entry = 0, _ENTRY.size
        if end < _HEAD.size + _FOOT.size:
            raise Damaged("is too short to hold a table of frames")
        file.seek(end - _FOOT.size)
        count, flags, magic = _FOOT.unpack(file.read(_FOOT.size))
        if magic != _SEEKABLE or flags & _RESERVED:
            raise Damaged("does not end in a table of frames")
        if flags & _CHECKSUMS:
            entry += 4
        length = count * entry + _FOOT.size
        start = end - length - _HEAD.size
        if start < 0:
            raise Damaged("has a table of frames that is longer than the file")
        file.seek(start)
        if _HEAD.unpack(file.read(_HEAD.size)) != (_SKIPPABLE, length):
            raise Damaged("has a table of frames whose length is wrong")
        packed, unpacked = [0], [0]
        for _ in range(count):
            one, two = _ENTRY.unpack(file.read(entry)[: _ENTRY.size])
            packed.append(one)
            unpacked.append(two)
        self._packed, self._unpacked = list(accumulate(packed)), list(accumulate(unpacked))
        if self._packed[-1] != start:
            raise Damaged("has a table of frames that does not fit the file")
        self.frames = count

    @property
    def size(self) -> int:
        """Bytes before compression, as the table says."""
        return self._unpacked[-1]

    def locate(self, offset: int) -> tuple[int, int]:
        """The place in the file of the frame that holds byte `offset`, and the offset of its first byte."""
        number = min(max(bisect_right(self._unpacked, offset) - 1, 0), max(self.frames - 1, 0))
        return self._packed[number], self._unpacked[number]

    def read(self, file: BinaryIO, offset: int) -> tuple[int, bytes]:
        """The frame that holds byte `offset`, decompressed, and the offset of its first byte. Raises `Damaged`."""
        zstd = _zstd()
        number = min(max(bisect_right(self._unpacked, offset) - 1, 0), max(self.frames - 1, 0))
        file.seek(self._packed[number])
        try:
            data: bytes = zstd.decompress(file.read(self._packed[number + 1] - self._packed[number]))
        except (zstd.ZstdError, EOFError, IndexError) as error:
            raise Damaged(f"is damaged: {error}") from None
        return self._unpacked[number], data


def blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The decompressed bytes from where `file` stands, at the beginning of a frame, at most `size` at a time. Raises
    `Damaged`, after the bytes before the damage."""
    zstd = _zstd()
    waiting = b""
    try:
        while waiting := waiting or file.read(_PIECE):
            frame = zstd.ZstdDecompressor()
            while not frame.eof:
                if frame.needs_input and not waiting and not (waiting := file.read(_PIECE)):
                    raise Damaged("ends within a frame")
                block: bytes = frame.decompress(waiting, size)
                waiting = b""
                if block:
                    yield block
            waiting = frame.unused_data
    except (zstd.ZstdError, EOFError) as error:
        raise Damaged(f"is damaged: {error}") from None


def lines(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """The lines from where `file` stands, at the beginning of a frame; none longer than `limit`. Raises `Damaged`."""
    zstd = _zstd()
    stream: IO[bytes] = zstd.ZstdFile(file, "rb")
    try:
        while line := stream.readline(limit):
            yield line
    except (zstd.ZstdError, EOFError) as error:
        raise Damaged(f"is damaged: {error}") from None
