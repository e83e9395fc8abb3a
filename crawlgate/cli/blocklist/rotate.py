"""`crawlgate blocklist rotate DIR`: other keys for a feed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ...blocklist.folder import FeedFolder
from ...blocklist.keys import read_verifier_keys
from ...blocklist.publish import rotate as rotate_keys
from .common import key_option
from .sign import signing_keys


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@key_option
@click.option("--add", multiple=True, metavar="KEY", help="Public half of a key that comes in; repeatable.")
@click.option("--drop", multiple=True, metavar="NAME", help="Name of a key that goes out; repeatable.")
@click.option("--threshold", type=click.IntRange(min=1), help="How many keys must sign from now on.")
@click.option(
    "--recovery",
    multiple=True,
    metavar="KEY",
    help="Public half of a key in a safe, that alone may name the next keys; replaces those so far.",
)
@click.option(
    "--resume",
    type=click.IntRange(min=0),
    metavar="VERSION",
    help="After misuse of a key: the last version you stand by. Later ones are void.",
)
def rotate(
    folder: Path,
    key_files: tuple[str, ...],
    add: tuple[str, ...],
    drop: tuple[str, ...],
    threshold: int | None,
    recovery: tuple[str, ...],
    resume: int | None,
) -> None:
    """Name the next key set of the feed in DIR. Readers follow by themselves, since the keys they know vouch for it.

    It is signed by the keys so far (or the recovery keys, where there are some) and by the new ones: pass what is
    at hand with --key, and have the rest added with `cosign`. Sign a version afterwards.
    """
    keys, wanting = rotate_keys(
        FeedFolder(folder),
        signing_keys(key_files, folder),
        now=datetime.now(UTC),
        add=read_verifier_keys(add),
        drop=drop,
        threshold=threshold,
        recovery=read_verifier_keys(recovery) if recovery else None,
        resume=resume,
    )
    click.echo(f"key set {keys.serial}: {keys.threshold} of {', '.join(key.name for key in keys.keys)}", err=True)
    for line in wanting:
        click.echo(f"not complete: {line}", err=True)
    click.echo(f"next: crawlgate blocklist sign {folder} --key ...", err=True)
