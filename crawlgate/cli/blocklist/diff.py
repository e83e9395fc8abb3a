"""`crawlgate blocklist diff NAME`: what a version changed."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from .collecting import open_lists
from .common import change_line, format_option, home_option, many


@click.command()
@click.argument("name")
@click.argument("old", required=False, type=int)
@click.argument("new", required=False, type=int)
@home_option
@format_option
def diff(name: str, old: int | None, new: int | None, home: Path, form: str) -> None:
    """Show what differs between two versions received: OLD and NEW, or the newest and the one before it."""
    with open_lists(home) as lists:
        found = lists.diff(name, old, new)
    for change in found:
        if form == "json":
            table = {
                "schema": "crawlgate.blocklist-diff/1",
                "what": change.what,
                "id": change.id,
                "fields": change.fields,
                "moved": change.moved,
            }
            click.echo(orjson.dumps({**table, "before": change.before, "after": change.after}))
        else:
            click.echo(change_line(change))
    click.echo(many(len(found), "change"), err=True)
