"""What a log shows of its collector across rows (B5): refusals, and who asked again, as whom, by which route.

The log is read twice. The first time, refusals and routes are noted, site by site; the second time each row is
compared with those before it, in the order of the times that the log gives. What follows is what a gate says of the
same attempts (`watch`): its memory is as long, and as large. Where a log shows neither user agents nor routes, nothing
is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import url as urls
from ..conduct import REFUSING
from ..criteria import conduct
from ..domains import Suffixes
from ..limits import DEFAULT_LIMITS
from ..model import Declaration, Signal
from ..state import PER_SITE
from ..url import Url
from . import attempt_kernels as attempts
from . import url_kernels
from .book import MICROSECOND
from .columns import UrlColumn, read_urls
from .interning import Spans
from .readers import Batch
from .rows import NO_STATUS, ROBOTS_PRECLUDED, Particulars
from .statuses import read_statuses
from .tables import Columns, agents_of
from .texts import texts
from .times import read_times

REFUSALS = (401, 402, 403, 429, 451)
"""Statuses that a gate remembers as refusals (`conduct.Conduct.refused`)."""
ROW_BITS = 40
"""A row's place in the log: the number of its file above these bits, its own number in the file below."""
_RATE_LIMITS = (429, 503)
_LATER = np.iinfo(np.int64).max
_KEEP = timedelta(seconds=DEFAULT_LIMITS.refusal_memory) // MICROSECOND
_SPEAKS_FOR = timedelta(hours=24) // MICROSECOND  # a robots.txt is not used for longer (RFC 9309 2.4)

Codes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


