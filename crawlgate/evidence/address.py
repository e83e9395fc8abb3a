"""Which addresses a fetch may reach: public ones, and those a user permits."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from ..errors import ConfigError

_V4 = ipaddress.IPv4Address
_V6 = ipaddress.IPv6Address
_Address = _V4 | _V6
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# The IANA special-purpose registries (RFC 6890), most specific first. Blocks the registries call globally
# reachable inside 192.0.0.0/24 and 2001::/23 are anycast infrastructure, never a site's server.
_BLOCKS = tuple(
    (ipaddress.ip_network(network), name, rfc)
    for network, name, rfc in (
        ("0.0.0.0/32", "unspecified", "RFC 1122"),
        ("0.0.0.0/8", "this network", "RFC 1122"),
        ("10.0.0.0/8", "private", "RFC 1918"),
        ("100.64.0.0/10", "CGNAT", "RFC 6598"),
        ("127.0.0.0/8", "loopback", "RFC 1122"),
        ("169.254.0.0/16", "link-local", "RFC 3927"),
        ("172.16.0.0/12", "private", "RFC 1918"),
        ("192.0.0.0/24", "IETF protocol assignments", "RFC 6890"),
        ("192.0.2.0/24", "documentation", "RFC 5737"),
        ("192.88.99.0/24", "6to4 relay anycast", "RFC 7526"),
        ("192.168.0.0/16", "private", "RFC 1918"),
        ("198.18.0.0/15", "benchmarking", "RFC 2544"),
        ("198.51.100.0/24", "documentation", "RFC 5737"),
        ("203.0.113.0/24", "documentation", "RFC 5737"),
        ("224.0.0.0/4", "multicast", "RFC 5771"),
        ("255.255.255.255/32", "limited broadcast", "RFC 919"),
        ("240.0.0.0/4", "reserved", "RFC 1112"),
        ("::/128", "unspecified", "RFC 4291"),
        ("::1/128", "loopback", "RFC 4291"),
        ("::/96", "IPv4-compatible", "RFC 4291"),
        ("64:ff9b:1::/48", "local-use NAT64", "RFC 8215"),
        ("100::/64", "discard-only", "RFC 6666"),
        ("100:0:0:1::/64", "dummy prefix", "RFC 9780"),
        ("2001:2::/48", "benchmarking", "RFC 5180"),
        ("2001:10::/28", "ORCHID", "RFC 4843"),
        ("2001:20::/28", "ORCHIDv2", "RFC 7343"),
        ("2001:db8::/32", "documentation", "RFC 3849"),
        ("3fff::/20", "documentation", "RFC 9637"),
        ("5f00::/16", "segment routing", "RFC 9602"),
        ("fc00::/7", "unique local", "RFC 4193"),
        ("fe80::/10", "link-local", "RFC 4291"),
        ("fec0::/10", "site-local", "RFC 3879"),
        ("ff00::/8", "multicast", "RFC 4291"),
    )
)
_ASSIGNMENTS = ipaddress.IPv6Network("2001::/23")
_GLOBAL = ipaddress.IPv6Network("2000::/3")

# Where an IPv6 address carries an IPv4 one: bits below the address, and what inverts it.
_EMBEDDINGS = tuple(
    (ipaddress.IPv6Network(network), name, shift, flip)
    for network, name, shift, flip in (
        ("::ffff:0:0/96", "IPv4-mapped (RFC 4291)", 0, 0),
        ("::ffff:0:0:0/96", "IPv4-translated (RFC 2765)", 0, 0),
        ("64:ff9b::/96", "NAT64 (RFC 6052)", 0, 0),
        ("2002::/16", "6to4 (RFC 3056)", 80, 0),
        ("2001::/32", "Teredo server (RFC 4380)", 64, 0),
        ("2001::/32", "Teredo client (RFC 4380)", 0, 0xFFFFFFFF),
    )
)


def classify(address: str) -> str | None:
    """Name the special-purpose block of an IP address, with its range and RFC; None for a public address.

    `address` is an IPv4 or IPv6 literal; brackets and a zone (`%eth0`) are ignored. An IPv6 address that
    carries an IPv4 address (mapped, translated, NAT64, 6to4, Teredo) is judged by what it carries. Text
    that is no IP address gives `not an IP address`. Never raises.
    """
    parsed = _parse(address)
    return "not an IP address" if parsed is None else _block(parsed)


def is_literal(host: str) -> bool:
    """True if `host` is an IP address, not a name."""
    return _parse(host) is not None


class AddressPolicy:
    """Public addresses are permitted; others only where `allow` names their network.

    `allow` holds CIDRs (`127.0.0.0/8`, `fd00::/8`) or single addresses; anything else raises `ConfigError`.
    """

    __slots__ = ("_allow",)

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = tuple(_network(text) for text in allow)

    def refusal(self, address: str) -> str | None:
        """Why `address` may not be reached, as text for a record that begins with the block; None if it may.

        An IPv4-mapped address is the IPv4 address for the socket, so it is looked up in `allow` as that.
        """
        block = classify(address)
        return None if block is None or self.named(address) else f"{block}: {address}"

    def named(self, address: str) -> bool:
        """True if `allow` names a network that holds `address`, public or not."""
        parsed = _parse(address)
        if parsed is None:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed.version == network.version and parsed in network for network in self._allow)


def _parse(address: str) -> _Address | None:
    try:
        return ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _block(address: _Address) -> str | None:
    for network, name, rfc in _BLOCKS:
        if address.version == network.version and address in network:
            return f"{name} ({network}, {rfc})"
    if isinstance(address, _V4):
        return None
    carriers = [carrier for carrier in _EMBEDDINGS if address in carrier[0]]
    for _, name, shift, flip in carriers:
        inner = _block(_V4(((int(address) >> shift) & 0xFFFFFFFF) ^ flip))
        if inner is not None:
            return f"{name} of {inner}"
    if carriers:
        return None
    if address in _ASSIGNMENTS:
        return f"IETF protocol assignments ({_ASSIGNMENTS}, RFC 2928)"
    return None if address in _GLOBAL else "reserved (outside 2000::/3, RFC 4291)"


def _network(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigError(f"allow: {text!r} is no network ({error}); write it as 127.0.0.0/8 or fd00::/8") from None
