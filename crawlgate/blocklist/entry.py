"""One entry of a list: what it names, normalised, or why it cannot be taken.

A list can have anybody denied, so an entry is exact: a registrable domain, a host, a path on a host, a URL, an
IP address or a range of them. Patterns are not read, and a public suffix is refused, since it would cover sites
of strangers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..declaration import instant, suggestion
from ..domains import Suffixes
from ..errors import ConfigError, FeedError, UrlError
from ..limits import DEFAULT_LIMITS
from ..model import IssuerKind, Notice
from ..url import Url, parse

REGISTRABLE_DOMAIN = "registrable_domain"
HOST = "host"
PATH_PREFIX = "path_prefix"
URL = "url"
IP = "ip"
CIDR = "cidr"
SCOPES = (REGISTRABLE_DOMAIN, HOST, PATH_PREFIX, URL, IP, CIDR)

WIDEST = {4: 16, 6: 48}
"""The shortest prefix of a `cidr` entry, by IP version: 65,536 addresses of IPv4, and what one site is given of IPv6
at most (RFC 6177). Project choice: behind a wider range stand sites of strangers."""

DEFAULT_SUFFIXES = Suffixes()
"""Shared, so that its memory of hosts is."""

_SHOWN = 120
# A name as `url.parse` returns it; the last label starts with a letter, so it is no IPv4 address.
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_NOT_IN_HOST = re.compile(r"[\s/?#@\\%<>^|\x00-\x20]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class EntryError(FeedError):
    """An entry that cannot be taken. `reason` is for people; `where` names the list and the line."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason = reason
        self.where = where


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no entry: its number from 1, its text (bounded, as received) and the reason."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDefaults:
    """What an entry does not say itself, or may not say: how it reached us and whether the issuer was checked.

    `received_at` is when the list was received: an entry may carry an earlier date, never a later one.
    `effective_at`, if given, stands for every entry. `vouched_by` is the person who checked.
    """

    id: str = ""
    issuer: str = ""
    issuer_verified: bool = False
    issuer_kind: IssuerKind = IssuerKind.UNSTATED
    vouched_by: str = ""
    source: str = ""
    received_at: datetime | None = None
    effective_at: datetime | None = None


def notice_from_table(
    table: Mapping[str, Any],
    *,
    where: str = "",
    defaults: EntryDefaults | None = None,
    suffixes: Suffixes = DEFAULT_SUFFIXES,
) -> Notice:
    """The notice an entry of a feed stands for. Raises `EntryError` with the reason it cannot be taken.

    Unknown fields are ignored. `issuer_verified`, `issuer_kind` and `vouched_by` are never read from an entry: a
    list does not vouch for itself.
    """
    try:
        return _notice(table, defaults or EntryDefaults(), suffixes)
    except EntryError as error:
        raise EntryError(error.reason, where) from None


def _notice(table: Mapping[str, Any], defaults: EntryDefaults, suffixes: Suffixes) -> Notice:
    scope = _text(table, "scope", required=True)
    if scope not in SCOPES:
        raise EntryError(f"scope {shown(scope)} is unknown{suggestion(scope, SCOPES)}; use one of {', '.join(SCOPES)}")
    value, prefix = _target(scope, _text(table, "value", required=True), _text(table, "path_prefix"), suffixes)
    listed, expires, withdrawn = (
        _time(table, "listed_at"),
        _time(table, "expires_at", end_of_day=True),
        _time(table, "withdrawn_at"),
    )
    if listed and expires and expires <= listed:
        raise EntryError("expires_at is not after listed_at; the entry would never count")
    if listed and withdrawn and withdrawn < listed:
        raise EntryError("withdrawn_at is before listed_at; the entry would never count")
    received = _time(table, "received_at")
    if defaults.received_at is not None:
        received = defaults.received_at if received is None else min(received, defaults.received_at)
    issuer, kind = _text(table, "issuer") or defaults.issuer, defaults.issuer_kind
    if not issuer:  # a list that names nobody is nobody's notice
        issuer = defaults.source.partition("@sha256:")[0] or "unknown"
        kind = IssuerKind.PUBLIC if kind is IssuerKind.UNSTATED else kind
    return Notice(
        id=_text(table, "id") or defaults.id or f"{scope}:{value}{prefix or ''}",
        issuer=issuer,
        issuer_verified=defaults.issuer_verified,
        issuer_kind=kind,
        vouched_by=defaults.vouched_by,
        contact=_text(table, "contact"),
        scope=scope,
        value=value,
        path_prefix=prefix,
        reason=_text(table, "reason"),
        listed_at=listed,
        received_at=received,
        effective_at=defaults.effective_at or _time(table, "effective_at"),
        expires_at=expires,
        withdrawn_at=withdrawn,
        source=defaults.source,
    )


