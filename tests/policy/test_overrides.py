"""What people decided, weighed with the findings: it lifts what it names, dated, and nothing in passing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.criteria import CATALOGUE, Assessment
from crawlgate.criteria.evaluate import CRITERION_ERROR
from crawlgate.model import Finding, Outcome, Override, Stage, Verdict
from crawlgate.policy import decide, load_profile
from crawlgate.policy.overrides import Overrides, lifts, needs_words
from crawlgate.url import parse

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
STANDARD = load_profile("standard")


def override(**changes: Any) -> Override:
    values: dict[str, Any] = {
        "record": "s:1",
        "at": AT,
        "by": "R. Mori",
        "reason": "they answered our letter",
        "effect": Verdict.ALLOW,
        "scope": "host",
        "value": "a.example",
        "findings": {"B3": (Outcome.MET,)},
        "until": AT + 30 * DAY,
    }
    return Override(**{**values, **changes})


def found(**outcomes: Outcome) -> Assessment:
    reasons = {"B3": "b3.refused", "D1": "d1.refusal", "C1": "c1.known", "B2": "b2.robots_unknown"}
    return Assessment(
        tuple(Finding(criterion=n, outcome=o, reason=reasons.get(n, "x")) for n, o in sorted(outcomes.items())), {}
    )


def verdict(assessment: Assessment, *overrides: Override, profile: str = "standard") -> Verdict:
    return decide(assessment, load_profile(profile), Stage.PRE_FETCH, (), overrides).verdict


def test_it_lifts_the_finding_it_names_and_is_cited() -> None:
    held = found(B3=Outcome.MET)
    basis = decide(held, STANDARD, Stage.PRE_FETCH, (), (override(),))
    assert (basis.verdict, basis.reasons) == (Verdict.ALLOW, ())
    assert basis.overrides == (override(),)
    assert basis.findings == held.findings, "the finding itself stays as it is"
    untouched = decide(found(B3=Outcome.NOT_MET), STANDARD, Stage.PRE_FETCH, (), (override(),))
    assert untouched.overrides == (), "one that made no difference is not cited"


def test_another_outcome_or_criterion_is_a_new_question() -> None:
    assert verdict(found(B3=Outcome.NEEDS_HUMAN), override()) is Verdict.REVIEW
    both = found(B3=Outcome.MET, D1=Outcome.MET)
    assert verdict(both, override()) is Verdict.REVIEW
    assert verdict(both, override(), override(record="s:2", findings={"D1": (Outcome.MET,)})) is Verdict.ALLOW


@pytest.mark.parametrize("criterion", ["B5", "C1", "C2", "C3"])
def test_what_no_licence_lifts_needs_words(criterion: str) -> None:
    outcome = Outcome.MET if criterion != "C2" else Outcome.INDICATED
    held = found(**{criterion: outcome})
    silent = override(findings={criterion: (outcome,)})
    before = verdict(held)
    assert before is not Verdict.ALLOW
    assert verdict(held, silent) is before
    other = replace(silent, acknowledged={"B3": "I lift B3"})
    assert verdict(held, other) is before
    assert verdict(held, replace(silent, acknowledged={criterion: "the notice was withdrawn"})) is Verdict.ALLOW


def test_exactly_what_a_licence_never_lifts_needs_words() -> None:
    assert {name for name in CATALOGUE.criteria if needs_words(name, Outcome.MET)} == {"B5", "C1", "C2", "C3"}
    assert all(needs_words(name, Outcome.UNKNOWN) for name in CATALOGUE.criteria)
    held = found(B2=Outcome.UNKNOWN)
    silent = override(findings={"B2": (Outcome.UNKNOWN,)})
    assert decide(held, STANDARD, Stage.PRE_FETCH, (), (silent,)).temporary
    assert verdict(held, replace(silent, acknowledged={"B2": "read by hand"})) is Verdict.ALLOW


def test_a_rule_that_failed_is_never_lifted() -> None:
    broken = Assessment((Finding(criterion="B3", outcome=Outcome.UNKNOWN, reason=CRITERION_ERROR),), {})
    lifting = override(findings={"B3": tuple(Outcome)}, acknowledged={"B3": "never mind"})
    assert verdict(broken, lifting) is Verdict.DENY
    assert not lifts(lifting, broken.findings[0])


def test_it_may_deny_and_a_deny_is_the_last_word() -> None:
    denying = override(record="s:3", effect=Verdict.DENY)
    clean = found(B3=Outcome.NOT_MET)
    basis = decide(clean, STANDARD, Stage.POST_FETCH, (), (denying,))
    assert (basis.verdict, basis.temporary, basis.overrides) == (Verdict.DENY, False, (denying,))
    for order in permutations((override(), denying)):
        assert verdict(found(B3=Outcome.MET), *order) is Verdict.DENY
    unreachable = decide(found(B2=Outcome.UNKNOWN), STANDARD, Stage.PRE_FETCH, (), (denying,))
    assert not unreachable.temporary, "a person's deny is not one for now"


def test_it_counts_from_its_time_on_until_it_ends_or_is_revoked() -> None:
    known = Overrides([override(revoked_at=AT + 5 * DAY, revocation="s:9")])
    url = parse("https://a.example/x")
    assert [bool(known.covering(url, AT + n * DAY)) for n in (-1, 0, 4, 5, 31)] == [False, True, True, False, False]
    kept = Overrides([override()])
    assert [bool(kept.covering(url, AT + n * DAY)) for n in (0, 29, 30)] == [True, True, False]


@pytest.mark.parametrize(
    ("scope", "value", "prefix", "inside", "outside"),
    [
        ("host", "a.example", None, ["https://a.example/", "http://a.example:8080/x"], ["https://b.a.example/"]),
        ("registrable_domain", "a.example", None, ["https://www.a.example/"], ["https://notа.example/", "https://ba.example/"]),
        ("path_prefix", "a.example", "/news/", ["https://a.example/news/1?q"], ["https://a.example/newspaper", "https://a.example/"]),
        ("url", "https://a.example/x?y=1", None, ["http://a.example/x?y=1"], ["https://a.example/x", "https://a.example/x?y=12"]),
    ],
)  # fmt: skip
def test_it_covers_what_its_scope_says(
    scope: str, value: str, prefix: str | None, inside: list[str], outside: list[str]
) -> None:
    known = Overrides([override(scope=scope, value=value, path_prefix=prefix)])
    assert all(known.covering(parse(url), AT) for url in inside)
    assert not any(known.covering(parse(url), AT) for url in outside)


def test_one_without_a_place_covers_nothing_and_is_told() -> None:
    odd = override(record="s:7", scope="everything", value="*")
    known = Overrides([odd, override()])
    assert known.unusable == (odd,)
    assert list(known) == [override()]
    assert not Overrides()
    assert Overrides().covering(parse("https://a.example/"), AT) == ()


@given(st.data())
def test_the_answer_does_not_depend_on_the_order_of_decisions(data: st.DataObject) -> None:
    criteria = st.dictionaries(st.sampled_from(["B3", "D1", "C1"]), st.just((Outcome.MET,)), min_size=1)
    made = data.draw(st.lists(st.builds(
        lambda n, findings, effect, day: override(
            record=f"s:{n}", findings=findings, effect=effect, at=AT + day * DAY, acknowledged={"C1": "words"}
        ),
        st.integers(0, 5), criteria, st.sampled_from([Verdict.ALLOW, Verdict.DENY]), st.integers(0, 3),
    ), max_size=5, unique_by=lambda o: o.record))  # fmt: skip
    held = found(B3=Outcome.MET, D1=Outcome.MET, C1=Outcome.MET)
    one = decide(held, STANDARD, Stage.PRE_FETCH, (), tuple(made))
    other = decide(held, STANDARD, Stage.PRE_FETCH, (), tuple(data.draw(st.permutations(made))))
    assert one == other
