"""The bytes of robots.txt as lines: decoding, what the body is if it is no robots.txt, keys and their misspellings."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..limits import Limits

_BOM = codecs.BOM_UTF8
# Spellings that Google's parser or crawler-commons take for the keys of RFC 9309; a longer key with one of these as
# its beginning counts too.
_AGENT_KEYS = ("user-agent", "useragent", "user agent", "users-agent", "user-agnet", "useg-agent", "ser-agent")
AGENT_WORD = re.compile("agent|agnet")
"""What every spelling of the key `User-agent` holds in lower case, but for marks that nobody sees."""
_DISALLOW_KEYS = (
    "disallow",
    "dissallow",
    "dissalow",
    "disalow",
    "diasllow",
    "disallaw",
    "desallow",
    "dssalow",
    "dsallow",
)
_ALLOW_KEYS = ("allow", "allowed")
# Keys of other protocols that begin like one of the above.
_NOT_RULES = ("disallowaitraining", "allowaitraining", "disallow-ai-training")
# A key that some protocol may have defined; anything else before a colon is prose or markup.
_FIELD_NAME = re.compile(r"[a-z][a-z0-9 ._-]{0,63}\Z")
_KNOWN_ELSEWHERE = {
    *("sitemap", "sitemaps", "site-map", "host", "crawl-delay", "request-rate", "visit-time", "clean-param", "noindex"),
    *("license", "content-usage", "content-signal", "content-signals", "disallowaitraining", "allowaitraining"),
    "llm-policy",
}

# Fields that are worth naming where an unknown one looks like them.
_MEANT = (
    "User-agent",
    "Disallow",
    "Allow",
    "Sitemap",
    "License",
    "Content-Usage",
    "Content-Signal",
    "DisallowAITraining",
)

AGENT, ALLOW, DISALLOW, EXTENSION, OTHER = "agent", "allow", "disallow", "extension", "other"

_SIGNATURES = {
    "image": (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\x00\x00\x01\x00", b"II*\x00", b"MM\x00*", b"BM"),
    "pdf": (b"%PDF-",),
    "archive": (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"),
}
# Octets that are no UTF-8, as "surrogateescape" decodes them, and as they would stand in a URL.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_ESCAPED = {0xDC00 + octet: f"%{octet:02X}" for octet in range(0x80, 0x100)}
_INVISIBLE = re.compile("[\xad\u200b-\u200f\u2060\ufeff]")
_WIDE_COLON = "："
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


class Line(NamedTuple):
    """A line that has a key. `number` counts from 1; `start` and `end` are where its value stands in the text;
    `colon` is False where the author left it out."""

    number: int
    kind: str
    key: str
    start: int
    end: int
    colon: bool = True


_new = tuple.__new__  # what Line(...) does, without the call: there may be very many


def decode(body: bytes, limits: Limits) -> tuple[str, bool]:
    """The body as text with LF line ends, and whether a bound cut it. Octets that are no UTF-8 become `%XX`, as they
    would stand in a URL."""
    truncated = len(body) > limits.robots_bytes
    if truncated:
        body = body[: limits.robots_bytes]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]  # half a rule is another rule
    if is_utf16(body):
        text = body.decode("utf-16", "replace")
    else:
        text = text_of(body[mark_before(body) :])
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n"), truncated


def mark_before(body: bytes) -> int:
    """How many octets of a byte order mark of UTF-8 the body begins with; Google skips any beginning of one."""
    return next((length for length in (3, 2, 1) if body.startswith(_BOM[:length])), 0)


def is_utf16(body: bytes) -> bool:
    """True for a body that begins as UTF-16 does."""
    return body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def text_of(octets: bytes) -> str:
    """Some of a body as text, octets that are no UTF-8 as `%XX`."""
    text = octets.decode("utf-8", "surrogateescape")
    return text.translate(_ESCAPED) if _NOT_UTF8.search(text) else text


def content(body: bytes, text: str, *, keys: bool) -> str:
    """What a body is: `robots`, or `empty`, `html`, `xml`, `json`, `image`, `pdf`, `archive`, `binary`, `text` for
    what was served in place of one. `keys` says that some line has a key which robots.txt knows."""
    start = text[:1024].lstrip().lower()
    if not start:
        return "empty"
    if start[0] == "<":
        xml = start.startswith("<?xml") and "<html" not in start and "<!doctype html" not in start
        return "xml" if xml else "html"
    for kind, signatures in _SIGNATURES.items():
        if body.startswith(signatures) and not keys:
            return kind
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP" and not keys:
        return "image"
    if start[0] in "{[":
        return "json"
    if keys:
        return "robots"
    if _CONTROLS.search(body[:1024]):
        return "binary"
    return "robots" if all(not line or line.startswith("#") for line in map(str.strip, text.split("\n"))) else "text"


def kind_of(key: str) -> str:
    """What a key (lower case) is: `agent`, `allow`, `disallow`, `extension`, or `other` where it is no field name."""
    if key.startswith(_NOT_RULES):
        return EXTENSION
    if key.startswith(_AGENT_KEYS):
        return AGENT
    if key.startswith(_DISALLOW_KEYS):
        return DISALLOW
    if key in _ALLOW_KEYS:
        return ALLOW
    return EXTENSION if _FIELD_NAME.match(key) else OTHER


def has_invisible(text: str) -> bool:
    """True for a text with marks that nobody sees, which may stand within a key."""
    return not text.isascii() and _INVISIBLE.search(text) is not None


def known(key: str) -> bool:
    """True for a field name that some robots.txt reader acts on."""
    return key in _KNOWN_ELSEWHERE or kind_of(key) in (AGENT, ALLOW, DISALLOW)


@lru_cache(maxsize=256)
def nearest(key: str) -> str:
    """The field that an unknown one was probably meant to be, or an empty string."""
    plain = key.replace("-", "").replace("_", "").replace(" ", "")
    for name in _MEANT:
        if name.replace("-", "").lower() == plain:
            return name
    near = difflib.get_close_matches(key, [name.lower() for name in _MEANT], n=1, cutoff=0.8)
    return next((name for name in _MEANT if near and name.lower() == near[0]), "")


def lines(text: str) -> Iterator[Line]:
    """Every line that says something, in order; a comment ends a line. Its colon may be missing where there are two
    words, or be a full-width one; what has no field name at all is `other`, whole."""
    kinds: dict[str, tuple[str, str]] = {}
    find = text.find
    position, number, size = 0, 0, len(text)
    while position < size:
        end = find("\n", position)
        if end < 0:
            end = size
        number += 1
        stop = find("#", position, end)
        if stop < 0:
            stop = end
        colon = find(":", position, stop)
        if colon < 0:
            line = _without_colon(text, position, stop, number)
            if line is not None:
                yield line
        else:
            written = text[position:colon]
            known_as = kinds.get(written)
            if known_as is None:
                known_as = _field(written)
                if len(kinds) < 256:
                    kinds[written] = known_as
            key, kind = known_as
            value = text[colon + 1 : stop]
            start = colon + 1 + len(value) - len(value.lstrip())
            yield _new(Line, (number, kind, key, start, start + len(value.strip()), True))
        position = end + 1


def _field(written: str) -> tuple[str, str]:
    """A field name as it is compared, and its kind. Marks that nobody sees are left out before a User-agent: a file
    that another was put in front of (by a CDN) has its BOM in the middle, where its first group begins."""
    key = written.strip().lower()
    kind = kind_of(key)
    if kind is OTHER and _INVISIBLE.search(key):
        plain = _INVISIBLE.sub("", key).strip()
        if kind_of(plain) is AGENT:
            return plain, AGENT
    return key, kind


def _without_colon(text: str, start: int, stop: int, number: int) -> Line | None:
    """A line of exactly two words whose first is a key of RFC 9309 (`User agent X` counts as two), or one with a
    full-width colon; whatever else is there is no field."""
    begins = start
    key, wide, value = text[start:stop].partition(_WIDE_COLON)
    if wide:
        key, kind = _field(key)
        begins = stop - len(value.lstrip())
    else:
        words = key.split(None, 3)
        if not words:
            return None
        if len(words) == 3 and words[1].lower() == "agent":
            words = [f"{words[0]} agent", words[2]]
        key, kind = _field(words[0]) if len(words) == 2 else ("", OTHER)
        begins = text.rindex(words[-1], start, stop)
    if kind is OTHER or (kind is EXTENSION and not wide):
        return Line(number, OTHER, "", start, stop)
    return Line(number, kind, key, begins, begins + len(text[begins:stop].rstrip()), colon=False)


def line_at(text: str, position: int) -> str:
    """The whole line that holds a position, without blanks around it."""
    end = text.find("\n", position)
    return text[text.rfind("\n", 0, position) + 1 : end if end >= 0 else len(text)].strip()
