"""What people, lists and publishers stated, fast: overrides, notices, register entries and every other record that is
not one of the many that a crawl writes by itself."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from .index.schema import NAME, NO_STATEMENTS
from .query import Record, Report, records
from .segments import segments

SMALL = 8 << 20
"""Bytes of a ledger up to which reading it whole is as good as an index."""

_log = logging.getLogger(__name__)


def statements(directory: Path, kinds: Collection[str] | None = None, *, report: Report | None = None) -> list[Record]:
    """Records of these kinds (None: every kind of statement) in a home's ledger, in the order of segments.

    Each is read from its segment; the home's `state.sqlite` only says where it stands, and is brought up to date first:
    of what is new since the last time every byte is looked at, and little of it is parsed. A ledger that is not there
    yet has none. `report` is called for each place that cannot be read; without it, it is logged. Raises `LedgerError`
    where the ledger or the disk fails.
    """
    directory = Path(directory)
    if not directory.is_dir() or not (paths := segments(directory)):
        return []
    home = directory.parent
    if directory.name != "ledger" or (not (home / NAME).exists() and _bytes(paths) < SMALL):
        found = records(directory, kinds=kinds, report=report)
        return [record for record in found if record.kind not in NO_STATEMENTS]
    # SQLite is loaded where a ledger is large enough to need it.
    from .index.store import Index

    with Index(home) as index:
        read, faults = index.statements(kinds)
    for fault in faults:
        if report is not None:
            report(fault)
        else:
            _log.warning("ledger: %s", fault)
    return read


def _bytes(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        with suppress(OSError):  # compressed or taken away meanwhile
            total += path.stat().st_size
    return total
