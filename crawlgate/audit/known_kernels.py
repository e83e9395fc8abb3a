"""One loop for rows of which all is known: what pipelines ask again and again of the same hosts, in small batches.

It says what the loops of `kernels` say one after another, and leaves to them whatever is new.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

import numpy as np
from numba import njit

from .kernels import _hash_of, _respell, deciding_rule, intern_spans, scan_urls

NO_STATUS, NO_ANSWER, ROBOTS_PRECLUDED = -1, 0, -9998
"""What stands for a status where there is none: see `crawlgate.audit.rows`."""
STATUS_PLACES = 1002


@njit(cache=True, nogil=True, inline="always")
def status_place(status):
    """The place of a status in a table of `STATUS_PLACES`: of one that says nothing 0, then 100 to 999 as they are."""
    if 100 <= status <= 999:
        return status
    if status == NO_ANSWER:
        return 1000
    if status == ROBOTS_PRECLUDED:
        return 1001
    return 0


_STRETCH = 128


@njit(cache=True, nogil=True)
def _weigh(
    data,
    begin,
    end,
    encoded,
    own,
    first,
    last,
    agent_sets,
    one_spelling,
    sets,
    text,
    plain,
    plain_bounds,
    wild,
    needs,
    piece_bounds,
    by_rule,
    scratch,
):
    """What rules say of a target: who is kept out, as bits (the lowest is we), and the line that keeps us out."""
    refused, line = np.int64(0), np.int32(0)
    if own < 0 and first >= last:
        return refused, line
    target = data
    if encoded:
        end = _respell(data, begin, end, one_spelling, scratch, 0)
        begin, target = 0, scratch
    if own >= 0:
        rule = deciding_rule(target, begin, end, own, sets, text, plain, plain_bounds, wild, needs, piece_bounds)
        if rule >= 0 and not by_rule[rule, 1]:
            refused, line = np.int64(1), by_rule[rule, 0]
    for place in range(first, last):
        rule = deciding_rule(
            target, begin, end, agent_sets[place], sets, text, plain, plain_bounds, wild, needs, piece_bounds
        )
        if rule >= 0 and not by_rule[rule, 1]:
            refused |= np.int64(1) << (place - first + 1)
    return refused, line


_BEGIN, _END, _KIND, _OWN, _FIRST_AGENT, _LAST_AGENT, _FLAGS = range(7)
RECORD = 8
"""Numbers in what `known_rows` notes of a host: one line of a cache."""
_FOREVER = np.iinfo(np.int64).max


@njit(cache=True, nogil=True)
def _note(record, at, first, end, breaks, plan_of, aloof, doubtful, own, agents, kinds):
    """Note what is in force at an instant in the timeline of a host; false where that was never asked."""
    low, high = first, end
    while high - low > 1:
        middle = (low + high) >> 1
        if breaks[middle] <= at:
            low = middle
        else:
            high = middle
    plan = plan_of[low]
    if plan < 0:
        return False
    record[_BEGIN], record[_END] = breaks[low], breaks[low + 1] if low + 1 < end else _FOREVER
    record[_KIND], record[_OWN] = kinds[plan], own[plan]
    record[_FIRST_AGENT], record[_LAST_AGENT] = agents[plan, 0], agents[plan, 1]
    record[_FLAGS] = np.int64(aloof[plan]) + 2 * np.int64(doubtful[plan])
    return True


@njit(cache=True, nogil=True)
def known_rows(
    data,
    offsets,
    parsed,
    times,
    statuses,
    sent,
    agent_places,
    context_of,
    longest,
    classes,
    span_table,
    arena,
    arena_ends,
    records,
    firsts,
    breaks,
    plan_of,
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
    key_table,
    key_values,
    class_of_key,
    found_classes,
    lines,
):
    """All the loops at once, for rows of which everything is known: host, interval, context, key and class. Nothing is
    learnt here but `records`, by host; a row of which something is not known, or that the exact code has to judge,
    gets class -1. Returns how many those are.

    `parsed` is empty, or says of each row where its target begins: then the rows are as the parser wrote them.
    `arena_ends`, `firsts`, `key_values` and `class_of_key` are cut to what is in use. `context_of` has a row for each
    user agent and a column for each status (`status_place`), `agent_places` its row for each agent of the batch.
    """
    rows = len(offsets) - 1
    starts, state, hashes = np.empty(rows, np.int32), np.empty(rows, np.uint8), np.empty(rows, np.uint64)
    scan_urls(data, offsets, classes, starts, state, hashes)
    contexts, widest = np.zeros(rows, np.int32), np.int64(0)
    for row in range(rows):
        size = offsets[row + 1] - offsets[row]
        widest = max(widest, size)
        agent = agent_places[sent[row]] if len(sent) and sent[row] >= 0 else 0
        contexts[row] = context_of[agent, status_place(statuses[row]) if len(statuses) else 0]
        if len(parsed) and state[row] == 2:
            state[row], starts[row] = 1, parsed[row]
            hashes[row] = _hash_of(data, offsets[row], offsets[row] + parsed[row])
        if size > longest or contexts[row] < 0:
            state[row] = 2
    hosts, done = np.zeros(rows, np.int32), 0
    while done < rows:  # there is no room in `arena_ends`: it stops at each span that is not known
        _, more = intern_spans(
            data,
            offsets[done:],
            starts[done:],
            state[done:],
            hashes[done:],
            span_table,
            arena,
            arena_ends,
            len(arena_ends) - 1,
            hosts[done:],
        )
        done += more
        if done < rows:
            state[done] = 2
            hosts[done] = 0
            done += 1
    scratch = np.empty(3 * widest + 1, np.uint8)
    middles = np.zeros(_STRETCH, np.int64)
    left, mask, touched = 0, len(key_table) - 1, np.int64(0)
    for row in range(rows):
        if row % _STRETCH == 0:  # as in `intern_spans`
            stretch = min(_STRETCH, rows - row)
            for n in range(stretch):
                host = hosts[row + n]
                touched += records[host, _BEGIN]
            for n in range(stretch):
                rule_set = records[hosts[row + n], _OWN]
                middles[n] = (sets[rule_set, 0] + sets[rule_set, 1]) >> 1 if rule_set >= 0 else 0
            for n in range(stretch):
                middles[n] = plain_bounds[middles[n]]
            for n in range(stretch):
                touched += np.int64(text[middles[n]])
        found_classes[row], lines[row] = -1, 0
        left += 1
        host = hosts[row]
        if state[row] >= 2 or host >= len(firsts) - 1:
            continue
        record, at = records[host], times[row]
        if (at < record[_BEGIN] or at >= record[_END]) and not _note(
            record, at, firsts[host], firsts[host + 1], breaks, plan_of, aloof, doubtful, own, agents, kinds
        ):
            continue
        if record[_FLAGS] & 1 or (record[_FLAGS] & 2 and state[row] == 1):
            continue
        refused, lines[row] = _weigh(
            data,
            offsets[row] + starts[row],
            offsets[row + 1],
            state[row] == 1,
            record[_OWN],
            record[_FIRST_AGENT],
            record[_LAST_AGENT],
            agent_sets,
            one_spelling,
            sets,
            text,
            plain,
            plain_bounds,
            wild,
            needs,
            piece_bounds,
            by_rule,
            scratch,
        )
        key = (((record[_KIND] << context_bits) | contexts[row]) << agent_bits) | refused
        mixed = np.uint64(key) * np.uint64(11400714819323198485)
        slot = np.int64((mixed >> np.uint64(32)) & np.uint64(mask))
        known = key_table[slot]
        while known >= 0 and key_values[known] != key:
            slot = (slot + 1) & mask
            known = key_table[slot]
        if 0 <= known < len(class_of_key) and class_of_key[known] >= 0:
            found_classes[row] = class_of_key[known]
            left -= 1
    if touched == 1:  # never of use; it is there so that the looks ahead into memory are not left out
        return -1
    return left
