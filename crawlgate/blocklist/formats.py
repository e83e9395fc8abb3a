"""Lists as they come: in which format, and what each line becomes. Every item is an entry or a reject with line and
reason; nothing is lost on the way. The formats themselves are in `readers`.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from ..domains import Suffixes
from ..errors import ConfigError, FeedError
from ..limits import DEFAULT_LIMITS
from ..model import Notice
from .check import check_entry
from .entry import NOTHING_SAID, Entry, EntryDefaults, EntryError, notice
from .hashes import FileHashes
from .lines import MAX_BYTES, MAX_LINE, MAX_LIST_BYTES, ListText, lines
from .popular import popular
from .readers import addresses, adguard, dnsmasq, hosts, jsonlines, plain, rpz, urls, warninglist
from .readers.items import Item, ReadLine, read_lines
from .target import DEFAULT_SUFFIXES, Rejected, shown

__all__ = [
    "ENTRIES",
    "MAX_BYTES",
    "MAX_LINE",
    "Format",
    "ParsedList",
    "RawList",
    "accepted",
    "interpret",
    "load",
    "read",
]

ENTRIES = "entries.jsonl"
"""The file of a feed directory that holds its entries."""

_SAMPLE = 400


class Format(StrEnum):
    """How a list is written."""

    PLAIN = "plain"
    """A domain, host, address, path or URL a line."""
    HOSTS = "hosts"
    ADGUARD = "adguard"
    """Filter lists: `||name^`, exceptions `@@||name^`."""
    DNSMASQ = "dnsmasq"
    RPZ = "rpz"
    """A response policy zone."""
    URLS = "urls"
    """URL prefixes, as squidGuard and UT1 have them."""
    IP = "ip"
    """Addresses and networks."""
    MISP = "misp"
    """A MISP warninglist."""
    CSV = "csv"
    """A table with named columns."""
    FEED = "feed"
    """JSON lines, as in a feed."""


_LINES: dict[Format, tuple[ReadLine, tuple[str, ...]]] = {
    Format.PLAIN: (plain.read_line, plain.COMMENTS),
    Format.HOSTS: (hosts.read_line, hosts.COMMENTS),
    Format.DNSMASQ: (dnsmasq.read_line, dnsmasq.COMMENTS),
    Format.URLS: (urls.read_line, urls.COMMENTS),
    Format.IP: (addresses.read_line, addresses.COMMENTS),
}
_DOCUMENTS = (Format.MISP, Format.CSV)

# What a line looks like that is of no other format.
_LOOKS = (
    (Format.ADGUARD, re.compile(r"(?:@@)?\|{1,2}[^\s|]|\[Adblock|!\s*Title:|[^\s#]*##")),
    (Format.DNSMASQ, re.compile(r"(?:server|local|address)\s*=\s*/")),
    (Format.HOSTS, re.compile(r"(?:0\.0\.0\.0|127\.[0-9]+\.[0-9]+\.[0-9]+|::1?|fe80::1%\S+)\s+\S")),
    (Format.RPZ, re.compile(r"\$(?:TTL|ORIGIN)\s|\S+\s+(?:[0-9]+\s+)?(?:IN\s+)?(?:CNAME|SOA|A|AAAA)\s", re.IGNORECASE)),
    (Format.IP, re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)(?:/[0-9]{1,3})?\Z")),
)
_VALUE_COLUMN = re.compile(
    r"value|urls?|uri|fqdn|host(?:name)?|domain(?:[ _]name)?|site|website|indicator|ip(?:[ _]address)?|dst_ip"
    r"|サイト|ドメイン",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawList:
    """A list as a file, before it is read. `path` is as given, `name` its last part, for messages and ids; `place`
    is where its bytes are, which have the hash `sha256`. `options` are those of the reader of its format."""

    path: str
    name: str
    format: Format
    place: Path
    bytes: int
    sha256: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedList:
    """What a list says. `notices` and `rejected` together are all its items; `sha256` and `bytes` are of the file
    (of `entries.jsonl` where the list is a directory)."""

    notices: tuple[Notice, ...]
    rejected: tuple[Rejected, ...]
    format: Format
    sha256: str
    bytes: int


def read(
    path: str | Path,
    *,
    form: Format | None = None,
    defaults: EntryDefaults | None = None,
    suffixes: Suffixes = DEFAULT_SUFFIXES,
    force: str = "",
) -> ParsedList:
    """Read a list. Raises `ConfigError` where its path leads to no file that can be read, `FeedError` where that cannot
    be read as a list at all, or holds no entry.

    A directory is a feed with an `entries.jsonl`; the format of a file is found out where it is not given. `force` is
    a reason to take entries that cover the world's most used sites. The notices say nothing of when they were received:
    `store.ListStore` does.
    """
    return interpret(load(path, form), defaults=defaults, suffixes=suffixes, force=force)


def load(path: str | Path, form: Format | None = None, *, hashes: FileHashes | None = None, **options: Any) -> RawList:
    """The file of a list, its hash, and the format it is in. Raises `ConfigError` for a path that leads to no file
    that can be read, `FeedError` for one that is no list.

    `hashes` remembers files that were hashed and found to be text before."""
    place, given = Path(path), _as_text(path)
    try:
        name = _as_text(place.resolve().name) or given
        if place.is_dir():
            place, form = place / ENTRIES, form or Format.FEED
            if not place.exists():
                raise ConfigError(
                    f"list {given}: the directory has no {ENTRIES}; name a feed's directory, or a file of plain lines"
                )
        found = place.stat()  # before opening: a pipe would wait for a writer
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"list {given} is no ordinary file; name a file or a feed's directory")
        if found.st_size > MAX_LIST_BYTES:
            raise FeedError(f"list {given} is longer than {MAX_LIST_BYTES} bytes; split it")
        form = form or detect(place, given)
        if form in _DOCUMENTS and found.st_size > MAX_BYTES:
            raise FeedError(f"list {given} is one document of more than {MAX_BYTES} bytes; split it")
        size, digest = found.st_size, hashes.known(place) if hashes is not None else None
        if digest is None:
            size, digest = _digest(place, given, text=form is not Format.CSV)
            if hashes is not None:
                hashes.remember_settled(place, found, digest)
    except OSError as error:
        raise ConfigError(
            f"list {given} cannot be read: {error.strerror or error}; check the path and its permissions"
        ) from None
    except ValueError:
        raise ConfigError(f"list {shown(given)} is no path") from None
    return RawList(path=given, name=name, format=form, place=place, bytes=size, sha256=digest, options=options)


def _as_text(path: str | Path) -> str:
    """A path that can be written down: a file's name need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _digest(place: Path, given: str, *, text: bool) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with place.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            if size == 0:
                _refuse_junk(chunk[:4], given, text=text)
            if text and b"\x00" in chunk:
                raise FeedError(f"list {given} is binary, not a text file; name a list of lines in UTF-8")
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _refuse_junk(head: bytes, given: str, *, text: bool) -> None:
    if text and head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FeedError(f"list {given} is written in UTF-16; save it as UTF-8")
    if head[:2] == b"\x1f\x8b" or head in (b"PK\x03\x04", b"\x28\xb5\x2f\xfd"):
        raise FeedError(f"list {given} is compressed; unpack it first")


