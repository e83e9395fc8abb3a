"""The list, feed or notice that a finding names, and its entry as it stands in the bytes received."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ...blocklist.subscription import subscriptions
from ...errors import ConfigError, CrawlgateError

WHOLE = 8 << 20
"""Bytes of a list that is put in whole; of a longer one the entry alone."""

_LIST = re.compile(r"(?P<name>.*)@sha256:(?P<digest>[0-9a-f]{16})", re.DOTALL)
_FEED = re.compile(r"(?P<origin>\S+) version (?P<version>[0-9]+)")
_NOTICE = re.compile(r"notice (?P<id>\S+)")
_COMES = frozenset({"received", "loaded"})
_CRITERIA = ("C1", "C2", "C3")


@dataclass(slots=True)
class ListSource:
    """What findings call a list: `name`. One of the others says which it is: the first digits of its `digest`, the
    `feed` (origin and version), or the id of a `notice`. `entries` are those that answers rest on."""

    name: str
    digest: str | None = None
    feed: tuple[str, int] | None = None
    notice: str | None = None
    entries: set[str] = field(default_factory=set)

    def is_begun_by(self, table: Mapping[str, Any]) -> bool:
        """True for the `list` record of a subscription to this feed."""
        return self.feed is not None and table.get("event") == "subscribed" and table.get("origin") == self.feed[0]

    def is_told_by(self, table: Mapping[str, Any], feeds: Collection[Any]) -> bool:
        """True for a `list` record about how it came; `feeds` are the names of subscriptions to this feed."""
        if self.digest is not None:
            return str(table.get("sha256", "")).startswith(self.digest)
        if self.feed is None or table.get("name") not in feeds:
            return False
        begun = self.is_begun_by(table)
        return begun or (table.get("event") in _COMES and str(table.get("version")) == str(self.feed[1]))


@dataclass(frozen=True, slots=True)
class Copy:
    """A list as kept: sha256 of its bytes, the bytes (None: too long to be put in), the signed manifest of a feed, and
    the lines that hold the entries, counted from 1."""

    sha256: str
    suffix: str
    data: bytes | None
    manifest: bytes | None
    entries: tuple[tuple[int, str], ...]


def sources_of(basis: Mapping[str, Any]) -> Iterator[ListSource]:
    """The lists that findings of a basis name."""
    findings = basis.get("findings")
    for criterion in _CRITERIA:
        finding = findings.get(criterion) if isinstance(findings, dict) else None
        params = finding.get("params") if isinstance(finding, dict) else None
        source, entry = (params.get(key) for key in ("source", "entry")) if isinstance(params, dict) else (None, None)
        if isinstance(source, str) and source:
            yield _source(source, entry if isinstance(entry, str) else "")


def _source(name: str, entry: str) -> ListSource:
    entries = {entry} if entry else set()
    if match := _LIST.fullmatch(name):
        return ListSource(name, digest=match["digest"], entries=entries)
    if match := _NOTICE.fullmatch(name):
        return ListSource(name, notice=match["id"], entries=entries)
    if match := _FEED.fullmatch(name):
        return ListSource(name, feed=(match["origin"], int(match["version"])), entries=entries)
    return ListSource(name, entries=entries)


def copy_of(lists: Path, source: ListSource) -> Copy | None:
    """The copy kept of a list; None if it is not there unchanged. Raises `ConfigError` for our own disk."""
    try:
        return _of_feed(lists, source) if source.feed else _of_list(lists, source)
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror or error}") from None


def _of_list(lists: Path, source: ListSource) -> Copy | None:
    for place in sorted(lists.glob(f"{source.digest}*")) if source.digest else ():
        data = place.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if place.stem == digest:
            return _copy(digest, place.suffix, data, None, source)
    return None


def _of_feed(lists: Path, source: ListSource) -> Copy | None:
    assert source.feed is not None  # noqa: S101 (asked by the caller)
    origin, version = source.feed
    for subscription in subscriptions(lists):
        try:
            if subscription.terms.origin != origin:
                continue
            for received in subscription.versions:
                if received.version == version:
                    note = (subscription.folder / received.note).read_bytes()
                    data = subscription.entries_bytes(received)
                    if hashlib.sha256(data).hexdigest() == received.sha256:
                        return _copy(received.sha256, ".jsonl", data, note, source)
        except CrawlgateError:
            continue
    return None


def _copy(digest: str, suffix: str, data: bytes, manifest: bytes | None, source: ListSource) -> Copy:
    entries = tuple(_lines(data, suffix, source.entries))
    return Copy(digest, suffix, data if len(data) <= WHOLE else None, manifest, entries)


def _lines(data: bytes, suffix: str, wanted: set[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        text = line.rstrip("\r")
        if suffix == ".jsonl":
            found = _names(text) in wanted
        else:
            found = any(entry.casefold() in text.casefold() for entry in wanted)
        if found:
            yield number, text


def _names(line: str) -> str | None:
    try:
        table = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return f"{table.get('value')}{table.get('path_prefix') or ''}" if isinstance(table, dict) else None
