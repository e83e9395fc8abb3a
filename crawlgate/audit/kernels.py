"""Loops over rows, compiled by numba: where a URL's host ends, which host it is, which rule speaks of its path.

Everything here works on arrays and knows no law. A text column is `data` (bytes of all rows, one after another)
and `offsets` (one more than rows). What a kernel cannot say of a row it leaves to the exact code in Python, and
says so; it never guesses.
"""

# The bodies are compiled: plain loops and single letters are what is fast and usual there.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

CLEAN = 0
"""The URL is in normal form as it stands, and so is its target."""
ENCODED = 1
"""The URL is in normal form, but its target holds characters that have several spellings."""
UNCLEAN = 2
"""Only the URL parser can say."""
ALONE = 3
"""The URL is in normal form, and of `/robots.txt`, to which no rule applies (RFC 9309 2.2.2)."""

_HOST, _FIRST, _PATH, _QUERY = 1, 2, 4, 8


def character_classes(several_spellings: bytes) -> Any:
    """For each byte, where in a URL in normal form it may stand (see `crawlgate.url`); 16 marks the bytes in
    `several_spellings`, which make a target `ENCODED`."""
    table = np.zeros(256, np.uint8)
    lower, upper, digits = b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"
    for byte in lower + digits + b"-_":
        table[byte] |= _HOST
    for byte in lower:
        table[byte] |= _FIRST
    for byte in lower + upper + digits + b"._~!$&'()*+,;=:@/%-":
        table[byte] |= _PATH
    for byte in lower + upper + digits + b"._~!$&()*+,;=:@/?%-":
        table[byte] |= _QUERY
    for byte in several_spellings:
        table[byte] |= 16
    return table


_ROBOTS_TXT = b"/robots.txt"


@njit(cache=True, nogil=True)
def _is_robots_txt(data, at):
    for n in range(11):
        if data[at + n] != _ROBOTS_TXT[n]:
            return False
    return True


@njit(cache=True, nogil=True)
def scan_urls(data, offsets, classes, starts, state, hashes):
    """Where the target of each URL begins (`starts`, from the row's first byte), what is to be done with it
    (`state`), and a hash of what stands before (`hashes`).

    Clean is what `crawlgate.url` takes as it is: lower-case scheme and host, no port, no userinfo, a last label
    that begins with a letter, no dot segments, no character that wants encoding.
    """
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        state[row] = 2
        starts[row] = 0
        at = begin + 7
        if end - begin < 10 or data[begin] != 104 or data[begin + 1] != 116 or data[begin + 2] != 116:
            continue
        if data[begin + 3] != 112:
            continue
        if data[begin + 4] == 115:
            at = begin + 8
        if data[at - 3] != 58 or data[at - 2] != 47 or data[at - 1] != 47:
            continue
        hashed = np.uint64(14695981039346656037)
        hashed = (hashed ^ np.uint64(at - begin)) * np.uint64(1099511628211)
        label = at
        good = True
        while at < end:
            byte = data[at]
            if byte == 46:
                if at == label:
                    good = False
                    break
                label = at + 1
            elif not classes[byte] & 1:
                break
            hashed = (hashed ^ np.uint64(byte)) * np.uint64(1099511628211)
            at += 1
        if not good or at == end or data[at] != 47 or at == label or not classes[data[label]] & 2:
            continue
        # The last label of a host has no underscore.
        for n in range(label, at):
            if data[n] == 95:
                good = False
        allowed = np.uint8(4)
        several = np.uint8(0)
        start = at
        while good and at < end:
            byte = data[at]
            if byte == 63 and allowed == 4:
                allowed = np.uint8(8)
            elif not classes[byte] & allowed:
                good = False
                break
            elif byte == 47 and allowed == 8:
                several = np.uint8(16)  # in a query `/` and `%2F` are one
            elif byte == 47 and at + 1 < end:
                after = data[at + 1]
                if after == 46:
                    good = False
                elif after == 37 and at + 3 < end and data[at + 2] == 50 and (data[at + 3] | 32) == 101:
                    good = False
            several |= classes[byte]
            at += 1
        if not good:
            continue
        state[row] = 1 if several & 16 else 0
        if end - start == 11 and _is_robots_txt(data, start):
            state[row] = 3
        starts[row] = start - begin
        hashes[row] = hashed


