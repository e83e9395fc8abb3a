"""Which rows are to go: those of an audit's removal list with the effects and causes that somebody chose, by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...errors import ConfigError
from ..output.question import digest_of
from ..output.summary import read_summary

REMOVALS = "removals.parquet"


@dataclass(frozen=True, slots=True)
class Going:
    """The rows of one file that go: their numbers, ascending, and the URL of each."""

    rows: npt.NDArray[np.int64]
    urls: tuple[str, ...]


NOTHING = Going(np.zeros(0, np.int64), ())


@dataclass(frozen=True, slots=True)
class Chosen:
    """`removed` is the part of the removal list that was chosen, `by_file` the same by input, `by_cause` its counts."""

    summary: Mapping[str, Any]
    removed: Any
    by_file: Mapping[str, Going]
    by_cause: Mapping[str, int]


def choose(audit: Path, effects: Collection[str], causes: Collection[str] = ()) -> Chosen:
    """Read the list of a finished audit in the folder `audit`. `causes` empty: all of them. Raises `ConfigError` for a
    folder without a finished audit, or an output that is not as the summary says."""
    summary = finished(audit)
    place = audit / REMOVALS
    try:
        if digest_of(place) != summary["outputs"][REMOVALS]["sha256"]:
            raise ConfigError(f"{place} is not the one that {audit / 'summary.json'} names; run the audit again")
        table = pq.read_table(place)
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"{place}: cannot be read: {error}") from None
    wanted = pc.is_in(table["effect"].cast(pa.string()), pa.array(sorted(effects), pa.string()))
    if causes:
        wanted = pc.and_(wanted, pc.is_in(table["cause"].cast(pa.string()), pa.array(sorted(causes), pa.string())))
    removed = table.filter(wanted)
    return Chosen(summary, removed, going_by_file(removed), Counter(removed["cause"].to_pylist()))


def finished(audit: Path) -> Mapping[str, Any]:
    """The summary of the audit in a folder. Raises `ConfigError` where there is none."""
    try:
        summary = read_summary(audit)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{audit}: {error}") from None
    if summary is None:
        raise ConfigError(f"{audit} holds no finished audit; name the folder that `crawlgate audit ... --out` wrote")
    return summary


def same_rows(one: Any, other: Any) -> bool:
    """True if two lists say the same in the same order. In which row groups they are written, and so the order of their
    dictionaries, says nothing."""
    return bool(one.schema.equals(other.schema) and _spelled(one).equals(_spelled(other)))


def _spelled(table: Any) -> Any:
    kinds = [field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    return table.cast(pa.schema(zip(table.column_names, kinds, strict=True)))


def going_by_file(removed: Any) -> dict[str, Going]:
    """The rows of a removal list by the input they are in."""
    files = removed["file"].cast(pa.string()).dictionary_encode().combine_chunks()
    if isinstance(files, pa.ChunkedArray):
        files = files.chunk(0) if files.num_chunks else pa.array([], pa.string()).dictionary_encode()
    codes = files.indices.to_numpy(zero_copy_only=False)
    numbers = removed["row"].to_numpy()
    found = {}
    for code, name in enumerate(files.dictionary.to_pylist()):
        here = np.flatnonzero(codes == code)
        here = here[np.argsort(numbers[here], kind="stable")]
        found[name] = Going(numbers[here], tuple(removed["url"].take(pa.array(here)).to_pylist()))
    return found
