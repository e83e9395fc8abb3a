"""What must stand in a page before its readers can find anything in it, looked for in one pass by an automaton.

The words are made from the tables of the readers themselves (`factors`), and so is what stands for the readers of
markup. A trigger that is there says nothing by itself: the page is read in full. One that is not there proves that its
readers find nothing. Looked through are the live parts of a page, in UTF-8 (`live`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from . import creator, dataset, login_page, login_words, microdata, open_licence, page_head, paywall
from .automata import AVAILABLE, Automaton, Failed
from .robots_tags import DIRECTIVES
from .said_words import SaidWords, alternatives, marks_of, pattern_of, wanted_letters
from .spelling import named_references, open_references, other_letters, references
from .tdmrep import META_NAMES

__all__ = ["AVAILABLE", "Failed", "Look", "Trigger", "Triggers", "triggers"]


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
    SPELT: Final = 128
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
# Matches wherever `_ODD` does, and seldom elsewhere: what stands between a tag's start, or a value's, and the next `<`.
_PERHAPS_ODD = (
    rb"<[/a-z][^<>]*(?:<|\z)",
    rb"=%b\"[^\"<>]*[<>]" % _BLANKS,
    rb"=%b'[^'<>]*[<>]" % _BLANKS,
)


def _splits() -> Iterator[bytes]:
    """A pattern for each inline element: fast, because each begins with octets of its own."""
    letter = rb"[a-z\x80-\xff]"
    names = b"|".join(sorted(page_head.INLINE, reverse=True))
    further = rb"(?:</?(?:%b)(?:[\t\n\f\r /][^<>]*)?>|<!>)*" % names
    for name in sorted(page_head.INLINE):
        yield letter + rb"</?%b(?:[\t\n\f\r /][^<>]*)?>" % name + further + letter
    yield letter + b"<!>" + further + letter


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


# Names without which no reader of structured data finds anything in a page's own attributes, and what may stand for
# them: references, prefixes that a page declares, links to nodes that stand elsewhere.
_WEIGHED_NAMES = (
    *("license", "isaccessibleforfree", "requiressubscription", "price", "product", "odrl"),
    *dict.fromkeys(kind.partition(":")[0].lower() for kind in dataset.KINDS),
)
_DESCRIBES = (
    rb"(?:itemprop|itemtype|typeof|property|rel|vocab)%b=%b(?:\"[^\"<>]*|'[^'<>]*|[^\"'<>]*)(?:&|%b)"
    % (_BLANKS, _BLANKS, b"|".join(name.encode() for name in ("author", "creator", *_WEIGHED_NAMES))),
    rb"(?:prefix|itemid|resource|about)%b=" % _BLANKS,
)
_WEIGHED = (rb"\\u", rb"@context\"\s*:\s*[\[{]", *(name.encode() for name in _WEIGHED_NAMES))


class Look(NamedTuple):
    """What one pass over the live parts of a page saw: triggers, words by their marks, where meta and link tags begin
    that may bear on use."""

    triggers: int
    marks: tuple[int, ...]
    metas: list[int]
    links: list[int]


_META_AT, _LINK_AT, _MARKS = 1_001, 1_002, 2_000
_NAME_END = rb"[\t\n\f\r />]"
_NO_LETTERS = bytes(octet for octet in range(256) if not 0x61 <= octet <= 0x7A)
_META_NAMES = tuple(
    dict.fromkeys(
        name.encode().lower().translate(None, _NO_LETTERS)
        for name in (*DIRECTIVES, *open_licence.META_NAMES, *creator.META_NAMES, *paywall.TIER_NAMES, *META_NAMES)
    )
)


class Triggers:
    """The automata; making them takes about half a second, once a process."""

    def __init__(self) -> None:
        self._said = SaidWords()
        wanted = wanted_letters()
        said = [(_MARKS + number, pattern) for number, pattern in enumerate(self._said.marks)]
        spelt_otherwise = [
            *((Trigger.SPELT, b"&#" + number) for number in references()),
            *((Trigger.SPELT, b"&" + name) for name in dict.fromkeys((*named_references(wanted), *open_references()))),
            (Trigger.SPELT, b"(?-i:%b)" % _group(other_letters(wanted))),
        ]
        tags = [
            *((Trigger.ODD, pattern) for pattern in _PERHAPS_ODD),
            (Trigger.CODING, _OTHER_CODING),
            (Trigger.MICRODATA, relaxed(microdata.MAY_HOLD)),
            (Trigger.PASSWORD, relaxed(login_page.PASSWORD)),
            (Trigger.MARK, relaxed(page_head.MARKS)),
            (Trigger.MARK, b"<[^<>]*" + relaxed(open_licence.ANCHOR)),
            *((Trigger.SPLIT, pattern) for pattern in _splits()),
        ]
        places = [(_META_AT, b"<meta" + _NAME_END), (_LINK_AT, b"<link" + _NAME_END + b"[^<>]*(?:canon|licen|&)")]
        self._page = Automaton([*tags, *spelt_otherwise, *said], places)
        self._odd = Automaton([(Trigger.ODD, _ODD)])
        self._describes = Automaton((0, pattern) for pattern in _DESCRIBES)
        self._weighed = Automaton((0, pattern) for pattern in _WEIGHED)
        self._metas = Automaton([(Trigger.META, b"<meta[^<>]*" + _group(_metas()))])
        titles = {
            mark for one in alternatives((login_words.LOGIN_WORD,)) for word in one[0] for mark in marks_of(word)[:1]
        }
        self._login = Automaton((0, pattern_of(mark)) for mark in sorted(titles))

    def look(self, live: bytes) -> Look:
        """What is seen in the live parts of a page."""
        seen, marks, metas, links = 0, [], [], []
        for number, end in self._page.hits(live):
            if number >= _MARKS:
                marks.append(number - _MARKS)
            elif number == _META_AT:
                metas.append(end - 6)
            elif number == _LINK_AT:
                start = live.rfind(b"<", 0, end)
                if start not in links:
                    links.append(start)
            else:
                seen |= number
        if seen & Trigger.ODD and not self.odd(live):
            seen &= ~Trigger.ODD
        if metas and self._may_bear(b"".join([live[start : live.find(b">", start) + 1] for start in metas])):
            seen |= Trigger.META
        return Look(seen, tuple(marks), metas, links)

    def _may_bear(self, metas: bytes) -> bool:
        """True if one of these meta tags may bear on use or name an author."""
        squeezed = metas.lower().translate(None, _NO_LETTERS)
        for name in _META_NAMES:
            if name in squeezed:
                return True
        return b"&" in metas and bool(self._metas.hits(metas))

    def odd(self, hidden: bytes) -> bool:
        """True if a tag holds a `<` or `>`, or is open."""
        return bool(hidden) and bool(self._odd.hits(hidden))

    def look_at_text(self, text: bytes) -> tuple[int, tuple[int, ...]]:
        """`SPELT` if it is seen in a text without tags, and the marks of its words."""
        hits = self._page.hits(text)
        spelt = any(number == Trigger.SPELT for number, _ in hits)
        return spelt * Trigger.SPELT, tuple(number - _MARKS for number, _ in hits if number >= _MARKS)

    def may_describe(self, live: bytes) -> bool:
        """True if microdata or RDFa of a page may say something that is read."""
        return bool(self._describes.hits(live))

    def may_weigh(self, jsonld: bytes) -> bool:
        """True if JSON-LD may say more than who made the page: by name, or by names of its own."""
        return bool(self._weighed.hits(jsonld))

    def may_say(self, marks: Iterable[int], text: bytes) -> bool:
        """See `SaidWords.may_say`."""
        return self._said.may_say(marks, text)

    def may_be_login(self, title: str) -> bool:
        """True if a title may be that of a login page."""
        return bool(self._login.hits(title.lower().encode("utf-8", "replace")))


@functools.cache
def triggers() -> Triggers:
    """The one set of automata of this process. Raises `Failed` where they cannot be made."""
    return Triggers()
