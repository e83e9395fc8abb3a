"""Rule sets of robots.txt as the tables that kernels read. Sets are added as they turn up; tables grow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..signals.pathmatch import PathPattern
from . import robots_kernels as kernels
from .growing import Growing
from .kernels import deciding_rule

_Ints = npt.NDArray[np.int32]

NO_RULES = -1
"""The number of a rule set that says nothing."""


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
    """Rules of many rule sets. A rule's number counts through all sets."""

    def __init__(self) -> None:
        self._sets = Growing(np.int32, 4)
        self._text = Growing(np.uint8, expected=1 << 16)
        self._plain = Growing(np.int32, 5)
        self._plain_bounds = Growing(np.int32)
        self._wild = Growing(np.int32, 7)
        self._needs = Growing(np.uint64)
        self._piece_bounds = Growing(np.int32)
        self._rules = Growing(np.int32, 2)
        # Sets in which a target with a slash in its query may have more than one meaning.
        self.two_faced: set[int] = set()
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
        first_plain, first_wild = self._plain.count, self._wild.count
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
            above.append((self._plain.count, literal, best, number))
            self._plain.add([(parent, best.length, int(best.allow), number, best.line)])
            self._plain_bounds.add([self._write(literal)])
        self._plain_bounds.add([self._text.count])
        # A row of its own ends the last prefix of this set, so that bounds stay one array.
        self._plain.add([(-1, 0, 0, -1, 0)])
        for pattern in wild:
            pieces = pattern.pieces or (b"",)
            first = self._piece_bounds.count
            self._piece_bounds.add([self._write(piece) for piece in pieces])
            self._piece_bounds.add([self._text.count])
            last, number = first + len(pieces), self._number(pattern)
            to_end = int(pattern.to_end)
            self._wild.add([(pattern.length, int(pattern.allow), number, first, last, to_end, pattern.line)])
            self._needs.add([_characters(pieces)])
        number = self._ended(first_plain, first_wild)
        if any(b"%2F" in piece for pattern in (*plain.values(), *wild) for piece in pattern.pieces):
            self.two_faced.add(number)
        return number

    def build(self, data: Any, rules: Any, runs: int, *, whole: bool) -> tuple[int, int]:
        """Add the rules of some runs of a file (see `robots_kernels`): what the kernel says, and where that is
        `BUILT`, the number of the new set."""
        most, counts = len(rules), np.zeros(5, np.int64)
        first_plain, first_wild = self._plain.count, self._wild.count
        kinds = (self._text, self._plain, self._wild, self._piece_bounds, self._rules)
        counts[:] = [kind.count for kind in kinds]
        octets = int((rules[:, 1] - rules[:, 0]).sum()) if most else 0
        answer = int(
            kernels.build(
                data,
                rules,
                most,
                np.uint64(runs),
                whole,
                counts,
                self._text.room(octets),
                self._plain.room(most + 1),
                self._plain_bounds.room(most + 1),
                self._wild.room(most),
                self._needs.room(most),
                self._piece_bounds.room(octets + 2 * most),
                self._rules.room(most),
                np.empty((most, 6), np.int32),
                np.empty(most, np.int32),
                np.empty((most, 4), np.int32),
            )
        )
        if answer != kernels.BUILT:
            return answer, NO_RULES
        for kind, count in zip(kinds, counts.tolist(), strict=True):
            kind.count = count
        self._plain_bounds.count, self._needs.count = self._plain.count, self._wild.count
        return answer, self._ended(first_plain, first_wild)

    def allows(self, number: int, target: bytes) -> bool:
        """True if a rule set lets `target`, in its normal form, be fetched."""
        rule = deciding_rule(np.frombuffer(target, np.uint8), 0, len(target), number, *self.tables)
        return rule < 0 or bool(self._rules.array[rule, 1])

    @property
    def tables(self) -> Tables:
        """Everything added so far."""
        return Tables(
            self._sets.array,
            self._text.array,
            self._plain.array,
            self._plain_bounds.array,
            self._wild.array,
            self._needs.array,
            self._piece_bounds.array,
        )

    @property
    def by_number(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Line and allow of each rule; one entry more at the end, so that -1 is line 0 and allowed."""
        if self._by_number is None:
            rules = np.concatenate([self._rules.rows, np.array([[0, 1]], np.int32)])
            self._by_number = (rules[:, 0].copy(), rules[:, 1].astype(np.bool_))
        return self._by_number

    def _ended(self, first_plain: int, first_wild: int) -> int:
        self._by_number = None
        return self._sets.add([(first_plain, self._plain.count - 1, first_wild, self._wild.count)])

    def _write(self, literal: bytes) -> int:
        return self._text.add(np.frombuffer(literal, np.uint8)) if literal else self._text.count

    def _number(self, pattern: Pattern) -> int:
        return self._rules.add([(pattern.line, pattern.allow)])


def _telling(pattern: Pattern) -> tuple[int, bool, int]:
    """The order of RFC 9309 2.2.2: the longest first, an Allow before its equal, the first line of equals."""
    return -pattern.length, not pattern.allow, pattern.line


def _characters(pieces: tuple[bytes, ...]) -> int:
    bits = 0
    for piece in pieces:
        for byte in piece:
            bits |= 1 << (byte & 63)
    return bits
