"""Cases on paper: the labelled scenarios, and what a broken case gets told."""

from __future__ import annotations

from typing import Any

import pytest

from crawlgate.cases import judge, read_case
from crawlgate.errors import ConfigError
from crawlgate.model import Basis
from crawlgate.policy import load_profile
from tests.shared_data import rows

PROFILES = ("strict", "standard", "minimal")


def case(**changes: Any) -> dict[str, Any]:
    """A plain case: a public page, a published crawler, nothing said."""
    table: dict[str, Any] = {
        "id": "T",
        "stage": "pre_fetch",
        "url": "https://www.site.test/a/1",
        "fetch_time": "2026-11-10T03:00:00Z",
        "crawler": {
            "token": "ExampleBot",
            "user_agent": "ExampleBot/1.0 (+https://crawler.example.test/bot)",
            "token_published": True,
            "credentials": None,
        },
        "declaration": {"purpose": "pretraining", "legal_basis": "30-4", "licence": None},
        "robots": {"status": 404, "fetched_at": "2026-11-10T03:00:00Z", "body": ""},
        "site_files": {},
        "response": None,
        "list_notices": [],
    }
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = table
        for parent in parents:
            place = place[parent]
        place[name] = value
    return table


def answer(table: dict[str, Any], profile: str = "standard") -> Basis:
    return judge(read_case(table), load_profile(profile))


def outcomes(basis: Basis) -> dict[str, str]:
    return {finding.criterion: str(finding.outcome) for finding in basis.findings}


def robots(text: str, status: int | None = 200) -> dict[str, Any]:
    return {"status": status, "fetched_at": "2026-11-10T03:00:00Z", "body": text}


def notice(**changes: Any) -> dict[str, Any]:
    day = "2026-10-01T00:00:00Z"
    return {
        "issuer": "RHA",
        "issuer_verified": True,
        "entry": "mangasky.test",
        "scope": "registrable_domain",
        "listed_at": day,
        "received_at": day,
        "effective_at": day,
    } | changes


def test_the_labelled_scenarios_agree() -> None:
    """Findings and verdicts, exactly, in all three profiles and every stage."""
    agreed = 0
    for row in rows("law/scenarios.jsonl"):
        expected = row.pop("expected")
        read = read_case(row)
        for profile in PROFILES:
            basis = judge(read, load_profile(profile))
            assert outcomes(basis) == expected["findings"], (row["id"], profile)
            assert basis.verdict == expected["decision"][profile], (row["id"], profile)
            assert basis.temporary == expected["temporary"], (row["id"], profile)
        agreed += 1
    assert agreed == 37


