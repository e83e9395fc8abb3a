"""curl and Node that ask the service: check before, inspect and outcome after. The program of the docs is what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlgate.ledger.query import decisions, records
from tests.integrations import programs
from tests.integrations.clients import AGENT, HERE
from tests.serve.service import Running, service
from tests.webserver import Answer, WebServer, redirect, robots

DOCS = Path(__file__).parents[2] / "docs" / "serve.md"
HEAD = "<!doctype html><html><head><title>Tides</title></head><body>tide"
NOAI = '<!doctype html><html><head><meta name="robots" content="noai"></head><body>'
PAGES = ("/", "/private", "/noai", "/gone", "/go")
SHELL = """
set -eu
gate=$1 agent=$2 folder=$3 url=$4
ask() { curl -sf "$gate/v1/$1" -H 'Content-Type: application/json' --data-binary "@$folder/question"; }
goes_on() { case $1 in *'"proceed":true'*) ;; *) echo "$2 no"; exit 0;; esac; }

printf '{"url": "%s"}' "$url" > "$folder/question"
goes_on "$(ask check)" "$url"
curl -s -A "$agent" -o "$folder/body" -w '{"url": "%{url}", "status": %{http_code}, "headers": %{header_json}, "body": "' "$url" > "$folder/question"
base64 -w0 "$folder/body" >> "$folder/question"
printf '"}' >> "$folder/question"
answer=$(ask inspect)
goes_on "$answer" "$url"
record=${answer##*'"record":"'}
printf '{"record": "%s", "disposition": "stored", "dataset": "tides", "size": %s}' "${record%%'"'*}" "$(wc -c < "$folder/body")" > "$folder/question"
ask outcome > "$folder/recorded"
echo "$url $(wc -c < "$folder/body")"
"""


@pytest.fixture
def web() -> Iterator[WebServer]:
    site = {
        "/robots.txt": robots("User-agent: *\nDisallow: /private"),
        "/": Answer(HEAD),
        "/private": Answer(HEAD),
        "/noai": Answer(NOAI),
        "/go": redirect("/private"),
        "/gone": Answer("gone", status=404, content_type="text/plain"),
    }
    with WebServer({"127.0.0.1": site}) as web:
        yield web


@pytest.fixture
def at_work(tmp_path: Path, web: WebServer) -> Iterator[Running]:
    with service(tmp_path / "home", web=False, allow_addresses=HERE) as running:
        yield running


def outcomes(running: Running) -> list[tuple[str, str]]:
    """Which page became what, in the words of the clients."""
    ledger = running.home / "ledger"
    pages = {f"{said.segment}:{said.seq}": "/" + said.url.rpartition("/")[2] for said in decisions(ledger)}
    rows = [dict(row.table) for row in records(ledger, kinds={"outcome"})]
    return [(pages[row["decision"]], row["disposition"]) for row in rows if "status" not in row]


def test_curl(at_work: Running, web: WebServer, tmp_path: Path) -> None:
    programs.program("curl")
    programs.program("base64")
    script = tmp_path / "fetch.sh"
    script.write_text(SHELL)
    site, gate = f"http://127.0.0.1:{web.port}", str(at_work.client.base_url).rstrip("/")
    said = [programs.said("sh", script, gate, AGENT, tmp_path, f"{site}{page}")[-1] for page in PAGES[:4]]
    assert said == [f"{site}/ {len(HEAD)}", f"{site}/private no", f"{site}/noai no", f"{site}/gone 4"]
    assert web.targets("127.0.0.1") == ("/", "/noai", "/gone")
    assert outcomes(at_work) == [("/", "stored"), ("/gone", "stored")]
    assert {hit.user_agent for hit in web.log} == {AGENT}


def test_the_node_loop_of_the_docs(at_work: Running, web: WebServer, tmp_path: Path) -> None:
    node = programs.program("node", "nodejs")
    (example,) = re.findall(r"```js\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert AGENT in example
    loop = """
    (async () => {
      for (const url of process.argv.slice(2)) { const page = await get(url); console.log(page && page.length); }
    })();
    """
    file = tmp_path / "crawl.cjs"
    file.write_text(example.replace("http://127.0.0.1:8304", str(at_work.client.base_url).rstrip("/")) + loop)
    said = programs.said(node, file, *(f"http://127.0.0.1:{web.port}{page}" for page in PAGES))
    assert said == [str(len(HEAD)), "null", "null", "4", "5"]
    assert web.targets("127.0.0.1") == ("/", "/noai", "/gone", "/go")
    assert outcomes(at_work) == [("/", "read"), ("/noai", "discarded"), ("/gone", "read"), ("/go", "read")]
    assert {hit.user_agent for hit in web.log} == {AGENT}
