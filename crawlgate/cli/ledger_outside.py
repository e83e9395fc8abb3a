"""`crawlgate ledger outside`: put on record that a collection did not pass the gate."""

from __future__ import annotations

from pathlib import Path

import click

from .. import __version__
from ..audit.stated import OUTSIDE, outside_table
from ..clock import SystemClock
from ..declaration import instant
from ..errors import ConfigError
from ..home import Home


@click.command()
@click.argument("name")
@click.option("--by", required=True, help="The person who says so.")
@click.option("--reason", required=True, help="Why it did not pass the gate, or how it is known.")
@click.option("--from", "since", metavar="TIME", help="When it began, if known.")
@click.option("--to", "until", metavar="TIME", help="When it ended, if known.")
@click.option("--dataset", help="The dataset it fed.")
@click.option("--home", type=click.Path(path_type=Path), default=Path(".crawlgate"), show_default=True,
              help="Directory of ledger and evidence.")  # fmt: skip
def outside(
    name: str, by: str, reason: str, since: str | None, until: str | None, dataset: str | None, home: Path
) -> None:
    """Record a collection NAME that did not pass the gate, so that answers to inquiries name it.

    A ledger cannot know what never asked it; only a person can say. Prints the place of the record.
    """
    from ..ledger.open import open_ledger

    for option, value in (("NAME", name), ("--by", by), ("--reason", reason)):
        if not value.strip():
            raise ConfigError(f"{option} is empty; say it in words")
    begun, ended = instant(since, "--from"), instant(until, "--to", end_of_day=True)
    if begun is not None and ended is not None and ended < begun:
        raise ConfigError(f"--to {until} is before --from {since}")
    folders, clock = Home(home), SystemClock()
    folders.create()
    head = {"program": f"crawlgate {__version__}", "written_by": OUTSIDE}
    table = outside_table(clock.now(), name, by=by, reason=reason, since=begun, until=ended, dataset=dataset)
    with open_ledger(folders.ledger, folders.keys, head, now=clock.now) as writer:
        segment, number = writer.append(OUTSIDE, table)
    click.echo(f"{segment}:{number}")
