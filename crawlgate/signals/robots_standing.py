"""What the outcome of fetching robots.txt means (RFC 9309 2.3.1)."""

from __future__ import annotations

from enum import StrEnum

from ..model import Evidence


class Standing(StrEnum):
    """How a site's robots.txt stands for a gate that must not guess.

    `read`: there is a body to read. `absent`: the site has none (2.3.1.3). `withheld`: 401 or 403; the RFC
    lets a crawler pass, we hand it to a person. `unreachable`: 5xx, 429, no answer, or redirects without
    end; everything is disallowed for now (2.3.1.4). `not_looked`: it was not asked for.
    """

    READ = "read"
    ABSENT = "absent"
    WITHHELD = "withheld"
    UNREACHABLE = "unreachable"
    NOT_LOOKED = "not_looked"


def standing(evidence: Evidence | None) -> tuple[Standing, str]:
    """How robots.txt stands, and the reason as a short code for the record (`http_503`, `timeout` ...)."""
    if evidence is None:
        return Standing.NOT_LOOKED, ""
    status = evidence.status
    if status is None:
        return Standing.UNREACHABLE, evidence.error or "no_answer"
    if evidence.error:
        return Standing.UNREACHABLE, evidence.error
    reason = f"http_{status}"
    if 200 <= status < 300:
        return Standing.READ, reason
    if status in (401, 403):
        return Standing.WITHHELD, reason
    if 400 <= status < 500 and status != 429:
        return Standing.ABSENT, reason
    return Standing.UNREACHABLE, reason
