"""The licensor register in the ledger: who sells data for analysis, as it became known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ..model import Product, RegisterEntry
from . import segments
from .query import Record, Report, records
from .record import Table

KIND = "register"


def register_table(at: datetime, entry: RegisterEntry) -> Table:
    """One entry, written `at`; `first_seen` stands in it where it is another time."""
    optional = {
        "currency": entry.currency or None,
        "ended_at": entry.ended_at,
        "evidence": entry.evidence or None,
        "free_urls": list(entry.free_urls) or None,
        "first_seen": entry.first_seen if entry.first_seen != at else None,
        "name": entry.name or None,
        "past": True if entry.past else None,
        "price": entry.price or None,
        "urls": list(entry.urls) or None,
    }
    return {"at": at, "host": entry.host, "product": entry.product, "source": entry.source} | {
        key: value for key, value in optional.items() if value is not None
    }


def entry_of(record: Record) -> RegisterEntry | None:
    """The entry in a record; None if it is none that `register_table` made."""
    table = record.table
    try:
        return RegisterEntry(
            host=str(table["host"]),
            product=Product(table["product"]),
            name=str(table.get("name") or ""),
            price=str(table.get("price") or ""),
            currency=str(table.get("currency") or ""),
            evidence=str(table.get("evidence") or ""),
            first_seen=_time(table.get("first_seen")) or record.at,
            ended_at=_time(table.get("ended_at")),
            past=table.get("past") is True,
            urls=tuple(str(url) for url in table.get("urls") or ()),
            free_urls=tuple(str(url) for url in table.get("free_urls") or ()),
            source=str(table.get("source") or ""),
        )
    except (KeyError, TypeError, ValueError):
        return None


def read_register(directory: Path, *, report: Report | None = None) -> list[tuple[RegisterEntry, Record]]:
    """Every entry of a ledger with its record, in order; a ledger that is not there yet has none."""
    if not Path(directory).is_dir() or not segments.segments(Path(directory)):
        return []
    found = ((entry_of(record), record) for record in records(directory, kinds={KIND}, report=report))
    return [(entry, record) for entry, record in found if entry is not None]


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    at = datetime.fromisoformat(value)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
