"""A gate that only observes, and URLs that cannot be asked about; a gate that was closed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crawlgate import AsyncGate, Denied, LedgerError
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from crawlgate.permit import Permit
from crawlgate.testing import FakeWeb
from tests.test_gate import declaration, gate

URLS = {
    "https://user:secret@site.example/": "userinfo",
    "http://10.0.0.1/": "ip_literal",
    "ftp://site.example/": "unsupported_scheme",
    "https://site.example/" + "x" * 40_000: "too_long",
    "https://": "no_host",
}


def let_through(permit: Permit) -> None:
    assert not permit.judged
    assert not permit.see_headers(200, [("Content-Type", "text/html")])  # there is no page to show
    permit.enforce()
    permit.done(sha256="0" * 64, size=4, complete=True)


def on_record(home: Path) -> None:
    found = list(decisions(home / "ledger"))
    assert [(d.problem, d.verdict, d.enforced) for d in found] == [(code, "deny", False) for code in URLS.values()]
    became = [record.table for record in records(home / "ledger", kinds={"outcome"})]
    assert [table["decision"] for table in became] == [d.record for d in found for _ in range(2)]
    assert [table["disposition"] for table in became] == ["passed_on", "read"] * len(URLS)
    assert verify(home / "ledger").ok
    assert "secret" not in "".join(file.read_text() for file in (home / "ledger").glob("*.jsonl"))


def test_observed_they_are_recorded_and_go_their_way(tmp_path: Path) -> None:
    with gate(FakeWeb({}), tmp_path, mode="observe") as opened:
        for url in URLS:
            permit = opened.open(url)
            let_through(permit)
            assert opened.complete(permit).problem == URLS[url]
    on_record(tmp_path)


@pytest.mark.parametrize("durability", ["process", "disk"])
def test_and_in_async_code(tmp_path: Path, durability: str) -> None:
    async def work() -> None:
        async with AsyncGate(declaration(), home=tmp_path, mode="observe", durability=durability) as opened:
            for url in URLS:
                permit = await opened.open(url)
                let_through(permit)
                assert (await opened.complete(permit)).problem == URLS[url]

    asyncio.run(work())
    on_record(tmp_path)


@pytest.mark.parametrize("url", URLS, ids=URLS.values())
def test_enforced_there_is_no_hop(tmp_path: Path, url: str) -> None:
    with gate(FakeWeb({}), tmp_path) as opened, pytest.raises(Denied):
        opened.open(url)


def test_a_closed_gate_says_what_to_do(tmp_path: Path) -> None:
    closed = gate(FakeWeb({}), tmp_path)
    closed.close()
    for url in ("https://site.example/", "https://"):
        with pytest.raises(LedgerError, match="open a new gate, and close it after its last client"):
            closed.check(url)
