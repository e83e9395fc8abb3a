"""`crawlgate blocklist`: lists of rights holders, at both ends of a feed. One file a command."""

from __future__ import annotations

import click

from .add import add
from .cosign import cosign
from .diff import diff
from .import_ import import_
from .keygen import keygen
from .lint import lint
from .list import list_feeds
from .publish import publish
from .rebuild import rebuild
from .receipt import receipt
from .remove import remove
from .repair import repair
from .rotate import rotate
from .sign import sign
from .sweep import sweep
from .update import update
from .verify import verify


@click.group()
def blocklist() -> None:
    """Lists of rights holders: publish a signed feed, or subscribe to one.

    \b
    Publish:    keygen, lint, sign, cosign, rotate, publish
    Subscribe:  add, update, list, verify, diff, receipt, remove, repair
    Bring in:   import, for lists of other formats
    Look back:  sweep, rebuild
    """


# One a line, so that two branches may add one each.
_COMMANDS = (
    add,
    cosign,
    diff,
    import_,
    keygen,
    lint,
    list_feeds,
    publish,
    rebuild,
    receipt,
    remove,
    repair,
    rotate,
    sign,
    sweep,
    update,
    verify,
)
for command in _COMMANDS:
    blocklist.add_command(command)
