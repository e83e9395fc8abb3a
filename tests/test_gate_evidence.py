"""What the gate keeps of what it saw, and what it never keeps."""

import gzip
from contextlib import nullcontext
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawlgate import ConfigError, Declaration, Gate
from crawlgate.errors import Refused
from crawlgate.ledger.query import decisions, records
from crawlgate.testing import FakeWeb, Page

SITE = "https://site.example"
DECLARATION = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0 (+https://lab.example/bot)",
    token_published=True,
)
COOKIE = {"set-cookie": "sid=SECRET-COOKIE; Path=/"}
HEAD = "<!doctype html><html><head><title>An article</title><meta name=description content=d>{}</head>"
BODY = "<body><p>THE WORK ITSELF, {}</p></body></html>"


def page(head="", body="plain", **headers):
    return Page(HEAD.format(head) + BODY.format(body), headers=COOKIE | headers)


def crawled(home, **options):
    web = FakeWeb(
        {
            f"{SITE}/robots.txt": Page("User-agent: *\nDisallow: /private\n", headers=COOKIE),
            f"{SITE}/silent": page(body="silent"),
            f"{SITE}/search-ok": page("<meta name=robots content=noarchive,noindex>", body="speaking"),
            f"{SITE}/noai": page("<meta name=robots content=noai>", body="denied"),
            f"{SITE}/header": page(body="denied by header", **{"x-robots-tag": "noai"}),
            f"{SITE}/private": page(body="private"),
            f"{SITE}/held": Page("<body><form><input type=password></form>HELD", status=403),
        }
    )
    with Gate(DECLARATION, home=home, evidence_transport=web.transport(), **options) as gate:
        secrets = {"authorization": "Bearer SECRET-TOKEN", "cookie": "sid=SECRET-SENT", "x-api-key": "SECRET-KEY"}
        with gate.httpx_client(transport=web.transport()) as client:
            for path in ("silent", "search-ok", "noai", "header", "private", "held"):
                try:
                    client.get(f"{SITE}/{path}", headers=secrets if path == "noai" else None)
                except Refused:
                    continue
        named = "https://user:SECRET-URL@site.example/silent"
        with pytest.raises(Refused) if options.get("mode") != "observe" else nullcontext():
            gate.httpx_client(transport=web.transport()).get(named)
        gate.inspect(
            f"{SITE}/noai",
            status=200,
            headers=COOKIE,
            body=page("<meta name=robots content=noai>", "shown").body.encode(),
        )
    return web


def everything(home: Path) -> bytes:
    """Every byte of the home, archives unpacked."""
    found = []
    for path in sorted(home.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            found += [raw, gzip.decompress(raw) if path.suffix == ".gz" else b""]
    return b"\0".join(found)


def kept(home):
    """Stored responses of pages by URL."""
    found = {}
    for path in (home / "evidence").glob("*.warc.gz"):
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_headers["Crawlgate-Evidence-Kind"] == "response":
                    where = record.rec_type, record.rec_headers["WARC-Target-URI"].removeprefix(SITE)
                    found[where] = (record.http_headers, record.raw_stream.read())
    return found


@pytest.mark.parametrize("option", ["speaking", "all"])
@pytest.mark.parametrize("mode", ["enforce", "observe"])
def test_no_secret_and_no_body_of_a_page_is_ever_written(tmp_path, option, mode):
    crawled(tmp_path, page_evidence=option, mode=mode)
    written = everything(tmp_path)
    assert b"Disallow: /private" in written
    for never in (b"SECRET", b"THE WORK ITSELF", b"HELD"):
        assert never not in written, never


def test_the_judged_head_of_a_page_that_said_something_is_kept(tmp_path):
    crawled(tmp_path)
    found = kept(tmp_path)
    http, head = found["response", "/search-ok"]
    assert head.decode() == HEAD.format("<meta name=robots content=noarchive,noindex>")
    assert http["content-type"] == "text/html"
    assert http["set-cookie"] is None
    request, _ = found["request", "/search-ok"]
    assert request["user-agent"] == DECLARATION.user_agent
    assert found["response", "/noai"][1] == b""
    assert found["response", "/header"][0]["x-robots-tag"] == "noai"
    assert ("response", "/silent") not in found


def test_all_pages_are_kept_where_asked_for_and_outcomes_name_them(tmp_path):
    crawled(tmp_path, page_evidence="all")
    assert kept(tmp_path)["response", "/silent"][1].decode() == HEAD.format("")
    told = {r.table["id"]: r.table for r in records(tmp_path / "ledger", kinds={"evidence"})}
    silent = [
        d for d in decisions(tmp_path / "ledger") if d.url.endswith("/silent") and d.basis["stage"] == "post_fetch"
    ]
    named = [
        r.table for r in records(tmp_path / "ledger", kinds={"outcome"}) if r.table["decision"] == silent[0].record
    ]
    assert told[named[0]["evidence"]]["url"] == f"{SITE}/silent"
    assert told[named[0]["evidence"]]["bytes"] == len(HEAD.format(""))


def test_every_decision_names_evidence_that_is_on_record(tmp_path):
    crawled(tmp_path)
    at = {r.table["id"]: r.at for r in records(tmp_path / "ledger", kinds={"evidence"})}
    asked = [d for d in decisions(tmp_path / "ledger") if d.problem is None]
    assert asked
    for decision in asked:
        assert decision.basis["evidence"]
        assert all(at[name] <= decision.at for name in decision.basis["evidence"])


def test_an_unknown_choice_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'speaking'"):
        Gate(DECLARATION, home=tmp_path, page_evidence="speakin")
