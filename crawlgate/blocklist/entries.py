"""The entries of a signed feed: canonical JSON lines, sorted by id, exactly those of the manifest.

What is signed has one reading: a line that is not canonical, a key that stands twice or an id out of order
refuses the whole version. An entry whose meaning cannot be taken (a public suffix, a broken date) is a reject
with line and reason, and the others count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ..domains import Suffixes
from ..limits import DEFAULT_LIMITS
from ..model import Notice
from .check import check_entry
from .entry import DEFAULT_SUFFIXES, EntryDefaults, EntryError, Rejected, notice_from_table, shown
from .feed import FeedInvalid, Manifest
from .lines import MAX_LINE
from .readers.jsonlines import doubled_key

FIELDS = (
    "id",
    "scope",
    "value",
    "path_prefix",
    "exception",
    "reason",
    "works",
    "issuer",
    "listed_at",
    "expires_at",
    "withdrawn_at",
    "evidence",
    "contact",
)
"""Every field of an entry, in the order in which people read them."""

_DEEPEST = 32

# What only the receiver can say; an issuer that states it is not heard.
_OURS = ("received_at", "effective_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """What a version says. `notices` and `rejected` together are all lines."""

    notices: tuple[Notice, ...]
    rejected: tuple[Rejected, ...]


def write_entries(tables: Iterable[Mapping[str, Any]]) -> bytes:
    """Entries in their one spelling, sorted by id. Raises `FeedInvalid` for an id that is missing or not unique, and
    for a value that JSON lines cannot hold (a float)."""
    ordered = sorted(tables, key=lambda table: str(table.get("id", "")))
    lines = [orjson.dumps(dict(table), option=orjson.OPT_SORT_KEYS) + b"\n" for table in ordered]
    data = b"".join(lines)
    for _ in entry_tables(data):
        pass
    return data


def entry_tables(data: bytes) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Line number, text and table of each entry. Raises `FeedInvalid` (`not_canonical`, `duplicate_key`)."""
    if data and not data.endswith(b"\n"):
        raise FeedInvalid("not_canonical", "entries: the last line has no newline")
    last = ""
    start, number = 0, 0
    while start < len(data):
        end = data.index(b"\n", start)
        line, start, number = data[start:end], end + 1, number + 1
        table = _table(line, number)
        name = table.get("id")
        if not isinstance(name, str) or not name:
            raise FeedInvalid("not_canonical", f"entries, line {number}: id is missing; each entry has one of its own")
        if name <= last:
            why = "stands twice" if name == last else f"comes after {shown(last)}"
            raise FeedInvalid("not_canonical", f"entries, line {number}: id {shown(name)} {why}; ids are sorted")
        if table.get("schema", 1) != 1:
            raise FeedInvalid(
                "unknown_version", f"entries, line {number}: schema {shown(table['schema'])}; this program reads 1"
            )
        last = name
        yield number, line.decode(), table


def read_entries(
    data: bytes,
    manifest: Manifest,
    *,
    defaults: EntryDefaults | None = None,
    suffixes: Suffixes = DEFAULT_SUFFIXES,
    force: str = "",
) -> Entries:
    """The notices of the entries a manifest names. `force` is a reason to take entries that cover the world's most used
    sites. Raises `FeedInvalid` (`mixed` where the bytes are others)."""
    check_entries(data, manifest)
    base = defaults or EntryDefaults()
    base = replace(base, source=f"{manifest.origin} version {manifest.version}", issuer=base.issuer or manifest.origin)
    notices: list[Notice] = []
    rejected: list[Rejected] = []
    for number, text, table in entry_tables(data):
        try:
            for name in _OURS:
                table.pop(name, None)
            notice = notice_from_table(table, defaults=base, suffixes=suffixes)
        except EntryError as error:
            rejected.append(Rejected(number, text[: DEFAULT_LIMITS.raw_text], error.reason))
            continue
        problem = None if force else check_entry(notice)
        if problem is not None:
            reason = f"{problem.reason}; {problem.way_out}"
            rejected.append(Rejected(number, text[: DEFAULT_LIMITS.raw_text], reason))
            continue
        if notice.issuer != base.issuer:  # an association speaks for a member; who was checked is the association
            notice = replace(notice, issuer=f"{notice.issuer} (through {base.issuer})")
        notices.append(notice if notice.contact or not manifest.contact else replace(notice, contact=manifest.contact))
    if len(notices) + len(rejected) != manifest.entries:
        raise FeedInvalid(
            "mixed", f"entries: {len(notices) + len(rejected)} lines, and the manifest says {manifest.entries}"
        )
    return Entries(notices=tuple(notices), rejected=tuple(rejected))


def check_canonical(data: bytes, manifest: Manifest) -> None:
    """Raises `FeedInvalid` unless `data` are the entries that a manifest names, in canonical form. What they mean is
    not looked at, so that it takes seconds for millions."""
    check_entries(data, manifest)
    count = sum(1 for _ in entry_tables(data))
    if count != manifest.entries:
        raise FeedInvalid("mixed", f"entries: {count} lines, and the manifest says {manifest.entries}")


def check_entries(data: bytes, manifest: Manifest) -> None:
    """Raises `FeedInvalid` (`mixed`) unless `data` are the bytes that a manifest names."""
    digest = hashlib.sha256(data).hexdigest()
    if len(data) != manifest.bytes or digest != manifest.sha256:
        raise FeedInvalid(
            "mixed",
            f"entries of {len(data)} bytes, sha256 {digest[:16]}…; version {manifest.version} is signed for "
            f"{manifest.bytes} bytes, sha256 {manifest.sha256[:16]}…: they were altered, or are of another version",
        )


def _table(line: bytes, number: int) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise FeedInvalid("not_canonical", f"entries, line {number}: longer than {MAX_LINE} bytes")
    try:
        table = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FeedInvalid("not_canonical", f"entries, line {number}: not JSON: {str(error)[:120]}") from None
    if not isinstance(table, dict):
        raise FeedInvalid("not_canonical", f"entries, line {number}: not a JSON object")
    if orjson.dumps(table, option=orjson.OPT_SORT_KEYS) != line:
        doubled = doubled_key(line.decode())
        if doubled is not None:
            raise FeedInvalid("duplicate_key", f"entries, line {number}: {doubled}")
        raise FeedInvalid("not_canonical", f"entries, line {number}: key order, blanks, escapes or numbers differ")
    if not _plain(table, _DEEPEST):
        raise FeedInvalid(
            "not_canonical", f"entries, line {number}: a number with a fraction, or more than {_DEEPEST} levels"
        )
    return table


def _plain(value: Any, levels: int) -> bool:
    """True for a value without fractions, not nested deeper than `levels`."""
    if isinstance(value, dict):
        return levels > 0 and all(_plain(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_plain(item, levels - 1) for item in value)
    return not isinstance(value, float)
