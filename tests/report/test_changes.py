"""What differs between two judgements of the same cases."""

from __future__ import annotations

from crawlgate.report.changes import changes, criteria_changed, paired

ONE = {
    "id": "a",
    "verdict": "deny",
    "temporary": False,
    "findings": {"B2": "met", "B3": "not_met"},
    "reasons": ["B2: a rule"],
    "profile": "standard",
}


def test_only_what_differs_is_told() -> None:
    assert changes(ONE, ONE) is None
    assert changes(ONE, ONE | {"profile": "mine", "reasons": ["B2: 規則"]}) is None
    other = ONE | {"verdict": "review", "findings": {"B2": "met", "B3": "met", "D1": "met"}, "reasons": ["B3: x"]}
    table = changes(ONE, other)
    assert table == {
        "schema": "crawlgate.changes/1",
        "id": "a",
        "in": [True, True],
        "verdict": ["deny", "review"],
        "findings": {"B3": ["not_met", "met"], "D1": [None, "met"]},
        "reasons": [["B2: a rule"], ["B3: x"]],
    }
    assert criteria_changed(table) == ["B2", "B3", "D1"]


def test_a_case_that_only_one_side_has_is_a_change() -> None:
    table = changes(None, ONE)
    assert table is not None
    assert (table["in"], table["verdict"]) == ([False, True], [None, "deny"])
    empty = {"id": "b", "verdict": None, "findings": {}}
    alone = changes(empty, None)
    assert alone == {"schema": "crawlgate.changes/1", "id": "b", "in": [True, False]}
    assert criteria_changed(alone) == []


def test_a_case_that_could_not_be_judged_is_told_with_its_reason() -> None:
    table = changes(ONE, ONE | {"verdict": None, "findings": None, "error": "url is missing"})
    assert table is not None
    assert table["error"] == [None, "url is missing"]
    assert table["findings"] == {"B2": ["met", None], "B3": ["not_met", None]}


def test_ids_pair_judgements_and_doubled_ones_pair_in_order() -> None:
    before = [{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "a", "n": 3}]
    after = [{"id": "c", "n": 4}, {"id": "a", "n": 5}, {"id": "a", "n": 6}]
    pairs = [(old and old["n"], new and new["n"]) for old, new in paired(before, after)]
    assert pairs == [(1, 5), (2, None), (3, 6), (None, 4)]
