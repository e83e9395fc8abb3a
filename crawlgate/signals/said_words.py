"""Which sentences a page may hold, by the words without which none of their patterns matches.

The words of every alternative of every pattern are looked for at once, each by the pieces that no tag can part; an
alternative of which no word is there is out. Where one is left, its words are looked for as they may be spelt.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from . import paywall_text, wording
from .automata import Automaton
from .factors import EDGE, Words, necessary
from .spelling import spelt

SENTENCES: tuple[re.Pattern[str], ...] = (*wording.FINDING, *paywall_text.FINDING)
"""One of these matches where a sentence counts."""

_LONG = 4
"""Octets of a piece that is looked for by itself; shorter ones stand in every page."""

_PIECES = 2
"""Pieces of a word that are looked for, the longest ones."""


def alternatives(patterns: Iterable[re.Pattern[str]]) -> list[tuple[Words, ...]]:
    """The sets of all alternatives of these patterns, the most telling set of each first. Every alternative has one."""
    found = []
    for pattern in patterns:
        for sets in necessary(pattern):
            usable = [words for words in sets if all(any(map(str.isalnum, word)) for word in words)]
            found.append(tuple(sorted(usable, key=_worth, reverse=True)))
    return found


def _worth(words: Words) -> tuple[int, int]:
    return min(len(word.strip(EDGE + " ").encode()) for word in words), -len(words)


def wanted_letters() -> frozenset[str]:
    """All letters of all words that are looked for."""
    words = (word for sets in alternatives(SENTENCES) for words in sets for word in words)
    return frozenset(letter for word in words for letter in word if letter.isalnum())


def any_of(words: Iterable[str]) -> bytes:
    """A pattern for these words as they may be spelt."""
    return b"(?:%b)" % b"|".join(dict.fromkeys(map(spelt, sorted(words))))


def marks_of(word: str) -> tuple[str, ...]:
    """Words that all stand where this one stands: its longest pieces that are one run of octets, with one of a few
    letters where no more is there, or itself."""
    runs = "".join(letter if letter.isalnum() else " " for letter in word)
    # `ss` may be spelt with another letter.
    pieces = [piece for piece in runs.replace("ss", "s s").split() if len(piece.encode()) >= _LONG]
    if not pieces:
        return (word.rstrip(" "),)
    longest = sorted(dict.fromkeys(pieces), key=lambda piece: -len(piece.encode()))[:_PIECES]
    if longest == ["data"]:
        shorts = [short.strip(EDGE) for short in word.split(" ")[1:]]  # what follows a blank begins there
        longest += [EDGE + short for short in shorts if short.isalnum() and len(short) < _LONG]
    return tuple(longest)


def pattern_of(mark: str) -> bytes:
    """What a mark looks like where no reference without its semicolon stands before it."""
    if mark[0] == EDGE and mark[1].isalnum():
        return rb"(?:\A|[^a-z])" + spelt(mark[1:])
    return spelt(mark)


class SaidWords:
    """All alternatives of all sentences. `marks` are the patterns to look for, told by their place in it."""

    def __init__(self) -> None:
        numbers: dict[str, int] = {}
        self._alternatives = alternatives(SENTENCES)
        # Of each alternative, for each set the marks of its words as bits; and the alternatives that a mark may begin.
        self._masks: list[tuple[tuple[int, ...], ...]] = []
        begun: dict[int, set[int]] = {}
        for number, sets in enumerate(self._alternatives):
            masks = tuple(
                tuple(
                    {
                        sum(1 << numbers.setdefault(mark, len(numbers)) for mark in marks_of(word))
                        for word in sorted(words)
                    }
                )
                for words in sets
            )
            self._masks.append(masks)
            for mask in masks[0]:
                begun.setdefault(mask.bit_length() - 1, set()).add(number)
        self.marks = tuple(map(pattern_of, numbers))
        self._begun = {mark: tuple(sorted(begin)) for mark, begin in begun.items()}
        self._exact = functools.cache(self._compiled)

    def may_say(self, marks: Iterable[int], text: bytes) -> bool:
        """True if a sentence may count, of a text with its tags or without in which letters are spelt as usual and
        these marks were seen."""
        return any(self._stands(number, text) for number in self._left(marks))

    def _left(self, marks: Iterable[int]) -> list[int]:
        """The alternatives of which a word of each set may be there."""
        seen = 0
        suspected: list[int] = []
        for mark in marks:
            seen |= 1 << mark
            suspected += self._begun.get(mark, ())
        left = []
        for number in dict.fromkeys(suspected):
            for masks in self._masks[number]:
                for mask in masks:
                    if mask & seen == mask:
                        break
                else:
                    break
            else:
                left.append(number)
        return left

    def _stands(self, number: int, text: bytes) -> bool:
        return len(self._exact(number).hits(text)) == len(self._alternatives[number])

    def _compiled(self, number: int) -> Automaton:
        return Automaton(enumerate(map(any_of, self._alternatives[number])))
