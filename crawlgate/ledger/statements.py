"""What people, lists and publishers stated, fast: overrides, notices, register entries and every other record that is
not one of the many that a crawl writes by itself."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from .index import Index
from .query import Record, Report
from .segments import segments

_log = logging.getLogger(__name__)


def statements(home: Path, kinds: Collection[str] | None = None, *, report: Report | None = None) -> list[Record]:
    """Records of these kinds (None: every kind of statement) in the ledger of `home`, in the order of segments.

    Each is read from its segment; `state.sqlite` only says where it stands, and is brought up to date first: of what is
    new since the last time every byte is looked at, and little of it is parsed. A home without a ledger has none.
    `report` is called for each that cannot be read; without it, it is logged. Raises `LedgerError` where the
    ledger or the disk fails.
    """
    ledger = Path(home) / "ledger"
    if not ledger.is_dir() or not segments(ledger):
        return []
    with Index(Path(home)) as index:
        found, faults = index.statements(kinds)
    for fault in faults:
        if report is not None:
            report(fault)
        else:
            _log.warning("ledger: %s", fault)
    return found
