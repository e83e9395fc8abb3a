"""Where an audit finds what stood in policy files at the time: archives, and tables of robots.txt bodies."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from .. import url as urls
from ..errors import ConfigError, UrlError
from ..model import Evidence, EvidenceKind
from .book import EvidenceBook, instant, policy_file
from .readers import Told, files, read
from .readers.batch import Reject
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
    import pyarrow.parquet as pq

    rejects: list[Reject] = []
    if path.suffix in (".parquet", ".pq"):
        tables: Any = (pa.Table.from_batches([batch]) for batch in pq.ParquetFile(path).iter_batches())
    else:
        told = Told(token="", columns={"url": "url", "time": "time", "status": "status", "user_agent": _body_of(path)})
        tables = (batch.rows for batch in read(path, told))
    first = 0
    for table in tables:
        body = next((name for name in table.column_names if name.lower() in _BODY), None)
        place = next((name for name in table.column_names if name.lower() in ("url", "host", "origin")), None)
        if body is None or place is None or "time" not in table.column_names:
            raise ConfigError(
                f"{path}: a table of evidence has a column url (or host), time, status and body; this one has "
                f"{', '.join(table.column_names)}"
            )
        at = read_times(table["time"], latest=latest)
        statuses = table["status"].to_pylist() if "status" in table.column_names else [200] * len(table)
        rows = zip(table[place].to_pylist(), statuses, table[body].to_pylist(), strict=True)
        for row, (where, status, content) in enumerate(rows):
            problem = at.refused[row][1] if row in at.refused else None
            found = None if problem else _evidence(str(where or ""), instant(int(at.at[row])), status, content)
            if isinstance(found, Evidence):
                book.add(found)
            else:
                why = problem or found or "not read"
                rejects.append(Reject(str(path), first + row, None, "evidence", why, str(where or "")))
        first += len(table)
    return rejects


def _body_of(path: Path) -> str:
    """The name of the column that holds the bodies, as the first line of a text table has it."""
    import gzip

    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        head = file.readline(65536).decode("utf-8", "replace").lower()
    return next((name for name in _BODY if name in head), "body")


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
