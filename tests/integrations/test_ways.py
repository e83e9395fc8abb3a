"""The proxies of the environment, which clients of httpx and httpx2 take by themselves, behind the gate too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlgate import Gate
from crawlgate.ledger.query import records
from tests.integrations.clients import DECLARATION, HERE
from tests.webserver import Answer, WebServer

httpx2 = pytest.importorskip("httpx2")
VARIABLES = [f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL", "NO")]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("package", ["httpx", "httpx2"])
def test_a_proxy_of_the_environment_is_taken_judged_and_on_record_without_its_password(
    package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "ledger"
    with WebServer(lambda request: Answer("tide" if request.target.endswith("/p") else "", status=200)) as web:
        monkeypatch.setenv("http_proxy", f"http://ann:s3cret@127.0.0.1:{web.port}")
        with (
            Gate(DECLARATION, home=tmp_path, allow_addresses=HERE) as gate,
            getattr(gate, f"{package}_client")() as client,
        ):
            for _ in range(2):
                assert client.get(f"http://127.0.0.1:{web.port}/p").text == "tide"
        asked = [hit for hit in web.log if hit.target.endswith("/p")]
        assert [hit.headers["proxy-authorization"] for hit in asked] == ["Basic YW5uOnMzY3JldA=="] * 2
    written = "".join(path.read_text("utf-8") for path in home.glob("*.jsonl"))
    assert [entry.table["proxy"] for entry in records(home, kinds={"attempt"})] == [f"127.0.0.1:{web.port}"]
    assert "s3cret" not in written
    assert [entry.table["disposition"] for entry in records(home, kinds={"outcome"})] == ["released", "read"] * 2


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_the_environment_is_read_as_the_package_reads_it(
    package: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ways(client: Any) -> dict[str, bool]:
        with client:
            return {pattern.pattern: transport is None for pattern, transport in client._mounts.items()}

    monkeypatch.setenv("http_proxy", "127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    with Gate(DECLARATION, home=tmp_path) as gate:
        make = getattr(gate, f"{package.__name__}_client")
        for none in ("", "*", "localhost,127.0.0.1", "::1", "inner.test,.sub.test", "http://inner.test, ,a.test"):
            monkeypatch.setenv("no_proxy", none)
            assert ways(make(verify=False)) == ways(package.Client(verify=False))
        assert ways(make(trust_env=False, verify=False)) == ways(make(transport=httpx.MockTransport(print))) == {}
