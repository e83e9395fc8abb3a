"""Loops over rows whose plan is known: which rule speaks of each one's target, and what the row comes to. Compiled by
numba. See `url_kernels` for what a column is here."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

import numpy as np

from .compiled import loop
from .url_kernels import ALONE, ENCODED, UNCLEAN
from .words import alike, at_place, head

_STRETCH = 128

NEW = -2
"""The class of a row whose key was not seen before."""
CONTEXT_BITS = 16
"""Room for the context in a row's key."""
AGENTS = 16
"""Rule sets of named agents for which a row's key has a bit, above that of our own."""


@loop
def heads(text, bounds, first, last, found):
    """The first eight octets of each literal from `first` on, as `words.head` has them."""
    for n in range(first, last):
        found[n] = head(text, bounds[n], bounds[n + 1])


@loop
def _matches(data, begin, end, text, bounds, first, last, to_end):
    """True if the pieces `first` to `last` (exclusive) of a pattern stand in `data[begin:end]` in this order. An
    empty first piece is a leading `*`; `to_end` says that the last one has to stand at the end."""
    at = begin
    size = bounds[first + 1] - bounds[first]
    if end - at < size or not alike(data, at, text, bounds[first], size):
        return False
    at += size
    if first + 1 == last:
        return not to_end or at == end
    stop = last - 1 if to_end else last
    for piece in range(first + 1, stop):
        start, size = bounds[piece], bounds[piece + 1] - bounds[piece]
        latest = end - size
        lead = at_place(text, start)
        while at <= latest and not (at_place(data, at) == lead and alike(data, at, text, start, size)):
            at += 1
        if at > latest:
            return False
        at += size
    if to_end:
        start, size = bounds[last - 1], bounds[last] - bounds[last - 1]
        return end - size >= at and alike(data, end - size, text, start, size)
    return True


@loop(inline="always")
def _not_above(heads, low, high, lead):
    """How many of the sorted `heads` from `low` to `high` are not greater than `lead`, counted from 0."""
    while high > low:
        middle = (low + high) >> 1
        if at_place(heads, middle) <= lead:
            low = middle + 1
        else:
            high = middle
    return low


@loop
def _last_not_greater(data, begin, end, low, high, text, bounds):
    """How many of the sorted literals from `low` to `high` are not greater than the target, counted from 0."""
    while high > low:
        middle = (low + high) >> 1
        start, stop = bounds[middle], bounds[middle + 1]
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
    return low


@loop(inline="always")
def _deciding_rule(data, begin, end, rule_set, rules):
    """The number of the rule that decides about the target `data[begin:end]`, -1 if none matches: the longest,
    and of equally long ones an Allow (RFC 9309 2.2.2). Of rules that say the same, the first line is named."""
    sets, text, plain, plain_bounds, plain_heads, wild, needs, piece_bounds, _ = rules
    best, best_length, best_allows, best_line = -1, -1, 0, 0
    bottom, high = sets[rule_set, 0], sets[rule_set, 1]
    if bottom < high:
        lead = head(data, begin, end)
        above = _not_above(plain_heads, bottom, high, lead)
        if above > bottom and at_place(plain_heads, above - 1) == lead:
            low = _not_above(plain_heads, bottom, above, lead - np.uint64(1)) if lead else bottom
            above = _last_not_greater(data, begin, end, low, above, text, plain_bounds)
        candidate = np.int64(above - 1)
        if candidate >= bottom:
            while candidate >= 0:
                start = plain_bounds[candidate]
                size = plain_bounds[candidate + 1] - start
                if end - begin >= size and alike(data, begin, text, start, size):
                    best_length, best_allows = plain[candidate, 1], plain[candidate, 2]
                    best, best_line = plain[candidate, 3], plain[candidate, 4]
                    break
                candidate = np.int64(plain[candidate, 0])
    first, last = sets[rule_set, 2], sets[rule_set, 3]
    if first < last:
        have = np.uint64(0)
        for at in range(begin, end):
            have |= np.uint64(1) << np.uint64(at_place(data, at) & 63)
        for n in range(first, last):
            if at_place(needs, n) & ~have:
                continue
            if wild[n, 0] < best_length or (wild[n, 0] == best_length and wild[n, 1] < best_allows):
                break
            if wild[n, 0] == best_length and wild[n, 1] == best_allows and wild[n, 6] > best_line:
                continue
            if _matches(data, begin, end, text, piece_bounds, wild[n, 3], wild[n, 4], wild[n, 5]):
                return wild[n, 2]
    return best


