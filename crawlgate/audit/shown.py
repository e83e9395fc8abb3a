"""What a log may show of an attempt against those before it: the codes that rows carry, and the trace of each (B5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ..criteria.facts import Trace
from ..model import Outcome

(
    NOTHING, CHANGED, ELSEWHERE, ROTATING, AFTER_DENY, BACKED_OFF, STOPPED, VIEW, VIEW_AGAIN, OTHER_ROUTE,
) = range(10)  # fmt: skip
"""Another identity after a refusal of the same URL, or of another one of the site; identities that change before any
refusal; content that the collector's own check had denied; waiting after a refusal; stopping; another view of a refused
page, and a further one of the site; a copy or a part of it on another host."""

# Which rows it is about stands in columns beside the decision, since classes of decisions are shared.
_TOLD = {"refused": "…", "record": "…", "changed": "…", "told": "…"}
_ORIGINAL = {"original": "…", "refused": "…", "record": "…"}
TRACES: Mapping[int, Trace] = {
    CHANGED: Trace(reason="b5.identity_changed", outcome=Outcome.MET, params=_TOLD),
    ELSEWHERE: Trace(reason="b5.identity_changed_elsewhere", outcome=Outcome.INDICATED, params=_TOLD),
    ROTATING: Trace(reason="b5.rotating", outcome=Outcome.INDICATED, params=_TOLD),
    AFTER_DENY: Trace(reason="b5.fetched_after_deny", outcome=Outcome.MET, params=_TOLD),
    BACKED_OFF: Trace(reason="b5.backed_off", outcome=Outcome.NOT_MET, params=_TOLD),
    STOPPED: Trace(reason="b5.stopped", outcome=Outcome.NOT_MET, params=_TOLD),
    VIEW: Trace(reason="b5.variant", outcome=Outcome.INDICATED, params=_ORIGINAL),
    VIEW_AGAIN: Trace(reason="b5.variant_again", outcome=Outcome.MET, params=_ORIGINAL),
    OTHER_ROUTE: Trace(reason="b5.other_route", outcome=Outcome.INDICATED, params=_ORIGINAL),
}
_RANKS = (CHANGED, VIEW_AGAIN, AFTER_DENY, ROTATING, ELSEWHERE, VIEW, OTHER_ROUTE, BACKED_OFF, STOPPED, NOTHING)
RANK = np.array([len(_RANKS) - _RANKS.index(code) for code in range(len(_RANKS))], np.int8)
"""Of two codes for one row, the one of higher rank is told."""
AVOIDING = frozenset(trace.reason for trace in TRACES.values() if trace.outcome is not Outcome.NOT_MET)
"""The reasons that are findings against the collector."""


def graver(codes: npt.NDArray[np.uint8] | None, rows: Sequence[int], code: int, count: int) -> npt.NDArray[np.uint8]:
    """The codes of `count` rows, with `code` for some of them where nothing graver is told of them."""
    found = np.zeros(count, np.uint8) if codes is None else codes
    which = np.asarray(rows, np.int64)
    found[which[RANK[found[which]] < RANK[code]]] = code
    return found
