"""`crawlgate blocklist remove NAME`: end a subscription."""

from __future__ import annotations

from pathlib import Path

import click

from .collecting import open_lists
from .common import home_option


@click.command()
@click.argument("name")
@click.option("--by", required=True, metavar="PERSON", help="Who decided that.")
@click.option("--reason", required=True, help="Why.")
@home_option
def remove(name: str, by: str, reason: str, home: Path) -> None:
    """End a subscription: it is updated and loaded no more.

    From now on it counts no more; for the time before it counts as it did, and what was received is kept.
    """
    with open_lists(home) as lists:
        lists.remove(name, by=by, reason=reason)
    click.echo(f"{name} ended; for the time before it counts as it did", err=True)