@njit(cache=True, nogil=True, inline="always")
def _hash_of(data, begin, end):
    at = begin + (8 if data[begin + 4] == 115 else 7)
    hashed = np.uint64(14695981039346656037)
    hashed = (hashed ^ np.uint64(at - begin)) * np.uint64(1099511628211)
    for n in range(at, end):
        hashed = (hashed ^ np.uint64(data[n])) * np.uint64(1099511628211)
    return hashed


@njit(cache=True, nogil=True)
def hash_spans(data, offsets, lengths, hashes):
    """The hash of `scan_urls` for the first `lengths` bytes of each row, which begin with a scheme and `://`."""
    for row in range(len(lengths)):
        hashes[row] = _hash_of(data, offsets[row], offsets[row] + lengths[row])


_STRETCH = 128
_UPPER, _LOWER = np.uint64(0xFFFFFFFF00000000), np.uint64(0x00000000FFFFFFFF)


@njit(cache=True, nogil=True)
def intern_spans(data, offsets, lengths, state, hashes, table, arena, arena_ends, count, codes):
    """A number for each distinct beginning of a row (`lengths` bytes of it); rows with `state` 2 are passed over.

    `table` is an open-addressed index (0: free; else the upper half of the hash above the number, counted from 1) over
    `arena`, where the spans stand one after another (`arena_ends`). Returns the new count and how many rows were done:
    it stops early where `table` or `arena` is too full, so that the caller makes room and calls again with the rest.
    """
    mask = len(table) - 1
    used = arena_ends[count]
    touched = np.int64(0)
    # Memory is slow to answer and answers many at once: a stretch of rows looks into the index before any goes on.
    entries = np.zeros(_STRETCH, np.uint64)
    for row in range(len(offsets) - 1):
        if row % _STRETCH == 0:
            for n in range(row, min(row + _STRETCH, len(offsets) - 1)):
                entries[n - row] = np.uint64(0)
                if state[n] != 2:
                    entries[n - row] = table[np.int64(hashes[n] & np.uint64(mask))]
            for n in range(row, min(row + _STRETCH, len(offsets) - 1)):
                if entries[n - row] != 0:
                    place = arena_ends[np.int64(entries[n - row] & _LOWER) - 1]
                    # What is read here is used below; the sum keeps the compiler from leaving it out.
                    touched += np.int64(arena[place])
        if state[row] == 2:
            continue
        begin, size = offsets[row], lengths[row]
        slot = np.int64(hashes[row] & np.uint64(mask))
        upper = hashes[row] & _UPPER
        entry = entries[row % _STRETCH]
        if entry == 0:
            entry = table[slot]  # an earlier row of the stretch may have come here
        while True:
            if entry == 0:
                if 2 * count >= len(table) or count + 2 > len(arena_ends) or used + size > len(arena):
                    return count, row
                for n in range(size):
                    arena[used + n] = data[begin + n]
                used += size
                codes[row] = count
                count += 1
                table[slot] = upper | np.uint64(count)
                arena_ends[count] = used
                break
            if entry & _UPPER == upper:
                known = np.int64(entry & _LOWER) - 1
                start = arena_ends[known]
                same = arena_ends[known + 1] - start == size
                n = 0
                while same and n < size:
                    same = arena[start + n] == data[begin + n]
                    n += 1
                if same:
                    codes[row] = known
                    break
            slot = (slot + 1) & mask
            entry = table[slot]
    if touched < 0:  # never: a byte is not negative
        return count, 0
    return count, len(offsets) - 1


@njit(cache=True, nogil=True)
def refill(known, hashes, table, table_hashes):
    """Put numbers with their hashes into an empty index."""
    mask = len(table) - 1
    for n in range(len(known)):
        slot = np.int64(hashes[n] & np.uint64(mask))
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = known[n]
        table_hashes[slot] = hashes[n]


