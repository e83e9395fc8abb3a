"""Reading a file as an audit does: rows as plain tuples, rejects by row or offset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from crawlgate.audit.readers import Reject, Source, Told, read
from crawlgate.audit.readers.batch import ROW_NUMBER

TOLD = Told("ExampleBot")


def rows_of(path: Source, told: Told = TOLD) -> tuple[list[dict[str, Any]], list[Reject]]:
    """The rows of a file with their numbers, by the columns that the judge looks at, and its rejects."""
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for batch in read(path, told):
        rejects += batch.rejects
        table = batch.rows
        numbers = (
            table[ROW_NUMBER].to_numpy() if ROW_NUMBER in table.column_names else np.arange(len(table)) + batch.first
        )
        names = {
            role: name
            for role in ("url", "time", "status", "user_agent", "proxy")
            if (name := getattr(batch.columns, role)) in table.column_names
        }
        for n, row in enumerate(table.to_pylist()):
            rows.append({"row": int(numbers[n])} | {role: row[name] for role, name in names.items()})
    return rows, rejects


def urls_of(path: Source, told: Told = TOLD) -> list[str]:
    """The URLs of a file's rows."""
    return [row["url"] for row in rows_of(path, told)[0]]


def written(folder: Path, name: str, data: str | bytes) -> Path:
    """A file in a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path
