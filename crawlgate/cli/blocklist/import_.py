"""`crawlgate blocklist import FILE`: a list as people have it, into the form of a feed's entries."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from ...blocklist.formats import ENTRIES, Format
from ...blocklist.importing import REJECTED, Imported, import_list
from ...explain import printable
from ...model import IssuerKind
from ..progress import counting
from .common import many


@click.command(name="import")
@click.argument("file", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--vouched-by", required=True, metavar="NAME", help="Person who brings the list in and answers for it.")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="Folder for the result.")
@click.option(
    "--format", "form", type=click.Choice(list(Format)), help="How the file is written.  [default: found out]"
)
@click.option("--issuer", default="", metavar="NAME", help="Whose list it is.  [default: the file's name]")
@click.option(
    "--issuer-kind",
    type=click.Choice([kind for kind in IssuerKind if kind is not IssuerKind.UNSTATED]),
    default=IssuerKind.PUBLIC,
    show_default=True,
    help="Who that is, by the word of the person who vouches.",
)
@click.option("--force", default="", metavar="REASON", help="Take entries that cover the world's most used sites.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=NAME",
    help="csv: the column that holds a field, as value=Website; repeatable.",
)
@click.option("--encoding", help="csv: utf-8, utf-16 or cp932.  [default: found out]")
@click.option("--utc", is_flag=True, help="csv: times without a zone are in UTC.")
@click.option("--json", "as_json", is_flag=True, help="Say on stdout how it went, as JSON.")
def import_(
    file: Path,
    folder: Path,
    form: str | None,
    issuer_kind: str,
    columns: tuple[str, ...],
    encoding: str | None,
    utc: bool,
    as_json: bool,
    vouched_by: str,
    issuer: str,
    force: str,
) -> None:
    """Bring in a list of another format: plain names, hosts, AdGuard and Adblock rules, dnsmasq, RPZ, URL prefixes,
    IP addresses, a MISP warninglist, a CSV with named columns.

    \b
    DIR/entries.jsonl    the entries, in the form of a feed
    DIR/rejected.jsonl   each item that is no entry, with line and reason
    DIR/import.json      what was read, and who vouches for it

    Every item of the file is in one of the first two. Use the folder with --blocklist DIR: it holds what it covers
    for review, and never denies, until a person who checked it says so there.
    """
    options: dict[str, Any] = {"columns": _columns(columns)} if columns else {}
    options |= {"encoding": encoding} if encoding else {}
    options |= {"utc": True} if utc else {}
    with counting("reading") as progress:
        done = import_list(
            file,
            folder,
            at=datetime.now(UTC),
            form=None if form is None else Format(form),
            issuer_kind=IssuerKind(issuer_kind),
            options=options,
            progress=progress,
            vouched_by=vouched_by,
            issuer=issuer,
            force=force,
        )
    click.echo(orjson.dumps(done.table()) if as_json else str(folder / ENTRIES))
    _tell(done)


def _tell(done: Imported) -> None:
    name = printable(done.raw.name)
    click.echo(
        f"{name}, read as {done.raw.format}: {many(done.items, 'item')} in, "
        f"{many(done.entries, 'entry', 'entries')} and {many(done.rejected, 'reject')} out",
        err=True,
    )
    if done.exceptions:
        click.echo(f"{many(done.exceptions, 'entry', 'entries')} of these carve out of the others", err=True)
    for code, count in sorted(done.codes.items(), key=lambda pair: (-pair[1], pair[0])):
        click.echo(f"  {code}: {many(count, 'reject')}", err=True)
    if done.rejected:
        click.echo(f"each with its line and reason: {done.folder / REJECTED}", err=True)
    who = "a public list" if done.issuer_kind is IssuerKind.PUBLIC else f"a list of {printable(done.issuer)}"
    click.echo(
        f"{who}, brought in by {printable(done.vouched_by)}; it holds and never denies until somebody who checked it "
        "says so where it is used (--vouched-by)",
        err=True,
    )


def _columns(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or not column.strip():
            raise click.BadParameter(f"{pair!r} is not FIELD=NAME, as value=Website", param_hint="--column")
        found[field.strip()] = column
    return found
