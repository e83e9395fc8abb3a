"""Reading robots.txt in compiled loops: lines, agents, rules, and the tables that `kernels.deciding_rule` reads.

Only lines that leave nothing to interpret are read here, which is what nearly all are; whatever is odd (a misspelled
key, a line without a colon, octets beyond ASCII) is left to the reader of `signals`, and that is said.
"""

# The bodies are compiled: plain loops and single letters are what is fast and usual there.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

import numpy as np

from .compiled import loop

AGENT, DISALLOW, ALLOW, EXTENSION = 1, 2, 3, 4
READ, UNUSUAL, FULL, CROWDED = 0, 1, 2, 3
"""What `scan` answers: all was read; too many lines are odd; no room in the index of names; none for all lines."""
SILENT, EVERYTHING, SPELLED, BUILT = 0, 1, 2, 3
"""What `build` answers: nothing is refused; everything is; some rule has several spellings; the tables are written."""

_DIRECTORY_PAGE = b"/index.htm"


_KEYS_BEGIN = b"userusegser-disadissdiasdesadssadsalallocontlicellm-"


@loop(inline="always")
def _may_be_key(data, at, end):
    """False if what begins here is surely no key that says who may fetch, or what for (`signals.robots_lines`)."""
    for n in range(at, min(at + 4, end)):
        byte = data[n]
        if byte > 127 or (byte < 32 and byte != 9 and byte != 10 and byte != 13):
            return True
    for key in range(0, len(_KEYS_BEGIN), 4):
        n = 0
        while n < 4 and at + n < end and data[at + n] | 32 == _KEYS_BEGIN[key + n]:
            n += 1
        if n == 4:
            return True
    return False


