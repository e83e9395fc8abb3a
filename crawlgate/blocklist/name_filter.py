"""Which names a list can hold something about, told by one bit: nearly every host that is asked is a stranger.

A Bloom filter with one hash (B. H. Bloom, 1970) over all names of a list and their parents of two labels and more. A
name whose bit is not set has nothing on the list, neither itself nor a name below it; so a walk from the shortest
parent towards the host may stop there (`CompiledList.covering`). A bit set by chance only costs a look at the trie.

A second filter (`build_hints`) tells of many hosts at once (`audit.candidates`) which of them are named, which share
a label with a name, and on which single places are named.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from .lookup import MIN_RELATED_LABEL, base

BITS_PER_NAME = 8
MIN_BITS = 1 << 10
MAX_BITS = 1 << 32  # as many as a CRC-32 tells apart
_MARKS = "/^=#"  # keys of `lookup` that are no names


def build(keys: Iterable[str], names: int) -> bytearray:
    """The bits for the keys of a list, of which about `names` are names; a power of two of them."""
    size = MIN_BITS
    while size < BITS_PER_NAME * names and size < MAX_BITS:
        size *= 2
    bits, mask = bytearray(size >> 3), size - 1
    for key in keys:
        if key[0] in _MARKS:
            continue
        end = len(key)
        while True:
            # From the two last labels up to the whole name.
            end = key.rfind(".", 0, end)
            start = key.rfind(".", 0, end) + 1 if end > 0 else 0
            at = crc32(key[start:].encode()) & mask
            bits[at >> 3] |= 1 << (at & 7)
            if not start:
                break
    return bits


BITS_PER_HINT = 16


def build_hints(keys: Iterable[str], count: int) -> bytearray:
    """Bits for the `count` keys of a list, two each: names and hosts of places by their key, and the labels of names
    without a number at their end (`lookup.base`) behind a `^`. A power of two of bits."""
    size = MIN_BITS
    while size < 2 * BITS_PER_HINT * count and size < MAX_BITS:
        size *= 2
    bits, mask = bytearray(size >> 3), size - 1
    for key in keys:
        mark = key[0]
        told = [key] if mark not in _MARKS or (mark in "/=" and "/" not in key[1:]) else []
        if mark not in "/=#":
            stem = base((key[1:] if mark == "^" else key).partition(".")[0])
            if len(stem) >= MIN_RELATED_LABEL:
                told.append("^" + stem)
        for text in told:
            crc = crc32(text.encode())
            for at in (crc & mask, second(crc) & mask):
                bits[at >> 3] |= 1 << (at & 7)
    return bits


def second(crc: int) -> int:
    """Another hash, made from the first."""
    return ((crc * 0x9E3779B1) & 0xFFFFFFFF) ^ (crc >> 15)
