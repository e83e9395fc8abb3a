"""Where an audit finds what stood in policy files at the time: archives, homes of the gate, tables of bodies, and
folders of files (`dated`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .. import url as urls
from ..errors import ConfigError, LedgerError, UrlError
from ..evidence.read import EvidenceReader
from ..ledger.query import records
from ..ledger.segments import Fault
from ..ledger.verify_evidence import location_of
from ..model import Evidence, EvidenceKind
from .book import Content, EvidenceBook, instant, micros, policy_file
from .dated import dated_file
from .readers import files
from .readers.batch import Reject
from .readers.kinds import kind_of
from .readers.source import Source, found
from .readers.text import text_rows
from .readers.warc import policy_files
from .rows import NO_ANSWER, NO_STATUS, ROBOTS_PRECLUDED
from .statuses import refusal, status_of
from .times import read_times

_BODY = ("body", "robots", "robots_txt", "content", "text")
_ROWS = 4096  # read at once: bodies may be large
_TABLES = ("parquet", "csv", "json")
_TEXTS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
_OF_SITES = (
    EvidenceKind.ROBOTS,
    EvidenceKind.TDMREP,
    EvidenceKind.RSL,
    EvidenceKind.TDM_POLICY,
    EvidenceKind.AI_TXT,
    EvidenceKind.TRUST_TXT,
)


def gather(
    names: list[str], book: EvidenceBook, *, latest: datetime, zone: tzinfo | None = None
) -> tuple[list[Source], list[Reject]]:
    """Take in the evidence of some sources: archives (WARC, ARC, WACZ), tables with a host or URL, the time of
    receipt, status and body, homes of the gate, and folders of files by host and time. The files it came from, and
    what cannot be used. Raises `ConfigError` for a source that is none."""
    rejects: list[Reject] = []
    used: list[Source] = []
    for name in names:
        folder = Path(name)
        if (folder / "ledger").is_dir() or (folder / "evidence").is_dir():
            rejects += of_home(folder, book.add)
            used += sorted([*(folder / "ledger").glob("*.jsonl*"), *(folder / "evidence").glob("*.warc.gz")])
            continue
        sources, alone = found(name)
        here = 0
        for source in sources:
            kind = kind_of(source)
            if kind is not None and kind.archive:
                policy_files(source, book.add)
            elif kind is not None and kind.name in _TABLES:
                rejects += _from_table(source, book, latest, zone)
            elif not alone:
                item = dated_file(name, source)
                if isinstance(item, Reject):
                    rejects.append(item)
                else:
                    book.add(item)
            else:
                raise ConfigError(
                    f"{source} is no evidence: pass an archive, a table with url (or host), time, status and body, "
                    "a home of the gate, or a folder of files by host and time"
                )
            used.append(source)
            here += 1
        if not here:
            raise ConfigError(f"{name} holds no evidence")
    return used, rejects


def of_home(home: Path, take: Callable[[Evidence], None]) -> list[Reject]:
    """Hand the policy files that a home of the gate keeps to `take`, failures to get them included: they are what was
    known then. Without a ledger its WARC files are read. What is not as it was stored is told."""
    if not (home / "ledger").is_dir():
        for source in files([str(home / "evidence")])[0]:
            policy_files(source, take)
        return []
    faults: list[Fault] = []
    rejects: list[Reject] = []
    reader = EvidenceReader(home / "evidence")
    try:
        for record in records(home / "ledger", kinds={"evidence"}, report=faults.append):
            table, at = record.table, record.at
            if at is None or table.get("source") not in _OF_SITES:
                continue
            body = b""
            location = location_of(table.get("location"))
            if location is not None and table.get("bytes"):
                try:
                    body = reader.body(location)
                except LedgerError as error:
                    rejects.append(
                        Reject(record.id, None, record.offset, "evidence", str(error), str(table.get("url")))
                    )
                    continue
            take(_kept(table, at, body))
    except LedgerError as error:
        raise ConfigError(str(error)) from None
    return rejects + [Reject(f.segment, f.line - 1, f.offset, "evidence", f.message) for f in faults]


def _kept(table: Mapping[str, Any], at: datetime, body: bytes) -> Evidence:
    status, headers = table.get("status"), table.get("headers")
    pairs = headers if isinstance(headers, list) else []
    return Evidence(
        id=str(table.get("id")),
        kind=EvidenceKind(str(table.get("source"))),
        url=str(table.get("url")),
        final_url=str(table.get("final_url") or table.get("url")),
        fetched_at=at,
        status=status if isinstance(status, int) else None,
        headers=tuple(
            (str(pair[0]).lower(), str(pair[1])) for pair in pairs if isinstance(pair, list) and len(pair) == 2
        ),
        body=body,
        sha256=str(table.get("sha256") or hashlib.sha256(body).hexdigest()),
        truncated=table.get("truncated") is True,
        error=None if table.get("error") is None else str(table["error"]),
    )


def _from_table(path: Source, book: EvidenceBook, latest: datetime, zone: tzinfo | None) -> list[Reject]:
    rejects: list[Reject] = []
    for first, table in _tables(path, rejects):
        rejects += take_table(table, book, str(path), latest=latest, zone=zone, first=first)
    return rejects


def place_of(names: Sequence[str], what: str) -> tuple[str, str]:
    """Which column of a table of evidence says of which site a row is, and which holds the body. Raises `ConfigError`
    that names `what` the table is."""
    lower = {name.lower(): name for name in reversed(names)}
    body = next((lower[name] for name in _BODY if name in lower), None)
    place = next((lower[name] for name in ("url", "host", "origin") if name in lower), None)
    if body is None or place is None or "time" not in lower:
        raise ConfigError(
            f"{what}: a table of evidence has a column url (or host), time, status and body; this one has "
            f"{', '.join(names)}"
        )
    return place, body


def take_table(
    table: Any, book: EvidenceBook, what: str, *, latest: datetime, zone: tzinfo | None = None, first: int = 0
) -> list[Reject]:
    """Take in an Arrow table of evidence, `what` by name, of which the first row is number `first`; what cannot be
    used. Raises `ConfigError` where a column is missing."""
    place, body = place_of(table.column_names, what)
    names = {name.lower(): name for name in reversed(table.column_names)}
    rejects: list[Reject] = []
    at = read_times(table[names["time"]], latest=latest, zone=zone)
    statuses = table[names["status"]].to_pylist() if "status" in names else [200] * len(table)
    bodies, which = _bodies(table[body])
    robots: list[tuple[str, int, int]] = []
    numbers: dict[tuple[Content, int], int] = {}
    for row, (where, status, content) in enumerate(zip(table[place].to_pylist(), statuses, which, strict=True)):
        where = _text(where)
        try:
            if row in at.refused:
                raise _UnusableError(at.refused[row][1])
            url, kind = _policy_file(str(where or ""))
            answer = _answer(status, bodies[content])
        except (_UnusableError, UrlError) as problem:
            rejects.append(Reject(what, first + row, None, "evidence", str(problem), str(where or "")))
            continue
        if kind is EvidenceKind.ROBOTS:
            robots.append((url.origin, int(at.at[row]), numbers.setdefault((answer, content), len(numbers))))
        else:
            book.add(_evidence(url.href, kind, instant(int(at.at[row])), answer, bodies[content][0]))
    if robots:
        origins, received, answers = zip(*robots, strict=True)
        given = [micros(instant(when)) for when in received]
        book.add_robots(origins, given, answers, [(answer, bodies[content][0]) for answer, content in numbers])
    return rejects


def _tables(path: Source, rejects: list[Reject]) -> Iterator[tuple[int, Any]]:
    """The table in pieces, each with the number of its first row; a file of text is one piece."""
    kind = kind_of(path)
    if kind is not None and kind.name == "parquet":
        try:
            with path.open("rb") as file:
                first = 0
                for batch in pq.ParquetFile(file, pre_buffer=False).iter_batches(_ROWS):
                    yield first, pa.Table.from_batches([batch])
                    first += len(batch)
        except (OSError, pa.ArrowException) as error:
            raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0][:200]}") from None
        return
    rows: list[Mapping[str, Any]] = []
    for number, offset, row in text_rows(path):
        if isinstance(row, str):
            rejects.append(Reject(str(path), number, offset, "evidence", row))
        else:
            rows.append(row)
    if rows:
        names = dict.fromkeys(name for row in rows for name in row)  # a row may leave out what others say
        columns = {name: pa.array([_text(row.get(name)) for row in rows], pa.large_string()) for name in names}
        yield 0, pa.table(columns)


def _text(value: Any) -> str | None:
    """As text; None is none."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