@loop
def scan(
    data,
    begin,
    end,
    longest,
    keys,
    key_bounds,
    key_kinds,
    plain,
    index,
    hashes,
    arena,
    ends,
    counts,
    agents,
    rules,
    told,
    odd,
):
    """Read the lines of one body, `data[begin:end]`.

    `agents` gets a row (value, run) for each User-agent line, values numbered through `index` (an open-addressed
    table over `arena`, lower case); `rules` a row (start, end, allow, line, run, spelled) for each rule with a
    path that stands in a group; `spelled` is 1 where its pattern is not its own normal form. A run is a stretch of
    User-agent lines with what stands below. `counts`: values known, agents, rules, whether some line has a key
    that robots.txt knows (1), the file begins as one does (2) and some rule is `spelled` (4), odd lines; the last four
    are results.

    Odd lines are put into `odd` (start, end), in their order. Where they were `told` before, they are (kind or 0,
    start and end of the value in `data`) what is told: a file that has some is read twice.
    """
    known, n_agents, n_rules, run, n_odd = counts[0], 0, 0, -1, 0
    mask = len(index) - 1
    number, at = 0, begin
    opened, keyed, begun, usual, respell = False, False, False, False, False
    while at < end:
        number += 1
        colon, first, stop = -1, -1, -1
        line = at
        beyond, control = False, False
        while at < end:
            byte = data[at]
            if byte == 10 or byte == 13:
                break
            if stop < 0:
                if byte == 35:
                    stop = at
                    usual = usual or (not begun and first < 0 and at - begin < 1024)
                    begun = True
                elif byte != 32 and byte != 9:
                    beyond = beyond or byte > 127
                    control = control or byte < 32 or byte == 127
                    if first < 0:
                        first = at
                    if byte == 58 and colon < 0:
                        colon = at
            at += 1
        if stop < 0:
            stop = at
        line_end = at
        if at < end and data[at] == 13 and at + 1 < end and data[at + 1] == 10:
            at += 1
        at += 1
        if not begun and first >= 0:
            byte = data[first]
            usual = first - begin < 1024 and byte != 60 and byte != 91 and byte != 123 and 32 < byte < 127
            begun = True
        if first < 0:
            continue
        asked = line_end - line > longest
        kind, start = 0, colon + 1
        if colon >= 0 and not asked:
            last = colon
            while last > first and (data[last - 1] == 32 or data[last - 1] == 9):
                last -= 1
            for key in range(len(key_kinds)):
                size = key_bounds[key + 1] - key_bounds[key]
                if size == last - first:
                    n = 0
                    while n < size:
                        byte = data[first + n]
                        if 65 <= byte <= 90:
                            byte += 32
                        if byte != keys[key_bounds[key] + n]:
                            break
                        n += 1
                    if n == size:
                        kind = key_kinds[key]
                        break
        if kind == 0:
            asked = asked or _may_be_key(data, first, end)
        elif kind != 4:
            asked = beyond or control
        if asked:
            if n_odd < len(told):
                kind, start, stop = told[n_odd, 0], told[n_odd, 1], told[n_odd, 2]
            elif n_odd == len(odd):
                return 1
            else:
                odd[n_odd, 0], odd[n_odd, 1] = line, line_end
                kind = 0
            n_odd += 1
        if kind == 0:
            continue
        keyed = True
        if kind == 4:
            continue
        while start < stop and (data[start] == 32 or data[start] == 9):
            start += 1
        while stop > start and (data[stop - 1] == 32 or data[stop - 1] == 9):
            stop -= 1
        if kind == 1:
            if not opened:
                run += 1
                opened = True
            hashed = np.uint64(14695981039346656037)
            for n in range(start, stop):
                byte = data[n]
                if 65 <= byte <= 90:
                    byte += 32
                hashed = (hashed ^ np.uint64(byte)) * np.uint64(1099511628211)
            slot = np.int64(hashed & np.uint64(mask))
            size = stop - start
            while True:
                code = index[slot]
                if code < 0:
                    used = ends[known]
                    if 2 * known >= len(index) or known + 2 > len(ends) or used + size > len(arena):
                        return 2
                    for n in range(size):
                        byte = data[start + n]
                        if 65 <= byte <= 90:
                            byte += 32
                        arena[used + n] = byte
                    index[slot], hashes[slot] = known, hashed
                    code = known
                    known += 1
                    counts[0] = known
                    ends[known] = used + size
                    break
                if hashes[slot] == hashed and ends[code + 1] - ends[code] == size:
                    n = 0
                    while n < size:
                        byte = data[start + n]
                        if 65 <= byte <= 90:
                            byte += 32
                        if byte != arena[ends[code] + n]:
                            break
                        n += 1
                    if n == size:
                        break
                slot = (slot + 1) & mask
            if n_agents == len(agents):
                return 3
            agents[n_agents, 0], agents[n_agents, 1] = code, run
            n_agents += 1
        elif run >= 0:
            opened = False
            if stop > start:
                allow = 1 if kind == 3 else 0
                spelled = 0
                if not allow and data[start] != 47 and data[start] != 42:
                    spelled = 1
                for n in range(start, stop):
                    byte = data[n]
                    if not plain[byte] and byte != 42 and not (byte == 36 and n + 1 == stop):
                        spelled = 1
                        break
                if allow and not spelled:
                    for n in range(start, stop - 9):
                        same = 0
                        while same < 10 and data[n + same] == _DIRECTORY_PAGE[same]:
                            same += 1
                        if same == 10:
                            spelled = 1
                if n_rules == len(rules):
                    return 3
                respell = respell or spelled == 1
                rules[n_rules, 0], rules[n_rules, 1], rules[n_rules, 2] = start, stop, allow
                rules[n_rules, 3], rules[n_rules, 4], rules[n_rules, 5] = number, run, spelled
                n_rules += 1
    counts[1], counts[2], counts[3], counts[4] = (
        n_agents,
        n_rules,
        int(keyed) + 2 * int(usual) + 4 * int(respell),
        n_odd,
    )
    return 0


