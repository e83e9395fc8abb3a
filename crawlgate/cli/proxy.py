"""`crawlgate proxy`: mitmproxy with the gate in it, for clients that take a proxy and nothing else."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import click

from ..integrations.hop import missing
from .asking import gate_options, mode_option

_RUN = "import sys; from mitmproxy.tools.main import mitmdump; sys.argv[0] = 'mitmdump'; sys.exit(mitmdump())"


@click.command(context_settings={"ignore_unknown_options": True})
@gate_options
@mode_option
@click.option(
    "--user-agent",
    type=click.Choice(["libraries", "declared", "as_sent"]),
    default="libraries",
    show_default=True,
    help="Put the declared name in place of those that libraries give themselves, of any, or of none.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--print-script", is_flag=True, help="Print the path of the add-on, for `mitmdump -s`, and do nothing else."
)
@click.argument("more", nargs=-1, type=click.UNPROCESSED)
def proxy(
    declaration_file: str | None,
    profile: str,
    home: str,
    blocklists: tuple[str, ...],
    vouched_by: str | None,
    addresses: tuple[str, ...],
    mode: str,
    user_agent: str,
    host: str,
    port: int,
    print_script: bool,
    more: tuple[str, ...],
) -> None:
    """Run mitmdump with the gate in it. What follows `--` goes to mitmdump as it stands.

    A client that goes through the proxy is asked for by the gate: curl -x http://127.0.0.1:8080 ... For HTTPS the
    client has to trust mitmproxy's authority, ~/.mitmproxy/mitmproxy-ca-cert.pem.
    """
    script = Path(__file__).parents[1] / "integrations" / "mitmdump" / "addon.py"
    if print_script:
        click.echo(script)
        return
    if importlib.util.find_spec("mitmproxy") is None:
        raise missing("mitmproxy", ModuleNotFoundError("No module named 'mitmproxy'", name="mitmproxy"))
    told: list[tuple[str, Any]] = [
        ("declaration", declaration_file),
        ("home", home),
        ("profile", profile),
        ("mode", mode),
        ("user_agent", user_agent),
        ("vouched_by", vouched_by),
        *(("blocklists", path) for path in blocklists),
        *(("allow_addresses", address) for address in addresses),
    ]
    settings = [word for name, value in told if value is not None for word in ("--set", f"crawlgate_{name}={value}")]
    listen = ["--listen-host", host, "--listen-port", str(port)]
    sys.stdout.flush()
    os.execv(  # noqa: S606 - our own interpreter
        sys.executable, [sys.executable, "-c", _RUN, "-s", str(script), *listen, *settings, *more]
    )
