"""Bytes of files in gzip or zstd, or as they are. A damaged member costs itself: reading goes on at the next one."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, BinaryIO, NamedTuple

_BLOCK = 1 << 20
_PIECE = 1 << 24
_TRIED = 1 << 16
"""Bytes from which a place has to unpack to count as the beginning of a member."""


_FRAME = b"\x28\xb5\x2f\xfd"
_DICTIONARY = b"\x5d\x2a\x4d\x18"  # the skippable frame that holds one
_LONGEST_DICTIONARY = 1 << 24


class Damage(NamedTuple):
    """A stretch that could not be unpacked: where it begins in the packed file, and why."""

    offset: int
    reason: str


class _Codec(NamedTuple):
    name: str
    magic: bytes
    make: Callable[[], Any]
    errors: tuple[type[Exception], ...]


def zstandard() -> Any:
    """The module of zstd: of the standard library, or the same one for older versions."""
    return import_module("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")


def codec_of(head: bytes) -> _Codec | None:
    """What packs a file that begins with `head`; None if nothing does. Where a zstd file begins with its dictionary,
    and `head` holds all of it, it is used."""
    if head.startswith(b"\x1f\x8b\x08"):
        return _Codec("gzip", b"\x1f\x8b\x08", lambda: zlib.decompressobj(31), (zlib.error,))
    if head.startswith(_FRAME) or head[1:4] == b"\x2a\x4d\x18":
        zstd = zstandard()
        known = _dictionary(head, zstd)
        make = zstd.ZstdDecompressor if known is None else lambda: zstd.ZstdDecompressor(zstd_dict=known)
        return _Codec("zstd", _FRAME, make, (zstd.ZstdError, EOFError))
    return None


def dictionary_size(head: bytes) -> int:
    """How many bytes the dictionary takes with which a zstd file begins (WARC in zstd, `warc-zstd` 0.1); 0 without."""
    size = 8 + int.from_bytes(head[4:8], "little")
    return size if head.startswith(_DICTIONARY) and size <= _LONGEST_DICTIONARY else 0


def _dictionary(head: bytes, zstd: Any) -> Any:
    size = dictionary_size(head)
    if not size or len(head) < size:
        return None
    content = head[8:size]
    try:
        if content.startswith(_FRAME):
            content = zstd.ZstdDecompressor().decompress(content, _LONGEST_DICTIONARY)
        known = zstd.ZstdDict(content)
        zstd.ZstdDecompressor(zstd_dict=known)  # a damaged one is found here
        return known
    except (zstd.ZstdError, EOFError, ValueError):
        return None


def beginning(head: bytes) -> bytes:
    """The unpacked beginning of a file, of its first bytes; as far as it can be unpacked."""
    codec = codec_of(head)
    if codec is None:
        return head
    out = bytearray()
    data = head
    while data and len(out) < 1 << 16:
        machine = codec.make()
        try:
            out += machine.decompress(data, _TRIED)
        except codec.errors:
            break
        data = machine.unused_data if machine.eof else b""
    return bytes(out)


def pieces(file: BinaryIO, line: re.Pattern[bytes] | None = None) -> Iterator[bytes | Damage]:
    """The bytes of a file unpacked, piece by piece, and the places where they cannot be. `line` says how a line
    begins: where a member ends without a line break and the next one begins so, one is put between them."""
    data = head_of(file, _BLOCK)
    codec = codec_of(data)
    if codec is None:
        while data:
            yield data
            data = file.read(_BLOCK)
        return
    last, ended = b"\n", False
    for piece in _members(file, data, codec):
        if isinstance(piece, int):
            ended = True
        elif isinstance(piece, Damage):
            yield piece
            last, ended = b"\n", False
        else:
            if ended and line is not None and last != b"\n" and line.match(piece):
                yield b"\n"
            yield piece
            last, ended = piece[-1:], False


def head_of(file: BinaryIO, size: int) -> bytes:
    """The first bytes of a file: as many as that, behind the dictionary with which it may begin."""
    data = file.read(size)
    more = dictionary_size(data)
    return data + file.read(more) if more else data


def members(file: BinaryIO) -> Iterator[bytes | Damage | int]:
    """The bytes of a packed file unpacked, piece by piece; where a member or frame ends, its place in the file."""
    data = head_of(file, _BLOCK)
    codec = codec_of(data)
    if codec is not None:
        yield from _members(file, data, codec)


def _members(file: BinaryIO, data: bytes, codec: _Codec) -> Iterator[bytes | Damage | int]:
    """Pieces and damage; a place where a member ends."""
    begins = 0  # of the member at hand
    read = len(data)
    machine = codec.make()
    while True:
        try:
            piece = machine.decompress(data, _PIECE)
        except codec.errors as error:
            yield Damage(begins, f"the {codec.name} data that begin at byte {begins} are damaged: {error}")
            file.seek(begins + 1)
            begins = _next_member(file, begins + 1, codec)
            if begins < 0:
                return
            file.seek(begins)
            data = file.read(_BLOCK)
            read = begins + len(data)
            machine = codec.make()
            continue
        if piece:
            yield piece
        if machine.eof:
            left = machine.unused_data
            begins = read - len(left)
            yield begins
            data = left or file.read(_BLOCK)
            read += 0 if left else len(data)
            if not data.strip(b"\x00") and not file.read(1):
                return  # padding, or the end
            if not data.strip(b"\x00"):
                file.seek(read)
            machine = codec.make()
            continue
        waiting = _waiting(machine)
        if waiting is not None:
            data = waiting
            continue
        data = file.read(_BLOCK)
        read += len(data)
        if not data:
            yield Damage(begins, f"the {codec.name} data that begin at byte {begins} end in the middle")
            return


def _waiting(machine: Any) -> bytes | None:
    """What to go on with before more is read: a little data may unpack to very much. None: more is needed."""
    if hasattr(machine, "unconsumed_tail"):
        return machine.unconsumed_tail or None
    return None if machine.needs_input else b""


def _next_member(file: BinaryIO, start: int, codec: _Codec) -> int:
    """Where the next member begins that can be unpacked, at `start` or behind; -1 if none does."""
    at, kept = start, b""
    while True:
        block = file.read(_BLOCK)
        if not block:
            return -1
        data = kept + block
        first = at - len(kept)
        place = data.find(codec.magic)
        while place >= 0:
            if _unpacks(file, first + place, codec):
                return first + place
            place = data.find(codec.magic, place + 1)
        at += len(block)
        file.seek(at)
        kept = data[-(len(codec.magic) - 1) :]


def _unpacks(file: BinaryIO, at: int, codec: _Codec) -> bool:
    file.seek(at)
    try:
        return bool(codec.make().decompress(file.read(_TRIED), 1))
    except codec.errors:
        return False
