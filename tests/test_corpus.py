"""A whole run: one creator's share, duplicates, volume of a site; and the register that people and pages fill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner

from crawlgate import Declaration, Gate
from crawlgate.audit.corpus import run_facts
from crawlgate.cli.corpus import corpus
from crawlgate.cli.register import register
from crawlgate.testing import FakeWeb, Page

SITE = "https://www.site.example"
LIMITS = """
name = "ours"
based_on = "standard"
[limits.single_creator_share]
value = 50
unit = "percent"
owner = "R. Mori"
date = 2026-11-01
reason = "decision of the data board"
[limits.site_pages]
value = 2
unit = "pages"
owner = "R. Mori"
date = 2026-11-01
reason = "decision of the data board"
[limits.duplicate_share]
value = 20
unit = "percent"
owner = "R. Mori"
date = 2026-11-01
reason = "decision of the data board"
"""


def page(author: str, text: str) -> Page:
    body = f'<html><head><meta name="author" content="{author}"></head><body><p>{text}</p></body></html>'
    return Page(body, headers={"content-type": "text/html"})


def gate(web: FakeWeb, home: Path, **options: Any) -> Gate:
    declared = Declaration(
        operator="Lab", token="ExampleBot", user_agent="ExampleBot/1.0 (+https://lab.example)", token_published=True
    )
    return Gate(declared, home=home, evidence_transport=web.transport(), **options)


def crawl(tmp_path: Path, **options: Any) -> tuple[Path, Any]:
    web = FakeWeb({f"{SITE}/{n}": page("Aida" if n < 3 else "Mori", f"text {n}") for n in range(4)})
    home = tmp_path / "home"

    # Bodies come in chunks, as from a socket, so that they are measured as they pass.
    def answer(request: httpx.Request) -> httpx.Response:
        ready = web.transport().handle_request(request)
        return httpx.Response(ready.status_code, headers=ready.headers, stream=httpx.ByteStream(ready.content))

    with gate(web, home, **options) as opened, opened.httpx_client(transport=httpx.MockTransport(answer)) as client:
        for n in (0, 1, 2, 3, 0):
            client.get(f"{SITE}/{n}")
        return home, {(f.site, f.finding.criterion): f for f in opened.corpus()}


def test_without_limits_it_is_for_a_person(tmp_path: Path) -> None:
    home, found = crawl(tmp_path)
    assert {key: str(item.finding.outcome) for key, item in found.items()} == {
        ("", "A2"): "needs_human",
        ("", "A4"): "needs_human",
        ("site.example", "B6"): "needs_human",
    }
    facts = run_facts(home / "ledger")
    assert (facts.fetches, facts.again, len(facts.works)) == (5, 1, 4)
    assert facts.creators == {"Aida": 3, "Mori": 1}


def test_limits_of_the_profile_are_named_with_their_owner(tmp_path: Path) -> None:
    profile = tmp_path / "ours.toml"
    profile.write_text(LIMITS)
    home, found = crawl(tmp_path, profile=str(profile))
    assert str(found["", "A2"].finding.outcome) == "needs_human"
    assert found["", "A2"].finding.reason == "a2.concentrated"
    assert found["", "A4"].finding.outcome == "not_met", "a fifth is not above a fifth"
    b6 = found["site.example", "B6"].finding
    assert (b6.outcome, b6.reason) == ("needs_human", "b6.volume_only")
    assert "4 > 2 pages (R. Mori, 2026-11-01)" in b6.params["told"]
    told = CliRunner().invoke(corpus, ["--home", str(home), "--profile", str(profile), "--format", "json"])
    assert told.exit_code == 0, told.output
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert [row["criterion"] for row in rows] == ["A2", "A4", "B6"]


def test_the_register_is_filled_by_people_and_read_by_the_next_gate(tmp_path: Path) -> None:
    web, home = FakeWeb({f"{SITE}/1": "<p>1</p>"}), tmp_path / "home"
    entry = ["add", "site.example", "--product", "api", "--by", "R. Mori", "--first-seen", "2026-01-01",
             "--url", "https://api.site.example/v1", "--price", "9", "--currency", "usd", "--home", str(home)]  # fmt: skip
    added = CliRunner().invoke(register, entry)
    assert added.exit_code == 0, added.output
    with gate(web, home) as opened:
        page_of_site = opened.check(f"{SITE}/1")
        product = opened.check("https://api.site.example/v1/articles")
    assert [str(d.basis.finding("B1").outcome) for d in (page_of_site, product)] == ["indicated", "met"]  # type: ignore[union-attr]
    assert str(page_of_site.basis.finding("B4").outcome) == "indicated"  # type: ignore[union-attr]
    listed = CliRunner().invoke(register, ["list", "--home", str(home), "--format", "json"])
    assert [json.loads(line)["source"] for line in listed.stdout.splitlines()] == ["R. Mori"]


def test_what_a_person_enters_wrongly_is_refused(tmp_path: Path) -> None:
    base = ["add", "x.example", "--product", "api", "--home", str(tmp_path)]
    for change, told in (
        (["--by", " "], "--by is empty"),
        (["--by", "A", "--first-seen", "2026-01-02", "--ended-at", "2026-01-01"], "--ended-at is before"),
        (["--by", "A", "--first-seen", "2026-01-02T00:00:00"], "has no zone"),
        (["--by", "A", "--url", "nothing"], "no scheme"),
    ):
        result = CliRunner().invoke(register, base + change)
        assert result.exit_code != 0
        assert told in str(result.exception)


def test_a_page_that_sells_data_is_known_to_the_next_gate(tmp_path: Path) -> None:
    sold = (
        '<script type="application/ld+json">{"@type":"Dataset","offers":{"price":"500","priceCurrency":"JPY"}}</script>'
    )
    web = FakeWeb({f"{SITE}/ds": Page(sold), f"{SITE}/1": "<p>1</p>"})
    with gate(web, tmp_path) as opened:
        before = opened.check(f"{SITE}/1")
        opened.inspect(f"{SITE}/ds", status=200, headers={"content-type": "text/html"}, body=sold.encode())
        after = opened.check(f"{SITE}/1")
    with gate(web, tmp_path) as again:
        later = again.check(f"{SITE}/1")
    outcomes = [str(d.basis.finding("B1").outcome) for d in (before, after, later)]  # type: ignore[union-attr]
    assert outcomes == ["not_met", "indicated", "indicated"]


def test_bodies_that_were_not_measured_are_no_zero(tmp_path: Path) -> None:
    """A share of duplicates and a volume that nobody could count are not known, even where a limit is set."""
    web, home = FakeWeb({f"{SITE}/{n}": page("Aida", "the same") for n in range(3)}), tmp_path / "home"
    profile = tmp_path / "ours.toml"
    profile.write_text(LIMITS, "utf-8")
    file = httpx.MockTransport(
        lambda _: httpx.Response(200, content=b"%PDF", headers={"content-type": "application/pdf"})
    )
    with gate(web, home, profile=profile) as opened:
        with opened.httpx_client(transport=file) as client:  # files in one piece pass unmeasured
            for n in range(3):
                client.get(f"{SITE}/{n}")
        found = {entry.finding.criterion: entry.finding for entry in opened.corpus()}
    facts = run_facts(home / "ledger")
    assert (facts.fetches, facts.measured) == (3, 0)
    assert "A4" not in found
    assert "bytes" not in found["B6"].params.get("told", "")
