"""`crawlgate blocklist add URL|DIR`: subscribe to a signed feed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..progress import reading
from .collecting import exit_code, lists_options, open_lists, tell_update, update_object, who, who_options
from .common import format_option


@click.command()
@click.argument("source", metavar="URL|DIR")
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="KEY",
    help="Public half of a key of the issuer, or its file; from the issuer, not from the feed. Repeatable.",
)
@click.option(
    "--threshold", type=click.IntRange(min=1), default=1, show_default=True, help="How many of them must sign."
)
@click.option("--name", help="Name of the subscription.  [default: from the feed's origin]")
@who_options
@click.option("--force", default="", metavar="REASON", help="Take entries that cover the world's most used sites.")
@click.option("--stale", "allow_stale", is_flag=True, help="Take a version that has expired.")
@lists_options
@format_option
@click.pass_context
def add(
    context: click.Context,
    /,
    source: str,
    home: Path,
    user_agent: str,
    addresses: tuple[str, ...],
    form: str,
    **options: Any,
) -> None:
    """Subscribe to the signed feed at a web address or in a folder, and receive its newest version.

    The keys decide whom you hear: get them from the issuer by a way you trust. Every gate on this home uses the feed
    from then on. Adding it again with other words about the issuer replaces those and keeps what was received.
    """
    with open_lists(home, addresses, user_agent) as lists:
        with reading("receiving") as progress:
            done = lists.add(source, progress=progress, **options)
        sub = lists.subscription(done.name)
        if form == "json":
            click.echo(update_object(done, sub))
        else:
            click.echo(done.name)
        tell_update(done, sub, quiet=True)
        click.echo(f"{done.name}: by the word of {who(sub)}", err=True)
        if not sub.terms.verified:
            click.echo(f"{done.name}: it holds and never denies until somebody vouches for it (--vouched-by)", err=True)
    context.exit(exit_code([done]))
