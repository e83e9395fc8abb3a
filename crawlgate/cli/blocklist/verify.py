"""`crawlgate blocklist verify`: what was received is there, as it was signed."""

from __future__ import annotations

from pathlib import Path

import click

from ...explain import printable
from .. import exits
from .collecting import open_lists
from .common import home_option, many


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@home_option
@click.pass_context
def verify(context: click.Context, /, names: tuple[str, ...], home: Path) -> None:
    """Check every version received of the feeds NAME, or of all: keys, signatures, entries, and the ledger's word for
    when they came. Exit code 3 if something is not as it was signed or recorded."""
    bad = 0
    with open_lists(home) as lists:
        for name in names or tuple(sub.name for sub in lists.subscriptions()):
            report = lists.verify(name)
            bad += len(report.problems)
            for problem in report.problems:
                click.echo(f"{printable(name)}: {printable(problem)}")
            if not report.problems:
                click.echo(
                    f"{printable(name)}: {many(report.versions, 'version')} verified, {many(report.keys, 'key set')}"
                )
    context.exit(exits.NOT_VERIFIED if bad else exits.OK)
