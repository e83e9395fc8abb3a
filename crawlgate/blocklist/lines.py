"""Text files as lines, within bounds: number, text, and what is wrong with it. Nothing is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..limits import DEFAULT_LIMITS

MAX_BYTES = 512 * 1024 * 1024
"""Bytes of a document that is held in memory while it is read. Project choice."""

MAX_LIST_BYTES = 8 * 1024**3
"""A longer list is refused. Project choice: a few times ten million entries with all that a feed says of them."""

MAX_LINE = 64 * 1024
"""A longer line is rejected. Project choice: a URL may take half of it, the words beside it the rest."""

_RETURN = re.compile(rb"\r\n|\r")
_BOM = b"\xef\xbb\xbf"
_BLANK = (b" ", b"\t")
_new = tuple.__new__  # what Line(...) does, without the call: lists have millions of them


class Line(NamedTuple):
    """A line that is not blank: its number from 1, its text without blanks around it, and what is wrong with it."""

    number: int
    text: str
    problem: str | None = None


class ListText:
    """The text of a list, in a file, to be read line by line as often as a reader wants. `name` is for messages."""

    __slots__ = ("name", "path")

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name

    def lines(self, *, indented: bool = False) -> Iterator[Line]:
        """As `lines`, of the whole file. Raises `OSError`."""
        with self.path.open("rb") as file:
            yield from lines(file, indented=indented)

    def whole(self) -> bytes:
        """All of it, for formats that are one document. Raises `OSError`."""
        return self.path.read_bytes()


def lines(file: Iterable[bytes], *, indented: bool = False) -> Iterator[Line]:
    """The lines of a binary file that are not blank. LF, CR LF and CR end a line, and nothing else does.

    `indented` leaves the blanks at the beginning of a line where they are.
    """
    number = 0
    for raw in file:
        if number == 0 and raw.startswith(_BOM):
            raw = raw[3:]
        if b"\r" not in raw and len(raw) <= MAX_LINE and not indented:
            number += 1
            try:
                text = raw.decode().strip()
            except UnicodeDecodeError:
                yield _line(number, raw)
                continue
            if text:
                yield _new(Line, (number, text, None))
            continue
        body = raw.removesuffix(b"\n")
        for piece in _RETURN.split(body.removesuffix(b"\r") if len(body) < len(raw) else body):
            number += 1
            line = _line(number, piece)
            if line.text or line.problem:
                yield line if not indented or piece[:1] not in _BLANK else line._replace(text=" " + line.text)


def _line(number: int, raw: bytes) -> Line:
    problem = None
    if len(raw) > MAX_LINE:
        raw, problem = raw[: DEFAULT_LIMITS.raw_text], f"the line is longer than {MAX_LINE} bytes"
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError:
        text, problem = raw.decode("utf-8", "backslashreplace").strip(), problem or "the line is not UTF-8"
    return Line(number, text, problem)
