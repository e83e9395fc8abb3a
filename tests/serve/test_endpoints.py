"""The endpoints answer what the gate answers, record it, and tell what is wrong with a request."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from crawlgate.permit import Permit
from crawlgate.serve.guard import Bounds
from tests.serve.service import WEB, Running, service

NOAI = b'<!doctype html><html><head><meta name="robots" content="noai"></head><body>tide'
PLAIN = b"<!doctype html><html><head><title>Tides</title></head><body>tide"
HTML = {"content-type": "text/html"}


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("serve") / "home") as running:
        yield running


def told(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem that an answer tells."""
    table = answer.json()
    assert (answer.status_code, table["status"], table["type"]) == (status, status, f"urn:crawlgate:problem:{kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    return table


def inspection(body: bytes | None, url: str = "https://a.example/p", **options: Any) -> dict[str, Any]:
    given = {} if body is None else {"body": base64.b64encode(body).decode()}
    return {"url": url, "status": 200, "headers": HTML, **given, **options}


def test_check_answers_and_records(at_work: Running) -> None:
    allowed, denied, held = (
        at_work.check(url) for url in ("https://a.example/p", "https://a.example/private/x", "https://ai.example/")
    )
    assert [(said["verdict"], said["proceed"], said["reasons"]) for said in (allowed, denied, held)] == [
        ("allow", True, []),
        ("deny", False, ["B2"]),
        ("review", False, ["B3"]),
    ]
    assert "robots.disallow, line 2: Disallow: /private" in denied["text"]
    on_record = {decision.record: decision.verdict for decision in decisions(at_work.home / "ledger")}
    assert [on_record[said["record"]] for said in (allowed, denied, held)] == ["allow", "deny", "review"]


def test_the_whole_decision_in_a_language(at_work: Running) -> None:
    said = at_work.post("/v1/check?detail=full&lang=ja", {"url": "https://a.example/private/x"}).json()
    assert said["schema"] == "crawlgate.decision/1"
    assert said["findings"]["B2"]["signals"][0]["raw"] == "Disallow: /private"
    assert (
        said["findings"]["B2"]["title"]
        != at_work.post("/v1/check?detail=full", {"url": "https://a.example/private/x"}).json()["findings"]["B2"][
            "title"
        ]
    )


def test_a_url_that_cannot_be_asked_about_is_an_answer_too(at_work: Running) -> None:
    said = at_work.check("ftp://a.example/")
    assert (said["verdict"], said["problem"], said["proceed"]) == ("deny", "unsupported_scheme", False)


def test_how_the_request_is_made_counts(at_work: Running) -> None:
    said = at_work.check("https://a.example/p", user_agent="Mozilla/5.0", proxy="direct")
    assert (said["verdict"], said["reasons"]) == ("review", ["D3"])
    said = at_work.check("https://a.example/p", credentials="a shared login")
    assert "B2" in said["reasons"]


def test_inspect_judges_headers_and_page(at_work: Running) -> None:
    cases: tuple[tuple[bytes | None, dict[str, Any], str], ...] = (
        (PLAIN, {}, "allow"),
        (NOAI, {}, "deny"),
        (NOAI, {"whole": False}, "deny"),
        (PLAIN, {"headers": [["Content-Type", "text/html"], ["X-Robots-Tag", "noai"]]}, "deny"),
        (PLAIN, {"headers": {"content-type": "text/html", "x-robots-tag": ["all", "noai"]}}, "deny"),
        (None, {"status": 401}, "deny"),
        (None, {"status": 404, "headers": []}, "allow"),
    )
    for at, (body, options, verdict) in enumerate(cases):
        said = at_work.post("/v1/inspect", inspection(body, f"https://seen.example/{at}", **options)).json()
        assert (said["stage"], said["verdict"]) == ("post_fetch", verdict), options


def test_a_page_that_was_not_shown_is_not_gone_on_with(at_work: Running) -> None:
    url = "https://unseen.example/1"
    said = at_work.post("/v1/inspect?lang=en", inspection(None, url)).json()
    assert (said["verdict"], said["proceed"], said["needs"]) == ("allow", False, "body")
    assert "first 256 KiB" in said["text"]
    became = [row.table for row in records(at_work.home / "ledger", kinds={"outcome"})]
    assert [(row["disposition"], row["decision"]) for row in became][-1] == ("held", said["record"])
    shown = at_work.post("/v1/inspect", inspection(PLAIN, url)).json()
    assert (shown["verdict"], shown["proceed"], shown["needs"]) == ("allow", True, None)
    for told in ({"status": 404}, {"status": 503}, {"headers": [["Content-Type", "image/png"]]}):  # no page
        assert at_work.post("/v1/inspect", inspection(None, f"{url}/2", **told)).json()["proceed"], told
    refused = inspection(None, f"{url}/3", headers=[["Content-Type", "text/html"], ["X-Robots-Tag", "noai"]])
    said = at_work.post("/v1/inspect", refused).json()  # so a body that is refused need not be downloaded
    assert (said["verdict"], said["proceed"], said["needs"]) == ("deny", False, None)


def test_a_slow_page_keeps_nobody_waiting(at_work: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is being read while the service answers somebody else."""
    reading, go_on = threading.Event(), threading.Event()
    see_all = Permit.see_all

    def slowly(*given: Any, **options: Any) -> None:
        reading.set()
        assert go_on.wait(20)
        see_all(*given, **options)

    monkeypatch.setattr(Permit, "see_all", slowly)
    answers: list[Any] = []
    body = inspection(PLAIN + b"x" * 100_000, "https://slow.example/1")
    asking = threading.Thread(target=lambda: answers.append(at_work.post("/v1/inspect", body).json()))
    asking.start()
    assert reading.wait(20)
    assert at_work.check("https://a.example/meanwhile")["verdict"] == "allow"
    assert answers == []
    go_on.set()
    asking.join()
    assert answers[0]["verdict"] == "allow"


def test_a_beginning_that_ends_before_its_head_is_not_called_silent(at_work: Running) -> None:
    said = at_work.post("/v1/inspect?detail=full", inspection(PLAIN[:30], "https://d.example/1", whole=False)).json()
    assert "page" in str(said["not_assessed"]) or said["verdict"] != "allow"
    whole = at_work.post("/v1/inspect?detail=full", inspection(PLAIN, "https://d.example/2")).json()
    assert "page" not in whole["not_assessed"]


def test_outcome_is_recorded_with_its_place(at_work: Running) -> None:
    record = at_work.check("https://a.example/kept")["record"]
    place = {"sha256": "ab" * 32, "size": 64, "dataset": "corpus-1", "shard": "00.tar", "offset": 512, "length": 64}
    stored = at_work.post("/v1/outcome", {"record": record, "disposition": "stored", **place}).json()["record"]
    dropped = at_work.post("/v1/outcome", {"record": record, "disposition": "discarded", "reason": "a double"}).json()
    found = {f"{row.segment}:{row.seq}": dict(row.table) for row in records(at_work.home / "ledger", kinds={"outcome"})}
    kept = found[stored]
    assert kept["decision"] == record
    assert {
        name: kept[name] for name in ("sha256", "dataset", "shard", "offset", "length", "bytes", "disposition")
    } == {
        "sha256": "ab" * 32,
        "dataset": "corpus-1",
        "shard": "00.tar",
        "offset": 512,
        "length": 64,
        "bytes": 64,
        "disposition": "stored",
    }
    assert (found[dropped["record"]]["disposition"], found[dropped["record"]]["reason"]) == ("discarded", "a double")


def test_a_place_that_cannot_be_is_a_problem(at_work: Running) -> None:
    record = at_work.check("https://a.example/kept")["record"]
    table = told(at_work.post("/v1/outcome", {"record": record, "disposition": "stored"}), 422, "invalid")
    assert "dataset" in table["detail"]
    told(at_work.post("/v1/outcome", {"record": "nothing", "disposition": "read"}), 422, "invalid")


def test_a_batch_answers_in_order_each_on_its_own(at_work: Running) -> None:
    urls = [f"https://a.example/{'private/' if n % 3 == 0 else ''}{n}" for n in range(100)]
    items: list[Any] = [{"url": url} for url in urls]
    items[7], items[9] = {"uri": "https://a.example/"}, 5
    results = at_work.post("/v1/check/batch", {"items": items}).json()["results"]
    for n, said in enumerate(results):
        if n in (7, 9):
            assert said["type"] == "urn:crawlgate:problem:invalid"
        else:
            assert (said["url"], said["verdict"]) == (urls[n], "allow" if n % 3 else "deny")
    pages = [
        inspection(NOAI, "https://c.example/1"),
        inspection(PLAIN, "https://c.example/2"),
        {"url": "https://a.example/", "status": 3},
    ]
    results = at_work.post("/v1/inspect/batch", {"items": pages}).json()["results"]
    assert [said.get("verdict", said.get("status")) for said in results] == ["deny", "allow", 422]
    record = results[1]["record"]
    became = [{"record": record, "disposition": "read"}, {"record": record, "disposition": "eaten"}]
    results = at_work.post("/v1/outcome/batch", {"items": became}).json()["results"]
    assert ["record" in results[0], results[1]["status"]] == [True, 422]


@pytest.mark.parametrize(
    ("path", "given", "status", "kind", "words"),
    [
        ("/v1/check", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, "not_json", "JSON"),
        (
            "/v1/check",
            {"content": b'{"url": "\xff"}', "headers": {"content-type": "application/json"}},
            400,
            "not_json",
            "",
        ),
        ("/v1/check", {"content": b"[" * 50_000, "headers": {"content-type": "application/json"}}, 422, "invalid", ""),
        ("/v1/check", {"data": {"url": "https://a.example/"}}, 415, "media_type", "application/json"),
        ("/v1/check", {"json": {}}, 422, "invalid", "url"),
        ("/v1/check", {"json": {"url": 5}}, 422, "invalid", "$.url"),
        ("/v1/check", {"json": {"url": "https://a.example/", "useragent": "x"}}, 422, "invalid", "useragent"),
        ("/v1/check?detail=all", {"json": {"url": "https://a.example/"}}, 422, "invalid", "detail"),
        ("/v1/check/batch", {"json": {"items": []}}, 422, "invalid", "items"),
        ("/v1/check/batch", {"json": {"items": [{"url": "x"}] * 1001}}, 422, "invalid", "1000"),
        ("/v1/inspect", {"json": {"url": "https://a.example/"}}, 422, "invalid", "status"),
        ("/v1/inspect", {"json": {"url": "https://a.example/", "status": 200, "body": "<p>"}}, 422, "invalid", "body"),
        ("/v1/checks", {"json": {}}, 404, "not_found", None),
        ("/v1/check/", {"json": {"url": "https://a.example/"}}, 404, "not_found", None),
        ("/metrics", {"json": {}}, 405, "method", None),
    ],
)
def test_what_is_wrong_is_told(
    at_work: Running, path: str, given: dict[str, Any], status: int, kind: str, words: str | None
) -> None:
    table = told(at_work.client.post(path, **given), status, kind)
    if words is not None:
        assert words in table["detail"]


def test_metrics_count_answers_fetches_and_problems(tmp_path: Path) -> None:
    with service(tmp_path, web={**WEB, "https://down.example/robots.txt": httpx.ConnectError("no")}) as running:
        for url in ("https://a.example/1", "https://a.example/2", "https://b.example/", "https://down.example/"):
            running.check(url)
        running.post("/v1/check", {})
        running.client.get("/somewhere")
        assert {
            line: running.metric(line)
            for line in (
                'crawlgate_decisions_total{stage="pre_fetch",verdict="allow"}',
                'crawlgate_decisions_total{stage="pre_fetch",verdict="deny"}',
                'crawlgate_evidence_fetches_total{kind="robots",result="2xx"}',
                'crawlgate_evidence_fetches_total{kind="robots",result="refused"}',
                'crawlgate_errors_total{kind="invalid"}',
                'crawlgate_requests_total{endpoint="/v1/check",status="200"}',
                'crawlgate_requests_total{endpoint="/v1/check",status="422"}',
                'crawlgate_requests_total{endpoint="other",status="404"}',
                'crawlgate_request_seconds_count{endpoint="/v1/check"}',
            )
        } == {
            'crawlgate_decisions_total{stage="pre_fetch",verdict="allow"}': 2,
            'crawlgate_decisions_total{stage="pre_fetch",verdict="deny"}': 2,
            'crawlgate_evidence_fetches_total{kind="robots",result="2xx"}': 2,
            'crawlgate_evidence_fetches_total{kind="robots",result="refused"}': 1,
            'crawlgate_errors_total{kind="invalid"}': 1,
            'crawlgate_requests_total{endpoint="/v1/check",status="200"}': 4,
            'crawlgate_requests_total{endpoint="/v1/check",status="422"}': 1,
            'crawlgate_requests_total{endpoint="other",status="404"}': 1,
            'crawlgate_request_seconds_count{endpoint="/v1/check"}': 5,
        }
        text = running.client.get("/metrics").text
        assert 'crawlgate_reasons_total{criterion="B2",outcome=' in text
        assert "a.example" not in text


def test_a_body_too_large_is_refused_unread(tmp_path: Path) -> None:
    with service(tmp_path, app={"bounds": Bounds(body=2000)}) as running:
        table = told(running.post("/v1/inspect", inspection(b"x" * 3000)), 413, "too_large")
        assert "2000" in table["detail"]

        def endless() -> Iterator[bytes]:
            for _ in range(100):
                yield b" " * 100

        json = {"content-type": "application/json"}
        told(running.client.post("/v1/inspect", content=endless(), headers=json), 413, "too_large")
        assert running.check("https://a.example/")["verdict"] == "allow"


def test_a_slow_body_and_a_slow_answer_end(tmp_path: Path) -> None:
    hangs = httpx.MockTransport(_hang)
    bounds = Bounds(read=0.1, answer=0.3)
    with service(tmp_path, web=False, evidence_transport=hangs, app={"bounds": bounds}) as running:
        import socket
        from urllib.parse import urlsplit

        address = urlsplit(str(running.client.base_url))
        with socket.create_connection((address.hostname or "", address.port or 0)) as slow:
            slow.sendall(
                b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            assert slow.recv(4096).startswith(b"HTTP/1.1 408")
        told(running.post("/v1/check", {"url": "https://slow.example/"}), 504, "timeout")
        assert running.client.get("/health/live").json() == {"status": "live"}


async def _hang(_: httpx.Request) -> httpx.Response:
    import anyio

    await anyio.sleep(30)
    raise AssertionError


def test_more_at_once_than_it_takes_are_turned_away(tmp_path: Path) -> None:
    with service(tmp_path, app={"bounds": Bounds(at_once=0)}) as running:
        answer = running.post("/v1/check", {"url": "https://a.example/"})
        assert told(answer, 503, "busy")
        assert answer.headers["retry-after"] == "1"
        assert running.client.get("/health/live").status_code == 200


def test_observing_says_go_on(tmp_path: Path) -> None:
    with service(tmp_path, mode="observe") as running:
        said = running.check("https://b.example/")
        assert (said["verdict"], said["enforced"], said["proceed"]) == ("deny", False, True)
        assert running.client.get("/health/ready").json()["mode"] == "observe"
        said = running.check("ftp://b.example/")
        assert (said["verdict"], said["problem"], said["proceed"]) == ("deny", "unsupported_scheme", True)
        said = running.post("/v1/inspect", inspection(None, "https://a.example/")).json()
        assert (said["proceed"], said["needs"]) == (True, None)


def test_two_services_share_a_home(tmp_path: Path) -> None:
    with service(tmp_path) as one, service(tmp_path) as other:
        for n in range(20):
            assert one.check(f"https://a.example/{n}")["verdict"] == "allow"
            assert other.check(f"https://b.example/{n}")["verdict"] == "deny"
    report = verify(tmp_path / "ledger")
    assert (report.ok, report.problems) == (True, ())
    found = [decision.verdict for decision in decisions(tmp_path / "ledger")]
    assert (found.count("allow"), found.count("deny")) == (20, 20)
