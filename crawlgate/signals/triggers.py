"""What must stand in a page before its readers can find anything in it, looked for in one pass by RE2's automata.

The words are made from the tables of the readers themselves (`factors`), and so is what stands for the readers of
markup. A trigger that is there says nothing by itself: the page is read in full. One that is not there proves that its
readers find nothing. Looked through are the live parts of a page, in UTF-8 (`live`).
"""

from __future__ import annotations

import functools
import html.entities
import importlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from . import creator, login_page, login_words, microdata, open_licence, page_head, paywall, paywall_text, wording
from .factors import EDGE, Words, necessary
from .robots_tags import DIRECTIVES
from .tdmrep import META_NAMES

re2: Any
try:
    re2 = importlib.import_module("re2")
except ImportError:
    re2 = None

AVAILABLE = re2 is not None
"""Whether RE2 is here (`crawlgate[fast]`). Without it pages are read in full."""


class Trigger:
    """What was seen in the live parts of a page, as bits of a number."""

    ODD: Final = 1
    """A tag that holds a `<` or `>`, or is open at the end."""
    CODING: Final = 2
    """Another coding than UTF-8 is named."""
    MICRODATA: Final = 4
    PASSWORD: Final = 8
    META: Final = 16
    """A meta tag that may bear on use, or name an author."""
    MARK: Final = 32
    """A licence in a link, or an attribute of a protocol."""
    SPLIT: Final = 64
    """A word that goes on behind an inline tag."""
    WORDS: Final = 128
    """A word without which no sentence counts."""
    SPELT: Final = 256
    """Letters in a spelling of their own: as references, or that fold to other letters."""


_BLANKS = rb"[\t\n\f\r ]*"
_CLEAN = rb"(?:[^<>\"'=]|[\"']|=%b\"[^\"<>]*\"|=%b'[^'<>]*'|=%b[^\t\n\f\r <>\"'][^\t\n\f\r <>]*)*" % ((_BLANKS,) * 3)
_ODD = rb"</?[a-z]%b(?:<|=%b<|=%b\"[^\"<>]*[<>]|=%b'[^'<>]*[<>]|\z|=%b\z|=%b[\"'][^<>]*\z)" % (
    (_CLEAN, *(_BLANKS,) * 5)
)
_OTHER_CODING = (
    rb"<meta[^<>]*charset%b=%b[\"']?%b(?:[^u\"'\t\n\f\r <>]|u[^t]|ut[^f]|utf[^8-]|utf-[^8]|utf-?8[a-z0-9_-])"
    % ((_BLANKS,) * 3)
)
_INLINE = b"|".join(sorted(page_head.INLINE, reverse=True))
_SPLIT = rb"[a-z\x80-\xff](?:<(?:/?(?:%b)(?:[\t\n\f\r /][^<>]*)?|!)>)+[a-z\x80-\xff]" % _INLINE


def _octets(letter: str) -> bytes:
    return b"".join(b"\\x%02x" % octet for octet in letter.encode("utf-8", "replace"))


# -- words ----------------------------------------------------------------------------------------------

_GAP = rb"(?:[\x00-\x20\x7f-\xff]|<[^<>]*>|&[#a-z0-9]+;?)+"
_MARK = rb"(?:[^a-z<>&]|<[^<>]*>|&[#a-z0-9]+;?)*"  # punctuation, whatever it is spelt like
_START = rb"(?:\A|[^a-z]|&[#a-z0-9]{1,8})"  # a reference without its semicolon ends where the word begins
_END = rb"(?:[^a-z]|\z)"


def spelt(word: str) -> bytes:
    """A word as a pattern for the bytes of a page in UTF-8, in which tags may stand between words."""
    body = word.strip(EDGE)
    made = [_START] if word.startswith(EDGE) and body[0].isalnum() else []
    for letter in body.replace(EDGE, ""):
        if letter == " ":
            made.append(_GAP)
        elif not letter.isalnum():
            made.append(_MARK)
        elif letter.isascii():
            made.append(letter.encode())
        else:
            made.append(b"(?-i:%b)" % _octets(letter))
    if word.endswith(EDGE) and body[-1].isalnum():
        made.append(_END)
    return b"".join(made).replace(b"ss", rb"(?:ss|(?-i:\xc3\x9f))")  # the one letter that folds to two, and is common


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


SENTENCES: tuple[re.Pattern[str], ...] = (*wording.FINDING, *paywall_text.FINDING)
"""One of these matches where a sentence counts."""


