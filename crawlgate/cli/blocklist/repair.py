"""`crawlgate blocklist repair NAME`: damaged copies, from the feed's source."""

from __future__ import annotations

from pathlib import Path

import click

from .collecting import lists_options, open_lists
from .common import many


@click.command()
@click.argument("name")
@lists_options
def repair(name: str, home: Path, user_agent: str, addresses: tuple[str, ...]) -> None:
    """Put back versions that are missing or damaged in this home, from the feed's source: exactly what was received,
    or nothing. Exit code 3 if the source does not have them any more."""
    with open_lists(home, addresses, user_agent) as lists:
        done = lists.repair(name)
    click.echo(f"{many(len(done), 'version')} repaired" if done else "every version is as it was received", err=True)
