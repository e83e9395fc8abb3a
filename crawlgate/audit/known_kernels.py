"""One pass for rows of which all is known: what pipelines ask again and again of the same hosts, in small batches.

It says what the loops of `url_kernels`, `kernels` and `row_kernels` say one after another, and leaves to the engine
whatever is new.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

import numpy as np

from .compiled import loop
from .kernel_arrays import Targets, Weighed
from .kernels import in_force
from .row_kernels import CONTEXT_BITS, weigh_rows
from .url_kernels import ENCODED, STRETCH, UNCLEAN, look, scan

NO_STATUS, NO_ANSWER, ROBOTS_PRECLUDED = -1, 0, -9998
"""What stands for a status where there is none: see `crawlgate.audit.rows`."""
STATUS_PLACES = 1002


@loop(inline="always")
def status_place(status):
    """The place of a status in a table of `STATUS_PLACES`: of one that says nothing 0, then 100 to 999 as they are."""
    if 100 <= status <= 999:
        return status
    if status == NO_ANSWER:
        return 1000
    if status == ROBOTS_PRECLUDED:
        return 1001
    return 0


@loop
def known_rows(batch, reading, context_of, hosts, timeline, by_plan, rules, known, classes, lines):
    """Class and line of each row. Nothing is learnt: a row of which host, interval, context or key is not known, or
    that the exact code has to judge, gets a class below 0. Returns how many those are.

    `context_of` has a row for each user agent and a column for each status (`status_place`). The others are those of
    `kernel_arrays`; the `timeline` is cut to the hosts that are known.
    """
    data, offsets, parsed, times, statuses, sent, agent_places = batch
    longest = reading.longest
    rows, count = len(offsets) - 1, len(timeline.firsts) - 1
    starts, state, origins = np.empty(rows, np.int32), np.empty(rows, np.uint8), np.empty(rows, np.int32)
    contexts = np.zeros(rows, np.int32)
    for begin in range(0, rows, STRETCH):
        end = min(begin + STRETCH, rows)
        scan(data, offsets, reading.classes, longest, begin, end, starts, state)
        for row in range(begin, end):
            agent = agent_places[sent[row]] if len(sent) and sent[row] >= 0 else 0
            context = context_of[agent, status_place(statuses[row]) if len(statuses) else 0]
            if len(parsed) and state[row] == UNCLEAN and offsets[row + 1] - offsets[row] <= longest:
                state[row], starts[row] = ENCODED, parsed[row]
            if context < 0 or context >> CONTEXT_BITS:  # there is no room for more in a key
                state[row], starts[row] = UNCLEAN, 0
            else:
                contexts[row] = context
        look(data, offsets, begin, end, starts, hosts.table, hosts.arena, origins)
        for row in range(begin, end):
            if origins[row] < 0 or origins[row] >= count:
                state[row], origins[row] = UNCLEAN, -1
    places, plans, evidence = np.empty(rows, np.int64), np.empty(rows, np.int32), np.empty(rows, np.int32)
    if in_force(origins, times, timeline, state, places, plans, evidence)[0]:
        for row in range(rows):
            if plans[row] < 0:
                plans[row], state[row] = 0, UNCLEAN
    targets = Targets(data, offsets, starts, state, plans, contexts)
    found = Weighed(np.empty(rows, np.int64), classes, lines, np.zeros(rows, np.bool_))
    weigh_rows(targets, rules, by_plan, known, reading.one_spelling, found)
    left = 0
    for row in range(rows):
        left += classes[row] < 0
    return left
