"""What an audit found of the collector's behaviour across rows, by reason, with example rows (B5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..classes import DecisionClass
from ..shown import AVOIDING

EXAMPLES = 5
_COLUMNS = ["file", "row", "url", "host", "time", "basis", "earlier_file", "earlier_row"]


def avoided(decisions: Path, classes: Sequence[DecisionClass]) -> list[dict[str, Any]]:
    """Reasons with their rows and hosts, and the first rows of each beside the row that was refused before them. Reads
    the decisions back only where there is one."""
    reasons = [_reason(one) for one in classes]
    found: dict[str, dict[str, Any]] = {
        reason: {"reason": reason, "outcome": outcome, "rows": 0, "hosts": set(), "examples": []}
        for reason, outcome in sorted({one for one in reasons if one is not None})
    }
    if not found:
        return []
    numbers = {reason: [n for n, one in enumerate(reasons) if one is not None and one[0] == reason] for reason in found}
    with pq.ParquetFile(decisions, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            basis = file.read_row_group(group, columns=["basis"])["basis"].to_numpy()
            about = {reason: np.flatnonzero(np.isin(basis, which)) for reason, which in numbers.items()}
            if not any(len(rows) for rows in about.values()):
                continue
            table = file.read_row_group(group, columns=_COLUMNS)
            for reason, rows in about.items():
                told = found[reason]
                told["rows"] += len(rows)
                told["hosts"].update(pc.unique(table["host"].take(rows)).to_pylist())
                missing = EXAMPLES - len(told["examples"])
                told["examples"] += [_example(row) for row in table.take(rows[:missing]).to_pylist()]
    return [one | {"hosts": len(one["hosts"])} for one in found.values()]


def _reason(one: DecisionClass) -> tuple[str, str] | None:
    said = (f for f in one.findings if f.criterion == "B5" and f.reason in AVOIDING)
    return next(((f.reason, str(f.outcome)) for f in said), None)


def _example(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": row["file"],
        "row": row["row"],
        "url": row["url"],
        "time": row["time"].isoformat(),
        "earlier_file": row["earlier_file"],
        "earlier_row": row["earlier_row"],
    }