@pytest.mark.parametrize(
    ("changes", "findings", "verdicts"),
    [
        pytest.param({}, {"B2": "not_met", "D4": "met"}, "allow allow allow", id="nothing said"),
        pytest.param(
            {"robots": robots("User-agent: *\nDisallow: /a/")},
            {"B2": "met", "B4": "indicated"},
            "deny deny deny",
            id="*",
        ),
        pytest.param(
            {"robots": robots("User-agent: GPTBot\nDisallow: /\n")},
            {"B2": "not_met", "B3": "met"},
            "deny review allow",
            id="AI bots",
        ),
        pytest.param(
            {"robots": robots("User-agent: GPTBot\nDisallow: /b/\n")},
            {"B3": "not_met"},
            "allow allow allow",
            id="AI bots elsewhere",
        ),
        pytest.param(
            {"robots": robots("User-agent: Amazonbot\nDisallow: /\n")},
            {"B3": "needs_human"},
            "review review allow",
            id="mixed only",
        ),
        pytest.param(
            {"robots": robots("User-agent: Googlebot\nDisallow: /\n")},
            {"B3": "not_met"},
            "allow allow allow",
            id="search bot",
        ),
        pytest.param(
            {"robots": robots("User-agent: GPTBot\nDisallow: /\n\nUser-agent: ExampleBot\nAllow: /")},
            {"B2": "not_met", "B3": "not_met"},
            "allow allow allow",
            id="we are let in by name",
        ),
        pytest.param(
            {"robots": robots("", 403)}, {"B2": "needs_human", "D4": "met"}, "review review allow", id="robots 403"
        ),
        pytest.param(
            {"robots": robots("", 429)}, {"B2": "unknown", "D4": "not_met"}, "deny deny deny", id="robots 429"
        ),
        pytest.param({"robots": robots("", None)}, {"B2": "unknown"}, "deny deny deny", id="robots no answer"),
        pytest.param(
            {"robots": robots("", 410)}, {"B2": "not_met", "D4": "met"}, "allow allow allow", id="robots gone"
        ),
        pytest.param(
            {"robots": robots("User-agent: *\nContent-Signal: search=yes, ai-train=no")},
            {"B2": "met"},
            "deny deny deny",
            id="Content-Signal",
        ),
        pytest.param(
            {"robots": robots("User-agent: *\nContent-Usage: /a/ train-ai=n")},
            {"B2": "met"},
            "deny deny deny",
            id="Content-Usage",
        ),
        pytest.param(
            {"robots": robots("User-agent: *\nDisallowAITraining: /a")},
            {"B2": "met"},
            "deny deny deny",
            id="DisallowAITraining",
        ),
        pytest.param(
            {"robots": robots("User-agent: GPTBot\nContent-Signal: ai-train=no\nAllow: /\n")},
            {"B2": "not_met"},
            "allow allow allow",
            id="usage line of another agent",
        ),
        pytest.param(
            {"site_files": {"/.well-known/tdmrep.json": [{"location": "/a/", "tdm-reservation": 1}]}},
            {"B2": "indicated", "B4": "indicated"},
            "deny deny review",
            id="TDMRep",
        ),
        pytest.param(
            {
                "site_files": {
                    "/.well-known/tdmrep.json": [
                        {"location": "/a/", "tdm-reservation": 0},
                        {"location": "/", "tdm-reservation": 1},
                    ]
                }
            },
            {"B2": "not_met", "B4": "not_met"},
            "allow allow allow",
            id="TDMRep, a free section",
        ),
        pytest.param(
            {"site_files": {"/.well-known/tdmrep.json": [{"location": "/b/", "tdm-reservation": 1}]}},
            {"B2": "not_met", "B4": "indicated"},
            "review allow allow",
            id="TDMRep, another section",
        ),
        pytest.param(
            {"crawler__credentials": "personal:1"}, {"B2": "met", "B5": "met"}, "deny deny deny", id="credentials"
        ),
        pytest.param({"crawler__token_published": False}, {"D3": "not_met"}, "deny review allow", id="unpublished"),
        pytest.param(
            {"crawler__user_agent": "Mozilla/5.0"}, {"D3": "not_met"}, "deny review allow", id="token not sent"
        ),
        pytest.param({"list_notices": [notice(entry="site.test")]}, {"C1": "met"}, "deny deny deny", id="listed"),
        pytest.param(
            {"list_notices": [notice(entry="site.test", withdrawn_at="2026-11-01T00:00:00Z")]},
            {"C1": "not_met"},
            "allow allow allow",
            id="withdrawn before",
        ),
        pytest.param(
            {"list_notices": [notice(entry="site.test", withdrawn_at="2026-11-20T00:00:00Z")]},
            {"C1": "met"},
            "deny deny deny",
            id="withdrawn after",
        ),
        pytest.param(
            {"list_notices": [notice(entry="site.test", effective_at="2026-11-12T00:00:00Z")]},
            {"C1": "met"},
            "deny deny deny",
            id="received, not loaded",
        ),
        pytest.param(
            {"url": "https://mangasky2.test/x", "list_notices": [notice()]},
            {"C2": "indicated"},
            "deny review review",
            id="successor",
        ),
        pytest.param(
            {"url": "https://other.blogsuffix.test/x", "list_notices": [notice(entry="pirate.blogsuffix.test")]},
            {"C1": "not_met", "C2": "not_met"},
            "allow allow allow",
            id="neighbour on a shared suffix",
        ),
        pytest.param(
            {
                "declaration__purpose": "finetune",
                "declaration__target_creator": "X",
                "declaration__intends_expression_output": False,
            },
            {"A1": "not_met", "A2": "indicated"},
            "deny review review",
            id="style only",
        ),
        pytest.param(
            {"declaration__purpose": "rag", "declaration__legal_basis": "47-5"},
            {"A3": "needs_human"},
            "review review review",
            id="47-5",
        ),
        pytest.param({"declaration__purpose": "rag"}, {"A3": "unknown"}, "review review allow", id="RAG undeclared"),
        pytest.param(
            {
                "declaration__purpose": "rag",
                "robots": robots("User-agent: *\nContent-Signal: ai-train=no"),
                "declaration__output_contains_expression": False,
            },
            {"A3": "not_met", "B2": "not_met"},
            "allow allow allow",
            id="training reserved, RAG asked",
        ),
    ],
)
def test_before_the_fetch(changes: dict[str, Any], findings: dict[str, str], verdicts: str) -> None:
    found = outcomes(answer(case(**changes)))
    assert {name: found.get(name) for name in findings} == findings
    assert " ".join(str(answer(case(**changes), profile).verdict) for profile in PROFILES) == verdicts


LICENCE = {
    "licensor": "Site Co.",
    "scope": ["https://www.site.test/a/*"],
    "purposes": ["pretraining"],
    "valid_from": "2026-04-01",
    "valid_to": "2026-11-10",
    "reference": "L-1",
}


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({}, "met", "d2.in_force"),
        ({"scope": ["https://www.site.test/b/*"]}, "not_met", "d2.scope"),
        ({"scope": ["https://www.site.test/a"]}, "not_met", "d2.scope"),
        ({"purposes": ["evaluation"]}, "not_met", "d2.purpose"),
        ({"purposes": ["*"]}, "met", "d2.in_force"),
        ({"valid_to": "2026-11-09"}, "not_met", "d2.expired"),
        ({"valid_from": "2026-11-11", "valid_to": None}, "not_met", "d2.not_yet"),
    ],
)
def test_a_licence_fits_or_says_which_part_does_not(change: dict[str, Any], outcome: str, reason: str) -> None:
    basis = answer(case(declaration__licence=LICENCE | change, robots=robots("User-agent: *\nDisallow: /")))
    found = basis.finding("D2")
    assert found is not None
    assert (found.outcome, found.reason) == (outcome, reason)
    assert basis.verdict == ("allow" if outcome == "met" else "deny")
    assert ("D2" in [finding.criterion for finding in basis.reasons]) is (outcome == "met")


