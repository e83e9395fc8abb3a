"""The answer depends on the facts alone: not on the order of the rules, not on what was asked before."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate import Declaration, Licence
from crawlgate.criteria import Facts, evaluate
from crawlgate.criteria import evaluate as _evaluate  # noqa: F401  (the module is looked up below)
from crawlgate.criteria.facts import CorpusFacts, Trace
from crawlgate.ledger.canonical import encode
from crawlgate.ledger.record import basis_table
from crawlgate.model import (
    AS_DECLARED,
    Attempt,
    Notice,
    NoticeMatch,
    NoticeRelation,
    Outcome,
    Polarity,
    Product,
    Purpose,
    RegisterEntry,
    Scope,
    Signal,
    Stage,
    Strength,
    Verdict,
)
from crawlgate.policy import decide, load_profile
from crawlgate.signals.robots_standing import Standing

AT = datetime(2026, 11, 10, 3, tzinfo=UTC)
RULES = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B5", "C1", "C2", "C3", "D1", "D2", "D3", "D4", "D5"]
PROFILES = [load_profile(name) for name in ("strict", "standard", "minimal")]

signals = st.builds(
    Signal,
    kind=st.sampled_from(
        ["robots.disallow", "robots.ai_agent", "tdmrep.file", "access.403", "wording.refusal", "dataset.offer", "rsl.x"]
    ),
    purpose=st.sampled_from(Purpose),
    polarity=st.sampled_from(Polarity),
    strength=st.sampled_from(Strength),
    scope=st.sampled_from(Scope),
    subject=st.sampled_from(["ours", "*", "GPTBot"]),
    raw=st.sampled_from(["Disallow: /", "禁止"]),
    detail=st.sampled_from([{}, {"class": "training"}, {"class": "mixed"}]),
)
licence = Licence(
    licensor="P", scope=("https://a.example/*",), purposes=("*",), valid_from=AT - timedelta(days=9), reference="L"
)
declarations = st.sampled_from(
    [
        Declaration(operator="x", token="Bot", user_agent="Bot/1", token_published=True),
        Declaration(operator="x", token="Bot", user_agent="Bot/1", purposes=["finetune"], target_creator="A"),
        Declaration(operator="x", token="Bot", user_agent="Bot/1", token_published="2026-11-10", licences=[licence]),
        Declaration(operator="x", token="Bot", user_agent="Bot/1", purposes=["rag", "search"], legal_basis="47-5"),
    ]
)
notices = st.builds(
    NoticeMatch,
    notice=st.builds(
        Notice,
        id=st.just("n"),
        issuer=st.just("RHA"),
        scope=st.just("host"),
        value=st.just("a.example"),
        issuer_verified=st.booleans(),
        received_at=st.sampled_from([None, AT, AT + timedelta(days=1)]),
        effective_at=st.just(AT),
    ),
    relation=st.sampled_from(NoticeRelation),
    url=st.just("https://a.example/"),
)
facts = st.builds(
    Facts,
    stage=st.sampled_from(Stage),
    at=st.just(AT),
    url=st.just("https://a.example/1"),
    declaration=declarations,
    attempt=st.sampled_from([AS_DECLARED, Attempt(user_agent="Googlebot/2.1"), Attempt(credentials="personal:1")]),
    signals=st.lists(signals, max_size=4).map(tuple),
    elsewhere=st.lists(signals, max_size=2).map(tuple),
    robots=st.sampled_from(Standing),
    robots_age=st.sampled_from([None, timedelta(0), timedelta(days=2), timedelta(days=-3)]),
    robots_undated=st.booleans(),
    names_us=st.booleans(),
    notices=st.lists(notices, max_size=2).map(tuple),
    register_on_site=st.sampled_from([(), (RegisterEntry(host="a.example", product=Product.API),)]),
    traces=st.sampled_from([(), (Trace(reason="b5.stopped", outcome=Outcome.NOT_MET, params={"refused": "1"}),)]),
    fetched=st.booleans(),
    stored=st.sampled_from([None, True]),
    corpus=st.sampled_from(
        [None, CorpusFacts(top_creator_share=Decimal(90), works=3), CorpusFacts(site_pages=9, limit_exceeded=True)]
    ),
    not_looked=st.sampled_from([{}, {"lists": "not_assessed.no_list"}, {"page": "not_assessed.page_unreadable"}]),
)


@settings(max_examples=150, deadline=None)
@given(facts=facts, order=st.permutations(RULES))
def test_the_same_bytes_in_any_order_of_evaluation(facts: Facts, order: list[str]) -> None:
    usual, other = evaluate(facts), evaluate(facts, order)
    for profile in PROFILES:
        one = encode(basis_table(decide(usual, profile, facts.stage), 0))
        assert one == encode(basis_table(decide(other, profile, facts.stage), 0))


@settings(max_examples=100, deadline=None)
@given(facts=facts)
def test_every_criterion_has_a_finding_or_a_reason_and_no_broken_rule(facts: Facts) -> None:
    assessment = evaluate(facts)
    named = {finding.criterion for finding in assessment.findings}
    left = {name for name in assessment.not_assessed if not name.startswith("check.")}
    assert named | left == {*RULES, "B4", "B6"}
    assert not named & left
    assert not [finding for finding in assessment.findings if finding.reason == "criterion.error"]


@settings(max_examples=60, deadline=None)
@given(facts=facts, broken=st.sampled_from([*RULES]))
def test_whatever_rule_breaks_the_verdict_is_never_allow(facts: Facts, broken: str) -> None:
    import importlib

    module = importlib.import_module("crawlgate.criteria.evaluate")

    def rule(_: Facts) -> None:
        raise RuntimeError("no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_KEPT", {})
        patch.setitem(module._RULES, broken, rule)
        assessment = evaluate(facts)
    found = {finding.criterion: finding for finding in assessment.findings}
    assert found[broken].reason == "criterion.error"
    for profile in PROFILES:
        assert decide(assessment, profile, facts.stage).verdict is Verdict.DENY


def test_what_is_kept_for_a_declaration_is_what_is_asked_anew() -> None:
    """An ordinary fetch takes over what the declaration alone decides; every field that bears on it is looked at."""
    plain = Facts(
        stage=Stage.PRE_FETCH,
        at=AT,
        url="https://a.example/1",
        declaration=Declaration(operator="x", token="Bot", user_agent="Bot/1", token_published=True),
        robots=Standing.ABSENT,
    )
    assert plain.ordinary
    evaluate(plain)
    changes = {
        "attempt": Attempt(user_agent="Googlebot/2.1"),
        "stage": Stage.RETRO,
        "traces": (Trace(reason="b5.rotating", outcome=Outcome.INDICATED, params={"told": "x"}),),
        "fetched": True,
        "stored": True,
        "corpus": CorpusFacts(duplicate_share=Decimal(9)),
        "open_licences": (Signal(kind="licence.open", purpose=Purpose.TDM, polarity=Polarity.PERMITTED,
                                 strength=Strength.OFFER),),
    }  # fmt: skip
    for name, value in changes.items():
        changed = replace(plain, **{name: value})
        assert not changed.ordinary, name
        assert evaluate(changed) == evaluate(changed, RULES)
    assert {field.name for field in fields(Facts)} >= set(changes)
