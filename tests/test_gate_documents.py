"""Licences and policies that files and pages name: asked for once, where robots.txt lets us, read before the answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from crawlgate import AsyncGate, Blocklist, Denied, Gate, Held
from crawlgate.cases import judge, read_case
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from crawlgate.policy import load_profile
from crawlgate.testing import FakeWeb, Page
from tests.test_gate import SITE, declaration, gate

LICENCES = "https://licences.example"
OPEN = "User-agent: *\nAllow: /"
REFUSING = (
    '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    '<prohibits type="usage">ai-train</prohibits></license></content></rsl>'
)
GRANTING = REFUSING.replace("prohibits", "permits")
LINK = {"link": f'<{LICENCES}/l.xml>; rel="license"; type="application/rsl+xml"'}
POLICY = {
    "@context": ["http://www.w3.org/ns/odrl.jsonld", "http://www.w3.org/ns/tdmrep.jsonld"],
    "@type": "Offer",
    "profile": "http://www.w3.org/ns/tdmrep",
    "assigner": {"vcard:hasURL": "https://site.example/licensing"},
    "permission": [{"action": "tdm:mine", "duty": [{"action": "compensate"}]}],
}


def json_page(value: Any) -> Page:
    return Page(json.dumps(value), headers={"content-type": "application/ld+json"})


def web(**more: Any) -> FakeWeb:
    return FakeWeb({f"{SITE}/robots.txt": OPEN, f"{LICENCES}/robots.txt": OPEN, **more})


def inspect(opened: Gate, path: str = "/a", **answer: Any) -> Any:
    given = {"status": 200, "headers": {"content-type": "text/html", **LINK}, "body": b"<title>x</title><p>y"}
    return opened.inspect(f"{SITE}{path}", **given | answer)


def test_a_licence_in_a_link_header_is_read_before_the_answer(tmp_path: Path) -> None:
    asked = web(**{f"{LICENCES}/l.xml": REFUSING})
    with gate(asked, tmp_path) as opened:
        decision = inspect(opened)
        again = inspect(opened, "/b")
    assert (decision.verdict, again.verdict) == ("deny", "deny")
    (signal,) = [s for s in decision.reasons[0].signals if s.kind == "rsl.prohibits"]
    assert signal.detail["licence"] == f"{LICENCES}/l.xml"
    assert "check.licence" not in decision.not_assessed
    assert asked.asked(f"{LICENCES}/l.xml") == asked.asked(f"{LICENCES}/robots.txt") == 1
    kept = [record for record in records(tmp_path / "ledger") if record.kind == "evidence"]
    assert {record.table["url"] for record in kept} >= {f"{LICENCES}/l.xml", f"{LICENCES}/robots.txt"}
    assert signal.evidence in decision.basis.evidence
    assert verify(tmp_path / "ledger").ok


@pytest.mark.parametrize(
    ("pages", "verdict"),
    [
        ({f"{LICENCES}/l.xml": GRANTING}, "allow"),
        ({f"{LICENCES}/l.xml": Page(status=404)}, "deny"),
        ({f"{LICENCES}/l.xml": "<!doctype html><p>Not here"}, "deny"),
        ({f"{LICENCES}/l.xml": GRANTING, f"{LICENCES}/robots.txt": "User-agent: *\nDisallow: /"}, "deny"),
        ({f"{LICENCES}/l.xml": GRANTING, f"{LICENCES}/robots.txt": Page(status=503)}, "deny"),
    ],
)
def test_a_licence_that_cannot_be_had_licenses_nothing(tmp_path: Path, pages: dict[str, Any], verdict: str) -> None:
    asked = web(**pages)
    with gate(asked, tmp_path) as opened:
        assert inspect(opened).verdict == verdict
    if f"{LICENCES}/robots.txt" in pages:
        assert asked.asked(f"{LICENCES}/l.xml") == 0


@pytest.mark.parametrize("where", ["page", "header"])
def test_clients_wait_for_the_licence(tmp_path: Path, where: str) -> None:
    markup = f"<head><link rel=license type=application/rsl+xml href={LICENCES}/l.xml></head><p>y"
    page = Page(markup) if where == "page" else Page(b"\x89PNG", headers={"content-type": "image/png", **LINK})
    asked = web(**{f"{SITE}/a": page, f"{LICENCES}/l.xml": REFUSING})
    with gate(asked, tmp_path) as opened, opened.httpx_client(transport=asked.transport()) as client:
        with pytest.raises(Denied) as refused:
            client.get(f"{SITE}/a")
        asked[f"{LICENCES}/l.xml"] = GRANTING
    assert refused.value.decision.reasons[0].signals[0].kind == "rsl.prohibits"

    async def run() -> None:
        async with (
            AsyncGate(declaration(), home=tmp_path / "async", evidence_transport=asked.transport()) as opened,
            opened.httpx_async_client(transport=asked.transport()) as client,
        ):
            assert (await client.get(f"{SITE}/a")).status_code == 200
            assert (await client.get(f"{SITE}/a")).status_code == 200

    asyncio.run(run())
    assert asked.asked(f"{LICENCES}/l.xml") == 2  # once for each gate


def test_nothing_is_asked_for_where_the_answer_is_settled(tmp_path: Path) -> None:
    asked = web(**{f"{LICENCES}/l.xml": GRANTING})
    with gate(asked, tmp_path) as opened:
        decision = inspect(opened, headers={"content-type": "text/html", "x-robots-tag": "noai", **LINK})
    assert decision.verdict == "deny"
    assert decision.not_assessed["check.licence"] == "not_assessed.licence_not_fetched"
    assert asked.asked(f"{LICENCES}/l.xml") == 0


def test_a_site_cannot_make_us_ask_without_end(tmp_path: Path) -> None:
    asked = web()
    links = [
        ", ".join(f'<{SITE}/{page}-{n}.xml>; rel="license"; type="application/rsl+xml"' for n in range(8))
        for page in range(5)
    ]
    with gate(asked, tmp_path) as opened:
        answers = [
            inspect(opened, f"/{n}", headers={"content-type": "text/html", "link": link})
            for n, link in enumerate(links)
        ]
        most = opened.limits.named_documents
    assert sum(url.endswith(".xml") for _, url in asked.requests) == most
    assert answers[-1].not_assessed["check.licence"] == "not_assessed.licence_not_fetched"


def test_a_listed_host_is_not_contacted_for_a_licence(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("licences.example\n")
    asked = web(**{f"{LICENCES}/l.xml": GRANTING})
    lists = [Blocklist(listed, verified=True, vouched_by="A. Person", issuer="Example Association")]
    with gate(asked, tmp_path / "home", blocklists=lists) as opened:
        inspect(opened)
    assert not [url for _, url in asked.requests if url.startswith(LICENCES)]


def test_a_permit_that_nobody_completes_lets_no_page_pass_unseen(tmp_path: Path) -> None:
    with gate(web(), tmp_path) as opened:
        permit = opened.open(f"{SITE}/a")
        assert permit.see_headers(200, {"content-type": "text/html"})
        with pytest.raises((Denied, Held)):
            permit.enforce()
        named = opened.open(f"{SITE}/b")
        assert not named.see_headers(200, {"content-type": "image/png", **LINK})
        named.enforce()
        assert named.decision is not None
        assert named.decision.not_assessed["check.licence"] == "not_assessed.licence_not_fetched"


# --- TDM policies ------------------------------------------------------------------------------------------

RESERVED = f'[{{"location": "/", "tdm-reservation": 1, "tdm-policy": "{SITE}/p.json"}}]'


def test_the_policy_of_tdmrep_json_is_read_with_it(tmp_path: Path) -> None:
    asked = web(**{f"{SITE}/.well-known/tdmrep.json": RESERVED, f"{SITE}/p.json": json_page(POLICY)})
    with gate(asked, tmp_path) as opened:
        decision = opened.check(f"{SITE}/a")
        opened.check(f"{SITE}/b")
    assert asked.asked(f"{SITE}/p.json") == 1
    found = {finding.criterion: finding for finding in decision.findings}
    assert (found["B1"].outcome, found["B2"].outcome) == ("indicated", "indicated")
    signals = {signal.kind: signal for signal in found["B2"].signals}
    assert signals["tdmrep.file"].polarity == signals["tdmrep.policy"].polarity == "priced"
    assert signals["tdmrep.policy"].detail["contact"] == "https://site.example/licensing"
    assert signals["tdmrep.policy"].evidence in decision.basis.evidence


@pytest.mark.parametrize(
    "pages",
    [
        {},
        {f"{SITE}/p.json": Page(status=500)},
        {f"{SITE}/p.json": Page("<!doctype html><p>Please write to us.", headers={"content-type": "text/html"})},
        {f"{SITE}/p.json": "{"},
        {f"{SITE}/robots.txt": "User-agent: *\nDisallow: /p.json"},
    ],
)
def test_a_policy_that_cannot_be_read_leaves_the_reservation(tmp_path: Path, pages: dict[str, Any]) -> None:
    asked = web(**{f"{SITE}/.well-known/tdmrep.json": RESERVED, **pages})
    with gate(asked, tmp_path) as opened:
        decision = opened.check(f"{SITE}/a")
    (signal,) = decision.reasons[0].signals
    assert (signal.kind, signal.polarity) == ("tdmrep.file", "reserved")
    assert signal.detail["policy_read"]
    assert decision.verdict == "deny"
    if f"{SITE}/robots.txt" in pages:
        assert asked.asked(f"{SITE}/p.json") == 0


def test_a_policy_in_a_header_or_a_page_is_read_before_the_answer(tmp_path: Path) -> None:
    asked = web(**{f"{SITE}/p.json": json_page(POLICY)})
    markup = b"<head><meta name=tdm-reservation content=1><meta name=tdm-policy content=/p.json></head>"
    observing = {"mode": "observe"}  # the reservation alone denies already; what is observed is read to the end
    with gate(asked, tmp_path, **observing) as opened:
        by_header = inspect(
            opened, headers={"content-type": "image/png", "tdm-reservation": "1", "tdm-policy": "/p.json"}
        )
        by_page = inspect(opened, headers={"content-type": "text/html"}, body=markup)
    for decision, kind in ((by_header, "tdmrep.header"), (by_page, "tdmrep.meta")):
        signals = {signal.kind: signal.polarity for signal in decision.reasons[0].signals}
        assert signals == {kind: "priced", "tdmrep.policy": "priced"}
    assert asked.asked(f"{SITE}/p.json") == 1


# --- Cases -------------------------------------------------------------------------------------------------


def test_a_case_is_judged_with_the_documents_it_tells_of() -> None:
    case: dict[str, Any] = {
        "id": "x",
        "stage": "post_fetch",
        "url": f"{SITE}/a",
        "fetch_time": "2026-11-10T03:00:00Z",
        "crawler": {"token": "ExampleBot", "user_agent": "ExampleBot/1.0", "token_published": True},
        "declaration": {"purpose": "pretraining"},
        "robots": {"status": 200, "body": OPEN},
        "response": {"status": 200, "headers": {"content-type": "text/html", **LINK}, "html": "<p>y"},
    }
    profile = load_profile("standard")
    for files, verdict in (
        ({}, "deny"),
        ({f"{LICENCES}/l.xml": GRANTING}, "allow"),
        ({f"{LICENCES}/l.xml": REFUSING}, "deny"),
    ):
        assert judge(read_case({**case, "site_files": files}), profile).verdict == verdict


def test_the_ledger_of_these_answers_is_whole(tmp_path: Path) -> None:
    asked = web(**{f"{LICENCES}/l.xml": GRANTING, f"{SITE}/a": Page("<p>y", headers=LINK)})
    with gate(asked, tmp_path) as opened, opened.httpx_client(transport=asked.transport()) as client:
        client.get(f"{SITE}/a")
    assert [decision.verdict for decision in decisions(tmp_path / "ledger")] == ["allow", "allow"]
    assert verify(tmp_path / "ledger").ok


# --- Pages that cannot be seen whole -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type", ["text/html", "application/xhtml+xml", "application/xml", "unknown/unknown", "", "html"]
)
def test_whatever_a_browser_shows_as_a_page_is_read_as_one(tmp_path: Path, media_type: str) -> None:
    markup = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><meta name="robots" content="noai"/></head></html>'
    with gate(web(), tmp_path) as opened:
        decision = inspect(opened, headers={"content-type": media_type} if media_type else {}, body=markup)
    assert decision.verdict == "deny"
    assert decision.reasons[0].signals[0].kind == "robots_tag.noai"


@pytest.mark.parametrize("media_type", ["image/svg+xml", "application/rss+xml", "text/plain", "image/png"])
def test_what_is_no_page_has_no_head(tmp_path: Path, media_type: str) -> None:
    with gate(web(), tmp_path) as opened:
        decision = inspect(
            opened, headers={"content-type": media_type}, body=b'<rss><meta name="robots" content="noai"/></rss>'
        )
    assert decision.verdict == "allow"


def test_a_head_that_is_longer_than_is_read_is_unknown(tmp_path: Path) -> None:
    padding = b"<style>" + b"x" * 400_000 + b"</style>"
    with gate(web(), tmp_path) as opened:
        cut = inspect(opened, headers={"content-type": "text/html"}, body=b"<head>" + padding + b"</head><p>y")
        whole = inspect(opened, headers={"content-type": "text/html"}, body=b"<head></head><body>" + padding)
    assert (cut.verdict, cut.temporary) == ("deny", True)
    assert cut.reasons[0].reason == "b2.head_cut"
    assert whole.verdict == "allow"
