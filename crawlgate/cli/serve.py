"""`crawlgate serve`: the gate as a small HTTP service, for programs in any language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .asking import gate_arguments, gate_options, mode_option, read_declaration

_MEBIBYTE = 1024 * 1024


@click.command()
@gate_options
@mode_option
@click.option(
    "--durability",
    type=click.Choice(["process", "disk"]),
    default="process",
    show_default=True,
    help="disk: answer once the record is on the disk.",
)
@click.option("--socket", "path", type=click.Path(path_type=Path), help="Listen on a unix socket, for this user alone.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Anything but loopback needs a token.")
@click.option("--port", default=8304, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option(
    "--token-file",
    type=click.Path(),
    help="File with the token that callers send; or CRAWLGATE_TOKEN in the environment.",
)
@click.option("--max-body", default=16, show_default=True, type=click.IntRange(1, 1024), help="MiB of a request.")
@click.option(
    "--timeout", default=120.0, show_default=True, type=click.FloatRange(1, 3600), help="Seconds for an answer."
)
def serve(
    declaration_file: str | None,
    mode: str,
    durability: str,
    path: Path | None,
    host: str,
    port: int,
    token_file: str | None,
    max_body: int,
    timeout: float,
    **options: Any,
) -> None:
    """Serve check, inspect and outcome over HTTP, for clients in any language.

    On 127.0.0.1 or a unix socket; a token is needed for anything else. GET /openapi.json describes it. Ends on SIGTERM
    with the ledger sealed.
    """
    from ..serve.guard import Bounds
    from ..serve.listening import Place, read_token
    from ..serve.running import run

    run(
        read_declaration(declaration_file),
        {**gate_arguments(**options), "mode": mode, "durability": durability},
        Place(socket=path, host=host, port=port),
        token=read_token(token_file),
        bounds=Bounds(body=max_body * _MEBIBYTE, answer=timeout),
        ready=lambda address: click.echo(f"crawlgate serves on {address}", err=True),
    )
