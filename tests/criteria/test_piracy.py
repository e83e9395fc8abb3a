"""C1, C2: a public list is never presented as a rights holder's, whoever vouches for it."""

from datetime import UTC, datetime

import pytest

from crawlgate.criteria import CATALOGUE
from crawlgate.criteria.facts import Facts
from crawlgate.criteria.piracy import c1_known, c2_suspected
from crawlgate.model import Declaration, Finding, IssuerKind, Notice, NoticeMatch, NoticeRelation, Outcome, Stage

EARLY, AT = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://pirate.example/"


def facts(relation: NoticeRelation = NoticeRelation.COVERS, **fields: object) -> Facts:
    dates = {"listed_at": EARLY, "received_at": EARLY, "effective_at": EARLY}
    notice = Notice(
        id="1", issuer="some list", scope="registrable_domain", value="pirate.example", vouched_by="A. Reviewer",
        **{**dates, **fields},  # type: ignore[arg-type]
    )  # fmt: skip
    match = NoticeMatch(notice=notice, relation=relation, url=URL)
    declared = Declaration(operator="Lab", token="Bot", user_agent="Bot/1")
    return Facts(stage=Stage.PRE_FETCH, at=AT, url=URL, declaration=declared, notices=(match,))


def c1(**fields: object) -> Finding:
    found = c1_known(facts(**fields))
    assert isinstance(found, Finding)
    return found


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        ({"issuer_verified": True}, Outcome.MET, "c1.vouched"),
        ({"issuer_verified": True, "effective_at": None}, Outcome.MET, "c1.vouched_lag"),
        ({}, Outcome.NEEDS_HUMAN, "c1.public_list"),
        ({"received_at": None}, Outcome.NEEDS_HUMAN, "c1.public_published"),
        ({"received_at": None, "issuer_verified": True}, Outcome.NEEDS_HUMAN, "c1.public_published"),
    ],
)
def test_a_public_list_is_named_as_one(fields: dict[str, object], outcome: Outcome, reason: str) -> None:
    found = c1(issuer_kind=IssuerKind.PUBLIC, **fields)
    assert (found.outcome, found.reason) == (outcome, reason)
    for lang, words in (("en", "no notice of a rights holder"), ("ja", "権利者からの通知で")):
        said = CATALOGUE.phrase(found.reason, found.params, lang)
        assert words in said
        assert "…" not in said
    assert found.params["issuer_kind"] == "public"


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        ({"issuer_verified": True}, Outcome.MET, "c1.known"),
        ({"issuer_verified": True, "effective_at": None}, Outcome.MET, "c1.list_lag"),
        ({}, Outcome.NEEDS_HUMAN, "c1.unverified"),
        ({"received_at": None, "issuer_verified": True}, Outcome.INDICATED, "c1.published"),
        ({"received_at": None}, Outcome.NEEDS_HUMAN, "c1.published"),
    ],
)
def test_a_rights_holder_is_named(fields: dict[str, object], outcome: Outcome, reason: str) -> None:
    found = c1(issuer_kind=IssuerKind.RIGHTS_HOLDER, **fields)
    assert (found.outcome, found.reason) == (outcome, reason)
    assert "public list" not in CATALOGUE.phrase(found.reason, found.params, "en")


@pytest.mark.parametrize("relation", [NoticeRelation.SAME_LABEL, NoticeRelation.SUCCESSOR, NoticeRelation.OTHER_PATH])
def test_suspicion_names_its_source_too(relation: NoticeRelation) -> None:
    public = c2_suspected(facts(relation, issuer_kind=IssuerKind.PUBLIC))
    other = c2_suspected(facts(relation, issuer_kind=IssuerKind.RIGHTS_HOLDER))
    assert isinstance(public, Finding)
    assert isinstance(other, Finding)
    assert public.outcome == other.outcome
    assert "no notice of a rights holder" in CATALOGUE.phrase(public.reason, public.params, "en")
    assert "public list" not in CATALOGUE.phrase(other.reason, other.params, "en")