def _target(scope: str, value: str, prefix: str, suffixes: Suffixes) -> tuple[str, str | None]:
    """`value` and `path_prefix` in the form that matching compares."""
    if prefix and scope != PATH_PREFIX:
        raise EntryError(f"path_prefix is given, but scope is {scope}; write scope path_prefix")
    if scope == URL:
        url = read_url(value)
        if url.target.endswith("*"):
            raise EntryError(f"{shown(value)} is a pattern; patterns are not read, write scope path_prefix")
        return url.href, None
    if scope == PATH_PREFIX:
        return host_and_prefix(value, prefix)
    if scope == IP:
        return address(value), None
    if scope == CIDR:
        return network(value), None
    host = _bare_host(value, scope)
    if scope == HOST:
        _refuse_suffix(host, suffixes)
        return host, None
    host = without_www(host, suffixes)
    _refuse_suffix(host, suffixes)
    registrable = suffixes.registrable(host)
    if registrable is None:
        raise EntryError(f"{shown(host)} is an IP address, no domain; write scope host")
    if registrable != host:
        raise EntryError(
            f"{shown(host)} is not a registrable domain ({registrable} is); write scope host, or name {registrable}"
        )
    # `*.uberspace.de` is a rule, `uberspace.de` is none: the entry would still cover every customer's site.
    if suffixes.is_public_suffix(f"any.{host}"):
        raise EntryError(f"sites of different owners stand below {shown(host)}; name one of them, or write scope host")
    return host, None


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
            raise EntryError(f"{shown(text)} is a range; write scope cidr") from None
        meant = normalise_host(text)  # says what an odd spelling means
        raise EntryError(f"{shown(meant)} is a name, no IP address; write scope host") from None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            raise EntryError(f"{shown(text)} carries a zone, which means something on one machine only; leave it out")
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
    return str(found)


def network(value: str) -> str:
    """A range of IP addresses as `address/bits`. Raises `EntryError` for one that is wider than `WIDEST`."""
    text = value.strip()
    if "/" not in text:
        raise EntryError(f"{shown(text)} has no prefix length; write 192.0.2.0/24, or scope ip for one address")
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise EntryError(f"{shown(text)} is no range of IP addresses; write one as 192.0.2.0/24") from None
    if str(found.network_address) != str(ipaddress.ip_address(text.partition("/")[0])):
        raise EntryError(f"{shown(text)} has bits set beyond its prefix; write {found}, or scope ip for one address")
    if found.prefixlen < WIDEST[found.version]:
        raise EntryError(
            f"{found} covers {found.num_addresses:,} addresses, where sites of many owners stand; "
            f"at most a /{WIDEST[found.version]} is taken"
        )
    return str(found)


def _bare_host(value: str, scope: str) -> str:
    if _SCHEME.match(value):
        url = _url_without_port(value)
        if url.target != "/":
            raise EntryError(f"{shown(value)} is a URL with a path, but scope is {scope}; name the host alone")
        value = url.host
    return normalise_host(value)


def host_and_prefix(value: str, prefix: str) -> tuple[str, str]:
    """Host and canonical path of a `path_prefix` entry; the path may stand in `value`. Raises `EntryError`."""
    if _SCHEME.match(value):
        url = _url_without_port(value)
        value, path = url.host, url.target
    else:
        value, slash, rest = value.partition("/")
        path = slash + rest
    if path not in ("", "/"):
        if prefix and canonical(prefix) != canonical(path):
            raise EntryError(f"value holds the path {shown(path)} and path_prefix another one; give it once")
        prefix = path
    host = normalise_host(value)
    if not prefix:
        raise EntryError("scope is path_prefix, but there is no path_prefix; give one, or write scope host")
    if not prefix.startswith("/"):
        raise EntryError(f"path_prefix {shown(prefix)} does not start with '/'")
    if "?" in prefix or "#" in prefix:
        raise EntryError(f"path_prefix {shown(prefix)} holds a query or a fragment; write scope url for one page")
    if "*" in prefix:
        raise EntryError(f"path_prefix {shown(prefix)} is a pattern; patterns are not read, write the path up to it")
    path = canonical(read_url(f"https://{host}{prefix}").target)
    if path == "/":
        raise EntryError("path_prefix is '/', which is the whole host; write scope host")
    return host, path


