"""What an entry names, in the form that matching compares; or why it cannot be taken.

A list can have anybody denied, so a target is exact: a registrable domain, a name below one, a host, a path on a host,
a URL, an IP address or a range of them. Patterns are not read, and a public suffix is refused, since it would cover
sites of strangers.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ..domains import Suffixes
from ..errors import FeedError, UrlError
from ..url import Url, parse, without_userinfo

REGISTRABLE_DOMAIN = "registrable_domain"
SUBDOMAIN = "subdomain"
HOST = "host"
PATH_PREFIX = "path_prefix"
URL = "url"
IP = "ip"
CIDR = "cidr"
SCOPES = (REGISTRABLE_DOMAIN, SUBDOMAIN, HOST, PATH_PREFIX, URL, IP, CIDR)

WIDEST = {4: 16, 6: 48}
"""The shortest prefix of a `cidr` entry, by IP version: 65,536 addresses of IPv4, and what one site is given of IPv6
at most (RFC 6177). Project choice: behind a wider range stand sites of strangers."""

DEFAULT_SUFFIXES = Suffixes()

_SHOWN = 120
# A name as `url.parse` returns it; the last label starts with a letter, so it is no IPv4 address.
NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_NOT_IN_HOST = re.compile(r"[\s/?#@\uff20\\%<>^|\x00-\x20]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SLASHES = re.compile("//+")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class EntryError(FeedError):
    """An entry that cannot be taken.

    `code` is stable and short (`public_suffix`, `pattern`, `no_host` ...), `what` says what is wrong and `way_out`
    what to do about it; `reason` is both as one sentence. `where` names the list and the line.
    """

    def __init__(self, code: str, what: str, way_out: str = "", where: str = "") -> None:
        self.code, self.what, self.way_out, self.where = code, what, way_out, where
        self.reason = f"{what}; {way_out}" if way_out else what
        super().__init__(f"{where}: {self.reason}" if where else self.reason)

    def __reduce__(self) -> tuple[type[EntryError], tuple[str, str, str, str]]:
        return type(self), (self.code, self.what, self.way_out, self.where)

    def at(self, where: str) -> EntryError:
        """The same error with the place it was met."""
        return EntryError(self.code, self.what, self.way_out, where)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no entry: its number from 1 (of the item, where a format has no lines), its text (bounded, as
    received), the reason, and the short `code` of it."""

    line: int
    text: str
    reason: str
    code: str = ""


def target(scope: str, value: str, prefix: str, suffixes: Suffixes) -> tuple[str, str | None]:
    """`value` and `path_prefix` in the form that matching compares. Raises `EntryError`."""
    if prefix and scope != PATH_PREFIX:
        raise EntryError("prefix_unused", f"path_prefix is given, but scope is {scope}", "write scope path_prefix")
    if scope == URL:
        url = read_url(value)
        if url.target.endswith("*"):
            raise EntryError(
                "pattern", f"{shown(value)} is a pattern; patterns are not read", "write scope path_prefix"
            )
        return url.href, None
    if scope == PATH_PREFIX:
        return host_and_prefix(value, prefix)
    if scope == IP:
        return address(value), None
    if scope == CIDR:
        return network(value), None
    host = _bare_host(value, scope)
    if scope == REGISTRABLE_DOMAIN:
        host = without_www(host, suffixes)
    split = suffixes.split(host)
    if split.is_suffix:
        _refuse_suffix(host, private=split.is_private)
    if scope == HOST:
        return host, None
    if split.registrable is None:
        raise EntryError("address", f"{shown(host)} is an IP address, no domain", "write scope ip")
    if (split.registrable == host) != (scope == REGISTRABLE_DOMAIN):
        _refuse_level(host, split.registrable, scope)
    # `*.uberspace.de` is a rule, `uberspace.de` is none: the entry would still cover every customer's site.
    if suffixes.hosts_others(host):
        raise EntryError(
            "shared_hosting",
            f"sites of different owners stand below {shown(host)}",
            "name one of them, or write scope host",
        )
    return host, None


def _refuse_level(host: str, registrable: str, scope: str) -> None:
    if scope == REGISTRABLE_DOMAIN:
        raise EntryError(
            "not_registrable",
            f"{shown(host)} is not a registrable domain ({registrable} is)",
            f"write scope subdomain or host, or name {registrable}",
        )
    raise EntryError("registrable", f"{shown(host)} is a registrable domain", "write scope registrable_domain")


def _refuse_suffix(host: str, *, private: bool) -> None:
    if private:
        raise EntryError(
            "shared_hosting",
            f"{shown(host)} is a shared-hosting suffix; sites of different owners stand below it",
            "name one of them, or write scope path_prefix",
        )
    raise EntryError(
        "public_suffix",
        f"{shown(host)} is a public suffix; sites of different owners stand below it",
        "name one of them",
    )


def address(value: str) -> str:
    """An IP address in its one spelling, without brackets. Raises `EntryError`.

    Odd spellings that a browser reads (`0300.0.2.7`, a bare number) are refused with the address they mean.
    """
    text = value.strip()
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        if "/" in text:
            raise EntryError("range", f"{shown(text)} is a range", "write scope cidr") from None
        meant = normalise_host(text)  # says what an odd spelling means
        raise EntryError("no_address", f"{shown(meant)} is a name, no IP address", "write scope host") from None
    if isinstance(found, ipaddress.IPv6Address) and found.scope_id is not None:
        raise EntryError(
            "zone", f"{shown(text)} carries a zone, which means something on one machine only", "leave it out"
        )
    return str(unmapped(found))


