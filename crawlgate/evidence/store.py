"""Evidence on disk as WARC, so that any archive tool opens it: one file for one process, whole records only.

A `response` record holds status, headers and body as judged; codings were undone before that, so the headers
that spoke of them stand as `X-Archive-Orig-...`. The same body of the same URL again is a `revisit`; a fetch
that failed is `metadata`, with a `resource` before it for the part of a body that came. Headers that begin
with `Crawlgate-` are ours: requested URL, hops, evidence id, and where the body of such a record stands.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.utils import Digester  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from ..errors import LedgerError, LedgerInvalid
from ..model import Evidence

_SECRET = frozenset({"set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"})
_WIRE_ONLY = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_UNFIT_IN_URI = re.compile(r"[\x00-\x20\x7f<>]")
_MEMO = 65_536
_BODY_AT = "Crawlgate-Body-Offset"
_BODY_IS = "Crawlgate-Body-Digest"

_stores: weakref.WeakSet[EvidenceStore] = weakref.WeakSet()


@dataclass(frozen=True, slots=True)
class Location:
    """Where evidence stands: `offset` and `length` of a record in `file`, and the sha256 of those bytes, which
    pins headers and body alike."""

    file: str
    offset: int
    length: int
    sha256: str


class EvidenceStore:
    """Keeps evidence in WARC files below `directory`. Safe to share between threads; a forked child goes on in
    a file of its own.

    `now` names the file; `os_write` and `os_fsync` stand in for the system's calls, for tests. Raises
    `LedgerError` where the directory cannot keep evidence, and from every `put` once a write failed.
    """

    def __init__(
        self,
        directory: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        os_write: Callable[[int, bytes], int] = os.write,
        os_fsync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._fd = -1
        self._pid = os.getpid()
        self._trouble: str | None = None
        self._lock = threading.Lock()
        self._directory = Path(directory)
        self._path = self._directory
        self._now = now
        self._os_write = os_write
        self._os_fsync = os_fsync
        self._size = 0
        self._seen: dict[bytes, tuple[int, str]] = {}
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            if not os.access(self._directory, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "it cannot be written")
        except OSError as error:
            raise self._abandon(error) from None
        _stores.add(self)

    @property
    def path(self) -> Path | None:
        """The file that is being written; None before the first `put`."""
        return self._path if self._fd >= 0 else None

    def put(self, evidence: Evidence) -> Location:
        """Keep evidence. Its record is whole and with the kernel when this returns. Raises `LedgerError`."""
        with self._lock:
            self._ready()
            digest = hashlib.sha256(evidence.body).digest()
            key = hashlib.sha256(evidence.final_url.encode("utf-8", "surrogatepass") + b"\n" + digest).digest()
            date = _date(evidence.fetched_at)
            warc = _Warc(evidence, digest.hex(), date)
            if evidence.status is None:
                return self._put_failed(warc, evidence)
            seen = self._seen.get(key) if evidence.body else None
            if seen is not None:
                return self._write(warc.revisit(*seen))
            location = self._write(warc.response())
            if len(self._seen) >= _MEMO:
                self._seen.clear()
            self._seen[key] = (location.offset, date)
            return location

    def get(self, location: Location) -> bytes:
        """The body of stored evidence, checked against its hashes (`LedgerInvalid`). Raises `LedgerError`."""
        path = self._directory / location.file
        if path.parent != self._directory or not location.file:
            raise LedgerError(f"evidence file {location.file!r} is not a name in {self._directory}", str(path))
        try:
            with path.open("rb") as file:
                file.seek(location.offset)
                raw = file.read(location.length)
                if hashlib.sha256(raw).hexdigest() != location.sha256:
                    reason = f"the record at byte {location.offset} of {path} is not the one that was stored"
                    raise LedgerInvalid(reason, str(path))
                headers, body = _record(raw, path)
                at = headers.get_header(_BODY_AT)
                if at is None:
                    return body if headers.get_header("WARC-Type") != "metadata" else b""
                file.seek(int(at))
                body = _record(file, path)[1]
        except OSError as error:
            raise _failure("read evidence from", path, error) from None
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != headers.get_header(_BODY_IS):
            raise LedgerInvalid(f"the body at byte {at} of {path} is not the one that was stored", str(path))
        return body

    def close(self) -> None:
        """Bring the file to the disk and close it. A later `put` raises `LedgerError`; closing again is fine."""
        with self._lock:
            if self._fd >= 0 and self._pid == os.getpid():
                try:
                    self._os_fsync(self._fd)
                except OSError as error:
                    raise self._abandon(error) from None
            self._drop()
            self._trouble = self._trouble or f"the evidence store at {self._directory} is closed"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._drop()

    # -- writing ------------------------------------------------------------------------------------

    def _put_failed(self, warc: _Warc, evidence: Evidence) -> Location:
        part = self._write(warc.resource()).offset if evidence.body else None
        return self._write(warc.metadata(part))

    def _write(self, raw: bytes) -> Location:
        offset, done = self._size, 0
        try:
            while done < len(raw):
                try:
                    written = self._os_write(self._fd, raw[done:] if done else raw)
                except InterruptedError:
                    continue
                if written <= 0:
                    raise OSError(errno.EIO, "nothing was written")
                done += written
            self._size = offset + done
        except OSError as error:
            raise self._abandon(error) from None
        except BaseException:
            # Interrupted (Ctrl-C): part of a record may stand there. The next one gets a new file.
            self._drop()
            raise
        return Location(self._path.name, offset, len(raw), hashlib.sha256(raw).hexdigest())

    def _ready(self) -> None:
        if self._trouble is not None:
            raise LedgerError(self._trouble, str(self._path))
        if self._fd < 0 or self._pid != os.getpid():
            self._drop()
            self._open()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._size = 0
        self._seen = {}
        at = self._now()
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        self._path = self._directory / f"{stamp}-{self._pid}-{secrets.token_hex(3)}.warc.gz"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd = os.open(self._path, flags, 0o644)
        except OSError as error:
            raise self._abandon(error) from None
        self._write(_warcinfo(self._path.name, _date(at)))

    def _abandon(self, error: OSError) -> LedgerError:
        told = _failure("keep evidence in", self._path, error)
        self._trouble = str(told)
        self._drop()
        return told

    def _drop(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _forked(self) -> None:
        """In the child: the parent's file is not ours."""
        self._lock = threading.Lock()
        self._drop()


