"""`crawlgate blocklist remove NAME`: end a subscription."""

from __future__ import annotations

from pathlib import Path

import click

from .collecting import open_lists
from .common import home_option


@click.command()
@click.argument("name")
@home_option
def remove(name: str, home: Path) -> None:
    """End a subscription: no gate loads it any more, and it is not updated.

    What was received stays known; it is kept, and audits go on counting it for their time.
    """
    with open_lists(home) as lists:
        lists.remove(name)
    click.echo(f"{name} ended; what was received stays known", err=True)
