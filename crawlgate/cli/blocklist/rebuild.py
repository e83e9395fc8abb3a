"""`crawlgate blocklist rebuild`: the journals of the lists, from the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from .collecting import open_lists
from .common import home_option


@click.command()
@home_option
def rebuild(home: Path) -> None:
    """Make the journals of lists and notices again, from the ledger and the versions that were kept.

    For a home whose journals were lost or damaged: terms, receipts, first loads, notices.
    """
    with open_lists(home) as lists:
        done = lists.rebuild()
    click.echo(f"made again: {', '.join(done)}" if done else "the ledger knows of no list", err=True)
