"""Spark behind the gate, as Arrow batches (`mapInArrow`). The gate is broadcast once; a worker learns of a host once.

counted = SharedTally(spark)
allowed(spark.read.parquet("pages/"), gate, tally=counted).write.parquet("allowed/")
counted.value                                    # what was dropped and why, from all workers
counted(judged(frame, gate), gate)               # the same where there are no accumulators (Spark Connect)
audited(pages, gate, robots, parts=2000)         # an audit, with robots.txt of then joined by site
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError
from ..tally import Tally
from .hop import missing

try:
    import pyarrow as pa
    from pyspark import AccumulatorParam
    from pyspark.sql import functions, types
except ImportError as error:
    raise missing("spark", error) from None

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from ..audit.partition import Parts
    from ..batch import TableGate

_TYPES = {"criteria": types.LongType(), "robots_line": types.IntegerType()}


class SharedTally:
    """The tally of all workers of a session, an accumulator. A task that Spark runs a second time is counted a second
    time, and so is a frame that is used twice without `cache()`."""

    def __init__(self, spark: SparkSession) -> None:
        context = _context(spark)
        if context is None:
            raise ConfigError(
                "Spark Connect has no accumulators: count what was judged, counted(judged(frame, gate), gate)"
            )
        self._sum = context.accumulator(Tally(), _Adding())

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
    gate.columns(frame.columns)
    return frame.mapInArrow(_Work(_sent(frame, gate), tally, answers=True), _answered(frame))


def counted(answered: DataFrame, gate: TableGate) -> Tally:
    """What became of the rows of a frame that `judged` or `audited` gave, counted by Spark: each row once, whatever was
    done twice. The frame is computed for it: write it or `cache()` it before."""
    from ..audit.answers import KEYS, tally_of_groups
    from ..audit.frames import PREFIX

    names = [PREFIX + name if PREFIX + name in answered.columns else name for name in KEYS]
    address = gate.columns(answered.columns).url
    return tally_of_groups(answered.groupBy(*names).agg(functions.count("*"), functions.min(address)).collect())


def audited(
    frame: DataFrame,
    gate: TableGate,
    evidence: DataFrame | None = None,
    *,
    parts: int = 200,
    heavy: Mapping[str, int] | None = None,
    order: str | None = None,
    tally: SharedTally | None = None,
) -> DataFrame:
    """All rows with the answers of an audit in parts (`crawlgate.audit.partition`: what `parts`, `heavy` and `order`
    are), with `evidence` joined by site. Raises `ConfigError`."""
    from ..audit.partition import PART, Parts, require_spreadable

    require_spreadable(gate.columns(frame.columns), heavy)
    placing = Parts(parts, heavy)
    address = gate.columns(frame.columns).url
    schema, work = _answered(frame), _Sites(_sent(frame, gate), tally, order)
    placed = _placed(frame, _PlaceRows(placing, address)).groupBy(PART)
    # Functions: Spark counts the arguments, and would count `self`.
    if evidence is None:
        return placed.applyInArrow(lambda pages: work(pages, None), schema)
    beside = _placed(evidence, _PlaceEvidence(placing)).groupBy(PART)
    return placed.cogroup(beside).applyInArrow(lambda pages, known: work(pages, known), schema)


def _answered(frame: DataFrame) -> types.StructType:
    from ..audit.answers import SCHEMA
    from ..audit.frames import answer_names

    schema = types.StructType(list(frame.schema.fields))
    for answer, name in answer_names(frame.columns, SCHEMA.names).items():
        schema = schema.add(name, _TYPES.get(answer, types.StringType()))
    return schema


def _placed(frame: DataFrame, place: Any) -> DataFrame:
    from ..audit.partition import PART

    schema = types.StructType(list(frame.schema.fields)).add(PART, types.IntegerType())
    return frame.mapInArrow(place, schema)


class _PlaceRows:
    def __init__(self, parts: Parts, address: str) -> None:
        self._parts, self._address = parts, address

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from ..audit.partition import PART

        for batch in batches:
            found = pa.array(self._parts.rows(batch.column(self._address)), pa.int32())
            yield pa.RecordBatch.from_arrays([*batch.columns, found], names=[*batch.schema.names, PART])


class _PlaceEvidence:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from self._parts.evidence(pa.Table.from_batches([batch])).to_batches()


class _Sites:
    """What a task does with a part. An audit without evidence as a frame rests on what the gate has."""

    def __init__(self, sent: Any, tally: SharedTally | None, order: str | None) -> None:
        self._sent, self._tally, self._order = sent, tally, order

    def __call__(self, pages: pa.Table, evidence: pa.Table | None) -> pa.Table:
        from ..audit.partition import PART, judge_part

        gate: TableGate = self._sent.value
        answered, told = judge_part(gate, pages.drop_columns([PART]), evidence, order=self._order)
        if self._tally is not None:
            self._tally.add(told)
        return answered


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


class _Carried(NamedTuple):
    """A gate that goes along with the function, where there is nothing to broadcast with (Spark Connect)."""

    value: TableGate


def _sent(frame: DataFrame, gate: TableGate) -> Any:
    context = _context(frame.sparkSession)
    return _Carried(gate) if context is None else context.broadcast(gate)


def _context(spark: SparkSession) -> Any:
    """What broadcasts and adds up; None in Spark Connect."""
    try:
        return spark.sparkContext
    except (AttributeError, NotImplementedError):
        return None
