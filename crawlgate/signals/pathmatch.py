"""Path patterns of robots.txt (RFC 9309 2.2.2, 2.2.3): one spelling for rule and URL, then `*` and `$`.

robots.txt rules, usage lines, RSL and TDMRep locations share this syntax: `*` any run, `$` the end, literal octets
otherwise. Two spellings of one octet compare equal: a percent-encoded octet that needs no encoding is decoded on
both sides, one that needs it is encoded. Only `/` and `%2F` in a path stay different: one parts segments, the other
is data. In a query both are data and equal.
"""

from __future__ import annotations

import re

# Octets that are written plain in the one spelling: unreserved and reserved of RFC 3986, without those that mean
# something in a pattern (`*`, `$`) or end it (`#`).
_LITERAL = r"A-Za-z0-9/._~?=&:@!'(),;+\-\[\]"
_PLAIN = re.compile(rf"[{_LITERAL}]*+\Z")
# A percent sign without two digits stays, so that a pattern may end within an escape.
_ESCAPE = r"%[0-9A-Fa-f]{2}|%[0-9A-Fa-f]\Z"
_ODD = re.compile(rf"{_ESCAPE}|[^{_LITERAL}%]")
_ODD_IN_PATTERN = re.compile(rf"{_ESCAPE}|[^{_LITERAL}%*]")
_NEEDLESS = re.compile(r"%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_STARS = re.compile(r"\*{2,}")


def canonical(target: str) -> str:
    """A path and query as patterns are compared with it."""
    if _PLAIN.match(target):
        return target
    return _respell(target, _ODD)


def spellings(target: str) -> tuple[str, ...]:
    """`canonical(target)`, and where its query holds slashes also with those as written and all encoded: a pattern
    that has no `?` but a `*` cannot tell which of its slashes stand in a query."""
    plain = canonical(target)
    path, mark, query = plain.partition("?")
    if "/" not in query:
        return (plain,)
    written = target.partition("?")[2]
    kept = "%2F".join(canonical("?" + part)[1:] for part in re.split("%2[Ff]", written))
    found = (plain, path + mark + kept, path + mark + query.replace("/", "%2F"))
    return tuple(dict.fromkeys(found))


def needless_escape(pattern: str) -> bool:
    """True if a pattern percent-encodes an octet that never needs it (RFC 3986 2.3: unreserved)."""
    return "%" in pattern and _NEEDLESS.search(pattern) is not None


def as_given(target: str) -> str:
    """The target without any decoding: escapes in upper case, what cannot stand in a URL encoded."""
    return target if _PLAIN.match(target) else _ODD.sub(_encode, target)


class PathPattern:
    """One pattern. `specificity` counts its octets in the one spelling, the measure of RFC 9309's longest match.

    `head` is the literal beginning, `pieces` what stands behind each star; `plain` is True where the pattern is a
    prefix and nothing else. With `decode=False` escapes stay as written and are compared with `as_given` targets.
    """

    __slots__ = ("anchored", "encoded_slash", "head", "pattern", "pieces", "plain", "specificity")

    def __init__(self, pattern: str, *, decode: bool = True) -> None:
        self.pattern = pattern
        self.anchored = pattern.endswith("$")
        body = pattern[:-1] if self.anchored else pattern
        if not _PLAIN.match(body):
            body = _STARS.sub("*", body)
            body = _respell(body, _ODD_IN_PATTERN) if decode else _ODD_IN_PATTERN.sub(_encode, body)
        self.specificity = len(body) + self.anchored
        self.head, *pieces = body.split("*")
        self.pieces = tuple(pieces)
        self.plain = not pieces and not self.anchored
        # A slash that may stand in a path or in a query, with no `?` to tell.
        self.encoded_slash = bool(pieces) and "%2F" in body

    def matches(self, target: str) -> bool:
        """True if the pattern matches `target` (path and query from the first octet, in any spelling)."""
        return self.matches_spelled(spellings(target))

    def matches_spelled(self, spelled: tuple[str, ...]) -> bool:
        """`matches` for the `spellings` of a target."""
        if not self.encoded_slash:
            return self.matches_one(spelled[0])
        return any(self.matches_one(one) for one in spelled)

    def matches_one(self, target: str) -> bool:
        """True if the pattern matches exactly this spelling. Time is linear in `target`."""
        if not target.startswith(self.head) or not self.specificity:
            return False
        if not self.pieces:
            return not self.anchored or target == self.head
        position = len(self.head)
        for piece in self.pieces[:-1]:
            position = target.find(piece, position)
            if position < 0:
                return False
            position += len(piece)
        last = self.pieces[-1]
        if self.anchored:
            return target.endswith(last) and len(target) - len(last) >= position
        return target.find(last, position) >= 0


def _respell(text: str, odd: re.Pattern[str]) -> str:
    path, mark, query = text.partition("?")
    return odd.sub(_in_path, path) + mark + odd.sub(_in_query, query)


def _in_path(match: re.Match[str]) -> str:
    return match[0].upper() if match[0] in ("%2F", "%2f") else _in_query(match)


def _in_query(match: re.Match[str]) -> str:
    text = match[0]
    if len(text) == 3:
        plain = chr(int(text[1:], 16))
        if _PLAIN.match(plain):
            return plain
    return _encode(match)


def _encode(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] == "%":
        return text.upper()
    return "".join(f"%{octet:02X}" for octet in text.encode("utf-8", "surrogatepass"))
