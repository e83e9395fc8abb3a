"""One array of JSON, on one line or over many, element by element: memory is bounded by the longest element.

Where elements end is found by Python's decoder on the bytes as they are (Latin-1, so that places are those of the
file). Behind an element that is damaged, reading goes on where a line begins as the elements before it did; where none
does, the rest is lost, and told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from ...errors import ConfigError
from .lines import BOM, MAX_LINE, UTF16
from .packed import Damage, beginning, pieces
from .source import Source

_PIECE = 1 << 20
_GAP = re.compile(rb"[ \t\r\n,]*")
_BARE = re.compile(r"[^ \t\r\n,\]]*")
_TAIL = 12  # no literal, escape or mark is longer
_find_end = json.JSONDecoder().raw_decode


class Element(NamedTuple):
    """One element, or a stretch that cannot be read: its number (from 0), where it begins and ends in the unpacked
    text, which array of the text it stands in (from 1), and its bytes, or what is wrong with it."""

    number: int
    offset: int
    end: int
    array: int
    value: bytes | str


def is_array(source: Source) -> bool:
    """True if a text begins as an array does. Raises `OSError`."""
    with source.open("rb") as file:
        return beginning(file.read(1 << 16)).removeprefix(BOM).lstrip().startswith(b"[")


def elements(source: Source) -> Iterator[Element]:
    """The elements of an array, in order, and of further arrays behind it (as feeds that are appended to have them).
    Raises `ConfigError` for a file that cannot be opened."""
    scanner = _Scanner(source)
    try:
        with source.open("rb") as file:
            for piece in pieces(file):
                yield from scanner.broken(piece) if isinstance(piece, Damage) else scanner.take(piece)
            yield from scanner.rest()
    except (OSError, EOFError) as error:
        raise ConfigError(f"{source}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


class _Scanner:
    """Pieces of text in, elements out."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._data = b""
        self._waiting: list[bytes] = []
        self._size = 0  # of what waits, with the data
        self._wanted = _PIECE
        self._at = 0  # where the data begin in the text
        self._begun = False
        self._number = self._array = 0
        self._inside = False
        self._lost: tuple[int, str] | None = None  # where a stretch begins that cannot be read, and why
        self._begins = re.compile(rb"\n(?=\{)")
        self._known = False  # how a line begins that begins an element

    def take(self, piece: bytes) -> Iterator[Element]:
        if not self._begun:
            self._begun = True
            if piece.startswith(UTF16):
                raise ConfigError(f"{self._source}: the text is UTF-16; write it as UTF-8")
            if piece.startswith(BOM):
                piece, self._at = piece[len(BOM) :], len(BOM)
        self._waiting.append(piece)
        self._size += len(piece)
        if self._size >= self._wanted:
            yield from self._scan(final=False)

    def broken(self, damage: Damage) -> Iterator[Element]:
        """The data are damaged here: the element at hand is lost."""
        yield from self._scan(final=False)
        if self._lost is None:
            self._lost = self._at, damage.reason

    def rest(self) -> Iterator[Element]:
        yield from self._scan(final=True)

    def _scan(self, *, final: bool) -> Iterator[Element]:
        data = self._data + b"".join(self._waiting)
        self._waiting.clear()
        text = data.decode("latin-1")
        place = 0
        while True:
            if self._lost is not None:
                again = self._begins.search(data, place)
                if again is None:
                    if final:
                        yield self._told(self._at + len(data))
                    place = max(place, len(data) if final else len(data) - 1024)
                    break
                place = again.end()
                yield self._told(self._at + again.start())
            gap = _GAP.match(data, place)
            if gap is None or gap.end() == len(data):
                place = len(data)
                break
            if b"\n" in gap[0] and not self._known and data[gap.end()] == ord("{"):
                self._known = True
                self._begins = re.compile(rb"\n" + re.escape(gap[0][gap[0].rfind(b"\n") + 1 :]) + rb"(?=\{)")
            place = gap.end()
            if data[place] == ord("]"):
                self._inside, place = False, place + 1
                continue
            if not self._inside and data[place] == ord("["):
                self._inside, place, self._array = True, place + 1, self._array + 1
                continue
            end = _end(text, place, final=final)
            if isinstance(end, int):
                yield self._element(self._at + place, self._at + end, data[place:end])
                place = end
            elif end is not None:
                self._lost = self._at + place, end
            elif len(data) - place > MAX_LINE:
                self._lost = self._at + place, f"the element is longer than {MAX_LINE} bytes"
            else:
                break
        self._data, self._at = data[place:], self._at + place
        self._size = len(self._data)
        self._wanted = 2 * self._size + _PIECE

    def _told(self, end: int) -> Element:
        """The stretch that was lost; reading goes on behind it."""
        if self._lost is None:
            raise AssertionError
        (start, why), self._lost = self._lost, None
        return self._element(start, end, why)

    def _element(self, start: int, end: int, value: bytes | str) -> Element:
        self._number += 1
        return Element(self._number - 1, start, end, self._array, value)


def _end(text: str, place: int, *, final: bool) -> int | str | None:
    """Where the element at a place ends, or what is wrong with it; None where more has to be read to tell."""
    try:
        _, end = _find_end(text, place)
    except StopIteration as stop:
        at, why = int(stop.value), "no value begins here"
    except json.JSONDecodeError as error:
        at, why = error.pos, error.msg
        if why.startswith("Unterminated string"):
            at = len(text)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {str(error)[:120]}"
    else:
        cut = text[place] not in '{["' and _BARE.match(text, place).end() == len(text)  # type: ignore[union-attr]
        return None if cut and not final else int(end)
    if at + _TAIL < len(text):
        return f"not JSON: {why}"
    return "the array ends in the middle of this element" if final else None