def detect(place: Path, given: str) -> Format:
    """The format of a list, from its name and its first lines: what most of them look like. Raises `OSError`."""
    name = Path(given).name.lower()
    if name.endswith((".jsonl", ".ndjson")):
        return Format.FEED
    if name.endswith((".csv", ".tsv")):
        return Format.CSV
    with place.open("rb") as file:
        first = [line.text for line in islice(lines(file), _SAMPLE)]
    if not first:
        return Format.PLAIN
    if first[0].startswith("{"):
        return Format.FEED if first[0].endswith("}") and '"list"' not in first[0] else Format.MISP
    told = [line for line in first if not line.startswith(("#", ";")) and not re.match(r"![^#]?", line)]
    for form, looks in _LOOKS:
        if sum(looks.match(line) is not None for line in told) * 2 > len(told):
            return form
    comments = [line for line in first if line.startswith("#")]
    if told and (_is_table(told[0], told[1:]) or (comments and _is_table(comments[-1], told))):
        return Format.CSV
    return Format.URLS if name == "urls" else Format.PLAIN


def _is_table(header: str, rows: list[str]) -> bool:
    """True for the names of columns with rows below them."""
    delimiter = max(",;\t", key=header.count)
    cells = [cell.strip(' "') for cell in header.lstrip("# ").split(delimiter)]
    named = len(cells) > 1 and any(_VALUE_COLUMN.fullmatch(cell) for cell in cells)
    return named and sum(delimiter in row for row in rows) * 2 >= len(rows)


