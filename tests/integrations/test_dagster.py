"""A Dagster asset behind a check: what depends on it is made, or not, by what the gate says of its rows."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("dagster", reason="the dagster extra is not installed")

import dagster
import pyarrow as pa

from crawlgate.integrations.dagster import gate_check, result
from tests.integrations.pages import COLUMNS, DROPPED, ROWS, gate

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::dagster.BetaWarning")


def made(rows: list[dict[str, Any]], one: Any, **options: Any) -> tuple[list[str], Any]:
    """What is materialised of an asset and one that trains on it, and what the check said."""

    @dagster.asset
    def pages() -> pa.Table:
        return pa.Table.from_pylist(rows, pa.table(COLUMNS).schema)

    @dagster.asset
    def model(pages: pa.Table) -> int:
        return len(pages)

    with dagster.DagsterInstance.ephemeral() as instance:
        done = dagster.materialize(
            [pages, model, gate_check(pages, one, **options)], instance=instance, raise_on_error=False
        )
        events = done.get_asset_materialization_events()
        evaluations = done.get_asset_check_evaluations()
    return [event.asset_key.to_user_string() for event in events], evaluations[0]


def test_rows_that_are_not_allowed_stop_what_depends_on_them() -> None:
    one = gate()
    assets, said = made(ROWS, one)
    assert assets == ["pages"]
    assert (said.passed, said.check_name) == (False, "crawlgate")
    told = {name: value.value for name, value in said.metadata.items()}
    assert told["rows"] == len(ROWS)
    assert {name.removeprefix("dropped "): n for name, n in told.items() if name.startswith("dropped ")} == DROPPED
    assert told["verdict deny"] == 2
    assert told["examples"]["C1"] == ["https://img.pirate.example/1"]
    assert "1  C1 " in said.description
    assert one.tally.rows == len(ROWS)


def test_allowed_rows_go_on() -> None:
    assets, said = made([ROWS[0], ROWS[2]], gate())
    assert (assets, said.passed) == (["pages", "model"], True)


def test_who_observes_goes_on_and_is_told() -> None:
    assets, said = made(ROWS, gate(mode="observe"))
    assert (assets, said.passed, said.severity) == (["pages", "model"], False, dagster.AssetCheckSeverity.WARN)


def test_rows_that_wait_for_a_person() -> None:
    waiting = gate()
    waiting.mask({"url": [ROWS[4]["url"]], "time": [ROWS[4]["time"]]})
    assert not result(waiting).passed
    assert result(waiting, review=False).passed
