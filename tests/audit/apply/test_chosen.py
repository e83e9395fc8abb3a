"""Lists of rows that go are compared by what they say, not by how it is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.apply.chosen import same_rows  # noqa: E402
from crawlgate.audit.apply.verify import _Notes, _strangers  # noqa: E402


def column(places: list[int | None], values: list[str]) -> object:
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(values))


def test_row_groups_and_the_order_of_dictionaries_say_nothing() -> None:
    one = pa.table({"host": pa.chunked_array([column([0, 1, None], ["a", "b"]), column([0, 1], ["a", "c"])])})
    other = pa.table(
        {"host": pa.chunked_array([column([2, 1], ["c", "b", "a"]), column([None, 2, 0], ["c", "b", "a"])])}
    )
    assert one["host"].to_pylist() == other["host"].to_pylist()
    assert not one.equals(other)
    assert same_rows(one, other)


def test_another_row_value_or_type_is_another_list() -> None:
    hosts = pa.array(["a", "b"]).dictionary_encode()
    table = pa.table({"host": hosts, "row": [0, 1]})
    assert not same_rows(table, table.slice(0, 1))
    assert not same_rows(table, table.set_column(0, "host", pa.array(["a", "c"]).dictionary_encode()))
    assert not same_rows(table, table.set_column(0, "host", pa.array(["a", "b"])))


def test_files_that_a_proof_does_not_name_are_told(tmp_path: Path) -> None:
    for name in ("a.idx", "a.loc", "sub/b.csv", "sub/more.csv", "_proof.json", "_recorded.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "_removed.parquet").touch()
    notes = _Notes()
    _strangers(tmp_path, {"a.idx", "sub/b.csv"}, notes)
    assert notes.problems == ["files that the proof does not name: sub/more.csv"]
