"""What loops over rows are given: arrays that belong together, by name.

A column of texts is `data` in which row `n` stands from `offsets[n]` to `offsets[n + 1]`; other arrays have a place for
each row, host, plan, rule or key, as they say. Places are counted from 0, ends are exclusive, -1 is none.

Compiled code rests on the order of these fields: this file counts among those with loops (`compiled.sources`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Octets = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


class Batch(NamedTuple):
    """Rows as they are handed in, for `known_kernels.known_rows`."""

    data: Octets
    offsets: Longs
    """The URLs."""
    parsed: Ints
    """Where each row's target begins, from the row's first octet, if the rows are as the parser wrote them; else
    empty."""
    times: Longs
    """Microseconds since 1970, UTC."""
    statuses: Ints
    """What was answered, or what stands for it (see `rows`); empty where no row says."""
    sent: Ints
    """The user agent of each row, as a place in `agent_places`, -1 where it is not said; empty where no row says."""
    agent_places: Ints
    """For each user agent of the batch its row in the table of contexts."""


class Reading(NamedTuple):
    """How URLs are read: the same for all of them."""

    classes: Octets
    """What each octet may be in a host (first row) and in a target (`url_kernels.character_classes`)."""
    longest: int
    """Octets; longer rows are not read."""
    one_spelling: Bools
    """By octet: true if it is written plain in the one spelling of a target (`signals.pathmatch.canonical`)."""


class Hosts(NamedTuple):
    """The origins that are known, by their text: an index for `url_kernels.look`."""

    table: Words
    arena: Octets


class Timeline(NamedTuple):
    """What is in force when: the intervals of all hosts, one host after another (see `timeline`)."""

    firsts: Longs
    """By host its first interval, and behind the last host the end."""
    breaks: Longs
    """By interval the instant at which it begins (microseconds); each host's first is the smallest number there is."""
    said: Ints
    """By interval its plan (-1: not worked out yet) and the evidence that is the host's own (-1: none)."""
    latest: Longs
    """By host the interval of the row before, which is tried first. Loops write here."""


class Rules(NamedTuple):
    """The rules of all rule sets of robots.txt (see `rule_tables`): plain prefixes, and patterns made of pieces."""

    sets: Ints
    """By rule set: first and end of its prefixes, first and end of its patterns."""
    text: Octets
    """Literals, one after another."""
    plain: Ints
    """By prefix, in the order of their text within a set: the nearest shorter prefix of it, length, allow, rule, line.
    """
    plain_bounds: Ints
    """By prefix where it begins in `text`; it ends where the next one begins."""
    plain_heads: Words
    """By prefix its first eight octets (`words.head`)."""
    wild: Ints
    """By pattern, the most telling first within a set: length, allow, rule, first piece, end of pieces, whether the
    last piece has to stand at the target's end, line."""
    needs: Words
    """By pattern the characters that it cannot do without, as bits (the lower six bits of each octet)."""
    piece_bounds: Ints
    """By piece where it begins in `text`; it ends where the next one begins."""
    by_rule: Ints
    """By rule: line, allow."""


class PlanColumns(NamedTuple):
    """What is to be known of each plan (see `plan_table`) to weigh its rows."""

    aloof: Bools
    """True if its rows are judged one by one."""
    doubtful: Bools
    """True if those rows are whose target has several spellings."""
    own: Ints
    """The rule set that speaks to us."""
    agents: Ints
    """First and end, among `agent_sets`, of the rule sets that speak to agents by name."""
    agent_sets: Ints
    """Rule sets, those of one plan after those of another."""
    kinds: Longs
    """What else rows have to have in common to be of one class, as a number."""


class KnownClasses(NamedTuple):
    """The classes of rows by key: what was judged before."""

    table: Ints
    values: Longs
    """Places of keys, and the keys (see `interning.Keys`)."""
    of_key: Ints
    """By place the class, cut to what is in use."""


class Targets(NamedTuple):
    """Rows of which plan and context are known, to be weighed."""

    data: Octets
    offsets: Longs
    """The URLs, or their targets alone."""
    starts: Ints
    """Where each row's target begins, from the row's first octet."""
    state: Octets
    """What is to be done with it: `CLEAN`, `ENCODED`, `ALONE` or `UNCLEAN` of `url_kernels`."""
    plans: Ints
    contexts: Ints
    """The number of what the row says of its fetch (`rows.Contexts`)."""


class Weighed(NamedTuple):
    """What rows come to. Loops write here."""

    keys: Longs
    """What the class of a row depends on, in one number; -1 for rows that have none."""
    classes: Ints
    """-1 for rows without key, `row_kernels.NEW` where the key was not seen before."""
    lines: Ints
    """The line of robots.txt that keeps the row out, 0 where none does."""
    one_by_one: Bools
    """True if the row has to be judged by itself: some are when they come in, more when they are weighed."""
