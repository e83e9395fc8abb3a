"""Rule sets of robots.txt as the tables that kernels read. Sets are added as they turn up; tables grow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..signals.pathmatch import PathPattern
from . import robots_kernels as kernels
from .growing import Growing
from .kernel_arrays import Rules
from .row_kernels import deciding_rule, heads

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


class RuleTables:
    """Rules of many rule sets. A rule's number counts through all sets."""

    def __init__(self) -> None:
        self._sets = Growing(np.int32, 4)
        self._text = Growing(np.uint8, expected=1 << 16)
        self._plain = Growing(np.int32, 5)
        self._plain_bounds = Growing(np.int32)
        self._plain_heads = Growing(np.uint64)
        self._wild = Growing(np.int32, 7)
        self._needs = Growing(np.uint64)
        self._piece_bounds = Growing(np.int32)
        self._rules = Growing(np.int32, 2)
        self._work = np.empty((1, 6), np.int32), np.empty(1, np.int32), np.empty((1, 4), np.int32)
        self._counts = np.zeros(5, np.int64)
        # Sets in which a target with a slash in its query may have more than one meaning.
        self.two_faced: set[int] = set()

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
        text, rules = _Text(self._text.count), list[tuple[int, bool]]()

        def number_of(pattern: Pattern) -> int:
            rules.append((pattern.line, pattern.allow))
            return self._rules.count + len(rules) - 1

        # Prefixes first, then pieces: each kind has bounds of its own over the one text.
        above: list[tuple[int, bytes, Pattern, int]] = []
        prefixes: list[tuple[int, int, int, int, int]] = []
        bounds: list[int] = []
        for literal in sorted(plain):
            while above and not literal.startswith(above[-1][1]):
                above.pop()
            parent, _, best, number = above[-1] if above else (-1, b"", None, -1)
            if best is None or _telling(plain[literal]) < _telling(best):
                # Mostly so; but a `*` at the end counts as length, and says nothing.
                best = plain[literal]
                number = number_of(best)
            above.append((first_plain + len(prefixes), literal, best, number))
            prefixes.append((parent, best.length, int(best.allow), number, best.line))
            bounds.append(text.add(literal))
        # A row of its own ends the last prefix of this set, so that bounds stay one array.
        self._plain.add([*prefixes, (-1, 0, 0, -1, 0)])
        self._plain_bounds.add([*bounds, text.end])
        pieces_at: list[int] = []
        wild_rows: list[tuple[int, int, int, int, int, int, int]] = []
        for pattern in wild:
            pieces = pattern.pieces or (b"",)
            first = self._piece_bounds.count + len(pieces_at)
            pieces_at += map(text.add, pieces)
            pieces_at.append(text.end)
            last, number = first + len(pieces), number_of(pattern)
            to_end = int(pattern.to_end)
            wild_rows.append((pattern.length, int(pattern.allow), number, first, last, to_end, pattern.line))
        self._wild.add(wild_rows)
        self._needs.add([_characters(pattern.pieces) for pattern in wild])
        self._piece_bounds.add(pieces_at)
        self._text.add(np.frombuffer(bytes(text.data), np.uint8))
        self._rules.add(rules)
        number = self._ended(first_plain, first_wild)
        if any(b"%2F" in piece for pattern in (*plain.values(), *wild) for piece in pattern.pieces):
            self.two_faced.add(number)
        return number

    def build(self, data: Any, rules: Any, bits: Any, runs: int, *, whole: bool) -> tuple[int, int]:
        """Add the rules of some runs of a file (see `robots_kernels`): what the kernel says, and where that is
        `BUILT`, the number of the new set."""
        most, counts = len(rules), self._counts
        first_plain, first_wild = self._plain.count, self._wild.count
        kinds = (self._text, self._plain, self._wild, self._piece_bounds, self._rules)
        counts[:] = [kind.count for kind in kinds]
        octets = len(data)
        if most > len(self._work[1]):
            self._work = (
                np.empty((2 * most, 6), np.int32),
                np.empty(2 * most, np.int32),
                np.empty((2 * most, 4), np.int32),
            )
        answer = int(
            kernels.build(
                data,
                rules,
                most,
                bits,
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
                *self._work,
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
        rule = deciding_rule(np.frombuffer(target, np.uint8), 0, len(target), number, self.rules)
        return rule < 0 or bool(self._rules.array[rule, 1])

    @property
    def rules(self) -> Rules:
        """Everything added so far."""
        known, count = self._plain_heads.count, self._plain.count - 1  # the last row ends the others
        if known < count:
            room = self._plain_heads.room(count - known + 1)
            heads(self._text.array, self._plain_bounds.array, known, count, room)
            self._plain_heads.count = count
        return Rules(
            self._sets.array,
            self._text.array,
            self._plain.array,
            self._plain_bounds.array,
            self._plain_heads.array,
            self._wild.array,
            self._needs.array,
            self._piece_bounds.array,
            self._rules.array,
        )

    def _ended(self, first_plain: int, first_wild: int) -> int:
        return self._sets.add([(first_plain, self._plain.count - 1, first_wild, self._wild.count)])


class _Text:
    """Literals, one after another, behind the first `begin` octets of a longer text."""

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self.data = bytearray()

    @property
    def end(self) -> int:
        return self._begin + len(self.data)

    def add(self, literal: bytes) -> int:
        """Where the literal begins. Of the end of the one before, nothing has to be said: it is the same."""
        begin = self.end
        self.data += literal
        return begin


def _telling(pattern: Pattern) -> tuple[int, bool, int]:
    """The order of RFC 9309 2.2.2: the longest first, an Allow before its equal, the first line of equals."""
    return -pattern.length, not pattern.allow, pattern.line


def _characters(pieces: tuple[bytes, ...]) -> int:
    bits = 0
    for piece in pieces:
        for byte in piece:
            bits |= 1 << (byte & 63)
    return bits