# -- letters in other spellings -------------------------------------------------------------------------

# Where Unicode keeps letters that fold to others; a test looks through all of it.
_BLOCKS = (
    *((0x80, 0x370), (0x1D00, 0x1F00), (0x2000, 0x2500), (0x2C60, 0x2C80), (0x2E80, 0x3400), (0xA640, 0xA800)),
    *((0xAB30, 0xAB70), (0xF900, 0x10000), (0x10780, 0x107C0), (0x1CCD6, 0x1CCFA), (0x1D400, 0x1D800)),
    *((0x1EE00, 0x1EF00), (0x1F100, 0x1F300), (0x1FBF0, 0x1FC00), (0x2F800, 0x2FA20)),
)
_COMPOSING = "\u3099\u309a\uff9e\uff9f"


def folds_to(letter: str, wanted: frozenset[str]) -> bool:
    """True if a text may get one of the wanted letters from another one when it is folded (NFKC, without case)."""
    folded = unicodedata.normalize("NFKC", letter).casefold()
    return folded != letter and not wanted.isdisjoint(folded) and letter != "ß"


def wanted_letters() -> frozenset[str]:
    """All letters of all words that are looked for."""
    words = (word for sets in alternatives(SENTENCES) for words in sets for word in words)
    return frozenset(letter for word in words for letter in word if letter.isalnum())


def _other_letters(wanted: frozenset[str]) -> Iterator[bytes]:
    """Patterns for letters in UTF-8 that fold to wanted ones."""
    last: dict[bytes, list[int]] = {}
    for first, end in _BLOCKS:
        for letter in map(chr, range(first, end)):
            if letter in _COMPOSING or folds_to(letter, wanted):
                octets = letter.encode("utf-8", "replace")
                last.setdefault(octets[:-1], []).append(octets[-1])
    for lead, ends in last.items():
        yield b"".join(b"\\x%02x" % octet for octet in lead) + b"[%b]" % b"".join(b"\\x%02x" % end for end in ends)


def _references() -> Iterator[bytes]:
    """Patterns for references to letters: numbers, but for those of punctuation, and names."""
    yield rb"0*(?:6[5-9]|[78][0-9]|90|9[7-9]|1[01][0-9]|12[0-2]|170|186)(?:[^0-9]|\z)"
    yield rb"0*(?:[1-79][0-9]{3}|8[014-9][0-9]{2}|83(?:0[4-9]|[1-57-9][0-9]|6[0-35-9]))(?:[^0-9]|\z)"
    yield rb"0*[1-9][0-9]{4}"
    yield rb"x0*(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|aa|ba|[1-9a-f][0-9a-f]{2})(?:[^0-9a-f]|\z)"
    yield rb"x0*(?:[13-9a-f][0-9a-f]{3}|2[1-9a-f][0-9a-f]{2}|20(?:[7-9b-f][0-9a-f]|a[0-9abd-f]))(?:[^0-9a-f]|\z)"
    yield rb"x0*[1-9a-f][0-9a-f]{4}"


def _named(wanted: frozenset[str]) -> Iterator[bytes]:
    for name, text in html.entities.html5.items():
        folded = unicodedata.normalize("NFKC", text).casefold()
        if not wanted.isdisjoint(folded):
            yield re.escape(name.encode())


# -- markup ---------------------------------------------------------------------------------------------


def relaxed(pattern: re.Pattern[bytes]) -> bytes:
    """A reader's own pattern as RE2 writes it: nothing possessive, no bounds; it matches wherever the reader's does."""
    text = re.sub(rb"([*+?}])\+", rb"\1", pattern.pattern).replace(rb"\s", rb"[\t\n\v\f\r ]")
    return re.sub(rb"\{0,[0-9]+\}", b"*", text)


def _metas() -> Iterator[bytes]:
    junk = rb"(?:[^a-z<>&]|&[#a-z0-9]*;?)*"
    for word in DIRECTIVES:
        yield junk.join(bytes([octet]) for octet in word.encode())
    for name in (*open_licence.META_NAMES, *creator.META_NAMES, *paywall.TIER_NAMES, *META_NAMES):
        yield re.escape(name.encode())
    yield rb"(?:name|property|http-equiv|itemprop)%b=%b[\"']?[^\"'<>=]*&" % (_BLANKS, _BLANKS)


def _group(patterns: Iterable[bytes]) -> bytes:
    return b"(?:%b)" % b"|".join(patterns)


