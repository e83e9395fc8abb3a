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
_HOLDS_DATA = re.compile(rb"[jJ][sS][oO][nN]|[rR][sS][lL]|&")
_SHOWN = (b"textarea", b"xmp")
_COMMENT = b"<!>"
_CLOSES_AT_ONCE = (b">", b"->")
_SLASH = 0x2F
_NAME_ENDS = (b"\t", b"\n", b"\f", b"\r", b" ", b"/", b">")
_END_TAGGED = HOLDS_TEXT - {b"plaintext", b"template"}

_BANG, _TEMPLATE_END, _FIRST_HOLDER = 0, 1, 2
_HOLDERS = (b"script", b"style", b"title", b"textarea", b"template", b"xmp", b"iframe", b"plaintext", b"noembed")
_NAMES = (b"", b"template", *_HOLDERS, b"noframes")
_LENGTHS = (2, 11, *(len(name) + 2 for name in _NAMES[_FIRST_HOLDER:]))
_LITERAL, _BANGED = 1_000, 1_001


@functools.cache
def _opening() -> Automaton:
    """Where something inert may begin, by its place in `_NAMES`, and what stands in challenges."""
    holders = enumerate((b"<" + name + _ENDS for name in _NAMES[_FIRST_HOLDER:]), _FIRST_HOLDER)
    return Automaton(
        [(_BANGED, b"--!>"), *((_LITERAL, re.escape(literal)) for literal in challenge.LITERALS)],
        [(_BANG, rb"<[!?]"), (_TEMPLATE_END, b"</template" + _ENDS), *holders],
    )


def _openings(data: bytes) -> tuple[list[tuple[int, int]], bool, bool]:
    """Start and kind of what was found, in order; whether a comment may end in `--!>`, and whether something of a
    challenge is there."""
    found: list[tuple[int, int]] = []
    others = 0
    for kind, end in _opening().hits(data):
        if kind < _LITERAL:
            found.append((end - _LENGTHS[kind], kind))
        else:
            others |= kind - _LITERAL + 1
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
    something inert, and no `</` begins what is no tag. None where something is open at the end of the page. Time is
    linear."""
    shown: list[bytes] = []
    hidden: list[bytes] = []
    titles: list[bytes] = []
    scripts: list[tuple[bytes, bytes]] = []
    parts = shown
    kept = position = templates = 0
    openings, banged, challenges = _openings(data)
    for start, kind in openings:
        if start < position:
            continue
        if kind == _BANG:
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
        position = _tag_end(data, start)
        if position < 0:
            return None
        name, closing = _NAMES[kind], kind == _TEMPLATE_END
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
        end = _content_end(data, position, name)
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


def _tag_end(data: bytes, start: int) -> int:
    """Past the end of the tag at `start`, -1 if it is open."""
    end = data.find(b">", start)
    if data.find(b"=", start, end) < 0 <= end:  # no value that may hold one
        return end + 1
    tag = OPENER.match(data, start)
    return -1 if tag is None or tag[2] is None else tag.end()


def _content_end(data: bytes, begin: int, name: bytes) -> int:
    """As `content_end`; nearly always the first end tag is the one."""
    end = data.find(b"</", begin)
    after = end + 2 + len(name)
    if (
        end >= 0
        and data[after : after + 1] in _NAME_ENDS
        and data.startswith(name, end + 2)
        and name in _END_TAGGED
        and (name != b"script" or data.find(b"<!--", begin, end) < 0)
    ):
        return end
    return content_end(data, begin, name)


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
