"""B5 in a gate at work: refusals are remembered, and what comes after them is compared; both records are named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlgate import Declaration, Denied, Gate, Held
from crawlgate.ledger.query import records
from crawlgate.model import Decision, Finding
from crawlgate.testing import FakeClock, FakeWeb, Page

SITE = "https://www.site.example"
AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0"


def gate(web: FakeWeb, home: Path, **options: Any) -> Gate:
    declared = Declaration(operator="Example Lab", token="ExampleBot", user_agent=AGENT, token_published=True)
    return Gate(declared, home=home, evidence_transport=web.transport(), **options)


def refusing(status: int = 403, **headers: str) -> FakeWeb:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return FakeWeb({f"{SITE}/a": Page("no", status, named), f"{SITE}/b": "<p>b</p>"})


def b5(decision: Decision) -> Finding:
    found = decision.basis.finding("B5")
    assert found is not None
    return found


def fetch(opened: Gate, web: FakeWeb, url: str, **headers: str) -> Decision | httpx.Response:
    """One request through an adapter: the response, or the decision that stood in its way."""
    with opened.httpx_client(transport=web.transport()) as client:
        try:
            return client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
        except (Denied, Held) as refused:
            return refused.decision


def exists(home: Path, record: str) -> bool:
    return any(found.id == record for found in records(home / "ledger"))


@pytest.mark.parametrize("status", [401, 402, 403, 429, 451])
def test_another_user_agent_after_a_refusal_is_met_with_both_records(tmp_path: Path, status: int) -> None:
    web = refusing(status)
    with gate(web, tmp_path) as opened:
        fetch(opened, web, f"{SITE}/a")
        asked = web.asked(f"{SITE}/a")
        answer = fetch(opened, web, f"{SITE}/a", user_agent=BROWSER)
    assert isinstance(answer, Decision)
    assert (answer.verdict, b5(answer).outcome, b5(answer).reason) == ("deny", "met", "b5.identity_changed")
    assert web.asked(f"{SITE}/a") == asked, "the second attempt never left"
    for name in ("refused", "record"):
        assert exists(tmp_path, re.match(r"[^:]+:[0-9]+", b5(answer).params[name])[0])  # type: ignore[index]


def test_the_refusal_is_remembered_by_other_gates_of_the_home_and_forgotten_in_time(tmp_path: Path) -> None:
    web, clock = refusing(), FakeClock()
    with gate(web, tmp_path, clock=clock) as first:
        fetch(first, web, f"{SITE}/a")
    with gate(web, tmp_path, clock=clock) as second:
        assert b5(second.check(f"{SITE}/a", user_agent=BROWSER)).outcome == "met"
        assert b5(second.check(f"{SITE}/b", user_agent=BROWSER)).reason == "b5.identity_changed_elsewhere"
    (tmp_path / "memory.sqlite").unlink()
    with gate(web, tmp_path, clock=clock) as rebuilt:
        assert b5(rebuilt.check(f"{SITE}/a", user_agent=BROWSER)).outcome == "met"
    clock.advance(31 * 24 * 3600)
    with gate(web, tmp_path, clock=clock) as later:
        assert b5(later.check(f"{SITE}/a", user_agent=BROWSER)).outcome == "not_met"


def test_a_gate_that_is_open_already_learns_of_it(tmp_path: Path) -> None:
    web = refusing()
    with gate(web, tmp_path) as one, gate(web, tmp_path) as other:
        assert b5(other.check(f"{SITE}/a", user_agent=BROWSER)).outcome == "not_met"
        fetch(one, web, f"{SITE}/a")
        assert b5(other.check(f"{SITE}/a", user_agent=BROWSER)).outcome == "met"


def test_a_damaged_index_is_made_again(tmp_path: Path) -> None:
    web = refusing()
    with gate(web, tmp_path) as opened:
        fetch(opened, web, f"{SITE}/a")
    for file in tmp_path.glob("memory.sqlite*"):
        file.unlink()
    (tmp_path / "memory.sqlite").write_bytes(b"no database at all" * 100)
    with gate(web, tmp_path) as opened:
        assert b5(opened.check(f"{SITE}/a", user_agent=BROWSER)).outcome == "met"


def test_another_proxy_after_a_refusal_is_met_and_the_same_one_is_not(tmp_path: Path) -> None:
    web = refusing()
    with gate(web, tmp_path) as opened:
        opened.inspect(f"{SITE}/a", status=403, proxy="p1")
        assert b5(opened.check(f"{SITE}/a", proxy="p1")).outcome == "not_met"
        found = b5(opened.check(f"{SITE}/a", proxy="p7"))
    assert (found.outcome, found.params["changed"]) == ("met", "proxy")


def test_a_new_version_of_the_own_name_and_coming_back_are_no_change(tmp_path: Path) -> None:
    web = refusing()
    with gate(web, tmp_path) as opened:
        fetch(opened, web, f"{SITE}/a")
        assert b5(opened.check(f"{SITE}/a", user_agent="ExampleBot/2.0")).outcome == "not_met"
        opened.inspect(f"{SITE}/b", status=403, user_agent=BROWSER)
        assert b5(opened.check(f"{SITE}/b")).outcome == "not_met"


def test_waiting_with_the_same_identity_is_good_conduct(tmp_path: Path) -> None:
    web = refusing(429, retry_after="120")
    with gate(web, tmp_path) as opened:
        assert isinstance(fetch(opened, web, f"{SITE}/a"), httpx.Response)
        web[f"{SITE}/a"] = Page("<p>here</p>")
        assert opened.check(f"{SITE}/a").allowed
        answer = fetch(opened, web, f"{SITE}/a")
    assert isinstance(answer, httpx.Response)
    found = [r for r in records(tmp_path / "ledger", kinds={"basis"}) if "b5.backed_off" in str(r.table)]
    assert found


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "met"),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", "met"),
        ("ExampleBot/1.0 (compatible; Googlebot/2.1)", "indicated"),
        ("ExampleBot/1.0 (like Googlebot)", "not_met"),
        (BROWSER, "not_met"),
    ],
)
def test_the_name_of_another_operators_crawler(tmp_path: Path, sent: str, outcome: str) -> None:
    with gate(FakeWeb(), tmp_path) as opened:
        decision = opened.check(f"{SITE}/a", user_agent=sent)
    assert b5(decision).outcome == outcome
    d3 = decision.basis.finding("D3")
    assert d3 is not None
    assert d3.outcome == ("met" if "ExampleBot" in sent else "not_met")


def test_a_session_cookie_that_was_brought_along_is_a_credential(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/a": "<p>a</p>"})
    with gate(web, tmp_path) as opened:
        answer = fetch(opened, web, f"{SITE}/a", cookie="lang=ja; PHPSESSID=4711")
        assert isinstance(answer, Decision)
        assert b5(answer).reason == "b5.credentials_without_licence"
        assert b5(answer).params["credentials"] == "a session cookie (PHPSESSID)"
        assert isinstance(fetch(opened, web, f"{SITE}/a", cookie="lang=ja; csrftoken=1; _ga=2"), httpx.Response)
    assert b"4711" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_cookie_that_the_site_gave_to_the_anonymous_crawler_is_none(tmp_path: Path) -> None:
    page = Page("<p>a</p>", headers={"set-cookie": "JSESSIONID=abc; Path=/; HttpOnly"})
    web = FakeWeb({f"{SITE}/a": page, f"{SITE}/b": "<p>b</p>"})
    with gate(web, tmp_path) as opened, opened.httpx_client(transport=web.transport()) as client:
        client.get(f"{SITE}/a")
        assert client.cookies.get("JSESSIONID") == "abc"
        assert client.get(f"{SITE}/b").status_code == 200


def test_a_cleared_challenge_that_was_brought_along_was_solved(tmp_path: Path) -> None:
    web = refusing(403, cf_mitigated="challenge")
    with gate(web, tmp_path) as opened:
        fetch(opened, web, f"{SITE}/a")
        answer = fetch(opened, web, f"{SITE}/a", cookie="cf_clearance=x")
        assert isinstance(answer, Decision)
        assert (b5(answer).outcome, b5(answer).reason) == ("met", "b5.challenge_solved")
        assert "challenge" in b5(answer).params["refused"]
        assert b5(opened.check(f"{SITE}/b", challenge_solved=True)).outcome == "met"


@pytest.mark.parametrize(
    "copy",
    [
        f"https://web.archive.org/web/20240101000000/{SITE}/private/1",
        "https://archive.ph/newest/www.site.example/private/1",
        "https://webcache.googleusercontent.com/search?q=cache:xyz:www.site.example/private/1",
        "https://www-site-example.translate.goog/private/1?_x_tr_sl=ja",
        "https://www-site-example.cdn.ampproject.org/c/s/www.site.example/private/1",
        f"https://mirror.example/get/{SITE}/private/1",
    ],
)
def test_a_kept_copy_of_a_refused_page_is_indicated_and_the_original_is_asked_first(tmp_path: Path, copy: str) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /private/"})
    with gate(web, tmp_path) as opened:
        decision = opened.check(copy)
        free = opened.check(copy.replace("private", "public"))
    assert (b5(decision).outcome, b5(decision).reason, decision.verdict) == ("indicated", "b5.other_route", "review")
    assert exists(tmp_path, b5(decision).params["refused"])
    assert b5(free).outcome == "not_met"


def test_a_copy_of_a_listed_site_is_suspected(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("manga-tide.example\n")
    from crawlgate import Blocklist

    lists = [Blocklist(listed, vouched_by="R. Mori", verified=True, issuer="RHA", issuer_kind="rights_holder")]
    with gate(FakeWeb(), tmp_path / "home", blocklists=lists) as opened:
        decision = opened.check("https://web.archive.org/web/2024/https://manga-tide.example/1")
    c2 = decision.basis.finding("C2")
    assert c2 is not None
    assert (c2.outcome, c2.reason) == ("indicated", "c2.copy_of")


@pytest.mark.parametrize("view", ["/a/amp/", "/a?outputType=amp", "/a?print=1", "/amp/a"])
def test_another_view_of_a_refused_page_and_the_second_one_is_a_habit(tmp_path: Path, view: str) -> None:
    web = FakeWeb({f"{SITE}/a": Page("no", 403), f"{SITE}/c": Page("no", 403)})
    with gate(web, tmp_path) as opened:
        fetch(opened, web, f"{SITE}/a")
        fetch(opened, web, f"{SITE}/c")
        first = opened.check(f"{SITE}{view}")
        assert b5(opened.check(f"{SITE}{view}")).reason == "b5.variant", "the same one again is no second one"
        second = opened.check(f"{SITE}/c?outputType=amp")
    assert (b5(first).outcome, b5(first).reason) == ("indicated", "b5.variant")
    assert (b5(second).outcome, b5(second).reason) == ("met", "b5.variant_again")


@pytest.mark.parametrize("host", ["m", "sp", "amp", "cdn"])
def test_a_side_host_of_a_refused_page(tmp_path: Path, host: str) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /private/"})
    with gate(web, tmp_path) as opened:
        assert opened.check(f"{SITE}/private/1").verdict == "deny"
        decision = opened.check(f"https://{host}.site.example/private/1")
        assert b5(opened.check(f"https://{host}.site.example/public/1")).outcome == "not_met"
    assert (b5(decision).outcome, b5(decision).params["original"]) == ("indicated", f"{SITE}/private/1")


def test_an_asset_on_another_host_whose_page_is_refused(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /illust/"})
    image = "https://static.gallerycdn.example/1.png"
    with gate(web, tmp_path) as opened:
        assert b5(opened.check(image, referrer=f"{SITE}/illust/1")).outcome == "not_met", "nothing is known of the page"
        opened.check(f"{SITE}/illust/1")
        found = b5(opened.check(image, referrer=f"{SITE}/illust/1"))
        assert b5(opened.check(image, referrer=f"{SITE}/blog/1")).outcome == "not_met"
    assert (found.outcome, found.reason) == ("indicated", "b5.other_route")


def test_a_page_that_names_a_refused_one_as_its_original(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /private/"})
    page = f'<html><head><link rel="canonical" href="{SITE}/private/1"></head><body>x</body></html>'.encode()
    with gate(web, tmp_path) as opened:
        opened.check(f"{SITE}/private/1")
        decision = opened.inspect(
            "https://copy.example/1", status=200, headers={"content-type": "text/html"}, body=page
        )
    assert b5(decision).reason == "b5.other_route"


def test_a_referrer_that_was_not_come_from_after_a_refusal(tmp_path: Path) -> None:
    web = refusing()
    with gate(web, tmp_path) as opened:
        fetch(opened, web, f"{SITE}/a")
        assert b5(opened.check(f"{SITE}/a", referrer="https://www.google.com/")).outcome == "indicated"
        assert b5(opened.check(f"{SITE}/b", referrer="https://www.google.com/")).outcome == "not_met"


def test_routes_that_change_before_any_refusal_are_a_pool(tmp_path: Path) -> None:
    with gate(FakeWeb(), tmp_path) as opened:
        assert b5(opened.check(f"{SITE}/1", proxy="p1")).outcome == "not_met"
        assert b5(opened.check(f"{SITE}/2", proxy="p1")).outcome == "not_met"
        assert b5(opened.check(f"{SITE}/3", proxy="p2")).reason == "b5.rotating"


def test_content_taken_after_an_own_deny(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /private/", f"{SITE}/private/1": "<p>x</p>"})
    page = {"status": 200, "headers": {"content-type": "text/html"}, "body": b"<p>x</p>"}
    with gate(web, tmp_path / "1") as opened:
        assert b5(opened.inspect(f"{SITE}/private/1", **page)).reason == "b5.robots_ignored"
        denied = opened.check(f"{SITE}/private/1")
        found = b5(opened.inspect(f"{SITE}/private/1", **page))
    assert (found.outcome, found.reason, found.params["refused"]) == ("met", "b5.fetched_after_deny", denied.record)
    with gate(web, tmp_path / "2", mode="observe") as watching:
        fetch(watching, web, f"{SITE}/private/1")
    written = list(records(tmp_path / "2" / "ledger", kinds={"basis"}))
    assert "b5.fetched_after_deny" in str(written[-1].table)


def test_what_is_not_seen_is_said(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/b": "<p>b</p>"})
    with gate(web, tmp_path) as opened:
        assert opened.check(f"{SITE}/b").not_assessed["check.attempts"] == "not_assessed.attempts_unseen"
        fetch(opened, web, f"{SITE}/b")
    behind = list(records(tmp_path / "ledger", kinds={"basis"}))[1:]
    assert behind
    assert not any("check.attempts" in record.table["not_assessed"] for record in behind)


def test_attempts_are_records_of_their_own(tmp_path: Path) -> None:
    web = refusing()
    with gate(web, tmp_path) as opened:
        fetch(opened, web, f"{SITE}/b")
        fetch(opened, web, f"{SITE}/a")
        fetch(opened, web, f"{SITE}/a", user_agent=BROWSER)
    noted = [record.table for record in records(tmp_path / "ledger", kinds={"attempt"})]
    assert [(n["url"], n["user_agent"], n.get("refusal"), n.get("status")) for n in noted] == [
        (f"{SITE}/a", AGENT, "http_403", 403),
        (f"{SITE}/a", BROWSER, None, None),
    ]
    assert noted[0]["site"] == "site.example"
    assert re.match(r"[^:]+:[0-9]+\Z", str(noted[0]["decision"]))
