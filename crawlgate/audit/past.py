"""What the rows of a log say of one another: the collector's behaviour, views of refused pages, and what answers told
of their sites. A log is read twice where it can say such things: once to note them, once to judge each row by what came
before it in the order of its times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .. import url as urls
from ..domains import Suffixes
from ..errors import ConfigError
from ..url import Url
from .behaviour import Attempts, Behaviour, Codes, Places, shows
from .book import micros
from .lore import Lore
from .other_ways import Refused
from .readers import Batch, Source, Told, kind, read
from .rows import Particulars
from .tables import Columns, TableJudge, answers_in
from .views import Views


@dataclass(frozen=True, slots=True)
class Seen:
    """What a batch shows: a code for each row (`shown`) with the place in the log that it is compared with (`earlier`),
    what is particular about some, and a way to ask whether the log shows that a page was refused before a row."""

    shown: Codes | None = None
    earlier: Places | None = None
    particulars: Mapping[int, Particulars] = field(default_factory=dict)
    refused: Refused | None = None


class Past:
    """The past of a log, for one judge. `observe` all of its files (or `note` its batches), then `settle`, then `look`
    at each batch."""

    def __init__(self, judge: TableJudge) -> None:
        self._judge = judge
        self._behaviour = Behaviour(judge.declaration, latest=judge.latest, zone=judge.zone)
        self._views = Views()
        self._lore = Lore(judge.notices, Suffixes())
        self._concerned: list[bool] = []  # by the number of an origin

    def observe(self, number: int, source: Source, told: Told) -> None:
        """Note what the file with this number shows. One that cannot be read is passed over: judging it says why."""
        try:
            found = kind(source, told)
            if found.columns is not None and not tells(found.columns(source, told)):
                return
            for batch in read(source, told):
                if not tells(batch.columns):
                    return
                if len(batch.rows):
                    self.note(batch, number)
        except ConfigError:
            return

    def note(self, batch: Batch, number: int) -> None:
        """Note what a batch of file `number` shows."""
        columns, table = batch.columns, batch.rows
        if not tells(columns):
            return
        rows = self._behaviour.attempts(batch, number)
        token = self._judge.declaration.token
        answers = answers_in(table, columns, rows.status, token, batch.particulars).particulars
        if shows(columns):
            referrers = None if columns.referrer is None else table[columns.referrer]
            self._behaviour.note(rows, answers)
            self._views.note(rows, table[columns.url], referrers, self._behaviour.origin)
        for row, one in answers.items():
            if one.reading is not None and one.looked and rows.site[row] >= 0:
                self._lore.note(rows.column.url(row), (int(rows.time[row]), int(rows.seq[row])), one.reading)
        if columns.redirect is not None:
            places = zip(rows.time.tolist(), rows.seq.tolist(), strict=True)
            self._lore.redirects(table[columns.url], table[columns.redirect], rows.status, places)

    def settle(self) -> None:
        """All files were observed."""
        self._behaviour.settle()
        self._lore.settle()
        ways = self._judge.other_ways
        self._views.settle(
            self._behaviour.refused, lambda pages, places: ways.kept_out(pages, [at for at, _ in places])
        )

    def look(self, batch: Batch, number: int) -> Seen:
        """What a batch of file `number` shows, row by row."""
        if not tells(batch.columns) or not len(batch.rows):
            return Seen(particulars=batch.particulars)
        rows = self._behaviour.attempts(batch, number)
        particulars = self._told(rows, batch.particulars)
        if not shows(batch.columns):
            return Seen(particulars=particulars)
        shown, earlier = self._behaviour.look(rows) or (None, None)

        def refused(which: Sequence[int], pages: Sequence[Url]) -> npt.NDArray[np.bool_]:
            return self._behaviour.refused(pages, [(int(rows.time[n]), int(rows.seq[n])) for n in which])

        return Seen(self._views.codes(rows, shown), earlier, particulars, refused)

    def _told(self, rows: Attempts, known: Mapping[int, Particulars]) -> Mapping[int, Particulars]:
        """`known` with what the rows before each said of its site."""
        if not self._lore:
            return known
        for code in range(len(self._concerned), int(rows.column.origins.max(initial=-1)) + 1):
            host = urls.parse(self._behaviour.origin(code) + "/").host
            self._concerned.append(self._lore.concerns(host))
        concerned = np.array([*self._concerned, False], np.bool_)
        found = dict(known)
        as_of = self._judge.as_of
        for row in np.flatnonzero(concerned[rows.column.origins] & (rows.site >= 0)).tolist():
            place = (int(rows.time[row]), int(rows.seq[row])) if as_of is None else (micros(as_of), _LAST)
            before = found.get(row, NOTHING)
            told = self._lore.add_to(rows.column.url(row), place, before)
            if told is not NOTHING:
                found[row] = told
        return found


NOTHING = Particulars()
_LAST = np.iinfo(np.int64).max


def tells(columns: Columns) -> bool:
    """True if rows show enough to be compared with each other: when, what was answered, and as whom, by which route or
    with which headers or body."""
    if columns.time is None or columns.status is None:
        return False
    return shows(columns) or columns.headers is not None or columns.body is not None


__all__ = ["Past", "Seen", "tells"]
