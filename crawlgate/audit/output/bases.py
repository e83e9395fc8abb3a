"""Numbers for classes of decisions, in the order in which rows need them, and the table that says what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...model import Outcome, Verdict
from ..classes import DecisionClass, FindingClass
from .coded import by_appearance

_FINDING = pa.struct([("criterion", pa.string()), ("outcome", pa.string()), ("reason", pa.string())])
SCHEMA = pa.schema(
    [
        ("basis", pa.int32()),
        ("stage", pa.string()),
        ("verdict", pa.string()),
        ("temporary", pa.bool_()),
        ("criteria", pa.uint64()),
        ("findings", pa.list_(_FINDING)),
        ("reasons", pa.list_(pa.string())),
        ("not_assessed", pa.map_(pa.string(), pa.string())),
        ("overrides", pa.list_(pa.string())),
        ("profile", pa.string()),
        ("rule_pack", pa.string()),
        ("rows", pa.int64()),
    ]
)
"""The columns of bases.parquet. `overrides` are records of people's decisions that made a difference."""


class Bases:
    """Classes by number. What numbers a row gets depends on the rows before it and on nothing else."""

    def __init__(self, known: Iterable[DecisionClass] = ()) -> None:
        self.classes: list[DecisionClass] = list(known)
        self._numbers = {one: number for number, one in enumerate(self.classes)}

    def numbers(self, codes: npt.NDArray[np.int32], classes: Sequence[DecisionClass]) -> npt.NDArray[np.int32]:
        """The number of each row, whose class is `classes[code]`."""
        fresh, used = by_appearance(codes, len(classes))
        table = np.array([self._number(classes[code]) for code in used.tolist()] or [0], np.int32)
        found: npt.NDArray[np.int32] = table[fresh]
        return found

    def _number(self, one: DecisionClass) -> int:
        number = self._numbers.setdefault(one, len(self.classes))
        if number == len(self.classes):
            self.classes.append(one)
        return number

    @property
    def state(self) -> list[dict[str, Any]]:
        """The classes as JSON."""
        return [
            one._asdict() | {"findings": [f._asdict() for f in one.findings], "not_assessed": dict(one.not_assessed)}
            for one in self.classes
        ]


def restored(state: Iterable[Mapping[str, Any]]) -> Bases:
    """The classes that `Bases.state` wrote down."""
    return Bases(
        DecisionClass(
            stage=one["stage"],
            verdict=Verdict(one["verdict"]),
            temporary=one["temporary"],
            findings=tuple(FindingClass(f["criterion"], Outcome(f["outcome"]), f["reason"]) for f in one["findings"]),
            reasons=tuple(one["reasons"]),
            not_assessed=tuple(one["not_assessed"].items()),
            profile=one["profile"],
            rule_pack=one["rule_pack"],
            overrides=tuple(one["overrides"]),
        )
        for one in state
    )


def bases_table(classes: Sequence[DecisionClass], rows: Mapping[int, int]) -> Any:
    """The classes as a table; `rows` is how many rows each has."""
    return pa.Table.from_pydict(
        {
            "basis": list(range(len(classes))),
            "stage": [c.stage for c in classes],
            "verdict": [str(c.verdict) for c in classes],
            "temporary": [c.temporary for c in classes],
            "criteria": [c.packed for c in classes],
            "findings": [
                [{"criterion": f.criterion, "outcome": str(f.outcome), "reason": f.reason} for f in c.findings]
                for c in classes
            ],
            "reasons": [list(c.reasons) for c in classes],
            "not_assessed": [list(c.not_assessed) for c in classes],
            "overrides": [list(c.overrides) for c in classes],
            "profile": [c.profile for c in classes],
            "rule_pack": [c.rule_pack for c in classes],
            "rows": [rows.get(n, 0) for n in range(len(classes))],
        },
        schema=SCHEMA,
    )
