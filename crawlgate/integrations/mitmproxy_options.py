"""What mitmproxy's options and the environment say to the gate, and the ways around it that are not taken."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..loaded import Blocklist
from ..model import DIRECT, Declaration
from ..options import GateOptions
from .declared import FILE, read_declaration
from .hop import route

OPTIONS: tuple[tuple[str, Any, Any, str], ...] = (
    ("declaration", str, FILE, "TOML file: who crawls, and for what."),
    ("home", str, ".crawlgate", "Directory of ledger, evidence and lists."),
    ("profile", str, "standard", "strict, standard, minimal, or a TOML file."),
    ("mode", str, "enforce", "observe: record and block nothing."),
    ("blocklists", Sequence[str], [], "Lists or feeds of rights holders."),
    ("vouched_by", str, "", "Person who checked the lists; without one they hold, but never deny."),
    ("allow_addresses", Sequence[str], [], "Address ranges (CIDR) that may be reached though they are not public."),
    (
        "user_agent",
        str,
        "libraries",
        "Whose name requests carry: the declared one in place of those that libraries give themselves (libraries), or "
        "of any (declared), or the one that the client sends (as_sent).",
    ),
)
"""Name, type, default and help of each; the option of mitmproxy is `crawlgate_` and the name, the variable of the
environment `CRAWLGATE_` and the name in capitals (several separated by commas)."""

AGENTS = ("libraries", "declared", "as_sent")
_AROUND = ("allow_hosts", "ignore_hosts", "tcp_hosts", "udp_hosts")
_MODES = ("regular", "upstream:", "reverse:http:", "reverse:https:", "socks5")

SAFE = {"connection_strategy": "lazy", "upstream_cert": False, "rawtcp": False}
"""Options of mitmproxy that the gate needs: no connection before the request that is asked about, and nothing but
HTTP."""


def default(name: str, kind: Any, usual: Any) -> Any:
    """The value of an option where the command line has none."""
    given = os.environ.get(f"CRAWLGATE_{name.upper()}")
    if given is None:
        return usual
    return given if kind is str else [item.strip() for item in given.split(",") if item.strip()]


def read_options(options: Any) -> tuple[Declaration, GateOptions]:
    """The declaration and the gate's options. Raises `ConfigError`."""
    told = {name: getattr(options, f"crawlgate_{name}") for name, *_ in OPTIONS}
    person = told["vouched_by"] or None
    file = Path(told["declaration"])
    declaration = read_declaration(file, file.parent, "name one with --set crawlgate_declaration=FILE")
    return declaration, {
        "home": told["home"],
        "profile": told["profile"],
        "mode": told["mode"],
        "blocklists": [Blocklist(path, vouched_by=person, verified=person is not None) for path in told["blocklists"]],
        "allow_addresses": list(told["allow_addresses"]),
    }


def unfit(options: Any) -> str | None:
    """A setting of mitmproxy that lets traffic pass unasked, or is unknown, in words; None where there is none."""
    if options.crawlgate_user_agent not in AGENTS:
        return f"crawlgate_user_agent {options.crawlgate_user_agent!r} is unknown; use one of {', '.join(AGENTS)}"
    for name in _AROUND:
        if getattr(options, name, None):
            return f"{name} lets connections pass the gate unasked; leave it out"
    for mode in options.mode:
        if not mode.partition("@")[0].startswith(_MODES):
            return (
                f"mode {mode} does not say the names that are asked for; use regular, upstream, socks5 or reverse:http"
            )
    return None


# Names that nobody chose.
_LIBRARIES = re.compile(
    r"(?i)(?:curl|wget|node|undici|axios|got|java|java-http-client|apache-httpclient|okhttp|go-http-client|python-\w+|"
    r"aiohttp|ruby|php|libwww-perl|lwp-request|reqwest|hyper|dart)(?:/[\w.+-]*)?(?: \([\w.:/ +-]*\))?"
)


def named_as(headers: Any, declared: str, agents: str) -> None:
    """Put the declared name into a request, as `agents` (the option `crawlgate_user_agent`) says."""
    sent = headers.get("User-Agent", "")
    library = not sent or _LIBRARIES.fullmatch(sent) is not None
    if agents == "declared" or (agents == "libraries" and library):
        headers["User-Agent"] = declared


def way(flow: Any) -> str:
    """The route of a request behind the proxy: `direct`, or host and port of the next proxy."""
    mode = flow.client_conn.proxy_mode
    return route(mode.data) if mode.type_name == "upstream" else DIRECT


def evasive(options: Any) -> list[dict[str, str]]:
    """Settings of mitmproxy that change under which name requests go out, as the ledger keeps them."""
    return [
        {"setting": "modify_headers", "value": value, "looks_like": "rotating_user_agent"}
        for value in options.modify_headers
        if "user-agent" in value.lower()
    ]
