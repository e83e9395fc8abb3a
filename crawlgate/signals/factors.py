"""What must stand in a text for a pattern to match it: a few words, found by reading the pattern itself.

A pattern with gaps (`train[^.]{0,60}?models?`) cannot match where one of its fixed parts is missing. `necessary` gives,
for each alternative of a pattern, the sets of words of which one each must be there. Looking for all words of many
patterns at once is one pass over the text; most texts then need no pattern at all. What cannot be read so (classes,
repetitions, look-arounds) is a gap: a gap demands nothing, so that a word too many is possible, a word too few is not.
"""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

EDGE = "\x01"
"""Stands in a word where the pattern wants no letter: at the edge of a word."""

Words = frozenset[str]

_MOST_WORDS, _MOST_LETTERS = 64, 24
_SMALL_CLASS = 6
_BEFORE_CHOICE = ("AT", "ASSERT", "ASSERT_NOT", "LITERAL")
_parser: Any = importlib.import_module("re._parser")


def necessary(pattern: re.Pattern[str]) -> tuple[tuple[Words, ...], ...]:
    """For each alternative of `pattern`, sets of words: where it matches, one word of each set stands in the text.

    An alternative without any set may match anything. Letters are those of the pattern; who looks for the words
    in a text must fold it as the pattern's user does.
    """
    parsed = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    return tuple(tuple(_best(_of_sequence(items))) for items in _alternatives(list(parsed)))


def _alternatives(items: list[Any]) -> Iterator[list[Any]]:
    """The sequence once for each of its alternatives, where it is nothing but a choice (in groups or not) and letters
    before it: Python's parser takes out what all begin with."""
    before = list(itertools.takewhile(lambda item: str(item[0]) in _BEFORE_CHOICE, items))
    if len(items) == len(before) + 1:
        kind, value = str(items[-1][0]), items[-1][1]
        if kind == "BRANCH":
            for branch in value[1]:
                yield from _alternatives([*before, *branch])
            return
        if kind == "SUBPATTERN":
            yield from _alternatives([*before, *value[3]])
            return
    yield items


def _best(sets: Iterable[Words]) -> list[Words]:
    """The sets worth looking for: each once, and none with an empty word."""
    return list(dict.fromkeys(words for words in sets if words and all(word.strip(EDGE + " ") for word in words)))


def _of_sequence(items: Iterable[Any]) -> list[Words]:
    """Sets of words of which one each stands in whatever the sequence matches."""
    exact, more = _read(items)
    return [*more, frozenset(exact)] if exact is not None else more


def _read(items: Iterable[Any]) -> tuple[set[str] | None, list[Words]]:
    """What a sequence matches exactly (None: not to be listed), and the sets found before that was given up."""
    found: list[Words] = []
    run: set[str] = {""}
    whole = True
    for kind, value in items:
        texts, inner = _one(str(kind), value)
        found += inner
        joined = None if texts is None else {a + b for a in run for b in texts}
        if joined is None or len(joined) > _MOST_WORDS or max(map(len, joined)) > _MOST_LETTERS:
            found.append(frozenset(run))
            whole = False
            run = {""} if texts is None else texts
            if len(run) > _MOST_WORDS:
                found.append(frozenset(run))
                run = {""}
        else:
            run = joined
    if whole:
        return run, found
    return None, [*found, frozenset(run)]


def _one(kind: str, value: Any) -> tuple[set[str] | None, list[Words]]:
    """One item of a sequence: the texts it matches, None for a gap, with the sets its parts demand."""
    if kind == "LITERAL":
        return {chr(value)}, []
    if kind == "AT":
        return ({EDGE} if "AT_BOUNDARY" in str(value) else {""}), []
    if kind in ("ASSERT", "ASSERT_NOT"):
        return ({EDGE} if kind == "ASSERT_NOT" and _letters(value[1]) else {""}), []
    if kind == "IN":
        letters = _class(value)
        return (letters, []) if letters is not None else (None, [])
    if kind == "SUBPATTERN":
        return _read(value[3])
    if kind == "ATOMIC_GROUP":
        return _read(value)
    if kind == "BRANCH":
        return _branch(value[1])
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, inner = value
        texts, sets = _read(inner)
        if least == most == 1:
            return texts, sets
        if (least, most) == (0, 1) and texts is not None and not sets:
            return {"", *texts}, []
        return None, (_of_sequence(inner) if least >= 1 else [])
    return None, []


def _branch(branches: Iterable[Any]) -> tuple[set[str] | None, list[Words]]:
    read = [_read(branch) for branch in branches]
    if all(texts is not None and not sets for texts, sets in read):
        return {text for texts, _ in read for text in texts or ()}, []
    union: frozenset[str] = frozenset()
    for texts, sets in read:
        candidates = _best([*sets, frozenset(texts)] if texts is not None else sets)
        if not candidates:
            return None, []
        most: Words = max(candidates, key=lambda words: _worth(words))
        union |= most
    return None, [union]


def _letters(items: Any) -> bool:
    """True for one character of a class to which every letter from a to z belongs."""
    if len(items) != 1 or str(items[0][0]) != "IN":
        return False
    return any(
        (str(kind), value) == ("RANGE", (97, 122)) or str(value) == "CATEGORY_WORD" for kind, value in items[0][1]
    )


def _class(members: Iterable[Any]) -> set[str] | None:
    letters: set[str] = set()
    for kind, value in members:
        if str(kind) == "LITERAL":
            letters.add(chr(value))
        elif str(kind) == "RANGE" and value[1] - value[0] < _SMALL_CLASS:
            letters |= {chr(code) for code in range(value[0], value[1] + 1)}
        else:
            return None
    return letters if len(letters) <= _SMALL_CLASS else None


def _worth(words: Words) -> tuple[int, int]:
    """How much a set tells: the length of its shortest word in UTF-8, then how few they are."""
    return min(len(word.strip(EDGE + " ").encode()) for word in words), -len(words)
