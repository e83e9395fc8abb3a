"""Web archives (WARC, ARC): pages as rows with their headers and heads, policy files as evidence of their time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.exceptions import ArchiveLoadFailed  # type: ignore[import-untyped]

from ... import url as urls
from ...errors import ConfigError, UrlError
from ...headers import Headers
from ...limits import DEFAULT_LIMITS
from ...model import Evidence, EvidenceKind
from ...signals import page, response
from ...signals.response import Reading
from ..book import policy_file
from ..rows import Particulars
from ..tables import Columns
from .batch import Batch, Reject, Told

ENDINGS = (".warc", ".warc.gz", ".arc", ".arc.gz")
_COLUMNS = Columns("url", "time", "status")
_BATCH = 20_000  # records carry headers and heads: fewer at a time than bare rows


def read_archive(path: Path, told: Told) -> Iterator[Batch]:
    """The pages of an archive, batch by batch; its policy files are no rows (`policy_files` reads those)."""
    rows: list[tuple[str, str, int]] = []
    particulars: dict[int, Particulars] = {}
    offsets: dict[int, int] = {}
    rejects: list[Reject] = []
    first = 0
    for offset, record, problem in _records(path):
        if record is None:
            rejects.append(Reject(str(path), None, offset, "damaged", problem))
            continue
        url, at, status = _of(record)
        if status is None or _policy_kind(url) is not None:
            continue
        offsets[len(rows)] = offset
        reading = _read(record, url, status, told.token)
        if reading is not None:
            particulars[len(rows)] = Particulars(reading=reading)
        rows.append((url, at, status))
        if len(rows) >= _BATCH:
            yield _batch(path, first, rows, particulars, offsets, rejects)
            first += len(rows)
            rows, particulars, offsets, rejects = [], {}, {}, []
    if rows or rejects:
        yield _batch(path, first, rows, particulars, offsets, rejects)


def policy_files(path: Path, take: Callable[[Evidence], None]) -> int:
    """Hand every policy file of an archive to `take`, with the time at which it was received; how many there were.
    A revisit stands for the body it refers to, where that came before it in the same archive."""
    bodies: dict[str, bytes] = {}
    count = 0
    for _, record, _ in _records(path):
        if record is None:
            continue
        url, at, status = _of(record)
        kind = _policy_kind(url)
        if kind is None or status is None:
            continue
        try:
            received = datetime.fromisoformat(at)
            href = urls.parse(url).href
        except (ValueError, UrlError):
            continue
        digest = record.rec_headers.get_header("WARC-Payload-Digest") or ""
        if record.rec_type == "revisit":
            if digest not in bodies:
                continue
            body = bodies[digest]
        else:
            body = _body(record, DEFAULT_LIMITS.robots_bytes + 1)
            if digest:
                bodies[digest] = body
        sha256 = hashlib.sha256(body).hexdigest()
        headers = tuple((n.lower(), v) for n, v in record.http_headers.headers) if record.http_headers else ()
        take(
            Evidence(
                id=f"{kind}:{sha256[:16]}",
                kind=kind,
                url=href,
                final_url=href,
                fetched_at=received if received.tzinfo else received.replace(tzinfo=UTC),
                status=status,
                headers=headers,
                body=body,
                sha256=sha256,
            )
        )
        count += 1
    return count


def _records(path: Path) -> Iterator[tuple[int, Any, str]]:
    """Offset and record, or offset and what is wrong from there on."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    with file:
        iterator = ArchiveIterator(file, arc2warc=True)
        offset, end = 0, 0
        while True:
            try:
                record = next(iterator)
                offset = iterator.offset  # asking for it by name would read the record away
            except StopIteration:
                if _rest(file, end):
                    yield end, None, "what follows is no record that can be read"
                return
            except (ArchiveLoadFailed, OSError, EOFError, ValueError, KeyError, IndexError, AttributeError) as error:
                yield (
                    file.tell(),
                    None,
                    f"cannot be read from about here on: {str(error)[:200] or type(error).__name__}",
                )
                return
            yield offset, record, ""
            try:
                iterator.read_to_end()
                end = offset + iterator.get_record_length()
            except (ArchiveLoadFailed, OSError, EOFError, ValueError):
                end = offset


def _rest(file: BinaryIO, end: int) -> bool:
    """True if something follows the last record: the reader stops without a word at what is no gzip member."""
    file.seek(end)
    return bool(file.read(1 << 16).strip())


def _of(record: Any) -> tuple[str, str, int | None]:
    """URL, time and status of a record; no status for what is no answer of a server."""
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    at = record.rec_headers.get_header("WARC-Date") or ""
    if record.rec_type not in ("response", "revisit") or record.http_headers is None:
        return url, at, None
    try:
        return url.strip("<>"), at, int(record.http_headers.get_statuscode() or "")
    except ValueError:
        return url, at, None


def _policy_kind(url: str) -> EvidenceKind | None:
    slash = url.find("/", url.find("://") + 3)
    return policy_file(url[slash:]) if slash > 0 else None


def _read(record: Any, url: str, status: int, token: str) -> Reading | None:
    """What headers and page say, or None where the URL cannot be asked about (the engine says why)."""
    try:
        asked = urls.parse(url)
    except UrlError:
        return None
    headers = Headers(record.http_headers.headers)
    reading = response.read_headers(status, headers, url=asked, token=token)
    if record.rec_type == "revisit" or not response.is_page(status, headers):
        return reading
    body = _body(record, DEFAULT_LIMITS.page_head_bytes)
    whole = len(body) < DEFAULT_LIMITS.page_head_bytes
    return page.read(body, reading, url=asked, headers=headers, token=token, whole=whole, status=status)


def _body(record: Any, limit: int) -> bytes:
    """The beginning of a body, unpacked where warcio can; empty where it is damaged."""
    try:
        return bytes(record.content_stream().read(limit))
    except (OSError, EOFError, ValueError):
        return b""


def _batch(
    path: Path,
    first: int,
    rows: list[tuple[str, str, int]],
    particulars: dict[int, Particulars],
    offsets: dict[int, int],
    rejects: list[Reject],
) -> Batch:
    table = pa.table(
        {
            "url": pa.array([url for url, _, _ in rows], pa.large_string()),
            "time": pa.array([at for _, at, _ in rows], pa.large_string()),
            "status": pa.array([status for _, _, status in rows], pa.int32()),
        }
    )
    return Batch(path, first, table, _COLUMNS, particulars, offsets, tuple(rejects))
