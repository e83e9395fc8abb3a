"""The live parts of a page in UTF-8, and what one pass over them sees, whatever its tags and its coding are like."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..limits import DEFAULT_LIMITS
from .live import Live, live, live_by_tags
from .markup import START, attributes
from .page_head import codec, codec_of_meta
from .triggers import Look, Trigger, triggers

_MANY_OCTETS = ("cp932", "euc_jp", "gb18030", "big5hkscs", "cp949")


class Looked(NamedTuple):
    """`parts` are in UTF-8, `charset` is the coding in which the page came."""

    parts: Live
    look: Look
    charset: str


def look_at(body: bytes, content_type: str) -> Looked | None:
    """Look at a page. None where it has to be read in full to know what stands in it."""
    plain = True
    parts = live(body)
    look = None if parts is None or triggers().odd(parts.hidden) else triggers().look(parts.data)
    if parts is None or look is None or look.triggers & Trigger.ODD:
        plain, parts = False, live_by_tags(body)
        look = triggers().look(parts.data)
    charset = _charset(body, content_type, parts, look)
    if charset != "utf-8":
        recoded = _recoded(parts, charset)
        if recoded is None:
            return None
        plain, parts = False, recoded
        look = triggers().look(parts.data)
    if look.triggers & Trigger.ODD or (not plain and _has_long_tag(parts.data, look)):
        return None
    return Looked(parts, look, charset)


def _charset(body: bytes, content_type: str, parts: Live, look: Look) -> str:
    """The coding of a page as `page_head.scan` takes it to be."""
    declared = "utf-8" if body.startswith(codecs.BOM_UTF8) else codec(content_type)
    if declared is None and look.triggers & Trigger.CODING:
        for start, end in tags(parts.data, look.metas):
            declared = codec_of_meta(attributes(parts.data, (START, b"meta", start, end))[0])
            if declared is not None:
                break
    return declared or "utf-8"


def _recoded(parts: Live, charset: str) -> Live | None:
    """The parts in UTF-8. None where octets are no letters of the coding: which of them belong to a letter then
    depends on what stands around them."""
    errors = "strict" if charset in _MANY_OCTETS else "replace"

    def recode(said: bytes) -> bytes:
        return said if said.isascii() else said.decode(charset, errors).encode("utf-8", "replace")

    try:
        return parts._replace(
            data=recode(parts.data),
            titles=(*parts.titles, *map(recode, parts.titles)),  # a reader of titles may take it for UTF-8
            scripts=tuple((recode(tag), recode(content)) for tag, content in parts.scripts),
        )
    except UnicodeDecodeError:
        return None


def _has_long_tag(data: bytes, look: Look) -> bool:
    """True if a value may be cut, which counts octets as they came."""
    return any(end - start > DEFAULT_LIMITS.header_value for start, end in tags(data, (*look.metas, *look.links)))


def tags(data: bytes, starts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The byte ranges of tags that begin at these places and hold no `>`."""
    return ((start, data.find(b">", start) + 1) for start in starts)
