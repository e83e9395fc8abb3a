"""The records of web archives, one after another, past whatever is damaged: reading goes on at the next record."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.exceptions import ArchiveLoadFailed  # type: ignore[import-untyped]

from ...errors import ConfigError
from .packed import Damage, beginning, codec_of, pieces
from .source import Source

_BROKEN = (
    ArchiveLoadFailed, OSError, EOFError, ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError
)  # fmt: skip
_BLOCK = 1 << 20
_GZIP = re.compile(rb"\x1f\x8b\x08")
# The first line of a record: of WARC its version, of ARC URL, address, date, type, length.
_PLAIN = re.compile(rb"(?:(?<=\n)|\A)(?:WARC/[01]\.[0-9]+\r?\n|[a-z]+:[^\n]+ [0-9.]+ [0-9]{14,18} [^ \n]+ [0-9]+\r?\n)")
_NOT_CHUNKED = "non-chunked gzip"


class Found(NamedTuple):
    """A record at `offset`, or None and what is wrong there."""

    offset: int
    record: Any
    problem: str = ""


class Opened(NamedTuple):
    """An archive as one file. `name` is its name in a WACZ, else empty; `problem` says what of it is lost."""

    name: str
    file: BinaryIO
    problem: str = ""


def archives(source: Source) -> Iterator[Opened]:
    """The archives that stand in a file: one, but for a WACZ. Raises `ConfigError` for a file that cannot be opened, or
    that holds none."""
    try:
        with source.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            if head == b"PK\x03\x04":
                yield from _of_wacz(source, file)
            elif (codec := codec_of(head)) is not None and codec.name == "zstd":
                notes: list[Damage] = []
                with _unpacked(file, notes) as plain:
                    yield Opened("", plain, "; ".join(note.reason for note in notes))
            else:
                yield Opened("", file)
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ConfigError(f"{source}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _of_wacz(source: Source, file: BinaryIO) -> Iterator[Opened]:
    """The WARC files in the folder `archive/` of a WACZ (WACZ 1.1.1, 5.2.1)."""
    with zipfile.ZipFile(file) as packed:
        members = [one for one in packed.infolist() if one.filename.startswith("archive/") and ".warc" in one.filename]
        if not members:
            held = ", ".join(packed.namelist()[:8]) or "nothing"
            raise ConfigError(f"{source}: no WARC file stands in its folder archive/; it holds {held}")
        for member in members:
            if member.compress_type == zipfile.ZIP_STORED:
                # As it stands: a sum that is wrong would keep all of it back, and its records speak for themselves.
                yield Opened(member.filename, _stored(file, member))
            else:
                with _inflated(packed, member) as opened:
                    yield opened


def _stored(file: BinaryIO, member: zipfile.ZipInfo) -> BinaryIO:
    file.seek(member.header_offset)
    head = file.read(30)  # the local header: its last four bytes are the lengths of what follows it (APPNOTE 4.3.7)
    lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    return cast(BinaryIO, _Part(file, member.header_offset + 30 + lengths, member.compress_size))


@contextlib.contextmanager
def _inflated(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Opened]:
    with tempfile.TemporaryFile() as plain:
        problem = ""
        try:
            with packed.open(member) as inside:
                shutil.copyfileobj(inside, plain, _BLOCK)
        except (
            OSError,
            EOFError,
            ValueError,
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
        ) as error:
            problem = f"it cannot be unpacked to its end: {error}"
        plain.seek(0)
        yield Opened(member.filename, cast(BinaryIO, plain), problem)


@contextlib.contextmanager
def _unpacked(file: BinaryIO, notes: list[Damage]) -> Iterator[BinaryIO]:
    """The text of a packed archive in a temporary file, so that records can be looked for in it."""
    with tempfile.TemporaryFile() as plain:
        for piece in pieces(file):
            if isinstance(piece, Damage):
                notes.append(piece)
            else:
                plain.write(piece)
        plain.seek(0)
        yield cast(BinaryIO, plain)


class _Part(io.RawIOBase):
    """A part of a file, as a file of its own; of another one's position nothing is known."""

    def __init__(self, file: BinaryIO, first: int, size: int | None = None) -> None:
        self._file, self._first, self._size, self._at = file, first, size, 0

    def read(self, size: int = -1) -> bytes:
        if self._size is not None:
            left = max(self._size - self._at, 0)
            size = left if size < 0 else min(size, left)
        self._file.seek(self._first + self._at)
        data = self._file.read(size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at


def records(file: BinaryIO) -> Iterator[Found]:
    """Every record of an archive, and every place that cannot be read. A record that was handed out is read to its
    end when the next one is asked for."""
    head = file.read(1 << 16)
    packed = codec_of(head) is not None
    text = beginning(head)
    form = "warc" if text.startswith(b"WARC/") else "arc" if text.startswith(b"filedesc:") else None
    start: int | None = 0
    while start is not None:
        file.seek(start)
        walk = _Walk(file, start, packed, form)
        yield from walk
        if walk.whole:  # one gzip member for many records: read on in its text
            notes: list[Damage] = []
            with _unpacked(cast(BinaryIO, _Part(file, walk.last)), notes) as plain:
                found = records(plain)
                next(found, None)  # handed out already
                yield from found
            yield from (Found(walk.last + note.offset, None, note.reason) for note in notes)
            return
        start = _next(file, walk.last + 1, packed) if walk.broken else None


class _Walk:
    """The records from one place on, until the end or what cannot be read. `last` is where the last record began."""

    def __init__(self, file: BinaryIO, start: int, packed: bool, form: str | None) -> None:
        self._file, self._packed = file, packed
        self._form = form
        self.last = start
        self.broken = self.whole = False

    def __iter__(self) -> Iterator[Found]:
        with contextlib.redirect_stderr(io.StringIO()):
            iterator = ArchiveIterator(self._file, arc2warc=True)
        iterator.known_format = self._form  # or else it takes any line of five words for a record of ARC
        end = self.last
        while True:
            said = io.StringIO()
            record, problem = None, ""
            try:
                with contextlib.redirect_stderr(said):  # warcio tells people there, and goes on
                    record = next(iterator, None)
            except _BROKEN as error:
                problem = str(error).strip() or type(error).__name__
            if _NOT_CHUNKED in problem:
                self.whole = True
                return
            if _serious(said):
                self.broken = True
                yield Found(end, None, f"what stands behind the record is none: {_short(said.getvalue())}")
                return
            if problem or (record is None and _rest(self._file, end)):
                self.broken = True
                yield Found(end, None, f"no record that can be read: {_short(problem) or 'it has no beginning of one'}")
                return
            if record is None:
                return
            if self._packed and not self._is_member(iterator.offset):
                self.whole = True
                return
            if self._packed and iterator.reader.decompressor is None:
                self.broken = True  # the reader took damaged data for a record that is not packed
                yield Found(end, None, "no record that can be read: what stands here is no beginning of one")
                return
            self.last = iterator.offset  # asking for it by name would read the record away
            yield Found(self.last, record)
            try:
                with contextlib.redirect_stderr(said):
                    iterator.read_to_end()
                    end = self.last + iterator.get_record_length()
            except _BROKEN as error:
                said.write(str(error) or type(error).__name__)
            if _serious(said):
                self.broken = True
                yield Found(self.last, None, f"the record cannot be read to its end: {_short(said.getvalue())}")
                return
            cut = getattr(record.raw_stream, "limit", 0)
            if cut > 0:
                self.broken = True
                yield Found(self.last, None, f"the record is cut: {cut} bytes are missing at its end")
                return

    def _is_member(self, offset: int) -> bool:
        """True if a member of a packed archive begins there. Where one holds many records, they have no place."""
        if offset < 0:  # the reader counts backwards where members of one record follow one of many
            return False
        here = self._file.tell()
        self._file.seek(offset)
        mark = self._file.read(2)
        self._file.seek(here)
        return mark == b"\x1f\x8b"


def _serious(said: io.StringIO) -> bool:
    """True if the reader told of damage; that it mends spaces in a URI is none."""
    return any(line and not line.startswith("Replacing spaces") for line in said.getvalue().splitlines())


def _rest(file: BinaryIO, end: int) -> bool:
    """True if something follows the last record: the reader stops without a word at what is no gzip member."""
    file.seek(end)
    return bool(file.read(1 << 16).strip())


def _next(file: BinaryIO, start: int, packed: bool) -> int | None:
    """Where the next record begins, at `start` or behind; None if none does."""
    pattern = _GZIP if packed else _PLAIN
    # One byte more in front, so that a beginning of a line is seen as one.
    at = max(start - 1, 0)
    file.seek(at)
    data = file.read(_BLOCK)
    while data:
        for match in pattern.finditer(data):
            place = at + match.start()
            if place >= start and (not packed or _begins(file, place)):
                return place
        file.seek(at + len(data))
        more = file.read(_BLOCK)
        if not more:
            return None
        kept = data[-(1 << 14) :]
        at += len(data) - len(kept)
        data = kept + more
    return None


def _begins(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    return _PLAIN.match(beginning(file.read(1 << 16))) is not None


def _short(text: str) -> str:
    if "not followed by newline" in text:
        return "its length is wrong, no end of a record stands behind it"
    return " ".join(text.split())[:200]