def test_a_licence_never_lifts_piracy() -> None:
    basis = answer(case(declaration__licence=LICENCE, list_notices=[notice(entry="site.test")]))
    assert basis.verdict == "deny"
    assert basis.reasons[0].criterion == "C1"


def response(status: int = 200, html: str | None = None, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": named, "html": html}


@pytest.mark.parametrize(
    ("told", "findings", "verdicts"),
    [
        (response(401, WWW_Authenticate="Basic"), {"B2": "met", "B4": "indicated"}, "deny deny deny"),
        (response(402), {"B1": "indicated", "B2": "met"}, "deny deny deny"),
        (response(403), {"B2": "met"}, "deny deny deny"),
        (response(407), {"B2": "unknown"}, "deny deny deny"),
        (response(451), {"B2": "met"}, "deny deny deny"),
        (response(429, Retry_After="10"), {"B2": "not_met"}, "allow allow allow"),
        (response(500), {"B2": "not_met"}, "allow allow allow"),
        (response(302, Location="https://login.site.test/?returnTo=%2Fa"), {"B2": "met"}, "deny deny deny"),
        (response(301, Location="https://www.site.test/a/2"), {"B2": "not_met"}, "allow allow allow"),
        (response(200, X_Robots_Tag="noai", Content_Type="image/png"), {"B2": "indicated"}, "deny deny review"),
        (
            response(200, X_Robots_Tag="otherbot: noai", Content_Type="image/png"),
            {"B2": "not_met"},
            "allow allow allow",
        ),
        (response(200, tdm_reservation="1", Content_Type="image/png"), {"B2": "indicated"}, "deny deny review"),
        (response(200, Content_Usage="train-ai=n", Content_Type="text/plain"), {"B2": "indicated"}, "deny deny review"),
        (response(200, "<meta name=robots content=noai><p>x"), {"B2": "indicated"}, "deny deny review"),
        (response(200, "<meta name='tdm-reservation' content='1'><p>x"), {"B2": "indicated"}, "deny deny review"),
        (response(200, "<!-- <meta name=robots content=noai> --><p>x"), {"B2": "not_met"}, "allow allow allow"),
        (
            response(
                200,
                '<script type="application/ld+json">{"@type":"Dataset","offers":{"price":"500","priceCurrency":"JPY"}}</script>',
            ),
            {"B1": "indicated", "B2": "not_met", "B4": "indicated"},
            "deny review allow",
        ),
        (
            response(200, '<script type="application/ld+json">{"@type":"Dataset","offers":{"price":"0"}}</script>'),
            {"B1": "not_met"},
            "allow allow allow",
        ),
    ],
)
def test_after_the_fetch(told: dict[str, Any], findings: dict[str, str], verdicts: str) -> None:
    table = case(stage="post_fetch", response=told)
    found = outcomes(answer(table))
    assert {name: found.get(name) for name in findings} == findings
    assert " ".join(str(answer(table, profile).verdict) for profile in PROFILES) == verdicts


def test_a_page_header_supersedes_the_tdmrep_file() -> None:
    files = {"/.well-known/tdmrep.json": [{"location": "/", "tdm-reservation": 1}]}
    table = case(stage="post_fetch", site_files=files, response=response(200, tdm_reservation="0", Content_Type="a/b"))
    assert outcomes(answer(table))["B2"] == "not_met"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "no-url"}, "url"),
        ({"fetch_time": None}, "fetch_time is missing"),
        ({"fetch_time": "2026-11-10T03:00:00"}, "has no zone"),
        ({"fetch_time": "yesterday"}, "not an ISO 8601"),
        ({"crawler": {}}, "crawler.token is missing"),
        ({"crawler": None}, "crawler is missing"),
        ({"declaration__purpose": "pretrainning"}, "did you mean 'pretraining'"),
        ({"declaration__purpose": None}, "purposes is empty"),
        ({"declaration__licence": {"licensor": "x"}}, "licences[0].scope is missing"),
        ({"declaration__licence": LICENCE | {"valid_to": "2025-01-01"}}, "before valid_from"),
        ({"stage": "prefetch"}, "did you mean 'pre_fetch'"),
        ({"list_notices": [notice(scope="domain")]}, "list_notices[0].scope"),
        ({"list_notices": [notice(received_at="2026-10-01T00:00:00")]}, "has no zone"),
        ({"robots": "text"}, "robots must be an object"),
        ({"robots__status": "200"}, "robots.status"),
        ({"stage": "post_fetch", "response": {"status": "x"}}, "response.status"),
    ],
)
def test_a_broken_case_is_told_what_and_where(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        answer(case(**changes))
    assert told in str(error.value)
