"""Every client gives the same answers, and the server's own log says what was asked of it and how much it sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crawlgate.ledger.query import DecisionRecord
from crawlgate.ledger.verify import verify
from crawlgate.limits import DEFAULT_LIMITS
from tests.integrations.clients import AGENT, Client
from tests.integrations.matrix import BEGIN, COLUMNS, DOCS, END, NOT_SENT, SMALL, Case, answer, running
from tests.webserver import POLICY_FILES, WebServer

Run = tuple[Client, list[Case], list[list[str]]]
NAMES = ("Mozilla/5.0 (Windows NT 10.0)", "Mozilla/5.0 (Macintosh)")
ASKED_UNDER = "names.test"


@pytest.fixture(scope="module", params=COLUMNS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A client that asked for all cases, and for a page under other names than the declared one, closed again; and what
    it made of the cases."""
    with running(request.param, tmp_path_factory.mktemp("run")) as (client, table):
        made = [[answer(client, url)[0] for url in case.urls(client.web.port)] for case in table]
        client.web.sites[ASKED_UNDER] = {"/p": SMALL}
        for agent in NAMES:
            with pytest.raises(Exception, match="D3"):
                client.get(f"http://{ASKED_UNDER}:{client.web.port}/p", **{"User-Agent": agent})
    return client, table, made


def page_hits(web: WebServer, case: Case) -> list[tuple[str, bool, int]]:
    hits = [hit.wait() for hit in web.hits(case.host) if hit.target not in POLICY_FILES]
    return [(hit.target, hit.complete, hit.sent) for hit in hits]


def test_the_answers(run: Run) -> None:
    _, table, made = run
    assert len(table) > 30
    assert {case.name: tuple(got) for case, got in zip(table, made, strict=True)} == {c.name: c.answers for c in table}


def test_nothing_denied_was_requested_and_no_denied_body_sent(run: Run) -> None:
    client, table, _ = run
    for case in table:
        hits = page_hits(client.web, case)
        assert tuple(target for target, _, _ in hits) == case.requested, case.name
        body = case.site.get("/p")
        if hits and not case.answers[-1].isdigit() and len(getattr(body, "body", b"")) > NOT_SENT:
            assert [(complete, sent < NOT_SENT) for _, complete, sent in hits] == [(False, True)], case.name


def test_policy_files_are_asked_for_once_under_the_same_name(run: Run) -> None:
    client, table, _ = run
    assert {hit.user_agent for hit in client.web.log} == {AGENT}
    for case in table:
        for path in POLICY_FILES:
            assert len(client.web.hits(case.host, path)) <= 1, (case.name, path)


def test_all_of_it_is_on_record(run: Run) -> None:
    client, table, made = run
    report = verify(client.home / "ledger")
    assert (report.ok, report.problems) == (True, ())
    last = {decision.url: decision.verdict for decision in client.decisions()}
    for case, got in zip(table, made, strict=True):
        (url, *_) = case.urls(client.web.port)
        assert url in last, case.name
        if case.requested in ((), ("/p",)) and not got[-1].isdigit():
            assert got[-1].startswith(str(last[url])), case.name
    assert {401, 402, 403, 404, 429, 451, 503} <= {table.get("status") for table in client.records("outcome")}
    refused = [table for table in client.records("attempt") if "refusal" in table]
    assert {table["status"] for table in refused} == {302, 401, 402, 403, 429, 451}
    assert {(table["user_agent"], table["proxy"]) for table in refused} == {(AGENT, client.way)}


def test_the_page_of_the_docs_is_what_was_run(run: Run) -> None:
    client, table, made = run
    text = DOCS.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    head, _, *rows = [line.strip("| ").split(" | ") for line in text.splitlines()]
    (kind,) = (name for name, kind in COLUMNS.items() if type(client) is kind)
    at = head.index(kind)
    told = [(row[0], row[1], row[at]) for row in rows]
    assert told == [(c.name, "yes" if c.requested else "no", "; ".join(m)) for c, m in zip(table, made, strict=True)]


def test_another_name_than_the_declared_one_is_held_and_on_record(run: Run) -> None:
    """Names that change from request to request, as from a list of browsers."""
    client, _, _ = run
    url = f"http://{ASKED_UNDER}:{client.web.port}/p"
    assert client.web.targets(ASKED_UNDER) == ()
    assert [decision.user_agent for decision in client.decisions(url)] == list(NAMES)
    assert [table["user_agent"] for table in client.records("attempt") if table["url"] == url] == list(NAMES)


def of(found: list[DecisionRecord]) -> set[str]:
    return {decision.record for decision in found}


@pytest.mark.parametrize("kind", COLUMNS)
def test_observing_blocks_nothing_and_records(kind: str, tmp_path: Path) -> None:
    limits = replace(DEFAULT_LIMITS, url_length=300)
    with running(kind, tmp_path, mode="observe", limits=limits) as (client, table):
        by_name = {case.name: case for case in table}
        for name in ("Our token named", "noai header", "meta noai"):
            (url,) = by_name[name].urls(client.web.port)
            said, body = answer(client, url)
            assert (said, body[:9]) == ("200", b"<!doctype"), name
            assert client.web.hit(by_name[name].host, "/p").complete, name
            denied = [decision for decision in client.decisions(url) if decision.verdict == "deny"]
            assert denied, name
            assert not any(decision.enforced for decision in denied)
        # What cannot be asked about is recorded as refused, and goes where the client sends it.
        case, target = by_name["Nothing said"], "/p?" + "x" * 300
        client.web.sites[case.host][target] = SMALL
        said, body = answer(client, f"http://{case.host}:{client.web.port}{target}")
        assert (said, body) == ("200", SMALL.body)
        assert client.web.hit(case.host, target).complete
        refused = [decision for decision in client.decisions() if decision.problem]
        assert {(one.problem, one.verdict, one.enforced) for one in refused} == {("too_long", "deny", False)}
        became = {table["disposition"] for table in client.records("outcome") if table["decision"] in of(refused)}
        assert became >= ({"read"} if kind == "service" else {"passed_on"})
