"""One pass for rows of which all is known: what pipelines ask again and again of the same hosts, in small batches.

It says what the loops of `url_kernels`, `kernels` and `row_kernels` say one after another, and leaves to the engine
whatever is new.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

import numpy as np

from .compiled import loop
from .kernels import in_force
from .row_kernels import weigh_rows
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
def known_rows(
    data,
    offsets,
    parsed,
    times,
    statuses,
    sent,
    agent_places,
    context_of,
    classes_of_octets,
    longest,
    table,
    arena,
    firsts,
    breaks,
    said,
    latest,
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
    plain_heads,
    wild,
    needs,
    piece_bounds,
    by_rule,
    agent_bits,
    context_bits,
    key_table,
    key_values,
    class_of_key,
    classes,
    lines,
):
    """Class and line of each row. Nothing is learnt: a row of which host, interval, context or key is not known, or
    that the exact code has to judge, gets a class below 0. Returns how many those are.

    `parsed` is empty, or says of each row where its target begins: then the rows are as the parser wrote them.
    `context_of` has a row for each user agent and a column for each status (`status_place`), `agent_places` its row for
    each agent of the batch. `firsts` and `class_of_key` are cut to what is in use.
    """
    rows, hosts = len(offsets) - 1, len(firsts) - 1
    starts, state, origins = np.empty(rows, np.int32), np.empty(rows, np.uint8), np.empty(rows, np.int32)
    contexts, widest = np.zeros(rows, np.int32), np.int64(0)
    for begin in range(0, rows, STRETCH):
        end = min(begin + STRETCH, rows)
        scan(data, offsets, classes_of_octets, longest, begin, end, starts, state)
        for row in range(begin, end):
            agent = agent_places[sent[row]] if len(sent) and sent[row] >= 0 else 0
            context = context_of[agent, status_place(statuses[row]) if len(statuses) else 0]
            size = offsets[row + 1] - offsets[row]
            if len(parsed) and state[row] == UNCLEAN and size <= longest:
                state[row], starts[row] = ENCODED, parsed[row]
            if context < 0 or context >> context_bits:  # there is no room for more in a key
                state[row], starts[row] = UNCLEAN, 0
            else:
                contexts[row] = context
            if state[row] == ENCODED:
                widest = max(widest, size)
        look(data, offsets, begin, end, starts, table, arena, origins)
        for row in range(begin, end):
            if origins[row] < 0 or origins[row] >= hosts:
                state[row], origins[row] = UNCLEAN, -1
    found, plans, evidence = np.empty(rows, np.int64), np.empty(rows, np.int32), np.empty(rows, np.int32)
    if in_force(origins, times, firsts, breaks, said, latest, state, found, plans, evidence)[0]:
        for row in range(rows):
            if plans[row] < 0:
                plans[row], state[row] = 0, UNCLEAN
    weigh_rows(
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
        plain_heads,
        wild,
        needs,
        piece_bounds,
        by_rule,
        agent_bits,
        context_bits,
        np.empty(3 * widest + 1, np.uint8),
        key_table,
        key_values,
        class_of_key,
        np.empty(rows, np.int64),
        classes,
        lines,
        np.zeros(rows, np.bool_),
    )
    left = 0
    for row in range(rows):
        left += classes[row] < 0
    return left