@njit(cache=True, nogil=True)
def index_anew(arena, arena_ends, count, table):
    """Put the first `count` spans of `arena` into an empty index (see `intern_spans`)."""
    mask = len(table) - 1
    for number in range(count):
        begin, end = arena_ends[number], arena_ends[number + 1]
        hashed = _hash_of(arena, begin, end)
        slot = np.int64(hashed & np.uint64(mask))
        while table[slot] != 0:
            slot = (slot + 1) & mask
        table[slot] = (hashed & _UPPER) | np.uint64(number + 1)


@njit(cache=True, nogil=True)
def intern_keys(keys, table, values, count, codes):
    """A number for each distinct 64-bit key. `table` holds numbers (-1: free) of `values`, where keys stand in the
    order of their first appearance. Returns the new count and how many were done (see `intern_spans`)."""
    mask = len(table) - 1
    for row in range(len(keys)):
        key = keys[row]
        mixed = np.uint64(key) * np.uint64(11400714819323198485)
        slot = np.int64((mixed >> np.uint64(32)) & np.uint64(mask))
        while True:
            known = table[slot]
            if known < 0:
                if 2 * count >= len(table) or count >= len(values):
                    return count, row
                table[slot] = count
                values[count] = key
                codes[row] = count
                count += 1
                break
            if values[known] == key:
                codes[row] = known
                break
            slot = (slot + 1) & mask
    return count, len(keys)


@njit(cache=True, nogil=True)
def in_force(host, times, firsts, breaks, state, found):
    """For each row the position of the interval of its host's timeline that holds its time: the last of `breaks`
    (from `firsts[host]` to the next host's, ascending) that is not later. Each timeline begins at the smallest
    64-bit number, so there is always one."""
    for row in range(len(host)):
        if state[row] == 2:
            continue
        low = firsts[host[row]]
        high = firsts[host[row] + 1]
        at = times[row]
        while high - low > 1:
            middle = (low + high) >> 1
            if breaks[middle] <= at:
                low = middle
            else:
                high = middle
        found[row] = low


@njit(cache=True, nogil=True)
def fill_breaks(received, contents, skew, lasts, days, day_bounds, always, bounds, voices, beginning, counts, breaks):
    """The breaks of hosts of which one robots.txt is all that is on record (`contents` -1: nothing is): `received` less
    `skew`, the end of the time for which it speaks (`lasts` after it), the `days` of its content that are later, and
    what changes `always` for its voice (`bounds`). All are ascending; so are the `counts` many `breaks` of a host."""
    used = 0
    for host in range(len(received)):
        begin = used
        breaks[used] = beginning
        used += 1
        content = contents[host]
        day, last_day = 0, 0
        own = 2
        if content >= 0:
            own = 0
            day, last_day = day_bounds[content, 0], day_bounds[content, 1]
            while day < last_day and days[day] <= received[host]:
                day += 1
        constant, last_constant = bounds[voices[host]], bounds[voices[host] + 1]
        while True:
            least = np.int64(9223372036854775807)
            if own == 0:
                least = received[host] - skew
            elif own == 1:
                least = received[host] + lasts
            if day < last_day and days[day] < least:
                least = days[day]
            if constant < last_constant and always[constant] < least:
                least = always[constant]
            if own == 2 and day == last_day and constant == last_constant:
                break
            if (own == 0 and least == received[host] - skew) or (own == 1 and least == received[host] + lasts):
                own += 1
            if day < last_day and days[day] == least:
                day += 1
            if constant < last_constant and always[constant] == least:
                constant += 1
            if least > breaks[used - 1]:
                breaks[used] = least
                used += 1
        counts[host] = used - begin
    return used


@njit(cache=True, nogil=True)
def count_days(contents, at, days, day_bounds, counts):
    """How many of the `days` of each content (-1: none) are not later than `at`."""
    for n in range(len(contents)):
        if contents[n] >= 0:
            day, last = day_bounds[contents[n], 0], day_bounds[contents[n], 1]
            while day < last and days[day] <= at[n]:
                day += 1
                counts[n] += 1


@njit(cache=True, nogil=True, inline="always")
def _stands_at(data, at, end, text, start, size):
    """True if `text[start:start+size]` stands in `data` at `at`, before `end`."""
    if end - at < size:
        return False
    for n in range(size):
        if data[at + n] != text[start + n]:
            return False
    return True


