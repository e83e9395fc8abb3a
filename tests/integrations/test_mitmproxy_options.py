"""What mitmproxy's options and the environment say, and what is not taken; mitmproxy itself is not needed for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crawlgate import ConfigError
from crawlgate.integrations.mitmproxy_options import OPTIONS, default, evasive, named_as, read_options, unfit, way


def options(**given: Any) -> SimpleNamespace:
    usual = {f"crawlgate_{name}": value for name, _, value, _ in OPTIONS}
    own = {"mode": ["regular"], "allow_hosts": [], "ignore_hosts": [], "tcp_hosts": [], "udp_hosts": []}
    return SimpleNamespace(**{**usual, **own, "modify_headers": [], **given})


@pytest.mark.parametrize(
    "given",
    [
        {"allow_hosts": ["a"]},
        {"ignore_hosts": ["a"]},
        {"tcp_hosts": ["a"]},
        {"udp_hosts": ["a"]},
        *(
            {"mode": [mode]}
            for mode in ("transparent", "wireguard", "local:curl", "reverse:tcp://a:1", "dns", "regular@1,dns")
        ),
        {"mode": ["regular", "transparent@9"]},
        {"crawlgate_user_agent": "mine"},
    ],
    ids=str,
)
def test_ways_around_are_not_taken(given: dict[str, Any]) -> None:
    (name, value) = next(iter(given.items()))
    problem = unfit(options(**given))
    if name == "mode" and value == ["regular@1,dns"]:
        assert problem is None
    else:
        assert name.split(" ")[0] in str(problem)


@pytest.mark.parametrize("mode", ["regular", "regular@8081", "upstream:http://a:1", "reverse:https://a", "socks5"])
def test_modes_that_tell_the_name_are_taken(mode: str) -> None:
    assert unfit(options(mode=[mode])) is None


def test_the_environment_stands_in_for_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAWLGATE_PROFILE", "strict")
    monkeypatch.setenv("CRAWLGATE_BLOCKLISTS", "a.txt, b.txt,")
    assert default("profile", str, "standard") == "strict"
    assert default("blocklists", Sequence[str], []) == ["a.txt", "b.txt"]
    assert default("home", str, ".crawlgate") == ".crawlgate"


def test_a_declaration_and_lists(tmp_path: Path) -> None:
    file = tmp_path / "me.toml"
    file.write_text('operator = "Example Lab"\ntoken = "ExampleBot"\nuser_agent = "ExampleBot/1.0"\n')
    told = options(
        crawlgate_declaration=str(file),
        crawlgate_blocklists=["a.txt"],
        crawlgate_vouched_by="R. Mori",
        crawlgate_mode="observe",
    )
    declaration, given = read_options(told)
    assert declaration.token == "ExampleBot"
    assert (given["mode"], given["profile"]) == ("observe", "standard")
    (item,) = given["blocklists"]
    assert (item.path, item.vouched_by, item.verified) == ("a.txt", "R. Mori", True)  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match="crawlgate_declaration=FILE"):
        read_options(options())


@pytest.mark.parametrize(
    "library",
    [
        "",
        "curl/8.5.0",
        "Wget/1.21.3",
        "Wget/1.21 (linux-gnu)",
        "node",
        "undici",
        "axios/1.7.9",
        "Java-http-client/17.0.15",
        "Java/17.0.15",
        "Go-http-client/1.1",
        "Go-http-client/2.0",
        "python-requests/2.34.2",
        "python-httpx/0.28.1",
        "okhttp/4.12.0",
        "got (https://github.com/sindresorhus/got)",
    ],
)
def test_names_that_nobody_chose_are_replaced(library: str) -> None:
    for agents, sent in (("libraries", "ExampleBot/1.0"), ("declared", "ExampleBot/1.0"), ("as_sent", library)):
        headers = {"User-Agent": library}
        named_as(headers, "ExampleBot/1.0", agents)
        assert headers["User-Agent"] == sent, agents


@pytest.mark.parametrize(
    "chosen", ["Mozilla/5.0 (X11; Linux x86_64)", "MyBot/1.0", "curl/8.5.0 MyBot", "Googlebot/2.1"]
)
def test_names_that_somebody_chose_are_judged_as_sent(chosen: str) -> None:
    headers = {"User-Agent": chosen}
    named_as(headers, "ExampleBot/1.0", "libraries")
    assert headers == {"User-Agent": chosen}
    named_as(headers, "ExampleBot/1.0", "declared")
    assert headers == {"User-Agent": "ExampleBot/1.0"}


def test_the_route() -> None:
    def flow(**mode: str) -> Any:
        return SimpleNamespace(client_conn=SimpleNamespace(proxy_mode=SimpleNamespace(**mode)))

    assert way(flow(type_name="regular", data="")) == "direct"
    assert way(flow(type_name="upstream", data="http://me:secret@next.example:3128")) == "next.example:3128"


def test_rules_that_change_the_name_are_told() -> None:
    told = evasive(options(modify_headers=["/~q/User-Agent/Mozilla", "/~s/Server/x"]))
    assert told == [
        {"setting": "modify_headers", "value": "/~q/User-Agent/Mozilla", "looks_like": "rotating_user_agent"}
    ]
