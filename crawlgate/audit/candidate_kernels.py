"""Which of many hosts a long list may speak of, told by its filters in one compiled pass (`blocklist.name_filter`)."""

# The bodies are compiled: plain loops and single letters are what is fast and usual there.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

from typing import Any

import numpy as np

from .compiled import loop

STRANGER, RELATED, NAMED = 0, 1, 2
"""Nothing; perhaps a name that shares a label with a listed one; perhaps one that is listed or has listed places."""


def crc_table() -> Any:
    """CRC-32 as in zlib, a byte at a time."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0xEDB88320), table >> 1).astype(np.uint32)
    return table


@loop(inline="always")
def _crc(crc, data, begin, end, table):
    for n in range(begin, end):
        crc = table[np.int64((crc ^ np.uint32(data[n])) & np.uint32(255))] ^ (crc >> np.uint32(8))
    return crc


@loop(inline="always")
def _is_set(bits, at):
    at = np.int64(at) & (len(bits) * 8 - 1)
    return (bits[at >> 3] >> np.uint8(at & 7)) & 1 != 0


@loop(inline="always")
def _hinted(hints, crc):
    crc = np.uint32(crc ^ np.uint32(0xFFFFFFFF))
    other = np.uint32((np.uint64(crc) * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)) ^ (crc >> np.uint32(15))
    return _is_set(hints, crc) and _is_set(hints, other)


@loop
def tell_strangers(data, offsets, names, hints, has_places, shortest, table, found):
    """For each origin in normal form, what its host may be to a list: `found` gets the greatest of the numbers above.
    `shortest` is the least length of a label that relates names."""
    start = np.uint32(0xFFFFFFFF)
    slash, equals, caret = np.zeros(1, np.uint8), np.zeros(1, np.uint8), np.zeros(1, np.uint8)
    slash[0], equals[0], caret[0] = 47, 61, 94
    of_slash, of_equals = _crc(start, slash, 0, 1, table), _crc(start, equals, 0, 1, table)
    of_caret = _crc(start, caret, 0, 1, table)
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        found[row] = 2
        while begin < end and data[begin] != 58:
            begin += 1
        begin += 3
        if begin >= end or data[begin] == 91:
            continue  # no name
        stop = begin
        while stop < end and data[stop] != 58:
            stop += 1
        if stop == begin or 48 <= data[stop - 1] <= 57:
            continue  # an address
        # From the two last labels up to the whole name, as far as the list has anything below.
        label = stop
        dots = 0
        found[row] = 0
        while True:
            label -= 1
            while label > begin and data[label - 1] != 46:
                label -= 1
            dots += 1
            if dots == 1 and label > begin:
                continue
            crc = _crc(start, data, label, stop, table)
            if not _is_set(names, np.uint32(crc ^ np.uint32(0xFFFFFFFF))):
                break
            if _hinted(hints, crc):
                found[row] = 2
                break
            if label <= begin:
                break
        if found[row] == 0 and has_places:
            bare = begin
            if stop - begin > 4 and data[begin] == 119 and data[begin + 1] == 119 and data[begin + 2] == 119:
                if data[begin + 3] == 46:
                    bare = begin + 4
            if _hinted(hints, _crc(of_slash, data, bare, stop, table)):
                found[row] = 2
            elif _hinted(hints, _crc(of_equals, data, begin, stop, table)):
                found[row] = 2
        at = begin
        while found[row] == 0 and at < stop:
            last = at
            while last < stop and data[last] != 46:
                last += 1
            if last == stop:
                break  # the last label is no name
            if last - at >= shortest:
                if data[at] == 120 and data[at + 1] == 110 and data[at + 2] == 45 and data[at + 3] == 45:
                    found[row] = 1
                    break
                stem = last
                while stem > at and 48 <= data[stem - 1] <= 57:
                    stem -= 1
                while stem > at and data[stem - 1] == 45:
                    stem -= 1
                if stem - at >= shortest and _hinted(hints, _crc(of_caret, data, at, stem, table)):
                    found[row] = 1
            at = last + 1