@njit(cache=True, nogil=True)
def _matches(data, begin, end, text, bounds, first, last, to_end):
    """True if the pieces `first` to `last` (exclusive) of a pattern stand in `data[begin:end]` in this order. An
    empty first piece is a leading `*`; `to_end` says that the last one has to stand at the end."""
    at = begin
    size = bounds[first + 1] - bounds[first]
    if not _stands_at(data, at, end, text, bounds[first], size):
        return False
    at += size
    if first + 1 == last:
        return not to_end or at == end
    stop = last - 1 if to_end else last
    for piece in range(first + 1, stop):
        start, size = bounds[piece], bounds[piece + 1] - bounds[piece]
        latest = end - size
        head = text[start]
        while at <= latest and not (data[at] == head and _stands_at(data, at, end, text, start, size)):
            at += 1
        if at > latest:
            return False
        at += size
    if to_end:
        start, size = bounds[last - 1], bounds[last] - bounds[last - 1]
        return end - size >= at and _stands_at(data, end - size, end, text, start, size)
    return True


@njit(cache=True, nogil=True)
def deciding_rule(data, begin, end, rule_set, sets, text, plain, plain_bounds, wild, needs, piece_bounds):
    """The number of the rule that decides about the target `data[begin:end]`, -1 if none matches: the longest,
    and of equally long ones an Allow (RFC 9309 2.2.2).

    `sets` has a row for each rule set: first and end of its plain prefixes, first and end of its patterns.
    `plain`: parent, length, allow, number, line, in the order of the text; `wild`: length, allow, number, first
    piece, end, to_end, line, the most telling first; `needs` are the characters a pattern cannot do without, as
    bits. Of rules that say the same, the first line is named.
    """
    best, best_length, best_allows, best_line = -1, -1, 0, 0
    low, high = sets[rule_set, 0], sets[rule_set, 1]
    bottom = low
    while high > low:  # the last prefix that is not greater than the target
        middle = (low + high) >> 1
        start, stop = plain_bounds[middle], plain_bounds[middle + 1]
        n, smaller = 0, True
        while True:
            if start + n == stop:
                break
            if begin + n == end or data[begin + n] < text[start + n]:
                smaller = False
                break
            if data[begin + n] > text[start + n]:
                break
            n += 1
        if smaller:
            low = middle + 1
        else:
            high = middle
    candidate = low - 1
    if candidate >= bottom:
        while candidate >= 0:
            start = plain_bounds[candidate]
            if _stands_at(data, begin, end, text, start, plain_bounds[candidate + 1] - start):
                best_length, best_allows = plain[candidate, 1], plain[candidate, 2]
                best, best_line = plain[candidate, 3], plain[candidate, 4]
                break
            candidate = plain[candidate, 0]
    first, last = sets[rule_set, 2], sets[rule_set, 3]
    if first < last:
        have = np.uint64(0)
        for at in range(begin, end):
            have |= np.uint64(1) << np.uint64(data[at] & 63)
        for n in range(first, last):
            if wild[n, 0] < best_length or (wild[n, 0] == best_length and wild[n, 1] < best_allows):
                break
            if wild[n, 0] == best_length and wild[n, 1] == best_allows and wild[n, 6] > best_line:
                continue
            if needs[n] & ~have:
                continue
            if _matches(data, begin, end, text, piece_bounds, wild[n, 3], wild[n, 4], wild[n, 5]):
                return wild[n, 2]
    return best


_HEX = b"0123456789ABCDEF"


@njit(cache=True, nogil=True, inline="always")
def _hex(byte):
    """The value of a hexadecimal digit, -1 for anything else."""
    if 48 <= byte <= 57:
        return byte - 48
    if 65 <= (byte & 223) <= 70:
        return (byte & 223) - 55
    return -1


