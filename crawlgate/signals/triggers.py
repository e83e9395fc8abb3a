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

from . import creator, dataset, login_page, login_words, open_licence, page_head, paywall
from .automata import AVAILABLE, Automaton, Failed
from .robots_tags import DIRECTIVES
from .said_words import SaidWords, alternatives, mark_of, pattern_of, wanted_letters
from .spelling import CUT_REFERENCE, other_letters, references
from .tdmrep import META_NAMES

__all__ = ["AVAILABLE", "Failed", "Look", "Trigger", "Triggers", "triggers"]


class Trigger:
    """What was seen in the live parts of a page, as bits of a number."""

    ODD: Final = 1
    """A tag that holds a `<` or `>`, or is open at the end; a `</` that begins no tag."""
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
_OTHER_CODING = re.compile(rb"charset(?!%b=%b[\"']?%butf-?8(?![a-z0-9_-]))" % ((_BLANKS,) * 3))
_NO_TAG = rb"</[^a-z]"
# Matches wherever `_ODD` or `_NO_TAG` does, and seldom elsewhere: what stands between a tag's start, or a value's, and
# the next `<`.
_PERHAPS_ODD = (
    rb"<(?:/[^a-z]|/?[a-z][^<>]*(?:<|\z))",
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
    """What was seen in the live parts of a page: triggers, words by their marks, where meta tags begin, those of them
    that may bear on use or name an author, and link tags that may bear on use."""

    triggers: int
    marks: tuple[int, ...]
    metas: list[int]
    bearing: list[int]
    links: list[int]


_META_AT, _LINK_AT, _MARKS = 1_001, 1_002, 2_000
_LICENCE = 256
"""A bit beside those of `Trigger`: the word `license`."""
_NAME_END = rb"[\t\n\f\r />]"
_LINK = re.compile(rb"<[lL][iI][nN][kK]" + _NAME_END)
_SQUEEZED_OUT = bytes(octet for octet in range(256) if not (0x61 <= octet <= 0x7A or octet == 0x3E))
_META_NAMES = tuple(
    dict.fromkeys(
        name.encode().lower().translate(None, _SQUEEZED_OUT)
        for name in (*DIRECTIVES, *open_licence.META_NAMES, *creator.META_NAMES, *paywall.TIER_NAMES, *META_NAMES)
    )
)
_REFERENCE = re.compile(rb"&[#a-z0-9]*;?")
_NAMED_BY_REFERENCE = re.compile(rb"(?:name|property|http-equiv|itemprop)%b=%b[\"']?[^\"'<>=]*&" % (_BLANKS, _BLANKS))
# Words without which a pattern cannot match that is slow in a whole page, and then the patterns themselves.
_HINTS = (
    *((Trigger.MICRODATA, word) for word in (b"itemscope", b"typeof")),
    (Trigger.PASSWORD, b"password"),
    *((Trigger.MARK, word) for word in (b"mlnoindex", b"amp-access", b"amp-subscriptions")),
    (_LICENCE, b"license"),
)


class Triggers:
    """The automata; making them takes some tenths of a second, once a process."""

    def __init__(self) -> None:
        self._said = SaidWords()
        wanted = wanted_letters()
        self._page = Automaton(
            [
                *((_MARKS + number, pattern) for number, pattern in enumerate(self._said.marks)),
                *((Trigger.SPLIT, pattern) for pattern in _splits()),
                *((Trigger.SPELT, pattern) for pattern in references(wanted)),
                (Trigger.SPELT, b"(?-i:%b)" % _group(other_letters(wanted))),
                *_HINTS,
            ],
            [(_META_AT, b"<meta" + _NAME_END), (_LINK_AT, b"canon")],
        )
        # Apart, because each automaton is the faster for it.
        self._tags = Automaton([*((Trigger.ODD, pattern) for pattern in _PERHAPS_ODD), (Trigger.SPELT, CUT_REFERENCE)])
        self._odd = Automaton([(Trigger.ODD, _ODD), (Trigger.ODD, _NO_TAG)])
        self._password = Automaton([(0, relaxed(login_page.PASSWORD))])
        self._marked = Automaton([(0, relaxed(page_head.MARKS)), (0, b"<[^<>]*" + relaxed(open_licence.ANCHOR))])
        self._links = Automaton((), [(0, b"<link" + _NAME_END + b"[^<>]*(?:canon|licen|&)")])
        self._describes = Automaton((0, pattern) for pattern in _DESCRIBES)
        self._weighed = Automaton((0, pattern) for pattern in _WEIGHED)
        self._names = Automaton((), ((0, name) for name in _META_NAMES))
        titles = {mark_of(word)[0] for one in alternatives((login_words.LOGIN_WORD,)) for word in one[0]}
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
                links.append(end)
            else:
                seen |= number
        for number, _ in self._tags.hits(live):
            seen |= number
        if seen & Trigger.ODD and not self.odd(live):
            seen &= ~Trigger.ODD
        if seen & Trigger.PASSWORD and not self._password.hits(live):
            seen &= ~Trigger.PASSWORD
        if seen & (Trigger.MARK | _LICENCE):
            seen &= ~Trigger.MARK
            if self._marked.hits(live):
                seen |= Trigger.MARK
        if seen & (Trigger.SPELT | _LICENCE):
            links = [end for _, end in self._links.hits(live)]
        bearing: list[int] = []
        if metas:
            told, bearing = self._may_bear(live, metas)
            seen |= told
        return Look(seen & ~_LICENCE, tuple(marks), metas, bearing, _link_tags(live, links) if links else links)

    def _may_bear(self, live: bytes, metas: list[int]) -> tuple[int, list[int]]:
        """`META` if some of these meta tags may bear on use or name an author, `CODING` if one names another coding;
        and where those begin."""
        lower = b"".join([live[start : live.find(b">", start) + 1] for start in metas]).lower()
        seen = Trigger.CODING if _OTHER_CODING.search(lower) else 0
        squeezed = lower.translate(None, _SQUEEZED_OUT)  # letters, and a `>` behind each tag
        if b"&" not in lower:
            told = {squeezed.count(b">", 0, end) for _, end in self._names.hits(squeezed)}
            return (seen | Trigger.META, [metas[number] for number in sorted(told)]) if told else (seen, [])
        # A reference may stand for what is passed over in a directive, or be none.
        squeezed += _REFERENCE.sub(b"", lower).translate(None, _SQUEEZED_OUT)
        if _NAMED_BY_REFERENCE.search(lower) or self._names.hits(squeezed):
            return seen | Trigger.META, metas
        return seen, []

    def odd(self, hidden: bytes) -> bool:
        """True if a tag holds a `<` or `>`, or is open, or something that begins like an end tag is none."""
        return bool(hidden) and bool(self._odd.hits(hidden))

    def look_at_text(self, text: bytes) -> tuple[int, tuple[int, ...]]:
        """`SPELT` if it is seen in a text without tags, and the marks of its words."""
        hits = self._page.hits(text)
        spelt = any(number == Trigger.SPELT for number, _ in (*hits, *self._tags.hits(text)))
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


def _link_tags(live: bytes, within: Iterable[int]) -> list[int]:
    """Where link tags begin that hold one of these places."""
    starts = dict.fromkeys(live.rfind(b"<", 0, end) for end in sorted(within))
    return [start for start in starts if start >= 0 and _LINK.match(live, start)]


@functools.cache
def triggers() -> Triggers:
    """The one set of automata of this process. Raises `Failed` where they cannot be made."""
    return Triggers()