@loop
def deciding_rule(data, begin, end, rule_set, rules):
    """See `_deciding_rule`, which loops take whole into themselves. `rules` are `kernel_arrays.Rules`."""
    return _deciding_rule(data, begin, end, rule_set, rules)


_HEX = b"0123456789ABCDEF"


@loop(inline="always")
def _hex(byte):
    """The value of a hexadecimal digit, -1 for anything else."""
    if 48 <= byte <= 57:
        return byte - 48
    if 65 <= (byte & 223) <= 70:
        return (byte & 223) - 55
    return -1


@loop
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


@loop
def respell(data, begins, ends, one_spelling, out, bounds):
    """Targets in their one spelling, one after another in `out` (three times as long as the targets) with `bounds`."""
    used = 0
    for row in range(len(begins)):
        bounds[row] = used
        used = _respell(data, begins[row], ends[row], one_spelling, out, used)
    bounds[len(begins)] = used


@loop(inline="always")
def _class_of(key, known):
    """The class of a key, `NEW` if there is none."""
    table, values, classes = known
    mask = len(table) - 1
    slot = np.int64(((np.uint64(key) * np.uint64(11400714819323198485)) >> np.uint64(32)) & np.uint64(mask))
    while True:
        number = table[slot]
        if number < 0:
            return NEW
        if values[number] == key:
            return classes[number] if number < len(classes) else NEW
        slot = (slot + 1) & mask


@loop
def weigh_rows(targets, rules, by_plan, known, one_spelling, found):
    """What each row comes to (`found`, see `kernel_arrays.Weighed`). Returns how many are `NEW`, and how many are to be
    judged one by one; the third number says nothing: it keeps the looks ahead from being left out."""
    data, offsets, starts, state, plans, contexts = targets
    aloof, doubtful, own, agents, agent_sets, kinds = by_plan
    sets, plain_heads, needs, by_rule = rules.sets, rules.plain_heads, rules.needs, rules.by_rule
    keys, classes, lines, one_by_one = found
    new, alone = 0, 0
    rows = len(offsets) - 1
    widest = np.int64(0)
    for row in range(rows):
        if state[row] == ENCODED:
            widest = max(widest, np.int64(offsets[row + 1] - offsets[row]))
    spelled = np.empty(3 * widest + 1, np.uint8)
    middles, touched = np.zeros(_STRETCH, np.int64), np.uint64(0)
    for row in range(rows):
        # Memory is slow to answer and answers many at once: the rules of a stretch of rows are asked for before.
        if row % _STRETCH == 0:
            ahead = min(rows - row, _STRETCH)
            for n in range(ahead):
                rule_set = own[plans[row + n]]
                middles[n] = 0
                if rule_set >= 0:
                    if sets[rule_set, 0] < sets[rule_set, 1]:
                        middles[n] = (sets[rule_set, 0] + sets[rule_set, 1]) >> 1
                    if sets[rule_set, 2] < sets[rule_set, 3]:
                        touched |= needs[sets[rule_set, 2]]
            for n in range(ahead):
                touched |= plain_heads[middles[n]]
        lines[row], keys[row], classes[row] = 0, -1, -1
        if state[row] == UNCLEAN:
            continue
        plan = plans[row]
        if one_by_one[row] or state[row] == ALONE or aloof[plan] or (doubtful[plan] and state[row] == ENCODED):
            one_by_one[row] = True
            alone += 1
            continue
        first, last = agents[plan, 0], agents[plan, 1]
        key = (kinds[plan] << CONTEXT_BITS) | contexts[row]
        refused = np.int64(0)
        if own[plan] >= 0 or first < last:
            begin, end = offsets[row] + starts[row], offsets[row + 1]
            target = data
            if state[row] == ENCODED:
                end = _respell(data, begin, end, one_spelling, spelled, 0)
                begin, target = 0, spelled
            if own[plan] >= 0:
                rule = _deciding_rule(target, begin, end, own[plan], rules)
                if rule >= 0 and not by_rule[rule, 1]:
                    refused = np.int64(1)
                    lines[row] = by_rule[rule, 0]
            for place in range(first, last):
                rule = _deciding_rule(target, begin, end, agent_sets[place], rules)
                if rule >= 0 and not by_rule[rule, 1]:
                    refused |= np.int64(1) << (place - first + 1)
        key = (key << (AGENTS + 1)) | refused
        keys[row] = key
        classes[row] = _class_of(key, known)
        new += classes[row] == NEW
    return new, alone, touched


@loop
def lightest(codes, weights, found):
    """For each code the first place whose weight is the least; what `found` says of others stays."""
    for n in range(len(codes)):
        best = found[codes[n]]
        if best < 0 or weights[n] < weights[best]:
            found[codes[n]] = n