@loop
def select(agents, n_agents, traits, firsts, spoken_to, since, classes, day, masks, named, touched, days, bits, found):
    """Which runs speak to whom. `traits` of each value: 1 ours, 2 everybody, 4 more than can be told here; `spoken_to`
    lists the known agents of each value (from `firsts`), doubled, and 1 more where it is also their name.

    `bits` gives the runs that speak to any of these a bit (-1: to none). `found` gets a row (runs as bits, class) for
    each set of runs and class of agents known by `day`; `days` is marked where an agent of that day is named; `masks`
    and `named` are zero before and after. Returns the number of rows (-1: too many, or unusual), the runs of ours, and
    those of everybody."""
    ours, everybody = np.uint64(0), np.uint64(0)
    n_touched, count, used, good = 0, 0, 0, True
    for n in range(n_agents):
        value, run = agents[n, 0], agents[n, 1]
        if traits[value] & 4:
            good = False
            break
        if bits[run] < 0 and (traits[value] & 3 or firsts[value] < firsts[value + 1]):
            if used == 64:
                good = False
                break
            bits[run] = used
            used += 1
        bit = np.uint64(1) << np.uint64(max(bits[run], 0))
        if traits[value] & 1:
            ours |= bit
        if traits[value] & 2:
            everybody |= bit
        for place in range(firsts[value], firsts[value + 1]):
            agent = spoken_to[place] >> 1
            named[agent] |= spoken_to[place] & 1
            if masks[agent] == 0:
                touched[n_touched] = agent
                n_touched += 1
            masks[agent] |= bit
    for n in range(n_touched):
        agent = touched[n]
        mask = masks[agent]
        masks[agent] = 0
        if not named[agent]:
            continue
        named[agent] = 0
        days[since[agent]] = 1
        if not good or classes[agent] < 0 or since[agent] > day:
            continue
        place = 0
        while place < count and not (found[place, 0] == mask and found[place, 1] == np.uint64(classes[agent])):
            place += 1
        if place == count:
            if count == len(found):
                good = False
                continue
            found[count, 0], found[count, 1] = mask, np.uint64(classes[agent])
            count += 1
    return (count if good else -1), ours, everybody


@loop(inline="always")
def _before(data, measures, a, b, by_text):
    """True if rule `a` comes before `b`: by their text where `by_text`, then the longest first, an Allow before its
    equal, the first line of equals."""
    if by_text:
        at, other = measures[a, 0], measures[b, 0]
        end, other_end = measures[a, 1], measures[b, 1]
        while at < end and other < other_end:
            if data[at] != data[other]:
                return data[at] < data[other]
            at += 1
            other += 1
        if at < end or other < other_end:
            return at == end
    if measures[a, 2] != measures[b, 2]:
        return measures[a, 2] > measures[b, 2]
    if measures[a, 3] != measures[b, 3]:
        return measures[a, 3] > measures[b, 3]
    return measures[a, 4] < measures[b, 4]