def _refuse_suffix(host: str, suffixes: Suffixes) -> None:
    if suffixes.is_shared_hosting(host):
        raise EntryError(
            f"{shown(host)} is a shared-hosting suffix; sites of different owners stand below it. "
            "Name one of them, or write scope path_prefix"
        )
    if suffixes.is_public_suffix(host):
        raise EntryError(
            f"{shown(host)} is a public suffix; sites of different owners stand below it. Name one of them"
        )


def without_www(host: str, suffixes: Suffixes) -> str:
    """The registrable domain if `host` is its `www.` twin, otherwise `host`."""
    bare = host.removeprefix("www.")
    return bare if suffixes.registrable(host) == bare else host


def normalise_host(text: str) -> str:
    """A host as `url.parse` gives it: lower case, A-labels, no trailing dot; a leading `*.` or `.` is dropped.

    Raises `EntryError` for what is no host, and for odd spellings of IP addresses.
    """
    host = text.strip()
    host = host[2:] if host.startswith("*.") else host.removeprefix(".")
    if _NAME.match(host):
        return host
    if not host:
        raise EntryError("the host is empty")
    if "*" in host:
        raise EntryError(f"{shown(host)} is a pattern; patterns are not read, name a domain or a host")
    if _NOT_IN_HOST.search(host):
        raise EntryError(f"{shown(host)} is no host name")
    if host[0] != "[" and ":" in host:
        if re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", host):
            host = f"[{host}]"
        else:
            raise EntryError(f"{shown(host)} holds a port; an entry names a host without one, or a whole URL")
    url = read_url(f"https://{host}/")
    if url.address is not None and ":" not in url.address and host.rstrip(".") != url.address:
        raise EntryError(f"{shown(host)} would be read as the IP address {url.address}; write that, or the name meant")
    return url.host


def canonical(target: str) -> str:
    """Path and query with escapes unified: `%7e` and `~` are one address, `%2f` and `%2F` are, `%2F` and `/` not."""
    return _ESCAPE.sub(_unescape, target) if "%" in target else target


def _unescape(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def read_url(text: str) -> Url:
    """A URL that names a host; without a scheme it is taken as https. Raises `EntryError`."""
    if not _SCHEME.match(text):
        text = f"https://{text}"  # http and https are twins for an entry
    try:
        url = parse(text)
        text.encode()
    except UrlError as error:
        raise EntryError(str(error)) from None
    except UnicodeError:
        raise EntryError(f"{shown(text)} holds half a character (a lone surrogate)") from None
    if url.address is None and not _NAME.match(url.host):
        raise EntryError(f"{shown(url.host)} is no host name")
    return url


def _url_without_port(text: str) -> Url:
    url = read_url(text)
    if not url.origin.endswith(f"//{url.host}"):
        raise EntryError(f"{shown(text)} holds a port; an entry names a host without one, or a whole URL")
    return url


def _text(table: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = table.get(name, "")
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise EntryError(f"{name} must be a string, not {shown(value)}")
    value = value.strip()
    if required and not value:
        raise EntryError(f"{name} is missing")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise EntryError(f"{name} holds half a character (a lone surrogate)")
    if len(value) > DEFAULT_LIMITS.url_length:
        raise EntryError(f"{name} has {len(value)} characters; at most {DEFAULT_LIMITS.url_length} are read")
    return value


def _time(table: Mapping[str, Any], name: str, *, end_of_day: bool = False) -> datetime | None:
    try:
        return instant(table.get(name), name, end_of_day=end_of_day)
    except ConfigError as error:
        raise EntryError(str(error)) from None
    except OverflowError:
        raise EntryError(f"{name} is out of range") from None


def shown(value: object) -> str:
    """A value quoted for a message: bounded, and `repr` escapes what would not print."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text[:_SHOWN])