def unmapped(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """`::ffff:192.0.2.7` is a spelling of 192.0.2.7 (RFC 4291 2.5.5.2)."""
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def network(value: str) -> str:
    """A range of IP addresses as `address/bits`. Raises `EntryError` for one that is wider than `WIDEST`."""
    text = value.strip()
    if "/" not in text:
        raise EntryError(
            "no_range", f"{shown(text)} has no prefix length", "write 192.0.2.0/24, or scope ip for one address"
        )
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise EntryError(
            "no_range", f"{shown(text)} is no range of IP addresses", "write one as 192.0.2.0/24"
        ) from None
    if str(found.network_address) != str(ipaddress.ip_address(text.partition("/")[0])):
        raise EntryError(
            "host_bits",
            f"{shown(text)} has bits set beyond its prefix",
            f"write {found}, or scope ip for one address",
        )
    if found.prefixlen < WIDEST[found.version]:
        raise EntryError(
            "too_wide",
            f"{found} covers {found.num_addresses:,} addresses, where sites of many owners stand",
            f"at most a /{WIDEST[found.version]} is taken",
        )
    return str(found)


def host_and_prefix(value: str, prefix: str) -> tuple[str, str]:
    """Host and canonical path of a `path_prefix` entry; the path may stand in `value`. Raises `EntryError`."""
    if SCHEME.match(value):
        url = _url_without_port(value)
        value, path = url.host, url.target
    else:
        value, slash, rest = value.partition("/")
        path = slash + rest
    if path not in ("", "/"):
        if prefix and canonical(prefix) != canonical(path):
            raise EntryError(
                "two_prefixes", f"value holds the path {shown(path)} and path_prefix another one", "give it once"
            )
        prefix = path
    host = normalise_host(value)
    if not prefix:
        raise EntryError(
            "no_prefix", "scope is path_prefix, but there is no path_prefix", "give one, or write scope host"
        )
    if not prefix.startswith("/"):
        raise EntryError("bad_prefix", f"path_prefix {shown(prefix)} does not start with '/'", "begin it with one")
    if "?" in prefix or "#" in prefix:
        raise EntryError(
            "bad_prefix",
            f"path_prefix {shown(prefix)} holds a query or a fragment",
            "write scope url for one page",
        )
    if "*" in prefix:
        raise EntryError(
            "pattern",
            f"path_prefix {shown(prefix)} is a pattern; patterns are not read",
            "write the path up to it",
        )
    path = canonical(read_url(f"https://{host}{prefix}").target)
    if path == "/":
        raise EntryError("whole_host", "path_prefix is '/', which is the whole host", "write scope host")
    return host, path


def without_www(host: str, suffixes: Suffixes) -> str:
    """The registrable domain if `host` is its `www.` twin, otherwise `host`."""
    bare = host.removeprefix("www.")
    return bare if bare is host or suffixes.registrable(host) == bare else host


def normalise_host(text: str) -> str:
    """A host as `url.parse` gives it: lower case, A-labels, no trailing dot; a leading `*.` or `.` is dropped.

    Raises `EntryError` for what is no host, and for odd spellings of IP addresses.
    """
    host = text.strip()
    host = host[2:] if host.startswith("*.") else host.removeprefix(".")
    if NAME.match(host):
        return host
    if not host:
        raise EntryError("no_host", "the host is empty", "name a domain or a host")
    if "*" in host:
        raise EntryError("pattern", f"{shown(host)} is a pattern; patterns are not read", "name a domain or a host")
    if _NOT_IN_HOST.search(host):
        raise EntryError("no_host", f"{shown(host)} is no host name")
    if host[0] != "[" and ":" in host:
        if re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", host):
            host = f"[{host}]"
        else:
            raise EntryError("port", f"{shown(host)} holds a port", "name the host without one, or a whole URL")
    url = read_url(f"https://{host}/")
    if url.address is not None and ":" not in url.address and host.rstrip(".") != url.address:
        raise EntryError(
            "odd_address",
            f"{shown(host)} would be read as the IP address {url.address}",
            "write that, or the name meant",
        )
    return url.host


def canonical(target: str) -> str:
    """Path and query in one spelling: `%7e` and `~` are one address, `%2f` and `%2F` are, `%2F` and `/` are not;
    slashes that follow each other in the path are one."""
    if "%" in target:
        target = _ESCAPE.sub(_unescape, target)
    if "//" in target:
        path, mark, query = target.partition("?")
        target = _SLASHES.sub("/", path) + mark + query
    return target


def _unescape(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def read_url(text: str) -> Url:
    """A URL that names a host; without a scheme it is taken as https, and a user name and password are dropped.
    Raises `EntryError`."""
    if not SCHEME.match(text):
        text = f"https://{text}"  # http and https are twins for an entry
    try:
        url = parse(without_userinfo(text) if "@" in text or "\uff20" in text else text)
        text.encode()
    except UrlError as error:
        raise EntryError(error.code, str(error)) from None
    except UnicodeError:
        raise EntryError("encoding", f"{shown(text)} holds half a character (a lone surrogate)") from None
    if url.address is None and not NAME.match(url.host):
        raise EntryError("no_host", f"{shown(url.host)} is no host name")
    return url


def _bare_host(value: str, scope: str) -> str:
    if SCHEME.match(value):
        url = _url_without_port(value)
        if url.target != "/":
            raise EntryError(
                "path", f"{shown(value)} is a URL with a path, but scope is {scope}", "name the host alone"
            )
        value = url.host
    return normalise_host(value)


def _url_without_port(text: str) -> Url:
    url = read_url(text)
    if not url.origin.endswith(f"//{url.host}"):
        raise EntryError("port", f"{shown(text)} holds a port", "name the host without one, or a whole URL")
    return url


def shown(value: object) -> str:
    """A value quoted for a message: bounded, and `repr` escapes what would not print."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text[:_SHOWN])
