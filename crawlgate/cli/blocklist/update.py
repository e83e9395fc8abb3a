"""`crawlgate blocklist update`: newer versions of the feeds subscribed to."""

from __future__ import annotations

from pathlib import Path

import click

from ..progress import reading
from .collecting import exit_code, lists_options, open_lists, tell_update, update_object
from .common import format_option


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@lists_options
@format_option
@click.pass_context
def update(
    context: click.Context,
    /,
    names: tuple[str, ...],
    home: Path,
    user_agent: str,
    addresses: tuple[str, ...],
    form: str,
) -> None:
    """Ask for newer versions of the feeds NAME, or of all; run it every hour or so.

    Running gates take in what was received within a minute. A version that does not verify is refused, and the last
    good one stays in force. Exit code 3: something was refused; 4: something could not be had; 1: a feed is out of
    its term and was not renewed.
    """
    with open_lists(home, addresses, user_agent) as lists:
        wanted = names or tuple(sub.name for sub in lists.subscriptions() if sub.terms.removed_at is None)
        if not wanted:
            click.echo("no feed is subscribed to; `crawlgate blocklist add` does that", err=True)
        found = []
        for name in wanted:
            with reading(name) as progress:
                (done,) = lists.update([name], progress=progress)
            found.append(done)
            if form == "json":
                click.echo(update_object(done, lists.subscription(name)))
            tell_update(done, lists.subscription(name))
    context.exit(exit_code(found))
