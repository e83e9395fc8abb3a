"""What people put on record about the ledger itself: collections that did not pass the gate, which a ledger cannot know
of, and segments that were deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ..ledger.query import Record
from .coverage import Deletion, Outside

OUTSIDE, DELETION = "outside", "deletion"


def outside_table(
    at: datetime,
    name: str,
    *,
    by: str,
    reason: str,
    since: datetime | None = None,
    until: datetime | None = None,
    dataset: str | None = None,
) -> dict[str, Any]:
    """The table of such a record: what the collection is called, who says so and why, when it ran (None: not known),
    and the dataset it fed."""
    optional = {"dataset": dataset, "since": since, "until": until}
    table = {"at": at, "by": by, "name": name, "reason": reason}
    return table | {key: value for key, value in optional.items() if value is not None}


def outside(records: Iterable[Record]) -> tuple[Outside, ...]:
    """What people put on record; fields that are not what they should be are left out."""
    return tuple(
        Outside(
            record=record.id,
            name=_text(record.table.get("name")),
            by=_text(record.table.get("by")),
            reason=_text(record.table.get("reason")),
            dataset=_text(record.table.get("dataset")) or None,
            since=_time(record.table.get("since")),
            until=_time(record.table.get("until")),
        )
        for record in records
    )


def deletions(records: Iterable[Record]) -> tuple[Deletion, ...]:
    """Deletions of segments, with what they held."""
    found = []
    for record in records:
        listed = record.table.get("segments")
        gone = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        counts = [one["records"] for one in gone if type(one.get("records")) is int]
        found.append(
            Deletion(
                record=record.id,
                at=record.at,
                by=_text(record.table.get("by")),
                reason=_text(record.table.get("reason")),
                segments=tuple(name for one in gone if (name := _text(one.get("segment")))),
                records=sum(counts),
            )
        )
    return tuple(found)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is None else found.astimezone(UTC)
