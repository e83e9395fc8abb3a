"""Hugging Face datasets behind the gate, whole or streamed:

    ds = allowed(ds, gate)                                       # Dataset, IterableDataset, or a dict of them
    ds = ds.filter(GateFilter(gate), batched=True)               # the same by hand
    ds = judged(ds, gate)                                        # keeps all rows, adds the answers as columns

Equal gates have equal fingerprints, so that the cache of datasets works across runs; with another list, evidence or
profile everything is judged anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .hop import missing

try:
    import datasets as hf
    import pyarrow as pa
    import pyarrow.compute as pc
    from datasets.formatting.formatting import LazyBatch

    from ..audit.answers import SCHEMA, tally_of, tally_of_fates
    from ..audit.frames import answer_names
except ImportError as error:
    raise missing("datasets", error) from None

if TYPE_CHECKING:
    from ..batch import TableGate
    from ..tally import Tally

_BATCH = 50_000  # rows of which nothing but URL, time and the like is looked at
_WHOLE = 10_000  # rows with their texts
_STREAMED = 1_000  # rows that wait in memory with their texts
Rows = TypeVar("Rows", hf.Dataset, hf.IterableDataset, hf.DatasetDict, hf.IterableDatasetDict)


class GateFilter:
    """A function for `filter`, batched or not, in whatever format the dataset is."""

    def __init__(self, gate: TableGate) -> None:
        self.gate = gate

    def __call__(self, rows: Any) -> Any:
        """Which rows are allowed: a list, or one answer for one row."""
        table, single = _batch(rows, self.gate)
        mask = self.gate.passing(table).tolist()
        return mask[0] if single else mask


def allowed(rows: Rows, gate: TableGate, *, batch_size: int | None = None, num_proc: int | None = None) -> Rows:
    """The rows of a dataset that are allowed.

    A whole dataset is judged at once, in `num_proc` processes, and counted in `gate.tally`, also where the cache had
    the answers. A stream is judged as it is read, `batch_size` rows at a time; where other processes read it, the
    counts are theirs. Raises `ConfigError` where a dataset has no URLs or no times.
    """
    if isinstance(rows, (hf.DatasetDict, hf.IterableDatasetDict)):
        return type(rows)(
            {name: allowed(part, gate, batch_size=batch_size, num_proc=num_proc) for name, part in rows.items()}
        )
    if isinstance(rows, hf.IterableDataset):
        if rows.column_names is not None:
            gate.columns(rows.column_names)
        return rows.filter(GateFilter(gate), batched=True, batch_size=batch_size or _STREAMED)
    if not len(rows):
        return rows
    columns = gate.columns(rows.column_names)
    asked = rows.select_columns(columns.names).with_format("arrow")
    answered = asked.map(
        _Fates(gate.apart()),
        batched=True,
        batch_size=batch_size or _BATCH,
        num_proc=num_proc,
        remove_columns=columns.names,
        desc="Judging",
    )
    fates = answered.with_format("arrow")[:]["fate"]
    _tell(gate, tally_of_fates(fates, asked.with_format(None)[columns.url]), rows)
    if gate.mode == "observe":
        return rows
    places = pc.indices_nonzero(pc.equal(fates, "allow")).to_numpy()
    return rows.select(places.astype("int64"))  # datasets reckons with them, and unsigned ones become fractions


def judged(rows: Rows, gate: TableGate, *, batch_size: int | None = None, num_proc: int | None = None) -> Rows:
    """All rows of a dataset, with the answers as further columns (`crawlgate.audit.answers.SCHEMA`); as `allowed` in
    everything else."""
    if isinstance(rows, (hf.DatasetDict, hf.IterableDatasetDict)):
        return type(rows)(
            {name: judged(part, gate, batch_size=batch_size, num_proc=num_proc) for name, part in rows.items()}
        )
    if isinstance(rows, hf.IterableDataset):
        if rows.column_names is not None:
            gate.columns(rows.column_names)
        features = None if rows.features is None else hf.Features({**rows.features, **_features(rows.features)})
        return rows.map(_Beside(gate), batched=True, batch_size=batch_size or _STREAMED, features=features)
    columns = gate.columns(rows.column_names)
    form: dict[str, Any] = rows.format
    answered = rows.with_format("arrow").map(
        _Beside(gate.apart()), batched=True, batch_size=batch_size or _WHOLE, num_proc=num_proc, desc="Judging"
    )
    if not len(rows):
        return rows
    names: dict[str, Any] = _features(rows.features)
    plain = answered.select_columns(list(names)).rename_columns(dict(zip(names, SCHEMA.names, strict=True)))
    _tell(gate, tally_of(plain.with_format("arrow")[:], rows.with_format(None)[columns.url]), rows)
    shown = [*form["columns"], *names] if set(form["columns"]) != set(rows.column_names) else None
    return answered.with_format(
        form["type"], columns=shown, output_all_columns=form["output_all_columns"], **form["format_kwargs"]
    )


def _tell(gate: TableGate, told: Tally, rows: hf.Dataset) -> None:
    gate.count(told)
    gate.log_tally(f"datasets, split {rows.split}" if rows.split else "datasets", told)


class _Fates:
    """Why each row is kept or dropped. They are counted when all of them are there, whoever gave them."""

    def __init__(self, gate: TableGate) -> None:
        self._gate = gate

    def __call__(self, rows: Any) -> Any:
        return pa.table({"fate": self._gate.fates(rows)})


class _Beside:
    """The answers beside the rows, in whatever format they are."""

    def __init__(self, gate: TableGate) -> None:
        self._gate = gate

    def __call__(self, rows: Any) -> Any:
        if not isinstance(rows, Mapping):
            return self._gate.judged(rows)
        answers = self._gate.answers(_batch(rows, self._gate)[0])
        named = dict(zip(_features(rows), answers.columns, strict=True))
        return {name: column.to_pylist() for name, column in named.items()}


def _features(names: Any) -> dict[str, Any]:
    """The names of the answers beside columns of those names, with their types."""
    known = hf.Features.from_arrow_schema(SCHEMA)
    return {name: known[answer] for answer, name in answer_names(names, known).items()}


def _batch(rows: Any, gate: TableGate) -> tuple[Any, bool]:
    """Rows as a table; one row, which `filter` hands in without `batched=True`, as a table of one."""
    if not isinstance(rows, Mapping):
        return rows, False
    if isinstance(rows, LazyBatch):
        columns = gate.columns(rows.pa_table.column_names)
        if rows.keys_to_format.issuperset(columns.names):
            return rows.pa_table, False  # before it becomes lists
    columns = gate.columns(list(rows))
    found = {name: rows[name] for name in columns.names}
    single = isinstance(found[columns.url], (str, bytes)) or found[columns.url] is None
    return {name: [value] for name, value in found.items()} if single else found, single
