"""Plain lists: a domain, host, address, network, path or URL a line. And what a bare name means, in every format."""

from __future__ import annotations

import re

from ...domains import Suffixes
from ...url import without_userinfo
from ..entry import NOTHING_SAID, Entry, EntryError
from ..target import (
    CIDR,
    HOST,
    IP,
    NAME,
    PATH_PREFIX,
    REGISTRABLE_DOMAIN,
    SCHEME,
    SUBDOMAIN,
    URL,
    normalise_host,
    target,
)

COMMENTS = ("#", "!")

INLINE_COMMENT = re.compile(r"\s[#!;].*\Z", re.DOTALL)

_OTHER = (
    (re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+\S"), "a line of a hosts file", "hosts"),
    (re.compile(r"@@|\|\||\||.*(?:\^\Z|##|#@#|\$\$)"), "a filter rule", "adguard"),
    (re.compile(r"(?:server|address|local)=/"), "a dnsmasq setting", "dnsmasq"),
    (re.compile(r"\S+\s+(?:[0-9]+\s+)?(?:IN\s+)?CNAME\s", re.IGNORECASE), "a record of a zone file", "rpz"),
)
_new = tuple.__new__  # what Entry(...) does, without the call: this is the way of nearly every line
_NETWORK = re.compile(r"(?:[0-9.]+|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?)/[0-9]{1,3}\Z")


def read_line(text: str, suffixes: Suffixes) -> Entry:
    """One line. `https://host/page` is one page, `host/path` a path and what is below, `192.0.2.0/24` a network;
    anything else a bare name."""
    if NAME.match(text):
        return _named(text, suffixes)
    entry = INLINE_COMMENT.sub("", text).rstrip()
    for pattern, what, form in _OTHER:
        if pattern.match(entry):
            raise EntryError(
                "other_format",
                f"{what}; this is read as a plain list",
                f"write the name alone, or give --format {form}",
            )
    if re.search(r"\s", entry):
        raise EntryError("words", "more than one word", "write one domain, host, path or URL a line")
    if entry.startswith("/"):
        raise EntryError("other_format", "a path or a pattern without a host", "write the host before it")
    return place(entry, suffixes)


def place(text: str, suffixes: Suffixes, *, pages: bool = True) -> Entry:
    """A name, path or URL as an entry. With `pages` False, a URL with a path is a path prefix, too.

    Raises `EntryError`.
    """
    if _NETWORK.match(text):
        return _network(text)
    scheme = SCHEME.match(text)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise EntryError("unsupported_scheme", f"scheme {scheme[1]!r} is not read", "only http and https are")
    if scheme and "@" in text:
        text = without_userinfo(text)
    rest = (text[scheme.end() :] if scheme else text).partition("#")[0]
    host, slash, path = rest.partition("/")
    if not path and not re.search(r"[?:\\]", rest):
        return bare_name(host, suffixes)
    if "?" in rest or (scheme and (pages or not path)):
        return Entry(URL, *target(URL, text, "", suffixes))
    if path:
        return Entry(PATH_PREFIX, *target(PATH_PREFIX, host, slash + path, suffixes))
    return bare_name(host, suffixes)


def bare_name(text: str, suffixes: Suffixes) -> Entry:
    """A name alone stands for itself and what is below it: its registrable domain if it is one (or the `www.` twin of
    one), otherwise the name below one; an IP address stands for itself. Raises `EntryError`."""
    return _named(text if NAME.match(text) else normalise_host(text), suffixes)


def _named(host: str, suffixes: Suffixes) -> Entry:
    registrable, is_suffix, _ = suffixes.split(host)
    if registrable == host and not suffixes.hosts_others(host):
        return _new(Entry, (REGISTRABLE_DOMAIN, host, None, False, NOTHING_SAID))
    if registrable is None:
        if is_suffix:
            target(REGISTRABLE_DOMAIN, host, "", suffixes)  # raises, with the reason
        return Entry(IP, *target(IP, host, "", suffixes))
    if registrable != host and host != f"www.{registrable}":
        return Entry(SUBDOMAIN, *target(SUBDOMAIN, host, "", suffixes))
    if suffixes.hosts_others(registrable):
        target(REGISTRABLE_DOMAIN, registrable, "", suffixes)
    return Entry(REGISTRABLE_DOMAIN, registrable)


def exact_host(text: str, suffixes: Suffixes) -> Entry:
    """A name that its format says stands for itself alone."""
    return Entry(HOST, *target(HOST, text, "", suffixes))


def _network(text: str) -> Entry:
    address, _, bits = text.rpartition("/")
    try:
        value = target(CIDR, f"{address.strip('[]')}/{bits}", "", NO_SUFFIXES)[0]
    except EntryError as error:
        if error.code == "no_range":
            raise EntryError(
                "no_range", error.what, "write a network as 192.0.2.0/24, a path as 192.0.2.7/24/"
            ) from None
        raise
    return Entry(CIDR, value)


NO_SUFFIXES = Suffixes()
"""For targets that are no names."""
