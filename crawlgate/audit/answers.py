"""The answers of pipelines: the same columns from every worker, nothing numbered by one of them; and their tally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from ..model import Verdict
from ..tally import NOT_JUDGED, Tally
from .classes import DecisionClass
from .engine import Classed
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

KEYS = ("verdict", "reasons", "problem")
"""The columns of `SCHEMA` by which rows are counted."""

UNREAD = "unread"


class Answering:
    """A judge of tables, asked in the ways of pipelines. Rows are counted in the tally that is passed."""

    def __init__(self, judge: TableJudge) -> None:
        self._judge = judge
        self._legend = _Legend([])

    def answers(self, table: Any, columns: Columns, tally: Tally, seen: Seen | None = None) -> Any:
        """The answers for the rows of an Arrow table. `seen` is what a log shows of each row (`past.Past.look`)."""
        found, legend = self._asked(table, columns, seen)
        self._count(found, table[columns.url], tally)
        bad = found.classes < 0
        numbers = np.maximum(found.classes, 0)
        codes = sorted({code for code, _ in found.refused.values()})
        problems = np.full(len(bad), -1, np.int32)
        for row, (code, _) in found.refused.items():
            problems[row] = codes.index(code)
        return pa.Table.from_arrays(
            [
                _spread(legend.verdicts, numbers, bad),
                _spread(legend.reasons, numbers, bad),
                _spread(legend.spelled, numbers, bad),
                pa.array(legend.packed[numbers], mask=bad),
                pa.array(found.lines, pa.int32(), mask=found.lines == 0),
                _spread(_texts(codes), np.maximum(problems, 0), problems < 0),
            ],
            schema=SCHEMA,
        )

    def passing(self, table: Any, columns: Columns, tally: Tally, *, everything: bool = False) -> Any:
        """Which rows are allowed, as an array of booleans (numpy's); all of them with `everything`."""
        found, legend = self._asked(table, columns)
        self._count(found, table[columns.url], tally)
        return np.ones(len(found.classes), np.bool_) if everything else legend.allowed[found.classes]

    def fates(self, table: Any, columns: Columns) -> Any:
        """For each row of an Arrow table why it is kept or dropped, as one short text: what `tally_of_fates` counts.
        Nothing is counted here."""
        found, legend = self._asked(table, columns)
        codes = sorted({code for code, _ in found.refused.values()})
        first = len(legend.fates)
        texts = [*legend.fates, *(f"{NOT_JUDGED} {code}" for code in (*codes, UNREAD))]
        numbers = np.where(found.classes < 0, len(texts) - 1, found.classes)
        for row, (code, _) in found.refused.items():
            numbers[row] = first + codes.index(code)
        return _spread(_texts(texts), numbers, np.zeros(len(numbers), np.bool_))

    def _asked(self, table: Any, columns: Columns, seen: Seen | None = None) -> tuple[Classed, _Legend]:
        if seen is None:
            found = self._judge.classes_of(table, columns)
        else:
            judged, refused = self._judge.judge(table, columns, seen.particulars, seen.shown, seen.refused)
            found = Classed(judged.classes, judged.lines, refused)
        if len(self._judge.classes) > len(self._legend.classes):
            self._legend = _Legend(list(self._judge.classes))
        return found, self._legend

    def _count(self, found: Classed, urls: Any, tally: Tally) -> None:
        """Every row once; examples are looked for only while they are wanted."""
        legend = self._legend
        counts: Counter[int] = Counter()
        # The first place is that of rows which could not be judged: class -1.
        for number, rows in enumerate(np.bincount(found.classes + 1).tolist()[1:]):
            if rows:
                counts[legend.alike[number]] += rows
        for number, rows in counts.items():
            one = legend.classes[number]
            key = tally.count(str(one.verdict), one.reasons, rows)
            if key is not None and (wanted := tally.wanting(key)):
                places = np.flatnonzero(np.take(legend.alike, found.classes) == number)
                tally.show(key, _examples(urls, places[found.classes[places] >= 0][:wanted].tolist()))
        for row, (code, _) in sorted(found.refused.items()):
            key = tally.refuse(code)
            if tally.wanting(key):
                tally.show(key, _examples(urls, [row]))


class _Legend:
    """What the classes of decisions mean, by number."""

    def __init__(self, classes: list[DecisionClass]) -> None:
        self.classes = classes
        self.verdicts = _texts([str(one.verdict) for one in classes])
        self.reasons = _texts([";".join(one.reasons) or None for one in classes])
        self.spelled = _texts([one.spelled for one in classes])
        self.packed = np.array([one.packed for one in classes] or [0], np.int64)
        # The last place is that of rows which could not be judged: class -1.
        self.allowed = np.array([*(one.verdict is Verdict.ALLOW for one in classes), False])
        self.fates = [" ".join((str(one.verdict), *one.reasons)) for one in classes]
        first: dict[str, int] = {}
        self.alike = [first.setdefault(fate, number) for number, fate in enumerate(self.fates)]
        """For each class the first of those that are counted with it."""


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
            tally.show(key, _examples(urls, [one["row_min"]]))
    return tally


def tally_of(answered: Any, urls: Any = None) -> Tally:
    """The tally of answers that came back from workers: a table with the columns of `SCHEMA`, and the column of URLs
    beside it for examples."""
    keys = pa.table({name: answered[name].fill_null("") for name in KEYS})
    counted = keys.append_column("row", pa.array(np.arange(len(keys)))).group_by(keys.column_names)
    groups = counted.aggregate([("row", "count"), ("row", "min")]).sort_by("row_min").to_pylist()
    return tally_of_groups(
        (*(one[name] for name in KEYS), one["row_count"], None if urls is None else urls[one["row_min"]])
        for one in groups
    )


def tally_of_groups(groups: Iterable[tuple[Any, ...]]) -> Tally:
    """The tally of answers that somebody else counted: the values of `KEYS`, how many rows, and the URL of one."""
    tally = Tally()
    for verdict, reasons, problem, rows, url in groups:
        if problem:
            key: str | None = tally.refuse(problem, rows)
        else:
            key = tally.count(verdict, reasons.split(";") if reasons else (), rows)
        if key is not None and url is not None:
            tally.show(key, [str(url)])
    return tally


def _examples(urls: Any, rows: list[int]) -> list[str]:
    """The URLs of some rows, of those that have one."""
    found = (urls[row] for row in rows)
    return [str(one) for one in found if one is not None and getattr(one, "is_valid", True)]


def _texts(values: list[Any]) -> Any:
    return pa.array(values or [None], pa.string())


def _spread(values: Any, numbers: Any, bad: Any) -> Any:
    """A value for each row by its number, nulls where it is `bad`; plain text, which every engine reads."""
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32), mask=bad), values).dictionary_decode()
