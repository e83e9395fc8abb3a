"""Response policy zones: DNS zone files whose records say what a resolver shall do with a name.

`name CNAME .` (and `*.`, `rpz-drop.`, addresses of a walled garden) blocks; `CNAME rpz-passthru.` is an exception.
Names stand below the zone's own. Triggers by client, name server or address of a name server say nothing of a site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...domains import Suffixes
from ..entry import Entry, EntryError
from ..lines import Line, ListText
from ..target import CIDR, IP, address, network, shown
from .items import Item
from .plain import bare_name, exact_host

_ZONE_ONLY = frozenset(("SOA", "NS", "DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DS"))
_TYPES = _ZONE_ONLY | {"A", "AAAA", "CNAME", "DNAME", "MX", "PTR", "SRV", "TXT", "CAA", "HINFO"}
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|;.*|[()]|[^\s;()"]+')
_TRIGGER = re.compile(r"(.*)\.rpz-(client-ip|ip|nsip|nsdname)\Z")
_LONGEST_RECORD = 64


@dataclass
class _Zone:
    """Where in the zone file the reader is."""

    origin: str = ""
    apex: str = ""
    owner: str = ""

    def absolute(self, name: str) -> str:
        """A name as it stands, made whole with the origin, without the final dot."""
        if name == "@":
            return self.origin
        if name.endswith("."):
            return name[:-1].lower()
        return f"{name}.{self.origin}".rstrip(".").lower()

    def trigger(self, name: str) -> str:
        """What of a whole name stands before the zone's own."""
        if self.apex and name == self.apex:
            return ""
        return name.removesuffix(f".{self.apex}") if self.apex else name


def read(text: ListText, suffixes: Suffixes) -> Iterator[Item]:
    """The items of a zone file; its own records (SOA, NS) are none."""
    zone = _Zone()
    for number, shown_text, parts, problem in _records(text):
        if problem is not None:
            yield Item(number, shown_text, EntryError("encoding", problem))
            continue
        try:
            entry = _record(zone, shown_text, parts, suffixes)
        except EntryError as error:
            yield Item(number, shown_text, error)
            continue
        if entry is not None:
            yield Item(number, shown_text, entry)


def _records(text: ListText) -> Iterator[tuple[int, str, list[str], str | None]]:
    """Records with the line they begin on; parentheses join lines."""
    start: Line | None = None
    parts: list[str] = []
    depth = count = 0
    for line in text.lines(indented=True):
        if line.problem is not None:
            yield line.number, line.text.strip(), [], line.problem
            continue
        found = [part for part in _PART.findall(line.text) if not part.startswith(";")]
        if start is None:
            if not found:
                continue
            start, parts, count = line, [], 0
            if line.text.startswith(" "):
                parts.append("")  # the owner is that of the record before
        count += 1
        for part in found:
            if part in "()":
                depth = max(0, depth + (1 if part == "(" else -1))
            else:
                parts.append(part)
        if depth == 0 or count > _LONGEST_RECORD:
            yield start.number, start.text.strip(), parts, None
            start, depth = None, 0
    if start is not None:
        yield start.number, start.text.strip(), parts, "a parenthesis is not closed"


def _record(zone: _Zone, text: str, parts: list[str], suffixes: Suffixes) -> Entry | None:
    first = parts[0].upper()
    if first.startswith("$"):
        if first == "$ORIGIN" and len(parts) > 1:
            zone.origin = zone.absolute(parts[1])
            zone.apex = zone.apex or zone.origin
        elif first != "$TTL":
            raise EntryError("directive", f"{parts[0]} is not read", "write its records out")
        return None
    owner = zone.absolute(parts[0]) if parts[0] else zone.owner
    zone.owner = owner
    rest = parts[1:]
    while rest and (rest[0].upper() in ("IN", "CH", "HS") or re.fullmatch(r"(?:[0-9]+[smhdwSMHDW]?)+", rest[0])):
        rest = rest[1:]
    kind = rest[0].upper() if rest else ""
    if kind not in _TYPES:
        raise EntryError("other_format", f"{shown(text)} is no record of a zone file")
    if kind == "SOA":
        zone.apex = owner
        zone.origin = zone.origin or owner
    if kind in _ZONE_ONLY:
        return None
    trigger = zone.trigger(owner)
    if not trigger:
        return None  # addresses of the zone itself
    exception = _is_exception(kind, rest[1:], zone, trigger)
    return _named(trigger, exception, suffixes)._replace(exception=exception)


def _is_exception(kind: str, data: list[str], zone: _Zone, trigger: str) -> bool:
    where = data[0].lower() if data else ""
    if kind == "CNAME":
        if where == "rpz-tcp-only.":
            raise EntryError("no_block", "an order to ask again over TCP; it blocks nothing")
        # Before rpz-passthru, a name that led to itself said the same.
        return where == "rpz-passthru." or (where not in (".", "*.") and zone.absolute(where) == trigger)
    if kind in ("A", "AAAA"):
        return False
    raise EntryError("no_block", f"a record of type {kind}; it blocks no site")


def _named(trigger: str, exception: bool, suffixes: Suffixes) -> Entry:
    match = _TRIGGER.match(trigger)
    if match is None:
        # An exception for a name alone must not carve out what is below it.
        return exact_host(trigger, suffixes) if exception and trigger[:2] != "*." else bare_name(trigger, suffixes)
    if match[2] != "ip":
        raise EntryError("trigger", f"a trigger of kind rpz-{match[2]}; it names no site")
    length, *labels = match[1].split(".")
    labels.reverse()
    if "zz" in labels:  # what `::` is written as
        gap = labels.index("zz")
        text = f"{':'.join(labels[:gap])}::{':'.join(labels[gap + 1 :])}"
    else:
        text = (":" if len(labels) == 8 else ".").join(labels)
    if not length.isdigit():
        raise EntryError("no_range", f"{shown(match[1])} does not begin with a prefix length")
    full = "128" if ":" in text else "32"
    if length == full:
        return Entry(IP, address(text))
    return Entry(CIDR, network(f"{text}/{length}"))