@loop
def _sort(data, measures, order, count, by_text):
    """Sort the first `count` of `order` (heapsort: no file is slow to sort)."""
    for begin in range(count // 2 - 1, -1, -1):
        _sift(data, measures, order, begin, count, by_text)
    for end in range(count - 1, 0, -1):
        order[0], order[end] = order[end], order[0]
        _sift(data, measures, order, 0, end, by_text)


@loop
def _sift(data, measures, order, at, end, by_text):
    while True:
        child = 2 * at + 1
        if child >= end:
            return
        if child + 1 < end and _before(data, measures, order[child], order[child + 1], by_text):
            child += 1
        if not _before(data, measures, order[at], order[child], by_text):
            return
        order[at], order[child] = order[child], order[at]
        at = child


@loop
def build(
    data,
    rules,
    n_rules,
    bits,
    runs,
    whole,
    counts,
    text,
    prefixes,
    prefix_bounds,
    wild,
    needs,
    piece_bounds,
    by_number,
    measures,
    order,
    above,
):
    """Write the rules of some runs (as bits) to the tables of `RuleTables`, as its `add` does; without `whole` not
    those that refuse everything.

    `counts`: octets of text, prefixes, patterns, pieces and rules so far; grown by what is added. The tables have
    room; `measures`, `order` and `above` are for work.
    """
    n_plain, n_wild, refuses, everything = 0, 0, False, True
    for n in range(n_rules):
        bit = bits[rules[n, 4]]
        if bit < 0 or not (runs >> np.uint64(bit)) & np.uint64(1):
            continue
        if rules[n, 5]:
            return 2
        start, end, allow = rules[n, 0], rules[n, 1], rules[n, 2]
        anchored = data[end - 1] == 36
        if allow:
            everything = False
        else:
            refuses = True
            size = end - start
            slash = data[start] == 47
            if (
                size > 2
                or (size == 2 and not (slash and data[start + 1] == 42))
                or (size == 1 and not slash and data[start] != 42)
            ):
                everything = False
        if anchored:
            end -= 1
        length = 1 if anchored else 0
        stars = 0
        for at in range(start, end):
            if data[at] == 42:
                if at == start or data[at - 1] != 42:
                    length += 1
                    stars += 1
            else:
                length += 1
        literal = end
        while literal > start and data[literal - 1] == 42:
            literal -= 1
        if literal < end:
            stars -= 1
            anchored = False
        measures[n, 0], measures[n, 1], measures[n, 2] = start, literal, length
        measures[n, 3], measures[n, 4], measures[n, 5] = allow, rules[n, 3], 1 if anchored else 0
        if stars == 0 and not anchored and literal > start:
            order[n_plain] = n
            n_plain += 1
        else:
            n_wild += 1
            order[n_rules - n_wild] = n
    if not refuses:
        return 0
    if everything and not whole:
        return 1
    patterns = order[n_rules - n_wild : n_rules]
    _sort(data, measures, order, n_plain, True)
    _sort(data, measures, patterns, n_wild, False)
    used, row, n_rule = counts[0], counts[1], counts[4]
    depth, before = 0, -1
    for place in range(n_plain):
        n = order[place]
        start, size = measures[n, 0], measures[n, 1] - measures[n, 0]
        if before >= 0 and measures[before, 1] - measures[before, 0] == size:
            same = 0
            while same < size and data[measures[before, 0] + same] == data[start + same]:
                same += 1
            if same == size:
                continue
        before = n
        while depth > 0:
            outer = above[depth - 1, 1]
            outer_size = measures[outer, 1] - measures[outer, 0]
            same = 0
            while same < outer_size and same < size and data[measures[outer, 0] + same] == data[start + same]:
                same += 1
            if same == outer_size:
                break
            depth -= 1
        parent, best, number = -1, n, -1
        if depth > 0:
            parent, best, number = above[depth - 1, 0], above[depth - 1, 2], above[depth - 1, 3]
        if number < 0 or _before(data, measures, n, best, False):
            best, number = n, n_rule
            by_number[n_rule, 0], by_number[n_rule, 1] = measures[n, 4], measures[n, 3]
            n_rule += 1
        above[depth, 0], above[depth, 1], above[depth, 2], above[depth, 3] = row, n, best, number
        depth += 1
        prefixes[row, 0], prefixes[row, 1], prefixes[row, 2] = parent, measures[best, 2], measures[best, 3]
        prefixes[row, 3], prefixes[row, 4] = number, measures[best, 4]
        prefix_bounds[row] = used
        for at in range(size):
            text[used + at] = data[start + at]
        used += size
        row += 1
    # A row of its own ends the last prefix, so that bounds stay one array.
    prefix_bounds[row] = used
    prefixes[row, 0], prefixes[row, 3] = -1, -1
    row += 1
    pattern, piece = counts[2], counts[3]
    for place in range(n_wild):
        n = patterns[place]
        first = piece
        have = np.uint64(0)
        piece_bounds[piece] = used
        piece += 1
        at, end = measures[n, 0], measures[n, 1]
        while at < end:
            if data[at] == 42:
                while at < end and data[at] == 42:
                    at += 1
                piece_bounds[piece] = used
                piece += 1
            else:
                text[used] = data[at]
                have |= np.uint64(1) << np.uint64(data[at] & 63)
                used += 1
                at += 1
        piece_bounds[piece] = used
        wild[pattern, 0], wild[pattern, 1], wild[pattern, 2] = measures[n, 2], measures[n, 3], n_rule
        wild[pattern, 3], wild[pattern, 4] = first, piece
        wild[pattern, 5], wild[pattern, 6] = measures[n, 5], measures[n, 4]
        needs[pattern] = have
        by_number[n_rule, 0], by_number[n_rule, 1] = measures[n, 4], measures[n, 3]
        piece += 1
        n_rule += 1
        pattern += 1
    counts[0], counts[1], counts[2], counts[3], counts[4] = used, row, pattern, piece, n_rule
    return 3
