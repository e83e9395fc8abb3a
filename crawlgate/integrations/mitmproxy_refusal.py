"""The answer that a client behind the proxy gets in place of what was refused: a problem object (RFC 9457).

`Proxy-Status` (RFC 9209) says that it came from the gate and not from the site; `Crawlgate-Record` names the decision.
"""

from __future__ import annotations

from typing import Any

import orjson

from ..limits import DEFAULT_LIMITS
from ..model import Decision, Verdict
from ..report.json import answer_object
from .hop import missing

try:
    from mitmproxy import http
except ImportError as error:
    raise missing("mitmproxy", error) from None

RECORD = "Crawlgate-Record"


def refusal(decision: Decision, received: int | None = None) -> http.Response:
    """The answer for a decision that is not allow; `received` is the status that the site gave, None if it was not
    asked.

    403; 503 with Retry-After where the decision is for now only. Not 451: that one tells of a legal demand (RFC 7725),
    which a finding is not.
    """
    for_now = decision.temporary and decision.verdict is Verdict.DENY
    words = f"{decision.verdict} for now" if for_now else str(decision.verdict)
    kind = "not_now" if for_now else "denied" if decision.verdict is Verdict.DENY else "held"
    table = {
        **answer_object(decision),
        "type": f"urn:crawlgate:problem:{kind}",
        "title": f"The gate's answer is {words}",
    }
    how = "error=http_request_denied" if received is None else f"received-status={received}"
    reasons = ", ".join((words, *(finding.criterion for finding in decision.reasons)))
    headers = {"Proxy-Status": f'crawlgate; {how}; details="{reasons}"', RECORD: decision.record}
    if for_now:
        headers["Retry-After"] = str(int(DEFAULT_LIMITS.unreachable_retry))
    return _problem(503 if for_now else 403, table, headers)


def no_answer() -> http.Response:
    """The answer where the gate itself failed: nothing was recorded, so nothing passes."""
    table = {"type": "urn:crawlgate:problem:no_answer", "title": "The gate could not answer; its log says why"}
    return _problem(503, table, {"Proxy-Status": "crawlgate; error=proxy_internal_error", "Retry-After": "5"})


def _problem(status: int, table: dict[str, Any], headers: dict[str, str]) -> http.Response:
    usual = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    return http.Response.make(status, orjson.dumps({**table, "status": status}), {**usual, **headers})
