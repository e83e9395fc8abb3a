"""The keys under which entries are found: one set of strings, so that a dictionary and a compiled trie answer alike.

    pirate.example            a name: the entries of scope registrable_domain, subdomain and host
    ^manga.example            a registrable domain, its label in Unicode: entries below it, and internationalised ones
    /video.example/u/a        a path prefix, on the host without `www.`
    /video.example            all path prefixes of that host
    =video.example/a?b        a URL without its scheme; with `:port` if it has one
    =video.example            all URLs of that host
    #4110000000000...         an address or network, bit by bit

A name never begins with one of the marks, and keys of one kind never reach into those of another.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import ada_url

from ..domains import Suffixes
from ..url import Url
from .target import CIDR, HOST, IP, PATH_PREFIX, REGISTRABLE_DOMAIN, SUBDOMAIN, URL, canonical, read_url, unmapped

MIN_RELATED_LABEL = 6
"""Characters a listed label must have, without a number at its end, for other domains to be related to it.
Short labels are generic (`manga`, `anime`, `free`): strangers bear them under other suffixes. Project choice."""


def keys_of(scope: str, value: str, prefix: str | None, suffixes: Suffixes) -> tuple[str, ...]:
    """Every key under which an entry is found; `value` and `prefix` as `target` gives them for the scope."""
    if scope == REGISTRABLE_DOMAIN:
        # Nearly every entry of a long list; an A-label's name in Unicode is all that could be added.
        return (value,) if not value.startswith("xn--") else (value, *_alias(value))
    if scope in (HOST, SUBDOMAIN):
        registrable = suffixes.registrable(value)
        if registrable is None:
            bits = address_bits(value)
            return (bits,) if bits else (value,)
        plain = registrable == value and not value.startswith("xn--")
        return (value,) if plain else (value, *_alias(registrable))
    if scope == PATH_PREFIX:
        host = bare(value)
        return f"/{host}{prefix}", f"/{host}"
    if scope == URL:
        url = read_url(value)
        return url_key(url), f"={url.host}"
    if scope in (IP, CIDR):
        return (network_bits(value),)
    raise ValueError(f"unknown scope {scope!r}")


def _alias(registrable: str) -> tuple[str, ...]:
    label = registrable.partition(".")[0]
    return (alias(registrable),) if len(base(unicode_label(label))) >= MIN_RELATED_LABEL else ()


def alias(registrable: str) -> str:
    """The key of a registrable domain by its label in Unicode."""
    label, dot, suffix = registrable.partition(".")
    return f"^{unicode_label(label)}{dot}{suffix}"


def url_key(url: Url) -> str:
    """A URL without its scheme: http and https show the same page."""
    return f"={url.origin.partition('://')[2]}{canonical(url.target)}"


def path_text(url: Url) -> str:
    """The text of which the keys of covering path prefixes are beginnings."""
    return f"/{bare(url.host)}{canonical(url.target).partition('?')[0]}"


def ends_segment(key: str, text: str) -> bool:
    """True if `key`, a beginning of `text`, ends where a segment of its path does."""
    return len(key) == len(text) or key[-1] == "/" or text[len(key)] == "/"


def bare(host: str) -> str:
    """A host without `www.`: the twins show one site."""
    return host.removeprefix("www.")


@lru_cache(1024)
def address_bits(host: str) -> str:
    """The bits of an IP literal as a URL's host has it; empty for a name."""
    if not host or not (host[-1].isdigit() or host[0] == "["):
        return ""
    try:
        found = unmapped(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return ""
    return f"#{found.version}{int(found):0{found.max_prefixlen}b}"


def network_bits(value: str) -> str:
    """The bits that every address of a network begins with; of a single address, all of them."""
    found = ipaddress.ip_network(value, strict=False)
    if found.version == 6 and found.prefixlen >= 96 and (mapped := found.network_address.ipv4_mapped) is not None:
        return f"#4{int(mapped):032b}"[: found.prefixlen - 96 + 2]
    return f"#{found.version}{int(found.network_address):0{found.max_prefixlen}b}"[: found.prefixlen + 2]


def base(label: str) -> str:
    """A label in Unicode without a number at its end: `mangasky` for `mangasky-2`."""
    return label.rstrip("0123456789").rstrip("-")


def unicode_label(label: str) -> str:
    """A label in Unicode: digits at the end of an A-label belong to its encoding."""
    return ada_url.idna_to_unicode(label) if label.startswith("xn--") else label
