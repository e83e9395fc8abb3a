"""CSV with named columns: a value, and what was written beside it about who said so, when and why.

The columns of a feed's entries are read under their own names, and under the names that lists in use give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ...declaration import suggestion
from ...domains import Suffixes
from ...errors import ConfigError
from ..entries import FIELDS
from ..entry import Entry, EntryError, entry_from_table, table_of
from ..lines import ListText
from ..sheet import decoded, doubtful_date, read_csv
from ..target import shown
from .items import Item
from .plain import place

# The first that a file has is taken.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "value": (
        *("url", "uri", "fqdn", "hostname", "host", "domain", "domain_name", "site", "website", "indicator", "entry"),
        *("target", "cidr", "network", "ip_address", "ip", "dst_ip", "address", "サイト", "ドメイン"),
    ),
    "issuer": ("source", "reported_by", "reporter", "provider", "provenance", "organisation", "organization", "権利者"),
    "reason": ("category", "threat", "type", "description", "comment", "note", "notes", "理由"),
    "listed_at": (
        *("date_added", "dateadded", "added", "added_at", "first_seen", "first_seen_utc", "reported_at"),
        *("created_at", "created", "date", "掲載日"),
    ),
    "expires_at": ("expires", "expiry", "valid_until"),
    "withdrawn_at": ("withdrawn", "removed_at", "delisted_at"),
    "evidence": ("reference", "references", "evidence_url", "urlhaus_link", "link", "proof"),
    "works": ("work", "title", "titles", "作品"),
    "contact": ("email", "e_mail", "appeal", "連絡先"),
}
_TIMES = ("listed_at", "expires_at", "withdrawn_at")


def read(
    text: ListText,
    suffixes: Suffixes,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    utc: bool = False,
) -> Iterator[Item]:
    """The rows of a CSV. `columns` says which column a field is read from, by field; `utc` that times without a zone
    are in UTC. Raises `FeedError` for a file without a column of values, `ConfigError` for `columns`."""
    words, _ = decoded(text.whole(), encoding, text.name)
    sheet = read_csv(_without_comments(words), text.name, names=_Renamer(columns or {}))
    for row in sheet.rows:
        line = ", ".join(str(cell) for cell in row.table.values())
        yield Item(row.line, line, EntryError("row", row.problem) if row.problem else _row(row.table, suffixes, utc))


def _row(table: Mapping[str, Any], suffixes: Suffixes, utc: bool) -> Entry | EntryError:
    told = dict(table)
    try:
        for name in _TIMES:
            at = told.get(name)
            if isinstance(at, str):
                if doubtful_date(at):
                    raise EntryError(
                        "bad_time", f"{name} {shown(at)}: month and day could be either way round", "write 2026-07-01"
                    )
                told[name] = _in_utc(at) if utc else at
        if "scope" not in told:
            if not told.get("value"):
                raise EntryError("missing", "value is missing")
            told |= table_of(place(str(told["value"]), suffixes))
        return entry_from_table(told, suffixes)
    except EntryError as error:
        return error


def _in_utc(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if len(text) == 10 or at.tzinfo else at.replace(tzinfo=UTC).isoformat()


class _Renamer:
    """Gives the columns of a file the names of fields."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._wanted = wanted

    def __call__(self, columns: list[str]) -> list[str]:
        named = list(columns)
        taken: set[int] = set()
        for field, column in self._wanted.items():
            asked = re.sub(r"[\s-]+", "_", column.strip().lower())
            if field not in FIELDS:
                raise ConfigError(f"--column {field}={column}: no field has this name{suggestion(field, FIELDS)}")
            if asked not in columns:
                raise ConfigError(
                    f"--column {field}={column}: no column has this name; there are {', '.join(filter(None, columns))}"
                )
            named = [f"{name} (not asked for)" if name == field else name for name in named]
            named[columns.index(asked)] = field
            taken.add(columns.index(asked))
        for field, names in _NAMES.items():
            if field in named:
                continue
            for name in names:
                if name in columns and columns.index(name) not in taken:
                    named[columns.index(name)] = field
                    break
        return named


def _without_comments(text: str) -> str:
    """The text with its comment lines blank; where the names of the columns stand in one, with them first."""
    if not text.lstrip().startswith("#"):
        return text
    found = text.split("\n")
    head = next((n for n, line in enumerate(found) if line.strip() and not line.lstrip().startswith("#")), len(found))
    names = max((n for n in range(head) if found[n].strip("# \r")), default=None)
    commented = names is not None and any(mark in found[names] for mark in ",;\t")
    lines = ["" if line.lstrip().startswith("#") else line for line in found]
    if commented and names is not None:
        lines[0] = found[names].strip().lstrip("# ")
    return "\n".join(lines)
