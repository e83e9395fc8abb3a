"""Who gets an answer: the holder of the token, under the service's own name, from where it listens."""

from __future__ import annotations

import hashlib
import socket
import stat
from pathlib import Path

import pytest

from crawlgate import ConfigError
from crawlgate.serve.guard import Guard
from crawlgate.serve.listening import Place, listen, read_token, shown
from tests.serve.service import service

TOKEN = "0123456789abcdef0123456789abcdef"
ASKED = {"url": "https://a.example/"}


def test_without_the_token_nothing_but_health(tmp_path: Path) -> None:
    with service(tmp_path, app={"token": TOKEN}) as running:
        for headers in (
            {},
            {"Authorization": "Bearer"},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": f"Basic {TOKEN}"},
            {"Authorization": "Bearer \u00e9".encode("latin-1").decode("latin-1")},
        ):
            for method, path in (("POST", "/v1/check"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/x")):
                raw = {name: value.encode("latin-1") for name, value in headers.items()}
                answer = running.client.request(method, path, json=ASKED, headers=raw)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
                assert TOKEN not in answer.text
        assert running.client.get("/health/live").json() == {"status": "live"}
        assert running.client.get("/health/ready").json() == {"status": "ready"}
        running.client.headers["Authorization"] = f"Bearer {TOKEN}"
        assert running.check("https://a.example/")["proceed"]
        assert "ledger" in running.client.get("/health/ready").json()
        assert TOKEN not in running.client.get("/metrics").text


def test_the_token_is_compared_in_constant_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("crawlgate.serve.guard.hmac.compare_digest", compare)
    with service(tmp_path, app={"token": TOKEN}) as running:
        answer = running.client.get("/metrics", headers={"Authorization": "Bearer 0"})
    assert answer.status_code == 401
    digests = [hashlib.sha256(word.encode()).digest() for word in ("0", TOKEN)]
    assert [pair for pair in compared if digests[1] in pair] == [tuple(digests)]  # of one length, whatever came


def test_a_name_that_was_pointed_here_is_not_ours(tmp_path: Path) -> None:
    """A page at rebound.example whose name now leads to 127.0.0.1 sends its own name."""
    with service(tmp_path, app={"names": Place().names}) as running:
        for name in (
            "rebound.example",
            "rebound.example:8304",
            "localhost.rebound.example",
            "",
            "127.0.0.1.nip.example",
        ):
            for method, path in (("POST", "/v1/check"), ("GET", "/health/live")):
                answer = running.client.request(method, path, json=ASKED, headers={"Host": name})
                assert answer.status_code == 421 or (name == "" and answer.status_code == 400), name
        for name in ("localhost", "LOCALHOST:8304", "127.0.0.1:1", "127.0.0.1", "[::1]:8304", "[::1]"):
            assert running.client.get("/health/live", headers={"Host": name}).status_code == 200, name
        assert running.metric('crawlgate_errors_total{kind="misdirected"}') >= 8


def test_a_web_page_gets_no_question_in(tmp_path: Path) -> None:
    """What a browser sends to a stranger without asking first, and its asking, are refused."""
    with service(tmp_path, app={"names": Place().names}) as running:
        origin = {"Origin": "https://page.example"}
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            headers = {**origin, "Content-Type": kind}
            assert (
                running.client.post("/v1/check", content=b'{"url":"https://a.example/"}', headers=headers).status_code
                == 415
            )
        asked = running.client.options("/v1/check", headers={**origin, "Access-Control-Request-Method": "POST"})
        assert asked.status_code == 405
        assert not [name for name in asked.headers if name.startswith("access-control")]
        assert running.metric('crawlgate_decisions_total{stage="pre_fetch",verdict="allow"}') == 0


@pytest.mark.parametrize(
    ("place", "private", "names"),
    [
        (Place(), True, ("localhost", "127.0.0.1", "[::1]")),
        (Place(host="::1"), True, ("localhost", "127.0.0.1", "[::1]")),
        (Place(host="127.0.0.9"), True, ("localhost", "127.0.0.1", "[::1]", "127.0.0.9")),
        (Place(socket=Path("x")), True, None),
        (Place(host="0.0.0.0"), False, None),
        (Place(host="::"), False, None),
        (Place(host="192.0.2.1"), False, None),
        (Place(host="localhost.example"), False, None),
    ],
)
def test_what_counts_as_private(place: Place, private: bool, names: tuple[str, ...] | None) -> None:
    assert (place.private, place.names) == (private, names)


def test_a_public_address_needs_a_token() -> None:
    for host in ("0.0.0.0", "::", "gate.example"):
        with pytest.raises(ConfigError, match="--token-file"):
            listen(Place(host=host, port=0), token=False)
    with listen(Place(host="0.0.0.0", port=0), token=True) as made:
        assert shown(Place(host="0.0.0.0", port=0), made).startswith("http://0.0.0.0:")


def test_a_port_in_use_is_told() -> None:
    with listen(Place(port=0), token=False) as made:
        port = made.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*--port"):
            listen(Place(port=port), token=False)


def test_a_unix_socket_is_for_its_owner_and_replaces_a_dead_one(tmp_path: Path) -> None:
    path = tmp_path / "gate.sock"
    with listen(Place(socket=path), token=False):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(ConfigError, match="another service is there"):
            listen(Place(socket=path), token=False)
    with listen(Place(socket=path), token=False) as again:
        assert again.family == socket.AF_UNIX
    file = tmp_path / "precious"
    file.write_text("kept")
    with pytest.raises(ConfigError, match="precious"):
        listen(Place(socket=file), token=False)
    assert file.read_text() == "kept"
    with pytest.raises(ConfigError, match="choose another path"):
        listen(Place(socket=tmp_path / ("x" * 200)), token=False)


def test_where_the_token_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRAWLGATE_TOKEN", raising=False)
    assert read_token(None) is None
    monkeypatch.setenv("CRAWLGATE_TOKEN", TOKEN)
    assert read_token(None) == TOKEN
    file = tmp_path / "token"
    file.write_text("f" * 20 + "\n")
    assert read_token(str(file)) == "f" * 20
    for bad in ("short", "", "x" * 15, "with a blank in it, long", "t\u00e9" * 20):
        file.write_text(bad)
        with pytest.raises(ConfigError, match="openssl rand") as error:
            read_token(str(file))
        assert not bad or bad not in str(error.value)
    monkeypatch.setenv("CRAWLGATE_TOKEN", "")
    with pytest.raises(ConfigError, match="CRAWLGATE_TOKEN"):
        read_token(None)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_token(str(tmp_path / "none"))


def test_the_guard_keeps_no_token() -> None:
    guard = Guard(None, metrics=None, bounds=None, endpoints=frozenset(), token=TOKEN)  # type: ignore[arg-type]
    assert TOKEN not in str(vars(guard))
