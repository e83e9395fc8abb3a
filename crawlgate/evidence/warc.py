"""Evidence in the forms of WARC records.

A `response` record holds status, headers and body as judged; codings were undone before that, so the headers
that spoke of them stand as `X-Archive-Orig-...`. The same body of the same URL again is a `revisit`. A `request`
follows with what is known to have been sent. A fetch that failed is `metadata`, with a `resource` before it for
the part of a body that came. Headers that begin with `Crawlgate-` are ours: requested URL, hops, evidence id, and
where the body of a revisit stands. Headers that may carry a secret are left out, by their names (`is_secret`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any

from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.utils import Digester  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from ..model import Evidence

BODY_AT = "Crawlgate-Body-Offset"
BODY_IS = "Crawlgate-Body-Digest"
EVIDENCE = "Crawlgate-Evidence"
EVIDENCE_KIND = "Crawlgate-Evidence-Kind"
REQUESTED = "Crawlgate-Requested-URI"

_SECRET = re.compile(
    r"(?:set-)?cookie2?|(?:proxy-)?authorization|(?:proxy-)?authentication-info"
    r"|(?:.*[-_])?(?:token|secret|api-?key|csrf|xsrf|session|sessionid|password|credentials?)(?:[-_].*)?"
    r"|(?:.*[-_])?(?:auth|jwt|bearer|cookie|passwd|assertion|authorization)(?:[-_].*)?"
    r"|x-(?:amz|goog|ms)-signature"
)
_WIRE_ONLY = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_UNFIT_IN_URI = re.compile(r"[\x00-\x20\x7f<>]")


def is_secret(header: str) -> bool:
    """True for a header that may carry a secret by its name: cookies, credentials, tokens. None is ever stored."""
    return _SECRET.fullmatch(header.lower()) is not None


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


class Exchange:
    """Evidence in the forms of WARC records."""

    def __init__(self, evidence: Evidence, sha256: str, fetched: str) -> None:
        self._evidence = evidence
        self._digest = f"sha256:{sha256}"
        self._date = fetched
        self._buffer = BytesIO()
        self._writer = _Writer(self._buffer, gzip=True, warc_version="1.1")
        self._uri = _uri(evidence.final_url)
        self._answer = ""

    def response(self) -> bytes:
        """Status, headers and body."""
        body = self._evidence.body
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

    def revisit(self, offset: int, first: str) -> bytes:
        """Status and headers; the body is that of the record at `offset` of the same file, fetched at `first`."""
        headers = self._headers() | {BODY_AT: str(offset), BODY_IS: self._digest}
        return self._done(
            self._writer.create_revisit_record(
                self._uri, self._digest, self._uri, first, http_headers=self._head(), warc_headers_dict=headers
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

    def request(self) -> bytes:
        """What was sent for the record before, as far as it is known; nothing where it is not."""
        evidence = self._evidence
        if not evidence.request:
            return b""
        # Without the scheme and host, as it goes over the wire.
        target = "/" + self._uri.partition("://")[2].partition("/")[2]
        lines = [(_fit(name).replace(":", "\\x3a"), _fit(value)) for name, value in evidence.request
                 if not is_secret(name)]  # fmt: skip
        head = _Head(f"{_fit(evidence.method)} {target} HTTP/1.1", lines, is_http_request=True)
        return self._done(
            self._writer.create_warc_record(
                self._uri,
                "request",
                http_headers=head,
                warc_headers_dict=self._headers() | {"WARC-Concurrent-To": self._answer},
            )
        )

    def metadata(self) -> bytes:
        """How a fetch failed."""
        evidence = self._evidence
        fields = [("error", evidence.error or "nothing was received")]
        fields += [("header", f"{name}: {value}") for name, value in evidence.headers if not is_secret(name)]
        block = "".join(f"{name}: {_fit(value)}\r\n" for name, value in fields).encode("utf-8", "backslashreplace")
        return self._done(
            self._writer.create_warc_record(
                self._uri, "metadata", payload=BytesIO(block), length=len(block), warc_headers_dict=self._headers()
            )
        )

    def _done(self, record: Any) -> bytes:
        self._answer = record.rec_headers.get_header("WARC-Record-ID")
        self._buffer.seek(0)
        self._buffer.truncate()
        self._writer.write_record(record)
        return self._buffer.getvalue()

    def _headers(self) -> dict[str, str]:
        evidence = self._evidence
        headers = {
            "WARC-Date": self._date,
            EVIDENCE: _fit(evidence.id),
            EVIDENCE_KIND: _fit(evidence.kind),
        }
        if evidence.final_url != evidence.url or evidence.redirects:
            headers[REQUESTED] = _uri(evidence.url)
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
            if is_secret(lower):
                continue
            label = f"X-Archive-Orig-{name}" if lower in _WIRE_ONLY else name
            lines.append((_fit(label).replace(":", "\\x3a"), _fit(value)))
        lines.append(("Content-Length", str(len(self._evidence.body))))
        return _Head(f"{status} {phrase}".strip(), lines, protocol="HTTP/1.1")


def warcinfo(name: str, begun: str) -> bytes:
    """The first record of a file."""
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
    record.rec_headers.replace_header("WARC-Date", begun)
    writer.write_record(record)
    return buffer.getvalue()


def date(at: datetime) -> str:
    """A time as `WARC-Date` has it, with microseconds (WARC 1.1, 5.4)."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _fit(text: str) -> str:
    """Text that stays within one header line; what would not is written as an escape."""
    return _UNFIT.sub(lambda match: f"\\x{ord(match[0]):02x}", text).encode("utf-8", "backslashreplace").decode()


def _uri(text: str) -> str:
    return _UNFIT_IN_URI.sub(lambda match: f"%{ord(match[0]):02X}", _fit(text))
