"""`crawlgate notice`: single notices that came by letter or e-mail, or that an own reviewer wrote."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson

from ..blocklist.letters import WORK
from ..blocklist.target import SCOPES
from ..declaration import instant
from ..errors import ConfigError
from ..explain import printable
from ..report.speaker import speaker
from ..report.words import Words
from .blocklist.collecting import open_lists, who_options
from .blocklist.common import format_option, home_option


def _time(_context: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    try:
        name = f"--{param.name}".replace("_", "-").removesuffix("-at")
        return instant(value, name, end_of_day=param.name == "expires_at")
    except ConfigError as error:
        raise click.BadParameter(f"{error}; write 2026-07-01, or 2026-07-01T09:00:00+09:00") from None


@click.group()
def notice() -> None:
    """Single notices: what reached you by letter or e-mail, or from your own reviewers."""


@notice.command()
@click.argument("value")
@click.option(
    "--scope",
    type=click.Choice([*SCOPES, WORK]),
    required=True,
    help="What VALUE is; work: works or their owner, no site.",
)
@click.option("--path-prefix", default="", help="For scope path_prefix: the path, from its first slash.")
@who_options
@click.option("--received", "received_at", callback=_time, metavar="WHEN", help="When it arrived.  [default: now]")
@click.option("--reference", default="", help="Where it is kept, or its number: a file mark, a message id.")
@click.option("--document", type=click.Path(path_type=Path), help="The letter itself; it is kept byte for byte.")
@click.option("--reason", default="", help="What it claims, in a few words.")
@click.option("--contact", default="", help="Whom to answer.")
@click.option("--listed", "listed_at", callback=_time, metavar="WHEN", help="Since when the issuer says so.")
@click.option(
    "--expires", "expires_at", callback=_time, metavar="WHEN", help="Until when it stands; a date includes that day."
)
@click.option(
    "--force", default="", metavar="REASON", help="Take it though it covers one of the world's most used sites."
)
@home_option
@format_option
def add(value: str, home: Path, form: str, **options: Any) -> None:
    """Enter a notice about VALUE. Every gate on this home uses it, from within a minute on.

    It counts from when it arrived, not from when it is entered: fetches in between were made with a notice in the
    house that nobody had loaded. Without --vouched-by it holds and never denies.
    """
    with open_lists(home) as lists:
        line = lists.add_notice(value=value, **options)
    if form == "json":
        click.echo(orjson.dumps(_object(line)))
    else:
        click.echo(line["id"])
    said = {name: line[name] for name in ("issuer_kind", "verified", "vouched_by")}
    click.echo(f"{line['issuer']} ({speaker(said, Words('en'))}); record {line['record']}", err=True)
    if line["scope"] == WORK:
        click.echo("it names no site, so it covers no URL; a person decides what follows from it", err=True)
    elif not line["verified"]:
        click.echo("it holds and never denies until somebody vouches for it (--vouched-by)", err=True)


@notice.command("list")
@home_option
@format_option
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
def list_notices(home: Path, form: str, lang: str) -> None:
    """List the notices entered, oldest first."""
    with open_lists(home) as lists:
        found = lists.notices()
    for line in found:
        click.echo(orjson.dumps(_object(line)) if form == "json" else _text(line, lang))
    if not found:
        click.echo("no notice was entered; `crawlgate notice add` does that", err=True)


@notice.command()
@click.argument("notice_id", metavar="ID")
@click.option("--reason", required=True, help="Why, and who said so.")
@click.option(
    "--received", "received_at", callback=_time, metavar="WHEN", help="When the withdrawal arrived.  [default: now]"
)
@home_option
def withdraw(notice_id: str, reason: str, received_at: datetime | None, home: Path) -> None:
    """A notice was taken back by its sender: it counts no more from then on, and before it counts as it did."""
    with open_lists(home) as lists:
        lists.withdraw_notice(notice_id, reason=reason, received_at=received_at)
    click.echo(f"{notice_id} withdrawn", err=True)


def _text(line: Any, lang: str) -> str:
    parts = [
        line["id"],
        f"{line['scope']} {line['value']}{line['path_prefix']}",
        f"{line['issuer']} ({speaker(line, Words(lang))})",
        f"received {line['received_at'][:16].replace('T', ' ')} UTC",
    ]
    parts += [
        f"{name.removesuffix('_at')} {line[name][:16].replace('T', ' ')} UTC"
        for name in ("expires_at", "withdrawn_at")
        if line[name]
    ]
    parts += [part for part in (line["reference"], line["reason"]) if part]
    return printable("  ".join(parts))


def _object(line: Any) -> dict[str, Any]:
    table = {name: value for name, value in line.items() if name != "event"}
    return {"schema": "crawlgate.notice/1", **table}