def _any_of(words: Iterable[str]) -> bytes:
    return _group(dict.fromkeys(map(spelt, sorted(words))))


class _Automaton:
    """Patterns that are looked for in one pass."""

    def __init__(self, options: Any, patterns: Mapping[int, bytes]) -> None:
        self._set = re2.Set.SearchSet(options)
        self._set.Add(rb"[\x00-\xff]|\A")  # matches always: where it is not told, the automaton did not run to its end
        for pattern in patterns.values():
            self._set.Add(pattern)
        self._set.Compile()
        self._any = re2.compile(_group(patterns.values()), options)  # nearly twice as fast, where there is nothing
        self._told = (0, *patterns)
        self._all = sum(patterns)

    def seen(self, data: bytes) -> int:
        """What stands in `data`; everything where that cannot be told."""
        if self._any.search(data) is None:
            return 0
        found = self._set.Match(data) or ()
        if 0 not in found:
            return self._all
        seen = 0
        for number in found:
            seen |= self._told[number]
        return seen


class Triggers:
    """The automata; making them takes some tens of milliseconds, once a process."""

    def __init__(self) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.case_sensitive = False
        options.never_capture = True
        options.log_errors = False
        options.max_mem = 64 << 20
        self._options = options
        sets = alternatives(SENTENCES)
        wanted = wanted_letters()
        words = _any_of({word for one in sets for word in one[0]})
        meta = b"<meta[^<>]*" + _group(_metas())
        tags = {
            Trigger.ODD: _ODD,
            Trigger.CODING: _OTHER_CODING,
            Trigger.MICRODATA: relaxed(microdata.MAY_HOLD),
            Trigger.PASSWORD: relaxed(login_page.PASSWORD),
            Trigger.META: meta,
            Trigger.MARK: _group((relaxed(page_head.MARKS), b"<[^<>]*" + relaxed(open_licence.ANCHOR))),
            Trigger.SPLIT: _SPLIT,
        }
        # Words have an automaton of their own: one for both would have as many states as pairs of theirs.
        self._tags = _Automaton(options, tags)
        self._words = self._compiled(words)
        self._references = self._compiled(
            b"&(?:#%b|%b)" % (_group(_references()), _group(dict.fromkeys(_named(wanted))))
        )
        self._letters = self._compiled(b"(?-i:%b)" % _group(_other_letters(wanted)))
        self._link = self._compiled(rb"<link[\t\n\f\r />][^<>]*(?:canon|licen|&)")
        self._first = re2.Set.SearchSet(options)
        for one in sets:
            self._first.Add(_any_of(one[0]))
        self._first.Compile()
        self._others = [[re2.compile(_any_of(words), options) for words in one[1:]] for one in sets]
        self._login = self._compiled(
            _group(spelt(word) for one in alternatives((login_words.LOGIN_WORD,)) for word in one[0])
        )

    def _compiled(self, pattern: bytes) -> Any:
        return re2.compile(pattern, self._options)

    def seen(self, live: bytes) -> int:
        """The triggers in the live parts of a page."""
        return self._tags.seen(live) | self.words_in(live)

    def odd(self, hidden: bytes) -> bool:
        """True if a tag that is hidden holds a `<` or `>`, or is open."""
        return bool(hidden) and bool(self._tags.seen(hidden) & Trigger.ODD)

    def may_say(self, text: bytes) -> bool:
        """True if a sentence of a text in which letters are spelt as usual, with its tags or without, may count."""
        found = self._first.Match(text) or ()  # of the alternatives, by their most telling words
        return not found or any(all(words.search(text) for words in self._others[number]) for number in found)

    def words_in(self, text: bytes) -> int:
        """`WORDS` and `SPELT`, as far as they stand in a text."""
        seen = Trigger.WORDS if self._words.search(text) is not None else 0
        otherwise = self._references.search(text) is not None
        if otherwise or (not text.isascii() and self._letters.search(text) is not None):
            seen |= Trigger.SPELT
        return seen

    def next_link(self, live: bytes, position: int) -> int:
        """Where the next link tag begins that may name a licence or a canonical address; -1 if there is none."""
        found = self._link.search(live, position)
        return -1 if found is None else int(found.start())

    def may_be_login(self, title: str) -> bool:
        """True if a title may be that of a login page."""
        return self._login.search(title.lower().encode("utf-8", "replace")) is not None


@functools.cache
def triggers() -> Triggers:
    """The one set of automata of this process."""
    return Triggers()
