"""Loops over a column of URLs: where each one's host ends, which host it is, what its target needs. Compiled by numba.

A text column is `data` (octets of all rows, one after another) and `offsets` (one more than rows). What a kernel cannot
say of a row it leaves to the exact code in Python, and says so; it never guesses.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

from typing import Any

import numpy as np

from .compiled import loop
from .words import alike, at_place, hashed, word

CLEAN = 0
"""The URL is in normal form as it stands, and so is its target."""
ENCODED = 1
"""The URL is in normal form, but its target holds characters that have several spellings."""
UNCLEAN = 2
"""Only the URL parser can say."""
ALONE = 3
"""The URL is in normal form, and of `/robots.txt`, to which no rule applies (RFC 9309 2.2.2)."""

# What an octet is in a host, and in a target.
_HOST, _DOT, _UNDERSCORE, _LETTER = 1, 2, 4, 8
_NO_PATH, _NO_QUERY, _SEVERAL, _SLASH, _AFTER_SLASH, _QUESTION = 1, 2, 16, 32, 64, 128


def character_classes(several_spellings: bytes) -> Any:
    """For each octet, what it is in a host and in a target (two rows; see `crawlgate.url`). `several_spellings` are
    those that make a target `ENCODED`."""
    table = np.zeros((2, 256), np.uint8)
    lower, upper, digits = b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"
    for octet in lower + digits + b"-_.":
        table[0, octet] |= _HOST
    table[0, ord(".")] |= _DOT
    table[0, ord("_")] |= _UNDERSCORE
    for octet in lower:
        table[0, octet] |= _LETTER
    in_path = lower + upper + digits + b"._~!$&'()*+,;=:@/%-"
    in_query = lower + upper + digits + b"._~!$&()*+,;=:@/?%-"
    for octet in range(256):
        table[1, octet] |= (_NO_PATH if octet not in in_path else 0) | (_NO_QUERY if octet not in in_query else 0)
    for octet in several_spellings:
        table[1, octet] |= _SEVERAL
    table[1, ord("/")] |= _SLASH
    table[1, ord(".")] |= _AFTER_SLASH
    table[1, ord("%")] |= _AFTER_SLASH
    table[1, ord("?")] |= _QUESTION
    return table


_HTTPS = np.uint64(int.from_bytes(b"https://", "little"))
_HTTP = np.uint64(int.from_bytes(b"http://\0", "little"))
_SEVEN = np.uint64((1 << 56) - 1)
_ROBOTS, _ROBOTS_END = (np.uint64(int.from_bytes(text, "little")) for text in (b"/robots.", b"bots.txt"))


@loop(inline="always")
def _host_end(data, begin, end, hosts):
    """Where the target of a URL in normal form begins; 0 if the URL is in none as far as that.

    Lower-case scheme and host, no port, no userinfo, no empty label, a last label that begins with a letter and has no
    underscore.
    """
    if end - begin < 10:
        return 0
    scheme = word(data, begin)
    at = begin + 8
    if scheme != _HTTPS:
        at = begin + 7
        if scheme & _SEVEN != _HTTP:
            return 0
    label = at
    before, wrong, seen = np.uint8(_DOT), np.uint8(0), np.uint8(0)
    while at < end:
        here = at_place(hosts, at_place(data, at))
        if not here & _HOST:
            break
        wrong |= before & here & _DOT
        seen |= here
        at += 1
        if here & _DOT:
            label = at
        before = here
    if wrong or at == end or data[at] != 47 or at == label or not at_place(hosts, data[label]) & _LETTER:
        return 0
    if seen & _UNDERSCORE:
        for n in range(label, at):
            if data[n] == 95:
                return 0
    return at


@loop(inline="always")
def _target_state(data, start, end, targets):
    """What is to be done with the target of a URL: no dot segments, no character that wants encoding is `CLEAN`."""
    several, pairs, before = np.uint8(0), np.uint8(0), np.uint8(0)
    at = start
    while at < end:
        here = at_place(targets, at_place(data, at))
        if here & _QUESTION:
            break
        several |= here
        pairs |= (before << 1) & here & _AFTER_SLASH
        before = here
        at += 1
    if several & _NO_PATH:
        return UNCLEAN
    if pairs:
        for n in range(start, at - 1):
            if data[n] != 47:
                continue
            if data[n + 1] == 46:
                return UNCLEAN
            if data[n + 1] == 37 and n + 3 < end and data[n + 2] == 50 and (data[n + 3] | 32) == 101:
                return UNCLEAN
    if at < end:
        rest = np.uint8(0)
        for n in range(at, end):
            rest |= at_place(targets, at_place(data, n))
        if rest & _NO_QUERY:
            return UNCLEAN
        if (several | rest) & _SEVERAL or rest & _SLASH:  # in a query `/` and `%2F` are one
            return ENCODED
        return CLEAN
    if end - start == 11 and word(data, start) == _ROBOTS and word(data, start + 3) == _ROBOTS_END:
        return ALONE
    return ENCODED if several & _SEVERAL else CLEAN


STRETCH = 128
_UPPER, _LOWER = np.uint64(0xFFFFFFFF00000000), np.uint64(0x00000000FFFFFFFF)
_HEAD = 8  # octets before each span: its number and its length
FIRST_PLACE = 8
"""Where the first span is put: place 0 means that there is none."""
MARGIN = 16
"""So many octets at most are in the arena for each span beside its own."""


def span(arena: Any, place: int) -> bytes:
    """The span that was put there."""
    size = int.from_bytes(arena[place + 4 : place + _HEAD].tobytes(), "little")
    found: bytes = arena[place + _HEAD : place + _HEAD + size].tobytes()
    return found


@loop(inline="always")
def _find(data, begin, size, mixed, table, arena):
    """The number of a span that is known, -1 for another."""
    mask = len(table) - 1
    slot = np.int64(mixed & np.uint64(mask))
    upper = mixed & _UPPER
    found = np.int64(-1)
    while True:
        entry = at_place(table, slot)
        if entry == 0:
            break
        if entry & _UPPER == upper:
            place = np.int64(entry & _LOWER) * 8
            head = word(arena, place)
            if np.int64(head >> np.uint64(32)) == size and alike(data, begin, arena, place + _HEAD, size):
                found = np.int64(head & _LOWER)
                break
        slot = (slot + 1) & mask
    return found


@loop
def _add(data, begin, size, mixed, table, arena, places, count):
    """Give a new span the number `count`. False if there is no room. Kept out of the loops: it is seldom needed."""
    place = places[count]
    end = (place + _HEAD + size + 7) // 8 * 8
    if 2 * count >= len(table) or count + 2 > len(places) or end > len(arena):
        return False
    for n in range(4):
        arena[place + n], arena[place + 4 + n] = (count >> 8 * n) & 255, (size >> 8 * n) & 255
    for n in range(size):
        arena[place + _HEAD + n] = data[begin + n]
    places[count + 1] = end
    _enter(table, mixed, place)
    return True


@loop
def _enter(table, mixed, place):
    mask = len(table) - 1
    slot = np.int64(mixed & np.uint64(mask))
    while table[slot] != 0:
        slot = (slot + 1) & mask
    table[slot] = (mixed & _UPPER) | np.uint64(place // 8)


@loop
def read_urls(data, offsets, classes, longest, first, table, arena, places, count, starts, state, codes):
    """Read the URLs from row `first` on: where the target of each begins (`starts`, from the row's first octet), what
    is to be done with it (`state`; what has more than `longest` octets is `UNCLEAN`), and the number of its origin
    (`codes`, -1 where the row is `UNCLEAN`).

    For the rest see `intern_spans`; returned are the new count and the row at which it stopped.
    """
    rows = len(offsets) - 1
    for begin in range(first, rows, STRETCH):
        end = min(begin + STRETCH, rows)
        scan(data, offsets, classes, longest, begin, end, starts, state)
        if look(data, offsets, begin, end, starts, table, arena, codes):
            for row in range(begin, end):
                if codes[row] < 0 and state[row] != UNCLEAN:
                    here, size = offsets[row], starts[row]
                    mixed = hashed(data, here, here + size)
                    codes[row] = _find(data, here, size, mixed, table, arena)
                    if codes[row] < 0:
                        if not _add(data, here, size, mixed, table, arena, places, count):
                            return count, row
                        codes[row] = count
                        count += 1
    return count, rows


@loop
def scan(data, offsets, classes, longest, first, last, starts, state):
    """Where the target of each of some URLs begins, and what is to be done with it (see `read_urls`)."""
    hosts, targets = classes[0], classes[1]
    for row in range(first, last):
        begin, end = offsets[row], offsets[row + 1]
        start = _host_end(data, begin, end, hosts)
        said = UNCLEAN
        if start != 0 and end - begin <= longest:
            said = _target_state(data, start, end, targets)
        state[row] = said
        starts[row] = 0 if said == UNCLEAN else start - begin


@loop
def look(data, offsets, first, last, starts, table, arena, codes):
    """Look up the beginnings of some rows, `STRETCH` at most; how many are not known."""
    # Memory is slow to answer and answers many at once: all look into the index before any goes on.
    hashes, entries = np.empty(STRETCH, np.uint64), np.empty(STRETCH, np.uint64)
    mask = np.uint64(len(table) - 1)
    touched = np.uint64(0)
    for row in range(first, last):
        mixed = hashed(data, offsets[row], offsets[row] + starts[row])
        hashes[row - first] = mixed
        entries[row - first] = at_place(table, np.int64(mixed & mask))
    for n in range(last - first):
        touched |= word(arena, np.int64(entries[n] & _LOWER) * 8)
    strange = 0
    for row in range(first, last):
        number = -1
        if starts[row]:
            number = _find(data, offsets[row], np.int64(starts[row]), hashes[row - first], table, arena)
            strange += number < 0
        codes[row] = number
    if touched == _LOWER << np.uint64(32):  # seldom, and of no harm: so that the looks ahead are not left out
        strange += 1
    return strange


@loop
def intern_spans(data, offsets, first, table, arena, places, count, codes):
    """A number for each distinct row, from row `first` on.

    `table` is an open-addressed index (0: free; else the upper half of the hash above the place in `arena`, in eights)
    over `arena`, where spans stand one after another, each behind its number and length; `places` says where, and where
    the next one goes (the first at 8). Returns the new count and the row at which it stopped: where there is no room,
    the caller makes some and calls again.
    """
    for row in range(first, len(offsets) - 1):
        begin, size = offsets[row], offsets[row + 1] - offsets[row]
        mixed = hashed(data, begin, begin + size)
        codes[row] = _find(data, begin, size, mixed, table, arena)
        if codes[row] < 0:
            if not _add(data, begin, size, mixed, table, arena, places, count):
                return count, row
            codes[row] = count
            count += 1
    return count, len(offsets) - 1


@loop
def index_anew(arena, places, count, table):
    """Put the first `count` spans of `arena` into an empty index (see `intern_spans`)."""
    for number in range(count):
        begin = places[number] + _HEAD
        size = np.int64(word(arena, places[number]) >> np.uint64(32))
        _enter(table, hashed(arena, begin, begin + size), places[number])


@loop
def gather(arena, places, first, end):
    """The spans numbered `first` to `end`, one after another, and where each begins."""
    offsets = np.zeros(end - first + 1, np.int64)
    for number in range(first, end):
        size = np.int64(word(arena, places[number]) >> np.uint64(32))
        offsets[number - first + 1] = offsets[number - first] + size
    data = np.empty(max(offsets[-1], 1), np.uint8)
    for number in range(first, end):
        place, at = places[number] + _HEAD, offsets[number - first]
        for n in range(offsets[number - first + 1] - at):
            data[at + n] = arena[place + n]
    return data, offsets


@loop
def hash_texts(data, begins, lengths, hashes):
    """A 64-bit hash of each text."""
    for row in range(len(lengths)):
        hashes[row] = hashed(data, begins[row], begins[row] + lengths[row])
