"""The small keys by which places are found: of a host, and of a URL in a form in which other spellings of the same
address meet.

Keys only narrow a search. Whether a record is about what was asked is decided on the record itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
# RFC 3986 2.3: an escape of one of these means the same as the octet itself.
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# Marks that campaigns and mailers add to an address; they do not change what it answers.
_TRACKING = re.compile(r"(?:utm_[a-z0-9_]{1,40}|fbclid|gclid|yclid|msclkid|mc_[ce]id)(?:=|\Z)", re.IGNORECASE)


class Address(NamedTuple):
    """Host (lower case, without port; empty for what is no address) and the rest, from the first slash."""

    host: str
    target: str


def address(url: str) -> Address:
    """The parts of a recorded URL. Text that is no http address has an empty host and stands whole as target."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("http", "https"):
        return Address("", url)
    authority, slash, path = rest.partition("/")
    if not slash:
        authority, mark, path = rest.partition("?")
        path = mark + path
    if authority[-1:].isdigit() and not authority.endswith("]"):
        name, colon, port = authority.rpartition(":")
        if colon and port.isdigit():
            authority = name
    elif ":" in authority and not authority.endswith("]"):
        return Address("", url)
    return Address(authority, "/" + path)


def surt(host: str) -> str:
    """The host with its labels turned round (`com,example,www`), so that the hosts of a domain stand together."""
    if host.startswith("[") or host.replace(".", "").isdigit():
        return host
    return ",".join(reversed(host.split(".")))


def host_of_surt(text: str) -> str:
    """The host of a `surt`."""
    return text if text.startswith("[") or "," not in text else ".".join(reversed(text.split(",")))


@lru_cache(maxsize=131_072)
def host_key(host: str) -> int:
    """A host as 48 bits; two hosts in 2^48 may share one."""
    return int.from_bytes(blake2b(host.encode("utf-8", "surrogatepass"), digest_size=6).digest(), "big")


def url_key(target: str) -> int:
    """A target in its loosened form as 32 bits."""
    return crc32(loosened(target).encode("utf-8", "surrogatepass"))


def loosened(target: str) -> str:
    """Path and query in a form that other spellings of the same address share: without needless escapes, without a
    slash at the end, without marks of campaigns. Case and order stay: they may matter to the site."""
    if "%" in target:
        target = _ESCAPE.sub(_unescape, target)
    path, mark, query = target.partition("?")
    if path.endswith("/"):
        path = path.rstrip("/")
    if not mark:
        return path
    if _TRACKING.search(query):
        query = "&".join(part for part in query.split("&") if not _TRACKING.match(part))
    return f"{path}?{query}" if query else path


def spellings(host: str) -> tuple[str, ...]:
    """The host itself first, then the hosts under which the same page is commonly meant: with `www.` or without."""
    if not host or host.startswith("[") or "." not in host:
        return (host,)
    return (host, host[4:]) if host.startswith("www.") else (host, f"www.{host}")


def same_address(one: str, other: str) -> bool:
    """True if two URLs differ only in spelling: scheme, port, `www.`, needless escapes, slash at the end, marks of
    campaigns."""
    a, b = address(one), address(other)
    if not a.host or not b.host:
        return one == other
    return b.host in spellings(a.host) and loosened(a.target) == loosened(b.target)


def _unescape(match: re.Match[str]) -> str:
    octet = chr(int(match[1], 16))
    return octet if octet in _UNRESERVED else match[0].upper()
