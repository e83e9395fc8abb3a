"""Attempts in the ledger: requests that were refused, or made otherwise than declared. What is usual stands in the
decisions and outcomes already; of these the identity that the site saw is kept as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..model import Attempt, Refusal
from . import segments
from .query import Record, Report, records
from .record import Table

KIND = "attempt"


def attempt_table(
    at: datetime,
    url: str,
    attempt: Attempt,
    *,
    user_agent: str,
    site: str,
    status: int | None = None,
    refusal: str | None = None,
    decision: str | None = None,
) -> Table:
    """One attempt: the user agent sent, the name of the proxy, a reference to credentials (never the secret), the
    page that led here. `status` None: it is about to be sent. `refusal` says in which way the answer refused
    (`http_403`, `challenge`, `login`); `site` is the registrable domain, `decision` the record it belongs to."""
    optional = {
        "challenge_solved": True if attempt.challenge_solved else None,
        "credentials": attempt.credentials,
        "decision": decision,
        "proxy": attempt.proxy,
        "referrer": attempt.referrer,
        "refusal": refusal,
        "status": status,
    }
    return {"at": at, "site": site, "url": url, "user_agent": user_agent} | {
        key: value for key, value in optional.items() if value is not None
    }


def refusal_of(record: Record) -> Refusal | None:
    """The refusal that an attempt record tells of; None for an attempt that was not refused."""
    table: Mapping[str, Any] = record.table
    if record.at is None or not isinstance(table.get("refusal"), str):
        return None
    status, agent, proxy = table.get("status"), table.get("user_agent"), table.get("proxy")
    return Refusal(
        url=str(table["url"]),
        site=str(table.get("site") or ""),
        at=record.at,
        kind=table["refusal"],
        status=status if isinstance(status, int) else None,
        user_agent=agent if isinstance(agent, str) else None,
        proxy=proxy if isinstance(proxy, str) else None,
        record=record.id,
    )


def read_refusals(directory: Path, *, since: datetime | None = None, report: Report | None = None) -> list[Refusal]:
    """Every refusal of a ledger in order; a ledger that is not there yet has none. Raises `LedgerError`."""
    if not Path(directory).is_dir() or not segments.segments(Path(directory)):
        return []
    found = (refusal_of(record) for record in records(directory, kinds={KIND}, since=since, report=report))
    return [refusal for refusal in found if refusal is not None]
