"""A batch of rows and their answers as a piece of decisions.parquet. It depends on these rows alone, whatever the
engine learnt before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..behaviour import ROW_BITS
from ..engine import Engine, Judged
from ..listed import Listed
from ..readers import Batch
from .bases import Bases
from .coded import TEXT, TIME, coded
from .hosts import Hosts

SCHEMA = pa.schema(
    [
        ("file", TEXT),
        ("row", pa.int64()),
        ("url", pa.large_string()),
        ("host", TEXT),
        ("surt", TEXT),
        ("time", TIME),
        ("verdict", TEXT),
        ("findings", TEXT),
        ("criteria", pa.uint64()),
        ("basis", pa.int32()),
        ("robots", TEXT),
        ("robots_at", TIME),
        ("robots_line", pa.int32()),
        ("list", TEXT),
        ("notice", TEXT),
        ("earlier_file", TEXT),
        ("earlier_row", pa.int64()),
    ]
)
"""The columns of decisions.parquet. `robots` is the hash of the robots.txt in force, `robots_at` its receipt; `list`
and `notice` name the notice that weighs most, where C1, C2 or C3 found something; `earlier_file` and `earlier_row` the
row of the log that this one is compared with, where it was refused or denied before (B5)."""

Numbers = npt.NDArray[np.int64]
_FEW = 500


@dataclass(frozen=True, slots=True)
class Earlier:
    """Places in the log by row (-1: none; None: of no row), and the names of its files by number."""

    names: Sequence[str]
    places: Numbers | None

    def columns(self, good: Numbers) -> tuple[Any, Any]:
        """File and row of the places of some rows."""
        places = np.full(len(good), -1, np.int64) if self.places is None else self.places[good]
        none = places < 0
        files = coded(np.where(none, -1, places >> ROW_BITS).astype(np.int32), len(self.names), self.names.__getitem__)
        return files, pa.array(places & ((1 << ROW_BITS) - 1), pa.int64(), mask=none)


def decisions_table(
    batch: Batch,
    judged: Judged,
    good: Numbers,
    numbers: Numbers,
    engine: Engine,
    bases: Bases,
    hosts: Hosts,
    listed: Listed,
    earlier: Earlier,
) -> Any:
    """The rows `good` of a batch with their answers; `numbers` are the numbers of all its rows."""
    codes = judged.classes[good]
    classes = engine.classes
    origins = judged.column.origins[good]
    lines = judged.lines[good]
    packed = np.array([one.packed for one in classes] or [0], np.uint64)
    return pa.table(
        [
            one_value(str(batch.path), len(good)),
            pa.array(numbers[good], pa.int64()),
            urls_of(batch, judged, good),
            hosts.column(origins),
            hosts.surts(origins),
            pa.array(judged.times[good], pa.int64()).cast(TIME),
            coded(codes, len(classes), lambda code: str(classes[code].verdict)),
            coded(codes, len(classes), lambda code: classes[code].spelled),
            pa.array(packed[codes]),
            pa.array(bases.numbers(codes, classes), pa.int32()),
            *robots_columns(judged.robots[good], engine),
            pa.array(lines, pa.int32(), mask=lines == 0),
            # Numbered anew, in the order of the rows.
            *(
                column.cast(pa.string()).dictionary_encode()
                for column in listed.columns(judged, good, classes, engine.plans)
            ),
            *earlier.columns(good),
        ],
        schema=SCHEMA,
    )


def row_numbers(batch: Batch) -> Numbers:
    """The number of each row of a batch in its file."""
    return batch.numbers


def urls_of(batch: Batch, judged: Judged, rows: Numbers) -> Any:
    """The URLs of some rows in the one normalisation where it was needed to read them, else as they are."""
    column = batch.rows[batch.columns.url].cast(pa.large_string())
    if len(rows) < len(column):
        column = column.take(rows)
    read = judged.column.read
    if not read:
        return column
    odd = np.zeros(len(batch.rows), np.bool_)
    odd[list(read)] = True
    again = odd[rows]
    places = np.flatnonzero(again)
    if not len(places):
        return column
    spelled = pa.array([read[row].href for row in rows[places].tolist()], pa.large_string())
    if len(places) * _FEW > len(column):
        return pc.replace_with_mask(column, pa.array(again), spelled)
    # Few among many: what stands between them is not copied.
    ends = [*places.tolist(), len(column)]
    pieces = column.slice(0, ends[0]).chunks
    for place, (before, end) in enumerate(pairwise(ends)):
        pieces += [spelled.slice(place, 1), *column.slice(before + 1, end - before - 1).chunks]
    return pa.chunked_array(pieces, pa.large_string())


def robots_columns(numbers: npt.NDArray[np.int32], engine: Engine) -> tuple[Any, Any]:
    """Hash and receipt of the robots.txt that `numbers` name (-1: none)."""
    known = engine.robots
    hashes = coded(numbers, len(known), known.sha256)
    at = received(engine)[numbers]
    return hashes, pa.array(at, pa.int64(), mask=numbers < 0).cast(TIME)


def received(engine: Engine) -> Numbers:
    """When every robots.txt was received, by number; the last is that of number -1, none."""
    found: Numbers = np.append(engine.robots.at, 0)
    return found


def one_value(text: str, count: int) -> Any:
    """A dictionary column of one value."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text], pa.string()))


def times_column(values: list[datetime | None]) -> Any:
    """Instants as a column."""
    return pa.array(values, TIME)
