"""Rule sets of robots.txt as the tables that kernels read. Sets are added as they turn up; tables grow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..signals.pathmatch import PathPattern

_Ints = npt.NDArray[np.int64]


class Pattern(NamedTuple):
    """One rule, ready to be compared with a target in normal form.

    `pieces` are the literal runs between `*`; an empty first piece is a leading `*`. `to_end` says that the
    last piece has to stand at the end. `length` is the measure of the longest match (RFC 9309 2.2.2) and `line`
    stands for the rule: where two rules say the same, the first line is named.
    """

    allow: bool
    pieces: tuple[bytes, ...]
    to_end: bool
    length: int
    line: int

    @property
    def plain(self) -> bool:
        """True for a mere prefix."""
        return len(self.pieces) == 1 and not self.to_end and bool(self.pieces[0])


def as_pattern(pattern: PathPattern, *, allow: bool, line: int) -> Pattern:
    """A rule of a rule set that leaves no doubt (`RuleSet.patterns`), as a `Pattern`."""
    pieces = [pattern.head, *pattern.pieces]
    open_ended = not pattern.anchored
    while len(pieces) > 1 and not pieces[-1]:  # a star at the end says nothing, nor does a `$` behind it
        open_ended = True
        pieces.pop()
    return Pattern(allow, tuple(p.encode("ascii") for p in pieces), not open_ended, pattern.specificity, line)


class Tables(NamedTuple):
    """The arguments of `kernels.deciding_rule`, in its order."""

    sets: _Ints
    text: npt.NDArray[np.uint8]
    plain: _Ints
    plain_bounds: _Ints
    wild: _Ints
    needs: npt.NDArray[np.uint64]
    piece_bounds: _Ints


class RuleTables:
    """Rules of many rule sets. A rule's number counts through all sets; `lines` and `allows` are by number."""

    def __init__(self) -> None:
        self._sets: list[tuple[int, int, int, int]] = []
        self._text = bytearray()
        self._plain: list[tuple[int, int, int, int, int]] = []
        self._plain_bounds: list[int] = []
        self._wild: list[tuple[int, int, int, int, int, int, int]] = []
        self._needs: list[int] = []
        self._piece_bounds: list[int] = []
        self._lines: list[int] = []
        self._allows: list[bool] = []
        self._built: Tables | None = None
        self._by_number: tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]] | None = None

    def add(self, patterns: Iterable[Pattern]) -> int:
        """The number of a new rule set."""
        plain: dict[bytes, Pattern] = {}
        wild: list[Pattern] = []
        for pattern in sorted(patterns, key=_telling):
            if pattern.plain:
                plain.setdefault(pattern.pieces[0], pattern)
            else:
                wild.append(pattern)
        first_plain, first_wild = len(self._plain), len(self._wild)
        # Prefixes first, then pieces: each kind has bounds of its own over the one text.
        above: list[tuple[int, bytes, Pattern, int]] = []
        for literal in sorted(plain):
            while above and not literal.startswith(above[-1][1]):
                above.pop()
            parent, _, best, number = above[-1] if above else (-1, b"", None, -1)
            if best is None or _telling(plain[literal]) < _telling(best):
                # Mostly so; but a `*` at the end counts as length, and says nothing.
                best = plain[literal]
                number = self._number(best)
            above.append((len(self._plain), literal, best, number))
            self._plain.append((parent, best.length, int(best.allow), number, best.line))
            self._plain_bounds.append(len(self._text))
            self._text += literal
        self._plain_bounds.append(len(self._text))
        # A row of its own ends the last prefix of this set, so that bounds stay one array.
        self._plain.append((-1, 0, 0, -1, 0))
        for pattern in wild:
            pieces = pattern.pieces or (b"",)
            first = len(self._piece_bounds)
            for piece in pieces:
                self._piece_bounds.append(len(self._text))
                self._text += piece
            self._piece_bounds.append(len(self._text))
            last, number = first + len(pieces), self._number(pattern)
            to_end = int(pattern.to_end)
            self._wild.append((pattern.length, int(pattern.allow), number, first, last, to_end, pattern.line))
            self._needs.append(_characters(pieces))
        self._sets.append((first_plain, len(self._plain) - 1, first_wild, len(self._wild)))
        self._built = self._by_number = None
        return len(self._sets) - 1

    @property
    def tables(self) -> Tables:
        """Everything added so far."""
        if self._built is None:
            self._built = Tables(
                _rows(self._sets, 4),
                np.frombuffer(bytes(self._text) or b"\0", np.uint8),
                _rows(self._plain, 5),
                np.array([*self._plain_bounds, 0], np.int64),
                _rows(self._wild, 7),
                np.array([*self._needs, 0], np.uint64),
                np.array([*self._piece_bounds, 0], np.int64),
            )
        return self._built

    @property
    def by_number(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Line and allow of each rule; one entry more at the end, so that -1 is line 0 and allowed."""
        if self._by_number is None:
            self._by_number = (np.array([*self._lines, 0], np.int32), np.array([*self._allows, True], np.bool_))
        return self._by_number

    def _number(self, pattern: Pattern) -> int:
        self._lines.append(pattern.line)
        self._allows.append(pattern.allow)
        return len(self._lines) - 1


def _telling(pattern: Pattern) -> tuple[int, bool, int]:
    """The order of RFC 9309 2.2.2: the longest first, an Allow before its equal, the first line of equals."""
    return -pattern.length, not pattern.allow, pattern.line


def _rows(rows: list[Any], width: int) -> _Ints:
    return np.array(rows, np.int64).reshape(-1, width) if rows else np.zeros((1, width), np.int64)


def _characters(pieces: tuple[bytes, ...]) -> int:
    bits = 0
    for piece in pieces:
        for byte in piece:
            bits |= 1 << (byte & 63)
    return bits
