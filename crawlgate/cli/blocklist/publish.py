"""`crawlgate blocklist publish DIR`: checked as readers will, and copied in the order that is safe for them."""

from __future__ import annotations

from pathlib import Path

import click

from ...blocklist.folder import FeedFolder
from ...blocklist.publish import check_folder
from ...blocklist.publish import publish as publish_folder
from .common import manifest_line, many


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that a web server serves. Without it, DIR is checked and served as it is.",
)
def publish(folder: Path, target: Path | None) -> None:
    """Check the feed in DIR as its readers will, and copy it to the folder that a web server serves.

    Static files only: any web server, bucket or shared folder will do. The newest manifest is written last.
    """
    place = FeedFolder(folder)
    if target is None:
        manifest, _ = check_folder(place)
        click.echo(f"{folder} can be served as it is; copy manifest.note last", err=True)
    else:
        manifest, written = publish_folder(place, FeedFolder(target))
        click.echo(f"{many(len(written), 'file')} written to {target}", err=True)
    click.echo(f"{manifest_line(manifest)}; sign again before then", err=True)
