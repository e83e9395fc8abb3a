"""Which URLs a `content` of an RSL document speaks of: its `url`, read by the rules of RFC 9309 (RSL 1.0 3.3)."""

from __future__ import annotations

import re
from bisect import bisect_right

from .. import url as urls
from ..errors import UrlError
from ..url import Url
from .pathmatch import PathPattern
from .statement import clip, path_pattern

_AUTHORITY = re.compile(r"(?:https?:)?//((?:\*\.)?[^/?#\\*]*)", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|([^\x00-\x7f]+)")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]\Z")


class Asset:
    """The URLs a `content` speaks of. `key` is its pattern in one spelling, so that equal scopes have equal keys.

    `doubt` names what is uncertain about the scope; from such a scope restrictions count and permissions do not.
    """

    __slots__ = ("_pattern", "_prefix", "doubt", "key", "text")

    def __init__(self, text: str, path: str | None, doubt: str | None = None) -> None:
        self.text = text
        self.doubt = doubt
        self._pattern: PathPattern | None = None
        self._prefix = ""
        self.key = "" if path is None else _tidy(path)
        if path is not None:
            self._prefix = re.split(r"[*$]", self.key, maxsplit=1)[0]
            if self._prefix != self.key:
                self._pattern = path_pattern(path)

    @property
    def everything(self) -> bool:
        """True if every URL is covered."""
        return self.key == "/"

    @property
    def simple(self) -> bool:
        """True if the pattern is a prefix, or covers nothing: no matcher is needed."""
        return self._pattern is None

    def covers(self, target: str, spelled: str) -> bool:
        """True if `target` is covered; `spelled` is `spelled_target(target)`."""
        if not self.key or not spelled.startswith(self._prefix):
            return False
        return self._pattern is None or self._pattern.matches(target)

    def holds_one_of(self, keys: list[str]) -> bool:
        """True if every URL of another scope is certainly one of this scope too. `keys` are all keys, sorted."""
        if self.everything:
            return keys != ["/"]
        # In sorted order, what begins with a key stands right behind it.
        behind = bisect_right(keys, self.key)
        return behind < len(keys) and not self.key.endswith("$") and keys[behind].startswith(self.key)


def spelling(text: str) -> str:
    """A path in one percent-encoding (RFC 9309 2.2.2): unreserved octets plain, others in upper case."""
    return text if "%" not in text and text.isascii() else _ESCAPE.sub(_respell, text)


def spelled_target(target: str) -> str:
    """A path and query as keys are compared with it: what is special in a pattern is never literal there."""
    return spelling(target).replace("*", "%2A").replace("$", "%24")


def _respell(match: re.Match[str]) -> str:
    if match[2]:
        return "".join(f"%{octet:02X}" for octet in match[2].encode("utf-8", "replace"))
    plain = chr(int(match[1], 16))
    return plain if _UNRESERVED.match(plain) else f"%{match[1].upper()}"


def _tidy(path: str) -> str:
    """A pattern that matches the same paths: one star for several, none at the end, a slash in front."""
    path = re.sub(r"\*{2,}", "*", spelling(path)).rstrip("*")
    return path if path.startswith("/") else "/" + path


def read_url(written: str, base: Url | None) -> tuple[Asset, str | None]:
    """The asset that a `url` names, and a lint code: `no_leading_slash`, or `other_host` where it is not of `base`."""
    text = clip(written)
    authority = _AUTHORITY.match(written)
    if authority is None:
        if written[0] in "/*":
            return Asset(text, written), None
        return Asset(text, "/" + written, "no_leading_slash"), "no_leading_slash"
    if not _same_host(authority, base):
        return Asset(text, None), "other_host"
    rest = written[authority.end() :].partition("#")[0]
    return Asset(text, rest if rest.startswith("/") else "/" + rest), None


def _same_host(authority: re.Match[str], base: Url | None) -> bool:
    """True if an absolute URL is of the site; its scheme is not compared. Without a base nobody can tell."""
    if base is None:
        return True
    host = authority[1]
    scheme = "http" if authority[0][:5].lower() == "http:" else "https"
    wild = host.startswith("*.")
    try:
        named = urls.parse(f"{scheme}://{host.removeprefix('*.')}/")
    except UrlError:
        return False
    default = named.port == (80 if scheme == "http" else 443)
    if base.port not in (80, 443) if default else named.port != base.port:
        return False
    return base.host.endswith("." + named.host) if wild else base.host == named.host
