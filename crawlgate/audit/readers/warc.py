"""Web archives (WARC, ARC, WACZ): pages as rows with headers and heads, policy files as evidence of their time."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ... import url as urls
from ...errors import ConfigError, UrlError
from ...headers import Headers
from ...limits import DEFAULT_LIMITS
from ...model import Evidence, EvidenceKind
from ...signals import answer
from ..book import policy_file
from ..rows import Particulars
from ..statuses import BAD_STATUS
from ..tables import Columns
from .batch import Batch, Reject, Told
from .records import Found, archives, records
from .source import Source

_COLUMNS = Columns(
    "url", "time", "status", "user_agent", redirect="redirect", referrer="referrer", content_hash="digest"
)
_BATCH = 20_000  # records carry headers and heads: fewer at a time than bare rows
_CODE = re.compile(r"[1-9][0-9]{2}\Z")
_ANSWERS = ("response", "revisit")
_CONTENT = ("resource", "conversion")


def read_archive(path: Source, told: Told) -> Iterator[Batch]:
    """The pages of an archive, batch by batch; its policy files are no rows (`policy_files` reads those). Raises
    `ConfigError` where there is no record in it that can be read."""
    first = 0
    seen: Counter[str] = Counter()
    for name, file, problem in archives(path):
        rows = _Rows(path, name, first, told)
        if problem:
            seen[rows.take(Found(0, None, problem))] += 1
        for found in records(file):
            if len(rows) >= _BATCH and not _goes_with(found):
                yield rows.batch()
                first += len(rows)
                rows = _Rows(path, name, first, told, rows)
            seen[rows.take(found)] += 1
        if len(rows) or rows.rejects:
            yield rows.batch()
            first += len(rows)
    if not first and not any(seen[told] for told in ("damaged", "answer without a status", "policy file")):
        held = ", ".join(f"{count} {name}" for name, count in sorted(seen.items())) or "none"
        raise ConfigError(f"{path}: there is no page in it; its records: {held}")


class _Rows:
    """The rows of one batch as they come."""

    def __init__(self, path: Source, name: str, first: int, told: Told, before: _Rows | None = None) -> None:
        self._path, self._name, self._first, self._told = path, name, first, told
        self._rows: list[tuple[str, str, int | None, str | None]] = []
        self._particulars: dict[int, Particulars] = {}
        self._offsets: dict[int, int] = {}
        self.rejects: list[Reject] = []
        # Requests and answers name one another; either may come first.
        self._by_id: dict[str, int] = {}
        self._agents: dict[int, str] = {}
        self._referrers: dict[int, str] = {}
        # Of requests whose answers are still to come, those of the batch `before` among them.
        self._sent: dict[str, tuple[str | None, str | None]] = {} if before is None else before._sent
        self._led: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, found: Found) -> str:
        """Take a record in; what it was."""
        if found.record is None:
            self.rejects.append(Reject(str(self._path), None, found.offset, "damaged", self._named(found.problem)))
            return "damaged"
        record = found.record
        if record.rec_type == "request":
            self._request(record)
            return "request"
        url, at, status = _of(record)
        if not _is_row(record, url):
            return str(record.rec_type)
        if status is None and record.rec_type == "response":
            said = record.http_headers.statusline if record.http_headers is not None else ""
            why = f"the answer names no status: {said[:60]!r} is none"
            self.rejects.append(Reject(str(self._path), None, found.offset, BAD_STATUS, self._named(why), url))
            return "answer without a status"
        if _policy_kind(url) is not None:
            return "policy file"
        here = len(self._rows)
        self._offsets[here] = found.offset
        particulars = _read(record, url, status, self._told) if status is not None else None
        if particulars is not None:
            self._particulars[here] = particulars
        own = record.rec_headers.get_header("WARC-Record-ID") or ""
        self._by_id[own] = here
        other = record.rec_headers.get_header("WARC-Concurrent-To") or ""
        sent = self._sent.pop(own, None) or self._sent.pop(other, None)
        if sent is not None:
            self._asked(here, *sent)
        if status is not None and 300 <= status < 400 and (location := record.http_headers.get_header("Location")):
            self._led[here] = location
        self._rows.append((url, at, status, record.rec_headers.get_header("WARC-Payload-Digest")))
        return "page"

    def _named(self, problem: str) -> str:
        return f"{self._name}: {problem}" if self._name else problem

    def _request(self, record: Any) -> None:
        headers = record.http_headers
        if headers is None:
            return
        sent = headers.get_header("User-Agent") or None, headers.get_header("Referer") or None
        named = [record.rec_headers.get_header(name) or "" for name in ("WARC-Concurrent-To", "WARC-Record-ID")]
        row = self._by_id.get(named[0])
        if row is not None:
            self._asked(row, *sent)
        elif any(sent):
            self._sent.update((name, sent) for name in named if name)

    def _asked(self, row: int, agent: str | None, referrer: str | None) -> None:
        if agent is not None:
            self._agents[row] = agent
        if referrer is not None:
            self._referrers[row] = referrer

    def batch(self) -> Batch:
        table = pa.table(
            {
                "url": pa.array([url for url, *_ in self._rows], pa.large_string()),
                "time": pa.array([at for _, at, _, _ in self._rows], pa.large_string()),
                "status": pa.array([status for _, _, status, _ in self._rows], pa.int32()),
                "user_agent": pa.array([self._agents.get(n) for n in range(len(self._rows))], pa.large_string()),
                "redirect": pa.array([self._led.get(n) for n in range(len(self._rows))], pa.large_string()),
                "referrer": pa.array([self._referrers.get(n) for n in range(len(self._rows))], pa.large_string()),
                "digest": pa.array([digest for *_, digest in self._rows], pa.large_string()),
            }
        )
        return Batch(self._path, self._first, table, _COLUMNS, self._particulars, self._offsets, tuple(self.rejects))


def _goes_with(found: Found) -> bool:
    """True for a record that tells of an answer before it, so that both belong in one batch."""
    return found.record is not None and found.record.rec_type == "request"


def _is_row(record: Any, url: str) -> bool:
    """Answers of servers, and contents without one (resource, conversion) that came from the web; name look-ups and
    the archive's own notes are none."""
    if record.rec_type in _ANSWERS:
        return not url.startswith(("dns:", "whois:", "urn:", "metadata:"))
    return record.rec_type in _CONTENT and url.startswith(("http://", "https://"))