@dataclass(slots=True)
class Attempts:
    """Attempts by column; `site` is -1 where a row is none that can be compared."""

    site: Any
    url: Any
    time: Any
    seq: Any
    agent: Any
    proxy: Any
    status: Any
    column: UrlColumn

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
    """The refusals of a log. `note` all of its rows, then `settle`, then `look` at each batch."""

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

    def note(self, rows: Attempts, answers: Mapping[int, Particulars]) -> None:
        """Note the refusals and routes of a batch; `answers` is what its answers say beside their statuses."""
        refused = (rows.site >= 0) & np.isin(rows.status, REFUSALS)
        status = rows.status
        for row, particulars in answers.items():
            kind = None if particulars.reading is None else refusing(particulars.reading.signals)
            if kind is not None and rows.site[row] >= 0:
                refused[row] = True
                if kind != "http_429" and status[row] in _RATE_LIMITS:  # it was more than a question of pace
                    status = status.copy() if status is rows.status else status
                    status[row] = 403
        if refused.any():
            self._refusals.parts.append([*rows.taken(refused)[:-1], status[refused]])
        denied = (rows.site >= 0) & (rows.status == ROBOTS_PRECLUDED)
        if denied.any():
            self._denies.parts.append(rows.taken(denied))
        if (rows.proxy >= 0).any():
            self._grow()
            attempts.note_routes(rows.site, rows.time, rows.seq, rows.proxy, *self._first)

    def settle(self) -> None:
        """All files were observed: put what was noted in order."""
        self._grow()
        site, url, time, seq, agent, proxy, status = self._refusals.columns()
        order = np.lexsort((seq, time, site))
        self._paced = np.isin(status[order], _RATE_LIMITS)
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

    def look(self, rows: Attempts) -> tuple[Codes, Places] | None:
        """What each row of a batch shows, as a code, and the place in the log of the row that it is compared with (-1:
        none). None where there is nothing to compare with."""
        if not self.anything:
            return None
        rows.site[rows.site >= len(self._starts) - 1] = -1  # sites of which the first reading had nothing
        codes = np.zeros(len(rows.seq), np.uint8)
        earlier = np.full(len(rows.seq), -1, np.int64)
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

    def refused(self, pages: Sequence[Url], places: Sequence[tuple[int, int]]) -> npt.NDArray[np.bool_]:
        """Whether each page was refused before a time and place in the log: by its site, other than by a question of
        pace, or by the collector's own check."""
        found = np.zeros(len(pages), np.bool_)
        hashes = hashed([page.href for page in pages])
        url, time, seq, *_ = self._by_site
        d_url, d_time, d_seq = self._by_url
        for n, (page, place) in enumerate(zip(pages, places, strict=True)):
            site = self._sites.get(self._suffixes.registrable(page.host) or page.host)
            if site is not None and site < len(self._starts) - 1:
                first = int(self._starts[site])
                last = _place(time, seq, first, int(self._starts[site + 1]), place)
                lately = slice(max(first, last - PER_SITE), last)
                fresh = time[lately] >= place[0] - _KEEP
                found[n] = bool((fresh & (url[lately] == hashes[n]) & ~self._paced[lately]).any())
            low, high = (int(np.searchsorted(d_url, hashes[n], side)) for side in ("left", "right"))
            last = _place(d_time, d_seq, low, high, place)
            found[n] |= last > low and d_time[last - 1] >= place[0] - _SPEAKS_FOR
        return found

    # -- columns ------------------------------------------------------------------------------------

    def attempts(self, batch: Batch, number: int) -> Attempts:
        table, columns = batch.rows, batch.columns
        column = read_urls(texts(table[columns.url]), self._origins)
        at = read_times(table[str(columns.time)], latest=self._latest, zone=self._zone)
        site = self._site_codes(column)
        statuses = read_statuses(table[str(columns.status)])
        for refused in (at.refused, statuses.refused):
            if refused:
                site[np.fromiter(refused, np.int64, len(refused))] = -1
        return Attempts(
            site,
            _url_hashes(column),
            at.at,
            (np.int64(number) << ROW_BITS) + batch.numbers,
            self._coded(table, columns.user_agent, self._names),
            self._coded(table, columns.proxy, self._routes),
            statuses.codes,
            column,
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

    def origin(self, code: int) -> str:
        """The origin that a batch numbers."""
        return self._origins.text(code)

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


def refusing(signals: Iterable[Signal]) -> str | None:
    """The kind of refusal that an answer is, by what it says."""
    return next((REFUSING[signal.kind] for signal in signals if signal.kind in REFUSING), None)


def hashed(hrefs: Sequence[str]) -> npt.NDArray[np.uint64]:
    """A number for each URL in the one normalisation; equal URLs, equal numbers."""
    encoded = [href.encode() for href in hrefs]
    ends = np.cumsum([len(one) for one in encoded])
    spans = np.concatenate([np.zeros(1, np.int64), ends.astype(np.int64)])
    return _hashed(np.frombuffer(b"".join(encoded) or b"\0", np.uint8), spans[:-1], np.diff(spans))


def _place(times: Any, seqs: Any, low: int, high: int, place: tuple[int, int]) -> int:
    """How many of the sorted places `low` to `high` come before a time and place in the log, from 0 on."""
    return int(attempts._before(times, seqs, low, high, *place))


def _url_hashes(column: UrlColumn) -> npt.NDArray[np.uint64]:
    """See `hashed`."""
    hashes = np.zeros(len(column.rows), np.uint64)
    plain = np.flatnonzero(column.origins >= 0)
    if column.read:
        plain = plain[~np.isin(plain, np.fromiter(column.read, np.int64, len(column.read)))]
        hashes[list(column.read)] = hashed([url.href for url in column.read.values()])
    begins = column.rows.offsets[plain]
    hashes[plain] = _hashed(column.rows.data, begins, column.rows.offsets[plain + 1] - begins)
    return hashes


def _hashed(data: Any, begins: Any, lengths: Any) -> npt.NDArray[np.uint64]:
    found = np.zeros(len(lengths), np.uint64)
    url_kernels.hash_texts(data, begins, lengths.astype(np.int32), found)
    return found
