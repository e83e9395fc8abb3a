"""One normalisation of URLs, used by the check and by the fetch alike.

Clean URLs take a short path (one regular expression); everything else goes through a WHATWG parser
(`ada-url`), so that userinfo, tabs, backslashes, `%2e` segments, Unicode hosts and odd spellings of IPv4
addresses mean here what they mean to a browser.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

import ada_url

from .errors import UrlError

# What needs no rewriting: lower-case host whose last label starts with a letter (so it is no IPv4), ASCII path
# and query. Possessive, so that it never backtracks.
_CLEAN = re.compile(
    r"(https?)://((?:[a-z0-9_-]+\.)*+[a-z][a-z0-9-]*+)(?::([1-9][0-9]{0,4}))?+"
    r"(/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*+(?:\?[A-Za-z0-9._~!$&()*+,;=:@/?%-]*+)?+)\Z"
)
# Dot segments, also written with %2e, are resolved by the parser.
_DOTS = re.compile(r"/(?:\.|%2[eE])")
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
# A user name and password in every spelling that some reader would take for one.
_USERINFO = re.compile(r"\A(\s*(?:[A-Za-z][A-Za-z0-9+.-]*:(?=[\\/\s]))?[\\/\s]*)[^/?#\\]*[@\uff20]")
_DEFAULT_PORT = {"http": 80, "https": 443}


class Url(NamedTuple):
    """A normalised http or https URL without fragment and userinfo.

    `href` is the string to fetch and to record; `origin` is `scheme://host[:port]`; `target` is path and
    query from the first octet (RFC 9309 2.2.2 matches on it); `host` is lower case, in A-labels, without
    trailing dot, IPv6 in brackets; `address` is the canonical IP address if the host is a literal.
    """

    href: str
    scheme: str
    host: str
    port: int
    origin: str
    target: str
    address: str | None


_new = tuple.__new__


def without_userinfo(url: str) -> str:
    """The URL as text with `user:password@` removed, for messages and records. Never raises."""
    return _USERINFO.sub(r"\1", url, count=1)


def parse(url: str, max_length: int = 32 * 1024) -> Url:
    """Normalise `url`; raise `UrlError` where it cannot be asked about.

    Only http and https are asked about (RFC 9309 2.3 speaks of those). A URL that carries userinfo is an
    error: credentials do not belong in a URL that is going to be recorded.
    """
    clean = _CLEAN.match(url)
    dots = ("/." in url or "%2" in url) and _DOTS.search(url) is not None
    if clean is not None and not dots and len(url) <= max_length:
        scheme, host, port_text, target = clean.groups()
        default = _DEFAULT_PORT[scheme]
        if port_text is None:
            # What Url(...) does, without the call: this is the way of nearly every URL.
            return _new(Url, (url, scheme, host, default, f"{scheme}://{host}", target, None))
        port = int(port_text)
        if port != default and port <= 65535:
            return Url(url, scheme, host, port, f"{scheme}://{host}:{port}", target, None)
    return _parse_any(url, max_length)


def _parse_any(url: str, max_length: int) -> Url:
    shown = without_userinfo(url)[:200]
    if len(url) > max_length:
        raise UrlError("too_long", f"URL of {len(url)} characters; at most {max_length} are read", shown)
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise UrlError("no_scheme", f"URL {shown!r} has no scheme; write it with https:// or http://", shown)
    if scheme[1].lower() not in _DEFAULT_PORT:
        if "." in scheme[1] or scheme[1].lower() == "localhost":  # host:port without a scheme
            raise UrlError("no_scheme", f"URL {shown!r} has no scheme; write it with https:// or http://", shown)
        raise UrlError(
            "unsupported_scheme",
            f"URL {shown!r}: scheme {scheme[1].lower()!r} is not asked about; only http and https are",
            shown,
        )
    rest = url[scheme.end() :].lstrip()
    if not re.match(r"[/\\]{2}[^/\\?#]", rest):
        raise UrlError("no_host", f"URL {shown!r} has no host", shown)
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        port = re.search(r"//[^/?#\\]*:([0-9]+)", url)
        if port and int(port[1][:9]) > 65535:
            raise UrlError("bad_port", f"URL {shown!r}: port {port[1][:9]} is above 65535", shown) from None
        raise UrlError("bad_host", f"URL {shown!r}: its host or port cannot be read", shown) from None
    if parsed.username or parsed.password:
        raise UrlError(
            "userinfo",
            f"URL {shown!r} carries a user name or password; declare credentials with a licence instead",
            shown,
        )
    host = parsed.hostname.rstrip(".").lower()
    if not host or ".." in host or host.startswith("."):
        raise UrlError("bad_host", f"URL {shown!r}: host {host!r} has an empty label", shown)
    scheme_name = parsed.protocol[:-1]
    port_number = int(parsed.port) if parsed.port else _DEFAULT_PORT[scheme_name]
    origin = f"{scheme_name}://{host}" + (f":{port_number}" if parsed.port else "")
    # From the serialisation, because an empty query (`/?`) is a query for robots.txt.
    target = parsed.href[parsed.href.index(parsed.pathname, len(parsed.origin)) :].partition("#")[0]
    return Url(origin + target, scheme_name, host, port_number, origin, target, _address(host))


def _address(host: str) -> str | None:
    """The canonical address if `host` is an IP literal; the WHATWG parser has already unified spellings."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def join(base: Url, reference: str) -> Url:
    """Resolve a `Location` value against the URL that sent it. Raises `UrlError` like `parse`."""
    whole = reference if reference[:1] != "/" or reference[:2] == "//" else base.origin + reference
    if _CLEAN.match(whole) is not None and _DOTS.search(whole) is None:  # what the parser would leave as it is
        return parse(whole)
    try:
        return parse(ada_url.join_url(base.href, reference))
    except ValueError:
        shown = without_userinfo(reference)[:200]
        raise UrlError("not_a_url", f"redirect target {shown!r} is not a URL", shown) from None