# -- records ------------------------------------------------------------------------------------------------


class _Digest(Digester):  # type: ignore[misc]
    """sha256 in hexadecimal, as the ledger writes it; readers take it as well as base32."""

    def __str__(self) -> str:
        return f"sha256:{self.digester.hexdigest()}"


class _Writer(WARCWriter):  # type: ignore[misc]
    @staticmethod
    def _create_digester() -> _Digest:
        return _Digest("sha256")


class _Head(StatusAndHeaders):  # type: ignore[misc]
    """Response headers byte for byte; the base class would quote what is not ASCII."""

    def to_ascii_bytes(self, filter_func: Any = None) -> bytes:
        text: str = self.to_str(filter_func)
        return text.encode("latin-1", "backslashreplace") + b"\r\n"


class _Warc:
    """Evidence in the forms of WARC records."""

    def __init__(self, evidence: Evidence, sha256: str, date: str) -> None:
        self._evidence = evidence
        self._digest = f"sha256:{sha256}"
        self._date = date
        self._buffer = BytesIO()
        self._writer = _Writer(self._buffer, gzip=True, warc_version="1.1")
        self._uri = _uri(evidence.final_url)

    def response(self) -> bytes:
        return self._http(self._evidence.body)

    def revisit(self, offset: int, date: str) -> bytes:
        headers = self._headers() | {_BODY_AT: str(offset), _BODY_IS: self._digest}
        return self._done(
            self._writer.create_revisit_record(
                self._uri, self._digest, self._uri, date, http_headers=self._head(), warc_headers_dict=headers
            )
        )

    def resource(self) -> bytes:
        """The part of a body that came before a fetch failed."""
        body = self._evidence.body
        headers = self._headers() | {"WARC-Truncated": "disconnect", "Content-Type": "application/octet-stream"}
        return self._done(
            self._writer.create_warc_record(
                self._uri, "resource", payload=BytesIO(body), length=len(body), warc_headers_dict=headers
            )
        )

    def metadata(self, body_offset: int | None) -> bytes:
        evidence = self._evidence
        fields = [("error", evidence.error or "nothing was received")]
        fields += [("header", f"{name}: {value}") for name, value in evidence.headers if name.lower() not in _SECRET]
        block = "".join(f"{name}: {_fit(value)}\r\n" for name, value in fields).encode("utf-8", "backslashreplace")
        headers = self._headers()
        if body_offset is not None:
            headers |= {_BODY_AT: str(body_offset), _BODY_IS: self._digest}
        return self._done(
            self._writer.create_warc_record(
                self._uri, "metadata", payload=BytesIO(block), length=len(block), warc_headers_dict=headers
            )
        )

    def _http(self, body: bytes) -> bytes:
        headers = self._headers() | {"WARC-Payload-Digest": self._digest}
        if self._evidence.truncated:
            headers["WARC-Truncated"] = "length"
        return self._done(
            self._writer.create_warc_record(
                self._uri,
                "response",
                payload=BytesIO(body),
                length=len(body),
                http_headers=self._head(),
                warc_headers_dict=headers,
            )
        )

    def _done(self, record: Any) -> bytes:
        self._buffer.seek(0)
        self._buffer.truncate()
        self._writer.write_record(record)
        return self._buffer.getvalue()

    def _headers(self) -> dict[str, str]:
        evidence = self._evidence
        headers = {
            "WARC-Date": self._date,
            "Crawlgate-Evidence": _fit(evidence.id),
            "Crawlgate-Evidence-Kind": _fit(evidence.kind),
        }
        if evidence.final_url != evidence.url or evidence.redirects:
            headers["Crawlgate-Requested-URI"] = _uri(evidence.url)
        if evidence.redirects:
            # A URI holds no blank, so that blanks part them.
            headers["Crawlgate-Redirects"] = " ".join(_uri(hop) for hop in evidence.redirects)
        return headers

    def _head(self) -> _Head:
        status = self._evidence.status or 0
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = ""
        lines = []
        for name, value in self._evidence.headers:
            lower = name.lower()
            if lower in _SECRET:
                continue
            label = f"X-Archive-Orig-{name}" if lower in _WIRE_ONLY else name
            lines.append((_fit(label).replace(":", "\\x3a"), _fit(value)))
        lines.append(("Content-Length", str(len(self._evidence.body))))
        return _Head(f"{status} {phrase}".strip(), lines, protocol="HTTP/1.1")


