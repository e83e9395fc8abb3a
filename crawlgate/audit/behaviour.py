"""What a log shows of its collector across rows (B5): refusals, and who asked again, as whom, by which route.

The log is read twice. The first time, refusals and routes are noted, site by site; the second time each row is
compared with those before it, in the order of the times that the log gives. What follows is what a gate says of the
same attempts (`watch`): its memory is as long, and as large. Where a log shows neither user agents nor routes, nothing
is compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import url as urls
from ..conduct import REFUSING
from ..criteria import conduct
from ..domains import Suffixes
from ..errors import ConfigError
from ..limits import DEFAULT_LIMITS
from ..model import Declaration, Signal
from ..state import PER_SITE
from . import attempt_kernels as attempts
from . import url_kernels
from .book import MICROSECOND
from .columns import UrlColumn, read_urls
from .interning import Spans
from .readers import Batch, Source, Told, kind, read
from .rows import NO_STATUS, ROBOTS_PRECLUDED
from .statuses import read_statuses
from .tables import Columns, agents_of
from .texts import texts
from .times import read_times

REFUSALS = (401, 402, 403, 429, 451)
"""Statuses that a gate remembers as refusals (`conduct.Conduct.refused`)."""
ROW_BITS = 40
"""A row's place in the log: the number of its file above these bits, its own number in the file below."""
_LATER = np.iinfo(np.int64).max
_KEEP = timedelta(seconds=DEFAULT_LIMITS.refusal_memory) // MICROSECOND
_SPEAKS_FOR = timedelta(hours=24) // MICROSECOND  # a robots.txt is not used for longer (RFC 9309 2.4)

Codes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


@dataclass(slots=True)
class _Rows:
    """Attempts by column; `site` is -1 where a row is none that can be compared."""

    site: Any
    url: Any
    time: Any
    seq: Any
    agent: Any
    proxy: Any
    status: Any

    def taken(self, chosen: Any) -> list[Any]:
        """The columns of some rows, in the order of the fields."""
        every = (self.site, self.url, self.time, self.seq, self.agent, self.proxy, self.status)
        return [column[chosen] for column in every]


@dataclass(slots=True)
class _Noted:
    """Rows kept of the first reading."""

    parts: list[list[Any]] = field(default_factory=list)

    def columns(self) -> list[Any]:
        kinds = (np.int64, np.uint64, np.int64, np.int64, np.int32, np.int32, np.int32)
        if not self.parts:
            return [np.zeros(0, kind) for kind in kinds]
        return [np.concatenate(column) for column in zip(*self.parts, strict=True)]


