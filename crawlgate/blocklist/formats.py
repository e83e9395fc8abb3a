"""Lists as they come: plain text (one domain, host, path or URL a line) and feeds (`entries.jsonl`).

Every line is an entry, a comment, or a reject with its number and the reason; nothing is lost on the way.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..domains import Suffixes
from ..errors import FeedError
from ..limits import DEFAULT_LIMITS
from ..model import Notice
from .entry import (
    DEFAULT_SUFFIXES,
    HOST,
    PATH_PREFIX,
    REGISTRABLE_DOMAIN,
    URL,
    EntryDefaults,
    EntryError,
    Rejected,
    normalise_host,
    notice_from_table,
    shown,
    without_www,
)

SCHEMA = 1
"""The version of the feed's entries that is read; an entry without `schema` is of this version."""

ENTRIES = "entries.jsonl"
"""The file of a feed directory that holds its entries."""

MAX_BYTES = 512 * 1024 * 1024
"""A longer list is refused. Project choice: some ten million entries, held in memory by this version."""

MAX_LINE = 64 * 1024
"""A longer line is rejected. Project choice: a URL may take half of it, the words beside it the rest."""

_NEWLINE = re.compile(rb"\r\n|\n|\r")
_INLINE_COMMENT = re.compile(r"\s[#!].*\Z", re.DOTALL)
_HOSTS_LINE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+\S")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BOM = b"\xef\xbb\xbf"


class Format(StrEnum):
    """How a list is written."""

    PLAIN = "plain"
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawList:
    """A list as bytes, before it is read. `path` is as given, `name` its last part, for messages and ids."""

    path: str
    name: str
    format: Format
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedList:
    """What a list says. `notices` and `rejected` together are all lines that are no comment; `sha256` and
    `bytes` are of the file (of `entries.jsonl` where the list is a directory)."""

    notices: tuple[Notice, ...]
    rejected: tuple[Rejected, ...]
    format: Format
    sha256: str
    bytes: int


class _DuplicateKey(ValueError):
    pass


def read(
    path: str | Path, *, defaults: EntryDefaults | None = None, suffixes: Suffixes = DEFAULT_SUFFIXES
) -> ParsedList:
    """Read a list. Raises `FeedError` where it cannot be read as one at all, or holds no entry.

    A directory is a feed with an `entries.jsonl`, and so is a file whose name ends in `.jsonl`; every other
    file is plain text. The notices say nothing of when they were received: `store.ListStore` does.
    """
    return interpret(load(path), defaults=defaults, suffixes=suffixes)


