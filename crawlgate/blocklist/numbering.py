"""Which entries stand under which key, in as little as can be mapped.

The trie numbers its keys. Entries are numbered in the order of the keys that name their targets, so that for a key
which is the target of one entry and nothing else (nearly all are) the number of the entry follows from that of the key:
they differ by a shift that only changes at the other keys. Those, called irregular, have their entries written out.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

BUCKET = 7
"""Keys are counted in buckets of 2**BUCKET, so that most need no search among the irregular ones."""

TAKEN = 2**32 - 1
"""A member that is not there: one entry of several that say the same is enough."""


class Numbering(NamedTuple):
    """`numbers` gives each entry its number; `irregular` keys ascend; `before` counts those before each bucket;
    `shifts` holds, from each of them on, how much further the numbers of entries are than those of keys; `starts` and
    `members` are the entries of irregular keys."""

    numbers: array[int]
    irregular: array[int]
    before: array[int]
    shifts: array[int]
    starts: array[int]
    members: array[int]


def number_entries(
    owners: array[int], found: array[int], keys: int, entries: int, twins: Callable[[int, int], bool]
) -> Numbering:
    """Number entries. `owners` has, for each key of each entry, twice the entry, and one more where the key names its
    very target (which comes first); `found` the number of that key, of `keys`. `twins` says of two entries with one
    target that they say the same."""
    targets = array("I", bytes(4 * entries))
    named, beside = array("I", bytes(4 * (keys + 1))), array("I", bytes(4 * keys))
    for owner, key in zip(owners, found, strict=True):
        if owner & 1:
            targets[owner >> 1] = key
            named[key + 1] += 1
        else:
            beside[key] += 1
    firsts = array("I", accumulate(named))  # the number of the first entry that a key is the target of
    free, numbers = array("I", firsts), array("I", bytes(4 * entries))
    for entry, key in enumerate(targets):
        numbers[entry] = free[key]
        free[key] += 1
    del free, named
    irregular = array("I", (k for k in range(keys) if beside[k] or firsts[k + 1] - firsts[k] != 1))
    shifts, starts = array("i"), array("I", [0])
    for key in irregular:
        shifts.append(firsts[key + 1] - key - 1)
        starts.append(starts[-1] + firsts[key + 1] - firsts[key] + beside[key])
    members = array("I", [TAKEN]) * starts[-1]
    _fill(members, starts, irregular, owners, found, numbers, twins)
    return Numbering(numbers, irregular, _before(irregular, keys), shifts, starts, members)


def _before(irregular: array[int], keys: int) -> array[int]:
    counts = array("I", bytes(4 * ((keys >> BUCKET) + 2)))
    for key in irregular:
        counts[(key >> BUCKET) + 1] += 1
    return array("I", accumulate(counts))


def _fill(
    members: array[int],
    starts: array[int],
    irregular: array[int],
    owners: array[int],
    found: array[int],
    numbers: array[int],
    twins: Callable[[int, int], bool],
) -> None:
    if not irregular:
        return
    ends, last = array("I", starts), array("I", bytes(4 * len(irregular)))
    again = -1  # the last entry of which the same was said before
    for owner, key in zip(owners, found, strict=True):
        place = bisect_left(irregular, key)
        if place == len(irregular) or irregular[place] != key:
            continue
        entry = owner >> 1
        if owner & 1:
            # A line that stands twice, or a name and its `www.` twin: one of them is enough to find the site.
            if last[place] and twins(last[place] - 1, entry):
                again = entry
            last[place] = entry + 1
        if entry != again:
            members[ends[place]] = numbers[entry]
            ends[place] += 1


def entries_of(
    key: int,
    irregular: Sequence[int],
    before: Sequence[int],
    shifts: Sequence[int],
    starts: Sequence[int],
    members: Sequence[int],
) -> Sequence[int]:
    """The numbers of the entries under a key."""
    bucket = key >> BUCKET
    place, end = before[bucket], before[bucket + 1]
    if place != end:
        place = bisect_left(irregular, key, place, end)
    if place != end and irregular[place] == key:
        return [number for number in members[starts[place] : starts[place + 1]] if number != TAKEN]
    return (key + shifts[place - 1] if place else key,)
