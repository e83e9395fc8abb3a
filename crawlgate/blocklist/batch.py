"""Columns of hosts or URLs asked at once: for pipelines and audits, by way of Arrow. Needs pyarrow (extra `audit`).

found = match_hosts(listing, table["host"], at=table["time"])
found.matches      one row for each row and entry: row, id, list, scope, value, status, needs_url
found.unreadable   one row for each row that is no host: row, reason
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, UrlError
from ..model import Notice, NoticeMatch, NoticeRelation
from ..url import Url, parse, without_userinfo
from . import lookup
from .knowledge import NoticeStatus, status
from .match import HostNotices, Listing, Lists, Told
from .target import EntryError, normalise_host

if TYPE_CHECKING:
    import pyarrow as pa

# A host as `url.parse` gives it, but for the length of its labels; read by RE2, a column at a time.
_CLEAN = r"^(?:[a-z0-9_-]+\.)*[a-z][a-z0-9-]*$"
_NAMES = ("row", "id", "list", "scope", "value", "status", "needs_url")


@dataclass(frozen=True, slots=True)
class Found:
    """What a column came to, as two Arrow tables.

    `matches`: `row` in the column, from 0; `id`, `list`, `scope` and `value` of the entry; `status` (`known`,
    `known_not_loaded`, `published`, `withdrawn`, `expired`, `later`) at the time of the row, null without times;
    `needs_url`: the entry names a path or page on the host, and whether it covers the row's URL is not said.
    `unreadable`: `row` and `reason`.
    """

    matches: pa.Table
    unreadable: pa.Table


def match_hosts(listing: Listing | Lists, hosts: Any, *, at: Any = None) -> Found:
    """Which entries bear on each host of a column. Raises `ConfigError` for a column that cannot be read.

    `hosts` is an Arrow array, a polars or pandas series, or a sequence of strings; `at` one time for all rows, or a
    column of as many. What the list itself takes out of an entry, as was known at the time, is no match. Nulls match
    nothing.
    """
    column = _Column(hosts, at)
    names, unreadable = _normalised(column)
    for one in _listings(listing):
        hits = dict(one.covering_each(names))
        carved = {n: one.carved(names[n] or "", hits[n]) for n in hits if any(map(one.is_exception, hits[n]))}
        column.add(one, {n: entries for n, entries in hits.items() if n not in carved})
        column.add_carved(one, carved)
        column.add(one, _places(one, names), needs_url=True)
    return column.found(unreadable)


def match_urls(listing: Listing | Lists, urls: Any, *, at: Any = None) -> Found:
    """Which entries cover each URL of a column: as `match_hosts`, with paths and pages decided."""
    column = _Column(urls, at)
    asked: dict[int, Url] = {}
    unreadable: dict[int, str] = {}
    for number, text in enumerate(column.distinct):
        if text is None:
            continue
        try:
            asked[number] = parse(without_userinfo(text) if "@" in text else text)
        except UrlError as error:
            unreadable[number] = str(error)
    for one in _listings(listing):
        about: dict[str, HostNotices] = {}
        hits: dict[int, Iterable[NoticeMatch]] = {}
        for number, url in asked.items():
            known = about.get(url.host)
            if known is None:
                known = about[url.host] = one.for_host(url.host)
            if not known.empty:
                hits[number] = known.matches(url)
        column.add_carved(one, hits)
    return column.found(unreadable)


def _listings(listing: Listing | Lists) -> tuple[Listing, ...]:
    return listing.listings if isinstance(listing, Lists) else (listing,)


def _normalised(column: _Column) -> tuple[list[str | None], dict[int, str]]:
    """The hosts of a column as `url.parse` gives them, None for what is none, with the reasons."""
    names, unreadable = column.distinct, {}
    for number in column.unclean(_CLEAN):
        text = names[number]
        if text is None:
            continue
        try:
            names[number] = normalise_host(text)
        except EntryError as error:
            names[number], unreadable[number] = None, error.reason
    return names, unreadable


def _places(listing: Listing, names: Sequence[str | None]) -> dict[int, Sequence[int]]:
    found: dict[int, Sequence[int]] = {}
    if listing.has_places:
        for number, name in enumerate(names):
            if name is not None:
                places = [*listing.get(f"/{lookup.bare(name)}"), *listing.get(f"={name}")]
                if places:
                    found[number] = [entry for entry in places if not listing.is_exception(entry)]
    return found


class _Column:
    """A column of texts, each asked once, and the times of its rows."""

    def __init__(self, texts: Any, at: Any) -> None:
        self._array = _array(texts, "hosts and URLs")
        self._encoded = self._array.dictionary_encode()
        self._words = self._encoded.dictionary
        self.distinct: list[str | None] = self._words.to_pylist()
        self._tables: list[Any] = []
        self._time, self._times = _times(at, len(self._array))

    def unclean(self, pattern: str) -> list[int]:
        """The numbers of those distinct texts that do not match."""
        import pyarrow.compute as pc

        found: list[int] = pc.indices_nonzero(pc.invert(pc.match_substring_regex(self._words, pattern))).to_pylist()
        return found

    def add(self, listing: Listing, hits: Mapping[int, Sequence[int]], *, needs_url: bool = False) -> None:
        """The rows of texts that entries bear on, by the number of the text."""
        # The dates of an entry are those of its terms, of which a list has few; the notice itself is not needed.
        dated: dict[Hashable, Notice] = {}
        rows, told, states = [], [], []
        for row, number, at in self._rows(hits):
            for entry in hits[number]:
                rows.append(row)
                told.append(listing.told(entry))
                if at is not None:
                    terms = listing.terms(entry)
                    if terms not in dated:
                        dated[terms] = listing.notice(entry)
                    states.append(str(status(dated[terms], at)))
        self._add(rows, told, states, listing.name, needs_url=needs_url)

    def add_carved(self, listing: Listing, hits: Mapping[int, Iterable[NoticeMatch]]) -> None:
        """As `add`, where something is carved out that was known at the time of the row."""
        rows, told, states = [], [], []
        matches = {number: tuple(found) for number, found in hits.items()}
        for row, number, at in self._rows(matches):
            for notice, relation, exceptions in ((m.notice, m.relation, m.exceptions) for m in matches[number]):
                if relation is NoticeRelation.COVERS and not _carved(exceptions, at):
                    rows.append(row)
                    told.append((notice.id, notice.scope, notice.value, notice.path_prefix))
                    if at is not None:
                        states.append(str(status(notice, at)))
        self._add(rows, told, states, listing.name, needs_url=False)

    def _add(self, rows: list[int], told: list[Told], states: list[str], name: str, *, needs_url: bool) -> None:
        import pyarrow as pa

        if not rows:
            return
        ids, scopes, values, prefixes = zip(*told, strict=True)
        if any(prefixes):
            values = tuple(value + (prefix or "") for value, prefix in zip(values, prefixes, strict=True))
        columns = (
            pa.array(rows, pa.int64()),
            pa.array(ids, pa.string()),
            pa.repeat(name, len(rows)),
            pa.array(scopes, pa.string()),
            pa.array(values, pa.string()),
            pa.array(states, pa.string()) if states else pa.nulls(len(rows), pa.string()),
            pa.repeat(needs_url, len(rows)),
        )
        self._tables.append(pa.table(columns, schema=_schema()))

    def found(self, unreadable: dict[int, str]) -> Found:
        """What was added, by row, and the rows that could not be read."""
        import pyarrow as pa

        matches = pa.concat_tables([_schema().empty_table(), *self._tables])
        lost = [(row, unreadable[number]) for row, number, _ in self._rows(unreadable)]
        reasons = pa.table(
            {
                "row": pa.array([row for row, _ in lost], pa.int64()),
                "reason": pa.array([reason for _, reason in lost], pa.string()),
            }
        )
        return Found(matches if len(self._tables) < 2 else matches.sort_by("row"), reasons)

    def _rows(self, wanted: Mapping[int, Any]) -> Iterator[tuple[int, int, datetime | None]]:
        """The rows of texts, by their numbers: the row, the number, and the time of the row."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not wanted:
            return
        indices = self._encoded.indices
        rows = pc.indices_nonzero(pc.is_in(indices, value_set=pa.array(list(wanted), indices.type)))
        times = [self._time] * len(rows) if self._times is None else self._times.take(rows).to_pylist()
        yield from zip(rows.to_pylist(), indices.take(rows).to_pylist(), times, strict=True)