def _warcinfo(name: str, date: str) -> bytes:
    buffer = BytesIO()
    writer = _Writer(buffer, gzip=True, warc_version="1.1")
    record = writer.create_warcinfo_record(
        name,
        {
            "software": "crawlgate",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        },
    )
    record.rec_headers.replace_header("WARC-Date", date)
    writer.write_record(record)
    return buffer.getvalue()


def _record(source: bytes | Any, path: Path) -> tuple[Any, bytes]:
    """Headers and body of the record at the beginning of `source`."""
    try:
        record = next(iter(ArchiveIterator(BytesIO(source) if isinstance(source, bytes) else source)))
        return record.rec_headers, record.raw_stream.read()
    except OSError:
        raise
    except Exception as error:  # warcio raises many kinds for what is no WARC
        raise LedgerInvalid(f"{path} holds no record at that place: {error}", str(path)) from None


def _date(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _fit(text: str) -> str:
    """Text that stays within one header line; what would not is written as an escape."""
    return _UNFIT.sub(lambda match: f"\\x{ord(match[0]):02x}", text).encode("utf-8", "backslashreplace").decode()


def _uri(text: str) -> str:
    return _UNFIT_IN_URI.sub(lambda match: f"%{ord(match[0]):02X}", _fit(text))


def _failure(action: str, path: Path, error: OSError) -> LedgerError:
    reason = error.strerror or str(error)
    return LedgerError(
        f"cannot {action} {path}: {reason}; free space, make it writable or choose another directory, then start again",
        str(path),
    )


def _after_fork() -> None:
    for store in list(_stores):
        store._forked()


os.register_at_fork(after_in_child=_after_fork)
