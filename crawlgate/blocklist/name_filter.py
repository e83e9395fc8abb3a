"""Which names a list can hold something about, told by one bit: nearly every host that is asked is a stranger.

A Bloom filter with one hash (B. H. Bloom, 1970) over all names of a list and their parents of two labels and more. A
name whose bit is not set has nothing on the list, neither itself nor a name below it; so a walk from the shortest
parent towards the host may stop there (`CompiledList.covering`). A bit set by chance only costs a look at the trie.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

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
