"""Homes with ledgers for the tests of the report: one from a gate at work, others written record by record."""

from datetime import UTC, datetime, timedelta

import httpx
import orjson

from crawlgate import Declaration, Gate
from crawlgate.errors import Refused
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Basis, Finding, Outcome, Polarity, Purpose, Signal, Stage, Strength, Verdict

AT = datetime(2026, 11, 23, 9, 0, 0, 250, tzinfo=UTC)
DECLARATION = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0 (+https://lab.example/bot)",
    token_published=True,
)
HEAD = {
    "program": "crawlgate test",
    "declaration": {"operator": "Example Lab", "token": "ExampleBot", "user_agent": "ExampleBot/1.0"},
    "profile": {"name": "standard", "sha256": "ab" * 32},
    "mode": "enforce",
    "lists": [],
}
ROBOTS = "User-agent: *\nDisallow: /private\n\nUser-agent: GPTBot\nDisallow: /news/\n"


def answer(request):
    if request.url.host == "down.example":
        return httpx.Response(503)
    path = request.url.path
    if path == "/robots.txt":
        return httpx.Response(200, text=ROBOTS)
    if path.startswith("/.well-known"):
        return httpx.Response(404)
    if path == "/noai":
        return httpx.Response(200, html="<head><meta name=robots content=noai></head><p>x")
    return httpx.Response(200, html="<head><title>a</title></head><body>hello")


def crawled(home, urls, checks=()):
    """A home after `checks` were asked about and `urls` were fetched through the gate's client."""
    web = httpx.MockTransport(answer)
    with Gate(DECLARATION, home=home, evidence_transport=web) as gate:
        for url in checks:
            gate.check(url)
        with gate.httpx_client(transport=web, follow_redirects=True) as client:
            for url in urls:
                try:
                    client.get(url)
                except Refused:
                    continue
    return home


def clock(start=AT):
    state = [start]

    def now():
        state[0] += timedelta(seconds=1)
        return state[0]

    return now


def basis(verdict=Verdict.DENY, *, stage=Stage.PRE_FETCH, raw="Disallow: /private", outcome=Outcome.MET, **changes):
    """A basis that rests on one line of robots.txt."""
    signal = Signal(
        kind="robots.disallow",
        purpose=Purpose.CRAWL,
        polarity=Polarity.RESERVED,
        strength=Strength.MEASURE,
        raw=raw,
        line=7,
        evidence="ev1",
    )
    finding = Finding(
        criterion="B2",
        outcome=outcome,
        reason="b2.measure",
        params={"kind": "robots.disallow", "quote": raw},
        signals=(signal,),
    )
    silent = Finding(criterion="B1", outcome=Outcome.NOT_MET, reason="b1.none")
    values = {
        "stage": stage,
        "verdict": verdict,
        "temporary": False,
        "findings": (finding, silent),
        "reasons": () if verdict is Verdict.ALLOW else (finding,),
        "not_assessed": {"A1": "not_assessed.no_additional_training", "check.lists": "not_assessed.no_list"},
        "evidence": ("ev1",),
        "profile": "standard",
        "rule_pack": "jp-30-4/2024-05/1",
    }
    return Basis(**{**values, **changes})


def written(home, decisions, **head):
    """A home whose ledger holds one segment with these (url, basis) pairs, one a second."""
    with LedgerWriter(home / "ledger", {**HEAD, **head}, now=clock()) as writer:
        for second, (url, rests_on) in enumerate(decisions):
            writer.append_decision(AT + timedelta(seconds=second), url, rests_on)
    return home


def unrooted(home, tables, name="20261123T090000000000Z-1-abcdef"):
    """A home whose ledger holds one segment with these tables, whatever stands in them, without roots."""
    lines = [orjson.dumps(table, option=orjson.OPT_SORT_KEYS) + b"\n" for table in tables]
    (home / "ledger").mkdir(parents=True)
    (home / "ledger" / f"{name}.jsonl").write_bytes(b"".join(lines))
    return home


def segment(home):
    """The newest segment's file."""
    return max((home / "ledger").glob("*.jsonl"))
