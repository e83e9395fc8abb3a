"""Evidence read back from WARC: by its location, checked against its hashes. Nothing here writes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]

from ..errors import LedgerError, LedgerInvalid
from .warc import BODY_AT, BODY_IS


@dataclass(frozen=True, slots=True)
class Location:
    """Where evidence stands: `offset` and `length` of its records in `file` (a response and its request), and the
    sha256 of those bytes, which pins headers and body alike."""

    file: str
    offset: int
    length: int
    sha256: str


class EvidenceReader:
    """Reads what an `EvidenceStore` wrote below `directory`, which may be read-only or a copy."""

    def __init__(self, directory: Path) -> None:
        self._directory = Path(directory)

    def path(self, location: Location) -> Path:
        """The file of a location. Raises `LedgerError` for a name that leads elsewhere."""
        path = self._directory / location.file
        if path.parent != self._directory or location.file in ("", ".", ".."):
            raise LedgerError(f"evidence file {location.file!r} is not a name in {self._directory}", str(path))
        return path

    def raw(self, location: Location) -> bytes:
        """The bytes of the records as stored (gzip members), checked. Raises `LedgerInvalid`, `LedgerError`."""
        path = self.path(location)
        try:
            with path.open("rb") as file:
                return self._raw(file, path, location)
        except OSError as error:
            raise failure("read evidence from", path, error) from None

    def digest(self, file: str, offset: int, length: int) -> str:
        """The sha256 of what stands there now. Raises `LedgerError`."""
        path = self.path(Location(file, offset, length, ""))
        try:
            with path.open("rb") as opened:
                opened.seek(offset)
                return hashlib.sha256(opened.read(length)).hexdigest()
        except OSError as error:
            raise failure("read evidence from", path, error) from None

    def body(self, location: Location) -> bytes:
        """The body of stored evidence, that of a revisit from the record it refers to. Raises as `raw`."""
        path = self.path(location)
        try:
            with path.open("rb") as file:
                headers, body = _record(self._raw(file, path, location), path)
                at = headers.get_header(BODY_AT)
                if at is None:
                    return body if headers.get_header("WARC-Type") != "metadata" else b""
                file.seek(_number(at, path))
                body = _record(file, path)[1]
        except OSError as error:
            raise failure("read evidence from", path, error) from None
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != headers.get_header(BODY_IS):
            raise LedgerInvalid(f"the body at byte {at} of {path} is not the one that was stored", str(path))
        return body

    def body_offset(self, raw: bytes, path: Path) -> int | None:
        """Where the body of a revisit stands in its file, of its record's bytes; None for any other record."""
        at = _record(raw, path)[0].get_header(BODY_AT)
        return None if at is None else _number(at, path)

    def _raw(self, file: BinaryIO, path: Path, location: Location) -> bytes:
        file.seek(location.offset)
        raw = file.read(location.length)
        if hashlib.sha256(raw).hexdigest() != location.sha256:
            reason = f"the record at byte {location.offset} of {path} is not the one that was stored"
            raise LedgerInvalid(reason, str(path))
        return raw


def failure(action: str, path: Path, error: OSError) -> LedgerError:
    """A `LedgerError` that names the path, the reason and the way out."""
    reason = error.strerror or str(error)
    return LedgerError(
        f"cannot {action} {path}: {reason}; free space, make it writable or choose another directory, then start again",
        str(path),
    )


def _number(text: str, path: Path) -> int:
    if not text.isdecimal():
        raise LedgerInvalid(f"{path} holds a record that refers to byte {text!r}", str(path))
    return int(text)


def _record(source: bytes | Any, path: Path) -> tuple[Any, bytes]:
    """Headers and body of the record at the beginning of `source`."""
    try:
        record = next(iter(ArchiveIterator(BytesIO(source) if isinstance(source, bytes) else source)))
        return record.rec_headers, record.raw_stream.read()
    except OSError:
        raise
    except Exception as error:  # warcio raises many kinds for what is no WARC
        raise LedgerInvalid(f"{path} holds no record at that place: {error}", str(path)) from None
