"""Where an audit finds what stood in policy files at the time: archives, and tables of robots.txt bodies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .. import url as urls
from ..errors import ConfigError, UrlError
from ..model import Evidence, EvidenceKind
from .book import EvidenceBook, instant, policy_file
from .readers import files
from .readers.batch import Reject
from .readers.tables import text_rows
from .readers.warc import ENDINGS as ARCHIVES
from .readers.warc import policy_files
from .times import read_times

_BODY = ("body", "robots", "robots_txt", "content", "text")


def gather(names: list[str], book: EvidenceBook, *, latest: datetime) -> list[Reject]:
    """Take in the evidence of some sources: archives (WARC, ARC), or tables with a host or URL, the time of receipt,
    status and body. What cannot be used is told. Raises `ConfigError` for a source that is none."""
    rejects: list[Reject] = []
    for path in files(names):
        if path.name.lower().endswith(ARCHIVES):
            policy_files(path, book.add)
        else:
            rejects += _from_table(path, book, latest)
    return rejects


def _from_table(path: Path, book: EvidenceBook, latest: datetime) -> list[Reject]:
    rejects: list[Reject] = []
    for first, table in _tables(path, rejects):
        names = {name.lower(): name for name in reversed(table.column_names)}
        body = next((names[name] for name in _BODY if name in names), None)
        place = next((names[name] for name in ("url", "host", "origin") if name in names), None)
        if body is None or place is None or "time" not in names:
            raise ConfigError(
                f"{path}: a table of evidence has a column url (or host), time, status and body; this one has "
                f"{', '.join(table.column_names)}"
            )
        at = read_times(table[names["time"]], latest=latest)
        statuses = table[names["status"]].to_pylist() if "status" in names else [200] * len(table)
        rows = zip(table[place].to_pylist(), statuses, table[body].to_pylist(), strict=True)
        for row, (where, status, content) in enumerate(rows):
            problem = at.refused[row][1] if row in at.refused else None
            found = problem or _evidence(str(where or ""), instant(int(at.at[row])), status, content)
            if isinstance(found, Evidence):
                book.add(found)
            else:
                rejects.append(Reject(str(path), first + row, None, "evidence", found, str(where or "")))
    return rejects


def _tables(path: Path, rejects: list[Reject]) -> Iterator[tuple[int, Any]]:
    """The table in pieces, each with the number of its first row; a file of text is one piece."""
    if path.suffix in (".parquet", ".pq"):
        first = 0
        for batch in pq.ParquetFile(path).iter_batches():
            yield first, pa.Table.from_batches([batch])
            first += len(batch)
        return
    rows: list[Mapping[str, Any]] = []
    for number, offset, row in text_rows(path):
        if isinstance(row, str):
            rejects.append(Reject(str(path), number, offset, "evidence", row))
        else:
            rows.append(row)
    if rows:
        yield (
            0,
            pa.table({name: pa.array([_text(row.get(name)) for row in rows], pa.large_string()) for name in rows[0]}),
        )


def _text(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else str(value)


def _evidence(where: str, at: datetime, status: Any, content: Any) -> Evidence | str:
    try:
        url = urls.parse(where if "://" in where else f"https://{where}/robots.txt")
    except UrlError as error:
        return str(error)
    if url.target == "/":
        url = urls.parse(url.origin + "/robots.txt")
    kind = policy_file(url.target)
    if kind is None:
        return f"{url.href} is no policy file"
    body = content if isinstance(content, bytes) else str(content or "").encode("utf-8", "surrogatepass")
    try:
        answered = None if status is None or status == "" else int(status)
    except ValueError:
        return f"status {status!r} is no number"
    digest = hashlib.sha256(body).hexdigest()
    return Evidence(
        id=f"{EvidenceKind(kind)}:{digest[:16]}",
        kind=kind,
        url=url.href,
        final_url=url.href,
        fetched_at=at,
        status=answered,
        body=body,
        sha256=digest,
        error=None if answered is not None else "no_answer",
    )
