"""`crawlgate blocklist lint FILE`: what is wrong with rows before they are signed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from ...blocklist.folder import FeedFolder
from ...blocklist.lint import Problem, popular_site
from ...blocklist.lint import lint as lint_rows
from ...blocklist.publish import check_folder
from ...blocklist.sheet import Sheet, read_sheet
from ...explain import printable
from .. import exits
from .common import format_option, manifest_line, many


@click.command()
@click.argument("source", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--contact", default="", help="Where owners of sites appeal, for rows that do not say.")
@click.option("--force", default="", metavar="REASON", help="Take entries that cover the world's most used sites.")
@click.option("--encoding", help="How a CSV is written: utf-8, utf-16, cp932; found out where not given.")
@format_option
@click.pass_context
def lint(context: click.Context, /, source: Path, contact: str, force: str, encoding: str | None, form: str) -> None:
    """Look at the rows of a CSV (named columns) or JSONL file, or at the folder of a feed, before others do.

    Each message says line, field, reason and way out. Errors keep a file from being signed (exit code 1); warnings
    are what readers of the list will ask about. A folder is checked as its readers will check it (exit code 3).
    """
    if source.is_dir():
        manifest, keys = check_folder(FeedFolder(source))
        signers = many(keys.threshold, "signature")
        click.echo(f"{manifest_line(manifest)}; {signers} of {many(len(keys.keys), 'key')}", err=True)
        return
    sheet = read_sheet(source, encoding=encoding)
    found = lint_rows(sheet.rows, now=datetime.now(UTC), contact=contact, checks=() if force else (popular_site,))
    tell_sheet(sheet)
    for problem in found.problems:
        click.echo(
            orjson.dumps(_object(sheet.name, problem)) if form == "json" else f"{sheet.name}, {printable(str(problem))}"
        )
    warnings = len(found.problems) - len(found.errors)
    click.echo(
        f"{many(len(found.entries), 'entry', 'entries')} can be signed, {many(len(found.errors), 'error')}, "
        f"{many(warnings, 'warning')}",
        err=True,
    )
    context.exit(exits.FINDINGS if found.errors else exits.OK)


def tell_sheet(sheet: Sheet) -> None:
    """What of a file was not read, on stderr."""
    if sheet.encoding != "utf-8":
        click.echo(f"{sheet.name} was read as {sheet.encoding}; if names look wrong, save it as UTF-8", err=True)
    if sheet.unread:
        click.echo(f"{sheet.name}: columns not read: {printable(', '.join(sheet.unread))}", err=True)


def _object(name: str, problem: Problem) -> dict[str, object]:
    return {
        "schema": "crawlgate.blocklist-lint/1",
        "file": name,
        "line": problem.line,
        "field": problem.field,
        "level": problem.level,
        "reason": problem.reason,
        "way_out": problem.way_out,
    }
