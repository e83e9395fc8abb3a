"""Values of `User-agent` lines as product tokens (RFC 9309 2.2.1).

The RFC knows letters, `-` and `_` only, and no lists. Real files name `AI2Bot`, write `GPTBot/1.1`, `GPTBot, CCBot`
or `GPTBot CCBot`; each is read as its author meant it. Where other readers would not see a name (they read the first
word), that is said, so that the stricter of the two readings can answer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# What may follow a token: a version, a comment, another agent, a star.
_END = re.compile(r"[\s/;,*(]")
_WORDS = re.compile(r"[a-z0-9_.-]+(?:\s+[a-z0-9_.-]+)+\Z")
_USUAL = 64  # characters; a longer value is read again each time
_TAG = re.compile(r"\s*</?[a-z]")


class Named(NamedTuple):
    """The product tokens of one value, lower case, `*` for everybody. `plain` are those that every reader of
    RFC 9309 or its lenient kin sees, `listed` those of a list or with a blank in them; `glob` is a value that
    holds a star (`*bot*`), which the RFC does not know."""

    plain: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    glob: str = ""


def product_token(token: str) -> str:
    """A token as it is compared: lower case, without a version (`GPTBot/1.1` is `gptbot`)."""
    return token.partition("/")[0].strip().lower()


def named(value: str) -> Named:
    """The tokens a `User-agent` value names.

    The full value and its leading token both count (`Brightbot 1.0` is `brightbot 1.0` and `brightbot`), and so does
    each word of a plain list of words.
    """
    return _known(value) if len(value) <= _USUAL else _named(value)


def _named(value: str) -> Named:
    text = value.lower()
    if "<" in text and (tag := _TAG.search(text)):
        text = text[: tag.start()]
    text = text.strip()
    if text.isascii() and text.replace("-", "").replace("_", "").isalnum():
        return Named((text,))
    plain: list[str] = []
    listed: list[str] = []
    glob = ""
    for place, part in enumerate(text.split(",")):
        part = part.strip()
        first = plain if place == 0 else listed
        if part == "*" or (part.startswith("*") and part[1:2].isspace()):
            first.append("*")
            continue
        if not part:
            continue
        end = _END.search(part)
        leading = part if end is None else part[: end.start()]
        if leading:
            first.append(leading)
        if "*" in part and not glob:
            glob = part
        elif leading != part:
            (listed if any(map(str.isspace, part)) else first).append(part)
        if _WORDS.match(part):
            listed.extend(word for word in part.split()[1:] if not word[0].isdigit())
    return Named(tuple(dict.fromkeys(plain)), tuple(name for name in dict.fromkeys(listed) if name not in plain), glob)


_known = lru_cache(maxsize=1024)(_named)  # the same names stand in most files


def tokens(value: str) -> tuple[str, ...]:
    """Every product token a `User-agent` value names, lower case."""
    found = named(value)
    return found.plain + found.listed


def glob_matches(glob: str, token: str) -> bool:
    """True if a value with stars covers `token`, each star any run of characters."""
    head, *pieces = glob.split("*")
    name = product_token(token)
    if not name.startswith(head):
        return False
    position = len(head)
    for piece in pieces[:-1]:
        position = name.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return name.endswith(pieces[-1]) and len(name) - len(pieces[-1]) >= position


def list_lint(value: str) -> str | None:
    """The lint code where several agents stand on one line, which RFC 9309 does not provide for."""
    if "," in value.strip(" ,\t"):
        return "comma_list"
    return "space_list" if _WORDS.match(value.lower().strip()) else None