class Behaviour:
    """The refusals of a log. `observe` all of its files, then `settle`, then `look` at each batch."""

    def __init__(self, declaration: Declaration, *, latest: datetime | None = None, zone: Any = None) -> None:
        self._token = declaration.token
        self._latest = latest or datetime.now(UTC) + timedelta(days=1)
        self._zone = zone
        self._suffixes = Suffixes()
        self._origins = Spans()
        self._site_of_origin: list[int] = []
        self._sites: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._ours: list[bool] = []
        self._routes: dict[str, int] = {}
        self._refusals, self._denies = _Noted(), _Noted()
        # For each site the two routes used first: which, when, and at which place of the log.
        self._first = [np.full((64, 2), fill, np.int64) for fill in (-1, _LATER, _LATER)]
        self._by_site: Any = ()
        self._by_url: Any = ()
        self.anything = False

    # -- the first reading --------------------------------------------------------------------------

    def observe(self, number: int, source: Source, told: Told) -> None:
        """Note what the file with this number shows. One that cannot be read is passed over: judging it says why."""
        try:
            found = kind(source, told)
            if found.columns is not None and not shows(found.columns(source, told)):
                return
            for batch in read(source, told.bare()):
                if not shows(batch.columns):
                    return
                if len(batch.rows):
                    self.note(batch, number)
        except ConfigError:
            return

    def note(self, batch: Batch, number: int) -> None:
        """Note the refusals and routes of a batch of file `number`."""
        rows = self._rows(batch, number)
        refused = (rows.site >= 0) & np.isin(rows.status, REFUSALS)
        for row, particulars in batch.particulars.items():
            reading = particulars.reading
            refused[row] |= rows.site[row] >= 0 and reading is not None and _refuses(reading.signals)
        if refused.any():
            self._refusals.parts.append(rows.taken(refused))
        denied = (rows.site >= 0) & (rows.status == ROBOTS_PRECLUDED)
        if denied.any():
            self._denies.parts.append(rows.taken(denied))
        if batch.columns.proxy is not None:
            self._grow()
            attempts.note_routes(rows.site, rows.time, rows.seq, rows.proxy, *self._first)

    def settle(self) -> None:
        """All files were observed: put what was noted in order."""
        self._grow()
        site, url, time, seq, agent, proxy, _ = self._refusals.columns()
        order = np.lexsort((seq, time, site))
        site, agent, proxy = site[order], agent[order], proxy[order]
        new = np.ones(len(site), np.bool_)
        new[1:] = (site[1:] != site[:-1]) | (agent[1:] != agent[:-1]) | (proxy[1:] != proxy[:-1])
        runs = np.maximum.accumulate(np.where(new, np.arange(len(site)), 0))
        self._by_site = (url[order], time[order], seq[order], agent, proxy, runs)
        self._starts = np.searchsorted(site, np.arange(len(self._sites) + 1)).astype(np.int64)
        _, url, time, seq, *_ = self._denies.columns()
        order = np.lexsort((seq, time, url))
        self._by_url = tuple(column[order] for column in (url, time, seq))
        self.anything = bool(len(site) or len(url) or (self._first[0][:, 1] >= 0).any())

    # -- the second reading -------------------------------------------------------------------------

    def look(self, batch: Batch, number: int) -> tuple[Codes, Places] | None:
        """What each row of a batch of file `number` shows, as a code, and the place in the log of the row that it is
        compared with (-1: none). None where the batch shows nothing that could be compared."""
        if not self.anything or not shows(batch.columns):
            return None
        rows = self._rows(batch, number)
        rows.site[rows.site >= len(self._starts) - 1] = -1  # sites of which the first reading had nothing
        codes = np.zeros(len(batch.rows), np.uint8)
        earlier = np.full(len(batch.rows), -1, np.int64)
        ours = np.array(self._ours or [False], np.bool_)
        _, firsts, places = self._first
        url, time, seq, agent, proxy, runs = self._by_site
        attempts.look_back(
            rows.site, rows.url, rows.time, rows.seq, rows.agent, rows.proxy, rows.status, ours,
            self._starts, url, time, seq, agent, proxy, runs,
            firsts[:, 1], places[:, 1], _KEEP, PER_SITE, codes, earlier,
        )  # fmt: skip
        url, time, seq = self._by_url
        taken = (rows.site >= 0) & ((rows.status == NO_STATUS) | ((rows.status >= 200) & (rows.status < 300)))
        attempts.after_denies(rows.url, rows.time, rows.seq, taken, url, time, seq, _SPEAKS_FOR, codes, earlier)
        return codes, earlier

    # -- columns ------------------------------------------------------------------------------------

    def _rows(self, batch: Batch, number: int) -> _Rows:
        table, columns = batch.rows, batch.columns
        column = read_urls(texts(table[columns.url]), self._origins)
        at = read_times(table[str(columns.time)], latest=self._latest, zone=self._zone)
        site = self._site_codes(column)
        statuses = read_statuses(table[str(columns.status)])
        for refused in (at.refused, statuses.refused):
            if refused:
                site[np.fromiter(refused, np.int64, len(refused))] = -1
        return _Rows(
            site,
            _url_hashes(column),
            at.at,
            (np.int64(number) << ROW_BITS) + batch.numbers,
            self._coded(table, columns.user_agent, self._names),
            self._coded(table, columns.proxy, self._routes),
            statuses.codes,
        )

    def _coded(self, table: Any, name: str | None, known: dict[str, int]) -> npt.NDArray[np.int32]:
        """A number for each text of a column; what the log does not say is -1."""
        codes, said = agents_of(None if name is None else table[name])
        if codes is None:
            return np.full(len(table), -1, np.int32)
        numbers = [known.setdefault(text, len(known)) if text else -1 for text in said]
        if known is self._names:
            self._ours += [conduct.is_ours(text, self._token) for text in list(known)[len(self._ours) :]]
        found: npt.NDArray[np.int32] = np.array([*numbers, -1], np.int32)[codes]
        return found

    def _site_codes(self, column: UrlColumn) -> Places:
        """The site of each row, -1 for what is no URL. Hosts of one registrable domain are one site."""
        known = self._site_of_origin
        for code in range(len(known), self._origins.count):
            host = urls.parse(self._origins.text(code) + "/").host
            known.append(self._sites.setdefault(self._suffixes.registrable(host) or host, len(self._sites)))
        found: Places = np.array([*known, -1], np.int64)[column.origins]
        return found

    def _grow(self) -> None:
        more = len(self._sites) - len(self._first[0])
        if more > 0:
            more += len(self._first[0])  # doubled, so that it is not done for each batch
            self._first = [
                np.concatenate([table, np.full((more, 2), fill, np.int64)])
                for table, fill in zip(self._first, (-1, _LATER, _LATER), strict=True)
            ]


def shows(columns: Columns) -> bool:
    """True if rows show enough of attempts for a comparison: when, what was answered, and as whom or by which route."""
    return None not in (columns.time, columns.status) and (columns.user_agent or columns.proxy) is not None


def _refuses(signals: Iterable[Signal]) -> bool:
    return any(signal.kind in REFUSING for signal in signals)


def _url_hashes(column: UrlColumn) -> npt.NDArray[np.uint64]:
    """A number for each URL in the one normalisation; equal URLs, equal numbers."""
    hashes = np.zeros(len(column.rows), np.uint64)
    plain = np.flatnonzero(column.origins >= 0)
    if column.read:
        plain = plain[~np.isin(plain, np.fromiter(column.read, np.int64, len(column.read)))]
        encoded = [url.href.encode() for url in column.read.values()]
        ends = np.cumsum([len(one) for one in encoded])
        spans = np.concatenate([np.zeros(1, np.int64), ends.astype(np.int64)])
        hashes[list(column.read)] = _hashed(np.frombuffer(b"".join(encoded), np.uint8), spans[:-1], np.diff(spans))
    begins = column.rows.offsets[plain]
    hashes[plain] = _hashed(column.rows.data, begins, column.rows.offsets[plain + 1] - begins)
    return hashes


def _hashed(data: Any, begins: Any, lengths: Any) -> npt.NDArray[np.uint64]:
    found = np.zeros(len(lengths), np.uint64)
    url_kernels.hash_texts(data, begins, lengths.astype(np.int32), found)
    return found
