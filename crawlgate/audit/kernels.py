"""Loops over numbers, compiled by numba: keys that repeat, timelines of hosts. They know no law."""

# The bodies are compiled: plain loops and single letters are what is fast and usual there.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

import numpy as np

from .compiled import loop
from .words import at_place


@loop
def refill(known, hashes, table, table_hashes):
    """Put numbers with their hashes into an empty index."""
    mask = len(table) - 1
    for n in range(len(known)):
        slot = np.int64(hashes[n] & np.uint64(mask))
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = known[n]
        table_hashes[slot] = hashes[n]


@loop
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


_STRETCH = 128


@loop
def in_force(host, times, timeline, state, found, plans, evidence):
    """For each row the interval of its host that holds its time (`found`), and that one's plan and evidence: the last
    whose break is not later (`timeline`, see `kernel_arrays.Timeline`). There is always one, as the first of each host
    begins at the smallest 64-bit number; so do the breaks behind the last host. Rows of `state` 2 get any. Returns for
    how many the plan is negative: not worked out; the second number says nothing.

    Rows of a host are often of one time: the interval of its row before is tried first.
    """
    firsts, breaks, said, latest = timeline
    beginning = breaks[0]
    places = np.zeros(_STRETCH, np.int64)
    waiting, touched = 0, np.int64(0)
    for begin in range(0, len(host), _STRETCH):
        end = min(begin + _STRETCH, len(host))
        # Memory is slow to answer and answers many at once: each step is made for a stretch of rows.
        for row in range(begin, end):
            places[row - begin] = latest[max(host[row], 0)]
        for n in range(end - begin):
            touched ^= at_place(breaks, places[n] + 1)
        for row in range(begin, end):
            place, at = places[row - begin], times[row]
            after = at_place(breaks, place + 1)
            if at_place(breaks, place) <= at and (at < after or after == beginning):
                continue
            low = firsts[max(host[row], 0)]
            high = firsts[max(host[row], 0) + 1]
            while high - low > 1:
                middle = (low + high) >> 1
                if breaks[middle] <= at:
                    low = middle
                else:
                    high = middle
            places[row - begin] = low
            latest[max(host[row], 0)] = low
        for row in range(begin, end):
            place = places[row - begin]
            found[row] = place
            if state[row] == 2:
                plans[row], evidence[row] = 0, -1
                continue
            plan = said[place, 0]
            plans[row] = plan
            evidence[row] = said[place, 1]
            waiting += plan < 0
    return waiting, touched


@loop
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


@loop
def count_days(contents, at, days, day_bounds, counts):
    """How many of the `days` of each content (-1: none) are not later than `at`."""
    for n in range(len(contents)):
        if contents[n] >= 0:
            day, last = day_bounds[contents[n], 0], day_bounds[contents[n], 1]
            while day < last and days[day] <= at[n]:
                day += 1
                counts[n] += 1
