"""Dagster behind the gate: an asset check that stops what comes after an asset with rows that are not allowed.

    @asset
    def pages() -> pa.Table: ...

    covered = gate_check(pages, gate)             # Definitions(assets=[pages, ...], asset_checks=[covered])

The asset is a table that `TableGate` takes: Arrow, polars or pandas. The metadata of the check say how many rows there
are by verdict and by criterion, with examples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .hop import missing

try:
    import dagster
except ImportError as error:
    raise missing("dagster", error) from None

if TYPE_CHECKING:
    from ..batch import TableGate

_NAME = "crawlgate"
_FAILING = ("deny", "not_judged")


def gate_check(
    asset: Any, gate: TableGate, *, blocking: bool = True, name: str = _NAME, review: bool = True
) -> dagster.AssetChecksDefinition:
    """A check of a table asset. It fails where a row is denied or could not be judged, and where one waits for a person
    unless `review` is False; with `blocking` nothing that depends on the asset is made then. A gate in mode `observe`
    warns and never fails."""

    def check(table: Any) -> dagster.AssetCheckResult:
        own = gate.apart()
        own.mask(table)
        gate.count(own.tally)
        return result(own, review=review)

    made: dagster.AssetChecksDefinition = dagster.asset_check(
        asset=asset,
        name=name,
        blocking=blocking,
        description="Every row is allowed by the gate for AI-training collection.",
    )(check)
    return made


def result(gate: TableGate, *, review: bool = True) -> dagster.AssetCheckResult:
    """The result of a check of one's own: what `gate` counted, as an `AssetCheckResult`."""
    told = gate.tally.as_dict()
    failing = (*_FAILING, "review") if review else _FAILING
    passed = not any(told["verdicts"].get(verdict) for verdict in failing)
    observing = gate.mode == "observe"
    return dagster.AssetCheckResult(
        passed=passed,
        severity=dagster.AssetCheckSeverity.WARN if observing else dagster.AssetCheckSeverity.ERROR,
        description=str(gate.tally),
        metadata={
            "rows": told["rows"],
            **{f"verdict {verdict}": count for verdict, count in told["verdicts"].items()},
            **{f"dropped {reason}": count for reason, count in told["dropped"].items()},
            "examples": dagster.MetadataValue.json(told["examples"]),
            "profile": gate.options["profile"].name,
            "fingerprint": gate.fingerprint,
        },
    )
