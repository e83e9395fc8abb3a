"""How words may be spelt in the bytes of a page in UTF-8: with tags between them, with other letters, as references."""

from __future__ import annotations

import html.entities
import re
import unicodedata
from collections.abc import Iterator

from .factors import EDGE


def _octets(letter: str) -> bytes:
    return b"".join(b"\\x%02x" % octet for octet in letter.encode("utf-8", "replace"))


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


def other_letters(wanted: frozenset[str]) -> Iterator[bytes]:
    """Patterns for letters in UTF-8 that fold to wanted ones."""
    last: dict[bytes, list[int]] = {}
    for first, end in _BLOCKS:
        for letter in map(chr, range(first, end)):
            if letter in _COMPOSING or folds_to(letter, wanted):
                octets = letter.encode("utf-8", "replace")
                last.setdefault(octets[:-1], []).append(octets[-1])
    for lead, ends in last.items():
        yield b"".join(b"\\x%02x" % octet for octet in lead) + b"[%b]" % b"".join(b"\\x%02x" % end for end in ends)


_LETTER_NUMBERS = (
    *(rb"6[5-9]", rb"7[0-9]", rb"8[0-9]", rb"90", rb"9[7-9]", rb"1[01][0-9]", rb"12[0-2]"),
    *(b"%c[0-9]{3}" % digit for digit in b"12345679"),  # apart, because what begins with fixed octets is found faster
    *(b"8%c[0-9]{2}" % digit for digit in b"0145678" + b"9"),
    rb"83(?:0[4-9]|[1-57-9][0-9]|6[0-35-9])",
)
_LETTER_NUMBERS_16 = (
    *(rb"4[1-9a-f]", rb"5[0-9a]", rb"6[1-9a-f]", rb"7[0-9a]", rb"aa", rb"ba", rb"df", rb"[1-9a-f][0-9a-f]{2}"),
    *(rb"[13-9a-f][0-9a-f]{3}", rb"2[1-9a-f][0-9a-f]{2}", rb"20(?:[7-9b-f][0-9a-f]|a[0-9abd-f])"),
)


def references(wanted: frozenset[str]) -> Iterator[bytes]:
    """Patterns for references to letters: numbers, but for those of punctuation; names of wanted letters; references
    without their semicolon that a letter follows."""
    end, end_16 = rb"(?:[^0-9]|\z)", rb"(?:[^0-9a-f]|\z)"
    numbers = (*_LETTER_NUMBERS, *(b"%d" % code for code in range(123, 1000) if _holds(chr(code), wanted)))
    yield from (b"&#" + number + end for number in numbers)
    yield from (b"&#%c[0-9]{4}" % digit for digit in b"123456789")
    yield b"&#0+(?:(?:%b)%b|[1-9][0-9]{4})" % (b"|".join(numbers), end)
    for zeros in (b"", b"0+"):
        yield from (b"&#x" + zeros + number + end_16 for number in _LETTER_NUMBERS_16)
        yield b"&#x" + zeros + b"[1-9a-f][0-9a-f]{4}"
    yield rb"&#x[0-9a-f]{1,6}[g-z]"
    yield from (b"&" + re.escape(name) for name in sorted(set(_names(wanted))))
    unfinished = {name.encode().lower() for name in html.entities.html5 if not name.endswith(";")}
    yield from (b"&" + name + rb"[^\x00-\x40]" for name in sorted(unfinished))  # a class of letters compiles slowly


CUT_REFERENCE = rb"&[#a-z0-9]*<"
"""A reference that a tag ends: without the tag it may go on."""


def _names(wanted: frozenset[str]) -> Iterator[bytes]:
    """Names of references to wanted letters."""
    return (name.encode().lower() for name, text in html.entities.html5.items() if _holds(text, wanted))


def _holds(text: str, wanted: frozenset[str]) -> bool:
    return not wanted.isdisjoint(unicodedata.normalize("NFKC", text).casefold())
