"""HTML as a flat run of tags, in one bounded pass (WHATWG HTML 13.2.5, tokenization).

No tree is built: a parser that builds one can be made to take seconds by 40 KB of markup. What is told apart
is what decides whether a tag is a tag at all: comments, quoted attribute values, and elements whose content is
text or inert.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

START: Final = 1
END: Final = 2
COMMENT: Final = 3
OPEN: Final = 4

Token: TypeAlias = tuple[int, bytes, int, int]
"""Kind, name in lower case, and the byte range from start to end.

Kinds are START and END of an element, COMMENT, and OPEN, a construct that the data does not close. Everything
between two tokens is text; after a START whose name is in `HOLDS_TEXT` it is the content of that element.
"""

_TEXT_ONLY = (b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes")

HOLDS_TEXT: Final = frozenset((*_TEXT_ONLY, b"plaintext", b"template"))
"""Elements whose content is not told as tags: text-only elements, and templates, which are inert."""

MAX_ATTRIBUTES: Final = 256
"""Attributes of one tag that are read; real tags have fewer than 50."""

_SPECIAL = HOLDS_TEXT | {b"svg", b"math"}

_BLANKS = rb"[\t\n\f\r ]*+"
_TAG_NAME = rb"(/?)([a-zA-Z][^\t\n\f\r />]*+)"
_BARE_VALUE = rb"[^\t\n\f\r >\"'][^\t\n\f\r >]*+"
NAME_ENDS = rb"(?=[\t\n\f\r />])"

REST_OF_TAG = rb"(?:[^>\"'=]++|=" + _BLANKS + rb"(?:\"[^\"]*+\"|'[^']*+'|" + _BARE_VALUE + rb"|(?=>))|[\"'])*>"

# A whole tag, or a `<` that begins something else. The alternatives within a tag begin with different octets and
# give nothing back, so that a failure costs one more pass at most; a tag can only fail where it is open at the
# end of the data, and there reading stops.
OPENER = re.compile(b"<(?:" + _TAG_NAME + REST_OF_TAG + b"|[a-zA-Z/!?])")
_UNFINISHED = re.compile(b"<" + _TAG_NAME)
_SLASH = 0x2F
_ATTRIBUTE = re.compile(
    rb"([^\t\n\f\r />=]++)(?:" + _BLANKS + rb"=" + _BLANKS + rb"(?:\"([^\"]*+)\"|'([^']*+)'|(" + _BARE_VALUE + rb")))?"
)
_SCRIPT_STEP = re.compile(rb"<!--|-->|<(/?)[sS][cC][rR][iI][pP][tT]" + NAME_ENDS)
# Letters spelt out, not IGNORECASE: the engine then looks for the two fixed octets first.
_END_TAGS = {
    name: re.compile(b"</" + b"".join(b"[%c%c]" % (o, o - 32) for o in name) + NAME_ENDS) for name in _TEXT_ONLY
}


def tokens(data: bytes) -> Iterator[Token]:
    """The tags and comments of `data` in order, in linear time. Inside a template nothing is told."""
    position = 0
    templates = foreign = 0
    find = OPENER.search
    while (match := find(data, position)) is not None:
        closing, name = match.groups()
        start, end = match.span()
        if name is None:
            kind, name, position = _other(data, start)
            if kind == OPEN or not templates:
                yield kind, name, start, position
            if kind == OPEN:
                return
            continue
        name = name.lower()
        position = end
        kind = END if closing else START
        if name not in _SPECIAL:
            if not templates:
                yield kind, name, start, end
            continue
        if name == b"template" and closing:
            templates = max(templates - 1, 0)
        if not templates:
            yield kind, name, start, end
        if name == b"template":
            templates += not closing
        elif name in (b"svg", b"math"):
            foreign = max(foreign - 1, 0) if closing else foreign + (data[end - 2] != _SLASH)
        elif not closing and not (foreign and data[end - 2] == _SLASH):
            position = content_end(data, end, name)
            if position < 0:
                yield OPEN, name, end, len(data)
                return


def attributes(data: bytes, token: Token) -> tuple[dict[bytes, bytes], bool]:
    """The attributes of a START token, names in lower case, the first of equal names, as raw octets.

    The second value is True where the tag has more than `MAX_ATTRIBUTES`.
    """
    _, element, start, end = token
    found: dict[bytes, bytes] = {}
    for count, match in enumerate(_ATTRIBUTE.finditer(data, start + 1 + len(element), end - 1)):
        if count >= MAX_ATTRIBUTES:
            return found, True
        name, double, single, bare = match.groups()
        found.setdefault(name.lower(), double or single or bare or b"")
    return found, False


def _other(data: bytes, start: int) -> tuple[int, bytes, int]:
    """A comment, or what is open, at a `<` that begins no whole tag: kind, name, end."""
    if data.startswith(b"<!--", start):
        end = comment_end(data, start)
        return (OPEN, b"!--", len(data)) if end < 0 else (COMMENT, b"", end)
    if (named := _UNFINISHED.match(data, start)) is not None:
        return OPEN, named[1] + named[2].lower(), len(data)
    end = data.find(b">", start)
    return (OPEN, b"", len(data)) if end < 0 else (COMMENT, b"", end + 1)


def comment_end(data: bytes, start: int) -> int:
    """Past the end of the comment at `start`, -1 if it is open. `<!-->` and `<!--->` are whole, `--!>` closes too."""
    for whole in (b"<!-->", b"<!--->"):
        if data.startswith(whole, start):
            return start + len(whole)
    end = data.find(b"-->", start + 4)
    bang = data.find(b"--!>", start + 4, end if end >= 0 else len(data))
    if bang >= 0:
        return bang + 4
    return end + 3 if end >= 0 else -1


def content_end(data: bytes, begin: int, name: bytes) -> int:
    """Where the end tag of a text-only element starts, -1 if it is not there."""
    ending = _END_TAGS[name].search(data, begin) if name in _END_TAGS else None
    if ending is None:
        return -1
    if name == b"script" and data.find(b"<!--", begin, ending.start()) >= 0:
        return _script_end(data, begin)
    return ending.start()


def _script_end(data: bytes, begin: int) -> int:
    """The end of a script that holds `<!--`: a script inside that comment hides one end tag (13.2.5.15 to .31)."""
    escaped = nested = False
    while (step := _SCRIPT_STEP.search(data, begin)) is not None:
        begin = step.end()
        if step[0] == b"<!--":
            escaped = True
            begin -= 2  # the dashes of `<!-->` also close it
        elif step[0] == b"-->":
            escaped = nested = False
        elif not step[1]:
            nested = escaped
        elif nested:
            nested = False
        else:
            return step.start()
    return -1