class _UnusableError(Exception):
    """Why a row is no evidence."""


def _bodies(column: Any) -> tuple[list[tuple[bytes, str]], list[int]]:
    """The different bodies of a column with their hashes, and which of them each row has. One that stands in many rows
    is read once a chunk."""
    found: dict[Any, int] = {}
    which: list[int] = []
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        coded = chunk.dictionary_encode() if chunk.type in _TEXTS else chunk
        if pa.types.is_dictionary(coded.type):
            values, codes = [*coded.dictionary.to_pylist(), None], coded.indices.fill_null(-1).to_pylist()
        else:
            values, codes = chunk.to_pylist(), range(len(chunk))
        raw = [v if isinstance(v, bytes) else str(v or "").encode("utf-8", "surrogatepass") for v in values]
        numbers = [found.setdefault(one, len(found)) for one in raw]
        which += [numbers[code] for code in codes]
    return [(body, hashlib.sha256(body).hexdigest()) for body in found], which


def _policy_file(where: str) -> tuple[urls.Url, EvidenceKind]:
    """Which policy file a URL or a host means. Raises `UrlError`, or `_UnusableError` where it is none."""
    url = urls.parse(where if "://" in where else f"https://{where}/robots.txt")
    if url.target == "/":
        url = urls.parse(url.origin + "/robots.txt")
    kind = policy_file(url.target)
    if kind is None:
        raise _UnusableError(f"{url.href} is no policy file")
    return url, kind


def _answer(status: Any, body: tuple[bytes, str]) -> Content:
    code = status_of(status)
    if code is None or code == ROBOTS_PRECLUDED:
        raise _UnusableError(refusal(status)[1])
    answered = None if code in (NO_STATUS, NO_ANSWER) else code
    return Content(answered, None if answered is not None else "no_answer", body[1])


def _evidence(href: str, kind: EvidenceKind, at: datetime, answer: Content, body: bytes) -> Evidence:
    return Evidence(
        id=f"{kind}:{answer.sha256[:16]}",
        kind=kind,
        url=href,
        final_url=href,
        fetched_at=at,
        status=answer.status,
        body=body,
        sha256=answer.sha256,
        error=answer.error,
    )
