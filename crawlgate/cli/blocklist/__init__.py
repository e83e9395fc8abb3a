"""`crawlgate blocklist`: lists of rights holders, at both ends of a feed. One file a command."""

from __future__ import annotations

import click

from .keygen import keygen


@click.group()
def blocklist() -> None:
    """Lists of rights holders: publish a signed feed, or subscribe to one."""


for command in (keygen,):
    blocklist.add_command(command)