def _schema() -> pa.Schema:
    import pyarrow as pa

    types = (pa.int64(), *[pa.string()] * 5, pa.bool_())
    return pa.schema(list(zip(_NAMES, types, strict=True)))


def _carved(exceptions: Sequence[Notice], at: datetime | None) -> bool:
    known = (NoticeStatus.KNOWN, NoticeStatus.KNOWN_NOT_LOADED)
    return any(at is None or status(notice, at) in known for notice in exceptions)


def _array(texts: Any, what: str) -> Any:
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise ConfigError("columns are read by pyarrow, which is not installed; pip install crawlgate[audit]") from None
    try:
        if isinstance(texts, (pa.Array, pa.ChunkedArray)):
            made = texts
        elif hasattr(texts, "__arrow_c_stream__"):  # polars and others that speak Arrow
            made = pa.chunked_array(texts)
        else:
            made = pa.array(texts, from_pandas=True)
        if isinstance(made, pa.ChunkedArray):
            made = made.combine_chunks()
        if isinstance(made, pa.ChunkedArray):  # nothing in it, or more than one array can hold
            made = pa.concat_arrays(made.chunks) if made.num_chunks else pa.array([], made.type)
        if pa.types.is_dictionary(made.type):
            made = made.cast(made.type.value_type)
        if pa.types.is_null(made.type):
            made = made.cast(pa.string())
        if pa.types.is_string_view(made.type):
            made = made.cast(pa.large_string())
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ConfigError(f"{what}: {str(error)[:200]}; give a column of texts") from None
    if not (pa.types.is_string(made.type) or pa.types.is_large_string(made.type)):
        raise ConfigError(f"{what} are texts; this column is of type {made.type}")
    return made


def _times(at: Any, rows: int) -> tuple[datetime | None, Any]:
    import pyarrow as pa

    if at is None:
        return None, None
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise ConfigError(f"at: {at.isoformat()} has no zone; write one")
        return at.astimezone(UTC), None
    try:
        made = at if isinstance(at, (pa.Array, pa.ChunkedArray)) else pa.array(at, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ConfigError(f"at: {str(error)[:200]}; give one time, or a column of times") from None
    if not pa.types.is_timestamp(made.type) or made.type.tz is None:
        raise ConfigError(f"at: a column of times with a zone is needed; this one is of type {made.type}")
    if len(made) != rows:
        raise ConfigError(f"at: {len(made)} times for {rows} rows; give one for each")
    return None, made.cast(pa.timestamp("us", "UTC"))
