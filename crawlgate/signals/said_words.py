"""Which sentences a page may hold, by the words without which none of their patterns matches.

Of each alternative of each pattern one set of words is looked for in every page, those that the fewest pages hold,
each by a piece that no tag can part. Where one is there, all sets of its alternatives are looked for as they may be
spelt, one after the other; an alternative of which one is missing is out.
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

_COMMON = frozenset(
    (
        *("access", "article", "content", "data", "file", "free", "from", "full", "have", "left", "more", "only"),
        *("page", "post", "read", "rest", "story", "text", "this", "used", "view", "whole", "with", "your"),
    )
)
"""Pieces that many pages hold, in their words or their tags."""

_PHRASE = 8
"""Letters of a word with a blank in it up to which it is looked for as a whole where its pieces say little."""


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


def any_of(words: Words) -> bytes:
    """A pattern for these words as they may be spelt."""
    shortest = [word for word in sorted(words) if not any(_begins(other, word) for other in words)]
    return b"(?:%b)" % b"|".join(dict.fromkeys(map(spelt, shortest)))


def _begins(other: str, word: str) -> bool:
    """True if `other` stands wherever `word` begins, however that is spelt."""
    return other != word and word.startswith(other) and other[-1] != EDGE and f"{other[-1]}{word[len(other)]}" != "ss"


def mark_of(word: str) -> tuple[str, int]:
    """A word that stands where this one stands, is found fast and seldom stands elsewhere: its longest piece that is
    one run of octets, or itself where no piece tells much. And how much it tells."""
    runs = "".join(letter if letter.isalnum() else " " for letter in word)
    # `ss` may be spelt with another letter.
    pieces = [piece for piece in runs.replace("ss", "s s").split() if len(piece.encode()) >= _LONG]
    telling = [piece for piece in pieces if piece not in _COMMON]
    if telling:
        longest = max(telling, key=lambda piece: len(piece.encode()))
        return longest, len(longest.encode())
    core = word.strip(EDGE + " ")
    if " " in core and len(core) <= _PHRASE and core.replace(" ", "").isalpha():
        return core, 3
    if pieces:
        return max(pieces, key=len), 2
    return word.rstrip(" "), 3 if len(core) >= 3 else 1


def pattern_of(mark: str) -> bytes:
    """What a mark looks like where no reference without its semicolon stands before it."""
    if mark[0] == EDGE and mark[1].isalnum():
        return rb"(?:\A|[^a-z])" + spelt(mark[1:])
    return spelt(mark)


class SaidWords:
    """All alternatives of all sentences. `marks` are the patterns to look for in a page, told by their place in it."""

    def __init__(self) -> None:
        begun: dict[str, set[int]] = {}
        self._sets: list[tuple[Words, ...]] = []
        for number, sets in enumerate(alternatives(SENTENCES)):
            key = max(sets, key=_telling)
            for word in sorted(key):
                begun.setdefault(mark_of(word)[0], set()).add(number)
            self._sets.append((*(words for words in sets if words is not key), key))
        # A mark that holds another one of the same alternatives is seen wherever it matters.
        kept = [mark for mark in begun if not any(_covers(begun, other, mark) for other in begun)]
        self.marks = tuple(map(pattern_of, kept))
        self._begun = tuple(tuple(sorted(begun[mark])) for mark in kept)
        self._exact = functools.cache(lambda words: Automaton([(0, any_of(words))]))

    def may_say(self, marks: Iterable[int], text: bytes) -> bool:
        """True if a sentence may count, of a text with its tags or without in which letters are spelt as usual and
        these marks were seen."""
        suspected = dict.fromkeys(number for mark in marks for number in self._begun[mark])
        return any(self._stands(number, text) for number in suspected)

    def _stands(self, number: int, text: bytes) -> bool:
        return all(self._exact(words).hits(text) for words in self._sets[number])


def _covers(begun: dict[str, set[int]], other: str, mark: str) -> bool:
    """True if `other` stands wherever `mark` does, however that is spelt, and begins what `mark` begins."""
    return other != mark and other.isalnum() and other in mark.replace("ss", EDGE) and begun[other] >= begun[mark]


def _telling(words: Words) -> tuple[int, int]:
    """How much the marks of these words tell together, then how few they are."""
    marks = dict(map(mark_of, words))
    return min(marks.values()), -len(marks)
