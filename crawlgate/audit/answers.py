"""The answers of pipelines: the same columns from every worker, nothing numbered by one of them; and their tally."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from ..model import Verdict
from ..tally import NOT_JUDGED, Tally
from .engine import Judged
from .past import Seen
from .tables import Columns, TableJudge

SCHEMA = pa.schema(
    [
        ("verdict", pa.string()),
        ("reasons", pa.string()),
        ("findings", pa.string()),
        ("criteria", pa.int64()),
        ("robots_line", pa.int32()),
        ("problem", pa.string()),
    ]
)
"""`verdict`: allow, review or deny, null where the row could not be judged and `problem` says why. `reasons`: the
criteria that weigh, heaviest first (`B2;C1`), null where none does. `findings`: outcomes other than "not met"
(`B2=met;B4=indicated`). `criteria`: all outcomes, packed (`crawlgate.audit.classes.unpack`). `robots_line`: the line of
robots.txt that keeps the row out."""


def answers(judge: TableJudge, table: Any, columns: Columns, tally: Tally, seen: Seen | None = None) -> Any:
    """The answers for the rows of an Arrow table, counted in `tally`. `seen` is what a log shows of each row
    (`past.Past.look`)."""
    if seen is None:
        judged, refused = judge.judge(table, columns)
    else:
        judged, refused = judge.judge(table, columns, seen.particulars, seen.shown, seen.refused)
    _count(judge, judged, refused, table[columns.url], tally)
    bad = judged.classes < 0
    numbers = np.maximum(judged.classes, 0)
    codes = sorted({code for code, _ in refused.values()})
    problems = np.full(len(bad), -1, np.int32)
    for row, (code, _) in refused.items():
        problems[row] = codes.index(code)
    classes = judge.classes
    packed = np.array([one.packed for one in classes] or [0], np.int64)
    return pa.Table.from_arrays(
        [
            _spread([str(one.verdict) for one in classes], numbers, bad),
            _spread([";".join(one.reasons) or None for one in classes], numbers, bad),
            _spread([one.spelled for one in classes], numbers, bad),
            pa.array(packed[numbers], mask=bad),
            pa.array(judged.lines, pa.int32(), mask=judged.lines == 0),
            _spread(codes, np.maximum(problems, 0), problems < 0),
        ],
        schema=SCHEMA,
    )


def passing(judge: TableJudge, table: Any, columns: Columns, tally: Tally, *, everything: bool = False) -> Any:
    """Which rows are allowed, as a boolean array; all of them with `everything`. Counted in `tally`."""
    judged, refused = judge.judge(table, columns)
    _count(judge, judged, refused, table[columns.url], tally)
    if everything:
        return pa.array(np.ones(len(judged.classes), np.bool_))
    # The last place is that of rows which could not be judged: number -1.
    allowed = np.array([*(one.verdict is Verdict.ALLOW for one in judge.classes), False])
    return pa.array(allowed[judged.classes])


def fates(judge: TableJudge, table: Any, columns: Columns) -> Any:
    """For each row of an Arrow table why it is kept or dropped, as one short text: what `tally_of_fates` counts."""
    judged, refused = judge.judge(table, columns)
    codes = sorted({code for code, _ in refused.values()})
    texts = [" ".join((str(one.verdict), *one.reasons)) for one in judge.classes]
    first = len(texts)
    texts += [f"{NOT_JUDGED} {code}" for code in (*codes, "unread")]
    numbers = np.where(judged.classes < 0, len(texts) - 1, judged.classes)
    for row, (code, _) in refused.items():
        numbers[row] = first + codes.index(code)
    return _spread(texts, numbers, np.zeros(len(numbers), np.bool_))


def tally_of_fates(found: Any, urls: Any) -> Tally:
    """The tally of a column of `fates`, with the column of URLs beside it."""
    tally = Tally()
    rows = pa.table({"fate": found, "row": pa.array(np.arange(len(found)))})
    for one in rows.group_by("fate").aggregate([("row", "count"), ("row", "min")]).sort_by("row_min").to_pylist():
        verdict, *reasons = one["fate"].split(" ")
        if verdict == NOT_JUDGED:
            key: str | None = tally.refuse(reasons[0], one["row_count"])
        else:
            key = tally.count(verdict, reasons, one["row_count"])
        if key is not None:
            tally.show(key, [str(urls[one["row_min"]])])
    return tally


def tally_of(answered: Any, urls: Any = None) -> Tally:
    """The tally of answers that came back from workers: a table with the columns of `SCHEMA`, and the column of URLs
    beside it for examples."""
    tally = Tally()
    keys = pa.table({name: answered[name].fill_null("") for name in ("verdict", "reasons", "problem")})
    counted = keys.append_column("row", pa.array(np.arange(len(keys)))).group_by(keys.column_names)
    for one in counted.aggregate([("row", "count"), ("row", "min")]).sort_by("row_min").to_pylist():
        if one["problem"]:
            key: str | None = tally.refuse(one["problem"], one["row_count"])
        else:
            key = tally.count(one["verdict"], one["reasons"].split(";") if one["reasons"] else (), one["row_count"])
        if key is not None and urls is not None:
            tally.show(key, [str(urls[one["row_min"]])])
    return tally


def _count(judge: TableJudge, judged: Judged, refused: Mapping[int, tuple[str, str]], urls: Any, tally: Tally) -> None:
    """Every row once; examples are looked for only while they are wanted."""
    for number, rows in enumerate(np.bincount(judged.classes[judged.classes >= 0]).tolist()):
        if not rows:
            continue
        one = judge.classes[number]
        key = tally.count(str(one.verdict), one.reasons, rows)
        if key is not None and tally.wanting(key):
            found = np.flatnonzero(judged.classes == number)[: tally.wanting(key)]
            tally.show(key, (str(urls[row]) for row in found.tolist()))
    for row, (code, _) in sorted(refused.items()):
        key = tally.refuse(code)
        if tally.wanting(key):
            tally.show(key, [str(urls[row])])


def _spread(values: list[Any], numbers: Any, bad: Any) -> Any:
    """A value for each row by its number, nulls where it is `bad`; plain text, which every engine reads."""
    column = pa.DictionaryArray.from_arrays(
        pa.array(numbers.astype(np.int32), mask=bad), pa.array(values or [None], pa.string())
    )
    return column.dictionary_decode()
