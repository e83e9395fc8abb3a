"""`crawlgate blocklist verify`: what was received is there, as it was signed; or what a feed offers would be taken."""

from __future__ import annotations

from pathlib import Path

import click

from ...blocklist.source import is_address
from ...errors import ConfigError
from ...explain import printable
from .. import exits
from ..progress import reading
from .collecting import lists_options, open_lists
from .common import manifest_line, many


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME|URL|DIR]...")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="For a URL or DIR: public half of a key; repeatable.")
@click.option(
    "--threshold", type=click.IntRange(min=1), default=1, show_default=True, help="How many of them must sign."
)
@lists_options
@click.pass_context
def verify(
    context: click.Context,
    /,
    names: tuple[str, ...],
    keys: tuple[str, ...],
    threshold: int,
    home: Path,
    user_agent: str,
    addresses: tuple[str, ...],
) -> None:
    """Check every version received of the feeds NAME, or of all: keys, signatures, entries, and the ledger's word for
    when they came. Or check what the feed at URL or in DIR offers, with --key, and keep nothing.

    Exit code 3 if something is not as it was signed or recorded.
    """
    bad = 0
    with open_lists(home, addresses, user_agent) as lists:
        for name in names or tuple(sub.name for sub in lists.subscriptions()):
            if keys or is_address(name) or "/" in name or Path(name).is_dir():
                if not keys:
                    raise ConfigError(f"{name} is a feed, no subscription; name the keys of its issuer with --key")
                with reading("receiving") as progress:
                    manifest, key_set, entries = lists.inspect(name, keys=keys, threshold=threshold, progress=progress)
                click.echo(f"verified: {manifest_line(manifest)}")
                needed = max(threshold, key_set.threshold)
                click.echo(f"  signed by {needed} of {printable(', '.join(key.name for key in key_set.keys))}")
                for reject in entries.rejected:
                    click.echo(f"  would not be taken: line {reject.line}: {printable(reject.reason)}")
                continue
            report = lists.verify(name)
            bad += len(report.problems)
            for problem in report.problems:
                click.echo(f"{printable(name)}: {printable(problem)}")
            if not report.problems:
                versions, sets = many(report.versions, "version"), many(report.keys, "key set")
                click.echo(f"{printable(name)}: {versions} verified, {sets}")
    context.exit(exits.NOT_VERIFIED if bad else exits.OK)