def load(path: str | Path) -> RawList:
    """The bytes of a list and the format they are in. Raises `FeedError`."""
    place = Path(path)
    given, feed = _as_text(path), place.suffix == ".jsonl"
    try:
        name = _as_text(place.resolve().name) or given
        if place.is_dir():
            place, feed = place / ENTRIES, True
            if not place.exists():
                raise FeedError(
                    f"list {given}: the directory has no {ENTRIES}; name a feed's directory, or a file of plain lines"
                )
        found = place.stat()  # before opening: a pipe would wait for a writer
        if not stat.S_ISREG(found.st_mode):
            raise FeedError(f"list {given} is no ordinary file; name a file or a feed's directory")
        if found.st_size > MAX_BYTES:
            raise FeedError(f"list {given} is longer than {MAX_BYTES} bytes; split it")
        data = place.read_bytes()
    except OSError as error:
        raise FeedError(
            f"list {given} cannot be read: {error.strerror or error}; check the path and its permissions"
        ) from None
    except ValueError:
        raise FeedError(f"list {shown(given)} is no path") from None
    return RawList(
        path=given,
        name=name,
        format=Format.FEED if feed else Format.PLAIN,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _as_text(path: str | Path) -> str:
    """A path that can be written down: a file's name need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def interpret(
    raw: RawList, *, defaults: EntryDefaults | None = None, suffixes: Suffixes = DEFAULT_SUFFIXES
) -> ParsedList:
    """The entries of a list whose bytes are at hand. Raises `FeedError` like `read`."""
    _refuse_junk(raw)
    base = replace(defaults or EntryDefaults(), source=f"{raw.name}@sha256:{raw.sha256[:16]}")
    tables = _feed_tables(raw) if raw.format is Format.FEED else _plain_tables(raw, suffixes)
    notices: list[Notice] = []
    rejected: list[Rejected] = []
    lines_of: dict[str, int] = {}
    for line, text, table in tables:
        if isinstance(table, str):
            rejected.append(Rejected(line, text[: DEFAULT_LIMITS.raw_text], table))
            continue
        try:
            notice = notice_from_table(table, defaults=replace(base, id=f"{raw.sha256[:12]}:{line}"), suffixes=suffixes)
            if lines_of.setdefault(notice.id, line) != line:
                raise EntryError("doubled_id", f"id {shown(notice.id)} stands on line {lines_of[notice.id]} already")
        except EntryError as error:
            rejected.append(Rejected(line, text[: DEFAULT_LIMITS.raw_text], error.reason))
        else:
            notices.append(notice)
    if not notices:
        raise FeedError(_nothing(raw, rejected))
    return ParsedList(
        notices=tuple(notices),
        rejected=tuple(rejected),
        format=raw.format,
        sha256=raw.sha256,
        bytes=len(raw.data),
    )


def _refuse_junk(raw: RawList) -> None:
    head = raw.data[:4]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FeedError(f"list {raw.path} is written in UTF-16; save it as UTF-8")
    if head[:2] == b"\x1f\x8b" or head in (b"PK\x03\x04", b"\x28\xb5\x2f\xfd"):
        raise FeedError(f"list {raw.path} is compressed; unpack it first")
    if b"\x00" in raw.data:
        raise FeedError(f"list {raw.path} is binary, not a text file; name a list of lines in UTF-8")


def _nothing(raw: RawList, rejected: list[Rejected]) -> str:
    if not rejected:
        return f"list {raw.path} holds no entry; an empty list would pass for one that was read, so take it out"
    first = rejected[0]
    return (
        f"list {raw.path} holds no entry that can be taken ({len(rejected)} rejected); line {first.line}, "
        f"{shown(first.text)}: {first.reason}"
    )


_Line = tuple[int, str, Mapping[str, Any] | str]
"""Number, text, and the entry's table, or the reason there is none."""


def _lines(data: bytes) -> Iterator[tuple[int, str, str | None]]:
    """Number, text and what is wrong with it (None: nothing) for each line that is not blank."""
    # Only CR and LF end a line: `str.splitlines` would also cut at form feeds and U+2028.
    start, number = len(_BOM) if data.startswith(_BOM) else 0, 0
    while start <= len(data):
        end = _NEWLINE.search(data, start)
        line = data[start : end.start() if end else len(data)]
        start = end.end() if end else len(data) + 1
        number += 1
        problem = None
        if len(line) > MAX_LINE:
            line, problem = line[: DEFAULT_LIMITS.raw_text], f"the line is longer than {MAX_LINE} bytes"
        try:
            text = line.decode().strip()
        except UnicodeDecodeError:
            text, problem = line.decode("utf-8", "backslashreplace").strip(), problem or "the line is not UTF-8"
        if text or problem:
            yield number, text, problem


def _plain_tables(raw: RawList, suffixes: Suffixes) -> Iterator[_Line]:
    for number, text, problem in _lines(raw.data):
        if text.startswith(("#", "!")):
            continue
        if problem:
            yield number, text, problem
            continue
        try:
            yield number, text, plain_entry(text, suffixes)
        except EntryError as error:
            yield number, text, error.reason


def plain_entry(text: str, suffixes: Suffixes) -> Mapping[str, str]:
    """A line of a plain list as the table of a feed's entry.

    `https://host/page` is one page, `host/path` a path and what is below, a bare name its registrable domain
    if it is one (or the `www.` twin of one), otherwise that host alone. A URL without path is a bare name.
    """
    if _HOSTS_LINE.match(text):
        raise EntryError(
            "other_format", "a line of a hosts file; this is read as a plain list", "leave the address out"
        )
    entry = _INLINE_COMMENT.sub("", text).rstrip()
    if re.search(r"\s", entry):
        raise EntryError("words", "more than one word", "write one domain, host, path or URL a line")
    if entry.startswith(("||", "@@", "/", "|")) or entry.endswith("^"):
        raise EntryError("other_format", "a filter rule; this is read as a plain list", "write the domain alone")
    if re.match(r"(?:server|address|local)=/", entry):
        raise EntryError("other_format", "a dnsmasq setting; this is read as a plain list", "write the domain alone")
    scheme = _SCHEME.match(entry)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise EntryError("unsupported_scheme", f"scheme {scheme[1]!r} is not read", "only http and https are")
    rest = (entry[scheme.end() :] if scheme else entry).partition("#")[0]
    host, slash, path = rest.partition("/")
    if not path and not re.search(r"[?:\\]", rest):
        return _bare_name(host, suffixes)
    if scheme or "?" in rest:
        return {"scope": URL, "value": entry}
    if path:
        return {"scope": PATH_PREFIX, "value": host, "path_prefix": slash + path}
    return _bare_name(host, suffixes)


def _bare_name(text: str, suffixes: Suffixes) -> Mapping[str, str]:
    host = without_www(normalise_host(text), suffixes)
    # A public suffix goes through as a domain, to be refused as one.
    whole = suffixes.registrable(host) == host or suffixes.is_public_suffix(host)
    return {"scope": REGISTRABLE_DOMAIN if whole else HOST, "value": host}


def _feed_tables(raw: RawList) -> Iterator[_Line]:
    for number, text, table in feed_rows(raw.data):
        if not isinstance(table, str):
            schema = table.get("schema", SCHEMA)
            if schema != SCHEMA or isinstance(schema, bool):
                raise FeedError(
                    f"list {raw.path}, line {number}: schema {shown(schema)} is unknown; this version reads {SCHEMA}. "
                    "Update crawlgate, or ask the issuer for a feed of that version"
                )
        yield number, text, table


def feed_rows(data: bytes) -> Iterator[_Line]:
    """Each line of JSON lines that is not blank: number, text, and its object or the reason there is none."""
    for number, text, problem in _lines(data):
        if problem:
            yield number, text, problem
            continue
        try:
            table = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        except _DuplicateKey as error:
            yield number, text, str(error)
            continue
        except (ValueError, RecursionError) as error:
            yield number, text, f"not JSON: {str(error)[:120] or type(error).__name__}"
            continue
        if isinstance(table, dict):
            yield number, text, table
        else:
            yield number, text, "not a JSON object; an entry is one object a line"


def doubled_key(text: str) -> str | None:
    """Which key stands twice in a line of JSON, as a sentence; None if none does."""
    try:
        json.loads(text, object_pairs_hook=_no_duplicates)
    except _DuplicateKey as error:
        return str(error)
    except (ValueError, RecursionError):
        return None
    return None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            raise _DuplicateKey(f"key {shown(name)} stands twice; two readers would take two different values")
        table[name] = value
    return table


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
