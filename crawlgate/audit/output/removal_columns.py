"""The removal list as columns: what is said of rows that are out, and where their copies are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...model import Notice
from ..engine import Engine, Judged
from ..readers import Batch
from ..sweep import Known
from .causes import Cause, Found
from .coded import TEXT, TIME, coded
from .decisions import Numbers, one_value, robots_columns, urls_of
from .hosts import Hosts

SCHEMA = pa.schema(
    [
        ("file", TEXT),
        ("row", pa.int64()),
        ("url", pa.large_string()),
        ("host", TEXT),
        ("time", TIME),
        ("effect", TEXT),
        ("cause", TEXT),
        ("causes", TEXT),
        ("criteria", TEXT),
        ("known", TEXT),
        ("published", pa.bool_()),
        ("notice", TEXT),
        ("list", TEXT),
        ("issuer", TEXT),
        ("received_at", TIME),
        ("override", TEXT),
        ("robots", TEXT),
        ("robots_at", TIME),
        ("robots_line", pa.int32()),
        ("shard", TEXT),
        ("offset", pa.int64()),
        ("content_hash", pa.string()),
    ]
)
"""The columns of removals.parquet. `effect` is what the profile says of an item that is kept (deny: take it out,
review: a person decides, allow: nothing in the profile asks for it); `cause` the strongest of `causes`; `known` what
was known at the fetch, as in `crawlgate.audit.sweep.Known`, null where the time of the fetch was not asked about."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The notice that puts an item out, and what was known of all such at its fetch."""

    notice: Notice
    known: Known
    published: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of a row; many rows share one."""

    found: tuple[Found, ...]
    known: Known | None
    listed: Listed | None = None
    override: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What is said of the rows that are out: the place of each among the entries; the robots.txt of now (and the line
    of it) by row of the batch."""

    entries: Sequence[Entry]
    places: npt.NDArray[np.int32]
    robots: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]

    def texts(self, of: Callable[[Entry], str | None]) -> Any:
        """A column of what entries say."""
        values = [of(entry) for entry in self.entries]
        silent = np.array([value is None for value in values] or [False], np.bool_)
        said = np.where(silent[self.places], -1, self.places).astype(np.int32)
        return coded(said, len(values), lambda place: values[place] or "")

    def robots_of(self, judged: Judged, rows: Numbers) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The robots.txt that keeps each row out, and the line. A mistake is shown with the file of its time, a refusal
        of later with that of now; -1 where something else keeps it out."""
        if not len(rows):
            return np.zeros(0, np.int32), np.zeros(0, np.int32)
        first = [entry.found[0] for entry in self.entries]
        then = np.array([one.cause is Cause.MISTAKE and one.criterion in _MEASURES for one in first])[self.places]
        since = np.array([one.cause is Cause.OPT_OUT for one in first])[self.places]
        files = np.where(then, judged.robots[rows], np.where(since, self.robots[rows], -1)).astype(np.int32)
        return files, np.where(then, judged.lines[rows], self.lines[rows]).astype(np.int32)


_MEASURES = ("B2", "B3", "B5")


def removals_table(
    batch: Batch, judged: Judged, rows: Numbers, numbers: Numbers, answers: Answers, engine: Engine, hosts: Hosts
) -> Any:
    """The rows that are out as a piece of removals.parquet."""
    files, lines = answers.robots_of(judged, rows)
    dated = [None if entry.listed is None else entry.listed.notice.received_at for entry in answers.entries]
    published = [None if entry.listed is None else entry.listed.published for entry in answers.entries]
    return pa.table(
        [
            one_value(str(batch.path), len(rows)),
            pa.array(numbers[rows], pa.int64()),
            urls_of(batch, judged, rows),
            hosts.column(judged.column.origins[rows]),
            pa.array(judged.times[rows], pa.int64()).cast(TIME),
            answers.texts(lambda entry: str(entry.found[0].effect)),
            answers.texts(lambda entry: str(entry.found[0].cause)),
            answers.texts(lambda entry: ";".join(dict.fromkeys(str(one.cause) for one in entry.found))),
            answers.texts(lambda entry: ";".join(one.spelled for one in entry.found if one.spelled)),
            answers.texts(lambda entry: None if entry.known is None else str(entry.known)),
            pa.array(published, pa.bool_()).take(pa.array(answers.places)),
            answers.texts(lambda entry: None if entry.listed is None else entry.listed.notice.id),
            answers.texts(lambda entry: None if entry.listed is None else entry.listed.notice.source),
            answers.texts(lambda entry: None if entry.listed is None else entry.listed.notice.issuer),
            pa.array(dated, TIME).take(pa.array(answers.places)),
            answers.texts(lambda entry: entry.override or None),
            *robots_columns(files, engine),
            pa.array(lines, pa.int32(), mask=(files < 0) | (lines == 0)),
            _shards(batch, rows),
            _offsets(batch, rows),
            _hashes(batch, rows),
        ],
        schema=SCHEMA,
    )


def _column(batch: Batch, name: str | None, rows: Numbers) -> Any:
    return None if name is None else batch.rows[name].take(rows)


def _shards(batch: Batch, rows: Numbers) -> Any:
    column = _column(batch, batch.columns.shard, rows)
    if column is None:
        return pa.nulls(len(rows), pa.string()).dictionary_encode()
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return pa.array(texts, pa.string()).dictionary_encode()


def _offsets(batch: Batch, rows: Numbers) -> Any:
    """The place in the shard, or, where no column says it, the place of the record or line in its file."""
    column = _column(batch, batch.columns.offset, rows)
    if column is None:
        return pa.array([batch.offsets.get(row) for row in rows.tolist()], pa.int64())
    return pa.array([_whole(value) for value in column.to_pylist()], pa.int64())


def _whole(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 2**63 else None


def _hashes(batch: Batch, rows: Numbers) -> Any:
    column = _column(batch, batch.columns.content_hash, rows)
    if column is None:
        return pa.nulls(len(rows), pa.string())
    values = column.to_pylist()
    return pa.array([v.hex() if isinstance(v, bytes) else None if v is None else str(v) for v in values], pa.string())
