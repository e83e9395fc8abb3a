"""Ray Data behind the gate. The gate is put into the object store once; each worker learns of a host once.

    counted = SharedTally()
    allowed(ray.data.read_parquet("pages/"), gate, tally=counted).write_parquet("allowed/")
    counted.value                                    # what was dropped and why, from all workers

By hand: `ds.map_batches(GateBatches, batch_format="pyarrow", fn_constructor_kwargs={"gate": ray.put(gate)})`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..tally import Tally
from .hop import missing

try:
    import ray
    import ray.data
except ImportError as error:
    raise missing("ray", error) from None

if TYPE_CHECKING:
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
        held: TableGate = ray.get(gate) if isinstance(gate, ray.ObjectRef) else gate
        self._gate, self._shared = held.apart(), tally
        self._judge = self._gate.judged if answers else self._gate.allowed

    def __call__(self, batch: Any) -> Any:
        """The batch as it goes on."""
        made = self._judge(batch)
        if self._shared is not None:
            told, self._gate.tally = self._gate.tally, Tally()
            self._shared.add(told)
        return made


def allowed(rows: ray.data.Dataset, gate: TableGate, *, tally: SharedTally | None = None, **options: Any) -> Any:
    """The rows of a Ray dataset that are allowed. `options` are those of `map_batches`: `concurrency`, `batch_size`,
    `num_cpus` ..."""
    return _mapped(rows, gate, {"tally": tally}, options)


def judged(rows: ray.data.Dataset, gate: TableGate, *, tally: SharedTally | None = None, **options: Any) -> Any:
    """All rows, with the answers as further columns; as `allowed` in everything else."""
    return _mapped(rows, gate, {"tally": tally, "answers": True}, options)


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
