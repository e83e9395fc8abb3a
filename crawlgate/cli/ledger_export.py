"""`crawlgate ledger export`: the ledger as tables, for datasette, duckdb and spreadsheets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from ..clock import SystemClock
from ..declaration import instant
from ..errors import ConfigError
from . import exits
from .ledger_options import home_option
from .progress import reading

_SUFFIXES = {".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite"}


@click.command()
@click.argument("out", metavar="DIR|FILE", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["sqlite", "parquet", "csv"]),
    help="sqlite writes a FILE (so does a name in .sqlite or .db); parquet and csv one file a table into a DIR.",
)
@click.option("--from", "since", metavar="TIME", help="Decisions, outcomes and attempts from then on.")
@click.option("--to", "until", metavar="TIME", help="And until then; a day counts to its end.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@home_option
@click.pass_context
def export(
    context: click.Context,
    /,
    out: Path,
    form: str | None,
    since: str | None,
    until: str | None,
    force: bool,
    home: Path,
) -> None:
    """Write the ledger as tables: decisions, findings, signals, evidence, outcomes, segments, what is missing ...

    Every table and column has its meaning in docs/ledger-export.md and in the table `columns`. Exit code 3 if some
    lines of the ledger cannot be read; the table `coverage` names them.
    """
    from ..audit.export import export as write

    form = form or _SUFFIXES.get(out.suffix.lower())
    if form is None:
        raise ConfigError(f"in which form is {out} to be? --format sqlite, parquet or csv says so")
    end = instant(until, "--to", end_of_day=True)
    with reading("reading the ledger") as report:
        done = write(
            home,
            out,
            form,
            now=SystemClock().now(),
            since=instant(since, "--from"),
            until=None if end is None else end.replace(microsecond=0) + timedelta(seconds=1),
            force=force,
            report=report,
        )
    for table, count in done.rows.items():
        click.echo(f"{table}\t{count}")
    if done.unreadable:
        click.echo(f"crawlgate: {done.unreadable} lines cannot be read; the table coverage names them", err=True)
    context.exit(exits.NOT_VERIFIED if done.unreadable else exits.OK)