@njit(cache=True, nogil=True, inline="always")
def _respell(data, at, end, one_spelling, out, used):
    """Write a target in the one spelling of `signals.pathmatch.canonical` to `out`, from `used` on; where it ends.
    `one_spelling` is true for bytes that are written plain."""
    query = False
    while at < end:
        byte = data[at]
        at += 1
        if one_spelling[byte]:
            query = query or byte == 63
            out[used] = byte
            used += 1
            continue
        if byte == 37:
            high = _hex(data[at]) if at + 1 < end else -1
            low = _hex(data[at + 1]) if at + 1 < end else -1
            if high < 0 or low < 0:
                out[used] = byte
                used += 1
                if at + 1 == end and _hex(data[at]) >= 0:  # an escape that the end cuts
                    out[used] = _HEX[_hex(data[at])]
                    used += 1
                    at += 1
                continue
            byte = high * 16 + low
            at += 2
            if one_spelling[byte] and (query or byte != 47):
                out[used] = byte
                used += 1
                continue
        out[used] = 37
        out[used + 1] = _HEX[byte >> 4]
        out[used + 2] = _HEX[byte & 15]
        used += 3
    return used


@njit(cache=True, nogil=True)
def respell(data, begins, ends, one_spelling, out, bounds):
    """Targets in their one spelling, one after another in `out` (three times as long as the targets) with `bounds`."""
    used = 0
    for row in range(len(begins)):
        bounds[row] = used
        used = _respell(data, begins[row], ends[row], one_spelling, out, used)
    bounds[len(begins)] = used


@njit(cache=True, nogil=True)
def weigh_rows(
    data,
    offsets,
    starts,
    state,
    plans,
    contexts,
    aloof,
    doubtful,
    own,
    agents,
    agent_sets,
    kinds,
    one_spelling,
    sets,
    text,
    plain,
    plain_bounds,
    wild,
    needs,
    piece_bounds,
    by_rule,
    agent_bits,
    context_bits,
    scratch,
    keys,
    lines,
    one_by_one,
):
    """What each row comes to: a key that says all on which its class depends, and the line that keeps us out.

    By plan: `aloof` (its rows are judged one by one), `doubtful` (so are those whose target has several spellings),
    `own` rule set, `agents` (first and end among `agent_sets`), and `kinds`. `by_rule` is line and allow of each rule.
    The result says nothing; it is there so that the looks ahead into memory are not left out.
    """
    middles = np.zeros(_STRETCH, np.int64)
    touched = np.int64(0)
    for row in range(len(offsets) - 1):
        if row % _STRETCH == 0:  # as in `intern_spans`
            for n in range(row, min(row + _STRETCH, len(offsets) - 1)):
                middles[n - row] = 0
                rule_set = own[plans[n]]
                if rule_set >= 0:
                    middles[n - row] = (sets[rule_set, 0] + sets[rule_set, 1]) >> 1
            for n in range(min(_STRETCH, len(offsets) - 1 - row)):
                middles[n] = plain_bounds[middles[n]]
            for n in range(min(_STRETCH, len(offsets) - 1 - row)):
                touched += np.int64(text[middles[n]])
        lines[row] = 0
        if state[row] == 2:
            continue
        plan = plans[row]
        if one_by_one[row] or state[row] == 3 or aloof[plan] or (doubtful[plan] and state[row] == 1):
            one_by_one[row] = True
            continue
        first, last = agents[plan, 0], agents[plan, 1]
        key = (kinds[plan] << context_bits) | contexts[row]
        refused = np.int64(0)
        if own[plan] >= 0 or first < last:
            begin, end = offsets[row] + starts[row], offsets[row + 1]
            target = data
            if state[row] == 1:
                end = _respell(data, begin, end, one_spelling, scratch, 0)
                begin, target = 0, scratch
            if own[plan] >= 0:
                rule = deciding_rule(
                    target, begin, end, own[plan], sets, text, plain, plain_bounds, wild, needs, piece_bounds
                )
                if rule >= 0 and not by_rule[rule, 1]:
                    refused = np.int64(1)
                    lines[row] = by_rule[rule, 0]
            for place in range(first, last):
                rule = deciding_rule(
                    target, begin, end, agent_sets[place], sets, text, plain, plain_bounds, wild, needs, piece_bounds
                )
                if rule >= 0 and not by_rule[rule, 1]:
                    refused |= np.int64(1) << (place - first + 1)
        keys[row] = (key << agent_bits) | refused
    return touched
