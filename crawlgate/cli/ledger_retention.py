"""`crawlgate ledger hold` and `delete`: how long records are kept, and what stops their deletion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
import orjson

from ..clock import SystemClock
from ..declaration import instant
from ..errors import ConfigError
from ..explain import printable
from ..home import Home
from ..ledger.canonical import timestamp
from ..ledger.writer import LedgerWriter
from .ledger_options import head_of, home_option, said


@click.group()
def hold() -> None:
    """Legal holds: what they cover is not deleted, whatever its age."""


@hold.command("add")
@click.argument("name")
@click.option("--by", required=True, help="The person who orders it.")
@click.option("--reason", required=True, help="Why: the claim, the order of a court.")
@click.option("--from", "since", metavar="TIME", help="Only what was recorded from then on.")
@click.option("--to", "until", metavar="TIME", help="Only what was recorded until then.")
@home_option
def add(name: str, by: str, reason: str, since: str | None, until: str | None, home: Path) -> None:
    """Put a hold NAME on record. It stands until `hold release` takes it back. Prints the record."""
    from ..ledger.retention import add_hold

    said(by=by, reason=reason, name=name)
    first, last = instant(since, "--from"), instant(until, "--to", end_of_day=True)
    if first is not None and last is not None and last < first:
        raise ConfigError(f"--to {until} is before --from {since}")
    folders, now = Home(home), SystemClock().now
    opening = _opening(folders, "hold")
    click.echo(add_hold(opening, folders.ledger, name, at=now(), by=by, reason=reason, since=first, until=last))


@hold.command("release")
@click.argument("name")
@click.option("--by", required=True, help="The person who releases it.")
@click.option("--reason", required=True, help="Why it is not needed any more.")
@home_option
def release(name: str, by: str, reason: str, home: Path) -> None:
    """Put the release of the hold NAME on record. Prints the record.

    Where merged ledgers each have a hold of that name, NAME is the record of the one that ends (`hold list`).
    """
    from ..ledger.retention import release_hold

    said(by=by, reason=reason)
    folders, now = Home(home), SystemClock().now
    click.echo(release_hold(_opening(folders, "hold"), folders.ledger, name, at=now(), by=by, reason=reason))


@hold.command("list")
@home_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(home: Path, form: str) -> None:
    """List the holds in force."""
    from ..ledger.retention import holds

    in_force = holds(Home(home).ledger)
    for one in in_force:
        if form == "json":
            click.echo(orjson.dumps(one, option=orjson.OPT_UTC_Z))
        else:
            span = f"{_day(one.since, 'the beginning')} to {_day(one.until, 'any time')}"
            line = f"{one.name}  records of {span}  since {timestamp(one.at)}  {one.by}  {one.reason}  [{one.record}]"
            click.echo(printable(line))
    if not in_force:
        click.echo("no hold is in force", err=True)


@click.command()
@click.option("--before", required=True, metavar="TIME", help="Segments whose last record is older than this.")
@click.option("--by", required=True, help="The person who orders it.")
@click.option("--reason", required=True, help="Why: the retention rule.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go and what would stay.")
@home_option
def delete(before: str, by: str, reason: str, dry_run: bool, home: Path) -> None:
    """Delete old segments, and put that on record first.

    Never deletes what a hold covers, a segment that is written, the newest one, or one in which people decided or
    rights holders were heard. `ledger verify` knows the gap. Evidence files are not touched.
    """
    from ..ledger.retention import delete as delete_segments
    from ..ledger.retention import plan

    said(by=by, reason=reason)
    limit = instant(before, "--before")
    assert limit is not None  # noqa: S101 (the option is required)
    folders, now = Home(home), SystemClock().now
    decided = plan(folders.ledger, limit)
    for name, why in decided.staying:
        click.echo(f"stays: {name}: {printable(why)}", err=True)
    for one in decided.going:
        click.echo(f"{'would go' if dry_run else 'goes'}: {one.segment}  records {one.records:,}  "
                   f"{timestamp(one.first)} to {timestamp(one.last)}")  # fmt: skip
    if not (decided.going or decided.leftover):
        click.echo(f"nothing to delete before {before}", err=True)
    elif not dry_run:
        opening = _opening(folders, "delete")
        record = delete_segments(opening, folders.ledger, decided, at=now(), by=by, reason=reason)
        click.echo(f"on record as {record}" if record else "removed what an earlier deletion had left", err=True)


def _opening(folders: Home, command: str) -> Callable[[], LedgerWriter]:
    from ..ledger.open import open_ledger

    folders.create()
    return lambda: open_ledger(folders.ledger, folders.keys, head_of(command), now=SystemClock().now)


def _day(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else at.date().isoformat()
