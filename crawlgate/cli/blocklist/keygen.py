"""`crawlgate blocklist keygen NAME`: a key to sign a feed with."""

from __future__ import annotations

from pathlib import Path

import click

from ...blocklist.keys import make_key


@click.command()
@click.argument("name")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default="this folder",
    help="Where the two files go.",
)
def keygen(name: str, folder: Path) -> None:
    """Make a key pair (Ed25519). NAME says whose key it is: a host and a path, like rights.example/feed-2026.

    The file that ends in .key is secret: keep it off the web server. The line on stdout, which the file that ends
    in .pub holds too, is for collectors, who pass it to `blocklist add --key`.
    """
    key, secret, public = make_key(name, folder)
    click.echo(str(key.verifier))
    click.echo(f"secret half: {secret} (keep it off the web server, with a copy in a safe place)", err=True)
    click.echo(f"public half: {public} (give it to collectors by a way they trust)", err=True)
