"""The sweep: what is kept although a notice covers its source by now (C3), split by what was known at the fetch.

It leaves the finding for the fetch alone. Everything is read from the ledger and the versions of lists that were kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from .. import url as urls
from ..blocklist.asof import Covering, KnowledgeIndex
from ..blocklist.knowledge import NoticeStatus
from ..errors import UrlError
from ..ledger.query import DecisionRecord, Report, decisions, records
from ..model import Notice, Outcome

STORED, REMOVED = "stored", "removed"
_HANDED_OUT = frozenset({"released", "read"})
_PLACE = ("dataset", "shard", "offset", "length")


class Known(StrEnum):
    """What was known when an item was fetched."""

    BEFORE_RECEIPT = "before_receipt"
    """No notice had been received; whether it was published by then is said beside it."""

    BETWEEN = "between_receipt_and_load"
    """A notice had been received, and the gate that asked did not have it yet: a fault of the process."""

    AFTER_LOAD = "after_load"
    """The gate had the notice, and the item was taken all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepItem:
    """One item to look at. `notice` covers its source now; `place` says where it is (`dataset`, `shard`, `offset`,
    `length`), empty for a body that was handed out without a word about where it went. `published` is true where the
    issuer had listed the source before the fetch. `fetched` is the record of the decision, `url` the hop covered."""

    known: Known
    published: bool
    notice: Notice
    url: str
    fetched_at: datetime
    fetched: str
    outcome: str
    place: Mapping[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    url: str
    at: datetime
    had: bool
    now: tuple[Covering, ...]


def sweep(
    ledger: Path,
    index: KnowledgeIndex,
    *,
    now: datetime,
    report: Report | None = None,
) -> Iterator[SweepItem]:
    """Every item of the ledger's outcome records whose source a notice covers at `now`, in the order of the ledger.

    Items that were removed since are left out. An item comes once, with the notice that binds most: a verified one
    before others, and of those the first received. `report` is told of lines that cannot be read.
    """
    if index.empty:
        return
    candidates: dict[str, _Candidate] = {}
    before: dict[str, str] = {}
    for decision in decisions(ledger, report=report):
        if decision.hop_of is not None:
            before[decision.record] = decision.hop_of
        candidate = _candidate(decision, index, now)
        if candidate is not None:
            candidates[decision.record] = candidate
    if not candidates:
        return
    outcomes: dict[str, tuple[_Candidate, list[Mapping[str, Any]]]] = {}
    for record in records(ledger, kinds={"outcome"}, report=report):
        of = str(record.table.get("decision"))
        candidate = _of(of, candidates, before)
        if candidate is not None:
            outcomes.setdefault(of, (candidate, []))[1].append(record.table)
    for of, (candidate, tables) in outcomes.items():
        for table in _kept(tables):
            yield _item(of, candidate, table, index)


def _candidate(decision: DecisionRecord, index: KnowledgeIndex, now: datetime) -> _Candidate | None:
    """A decision about a URL that is covered now, whoever knew that then."""
    try:
        url = urls.parse(decision.url)
    except UrlError:
        return None
    if not index.ever(url):
        return None
    covering = tuple(found for found in index.covering(url, now) if found.status.counts)
    if not covering:
        return None
    c1 = decision.basis.get("findings", {}).get("C1", {})
    had = isinstance(c1, Mapping) and c1.get("outcome") in (Outcome.MET, Outcome.NEEDS_HUMAN)
    return _Candidate(url.href, decision.at, had, covering)


def _of(record: str, candidates: Mapping[str, _Candidate], before: Mapping[str, str]) -> _Candidate | None:
    """The candidate behind a record: its own decision, or one of the hops that led to it."""
    seen = set()
    at: str | None = record
    while at is not None and at not in seen:
        found = candidates.get(at)
        if found is not None:
            return found
        seen.add(at)
        at = before.get(at)
    return None


def _kept(tables: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The outcomes that say where a body is, less what was removed; or that it was handed out, if none says more."""
    removed = [table for table in tables if table.get("disposition") == REMOVED]
    stored = [table for table in tables if table.get("disposition") == STORED]
    if stored:
        yield from (table for table in stored if not any(_same_place(gone, table) for gone in removed))
        return
    handed = [table for table in tables if table.get("disposition") in _HANDED_OUT]
    if handed and not removed:
        yield max(handed, key=lambda table: table.get("disposition") == "read")


def _same_place(gone: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """True if a removal covers a place: what it does not name is any."""
    return all(gone.get(name) in (None, stored.get(name)) for name in (*_PLACE, "sha256"))


def _item(of: str, candidate: _Candidate, table: Mapping[str, Any], index: KnowledgeIndex) -> SweepItem:
    notice = min(candidate.now, key=_binds).notice
    then = index.covering(urls.parse(candidate.url), candidate.at)
    if any(found.status is NoticeStatus.KNOWN for found in then):
        # Loaded by some gate of the home; whether by this one, its own finding says.
        known = Known.AFTER_LOAD if candidate.had else Known.BETWEEN
    elif any(found.status is NoticeStatus.KNOWN_NOT_LOADED for found in then):
        known = Known.BETWEEN
    else:
        known = Known.BEFORE_RECEIPT
    return SweepItem(
        known=known,
        published=any(found.status is NoticeStatus.PUBLISHED for found in then),
        notice=notice,
        url=candidate.url,
        fetched_at=candidate.at,
        fetched=of,
        outcome=str(table.get("disposition")),
        place={name: table[name] for name in _PLACE if table.get(name) is not None},
        sha256=str(table.get("sha256") or ""),
    )


def _binds(found: Covering) -> tuple[bool, str]:
    notice = found.notice
    return not notice.issuer_verified, notice.received_at.isoformat() if notice.received_at else "~"
