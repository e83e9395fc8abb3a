"""Decisions of people come back from the ledger as they were; what is no such record does not count."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawlgate.ledger.overrides import override_table, overrides_of, read_overrides, revocation_table
from crawlgate.ledger.query import Record
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Outcome, Override, Verdict

AT = datetime(2026, 11, 23, 9, 0, 0, 250, tzinfo=UTC)
WHOLE = Override(
    record="",
    at=AT,
    by="森 玲子",
    reason="相手方の書面による回答",
    effect=Verdict.ALLOW,
    scope="path_prefix",
    value="a.example",
    path_prefix="/news/",
    findings={"B3": (Outcome.MET, Outcome.INDICATED), "C1": (Outcome.MET,)},
    until=AT + timedelta(days=30),
    acknowledged={"C1": "発信者が通知を撤回した"},
    concerns="s:12",
)
BARE = replace(WHOLE, path_prefix=None, acknowledged={}, concerns=None, effect=Verdict.DENY, scope="host")


def test_what_was_decided_is_read_as_it_was_and_revocations_join_it(tmp_path):
    with LedgerWriter(tmp_path, {}, now=lambda: AT) as writer:
        names = ["{}:{}".format(*writer.append("override", override_table(o))) for o in (WHOLE, BARE)]
    with LedgerWriter(tmp_path, {}, now=lambda: AT) as writer:
        later = AT + timedelta(days=1)
        revocation = "{}:{}".format(*writer.append("revocation", revocation_table(later, names[1], by="K", reason="r")))
        writer.append("revocation", revocation_table(later + timedelta(days=1), names[1], by="K", reason="again"))
        writer.append("revocation", revocation_table(later, "nowhere:1", by="K", reason="r"))
    assert read_overrides(tmp_path) == (
        replace(WHOLE, record=names[0]),
        replace(BARE, record=names[1], revoked_at=later, revocation=revocation),
    )


def test_a_ledger_that_is_not_there_yet_has_none(tmp_path):
    assert read_overrides(tmp_path / "absent") == ()


@pytest.mark.parametrize(
    "change",
    [
        {"by": " "},
        {"by": 3},
        {"reason": ""},
        {"effect": "review"},
        {"effect": "lift"},
        {"until": "2027-01-01T00:00:00"},
        {"until": None},
        {"findings": {"B3": ["perhaps"]}},
        {"findings": [1]},
        {"acknowledged": {"C1": ""}},
        {"acknowledged": [1]},
        {"path_prefix": 3},
        {"value": None},
    ],
)
def test_what_is_no_decision_of_a_person_does_not_count(change):
    table = override_table(WHOLE) | {"until": "2027-01-01T00:00:00Z"}
    assert overrides_of([Record("s", 1, "override", AT, table)])
    assert overrides_of([Record("s", 1, "override", AT, table | change)]) == ()
    assert overrides_of([Record("s", 1, "override", None, table)]) == ()
