"""One entry of a list: a target, and what is said about it; from a table to an entry, from an entry to a notice.

An entry says what its list says. A notice adds how the list reached us: when, through whom, checked by whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from ..declaration import instant, suggestion
from ..domains import Suffixes
from ..errors import ConfigError
from ..limits import DEFAULT_LIMITS
from ..model import IssuerKind, Notice
from .target import (
    CIDR,
    DEFAULT_SUFFIXES,
    HOST,
    IP,
    PATH_PREFIX,
    REGISTRABLE_DOMAIN,
    SCOPES,
    SUBDOMAIN,
    URL,
    EntryError,
    Rejected,
    canonical,
    host_and_prefix,
    normalise_host,
    read_url,
    shown,
    target,
    without_www,
)

__all__ = [
    "CIDR",
    "DEFAULT_SUFFIXES",
    "HOST",
    "IP",
    "NOTHING_SAID",
    "PATH_PREFIX",
    "REGISTRABLE_DOMAIN",
    "SCOPES",
    "SUBDOMAIN",
    "URL",
    "Entry",
    "EntryDefaults",
    "EntryError",
    "Rejected",
    "canonical",
    "entry_from_table",
    "host_and_prefix",
    "normalise_host",
    "notice",
    "notice_from_table",
    "read_url",
    "shown",
    "table_of",
    "without_www",
]

_TIMES = ("listed_at", "expires_at", "withdrawn_at", "received_at", "effective_at")
_TEXTS = ("id", "issuer", "reason", "contact")
NOTHING_SAID: Mapping[str, Any] = MappingProxyType({})
"""What an entry says beside its target, where it says nothing."""


class Entry(NamedTuple):
    """What one line of a list says. `value` and `path_prefix` are in the form that matching compares.

    `exception` carves the target out of what the same list names. `said` holds the rest, where it is said: the
    texts `id`, `issuer`, `reason`, `contact`, the instants `listed_at`, `expires_at`, `withdrawn_at`, `received_at`,
    `effective_at`, and `works` and `evidence` as given.
    """

    scope: str
    value: str
    path_prefix: str | None = None
    exception: bool = False
    said: Mapping[str, Any] = NOTHING_SAID


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


def entry_from_table(table: Mapping[str, Any], suffixes: Suffixes = DEFAULT_SUFFIXES) -> Entry:
    """The entry that a table of a feed or spreadsheet describes. Raises `EntryError` where it cannot be taken.

    Unknown fields are ignored. `issuer_verified`, `issuer_kind` and `vouched_by` are never read from an entry: a
    list does not vouch for itself.
    """
    scope = _text(table, "scope", required=True)
    if scope not in SCOPES:
        raise EntryError(
            "unknown_scope",
            f"scope {shown(scope)} is unknown{suggestion(scope, SCOPES)}",
            f"use one of {', '.join(SCOPES)}",
        )
    value, prefix = target(scope, _text(table, "value", required=True), _text(table, "path_prefix"), suffixes)
    exception = table.get("exception")
    if exception not in (None, False, True):
        raise EntryError("bad_field", f"exception must be true or false, not {shown(exception)}")
    said: dict[str, Any] = {name: text for name in _TEXTS if (text := _text(table, name))}
    if "id" in said and not said["id"].isprintable():
        raise EntryError("bad_field", f"id {shown(said['id'])} holds a character that cannot be shown")
    for name in _TIMES:
        at = _time(table, name, end_of_day=name == "expires_at")
        if at is not None:
            said[name] = at
    for name in ("works", "evidence"):
        if table.get(name) not in (None, "", []):
            said[name] = table[name]
    listed, expires, withdrawn = (said.get(name) for name in _TIMES[:3])
    if listed and expires and expires <= listed:
        raise EntryError("never_counts", "expires_at is not after listed_at; the entry would never count")
    if listed and withdrawn and withdrawn < listed:
        raise EntryError("never_counts", "withdrawn_at is before listed_at; the entry would never count")
    return Entry(scope, value, prefix, bool(exception), said)


def table_of(entry: Entry) -> dict[str, Any]:
    """The entry as a table of a feed: `entry_from_table` reads the same entry out of it."""
    table: dict[str, Any] = {"scope": entry.scope, "value": entry.value}
    if entry.path_prefix is not None:
        table["path_prefix"] = entry.path_prefix
    if entry.exception:
        table["exception"] = True
    for name, said in entry.said.items():
        table[name] = _stamp(said) if isinstance(said, datetime) else said
    return table


def notice(entry: Entry, defaults: EntryDefaults) -> Notice:
    """The notice that an entry of a list is, with what is known of the list."""
    scope, value, prefix, exception, said = entry
    received = said.get("received_at")
    if defaults.received_at is not None:
        received = defaults.received_at if received is None else min(received, defaults.received_at)
    own, issuer, kind = said.get("issuer"), defaults.issuer, defaults.issuer_kind
    if kind is IssuerKind.PUBLIC and own:  # whoever a public list names, it is the list that says so
        issuer = f"{own}, as told by {issuer or _file(defaults)}"
    elif own:
        issuer = own
    elif not issuer:  # a list that names nobody is nobody's notice
        issuer = _file(defaults)
        kind = IssuerKind.PUBLIC if kind is IssuerKind.UNSTATED else kind
    return Notice(
        id=said.get("id") or defaults.id or f"{scope}:{value}{prefix or ''}",
        issuer=issuer,
        issuer_verified=defaults.issuer_verified,
        issuer_kind=kind,
        vouched_by=defaults.vouched_by,
        contact=said.get("contact", ""),
        scope=scope,
        value=value,
        path_prefix=prefix,
        exception=exception,
        reason=said.get("reason", ""),
        listed_at=said.get("listed_at"),
        received_at=received,
        effective_at=defaults.effective_at or said.get("effective_at"),
        expires_at=said.get("expires_at"),
        withdrawn_at=said.get("withdrawn_at"),
        source=defaults.source,
    )


def _file(defaults: EntryDefaults) -> str:
    return defaults.source.partition("@sha256:")[0] or "unknown"


def notice_from_table(
    table: Mapping[str, Any],
    *,
    where: str = "",
    defaults: EntryDefaults | None = None,
    suffixes: Suffixes = DEFAULT_SUFFIXES,
) -> Notice:
    """`entry_from_table` and `notice` in one."""
    try:
        return notice(entry_from_table(table, suffixes), defaults or EntryDefaults())
    except EntryError as error:
        raise error.at(where) from None


def _text(table: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = table.get(name, "")
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise EntryError("bad_field", f"{name} must be a string, not {shown(value)}")
    value = value.strip()
    if required and not value:
        raise EntryError("missing", f"{name} is missing")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise EntryError("encoding", f"{name} holds half a character (a lone surrogate)")
    if len(value) > DEFAULT_LIMITS.url_length:
        raise EntryError(
            "too_long", f"{name} has {len(value)} characters; at most {DEFAULT_LIMITS.url_length} are read"
        )
    return value


def _time(table: Mapping[str, Any], name: str, *, end_of_day: bool = False) -> datetime | None:
    try:
        return instant(table.get(name), name, end_of_day=end_of_day)
    except ConfigError as error:
        raise EntryError("bad_time", str(error)) from None
    except OverflowError:
        raise EntryError("bad_time", f"{name} is out of range") from None


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
