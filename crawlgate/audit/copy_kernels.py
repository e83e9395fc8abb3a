"""The loop that finds rows whose URLs may be those of kept copies. Plain Python, compiled at first use."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import numpy as np

from .compiled import loop
from .words import at_place, ordered_word, word

_BYTES = 7
_SLASH, _COLON, _CASE = ord("/"), ord(":"), 0x20


def packed_ending(name: str) -> int:
    """The end of a host's name as a number, as `may_be_copies` compares it."""
    found = 0
    for byte in name.encode()[-_BYTES:]:
        found = found << 8 | byte | _CASE
    return found


_HTTPS = np.uint64(int.from_bytes(b"https://", "little"))
_HTTP, _SEVEN = np.uint64(int.from_bytes(b"http://", "little")), np.uint64((1 << 56) - 1)
_LOW = np.uint64(0x7F7F7F7F7F7F7F7F)
_SLASHES, _LOWER_H, _CASES = (np.uint64(octet * 0x0101010101010101) for octet in (_SLASH, ord("h"), _CASE))
_FACTOR, _BITS = np.uint64(0x9E3779B97F4A7C15), np.uint64(54)


@loop(inline="always")
def _host_begin(data, begin, end):
    """Behind the first "://"; beyond the end if there is none."""
    if end - begin >= 8:
        first = word(data, begin)
        if first == _HTTPS:
            return begin + 8
        if first & _SEVEN == _HTTP:
            return begin + 7
    place = begin
    while place + 2 < end and not (data[place] == _COLON and data[place + 1] == _SLASH and data[place + 2] == _SLASH):
        place += 1
    return place + 3


@loop(inline="always")
def _names_http(data, place, end):
    """True if "/http" stands there, in letters of either case."""
    # Eight octets at once: a slash whose next octet is an h is looked at; a word in which none is is passed over.
    while place + 9 <= end:
        slashes = word(data, place) ^ _SLASHES
        letters = (word(data, place + 1) | _CASES) ^ _LOWER_H
        both = slashes | letters
        if ~(((both & _LOW) + _LOW) | both | _LOW) and _found(data, place, min(place + 12, end)):
            return True
        place += 8
    return _found(data, place, end)


@loop
def _found(data, place, end):
    while place + 4 < end:
        if (
            data[place] == _SLASH
            and data[place + 1] | _CASE == 0x68
            and data[place + 2] | _CASE == 0x74
            and data[place + 3] | _CASE == 0x74
            and data[place + 4] | _CASE == 0x70
        ):
            return True
        place += 1
    return False


@loop
def may_be_copies(data, offsets, endings, found):
    """Marks the rows whose URL holds "/http" behind its own beginning, or whose host ends as one of `endings`: all
    copies, and some rows more."""
    some = np.zeros(1 << 10, np.bool_)
    for ending in endings:
        some[(np.uint64(ending) * _FACTOR) >> _BITS] = True
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        start = _host_begin(data, begin, end)
        place = start
        while place < end and at_place(data, place) != _SLASH and at_place(data, place) != _COLON:
            place += 1
        last = np.uint64(0)
        if place - begin >= 8:
            used = (np.uint64(1) << np.uint64(8 * min(place - start, _BYTES))) - np.uint64(1)
            last = (ordered_word(data, place - 8) | _CASES) & used
        else:
            for n in range(max(start, place - _BYTES), place):
                last = last << np.uint64(8) | np.uint64(data[n] | _CASE)
        if some[(last * _FACTOR) >> _BITS]:
            for ending in endings:
                if last == np.uint64(ending):
                    found[row] = True
                    break
        if not found[row]:
            found[row] = _names_http(data, place, end)
