"""A page without what is inert in it: comments, templates, the content of elements that hold text (scripts, styles).

What is left is tags and visible text. It is found by hopping from one inert thing to the next, which costs a fraction
of telling every tag (`markup.tokens`).
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from . import challenge
from .automata import Automaton
from .markup import (
    COMMENT,
    END,
    HOLDS_TEXT,
    NAME_ENDS,
    OPEN,
    OPENER,
    START,
    Token,
    comment_end,
    content_end,
    tokens,
)
from .page_head import INLINE

TITLE_BYTES = 16 * 1024
"""Bytes of a page in which the reader of login pages looks for the title."""


def _either_case(name: bytes) -> bytes:
    """A name spelt out in both cases: Python's engine is several times slower where it ignores case."""
    return b"".join(b"[%c%c]" % (octet, octet - 32) if octet >= 97 else b"%c" % octet for octet in name)


_ENDS = rb"[\t\n\f\r />]"


def _names(*names: bytes) -> bytes:
    return b"|".join(map(_either_case, names))


# Comments, what HTML takes for comments, elements that hold text, and the end of a template.
_INERT = re.compile(
    rb"<(?:[!?]|/(?:[^a-zA-Z]|(" + _names(b"template") + rb")" + _ENDS + rb")"
    rb"|([sS](?:" + _names(b"cript", b"tyle") + rb")|[tT](?:" + _names(b"itle", b"extarea", b"emplate") + rb")"
    rb"|"
    + _names(b"xmp", b"iframe", b"plaintext")
    + rb"|[nN][oO](?:"
    + _names(b"embed", b"frames")
    + rb"))"
    + _ENDS
    + rb")"
)
_HOLDS_DATA = re.compile(rb"[jJ][sS][oO][nN]|[rR][sS][lL]|&")
_SHOWN = (b"textarea", b"xmp")
_COMMENT = b"<!>"
_CLOSES_AT_ONCE = (b">", b"->")
_SLASH = 0x2F


_HOLDERS = (b"script", b"style", b"title", b"textarea", b"template", b"xmp", b"iframe", b"plaintext", b"noembed")


_BANG, _LITERAL, _BANGED = 2, 1_000, 1_001


@functools.cache
def _opening() -> Automaton:
    """Where something inert may begin (the number of a pattern is its length), and what stands in challenges."""
    holders = ((len(name) + 2, b"<" + name + _ENDS) for name in (*_HOLDERS, b"noframes"))
    return Automaton(
        [(_BANGED, b"--!>"), *((_LITERAL, re.escape(literal)) for literal in challenge.LITERALS)],
        [(_BANG, rb"<[!?]"), (3, rb"</[^a-z]"), (11, b"</template" + _ENDS), *holders],
    )


def _openings(data: bytes) -> tuple[list[tuple[int, int]], bool, bool]:
    """Start and length of what was found, in order; whether a comment may end in `--!>`, and whether something of a
    challenge is there."""
    found: list[tuple[int, int]] = []
    others = 0
    for length, end in _opening().hits(data):
        if length < _LITERAL:
            found.append((end - length, length))
        else:
            others |= length - _LITERAL + 1
    found.sort()
    return found, others & 2 != 0, others & 1 != 0


class Live(NamedTuple):
    """`data` is the page without its inert parts; a comment left `<!>` behind, so that it is seen where it stands in a
    tag. `titles` are the contents of its titles, `scripts` start tag and content of those scripts whose tag may say
    that they hold data, `hidden` what stood in templates. `challenge` tells that something stands in the page without
    which it is no challenge."""

    data: bytes
    hidden: bytes
    titles: tuple[bytes, ...]
    scripts: tuple[tuple[bytes, bytes], ...]
    challenge: bool = False


