"""A rule that breaks is isolated, and never becomes an allow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlgate import Declaration
from crawlgate.criteria import Facts, evaluate, measures
from crawlgate.model import Outcome, Stage
from crawlgate.policy import decide, load_profile
from crawlgate.signals.robots_standing import Standing


def facts() -> Facts:
    return Facts(
        stage=Stage.PRE_FETCH,
        at=datetime(2026, 11, 10, tzinfo=UTC),
        url="https://a.example/",
        declaration=Declaration(operator="x", token="Bot", user_agent="Bot/1", token_published=True),
        robots=Standing.ABSENT,
    )


@pytest.mark.parametrize("profile", ["strict", "standard", "minimal"])
def test_a_rule_that_raises_is_unknown_with_its_error_and_denies(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Facts) -> None:
        raise KeyError("missing")

    import importlib

    module = importlib.import_module("crawlgate.criteria.evaluate")
    monkeypatch.setitem(module._RULES, "D1", broken)
    assessment = evaluate(facts())
    found = {finding.criterion: finding for finding in assessment.findings}
    assert found["D1"].outcome is Outcome.UNKNOWN
    assert "KeyError" in found["D1"].params["error"]
    assert found["B2"].outcome is Outcome.NOT_MET
    basis = decide(assessment, load_profile(profile), Stage.PRE_FETCH)
    assert basis.verdict == "deny"
    assert basis.temporary


def test_what_was_not_assessed_is_named_with_a_reason() -> None:
    assessment = evaluate(facts())
    assert assessment.not_assessed["A4"] == "not_assessed.corpus"
    assert assessment.not_assessed["D2"] == "not_assessed.no_licence"
    assert not {finding.criterion for finding in assessment.findings} & set(assessment.not_assessed)


def test_a_measure_wins_over_an_unknown_robots_txt() -> None:
    assert measures.b2_applies(facts()).outcome is Outcome.NOT_MET  # type: ignore[union-attr]