def policy_files(path: Source, take: Callable[[Evidence], None]) -> int:
    """Hand every policy file of an archive to `take`, with the time at which it was received; how many there were.
    A revisit stands for the body it refers to, where that came before it in the same archive."""
    bodies: dict[str, bytes] = {}
    count = 0
    for opened in archives(path):
        for found in records(opened.file):
            evidence = None if found.record is None else _evidence(found.record, bodies)
            if evidence is not None:
                take(evidence)
                count += 1
    return count


def _evidence(record: Any, bodies: dict[str, bytes]) -> Evidence | None:
    url, at, status = _of(record)
    kind = _policy_kind(url)
    if kind is None or status is None:
        return None
    try:
        received = datetime.fromisoformat(at)
        href = urls.parse(url).href
    except (ValueError, UrlError):
        return None
    digest = record.rec_headers.get_header("WARC-Payload-Digest") or ""
    if record.rec_type == "revisit":
        if digest not in bodies:
            return None
        body = bodies[digest]
    else:
        body = _body(record, DEFAULT_LIMITS.robots_bytes + 1)
        if digest:
            bodies[digest] = body
    sha256 = hashlib.sha256(body).hexdigest()
    headers = tuple((n.lower(), v) for n, v in record.http_headers.headers) if record.http_headers else ()
    return Evidence(
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


def _of(record: Any) -> tuple[str, str, int | None]:
    """URL, time and status of a record; no status for what is no answer of a server, or does not say it."""
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    at = record.rec_headers.get_header("WARC-Date") or ""
    if record.rec_type not in _ANSWERS or record.http_headers is None:
        return url, at, None
    code = record.http_headers.get_statuscode() or ""
    return url, at, int(code) if _CODE.match(code) else None


def _policy_kind(url: str) -> EvidenceKind | None:
    slash = url.find("/", url.find("://") + 3)
    return policy_file(url[slash:]) if slash > 0 else None


def _read(record: Any, url: str, status: int, told: Told) -> Particulars | None:
    """What headers and page say, or None where the URL cannot be asked about (the engine says why)."""
    try:
        asked = urls.parse(urls.without_userinfo(url))
    except UrlError:
        return None
    headers = Headers(record.http_headers.headers)
    most = answer.body_limit(status, headers) if told.pages and record.rec_type != "revisit" else 0
    if not most:
        return Particulars(reading=answer.read(status, headers, None, url=asked, token=told.token))
    body = _body(record, most + 1)
    whole = len(body) <= most and not record.rec_headers.get_header("WARC-Truncated")
    reading = answer.read(status, headers, body, url=asked, token=told.token, whole=whole)
    return Particulars(reading=reading, looked=answer.looked_into(status, headers, body))


def _body(record: Any, limit: int) -> bytes:
    """The beginning of a body, unpacked where warcio can; empty where it is damaged."""
    try:
        return bytes(record.content_stream().read(limit))
    except (OSError, EOFError, ValueError):
        return b""
