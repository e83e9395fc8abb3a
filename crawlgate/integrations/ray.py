"""Ray Data behind the gate. The gate is put into the object store once; each worker learns of a host once.

    counted = SharedTally()
    allowed(ray.data.read_parquet("pages/"), gate, tally=counted).write_parquet("allowed/")
    counted.value                                    # what was dropped and why, from all workers

    audited(pages, gate, robots, parts=2000)         # an audit, with robots.txt of then joined by site

By hand: `ds.map_batches(GateBatches, batch_format="pyarrow", fn_constructor_kwargs={"gate": ray.put(gate)})`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..tally import Tally
from .hop import missing

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import ray
    import ray.data
except ImportError as error:
    raise missing("ray", error) from None

if TYPE_CHECKING:
    from ..audit.partition import Parts
    from ..batch import TableGate

_BATCH = 50_000


class SharedTally:
    """The tally of all workers of a cluster, kept by an actor. A block that Ray has to make a second time is counted a
    second time."""

    def __init__(self) -> None:
        self._actor = ray.remote(num_cpus=0)(_Sum).remote()

    def add(self, tally: Tally) -> None:
        """Count what a worker counted; it is counted when this returns."""
        ray.get(self._actor.add.remote(tally))

    @property
    def value(self) -> Tally:
        """What was counted up to now. Ray Data is lazy: before a dataset is written or taken nothing is."""
        found: Tally = ray.get(self._actor.value.remote())
        return found


class GateBatches:
    """A class for `map_batches`: keeps the rows of an Arrow batch that are allowed, or with `answers` all rows with the
    answers as further columns (`crawlgate.audit.answers.SCHEMA`). `gate` is a `TableGate`, or a reference to one."""

    def __init__(self, gate: Any, *, answers: bool = False, tally: SharedTally | None = None) -> None:
        self._gate, self._shared = _held(gate).apart(), tally
        self._judge = self._gate.judged if answers else self._gate.allowed

    def __call__(self, batch: Any) -> Any:
        """The batch as it goes on."""
        made = self._judge(batch)
        if self._shared is not None:
            told, self._gate.tally = self._gate.tally, Tally()
            self._shared.add(told)
        return made


def _held(gate: Any) -> TableGate:
    held: TableGate = ray.get(gate) if isinstance(gate, ray.ObjectRef) else gate
    return held


def allowed(rows: ray.data.Dataset, gate: TableGate, *, tally: SharedTally | None = None, **options: Any) -> Any:
    """The rows of a Ray dataset that are allowed. `options` are those of `map_batches`: `concurrency`, `batch_size`,
    `num_cpus` ..."""
    return _mapped(rows, gate, {"tally": tally}, options)


def judged(rows: ray.data.Dataset, gate: TableGate, *, tally: SharedTally | None = None, **options: Any) -> Any:
    """All rows, with the answers as further columns; as `allowed` in everything else."""
    return _mapped(rows, gate, {"tally": tally, "answers": True}, options)


def audited(
    rows: ray.data.Dataset,
    gate: TableGate,
    evidence: ray.data.Dataset | None = None,
    *,
    parts: int = 200,
    heavy: Mapping[str, int] | None = None,
    order: str | None = None,
    tally: SharedTally | None = None,
) -> Any:
    """All rows with the answers of an audit in parts (`crawlgate.audit.partition`: what `parts`, `heavy` and `order`
    are), with `evidence` joined by site. Raises `ConfigError`."""
    from ..audit.partition import PART, Parts, require_spreadable

    schema = rows.schema().base_schema
    columns = gate.columns(schema.names)
    require_spreadable(columns, heavy)
    placing = Parts(parts, heavy)
    placed = rows.map_batches(_place_rows, batch_format="pyarrow", fn_args=(placing, columns.url))
    joined = evidence is not None
    if evidence is not None:
        # Two kinds of rows in one dataset, so that a part's evidence comes with its pages.
        said = evidence.schema().base_schema
        told = evidence.map_batches(_place_evidence, batch_format="pyarrow", fn_args=(placing, schema))
        placed = placed.map_batches(_with_nulls, batch_format="pyarrow", fn_args=(said,)).union(told)
    work = {"gate": ray.put(gate), "names": schema.names, "joined": joined, "order": order, "tally": tally}
    return placed.groupby(PART, num_partitions=parts).map_groups(_judge_part, batch_format="pyarrow", fn_kwargs=work)


_EVIDENCE = "crawlgate_evidence_"  # before the names of the columns of evidence, in a dataset of both
_IS_EVIDENCE = "crawlgate_is_evidence"


def _place_rows(batch: Any, placing: Parts, address: str) -> Any:
    from ..audit.partition import PART

    return batch.append_column(PART, pa.array(placing.rows(batch[address]), pa.int32()))


def _with_nulls(batch: Any, said: Any) -> Any:
    for field in said:
        batch = batch.append_column(_EVIDENCE + field.name, pa.nulls(len(batch), field.type))
    return batch.append_column(_IS_EVIDENCE, pa.repeat(False, len(batch)))


def _place_evidence(batch: Any, placing: Parts, schema: Any) -> Any:
    from ..audit.partition import PART

    placed = placing.evidence(batch)
    nulls = {field.name: pa.nulls(len(placed), field.type) for field in schema}
    told = {_EVIDENCE + name: placed[name] for name in batch.column_names}
    return pa.table(nulls | {PART: placed[PART]} | told | {_IS_EVIDENCE: pa.repeat(True, len(placed))})


def _judge_part(
    group: Any, gate: Any, names: list[str], order: str | None, tally: SharedTally | None, *, joined: bool
) -> Any:
    from ..audit.partition import judge_part

    pages, evidence = group, None
    if joined:
        own = [name for name in group.column_names if name.startswith(_EVIDENCE)]
        is_evidence = group[_IS_EVIDENCE]
        evidence = group.filter(is_evidence).select(own)
        evidence = evidence.rename_columns([name.removeprefix(_EVIDENCE) for name in own])
        pages = group.filter(pc.invert(is_evidence))
    answered, told = judge_part(_held(gate), pages.select(names), evidence, order=order)
    if tally is not None:
        tally.add(told)
    return answered


def _mapped(rows: Any, gate: TableGate, told: dict[str, Any], options: dict[str, Any]) -> Any:
    return rows.map_batches(
        GateBatches,
        fn_constructor_kwargs={"gate": ray.put(gate), **told},
        batch_format="pyarrow",
        zero_copy_batch=True,
        **{"batch_size": _BATCH, "concurrency": 1, **options},
    )


class _Sum:
    """What the actor is."""

    def __init__(self) -> None:
        self._tally = Tally()

    def add(self, tally: Tally) -> None:
        self._tally += tally

    def value(self) -> Tally:
        return self._tally
