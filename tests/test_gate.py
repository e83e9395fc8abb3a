"""The gate over a web in memory: check before, inspect after, records first, nothing silent."""

from __future__ import annotations

import gzip
import hashlib
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlgate import AsyncGate, Blocklist, ConfigError, Declaration, Denied, Gate, Held, LedgerError, Licence, Limits
from crawlgate.audit import Inquiry
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from crawlgate.testing import FakeClock, FakeWeb, Page

SITE = "https://site.example"
YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def declaration(**changes: Any) -> Declaration:
    values: dict[str, Any] = {
        "operator": "Example Lab",
        "token": "ExampleBot",
        "user_agent": "ExampleBot/1.0 (+https://lab.example/bot)",
        "token_published": True,
    }
    return Declaration(**values | changes)


def gate(web: FakeWeb, home: Path, **options: Any) -> Gate:
    declared = options.pop("declared", None) or declaration()
    return Gate(declared, home=home, evidence_transport=web.transport(), **options)


def test_a_check_fetches_policy_files_once_and_records_before_it_answers(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /private"})
    with gate(web, tmp_path) as opened:
        allowed = opened.check(f"{SITE}/a")
        denied = opened.check(f"{SITE}/private/1")
        written = list(decisions(tmp_path / "ledger"))
    assert (allowed.verdict, denied.verdict) == ("allow", "deny")
    assert [d.record for d in written] == [allowed.record, denied.record]
    assert web.requests == [("GET", f"{SITE}/robots.txt"), ("GET", f"{SITE}/.well-known/tdmrep.json")]
    signal = denied.reasons[0].signals[0]
    assert (signal.line, signal.raw) == (2, "Disallow: /private")
    assert verify(tmp_path / "ledger").ok


def test_the_robots_body_is_kept_with_its_hash(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nAllow: /\n"})
    with gate(web, tmp_path) as opened:
        decision = opened.check(f"{SITE}/a")
    kept = {r.table["id"]: r.table for r in records(tmp_path / "ledger", kinds={"evidence"})}
    robots = kept[decision.basis.evidence[0]]
    assert robots["sha256"] == hashlib.sha256(b"User-agent: *\nAllow: /\n").hexdigest()
    assert robots["bytes"] == len("User-agent: *\nAllow: /\n")
    assert (tmp_path / "evidence" / robots["location"]["file"]).exists()


def test_tdmrep_is_not_fetched_where_robots_keeps_us_out(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /\nAllow: /open/"})
    with gate(web, tmp_path) as opened:
        decision = opened.check(f"{SITE}/open/1")
    assert decision.allowed
    assert decision.not_assessed["check.tdmrep"] == "not_assessed.robots_disallows_it"
    assert web.asked(f"{SITE}/.well-known/tdmrep.json") == 0


@pytest.mark.parametrize(
    "answer",
    [
        Page(status=503),
        Page(status=429),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        Page(status=302, headers={"location": "/robots.txt"}),
    ],
)
def test_a_robots_txt_that_cannot_be_had_denies_for_now(tmp_path: Path, answer: Any) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": answer})
    clock = FakeClock()
    with gate(web, tmp_path, clock=clock) as opened:
        first = opened.check(f"{SITE}/a")
        again = opened.check(f"{SITE}/b")
        asked = web.asked(f"{SITE}/robots.txt")
        web[f"{SITE}/robots.txt"] = "User-agent: *\nAllow: /"
        clock.advance(opened.limits.unreachable_retry + 1)
        later = opened.check(f"{SITE}/a")
    assert (first.verdict, first.temporary, again.verdict) == ("deny", True, "deny")
    assert asked <= opened.limits.robots_redirects + 1
    assert web.asked(f"{SITE}/.well-known/tdmrep.json") == 1
    assert later.allowed


def test_robots_txt_is_never_older_than_a_day(tmp_path: Path) -> None:
    web, clock = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nAllow: /"}), FakeClock()
    with gate(web, tmp_path, clock=clock) as opened:
        opened.check(f"{SITE}/a")
        clock.advance(23.9 * 3600)
        opened.check(f"{SITE}/a")
        assert web.asked(f"{SITE}/robots.txt") == 1
        web[f"{SITE}/robots.txt"] = "User-agent: *\nDisallow: /"
        clock.advance(0.2 * 3600)
        assert opened.check(f"{SITE}/a").verdict == "deny"
        assert web.asked(f"{SITE}/robots.txt") == 2


def test_robots_redirects_are_followed_and_stand_for_the_first_authority(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            f"{SITE}/robots.txt": Page(status=301, headers={"location": "https://www.site.example/robots.txt"}),
            "https://www.site.example/robots.txt": "User-agent: *\nDisallow: /x",
        }
    )
    with gate(web, tmp_path) as opened:
        assert opened.check(f"{SITE}/x").verdict == "deny"
        assert opened.check(f"{SITE}/y").verdict == "allow"


def test_a_listed_site_is_not_contacted(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("pirate-manga.example\n", "utf-8")
    web = FakeWeb()
    blocklist = Blocklist(listed, vouched_by="Reviewer", verified=True, issuer="Rights Holders")
    with gate(web, tmp_path / "home", blocklists=[blocklist]) as opened:
        decision = opened.check("https://img.pirate-manga.example/1")
        other = opened.check("https://notpirate-manga.example/1")
    assert decision.verdict == "deny"
    assert decision.reasons[0].criterion == "C1"
    assert decision.not_assessed["B2"] == "not_assessed.listed_site"
    assert other.allowed
    assert not any("//img.pirate" in url for _, url in web.requests)


def test_a_list_nobody_vouches_for_only_holds(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("pirate-manga.example\n", "utf-8")
    with gate(FakeWeb(), tmp_path / "home", blocklists=[listed]) as opened:
        assert opened.check("https://pirate-manga.example/").verdict == "review"


def test_what_a_page_sells_is_remembered(tmp_path: Path) -> None:
    page = (
        '<html><head><script type="application/ld+json">{"@type": "Dataset", "offers": {"price": "500", '
        '"priceCurrency": "JPY"}, "distribution": {"contentUrl": "/data/full.csv"}}</script></head><body>x</body></html>'
    )
    with gate(FakeWeb(), tmp_path) as opened:
        before = opened.check(f"{SITE}/data/full.csv")
        landing = opened.inspect(f"{SITE}/data", status=200, headers={"content-type": "text/html"}, body=page.encode())
        product = opened.check(f"{SITE}/data/full.csv")
        beside = opened.check(f"{SITE}/blog")
    outcomes = [d.basis.finding("B1").outcome for d in (before, landing, product, beside)]  # type: ignore[union-attr]
    assert outcomes == ["not_met", "indicated", "met", "indicated"]
    assert [d.verdict for d in (before, landing, product, beside)] == ["allow", "review", "deny", "review"]


def test_origins_are_kept_up_to_a_number_of_bytes_and_asked_again_after(tmp_path: Path) -> None:
    closed = "User-agent: *\nDisallow: /closed\n" + "# \n" * 200
    sites = [f"https://site{n}.example" for n in range(4)]
    web = FakeWeb({f"{site}/robots.txt": closed for site in sites})
    with gate(web, tmp_path, limits=Limits(policy_bytes=2 * len(closed))) as opened:
        for _ in range(2):
            assert [opened.check(f"{site}/closed").verdict for site in sites] == ["deny"] * 4
        assert [web.asked(f"{site}/robots.txt") for site in sites] == [2] * 4
        assert opened.check(f"{sites[-1]}/closed").verdict == "deny"
        assert web.asked(f"{sites[-1]}/robots.txt") == 2, "the newest are still kept"


def test_what_a_page_sells_is_remembered_when_its_origin_is_no_longer_kept(tmp_path: Path) -> None:
    page = (
        '<html><head><script type="application/ld+json">{"@type": "Dataset", "offers": {"price": "500", '
        '"priceCurrency": "JPY"}, "distribution": {"contentUrl": "/data/full.csv"}}</script></head><body>x</body></html>'
    )
    with gate(FakeWeb(), tmp_path, limits=Limits(origins=1)) as opened:
        opened.inspect(f"{SITE}/data", status=200, headers={"content-type": "text/html"}, body=page.encode())
        assert opened.check("https://other.example/").allowed
        assert opened.check(f"{SITE}/data/full.csv").verdict == "deny"


def test_a_licence_in_force_lifts_what_it_covers(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /"})
    licence = Licence(
        licensor="Site Co.", scope=(f"{SITE}/licensed/*",), purposes=("pretraining",), valid_from=YEAR, reference="L-1"
    )
    with gate(web, tmp_path, declared=declaration(licences=[licence])) as opened:
        assert opened.check(f"{SITE}/licensed/1").allowed
        assert opened.check(f"{SITE}/other").verdict == "deny"


def test_inspect_judges_status_headers_and_head(tmp_path: Path) -> None:
    with gate(FakeWeb(), tmp_path) as opened:
        fine = opened.inspect(
            f"{SITE}/a", status=200, headers={"Content-Type": "text/html"}, body=b"<title>x</title>hi"
        )
        noai = opened.inspect(f"{SITE}/b", status=200, headers=[("X-Robots-Tag", "noai")], body=b"")
        wall = opened.inspect(f"{SITE}/c", status=401, headers={"WWW-Authenticate": "Basic"})
        words = opened.inspect(f"{SITE}/d", status=200, body="<body><footer>AI学習禁止</footer>".encode())
    assert [d.verdict for d in (fine, noai, wall, words)] == ["allow", "deny", "deny", "review"]
    assert "D1" not in fine.not_assessed
    released = [r.table["disposition"] for r in records(tmp_path / "ledger", kinds={"outcome"})]
    assert released == ["released", "discarded", "discarded", "held"]


def test_refusals_carry_the_decision_read_well_and_can_be_pickled(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /no\n\nUser-agent: GPTBot\nDisallow: /"})
    with gate(web, tmp_path) as opened:
        with pytest.raises(Denied) as denied:
            opened.open(f"{SITE}/no")
        with pytest.raises(Held) as held:
            opened.open(f"{SITE}/news")
    assert denied.value.decision.verdict == "deny"
    assert str(denied.value).startswith(f"deny: {SITE}/no\n  B2 ")
    assert "Disallow: /no" in str(denied.value)
    assert "not assessed" not in str(denied.value)
    assert "GPTBot" in str(held.value)
    again = pickle.loads(pickle.dumps(held.value))
    assert (str(again), again.decision) == (str(held.value), held.value.decision)


def test_observe_mode_records_and_never_blocks(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /", f"{SITE}/x": "<p>text</p>"})
    with gate(web, tmp_path, mode="observe") as opened, opened.httpx_client(transport=web.transport()) as client:
        assert client.get(f"{SITE}/x").text == "<p>text</p>"
    written = list(decisions(tmp_path / "ledger"))
    assert {(d.verdict, d.enforced) for d in written} == {("deny", False)}


def test_answers_stop_when_the_ledger_does(tmp_path: Path) -> None:
    opened = gate(FakeWeb(), tmp_path)
    opened.check(f"{SITE}/a")
    opened.close()
    with pytest.raises(LedgerError):
        opened.check(f"{SITE}/a")


def test_decisions_do_not_depend_on_the_order_of_asking(tmp_path: Path) -> None:
    robots = "User-agent: *\nDisallow: /a\nContent-Usage: /b train-ai=n\n\nUser-agent: CCBot\nDisallow: /c"
    urls = [f"{SITE}/{path}" for path in ("a", "b", "c", "d")]
    answers = []
    for n, order in enumerate((urls, urls[::-1])):
        with gate(FakeWeb({f"{SITE}/robots.txt": robots}), tmp_path / str(n), clock=FakeClock()) as opened:
            answers.append({url: opened.check(url) for url in order})
    for url in urls:
        first, second = (answer[url] for answer in answers)
        assert first.basis == second.basis


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"mode": "enforced"}, "did you mean 'enforce'"),
        ({"profile": "strictt"}, "did you mean 'strict'"),
        ({"blocklists": "list.txt"}, "write a list of paths"),
        ({"allow_addresses": ["10.0.0.0/33"]}, "10.0.0.0/33"),
    ],
)
def test_wrong_options_are_told_at_once(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        gate(FakeWeb(), tmp_path, **options)
    assert told in str(error.value)


def test_an_address_is_asked_about_only_where_it_is_allowed(tmp_path: Path) -> None:
    with gate(FakeWeb(), tmp_path, allow_addresses=["127.0.0.0/8"]) as opened:
        assert opened.check("http://127.0.0.1:8000/").allowed
        assert opened.check("http://10.0.0.1/").problem == "ip_literal"
        assert opened.check("http://0x7f.1:8000/").url == "http://127.0.0.1:8000/"


@pytest.mark.parametrize("backend", ["asyncio"])
def test_the_async_gate_answers_alike(tmp_path: Path, backend: str) -> None:
    import anyio

    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /no", f"{SITE}/yes": "hello"})

    async def run() -> tuple[str, str, str]:
        async with AsyncGate(declaration(), home=tmp_path, evidence_transport=web.transport()) as opened:
            checked = await opened.check(f"{SITE}/no")
            inspected = await opened.inspect(f"{SITE}/yes", status=403)
            async with opened.httpx_async_client(transport=web.transport()) as client:
                with pytest.raises(Denied):
                    await client.get(f"{SITE}/no")
                page = await client.get(f"{SITE}/yes")
            return checked.verdict, inspected.verdict, page.text

    assert anyio.run(run, backend=backend) == ("deny", "deny", "hello")
    assert web.asked(f"{SITE}/no") == 0


def test_inquire_answers_from_the_ledger(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": "User-agent: *\nDisallow: /no", f"{SITE}/yes": "hello"})
    with gate(web, tmp_path) as opened, opened.httpx_client(transport=web.transport()) as client:
        client.get(f"{SITE}/yes")
        opened.check(f"{SITE}/no")
        opened.check("https://www.site.example/")
    asked = [f"{SITE}/yes", f"{SITE}/no", "site.example", "www.site.example", "elsewhere.example", "https://"]
    with Inquiry(tmp_path) as inquiry:
        answers = {item.asked.text: item for item in inquiry.answers(asked)}
    assert [answers[text].answer for text in asked] == ["yes", "no", "yes", "not_covered", "not_covered", "unreadable"]
    (page,) = answers[f"{SITE}/yes"].addresses
    assert [step.decision.verdict for step in page.steps] == ["allow", "allow"]
    assert answers["site.example"].counts == {"yes": 1, "no": 1, "not_covered": 1}


def test_inspect_reads_what_is_embedded_in_a_file(tmp_path: Path) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" '
        'plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"/></rdf:RDF></x:xmpmeta>'
    )
    with gate(FakeWeb(), tmp_path) as opened:
        said = opened.inspect(
            f"{SITE}/a.jpg", status=200, headers={"content-type": "image/jpeg"}, body=b"\xff\xd8" + packet.encode()
        )
        silent = opened.inspect(f"{SITE}/b.jpg", status=200, headers={"content-type": "image/jpeg"}, body=b"\xff\xd8xx")
    assert (said.verdict, said.reasons[0].signals[0].kind) == ("deny", "iptc.data_mining")
    assert silent.allowed


@pytest.mark.parametrize(
    ("files", "options", "verdict"),
    [
        ({"robots.txt": "License: /l.xml\nUser-agent: *\nAllow: /", "l.xml": '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><prohibits type="usage">ai-train</prohibits></license></content></rsl>'}, {}, "deny"),
        ({"robots.txt": "License: /l.xml\nUser-agent: *\nAllow: /", "l.xml": '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><permits type="usage">all</permits></license></content></rsl>'}, {}, "allow"),
        ({"robots.txt": "License: /l.xml\nUser-agent: *\nAllow: /"}, {}, "deny"),
        ({"trust.txt": "datatrainingallowed=no\n"}, {}, "allow"),
        ({"trust.txt": "datatrainingallowed=no\n"}, {"policy_files": ["trust_txt"]}, "deny"),
        ({".well-known/trust.txt": "datatrainingallowed=no\n"}, {"policy_files": ["trust_txt"]}, "deny"),
        ({"ai.txt": "User-Agent: *\nDisallow: *.jpg\n"}, {"policy_files": ["ai_txt"]}, "deny"),
    ],
)  # fmt: skip
def test_licences_and_optional_files(tmp_path: Path, files: dict[str, str], options: Any, verdict: str) -> None:
    web = FakeWeb({f"{SITE}/{path}": body for path, body in files.items()})
    with gate(web, tmp_path, **options) as opened:
        decision = opened.check(f"{SITE}/a.jpg")
    assert decision.verdict == verdict, decision.explain()
    asked = "check.trust_txt" in decision.not_assessed
    assert asked is ("trust_txt" not in options.get("policy_files", ()))


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("https://www.press.example/*", "must be a list"),
        (["*"], "must be a URL with a path"),
        (["https://www.press.example*"], "must be a URL with a path"),
    ],
)
def test_a_licence_cannot_cover_more_than_its_author_means(scope: Any, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        Licence(licensor="P", scope=scope, purposes=("*",))
    assert told in str(error.value)


def test_a_licence_for_a_host_pattern_stays_within_hosts(tmp_path: Path) -> None:
    web = FakeWeb(
        dict.fromkeys((f"{SITE}/robots.txt", "https://a.press.example/robots.txt"), "User-agent: *\nDisallow: /")
    )
    licence = Licence(licensor="P", scope=("https://*.press.example/*",), purposes=("*",), valid_from=YEAR)
    with gate(web, tmp_path, declared=declaration(licences=[licence])) as opened:
        assert opened.check("https://a.press.example/x").allowed
        assert opened.check(f"{SITE}/a.press.example/x").verdict == "deny"


def test_a_misspelt_option_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'blocklists'"):
        gate(FakeWeb(), tmp_path, blocklist=["list.txt"])


@pytest.mark.parametrize("limits", [{"robots_bytes": 0}, {"origins": -1}, {"robots_max_age": 1e9}])
def test_limits_that_would_open_the_gate_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Limits(**limits)


@pytest.mark.parametrize("headers", [{b"X-Robots-Tag": [b"noai"]}, {"X-Robots-Tag": ("noindex", "noai")}])
def test_header_lines_kept_as_lists_are_read(tmp_path: Path, headers: Any) -> None:
    with gate(FakeWeb(), tmp_path) as opened:
        assert opened.inspect(f"{SITE}/a", status=200, headers=headers).verdict == "deny"


def test_what_was_not_seen_is_not_silent(tmp_path: Path) -> None:
    noai = b"<meta name=robots content=noai>"
    many = [("x", "y")] * 600 + [("x-robots-tag", "noai")]
    with gate(FakeWeb(), tmp_path) as opened:
        coded = opened.inspect(f"{SITE}/a", status=200, headers={}, body=gzip.compress(noai))
        cut = opened.inspect(f"{SITE}/b", status=200, headers=many, body=b"<p>x")
        shown = opened.inspect(f"{SITE}/c", status=200, headers={})
    assert [(d.verdict, d.temporary) for d in (coded, cut)] == [("deny", True), ("deny", True)]
    assert shown.not_assessed["check.page"] == "not_assessed.no_body_given"


def test_a_host_that_no_client_encodes_is_denied_for_now(tmp_path: Path) -> None:
    with Gate(declaration(), home=tmp_path) as opened:
        decision = opened.check("http://xn--zzzzzz.test/")
    assert (decision.verdict, decision.temporary) == ("deny", True)


@pytest.mark.parametrize("url", ["http:\\\\u:SECRET@a.test/", "https:/u:SECRET@a.test/", "u:SECRET@a.test/x"])
def test_no_spelling_of_a_password_reaches_the_ledger(tmp_path: Path, url: str) -> None:
    with gate(FakeWeb(), tmp_path) as opened:
        assert opened.check(url).verdict == "deny"
    assert "SECRET" not in "".join(file.read_text("utf-8") for file in (tmp_path / "ledger").glob("*.jsonl"))


def test_a_body_that_is_text_is_refused_with_what_to_pass(tmp_path: Path) -> None:
    web = FakeWeb({f"{SITE}/robots.txt": ""})
    with gate(web, tmp_path) as one:
        for wrong in ("<html>", ["x"]):
            with pytest.raises(ConfigError, match=r"pass the bytes as received \(response.content"):
                one.inspect(f"{SITE}/a", status=200, body=wrong)  # type: ignore[arg-type]
        assert one.inspect(f"{SITE}/a", status=200, body=memoryview(b"<html>x")).verdict == "allow"  # type: ignore[arg-type]


@pytest.mark.parametrize("made", [Gate, AsyncGate])
def test_what_is_no_declaration_is_told(made: type, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a Declaration, not str"):
        made("me.toml", home=tmp_path)
