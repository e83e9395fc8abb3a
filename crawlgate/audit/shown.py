"""What a log may show of an attempt against those before it: the codes that rows carry, and the trace of each (B5)."""

from __future__ import annotations

from collections.abc import Mapping

from ..criteria.facts import Trace
from ..model import Outcome

NOTHING, CHANGED, ELSEWHERE, ROTATING, AFTER_DENY, BACKED_OFF, STOPPED = range(7)
"""Another identity after a refusal of the same URL, or of another one of the site; identities that change before any
refusal; content that the collector's own check had denied; waiting after a refusal; stopping."""

# Which rows it is about stands in columns beside the decision, since classes of decisions are shared.
_TOLD = {"refused": "…", "record": "…", "changed": "…", "told": "…"}
TRACES: Mapping[int, Trace] = {
    CHANGED: Trace(reason="b5.identity_changed", outcome=Outcome.MET, params=_TOLD),
    ELSEWHERE: Trace(reason="b5.identity_changed_elsewhere", outcome=Outcome.INDICATED, params=_TOLD),
    ROTATING: Trace(reason="b5.rotating", outcome=Outcome.INDICATED, params=_TOLD),
    AFTER_DENY: Trace(reason="b5.fetched_after_deny", outcome=Outcome.MET, params=_TOLD),
    BACKED_OFF: Trace(reason="b5.backed_off", outcome=Outcome.NOT_MET, params=_TOLD),
    STOPPED: Trace(reason="b5.stopped", outcome=Outcome.NOT_MET, params=_TOLD),
}
AVOIDING = frozenset(trace.reason for trace in TRACES.values() if trace.outcome is not Outcome.NOT_MET)
"""The reasons that are findings against the collector."""
