"""Spark behind the gate, as Arrow batches (`mapInArrow`). The gate is broadcast once; a worker learns of a host once.

counted = SharedTally(spark)
allowed(spark.read.parquet("pages/"), gate, tally=counted).write.parquet("allowed/")
counted.value                                    # what was dropped and why, from all workers
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..tally import Tally
from .hop import missing

try:
    import pyarrow as pa
    from pyspark import AccumulatorParam
    from pyspark.sql import types
except ImportError as error:
    raise missing("spark", error) from None

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from ..batch import TableGate

_TYPES = {"criteria": types.LongType(), "robots_line": types.IntegerType()}


class SharedTally:
    """The tally of all workers of a session, an accumulator. A task that Spark runs a second time is counted a second
    time, and so is a frame that is used twice without `cache()`."""

    def __init__(self, spark: SparkSession) -> None:
        self._sum = spark.sparkContext.accumulator(Tally(), _Adding())

    def add(self, tally: Tally) -> None:
        """Count what a worker counted."""
        self._sum.add(tally)

    @property
    def value(self) -> Tally:
        """What was counted up to now. Spark is lazy: before a frame is written or collected nothing is."""
        found: Tally = self._sum.value
        return found


def allowed(frame: DataFrame, gate: TableGate, *, tally: SharedTally | None = None) -> DataFrame:
    """The rows of a Spark frame that are allowed."""
    gate.columns(frame.columns)
    return frame.mapInArrow(_Work(_sent(frame, gate), tally, answers=False), frame.schema)


def judged(frame: DataFrame, gate: TableGate, *, tally: SharedTally | None = None) -> DataFrame:
    """All rows, with the answers as further columns (`crawlgate.audit.answers.SCHEMA`)."""
    from ..audit.answers import SCHEMA
    from ..audit.frames import PREFIX

    gate.columns(frame.columns)
    schema = types.StructType(list(frame.schema.fields))
    for name in SCHEMA.names:
        schema = schema.add(name if name not in frame.columns else PREFIX + name, _TYPES.get(name, types.StringType()))
    return frame.mapInArrow(_Work(_sent(frame, gate), tally, answers=True), schema)


class _Adding(AccumulatorParam):  # type: ignore[misc]
    def zero(self, value: Tally) -> Tally:  # noqa: ARG002
        return Tally()

    def addInPlace(self, value1: Tally, value2: Tally) -> Tally:  # noqa: N802 - as Spark calls it
        value1 += value2
        return value1


class _Work:
    """What a task does with its batches. `sent` has the gate as its `value`."""

    def __init__(self, sent: Any, tally: SharedTally | None, *, answers: bool) -> None:
        self._sent, self._tally, self._answers = sent, tally, answers

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        gate: TableGate = self._sent.value.apart()
        for batch in batches:
            yield gate.judged(batch) if self._answers else gate.allowed(batch)
        if self._tally is not None:
            self._tally.add(gate.tally)


class _Carried:
    """A gate that goes along with the function, where there is nothing to broadcast with (Spark Connect)."""

    def __init__(self, gate: TableGate) -> None:
        self.value = gate


def _sent(frame: DataFrame, gate: TableGate) -> Any:
    try:
        context = frame.sparkSession.sparkContext
    except (AttributeError, NotImplementedError):
        return _Carried(gate)
    return context.broadcast(gate)
