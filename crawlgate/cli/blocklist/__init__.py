"""`crawlgate blocklist`: lists of rights holders, at both ends of a feed. One file a command."""

from __future__ import annotations

import click

from .cosign import cosign
from .keygen import keygen
from .lint import lint
from .publish import publish
from .rotate import rotate
from .sign import sign


@click.group()
def blocklist() -> None:
    """Lists of rights holders: publish a signed feed, or subscribe to one.

    \b
    Publish:    keygen, lint, sign, cosign, rotate, publish
    """


# One a line, so that two branches may add one each.
_COMMANDS = (
    cosign,
    keygen,
    lint,
    publish,
    rotate,
    sign,
)
for command in _COMMANDS:
    blocklist.add_command(command)
