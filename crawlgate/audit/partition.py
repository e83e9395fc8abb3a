"""An audit in parts, for engines of many machines: all rows of a site in one part, with what is on record of the site.

    pages     ->  Parts.rows      ->  part  \\
                                             judge_part  ->  pages with the answers beside them
    evidence  ->  Parts.evidence  ->  part  /

A site is a registrable domain, so that what a log shows of its collector (B5) stays together, and robots.txt meets the
pages it speaks of. Everything else a row is judged by is the gate's, which every worker has. Pure, but for the clock
that tells times of the future.

One part is held in memory at a time: take about a part for each million rows. `heavy` spreads sites that are larger
(`{"blog.example": 16}`), `order` names the column by which rows of one instant follow each other. Evidence is a table
of `url` or `host`, `time`, `status`, `body`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .. import url as urls
from ..domains import Suffixes
from ..errors import ConfigError
from ..tally import Tally
from .answers import Answering
from .behaviour import shows
from .book import EvidenceBook
from .columns import read_urls
from .frames import beside, needed
from .interning import Spans
from .past import Past, Seen
from .readers.batch import Batch
from .sources import place_of, take_table
from .tables import Columns, TableJudge
from .texts import texts

if TYPE_CHECKING:
    from ..batch import TableGate
    from .readers.source import Source

PART = "crawlgate_part"
"""The column that says which part a row belongs to."""

_NO_FILE: Source = None  # type: ignore[assignment]  # rows of a part stand in no file


class Parts:
    """Places rows. `count` is how many parts there are; `heavy` says of sites that are too large for one part over how
    many their rows are spread. Equal values place equal rows alike in every process. Not safe to share between
    threads. Raises `ConfigError`."""

    def __init__(self, count: int, heavy: Mapping[str, int] | None = None) -> None:
        if count < 1:
            raise ConfigError(f"{count} parts; an audit has one at least")
        for site, over in (heavy or {}).items():
            if not 1 <= over <= count:
                raise ConfigError(f"{site} cannot be spread over {over} of {count} parts")
        self.count, self._heavy = count, dict(heavy or {})
        self._origins, self._suffixes = Spans(), Suffixes()
        self._sites: list[str] = []

    def __reduce__(self) -> tuple[type[Parts], tuple[int, dict[str, int]]]:
        return Parts, (self.count, self._heavy)

    def rows(self, column: Any) -> npt.NDArray[np.int32]:
        """The part of each URL of an Arrow column; what is no URL goes by its place."""
        read = read_urls(texts(column), self._origins)
        self._learn()
        parts = np.array([*map(self._part, self._sites), 0], np.int32)[read.origins]
        strangers = np.flatnonzero(read.origins < 0)
        parts[strangers] = strangers % self.count
        for site, over in self._heavy.items():
            codes = [code for code, name in enumerate(self._sites) if name == site]
            found = np.flatnonzero(np.isin(read.origins, codes))
            parts[found] = np.array([self._part(site, turn) for turn in range(over)], np.int32)[
                np.arange(len(found)) % over
            ]
        return parts

    def evidence(self, table: Any) -> Any:
        """A table of evidence (`url` or `host`, `time`, `status`, `body`) with the column `PART`; rows of sites that
        are spread stand in it once for each of their parts."""
        place, _ = place_of(table.column_names, "the evidence")
        where = table[place].cast(pa.large_string())
        before, after, between = (pa.scalar(text, pa.large_string()) for text in ("https://", "/", ""))
        hosts = pc.binary_join_element_wise(before, where, after, between)
        address = pc.if_else(pc.match_substring(where, "://"), where, hosts)
        read = read_urls(texts(address), self._origins)
        self._learn()
        taken: list[int] = []
        parts: list[int] = []
        for row, code in enumerate(read.origins.tolist()):
            site = self._sites[code] if code >= 0 else ""
            own = {self._part(site, turn) for turn in range(self._heavy.get(site, 1))}
            taken += [row] * len(own)
            parts += sorted(own)
        return table.take(pa.array(taken, pa.int64())).append_column(PART, pa.array(parts, pa.int32()))

    def _learn(self) -> None:
        for code in range(len(self._sites), self._origins.count):
            host = urls.parse(self._origins.text(code) + "/").host
            self._sites.append(self._suffixes.registrable(host) or host)

    def _part(self, site: str, turn: int = 0) -> int:
        return crc32(f"{site} {turn}".encode()) % self.count


def require_spreadable(columns: Columns, heavy: Mapping[str, int] | None) -> None:
    """Raises `ConfigError` where rows of one site are to be spread though they have to be compared with each other."""
    if heavy and shows(columns):
        raise ConfigError(
            f"the rows of {', '.join(sorted(heavy))} cannot be spread: the log shows user agents or routes, so that "
            "rows of a site are compared with each other (B5). Leave those columns out, or the site whole"
        )


def judge_part(gate: TableGate, pages: Any, evidence: Any = None, *, order: str | None = None) -> tuple[Any, Tally]:
    """The rows of one part with the answers as further columns, and their tally.

    `pages` is an Arrow table that holds all rows of its sites, `order` the column by which they follow each other in
    the log (it decides among rows of one instant), `evidence` the part's table of evidence; without one, what the gate
    has on record counts. Raises `ConfigError` where both have some, or a column is missing.
    """
    if order is not None:
        pages = pages.sort_by(order)
    columns = gate.columns(pages.column_names)
    rows = needed(pages, columns)
    options = dict(gate.options)
    if evidence is not None:
        options["evidence"] = _book(gate, evidence)
    judge = TableJudge(gate.declaration, **options)
    tally = Tally()
    return beside(pages, Answering(judge).answers(rows, columns, tally, _seen(judge, rows, columns))), tally


def _book(gate: TableGate, evidence: Any) -> EvidenceBook:
    if gate.options["evidence"].count:
        raise ConfigError("evidence is given twice: with the gate and as a table; give all of it as a table")
    book = EvidenceBook()
    if PART in evidence.column_names:
        evidence = evidence.drop_columns([PART])
    if len(evidence):
        take_table(evidence, book, "the evidence", latest=datetime.now(UTC) + timedelta(days=1))
    return book


def _seen(judge: TableJudge, rows: Any, columns: Columns) -> Seen:
    """What the rows show of their collector, compared with each other."""
    past, batch = Past(judge), Batch(_NO_FILE, 0, rows, columns)
    past.note(batch, 0)
    past.settle()
    return past.look(batch, 0)
