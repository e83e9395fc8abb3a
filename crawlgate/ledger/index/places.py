"""Records read where the index says that they stand. What is read here is what answers are made of, so that every
line passes the strict decoder, whatever the index says of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .. import segments
from ..canonical import MAX_LINE, RecordError, decode
from ..compressed import Damaged
from ..query import Record, as_record, usable
from ..segments import Fault, Segment

_BLOCK = 1 << 16
_OPEN = 32

Marks = Callable[[Sequence[tuple[str, int]]], Sequence[tuple[int, int]]]
"""Gives for places (segment and line) the nearest remembered line before each, and its offset."""


class Places:
    """Reads records by segment and number, quickest in the order of their places. `faults` are what could not be
    read."""

    def __init__(self, ledger: Path, marks: Marks) -> None:
        self._ledger, self._marks = ledger, marks
        self._open: dict[str, _Lines | None] = {}
        self.faults: list[Fault] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every file."""
        for lines in self._open.values():
            if lines is not None:
                lines.close()
        self._open.clear()

    def several(self, places: Sequence[tuple[str, int]]) -> Iterator[Record | None]:
        """As `one` for each of `places`, whose offsets are looked up together."""
        for (name, number), (line, start) in zip(places, self._marks(places), strict=True):
            yield self._read(name, number, line, start)

    def one(self, name: str, number: int, offset: int | None = None) -> Record | None:
        """The record at one place, or None and a fault. `offset` is where its line begins, if that is known."""
        ((line, start),) = self._marks([(name, number)]) if offset is None else [(number, offset)]
        return self._read(name, number, line, start)

    def _read(self, name: str, number: int, line: int, start: int) -> Record | None:
        lines = self._lines(name)
        if lines is None:
            return self._missed(name, number, 0, "missing", "the segment is not here")
        try:
            at, raw = lines.line(number, line, start)
        except (Damaged, OSError) as error:
            return self._missed(name, number, start, "damaged", f"cannot be read: {error}")
        if raw[-1:] != b"\n":
            return self._missed(name, number, at, "cut", "ends before this record")
        try:
            table = decode(raw[:-1])
            usable(table)
            return as_record(name, number, at, table)
        except RecordError as error:
            return self._missed(name, number, at, error.code, str(error))

    def _lines(self, name: str) -> _Lines | None:
        if name not in self._open:
            if len(self._open) >= _OPEN:
                oldest = self._open.pop(next(iter(self._open)))
                if oldest is not None:
                    oldest.close()
            path = segments.find(self._ledger, name)
            try:
                self._open[name] = None if path is None else _Lines(Segment(path))
            except OSError:
                self._open[name] = None
        return self._open[name]

    def _missed(self, name: str, number: int, offset: int, code: str, message: str) -> Record | None:
        self.faults.append(Fault(name, number + 1, offset, code, message))
        return None


class _Lines:
    """One segment with a window of its bytes: a block of a plain file, a frame of a compressed one."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._window = b""
        self._start = 0
        # Where the last line that was asked for begins, and its number: the next one is often near.
        self._line, self._at = -1, 0

    def close(self) -> None:
        self._segment.close()

    def line(self, number: int, mark: int, offset: int) -> tuple[int, bytes]:
        """Offset and bytes of line `number`; line `mark` begins at `offset`, before it. Without newline: cut."""
        if mark <= self._line <= number:
            mark, offset = self._line, self._at
        while True:
            end = self._end_of(offset)
            if end < 0:
                return offset, b""
            if mark == number:
                self._line, self._at = number, offset
                return offset, self._window[offset - self._start : end - self._start]
            mark, offset = mark + 1, end

    def _end_of(self, offset: int) -> int:
        """Where the line at `offset` ends, its newline included; the window then holds all of it."""
        if not self._start <= offset < self._start + len(self._window):
            self._move(offset)
        while True:
            end = self._window.find(b"\n", offset - self._start) + 1
            if end:
                return self._start + end
            if len(self._window) > MAX_LINE or not self._grow(offset):
                return -1

    def _move(self, offset: int) -> None:
        """Put the window where `offset` is in it."""
        if self._segment.packed:
            self._start, self._window = self._segment.frames.read(self._segment.file, offset)
        else:
            self._start = offset
            self._window = os.pread(self._segment.file.fileno(), _BLOCK, offset)

    def _grow(self, offset: int) -> bool:
        """More of what follows, without what stands before `offset`; False at the end."""
        end = self._start + len(self._window)
        kept = self._window[offset - self._start :]
        if not self._segment.packed:
            more = os.pread(self._segment.file.fileno(), max(_BLOCK, len(kept)), end)
        elif end < self._segment.size:
            more = self._segment.frames.read(self._segment.file, end)[1]
        else:
            more = b""
        self._start, self._window = offset, kept + more
        return bool(more)
