"""`crawlgate blocklist cosign DIR`: one signature more on what is there."""

from __future__ import annotations

from pathlib import Path

import click

from ...blocklist.draft import read_draft
from ...blocklist.folder import FeedFolder
from ...blocklist.publish import cosign as add_signatures
from .common import key_option
from .sign import signing_keys


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@key_option
def cosign(folder: Path, key_files: tuple[str, ...]) -> None:
    """Add a signature to the newest version in DIR, and to a new key set that waits for some.

    For feeds that several people sign: each with a key of their own, on a machine of their own.
    """
    place = FeedFolder(folder)
    for signed in add_signatures(place, signing_keys(key_files, folder)):
        click.echo(f"signed: {signed}", err=True)
    for wanting in read_draft(place).wanting:
        click.echo(f"not complete: {wanting}", err=True)