def items(raw: RawList, suffixes: Suffixes = DEFAULT_SUFFIXES) -> Iterator[Item]:
    """Every item of a list as its format has it. Raises `FeedError` for a document that cannot be read at all."""
    text = ListText(raw.place, raw.path)
    if raw.format in _LINES:
        read_line, comments = _LINES[raw.format]
        return read_lines(text.lines(), read_line, suffixes, comments)
    if raw.format is Format.CSV:
        from .readers import table  # it knows the fields of a feed, which are made of what is here

        return table.read(text, suffixes, **raw.options)
    reader = {
        Format.ADGUARD: adguard.read,
        Format.RPZ: rpz.read,
        Format.MISP: warninglist.read,
        Format.FEED: jsonlines.read,
    }[raw.format]
    return reader(text, suffixes)


def accepted(raw: RawList, suffixes: Suffixes = DEFAULT_SUFFIXES, *, force: str = "") -> Iterator[Item]:
    """As `items`, with what else keeps an item from being an entry: a doubled id, a site that most people use."""
    lines_of: dict[str, int] = {}
    suspects = {} if force else popular().below
    for item in items(raw, suffixes):
        entry = item.entry
        if isinstance(entry, Entry):
            problem: EntryError | None = None
            own = None if entry.said is NOTHING_SAID else entry.said.get("id")
            if own is not None and lines_of.setdefault(own, item.line) != item.line:
                problem = EntryError("doubled_id", f"id {shown(own)} stands on line {lines_of[own]} already")
            if entry.value.removeprefix("www.") in suspects and (found := check_entry(entry)) is not None:
                problem = EntryError(*found)
            if problem is not None:
                item = item._replace(entry=problem)
        yield item


def interpret(
    raw: RawList,
    *,
    defaults: EntryDefaults | None = None,
    suffixes: Suffixes = DEFAULT_SUFFIXES,
    force: str = "",
) -> ParsedList:
    """The entries of a list as notices. Raises `FeedError` like `read`."""
    base = replace(defaults or EntryDefaults(), source=source_of(raw))
    notices: list[Notice] = []
    rejected: list[Rejected] = []
    for item in accepted(raw, suffixes, force=force):
        if isinstance(item.entry, EntryError):
            rejected.append(reject(item, item.entry))
        else:
            notices.append(notice(item.entry, replace(base, id=line_id(raw.sha256, item.line, item.part))))
    if not notices:
        raise FeedError(nothing(raw, rejected[0] if rejected else None, len(rejected)))
    return ParsedList(
        notices=tuple(notices), rejected=tuple(rejected), format=raw.format, sha256=raw.sha256, bytes=raw.bytes
    )


def reject(item: Item, error: EntryError) -> Rejected:
    """An item that is no entry, for the file of rejects."""
    return Rejected(item.line, item.text[: DEFAULT_LIMITS.raw_text], error.reason, error.code)


def source_of(raw: RawList) -> str:
    """How notices name the list."""
    return f"{raw.name}@sha256:{raw.sha256[:16]}"


def line_id(sha256: str, line: int, part: int = 1) -> str:
    """The id of an entry that has none of its own: where it stands in which bytes."""
    return f"{sha256[:12]}:{line}" if part == 1 else f"{sha256[:12]}:{line}.{part}"


def nothing(raw: RawList, first: Rejected | None, rejected: int) -> str:
    """Why a list without a single entry is an error."""
    if first is None:
        return f"list {raw.path} holds no entry; an empty list would pass for one that was read, so take it out"
    return (
        f"list {raw.path} holds no entry that can be taken ({rejected} rejected); line {first.line}, "
        f"{shown(first.text)}: {first.reason}"
    )
