"""A person's decision is checked before it is written, and nothing is lifted in passing."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlgate.ledger.overrides import read_overrides
from crawlgate.ledger.verify import verify
from crawlgate.model import Outcome, Verdict
from crawlgate.review import ReviewError, decide, revoke
from tests.review.homes import START, Moved, gate, lift


def test_what_is_written_is_what_was_decided(tmp_path: Path) -> None:
    clock = Moved()
    with gate(tmp_path, clock) as at_work:
        held = at_work.check("https://held.example/1")
    told = decide(tmp_path, **lift(about=held, by=" R. Mori "), clock=clock)
    assert read_overrides(tmp_path / "ledger") == (told,)
    assert (told.by, told.concerns, told.at) == ("R. Mori", held.record, START)
    assert verify(tmp_path / "ledger").ok
    assert (tmp_path / "decided").read_text("utf-8").strip() == told.record


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"effect": Verdict.REVIEW}, "effect"),
        ({"by": "  "}, "by"),
        ({"reason": ""}, "reason"),
        ({"until": START}, "until_past"),
        ({"until": datetime(2027, 1, 1)}, "until_zone"),  # noqa: DTZ001
        ({"scope": "site"}, "scope"),
        ({"value": "co.jp"}, "place"),
        ({"value": "not a host"}, "place"),
        ({"scope": "path_prefix"}, "place"),
        ({"findings": {}}, "findings"),
        ({"findings": {"B3": []}}, "findings"),
        ({"findings": {"B33": [Outcome.MET]}}, "criterion"),
        ({"findings": {"D2": [Outcome.NOT_MET]}}, "nothing_to_lift"),
        ({"findings": {"B3": [Outcome.NOT_MET]}}, "nothing_to_lift"),
        ({"findings": {"C1": [Outcome.MET]}}, "in_words"),
        ({"findings": {"C1": [Outcome.MET], "B3": [Outcome.MET]}, "acknowledged": {"B3": "x"}}, "in_words"),
        ({"findings": {"C1": [Outcome.MET]}, "acknowledged": {"C1": "  "}}, "in_words"),
        ({"findings": {"B2": [Outcome.UNKNOWN]}}, "in_words_unknown"),
        ({"acknowledged": {"C1": "the notice is void"}}, "acknowledged"),
        ({"acknowledged": {"B3": " "}}, "no_words"),
    ],
)  # fmt: skip
def test_what_is_missing_or_does_not_fit_is_told_and_not_written(
    tmp_path: Path, change: dict[str, Any], key: str
) -> None:
    with pytest.raises(ReviewError) as error:
        decide(tmp_path, **lift(**change), clock=Moved())
    assert error.value.key == key
    assert error.value.text("en") != error.value.text("ja")
    assert "{" not in error.value.text("ja") + error.value.text("en")
    assert not (tmp_path / "ledger").exists()
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


def test_a_deny_needs_no_words(tmp_path: Path) -> None:
    told = decide(tmp_path, **lift(effect=Verdict.DENY, findings={"C1": [Outcome.NEEDS_HUMAN]}), clock=Moved())
    assert told.effect is Verdict.DENY


def test_it_must_be_about_what_was_found_where_it_was_found(tmp_path: Path) -> None:
    clock = Moved()
    with gate(tmp_path, clock) as at_work:
        held = at_work.check("https://held.example/1")
    for change, key in (
        ({"value": "other.example"}, "elsewhere"),
        ({"findings": {"C2": [Outcome.INDICATED]}, "acknowledged": {"C2": "x"}}, "not_found"),
    ):
        with pytest.raises(ReviewError) as error:
            decide(tmp_path, **lift(about=held, **change), clock=clock)
        assert error.value.key == key


def test_it_is_taken_back_once(tmp_path: Path) -> None:
    clock = Moved()
    told = decide(tmp_path, **lift(), clock=clock)
    clock.move(days=1)
    with pytest.raises(ReviewError, match="name the person"):
        revoke(tmp_path, told.record, by="", reason="r", clock=clock)
    with pytest.raises(ReviewError, match="holds no decision of a person"):
        revoke(tmp_path, "x:1", by="K", reason="r", clock=clock)
    revoked = revoke(tmp_path, told.record, by="K. Sato", reason="they changed their mind", clock=clock)
    assert revoked.revoked_at == START + timedelta(days=1)
    assert read_overrides(tmp_path / "ledger") == (revoked,)
    with pytest.raises(ReviewError, match="revoked already"):
        revoke(tmp_path, told.record, by="K", reason="r", clock=clock)
    other = decide(tmp_path, **lift(), clock=clock)
    clock.move(days=40)
    with pytest.raises(ReviewError, match="ended on"):
        revoke(tmp_path, other.record, by="K", reason="r", clock=clock)
