"""Values of `User-agent` lines as product tokens (RFC 9309 2.2.1).

The RFC knows letters, `-` and `_` only, and no lists. Real files name `AI2Bot`, write `GPTBot/1.1`,
`GPTBot, CCBot` or `GPTBot CCBot`; each is read as its author meant it.
"""

from __future__ import annotations

import re

# A token as it is written in the wild (digits and dots included), and what may follow it.
_TOKEN = re.compile(r"([a-z0-9_.-]+)(?=[\s/;,*(]|$)")
_WORDS = re.compile(r"[a-z0-9_.-]+(?:\s+[a-z0-9_.-]+)+\Z")


def tokens(value: str) -> tuple[str, ...]:
    """The product tokens a `User-agent` value names, lower case; `*` for everybody; empty if it names none.

    The full value and its leading token both count (`Brightbot 1.0` is `brightbot 1.0` and `brightbot`), and
    so does each word of a plain list of words.
    """
    named: list[str] = []
    for part in value.lower().split(","):
        part = part.strip()
        if part == "*" or (part.startswith("*") and part[1:2].isspace()):
            named.append("*")
            continue
        if not part:
            continue
        named.append(part)
        leading = _TOKEN.match(part)
        if leading is not None and leading[1] != part:
            named.append(leading[1])
        if _WORDS.match(part):
            named.extend(word for word in part.split()[1:] if not word[0].isdigit())
    return tuple(named)


def list_lint(value: str) -> str | None:
    """The lint code where several agents stand on one line, which RFC 9309 does not provide for."""
    if "," in value.strip(" ,\t"):
        return "comma_list"
    return "space_list" if _WORDS.match(value.lower().strip()) else None