def live(data: bytes) -> Live | None:
    """The live parts of a page; right where no tag in `data` or `hidden` holds a `<`, so that every `<` begins a tag or
    something inert. None where something is open at the end of the page. Time is linear."""
    shown: list[bytes] = []
    hidden: list[bytes] = []
    titles: list[bytes] = []
    scripts: list[tuple[bytes, bytes]] = []
    parts = shown
    kept = position = templates = 0
    openings, banged, challenges = _openings(data)
    inert, match = _INERT.match, OPENER.match
    for start, length in openings:
        if start < position:
            continue
        found = None if length == _BANG else inert(data, start)
        closing, name = (None, None) if found is None else found.groups()
        if name is None and closing is None:
            if not data.startswith(b"<!--", start):
                end = data.find(b">", start) + 1
            elif banged or data.startswith(_CLOSES_AT_ONCE, start + 4):
                end = comment_end(data, start)
            else:
                end = data.find(b"-->", start + 4) + 3
            if end < 3:
                return None
            parts += (data[kept:start], _COMMENT)
            kept = position = end
            continue
        tag = match(data, start)
        if tag is None or tag[2] is None:
            return None
        name, position = (name or closing or b"").lower(), tag.end()
        if name == b"template":
            templates = max(templates - 1, 0) if closing else templates + 1
            if templates == 1 and not closing:
                parts.append(data[kept:position])
                kept, parts = position, hidden
            elif templates == 0 and parts is hidden:
                parts.append(data[kept:start])
                kept, parts = start, shown
            continue
        if data[position - 2] == _SLASH:  # it depends on whether an svg is open
            return None
        end = content_end(data, position, name)
        if end < 0:
            return None
        if name == b"title" and not templates:
            if position < TITLE_BYTES < end:
                return None
            titles.append(data[position:end])
        elif name == b"script" and not templates and _HOLDS_DATA.search(data, start, position) is not None:
            scripts.append((data[start:position], data[position:end]))
        parts.append(data[kept:position])
        if name in _SHOWN:
            if data.find(b"<", position, end) >= 0:  # would look like a tag
                return None
            parts.append(data[position:end])
        kept = position = end
    parts.append(data[kept:])
    return Live(b"".join(shown), b"".join(hidden), tuple(titles), tuple(scripts), challenges)


def live_by_tags(data: bytes) -> Live:
    """The same of any page, by telling every tag: some ten times the time. A `<` or `>` in a tag is left as a
    reference, and what is open at the end is left out; `hidden` is empty, and whether something of a challenge stands
    in the page is not looked at."""
    shown: list[bytes] = []
    titles: list[bytes] = []
    scripts: list[tuple[bytes, bytes]] = []
    last = 0
    holder: Token | None = None
    for token in tokens(data):
        kind, name, start, end = token
        if holder is None:
            shown.append(data[last:start])
        else:
            content = data[last : end if kind == OPEN else start]
            if holder[1] in (*_SHOWN, b"plaintext"):
                shown.append(content.replace(b"<", b"&lt;"))
            elif holder[1] == b"title":
                titles.append(content)
            elif holder[1] == b"script" and kind == END:
                scripts.append((_clean(data, holder), content))
        last = end
        holder = token if kind == START and name in HOLDS_TEXT else None
        if kind != OPEN:
            shown.append(_COMMENT if kind == COMMENT else _clean(data, token))
    if holder is None:
        shown.append(data[last:])
    return Live(b"".join(shown), b"", tuple(titles), tuple(scripts), challenge=True)


def _clean(data: bytes, tag: Token) -> bytes:
    inner = data[tag[2] + 1 : tag[3] - 1]
    if b"<" in inner or b">" in inner:
        inner = inner.replace(b"<", b"&lt;").replace(b">", b"&gt;")
    return b"<%b>" % inner


def joined(data: bytes) -> bytes:
    """Live parts without the inline tags that stand within words."""
    return _WITHIN_WORD.sub(b"", data)


def text_of(data: bytes) -> bytes:
    """The text of live parts whose tags hold no `<` or `>`: without inline tags and what comments left behind, with a
    NUL for any other tag."""
    return _INLINE_TAG.sub(b"", _BLOCK_TAG.sub(b"\0", data))  # the other way round, text could become a tag


_INLINE_NAMES = b"|".join(_either_case(name) for name in sorted(INLINE, reverse=True))
_INLINE_NAME = rb"(?:" + _INLINE_NAMES + rb")" + NAME_ENDS
_INLINE_TAG = re.compile(rb"<!>|</?" + _INLINE_NAME + rb"[^>]*+>")
_BLOCK_TAG = re.compile(rb"</?(?!" + _INLINE_NAME + rb")[a-zA-Z][^>]*+>")
_LETTER = rb"[a-zA-Z\x80-\xff]"
_WITHIN_WORD = re.compile(
    rb"<(?<="
    + _LETTER
    + rb"<)(?:!>|/?"
    + _INLINE_NAME
    + rb"[^>]*+>)(?:"
    + _INLINE_TAG.pattern
    + rb")*+(?="
    + _LETTER
    + rb")"
)
