"""HTTPS through the proxy, with its authority trusted; and settings that would lead around the gate."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlgate import Blocklist
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.verify import verify
from tests.integrations import programs
from tests.integrations.authority import site_context
from tests.integrations.clients import AGENT, DECLARATION, HERE
from tests.integrations.mitmproxy_env import Absent, Proxy, proxy
from tests.webserver import Answer, WebServer, robots

DECLARED = {name: getattr(DECLARATION, name) for name in ("operator", "token", "user_agent", "token_published")}
HEAD = b"<!doctype html><html><head><title>Tide tables</title></head><body>tide"
NOAI = b'<!doctype html><html><head><meta name="robots" content="noai"></head><body>'
BIG = 32 * 1024 * 1024
"""More than fits into the buffers on the way, also where the machine is busy."""
SITE, LISTED = "secure.test", "pirate.example"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Chrome/146.0"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebServer, Path]]:
    context, authority = site_context(tmp_path_factory.mktemp("tls"), SITE)
    pages: dict[str, Any] = {
        "/robots.txt": robots("User-agent: *\nDisallow: /private"),
        "/": Answer(HEAD),
        "/private": Answer(HEAD),
        "/noai": Answer(NOAI + b"x" * BIG),
        "/noai-chunked": Answer(NOAI + b"x" * BIG, chunk=4000),
        "/big": Answer(HEAD + b"y" * 1_000_000, chunk=4000),
    }
    with WebServer({SITE: pages}, tls=context) as web:
        yield web, authority


@pytest.fixture(scope="module")
def behind(site: tuple[WebServer, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """With the declared name in every request, whatever the client sends."""
    folder, authority = tmp_path_factory.mktemp("https"), site[1]
    listed = folder / "list.txt"
    listed.write_text(LISTED)
    settings = ("--set", "crawlgate_user_agent=declared", "--set", f"ssl_verify_upstream_trusted_ca={authority}")
    told = {"declaration": DECLARED, "allow_addresses": HERE, "home": folder / "home", "ca": authority}
    lists = [Blocklist(listed, vouched_by="tester", verified=True, issuer="RHA")]
    try:
        with proxy(folder, settings, **told, blocklists=lists) as at_work:
            yield at_work
    except Absent as absent:
        pytest.skip(str(absent))


def curl(behind: Proxy, url: str, *options: str) -> tuple[str, str]:
    line = "%{http_code} %{http_version} %header{proxy-status}\n"
    common = ("-s", "-x", behind.url, "--cacert", behind.authority, "-o", "-", "-w", f"\n{line}")
    out = programs.said(programs.program("curl"), *common, *options, url)
    return out[-1], "\n".join(out[:-1])


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_with_the_authority_trusted(behind: Proxy, site: tuple[WebServer, Path], version: str) -> None:
    web, _ = site
    at, spoken = f"https://{SITE}:{web.port}", "2" if version == "--http2" else "1.1"
    seen = len(web.log)
    said, body = curl(behind, f"{at}/", version)
    assert (said.strip(), body) == (f"200 {spoken}", HEAD.decode())
    for path, how in (
        ("/private", "error=http_request_denied"),
        ("/noai", "received-status=200"),
        ("/noai-chunked", "received-status=200"),
    ):
        said, body = curl(behind, f"{at}{path}", version)
        assert said == f'403 {spoken} crawlgate; {how}; details="deny, B2"'
        assert "xxxx" not in body
    said, body = curl(behind, f"{at}/big", version)
    assert (said.strip(), len(body)) == (f"200 {spoken}", len(HEAD) + 1_000_000)
    asked = [hit.wait() for hit in web.log[seen:] if not hit.target.startswith(("/robots", "/.well-known"))]
    assert [(hit.target, hit.complete) for hit in asked] == [
        ("/", True),
        ("/noai", False),
        ("/noai-chunked", False),
        ("/big", True),
    ]
    assert {hit.user_agent for hit in asked} == {AGENT}


def test_a_browser_under_the_declared_name(behind: Proxy, site: tuple[WebServer, Path], tmp_path: Path) -> None:
    at = f"https://{SITE}:{site[0].port}"
    shown = programs.chromium(behind.port, f"{at}/", tmp_path, "--ignore-certificate-errors")
    assert "tide" in shown
    assert '"verdict":"deny"' in programs.chromium(
        behind.port, f"{at}/private", tmp_path, "--ignore-certificate-errors"
    )
    assert site[0].hits(SITE, "/private") == ()
    assert {hit.user_agent for hit in site[0].log} == {AGENT}


def test_it_ends_with_a_tunnel_open_and_a_page_half_sent(tmp_path: Path) -> None:
    """Told to stop, it hangs up and seals its ledger, and prints no traceback (`proxy` looks for one)."""
    with WebServer({"a.test": {"/": Answer(HEAD + b"x" * BIG)}}) as web, ExitStack() as still_open:
        try:
            with proxy(tmp_path, declaration=DECLARED, allow_addresses=HERE, home=tmp_path / "home") as behind:
                tunnel, reading = (
                    still_open.enter_context(socket.create_connection(("127.0.0.1", behind.port))) for _ in range(2)
                )
                tunnel.sendall(b"CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n")
                assert tunnel.recv(100).startswith(b"HTTP/1.1 200")
                at = f"a.test:{web.port}".encode()
                reading.sendall(b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\nUser-Agent: curl/8\r\n\r\n" % (at, at))
                assert reading.recv(100).startswith(b"HTTP/1.1 200")
        except Absent as absent:
            pytest.skip(str(absent))
        assert verify(tmp_path / "home" / "ledger").ok
        became = [record.table for record in records(tmp_path / "home" / "ledger", kinds={"outcome"})]
        assert [table["complete"] for table in became if table["disposition"] == "read"] == [False]


def test_a_listed_site_sees_no_connection(behind: Proxy) -> None:
    with WebServer({}) as pirate:
        said, body = curl(behind, f"https://{LISTED}:{pirate.port}/")
        assert said.endswith('crawlgate; error=http_request_denied; details="deny, C1"')
        assert '"verdict":"deny"' in body
        assert pirate.connections == 0


def test_what_is_no_http_does_not_pass(behind: Proxy) -> None:
    """A tunnel, asked for as for HTTPS, that carries something else."""
    with WebServer({}) as other, socket.create_connection(("127.0.0.1", behind.port), timeout=10) as tunnel:
        tunnel.sendall(f"CONNECT open.test:{other.port} HTTP/1.1\r\nHost: open.test:{other.port}\r\n\r\n".encode())
        assert b" 200 " in tunnel.recv(4096)
        tunnel.sendall(b"SSH-2.0-client\r\n\r\n")
        answer = b""
        while chunk := tunnel.recv(4096):
            answer += chunk
        assert b" 400 " in answer
        assert other.connections == 0


def test_it_does_not_start_with_a_way_around(tmp_path: Path) -> None:
    try:
        with (
            pytest.raises(AssertionError, match="ignore_hosts lets connections pass"),
            proxy(tmp_path, ("--ignore-hosts", "a.test"), declaration=DECLARED, home=tmp_path / "home"),
        ):
            raise RuntimeError("it started")
    except Absent as absent:
        pytest.skip(str(absent))


def test_other_add_ons_change_nothing_behind_the_gates_back(tmp_path: Path) -> None:
    """One changes the address after it was asked about; one the name; a gate that fails lets nothing pass."""
    script = tmp_path / "other.py"
    shutil.copy(Path(__file__).parent / "mitmdump" / "other_addon.py", script)
    with WebServer(
        {"open.test": {"/": Answer(HEAD)}, "closed.test": {"/robots.txt": robots("User-agent: *\nDisallow: /")}}
    ) as web:
        told = {"declaration": DECLARED, "allow_addresses": HERE, "home": tmp_path / "home"}
        rule = "|~q & ~hq X-Rotate|User-Agent|Random/9"
        try:
            with (
                proxy(tmp_path / "proxy", ("-s", str(script), "--modify-headers", rule), **told) as behind,
                httpx.Client(proxy=behind.url, timeout=30) as client,
            ):
                at = f"http://open.test:{web.port}/"
                answer = client.get(at, headers={"X-Go-To": "closed.test"})
                assert (answer.status_code, answer.json()["reasons"]) == (403, ["B2"])
                held = client.get(at, headers={"X-Rotate": "yes"})
                assert (held.status_code, held.json()["reasons"]) == (403, ["D3"])
                assert web.targets("open.test") == web.targets("closed.test") == ()
                for _ in range(2):  # the gate fails after it was asked, and then before
                    broken = client.get(at, headers={"X-Break": "yes"})
                    assert (broken.status_code, broken.json()["type"]) == (503, "urn:crawlgate:problem:no_answer")
        except Absent as absent:
            pytest.skip(str(absent))
        assert web.targets("open.test") == ("/",)
    ledger = tmp_path / "home" / "ledger"
    (started,) = [dict(row.table) for row in records(ledger, kinds={"client"})]
    assert [found["looks_like"] for found in started["settings"]] == ["rotating_user_agent"]
    assert {said.user_agent for said in decisions(ledger)} >= {"Random/9"}
